"""Contact sheets: a look at what a network will be trained on."""

from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from model.training.batch import ClipSource, Sample
from model.types import CROP_SIDE, JOINT_NAMES, WINDOW, Array

_BONES = tuple(
    (JOINT_NAMES.index(a), JOINT_NAMES.index(b))
    for side in ("left", "right")
    for a, b in (
        (f"{side}_ankle", f"{side}_knee"),
        (f"{side}_knee", f"{side}_hip"),
        (f"{side}_hip", f"{side}_shoulder"),
        (f"{side}_shoulder", f"{side}_elbow"),
        (f"{side}_elbow", f"{side}_wrist"),
        (f"{side}_shoulder", "neck"),
        ("neck", "head"),
    )
)
_LEFT_RGB, _RIGHT_RGB = (255, 200, 0), (0, 220, 255)  # the person's left is yellow


def write_preview(source: ClipSource, path: Path, *, clips: int = 6, seed: int = 0) -> None:
    """Write a sheet, a clip a row: four frames with their labels drawn onto them, and four without.

    Args:
        source: Of the clips, spread over the whole of it.
        path: A picture, .png or .jpg.
        clips: Rows.
        seed: Of what is drawn by lot.

    Raises:
        OSError: It cannot be written.
    """
    indices = np.linspace(0, len(source) - 1, clips).round().astype(int)
    rows = [_row(source.sample(int(i), np.random.default_rng((seed, int(i))))) for i in indices]
    done, data = cv2.imencode(path.suffix, np.concatenate(rows)[..., ::-1])
    assert done
    path.write_bytes(data.tobytes())


def draw_labels(
    rgb: UInt8[Array, "224 224 3"], joints2d: Float32[Array, "14 3"]
) -> UInt8[Array, "224 224 3"]:
    """Return a crop with the skeleton of its label, the person's left side in yellow."""
    drawn = rgb.copy()
    pixels = np.rint((joints2d[:, :2] + 1) / 2 * CROP_SIDE - 0.5).astype(int)
    for a, b in _BONES:
        colour = _LEFT_RGB if "left" in JOINT_NAMES[a] else _RIGHT_RGB
        ends = [(int(x), int(y)) for x, y in (pixels[a], pixels[b])]
        cv2.line(drawn, ends[0], ends[1], colour, 1, cv2.LINE_AA)
    return drawn


def _row(sample: Sample) -> UInt8[Array, "224 width 3"]:
    assert sample.pixels is not None
    frames = [
        draw_labels(pixels, joints) if k < WINDOW // 2 else pixels
        for k, (pixels, joints) in enumerate(zip(sample.pixels, sample.joints2d, strict=True))
    ]
    return np.concatenate(frames, axis=1)
