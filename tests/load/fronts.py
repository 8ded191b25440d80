"""What the fronts add: time, memory, and no difference to the command line.

Scenes of `tests.load.load`. `remocap serve` and its roles run as a user runs them; figures are of
one run, with the machine's load beside them.
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from io import BytesIO
from pathlib import Path

import httpx2
import numpy as np

from service.broker import Broker
from service.messages import Job
from service.results import open_result
from service.store import Store, job_path
from tests.e2e.served import Served, serving
from tests.load.crowd import show
from tests.load.fleet import machine

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "docs" / "sample" / "walk.mp4"
CLIPS = ROOT.parent / "shared" / "assets" / "videos"
PAUSE_S = 3.0  # between requests, so that all is idle at the next one
STAGES = ("open", "decode", "track", "crop")
"""Of the media role: what the command line does as well."""


@contextmanager
def _folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="remocap-load-"))  # short enough for a socket
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def overhead(rounds: int = 20, most_ms: float = 15) -> bool:
    """One client at a time: from request to result, less decoding and compute."""
    spare_ms, total_ms = [], []
    with _folder() as folder, serving(folder) as served:
        form = _form(served, SAMPLE, end=0.25)
        for _ in range(rounds + 2):
            time.sleep(PAUSE_S)
            before_s = _network_s(served)
            begun_s = time.perf_counter()
            answer = _send(form)
            took_s = time.perf_counter() - begun_s
            work_s = _media_s(answer) + _network_s(served) - before_s
            total_ms.append(1000 * took_s)
            spare_ms.append(1000 * (took_s - work_s - _hand_out_s(served, folder)))
    rest = sorted(spare_ms[2:])
    show(
        f"overhead of one idle client, {SAMPLE.name}, 8 frames ({machine()})",
        {
            "requests": rounds,
            "median of the whole, ms": statistics.median(total_ms[2:]),
            f"median beside decoding and compute, ms (allowed: {most_ms:g})": statistics.median(
                rest
            ),
            "least, ms": rest[0],
            "most, ms": rest[-1],
        },
    )
    return statistics.median(rest) <= most_ms


def _form(served: Served, video: Path, **options: object) -> httpx2.Request:
    """A form, ready to be sent, whose answer is the NPZ."""
    params = {"wait": "3000", "format": "npz"} | {k: str(v) for k, v in options.items()}
    files = {"video": (video.name, video.read_bytes())}
    form = served.http.build_request("POST", "/v1/reconstruct", params=params, files=files)
    form.read()
    return form


def _send(form: httpx2.Request) -> bytes:
    """Send it by the least of clients, for its own time counts."""
    connection = HTTPConnection(form.url.host, form.url.port, timeout=3000)
    with closing(connection):
        path = form.url.raw_path.decode()
        connection.request(form.method, path, form.content, dict(form.headers))
        answer = connection.getresponse()
        content = answer.read()
    assert answer.status == 200, content[:300]
    return content


def _network_s(served: Served) -> float:
    return served.worker_metric("remocap_network_seconds_sum")


def _media_s(npz: bytes) -> float:
    """What the media role spent on what the command line does as well."""
    with np.load(BytesIO(npz)) as result:
        timings = json.loads(str(result["meta"]))["timings"]
    return sum(timings[stage] for stage in STAGES)


def _hand_out_s(served: Served, folder: Path) -> float:
    """What it takes to assemble the latest result and to compute its vertices."""
    job_id = served.http.get("/v1/jobs?limit=1").json()["jobs"][0]["id"]
    store = Store((folder / "store").as_uri())
    broker = Broker(f"unix://{folder}/redis/redis.sock")
    job = Job.decode(store.get(job_path(job_id)))
    begun_s = time.perf_counter()
    with open_result(store, broker, job) as result:
        for _ in result.npz():
            pass
    took_s = time.perf_counter() - begun_s
    broker.close()
    return took_s


def equality(most_m: float = 5e-5) -> bool:
    """The clips beside the project, whole, all at once by curl, against the command line."""
    clips = sorted(CLIPS.iterdir())
    with _folder() as folder:
        with serving(folder / "data") as served, ThreadPoolExecutor(len(clips)) as pool:
            list(
                pool.map(lambda clip: _curl(served, clip, folder / f"{clip.name}.rest.npz"), clips)
            )
        differences = {}
        for clip in clips:
            offline = folder / f"{clip.name}.npz"
            _run(sys.executable, "-m", "service", "reconstruct", clip, "-o", offline)
            differences[clip.name] = difference_m(folder / f"{clip.name}.rest.npz", offline)
    show(
        f"largest distance of vertices from the command line's ({machine()})",
        {f"{name}, mm": 1000 * value for name, value in differences.items()}
        | {"allowed, mm": 1000 * most_m},
    )
    return max(differences.values()) <= most_m


def difference_m(one: Path, other: Path) -> float:
    """Largest distance between vertices of two results, which must have the same rows."""
    with np.load(one) as a, np.load(other) as b:
        for name in ("track_id", "frame_index", "pts_s"):
            np.testing.assert_array_equal(a[name], b[name])
        assert len(a["track_id"]) > 0
        distances_m = np.linalg.norm(a["vertices_m"] - b["vertices_m"], axis=-1)
    return float(distances_m.max())


def _curl(served: Served, video: Path, out: Path) -> None:
    url = f"{served.url}/v1/reconstruct?wait=3000&format=npz"
    _run("curl", "--fail-with-body", "-sS", "-F", f"video=@{video}", url, "-o", out)


def _run(*command: object) -> None:
    done = subprocess.run(list(map(str, command)), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[-500:]
