"""What goes in lasts as long when it comes out, at any rate, even or not."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pygltflib
import pytest

from model.export import write
from model.loading import Model
from model.pipeline import Options, reconstruct
from model.tracks_file import load_tracks
from tests.model.standing import standing_model, write_tracks
from tests.model.videos import write_video

FRAMES = 24
UNEVEN_MS = [0, 33, 66, 100, 200, 210, 220, 300, 333, 366, 400, 433]
KINDS: dict[str, tuple[dict[str, Any], list[float]]] = {
    "film": ({"rate": Fraction(24000, 1001)}, [i * 1001 / 24000 for i in range(FRAMES)]),
    "broadcast": ({"rate": Fraction(30000, 1001)}, [i * 1001 / 30000 for i in range(FRAMES)]),
    "fast": ({"rate": 60}, [i / 60 for i in range(FRAMES)]),
    "rotated": ({"rate": 30, "rotation": 90}, [i / 30 for i in range(FRAMES)]),
    "uneven": (
        {"pts": UNEVEN_MS, "time_base": Fraction(1, 1000)},
        [ms / 1000 for ms in UNEVEN_MS],
    ),
}


@pytest.fixture(scope="module")
def model() -> Model:
    return standing_model()


@pytest.mark.parametrize("kind", KINDS)
def test_results_last_as_long_as_their_video(model: Model, tmp_path: Path, kind: str) -> None:
    options, pts_s = KINDS[kind]
    video = write_video(tmp_path / "clip.mp4", frames=len(pts_s), **options)
    tracks = load_tracks(write_tracks(tmp_path, len(pts_s)))
    result = reconstruct(video, model, tmp_path, Options(tracks=tracks))
    for ending in (".npz", ".glb", ".mp4"):
        write(result, tmp_path / f"out{ending}", source=video)

    last_s = pts_s[-1] - pts_s[-2]
    with np.load(tmp_path / "out.npz") as arrays:
        np.testing.assert_allclose(arrays["pts_s"], pts_s, atol=1e-3)
    for duration_s in (glb_duration_s(tmp_path / "out.glb"), mp4_duration_s(tmp_path / "out.mp4")):
        assert duration_s == pytest.approx(pts_s[-1] + last_s, abs=last_s / 2)


def glb_duration_s(path: Path) -> float:
    """When the last key of the animation is."""
    scene = pygltflib.GLTF2.load(str(path))
    inputs = [sampler.input for sampler in scene.animations[0].samplers]
    return float(max(scene.accessors[key].max[0] for key in inputs))


def mp4_duration_s(path: Path) -> float:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return float(stream.duration * stream.time_base)
