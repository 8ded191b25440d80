"""What a request takes beside decoding and computing, where one client is alone.

What that took is as the roles measure it: what is left is time in which nothing is decoded or
computed. Beside it stands what the same work takes in one process that holds its model, by
`model.pipeline`, once the service has ended; it starts a decoder each time, where the service has
one waiting, so a request may well be the faster of the two.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection
from io import BytesIO
from pathlib import Path
from typing import TypeVar

import httpx2
import numpy as np

from model.detect import BlazePoseDetector
from model.export.npz import stream_npz
from model.landmarks import LandmarkModel
from model.litert import threads_of_this_machine
from model.loading import load_model
from model.pipeline import Options, reconstruct
from tests.e2e.served import Served, serving
from tests.load.crowd import show
from tests.load.fleet import machine

T = TypeVar("T")

SAMPLE = Path(__file__).resolve().parents[2] / "docs" / "sample" / "walk.mp4"
END_S = 0.25
PAUSE_S = 3.0  # before each, so that all is idle
SETTLE_S = 0.2  # until an answer's metrics are there
UNCOUNTED = 2  # at first
STAGES = ("open", "decode", "track", "crop")
"""Of the media role: what the pipeline does as well."""


def overhead(rounds: int = 20, most_ms: float = 15) -> bool:
    """One client at a time: from request to result, less what has to be done in any case."""
    whole_s, alone_s, left_s = [], [], []
    with tempfile.TemporaryDirectory(prefix="remocap-load-") as name, serving(Path(name)) as served:
        form = _form(served)
        for _ in range(rounds + UNCOUNTED):
            time.sleep(PAUSE_S)
            before_s = _computed_s(served)
            seconds, answer = _timed(lambda: _send(form))
            time.sleep(SETTLE_S)
            work_s = _media_s(answer) + _computed_s(served) - before_s
            whole_s.append(seconds)
            left_s.append(seconds - work_s)
    alone = _pipeline()
    for _ in range(rounds + UNCOUNTED):
        time.sleep(PAUSE_S)
        alone_s.append(_timed(alone)[0])
    left_ms = _median_ms(left_s)
    show(
        f"overhead of one idle client, {SAMPLE.name}, {END_S} s of it ({machine()})",
        {
            "requests": rounds,
            "a request, median ms": _median_ms(whole_s),
            "the same in one process, median ms": _median_ms(alone_s),
            f"beside decoding and computing, median ms (allowed: {most_ms:g})": left_ms,
            "least, ms": 1000 * min(left_s[UNCOUNTED:]),
            "most, ms": 1000 * max(left_s[UNCOUNTED:]),
        },
    )
    return left_ms <= most_ms


def _median_ms(seconds: list[float]) -> float:
    return 1000 * statistics.median(seconds[UNCOUNTED:])


def _timed(act: Callable[[], T]) -> tuple[float, T]:
    begun_s = time.perf_counter()
    result = act()
    return time.perf_counter() - begun_s, result


def _pipeline() -> Callable[[], None]:
    """Decode and compute the same in this process, all loaded, to the bytes of its result."""
    threads = threads_of_this_machine()
    model = load_model("remocap-anny")
    detector, look = BlazePoseDetector(threads=threads), LandmarkModel(threads)

    def run() -> None:
        with tempfile.TemporaryDirectory(prefix="remocap-load-") as folder:
            options = Options(end_s=END_S, detector=detector, look=look)
            for _ in stream_npz(reconstruct(SAMPLE, model, Path(folder), options)):
                pass

    return run


def _form(served: Served) -> httpx2.Request:
    """A form, ready to be sent, whose answer is the NPZ."""
    params = {"wait": "3000", "format": "npz", "end": str(END_S)}
    files = {"video": (SAMPLE.name, SAMPLE.read_bytes())}
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


def _computed_s(served: Served) -> float:
    """What network and handing out have taken up to now."""
    network_s = served.worker_metric("remocap_network_seconds_sum")
    return network_s + served.api_metric("remocap_handout_seconds_sum")


def _media_s(npz: bytes) -> float:
    """What the media role spent on what the pipeline does as well."""
    with np.load(BytesIO(npz)) as result:
        timings = json.loads(str(result["meta"]))["timings"]
    return sum(timings[stage] for stage in STAGES)
