"""All steps in one process: a real video and the user's boxes in, with a network that knows it all.

Real weights in their place are tests/e2e's.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from model.detect import BlazePoseDetector
from model.errors import NobodyFoundError, UsageError
from model.loading import Model
from model.pipeline import Options, expected_frames, reconstruct
from model.stages import Stages
from model.tracks_file import TracksFile, load_tracks
from model.types import VideoInfo
from tests.model.standing import standing_model
from tests.model.videos import write_video


@pytest.fixture(scope="module")
def model() -> Model:
    return standing_model()


def boxes(folder: Path, *frames: int) -> TracksFile:
    rows = [{"frame": frame, "box": [10, 5, 40, 45]} for frame in frames]
    path = folder / "boxes.json"
    path.write_text(json.dumps({"version": 1, "tracks": [{"id": 1, "boxes": rows}]}))
    return load_tracks(path)


def test_each_frame_of_a_person_comes_out_once(model: Model, tmp_path: Path) -> None:
    video = write_video(tmp_path / "clip.mp4", frames=12)
    options = Options(tracks=boxes(tmp_path, *range(1, 12)))

    result = reconstruct(video, model, tmp_path, options)

    (person,) = result.sequences
    assert person.frame_index.tolist() == list(range(1, 12))
    assert (result.meta.frame_count, result.meta.coverage) == (12, 11 / 12)


def test_the_body_stands_where_the_box_is(model: Model, tmp_path: Path) -> None:
    video = write_video(tmp_path / "clip.mp4", frames=8)
    result = reconstruct(video, model, tmp_path, Options(tracks=boxes(tmp_path, *range(8))))

    mesh = result.mesh(result.sequences[0], slice(0, 8))

    pelvis_px = mesh.translation_m @ result.intrinsics.T
    np.testing.assert_allclose(pelvis_px[:, :2] / pelvis_px[:, 2:], [[25, 25]] * 8, atol=1e-3)


def test_a_focal_length_that_is_given_is_used(model: Model, tmp_path: Path) -> None:
    video = write_video(tmp_path / "clip.mp4", frames=8)
    options = Options(tracks=boxes(tmp_path, 0), focal_px=100.0)

    result = reconstruct(video, model, tmp_path, options)

    assert result.intrinsics[0, 0] == result.meta.focal_px == 100
    assert result.meta.focal_source == "given"


def test_times_of_the_stages_stay_what_they_were(model: Model, tmp_path: Path) -> None:
    video = write_video(tmp_path / "clip.mp4", frames=8)
    stages = Stages()
    result = reconstruct(video, model, tmp_path, Options(tracks=boxes(tmp_path, 0)), stages)

    with stages.stage("write"):
        pass

    assert set(result.meta.timings) == {"decode", "track", "crop", "network"}
    assert stages.items == {"decode": 8, "track": 8, "crop": 1, "network": 1}


def test_a_video_without_anybody_says_what_can_be_done(model: Model, tmp_path: Path) -> None:
    video = write_video(tmp_path / "clip.mp4", frames=8)

    with pytest.raises(
        NobodyFoundError, match=r"8 frames of clip\.mp4.*boxes of your own"
    ) as raised:
        reconstruct(video, model, tmp_path, Options(tracks=boxes(tmp_path, 99)))

    assert raised.value.code == "no_person_found"


def test_tracks_go_with_nothing_that_they_stand_for(tmp_path: Path) -> None:
    tracks = boxes(tmp_path, 0)

    for other in ({"max_people": 1}, {"detector": BlazePoseDetector()}):
        with pytest.raises(UsageError) as raised:
            Options(tracks=tracks, **other)
        assert raised.value.code == "conflicting_options"


@pytest.mark.parametrize("focal_px", [0.0, -1.0, float("nan"), float("inf")])
def test_a_focal_length_is_a_positive_number(focal_px: float) -> None:
    with pytest.raises(UsageError, match="expected pixels") as raised:
        Options(focal_px=focal_px)

    assert raised.value.code == "bad_focal_length"


@pytest.mark.parametrize(
    ("info", "options", "expected"),
    [
        (VideoInfo(64, 48, fps=25.0, duration_s=4.0), Options(), 100),
        (VideoInfo(64, 48, fps=25.0, duration_s=4.0), Options(start_s=1.0, end_s=2.0), 25),
        (VideoInfo(64, 48, fps=25.0, duration_s=4.0), Options(start_s=3.0, end_s=9.0), 25),
        (VideoInfo(64, 48, frame_count=7), Options(), 7),
        (VideoInfo(64, 48), Options(), None),
    ],
)
def test_progress_is_out_of_the_frames_that_are_asked_for(
    info: VideoInfo, options: Options, expected: int | None
) -> None:
    assert expected_frames(info, options) == expected
