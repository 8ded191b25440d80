"""Looks at marked people, kept on the disk: asking the next network takes seconds, not minutes.

A file belongs to one video, its marked frames and boxes, the kind of input, and the code that
finds, follows and cuts; where any of these is another, so is the name of the file.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from model.atomic import explained, replacing
from model.bodies.npz import read_npz
from model.errors import InputError
from model.stages import Watch, ignore
from model.training.marks.looks import Input, Look, look_at
from model.training.marks.marks import MarkedVideo
from model.types import Array, Evidence

_MODEL = Path(__file__).parents[2]
_CODE = (
    "clips.py crops.py detect.py evidence.py landmarks.py region.py track.py types.py "
    "tracking/*.py training/marks/looks.py assets/blazepose/*.tflite"
)
"""What decides what is seen of whom, in `model`."""

_ARRAYS = ("row", "crop_px", "seen", "landmarks", "mask", "pixels")


def cached_looks(
    path: Path, video: MarkedVideo, kind: Input, folder: Path | None, watch: Watch = ignore
) -> list[Look | None]:
    """Do as `look_at`, or return what it returned before.

    Args:
        path: Where the video lies.
        video: Its marks.
        kind: What the network wants to see.
        folder: Of the cache; it is made where there is none. Without one, look each time.
        watch: As in `look_at`.

    Raises:
        InputError: As `look_at`; `bad_cache` where a file in the folder is damaged.
        OutputError: The folder cannot be written.
    """
    if folder is None:
        return look_at(path, video, kind, watch)
    file = folder / f"{path.stem}-{_key(video, kind)}.npz"
    if not file.exists():
        with explained(folder, "choose another folder"):
            folder.mkdir(parents=True, exist_ok=True)
        looks = look_at(path, video, kind, watch)
        with replacing(file) as temporary, temporary.open("wb") as out:
            np.savez_compressed(out, allow_pickle=False, **_to_arrays(looks))
    return _load(file, len(video.marks))


def _key(video: MarkedVideo, kind: Input) -> str:
    digest = hashlib.sha256(f"{video.sha256} {kind}".encode())
    for mark in video.marks:
        digest.update(f" {mark.frame_index} {mark.box_px.tolist()}".encode())
    for pattern in _CODE.split():
        for source in sorted(_MODEL.glob(pattern)):
            digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _to_arrays(looks: list[Look | None]) -> dict[str, Array]:
    """Name every array by the number of its mark; nothing where nobody was seen."""
    arrays: dict[str, Array] = {}
    for i, look in enumerate(looks):
        if look is not None:
            arrays[f"row.{i}"] = np.array(look.row)
            arrays[f"crop_px.{i}"] = look.crop_px
            arrays[f"seen.{i}"] = look.landmarks
            if isinstance(look.inputs, Evidence):
                arrays[f"landmarks.{i}"] = look.inputs.landmarks
                arrays[f"mask.{i}"] = look.inputs.mask
            else:
                arrays[f"pixels.{i}"] = look.inputs
    return arrays


def _load(file: Path, marks: int) -> list[Look | None]:
    names = [f"{name}.{i}" for name in _ARRAYS for i in range(marks)]
    try:
        arrays = read_npz(file, names)
        return [_from_arrays(arrays, i) if f"row.{i}" in arrays else None for i in range(marks)]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            "bad_cache", f"{file} cannot be read ({error}); remove it, and it is made again"
        ) from error


def _from_arrays(arrays: Mapping[str, Array], i: int) -> Look:
    pixels, row = arrays.get(f"pixels.{i}"), int(arrays[f"row.{i}"])
    inputs = Evidence(arrays[f"landmarks.{i}"], arrays[f"mask.{i}"]) if pixels is None else pixels
    return Look(inputs, row, arrays[f"crop_px.{i}"], arrays[f"seen.{i}"])
