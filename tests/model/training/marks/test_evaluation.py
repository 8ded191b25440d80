"""From a video and marks to scores, on the sample clip, whose joints are known."""

import hashlib
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from model.training.marks.evaluation import evaluate_marks
from model.training.marks.marks import MARKED_JOINTS
from model.training.marks.report import BLAZEPOSE, MarksReport

SAMPLE = Path(__file__).resolve().parents[4] / "docs" / "sample"
FRAMES = (60, 90)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> MarksReport:
    """Of the built-in model, and of untrained weights, on marks that are the clip's truth."""
    folder = tmp_path_factory.mktemp("marks")
    shutil.copy(SAMPLE / "walk.mp4", folder)
    sha256 = hashlib.sha256((folder / "walk.mp4").read_bytes()).hexdigest()
    video = {"file": "walk.mp4", "sha256": sha256, "marks": [true_mark(f) for f in FRAMES]}
    (folder / "marks.json").write_text(json.dumps({"version": 1, "videos": [video]}))
    return evaluate_marks("remocap-anny", folder / "marks.json", folder, untrained=True)


def true_mark(frame: int) -> dict[str, object]:
    with np.load(SAMPLE / "walk_truth.npz") as truth:
        joints_px = truth["joints2d_px"][frame]
    low, high = joints_px.min(axis=0).tolist(), joints_px.max(axis=0).tolist()
    joints = zip(MARKED_JOINTS, joints_px[:12].tolist(), strict=True)
    return {
        "frame": frame,
        "box_px": [*low, *high],
        "height_px": 1.1 * (high[1] - low[1]),
        "facing_deg": 0,
        "joints_px": {name: [*xy, "visible"] for name, xy in joints},
    }


@pytest.mark.slow
def test_marked_people_are_found_whoever_is_asked(report: MarksReport) -> None:
    assert list(report.scores) == ["remocap-anny", "remocap-anny, untrained", BLAZEPOSE]
    assert [report.total(name).found for name in report.scores] == [2, 2, 2]


@pytest.mark.slow
def test_blazepose_finds_the_joints_of_the_sample_clip(report: MarksReport) -> None:
    assert report.total(BLAZEPOSE).share_near > 0.8


@pytest.mark.slow
def test_the_tables_name_who_was_asked_about_what(report: MarksReport) -> None:
    console = Console(width=80, record=True, file=io.StringIO())

    report.print(console)

    text = console.export_text()
    for words in ("remocap-anny, untrained", "circular", "walk.mp4", "left wrist", "2 of 2"):
        assert words in text
