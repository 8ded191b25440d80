"""A client made from the proto alone: nothing of ours but the messages that protoc writes.

    python proto_client.py PLACE VIDEO SECONDS PATIENCE OUT

Sends a video in pieces of 64 KB, spread over so many seconds; the last one waits for the first
meshes as long as its patience lasts. Writes vertices by person and frame to an NPZ, and prints the
job's id, when the first meshes came and when the last piece was sent, in seconds.
"""

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
from remocap.v1 import reconstruction_pb2 as pb
from remocap.v1.reconstruction_pb2_grpc import ReconstructionStub

PIECE_BYTES = 2**16
place, video, seconds, patience, out = sys.argv[1:]
seen = threading.Event()
begun_s = time.perf_counter()
times_s = {}


def note(name: str) -> None:
    """Take note of when something happened first."""
    times_s.setdefault(name, time.perf_counter() - begun_s)


def sending() -> Iterator[pb.ReconstructRequest]:
    """Send a file in pieces, paced."""
    yield pb.ReconstructRequest(options=pb.ReconstructOptions())
    data = Path(video).read_bytes()
    for start in range(0, len(data), PIECE_BYTES):
        due_s = begun_s + float(seconds) * start / len(data)
        time.sleep(max(0.0, due_s - time.perf_counter()))
        if start + PIECE_BYTES >= len(data):
            seen.wait(float(patience))
            note("sent")
        yield pb.ReconstructRequest(data=data[start : start + PIECE_BYTES])


rows, job_id = {}, ""
with grpc.insecure_channel(place) as channel:
    for answer in ReconstructionStub(channel).Reconstruct(sending()):
        job_id = answer.accepted.job_id or job_id
        if answer.HasField("meshes"):
            note("first")
            seen.set()
            vertices_m = np.frombuffer(answer.meshes.vertices, "<f4").reshape(-1, 6890, 3)
            for frame, mesh_m in zip(answer.meshes.frame_index, vertices_m, strict=True):
                rows[answer.meshes.track_id, frame] = mesh_m
keys = sorted(rows)
np.savez(
    out,
    track_id=[track for track, _ in keys],
    frame_index=[frame for _, frame in keys],
    vertices_m=np.stack([rows[key] for key in keys]),
)
print(job_id, times_s["first"], times_s["sent"])
