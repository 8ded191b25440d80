"""Calls by the proto alone, and what comes of them."""

import time
from collections.abc import Iterable, Iterator

import grpc
import numpy as np
import pytest
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from grpc_status import rpc_status

from service.pb.remocap.v1 import reconstruction_pb2 as pb

PIECE = 2**16


def requests(*data: bytes, **options: object) -> Iterator[pb.ReconstructRequest]:
    """A whole call's messages."""
    yield pb.ReconstructRequest(options=pb.ReconstructOptions(**options))
    for piece in data:
        yield pb.ReconstructRequest(data=piece)


def paced(video: bytes, seconds: float, **options: object) -> Iterator[pb.ReconstructRequest]:
    """The same, its bytes spread over so many seconds."""
    yield pb.ReconstructRequest(options=pb.ReconstructOptions(**options))
    for start in range(0, len(video), PIECE):
        yield pb.ReconstructRequest(data=video[start : start + PIECE])
        time.sleep(seconds * PIECE / len(video))


def refused(call: Iterable[object]) -> tuple[grpc.StatusCode, str]:
    """Status and code of a stream that fails."""
    with pytest.raises(grpc.RpcError) as raised:
        list(call)
    return raised.value.code(), code_of(raised.value)


def code_of(error: grpc.RpcError) -> str:
    """The stable code in a status."""
    info = ErrorInfo()
    assert rpc_status.from_call(error).details[0].Unpack(info)
    return info.reason


def retry_s_of(error: grpc.RpcError) -> float:
    """When to come again."""
    info = RetryInfo()
    assert rpc_status.from_call(error).details[1].Unpack(info)
    return info.retry_delay.ToMilliseconds() / 1000


Row = tuple[int, int]


def rows_of(answers: Iterable[pb.ReconstructResponse]) -> dict[Row, np.ndarray]:
    """Vertices in metres by person and frame; none may come twice."""
    rows: dict[Row, np.ndarray] = {}
    for answer in answers:
        if answer.WhichOneof("content") != "meshes":
            continue
        meshes = answer.meshes
        kind, step_m = ("<i2", meshes.step_m) if meshes.step_m else ("<f4", 1)
        shape = (len(meshes.frame_index), -1, 3)
        vertices_m = np.frombuffer(meshes.vertices, kind).reshape(shape) * step_m
        for frame, mesh_m in zip(meshes.frame_index, vertices_m, strict=True):
            assert (meshes.track_id, frame) not in rows
            rows[meshes.track_id, frame] = mesh_m
    return rows


def distance_m(rows: dict[Row, np.ndarray], npz: np.lib.npyio.NpzFile, name: str) -> float:
    """Largest distance of vertices from a result's, which must have the same rows."""
    keys = list(zip(npz["track_id"].tolist(), npz["frame_index"].tolist(), strict=True))
    assert sorted(rows) == keys
    mine_m = np.stack([rows[key] for key in keys])
    return float(np.linalg.norm(mine_m - npz[name], axis=-1).max())
