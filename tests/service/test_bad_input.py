"""Whatever a user brings, `remocap reconstruct` works, or says in one line what to do instead.

The network is a stand-in that is quick; decoding, boxes, writing and the command line are real.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
import pytest

import model.loading
from service.cli import main
from tests.model.standing import standing_model, write_tracks
from tests.model.videos import claim_duration, claim_size, mutated, write_sound, write_video


class Outcome(NamedTuple):
    status: int
    said: list[str]


Run = Callable[..., Outcome]


@pytest.fixture(scope="module")
def standing() -> model.loading.Model:
    return standing_model()


@pytest.fixture
def reconstruct(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    standing: model.loading.Model,
) -> Run:
    """Run the command; whatever comes of it, no child and no half-written file is left."""
    monkeypatch.setattr(model.loading, "load_model", lambda *_, **__: standing)

    def run(video: Path, *options: str | Path, output: Path | None = None) -> Outcome:
        output = output or tmp_path / "out.npz"
        arguments = ["remocap", "reconstruct", video, "-o", output, *options]
        monkeypatch.setattr(sys, "argv", list(map(str, arguments)))
        before, children = _files(tmp_path), _children()
        status = _status()
        made = set() if status else {output}
        assert _children() <= children
        assert _files(tmp_path) - before == made
        return Outcome(status, capfd.readouterr().err.splitlines())

    return run


def _children() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


def _status() -> int:
    try:
        main()
    except SystemExit as left:
        return int(left.code or 0)
    return 0


def _files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def check(outcome: Outcome, status: int, code: str, *names: str) -> None:
    """The exit status, and one line: code, cause, what was expected or can be done."""
    assert outcome.status == status
    (line,) = outcome.said
    assert line.startswith(f"error {code}: ")
    assert ";" in line
    for name in names:
        assert name in line


VIDEOS: dict[str, tuple[Callable[[Path], object], int, str, str]] = {
    "empty": (lambda p: p.write_bytes(b""), 3, "empty_video", "record it again"),
    "text": (lambda p: p.write_text("Dear diary\n" * 99), 3, "not_a_video", "choose another file"),
    "sound": (lambda p: write_sound(p), 3, "no_video_stream", "choose another file"),
    "one_frame": (lambda p: write_video(p, frames=1), 4, "no_person_found", "1 frames"),
    "nobody": (lambda p: write_video(p), 4, "no_person_found", "boxes of your own"),
}


@pytest.mark.parametrize("kind", VIDEOS)
def test_a_video_that_cannot_be_used_is_one_line(
    reconstruct: Run, tmp_path: Path, kind: str
) -> None:
    make, status, code, remedy = VIDEOS[kind]
    video = tmp_path / "clip.mp4"
    make(video)

    check(reconstruct(video), status, code, "clip.mp4", remedy)


def test_a_single_pixel_shows_nobody(reconstruct: Run, tmp_path: Path) -> None:
    video = write_video(tmp_path / "dot.avi", codec="ffv1", size=(1, 1), pixel_format="yuv444p")

    check(reconstruct(video), 4, "no_person_found", "dot.avi")


def test_a_claimed_giant_is_one_line(reconstruct: Run, tmp_path: Path) -> None:
    video = claim_size(write_video(tmp_path / "clip.avi", codec="ffv1"), 30000)

    check(reconstruct(video), 3, "video_too_large", "30000x30000", "scale it down")


def test_a_video_of_one_frame_is_reconstructed(reconstruct: Run, tmp_path: Path) -> None:
    video = write_video(tmp_path / "clip.mp4", frames=1)

    assert reconstruct(video, "--tracks", write_tracks(tmp_path, 1)).status == 0

    with np.load(tmp_path / "out.npz") as result:
        assert len(result["frame_index"]) == 1


def test_a_header_that_claims_three_hours_is_noted(reconstruct: Run, tmp_path: Path) -> None:
    video = claim_duration(write_video(tmp_path / "clip.mp4", frames=50), 3 * 3600)

    outcome = reconstruct(video, "--tracks", write_tracks(tmp_path, 50))

    assert outcome.status == 0
    assert "the header claims 10800.0 s; the video holds 2.0 s" in "\n".join(outcome.said)
    with np.load(tmp_path / "out.npz") as result:
        assert "claims 10800.0 s" in str(result["meta"])
        assert len(result["frame_index"]) == 50


@pytest.mark.parametrize(
    ("box", "names"),
    [
        ([float("nan"), 5, 40, 45], "box[0] is nan"),
        ([10, 5, 40, float("-inf")], "box[3] is -inf"),
        ([40, 5, 10, 45], "box is [40.0, 5.0, 10.0, 45.0]"),
        ([-60, -50, -10, -5], "64 x 48 picture"),
        ([900, 5, 940, 45], "64 x 48 picture"),
    ],
    ids=["nan", "infinite", "negative_width", "negative", "outside"],
)
def test_boxes_that_cannot_be_are_one_line(
    reconstruct: Run, tmp_path: Path, box: list[float], names: str
) -> None:
    video = write_video(tmp_path / "clip.mp4")

    outcome = reconstruct(video, "--tracks", write_tracks(tmp_path, 3, box))

    check(outcome, 3, "bad_tracks", "boxes.json", names, "expected")


@pytest.mark.parametrize("output", ["absent/out.npz", "folder.npz"])
def test_an_output_that_cannot_be_written_is_one_line(
    reconstruct: Run, tmp_path: Path, output: str
) -> None:
    (tmp_path / "folder.npz").mkdir()
    video = write_video(tmp_path / "clip.mp4")

    check(reconstruct(video, output=tmp_path / output), 3, "unwritable_output", output)


@pytest.mark.parametrize("ending", [".npz", ".glb", ".mp4", ".zip", ".json", ".png"])
def test_a_full_disk_is_one_line(
    reconstruct: Run, tmp_path: Path, tiny_disk: Path, ending: str
) -> None:
    (tiny_disk / "else").write_bytes(bytes(64 << 10))
    video, tracks = write_video(tmp_path / "clip.mp4"), write_tracks(tmp_path, 12)
    output = tiny_disk / f"out{ending}"

    check(reconstruct(video, "--tracks", tracks, output=output), 3, "disk_full", "free some space")


def test_a_full_disk_for_the_rows_is_one_line(
    reconstruct: Run, tmp_path: Path, tiny_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = write_video(tmp_path / "clip.mp4", frames=50)
    monkeypatch.setattr(tempfile, "tempdir", str(tiny_disk))

    outcome = reconstruct(video, "--tracks", write_tracks(tmp_path, 50))

    check(outcome, 3, "disk_full", str(tiny_disk))


def check_anything(outcome: Outcome) -> None:
    """A result, or one of the ways to fail in one line."""
    if outcome.status:
        assert outcome.status in {3, 4}
        check(outcome, outcome.status, outcome.said[0].removeprefix("error ").split(":")[0])
    assert not any("Traceback" in line for line in outcome.said)


@pytest.mark.parametrize("part", range(20))
def test_a_video_cut_anywhere_works_or_is_one_line(
    reconstruct: Run, tmp_path: Path, part: int
) -> None:
    video = write_video(tmp_path / "clip.mp4", frames=50, muxer={"movflags": "faststart"})
    data = video.read_bytes()
    video.write_bytes(data[: len(data) * part // 20])

    check_anything(reconstruct(video, "--tracks", write_tracks(tmp_path, 50)))


@pytest.mark.slow
def test_mutated_videos_work_or_are_one_line(reconstruct: Run, tmp_path: Path) -> None:
    video = write_video(tmp_path / "clip.mp4", frames=8)
    data, tracks = video.read_bytes(), write_tracks(tmp_path, 8)
    statuses = []
    for seed in range(200):
        video.write_bytes(mutated(data, seed))
        outcome = reconstruct(video, "--tracks", tracks)
        check_anything(outcome)
        statuses.append(outcome.status)
        (tmp_path / "out.npz").unlink(missing_ok=True)

    assert {0, 3} <= set(statuses)
