"""A video sent at its own pace over gRPC: when its first meshes come, and whether all are right.

A scene of `tests.load.load`: a client made from the proto alone, then ours; `remocap serve`.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from service.client import Meshes, StreamClient
from service.client_messages import Accepted
from tests.e2e.served import Served, serving
from tests.e2e.test_rpc import distance_m, run, stubs
from tests.load.crowd import show
from tests.load.fleet import machine
from tests.load.fronts import CLIPS

ROOT = Path(__file__).resolve().parents[2]
VIDEO = CLIPS / "sam2_dog.mp4"
SECONDS = 9.66
PIECE_BYTES = 2**16


def paced_stream(most_m: float = 5e-5) -> bool:
    """Both clients, one after the other."""
    with tempfile.TemporaryDirectory(prefix="remocap-") as name:
        folder = Path(name)
        with serving(folder / "data") as served:
            found = {"proto alone": _foreign(served, folder), "ours": _ours(served, folder)}
    show(
        f"{VIDEO.name} over {SECONDS:g} s in pieces of 64 KB ({machine()})",
        {
            f"{name}: {what}": value
            for name, values in found.items()
            for what, value in zip(
                ("first meshes, s", "last piece sent, s", "distance from REST, mm"),
                (values[0], values[1], 1000 * values[2]),
                strict=True,
            )
        },
    )
    return all(first < sent and most < most_m for first, sent, most in found.values())


def _foreign(served: Served, folder: Path) -> tuple[float, float, float]:
    stubs(folder)
    client = str(ROOT / "tests/e2e/proto_client.py")
    paced = [client, served.rpc, str(VIDEO), str(SECONDS), "0", "stream.npz"]
    job_id, first_s, sent_s = run(paced, folder, path=folder).split()
    return float(first_s), float(sent_s), distance_m(served, job_id, folder / "stream.npz")


def _ours(served: Served, folder: Path) -> tuple[float, float, float]:
    begun_s = time.perf_counter()
    sent_s: list[float] = []

    def pieces() -> Iterator[bytes]:
        data = VIDEO.read_bytes()
        for start in range(0, len(data), PIECE_BYTES):
            due_s = begun_s + SECONDS * start / len(data)
            time.sleep(max(0.0, due_s - time.perf_counter()))
            yield data[start : start + PIECE_BYTES]
        sent_s.append(time.perf_counter() - begun_s)

    meshes: list[Meshes] = []
    job_id, first_s = "", float("inf")
    with StreamClient(served.rpc) as client:
        for answer in client.reconstruct(pieces()):
            if isinstance(answer, Accepted):
                job_id = answer.job_id
            elif isinstance(answer, Meshes):
                first_s = min(first_s, time.perf_counter() - begun_s)
                meshes.append(answer)
    tracks = np.concatenate([np.full(len(m.frame_index), m.track_id) for m in meshes])
    frames = np.concatenate([m.frame_index for m in meshes])
    order = np.lexsort((frames, tracks))
    vertices_m = np.concatenate([m.vertices_m for m in meshes])[order]
    path = folder / "ours.npz"
    np.savez(path, track_id=tracks[order], frame_index=frames[order], vertices_m=vertices_m)
    return first_s, sent_s[0], distance_m(served, job_id, path)
