"""`remocap serve`, as a user meets it: real videos in, results out, each role its own process."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import numpy as np
import pygltflib
import pytest

from tests.e2e.served import Served, problem_of, serving
from tests.load.fleet import wait_for
from tests.model.videos import write_video
from tests.service.bad_videos import bad_videos

SAMPLE = Path(__file__).resolve().parents[2] / "docs" / "sample" / "walk.mp4"
CUTS = {
    "sam2_dog.mp4": (1.0, 1.6),
    "intel_one_by_one_person.mp4": (12.0, 12.8),
    "opencv_vtest.avi": (0.0, 0.8),
}
"""The clips beside the project, and stretches of them that show somebody, in seconds."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    with serving(folder, max_video_s=30, batch_windows=4) as served:
        yield served


def remocap(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command as its own process."""
    command = [sys.executable, "-m", "service", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def post(served: Served, video: Path | bytes, **options: object) -> httpx2.Response:
    """Send a form, as curl does."""
    data = video if isinstance(video, bytes) else video.read_bytes()
    params = {name: str(value) for name, value in options.items()}
    return served.http.post("/v1/reconstruct", params=params, files={"video": data})


@pytest.mark.shared
@pytest.mark.slow
def test_three_at_once_are_as_on_the_command_line(
    served: Served, shared: Path, tmp_path: Path
) -> None:
    def both(name: str) -> float:
        video, (start, end) = shared / "assets/videos" / name, CUTS[name]
        answer = post(served, video, wait=280, format="npz", start=start, end=end)
        assert answer.status_code == 200, answer.text[:300]
        rest, offline = tmp_path / f"{name}.rest.npz", tmp_path / f"{name}.npz"
        rest.write_bytes(answer.content)
        done = remocap("reconstruct", video, "-o", offline, "--start", start, "--end", end)
        assert done.returncode == 0, done.stderr
        return difference_m(rest, offline)

    with ThreadPoolExecutor(len(CUTS)) as pool:
        differences_m = list(pool.map(both, CUTS))

    assert max(differences_m) < 5e-5


def difference_m(one: Path, other: Path) -> float:
    """Largest distance between vertices of two results of the same rows."""
    with np.load(one) as a, np.load(other) as b:
        for name in ("track_id", "frame_index", "pts_s"):
            np.testing.assert_array_equal(a[name], b[name])
        assert len(a["track_id"]) > 0
        distances_m = np.linalg.norm(a["vertices_m"] - b["vertices_m"], axis=-1)
    return float(distances_m.max())


def test_the_api_shows_workers_and_queue_to_prometheus(served: Served) -> None:
    text = served.http.get("/metrics").text

    assert "remocap_redis_up 1.0" in text
    assert re.search(r'remocap_workers\{model="remocap-anny@[0-9a-f]{12}"\} 1\.0', text)


def test_submit_writes_every_form(served: Served, tmp_path: Path) -> None:
    outputs = [
        tmp_path / f"walk.{ending}" for ending in ("glb", "npz", "json", "mp4", "png", "zip")
    ]
    named = [word for path in outputs for word in ("-o", path)]

    done = remocap("submit", SAMPLE, "--server", served.url, "--end", 0.5, *named)

    assert done.returncode == 0, done.stderr
    assert all(path.stat().st_size > 1000 for path in outputs)
    assert pygltflib.GLTF2().load(str(outputs[0])).animations
    assert "people 1" in " ".join(done.stderr.split())


def test_a_glb_is_made_once_and_then_at_hand(served: Served) -> None:
    first = post(served, SAMPLE, wait=200, format="glb", end=0.3)
    job_id = first.headers["content-disposition"].split('"')[1].removesuffix(".glb")

    again = served.http.get(f"/v1/jobs/{job_id}/result?format=glb")

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.headers["content-type"] == "model/gltf-binary"
    assert again.content == first.content


def test_every_bad_video_gets_its_code_and_all_roles_live(served: Served, tmp_path: Path) -> None:
    long = write_video(tmp_path / "hours.ts", frames=800).read_bytes()
    bad = bad_videos(tmp_path) | {"long": (long, "video_too_long")}
    pids = {role.pid for role in served.roles().values()}

    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(lambda name: post(served, bad[name][0], wait=200), bad)

    found = {name: problem_of(answer) for name, answer in zip(bad, answers, strict=True)}
    assert found == {name: (422, code) for name, (_, code) in bad.items()}
    assert {role.pid for role in served.roles().values()} == pids


@pytest.mark.parametrize(
    ("make", "status", "code"),
    [
        (lambda path: write_video(path), 4, "no_person_found"),
        (lambda path: path.write_text("Dear diary\n" * 99), 3, "not_a_video"),
        (lambda path: path, 3, "video_not_found"),
    ],
    ids=["nobody", "text", "absent"],
)
def test_submit_ends_as_reconstruct_does(
    served: Served, tmp_path: Path, make: object, status: int, code: str
) -> None:
    assert callable(make)
    video, output = tmp_path / "clip.mp4", tmp_path / "out.npz"
    make(video)

    done = remocap("submit", video, "-o", output, "--server", served.url)

    assert done.returncode == status
    assert done.stderr.startswith(f"error {code}: ")
    assert not output.exists()


def test_submit_without_a_server_ends_with_status_5(tmp_path: Path) -> None:
    done = remocap("submit", SAMPLE, "-o", tmp_path / "a.npz", "--server", "http://127.0.0.1:9")

    assert done.returncode == 5
    assert done.stderr.startswith("error server_unreachable: ")


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize("how", ["delete", "close"])
def test_no_batch_starts_a_second_after_a_cancel(served: Served, shared: Path, how: str) -> None:
    video = (shared / "assets/videos/sam2_dog.mp4").read_bytes()  # ten batches
    before = batches(served)
    with raw_post(served, "?wait=280", video) as connection:
        wait_for(lambda: batches(served) > before, 120)
        if how == "delete":
            job_id = served.http.get("/v1/jobs?limit=1").json()["jobs"][0]["id"]
            assert served.http.delete(f"/v1/jobs/{job_id}").status_code == 204
        else:
            connection.close()
        time.sleep(1)
    then = batches(served)

    assert post(served, SAMPLE, wait=200, end=0.3).status_code == 200

    assert batches(served) <= then + 2  # that in the network, and the sample's


def batches(served: Served) -> float:
    """How many the network has answered."""
    return served.worker_metric("remocap_network_seconds_count")


def raw_post(served: Served, query: str, video: bytes) -> socket.socket:
    """Send a whole POST, and leave its answer to come."""
    place = urlsplit(served.url)
    connection = socket.create_connection((place.hostname, place.port), timeout=300)
    head = f"POST /v1/reconstruct{query} HTTP/1.1\r\nHost: {place.netloc}\r\n"
    head += f"Content-Type: video/mp4\r\nContent-Length: {len(video)}\r\n\r\n"
    connection.sendall(head.encode() + video)
    return connection


@pytest.mark.slow
def test_ctrl_c_drains_and_the_next_start_goes_on(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as served:
        job_id = served.http.post("/v1/reconstruct", files={"video": SAMPLE.read_bytes()}).json()[
            "id"
        ]
        wait_for(lambda: job(served, job_id)["state"] == "running", 60)
        status = served.end()
        said = served.said()

    with serving(tmp_path / "data") as served:
        wait_for(lambda: job(served, job_id)["finished_at"], 200)
        ended = job(served, job_id)

    assert status == 0
    assert "Traceback" not in said
    assert ended["state"] == "succeeded"


def job(served: Served, job_id: str) -> dict[str, object]:
    found: dict[str, object] = served.http.get(f"/v1/jobs/{job_id}").json()
    return found


def test_two_cannot_share_a_folder(served: Served) -> None:
    done = remocap("serve", "--data-dir", served.folder)

    assert done.returncode == 2
    assert done.stderr.startswith("error already_running: ")


def test_a_port_that_is_taken_ends_it(served: Served, tmp_path: Path) -> None:
    port = urlsplit(served.url).port

    done = remocap("serve", "--data-dir", tmp_path / "other", "--rest-port", port)

    assert done.returncode == 2
    assert "bad_address" in done.stderr


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 32 MB; the test skips where none can be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a tmpfs")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.mark.slow
def test_a_full_disk_refuses_and_room_lets_all_go_on(small_disk: Path) -> None:
    with serving(small_disk) as served:
        done = post(served, SAMPLE, wait=200, end=0.3)
        fill = small_disk / "fill"
        fill_up(fill)
        refused = {problem_of(post(served, SAMPLE, end=0.3)) for _ in range(5)}
        fill.unlink()
        wait_for(lambda: post(served, SAMPLE, end=0.3).status_code == 202, 60)
        again = post(served, SAMPLE, wait=200, end=0.3)
        died = "died" in served.said()

    assert done.status_code == 200
    assert refused == {(507, "disk_full")}
    assert again.status_code == 200
    assert not died


def fill_up(path: Path) -> None:
    """Write until nothing more fits."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            with suppress(OSError):
                while True:
                    file.write(bytes(size))
