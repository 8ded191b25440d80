"""From a video and marks to scores, on the sample clip, whose joints are known."""

import hashlib
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from model.errors import InputError
from model.training.marks import cache as cache_module
from model.training.marks.evaluation import evaluate_marks
from model.training.marks.marks import MARKED_JOINTS
from model.training.marks.report import CIRCULAR

SAMPLE = Path(__file__).resolve().parents[4] / "docs" / "sample"
CLIP_FRAMES = (60, 90)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample clip, marks of it from its truth, and a cache of what is seen."""
    folder = tmp_path_factory.mktemp("marks")
    shutil.copy(SAMPLE / "walk.mp4", folder)
    write_marks(folder, CLIP_FRAMES)
    evaluate_marks("remocap-anny", folder / "marks.json", folder, cache=folder / "cache")
    return folder


def write_marks(folder: Path, frames: tuple[int, ...]) -> None:
    with np.load(SAMPLE / "walk_truth.npz") as truth:
        joints_px = truth["joints2d_px"]
    marks = []
    for frame in frames:
        low, high = joints_px[frame].min(axis=0), joints_px[frame].max(axis=0)
        joints = zip(MARKED_JOINTS, joints_px[frame, :12].tolist(), strict=True)
        marks.append(
            {
                "frame": frame,
                "box_px": [*low.tolist(), *high.tolist()],
                "height_px": 1.1 * float(high[1] - low[1]),
                "facing_deg": 0,
                "joints_px": {name: [*xy, "visible"] for name, xy in joints},
            }
        )
    sha256 = hashlib.sha256((folder / "walk.mp4").read_bytes()).hexdigest()
    video = {"file": "walk.mp4", "sha256": sha256, "marks": marks}
    (folder / "marks.json").write_text(json.dumps({"version": 1, "videos": [video]}))


def test_blazepose_finds_the_joints_of_the_sample_clip(folder: Path) -> None:
    report = evaluate_marks(
        "remocap-anny", folder / "marks.json", folder, cache=folder / "cache", untrained=True
    )

    total = report.total(CIRCULAR)
    assert total.found == len(CLIP_FRAMES)
    assert total.share_near > 0.8
    assert "remocap-anny, untrained" in report.scores


def test_the_second_time_nobody_looks_at_the_video(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "look_at", None)

    report = evaluate_marks("remocap-anny", folder / "marks.json", folder, cache=folder / "cache")

    assert report.total("remocap-anny").found == len(CLIP_FRAMES)


def test_a_damaged_cache_is_named(folder: Path, tmp_path: Path) -> None:
    kept = shutil.copytree(folder / "cache", tmp_path / "cache")
    (file,) = kept.iterdir()
    file.write_bytes(file.read_bytes()[:1000])

    with pytest.raises(InputError, match=file.name) as caught:
        evaluate_marks("remocap-anny", folder / "marks.json", folder, cache=kept)

    assert caught.value.code == "bad_cache"


def test_the_report_names_everybody_who_was_asked(folder: Path) -> None:
    report = evaluate_marks("remocap-anny", folder / "marks.json", folder, cache=folder / "cache")
    console = Console(width=160, record=True, file=io.StringIO())

    report.print(console)

    text = console.export_text()
    for words in ("remocap-anny", CIRCULAR, "walk.mp4", "left wrist", "2 of 2"):
        assert words in text


def test_a_marked_frame_beyond_the_end_of_the_video_is_an_error(
    folder: Path, tmp_path: Path
) -> None:
    shutil.copy(folder / "walk.mp4", tmp_path)
    write_marks(tmp_path, (60,))
    text = (tmp_path / "marks.json").read_text().replace('"frame": 60', '"frame": 6000')
    (tmp_path / "marks.json").write_text(text)

    with pytest.raises(InputError, match="no frame 6000"):
        evaluate_marks("remocap-anny", tmp_path / "marks.json", tmp_path)
