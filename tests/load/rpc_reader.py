"""What a client who reads 10 kB/s costs the others, and how much memory it takes.

A scene of `tests.load.load`. The api runs by itself; the slow one reads through a narrow wire, the
others, in a process of their own, as fast as they can.
"""

import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

import grpc

from service.pb.remocap.v1 import reconstruction_pb2 as pb
from service.pb.remocap.v1.reconstruction_pb2_grpc import ReconstructionStub
from tests.load.crowd import show
from tests.load.fleet import machine
from tests.load.memory import Alone, api_alone, finished_job

BYTES_PER_S = 10_000
SETTLE_S = 8.0
OTHERS = 2


def slow_rpc_reader(
    rounds: int = 6, seconds: float = 4, most_mb: float = 8, least: float = 0.9
) -> bool:
    """Others alone and beside a slow reader, turn about; and the api's growth by the slow one."""
    with api_alone() as api:
        job_id = finished_job(api, 480)
        _others(api, job_id, seconds)  # what the first readers load
        grown_mb = api.growth_mb(lambda: _wait_beside(api, job_id))
        pairs = [_pair(api, job_id, seconds) for _ in range(rounds)]
    ratio = statistics.median(beside.mb_per_s / alone.mb_per_s for alone, beside in pairs)
    cpu_ratio = statistics.median(
        beside.cpu_s_per_mb / alone.cpu_s_per_mb for alone, beside in pairs
    )
    show(
        f"{OTHERS} readers beside one of {BYTES_PER_S / 1000:g} kB/s ({machine()})",
        {
            "alone, median MB/s": statistics.median(alone.mb_per_s for alone, _ in pairs),
            "beside it, median MB/s": statistics.median(beside.mb_per_s for _, beside in pairs),
            f"median ratio of {rounds} pairs (least: {least:g})": ratio,
            "the same of the api's CPU time for a MB": cpu_ratio,
            f"growth of the api by the slow one, MB (allowed: {most_mb:g})": grown_mb,
        },
    )
    return ratio >= least and grown_mb <= most_mb


def _wait_beside(api: Alone, job_id: str) -> None:
    with _slow(api, job_id):
        time.sleep(SETTLE_S)


@contextmanager
def _slow(api: Alone, job_id: str) -> Iterator[None]:
    """Have a client read a job's stream through a narrow wire."""
    with _narrow(api.rpc) as place, grpc.insecure_channel(place) as channel:
        call = ReconstructionStub(channel).Watch(pb.WatchRequest(job_id=job_id))
        reader = threading.Thread(target=_read, args=(call,), daemon=True)
        reader.start()
        yield
        call.cancel()
        reader.join()


def _read(call: Iterator[pb.ReconstructResponse]) -> None:
    with suppress(grpc.RpcError):
        for _ in call:
            pass


@contextmanager
def _narrow(rpc: str) -> Iterator[str]:
    """Pass a connection on, and let back only so many bytes a second."""
    host, _, port = rpc.rpartition(":")
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # else the kernel reads ahead
        server.connect((host, int(port)))
        threading.Thread(target=_pass, args=(listener, server), daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def _pass(listener: socket.socket, server: socket.socket) -> None:
    with suppress(OSError):
        client, _ = listener.accept()
        with client:
            threading.Thread(target=_pour, args=(client, server, 0.0), daemon=True).start()
            _pour(server, client, 0.1)


def _pour(source: socket.socket, target: socket.socket, pause_s: float) -> None:
    with suppress(OSError):
        while data := source.recv(BYTES_PER_S // 10):
            target.sendall(data)
            time.sleep(pause_s)


READERS = """
import sys, threading, time, grpc
from service.pb.remocap.v1 import reconstruction_pb2 as pb
from service.pb.remocap.v1.reconstruction_pb2_grpc import ReconstructionStub
place, job, others, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
end_s, read = time.monotonic() + seconds, [0] * others
def reader(number):
    with grpc.insecure_channel(place) as channel:
        stub = ReconstructionStub(channel)
        while time.monotonic() < end_s:
            for answer in stub.Watch(pb.WatchRequest(job_id=job)):
                read[number] += answer.ByteSize()
                if time.monotonic() > end_s:
                    return
threads = [threading.Thread(target=reader, args=(n,)) for n in range(others)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(sum(read) / seconds / 1e6)
"""


class Pace(NamedTuple):
    """How fast the others read, and what it costs the api."""

    mb_per_s: float
    cpu_s_per_mb: float


def _pair(api: Alone, job_id: str, seconds: float) -> tuple[Pace, Pace]:
    """The others' pace alone, and beside the slow reader."""
    alone = _others(api, job_id, seconds)
    with _slow(api, job_id):
        return alone, _others(api, job_id, seconds)


def _others(api: Alone, job_id: str, seconds: float) -> Pace:
    command = [sys.executable, "-c", READERS, api.rpc, job_id, str(OTHERS), str(seconds)]
    before_s = sum(api.process.cpu_times()[:2])
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    spent_s = sum(api.process.cpu_times()[:2]) - before_s
    mb_per_s = float(done.stdout)
    return Pace(mb_per_s, spent_s / (mb_per_s * seconds))
