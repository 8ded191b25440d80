"""`remocap reconstruct` as a user runs it: a real video in, real files out."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import psutil
import pytest

from tests.model.videos import write_video

SAMPLE = Path(__file__).resolve().parents[2] / "docs" / "sample" / "walk.mp4"


def remocap(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command as its own process."""
    command = [sys.executable, "-m", "service", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the outputs for the first 20 frames of the sample."""
    folder = tmp_path_factory.mktemp("result")
    outputs = [folder / name for name in ("walk.npz", "walk.mp4", "walk.json")]
    options = [text for path in outputs for text in ("-o", str(path))]
    done = remocap("reconstruct", SAMPLE, *options, "--end", "0.65")
    assert done.returncode == 0, done.stderr
    (folder / "stderr.txt").write_text(done.stderr)
    return folder


def test_npz_follows_the_contract(result: Path) -> None:
    with np.load(result / "walk.npz", allow_pickle=False) as arrays:
        shapes = {name: arrays[name].shape for name in arrays.files}
        meta = json.loads(str(arrays["meta"]))

    rows = shapes["track_id"][0]
    assert rows == 20
    assert shapes["vertices_m"] == (rows, 6890, 3)
    assert shapes["joints3d_m"] == shapes["joint_tokens_m"] == (rows, 14, 3)
    assert shapes["joints2d_px"] == (rows, 14, 2)
    assert shapes["coarse_m"] == (rows, 431, 3)
    assert meta["frame_count"] == 20
    assert meta["coverage"] == 1.0


def test_vertices_are_centred_on_their_pelvis(result: Path) -> None:
    from model.bodies import load_body, regress_joints

    with np.load(result / "walk.npz", allow_pickle=False) as arrays:
        h36m_m, joints_m = regress_joints(load_body("anny"), arrays["vertices_m"])
        written_m = arrays["joints3d_m"]

    assert np.abs(h36m_m[:, 0]).max() < 1e-5
    np.testing.assert_allclose(joints_m, written_m, atol=1e-5)


def test_overlay_shows_every_frame_at_its_time(result: Path) -> None:
    with av.open(str(result / "walk.mp4")) as overlay, av.open(str(SAMPLE)) as source:
        shown = [frame.time for frame in overlay.decode(video=0)]
        given = [frame.time for frame in source.decode(video=0)][: len(shown)]

    assert len(shown) == 20
    np.testing.assert_allclose(np.subtract(shown, shown[0]), given, atol=1e-3)


def test_untrained_weights_are_named_as_such(result: Path) -> None:
    meta = json.loads((result / "walk.json").read_text())["meta"]

    said = "untrained" in (result / "stderr.txt").read_text()

    assert said is not meta["trained"]


def test_summary_tells_people_coverage_and_seconds(result: Path) -> None:
    summary = (result / "stderr.txt").read_text()

    for expected in ("people", "100.0% show somebody", "decode video", "network", "frames/s"):
        assert expected in summary


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (["no-such.mp4", "-o", "out.npz"], 3, "video_not_found"),
        ([SAMPLE, "-o", "out.gif"], 2, "unknown_format"),
        ([SAMPLE, "-o", "out.npz", "--model", "nobody"], 2, "unknown_model"),
        ([SAMPLE, "-o", "no/such/folder/out.npz"], 3, "unwritable_output"),
    ],
)
def test_mistakes_end_in_one_line(
    arguments: list[str | Path], status: int, code: str, tmp_path: Path
) -> None:
    outputs = [tmp_path / a if str(a).startswith("out") else a for a in arguments]

    done = remocap("reconstruct", *outputs)

    assert done.returncode == status
    assert done.stderr.startswith(f"error {code}: ")
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_video_of_nobody_ends_with_status_4(tmp_path: Path) -> None:
    video = write_video(tmp_path / "grey.mp4", frames=12)

    done = remocap("reconstruct", video, "-o", tmp_path / "out.npz")

    assert done.returncode == 4
    assert done.stderr.startswith("error no_person_found: ")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out.npz").exists()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_whoever_stops_it_finds_nothing_left(
    number: signal.Signals, status: int, tmp_path: Path
) -> None:
    (tmp_path / "temporary").mkdir()
    outputs = ["-o", tmp_path / "out.npz", "-o", tmp_path / "out.mp4"]  # takes a while to draw
    command = [sys.executable, "-m", "service", "reconstruct", SAMPLE, *outputs]
    environment = {**os.environ, "TMPDIR": str(tmp_path / "temporary")}
    running = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
    await_rows(tmp_path / "temporary", running)
    children = psutil.Process(running.pid).children()

    running.send_signal(number)
    said = running.communicate(timeout=60)[1]

    assert (running.returncode, said.strip()) == (status, b"")
    assert not any(child.is_running() for child in children)
    assert list(tmp_path.rglob("*")) == [tmp_path / "temporary"]


def await_rows(folder: Path, running: subprocess.Popen[bytes]) -> None:
    """Wait until the network has answered for the first time."""
    deadline = time.monotonic() + 200
    while not list(folder.glob("remocap-*/arrived/*")):
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
