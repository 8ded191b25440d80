"""Meshes over gRPC: while the video comes, the same as by REST, and each once."""

import io
import random
import threading
from collections.abc import Iterator

import grpc
import numpy as np
import pytest

from service.pb.remocap.v1 import reconstruction_pb2 as pb
from service.pb.remocap.v1.reconstruction_pb2_grpc import ReconstructionStub
from tests.service.jobs_of_videos import SAMPLE
from tests.service.live_videos import KINDS, live
from tests.service.rpc_calls import distance_m, requests, rows_of
from tests.service.web import Api

BRIEF_S = 1.2  # 36 frames: two clips of two windows, and one of what is left
LIVE_S = 2.0
Answers = list[pb.ReconstructResponse]


@pytest.fixture(scope="module")
def api(working_api: Api) -> Api:
    return working_api


@pytest.fixture(scope="module")
def stub(api: Api) -> Iterator[ReconstructionStub]:
    with grpc.insecure_channel(api.rpc) as channel:
        yield ReconstructionStub(channel)


@pytest.fixture(scope="module")
def whole(stub: ReconstructionStub) -> Answers:
    """A finished stream."""
    return list(stub.Reconstruct(requests(SAMPLE.read_bytes(), end_s=BRIEF_S)))


def npz_of(api: Api, answers: Answers) -> np.lib.npyio.NpzFile:
    url = f"/v1/jobs/{answers[0].accepted.job_id}/result?format=npz&wait=20"
    answer = api.http.get(url)
    assert answer.status_code == 200, answer.text
    return np.load(io.BytesIO(answer.content))


def places(answers: Answers) -> list[tuple[int, int]]:
    return [(answer.sequence, answer.part) for answer in answers]


def test_all_meshes_are_those_of_rest(whole: Answers, api: Api) -> None:
    assert distance_m(rows_of(whole), npz_of(api, whole), "vertices_m") < 5e-5
    assert whole[-1].summary.job.people == 1


def test_beside_vertices_rows_hold_what_the_npz_holds(whole: Answers, api: Api) -> None:
    meshes = [answer.meshes for answer in whole if answer.HasField("meshes")]
    result = npz_of(api, whole)

    for name in ("joints3d_m", "joints2d_px", "camera", "crop_px", "translation_m", "score"):
        told = np.concatenate([np.array(getattr(m, name)) for m in meshes])
        np.testing.assert_allclose(told, result[name].ravel(), atol=1e-3, err_msg=name)


@pytest.mark.parametrize("encoding", [pb.ENCODING_FLOAT32, pb.ENCODING_INT16])
def test_coarse_meshes_are_those_of_the_network(
    stub: ReconstructionStub, api: Api, encoding: pb.Encoding.ValueType
) -> None:
    asked = pb.MeshOptions(level=pb.LEVEL_COARSE, encoding=encoding)

    answers = list(stub.Reconstruct(requests(SAMPLE.read_bytes(), end_s=0.5, meshes=asked)))

    assert distance_m(rows_of(answers), npz_of(api, answers), "coarse_m") < 5e-5


def test_messages_are_under_a_megabyte(whole: Answers) -> None:
    assert max(answer.ByteSize() for answer in whole) < 10**6


@pytest.mark.parametrize("kind", [*KINDS, "mp4, index first"])
def test_meshes_come_before_the_video_has_ended(stub: ReconstructionStub, kind: str) -> None:
    video = live(SAMPLE, kind, LIVE_S) if kind in KINDS else SAMPLE.read_bytes()
    most, seen = len(video) * 3 // 4, threading.Event()

    def held_back() -> Iterator[pb.ReconstructRequest]:
        yield from requests(video[:most], end_s=LIVE_S)
        assert seen.wait(100), "no meshes came of most of the video"
        yield pb.ReconstructRequest(data=video[most:])

    answers = []
    for answer in stub.Reconstruct(held_back()):
        answers.append(answer)
        if answer.HasField("meshes"):
            seen.set()

    assert len(rows_of(answers)) == 60
    assert answers[-1].HasField("summary")


def test_a_stream_is_taken_up_anywhere(stub: ReconstructionStub, whole: Answers) -> None:
    job_id, expected = whole[0].accepted.job_id, places(list(whole))
    chance = random.Random(1)
    found: list[tuple[int, int]] = []
    for _ in range(100):
        request = pb.WatchRequest(job_id=job_id)
        if found:
            request.after_sequence, request.after_part = found[-1]
        call = stub.Watch(request)
        for answer in call:
            found.append((answer.sequence, answer.part))
            if chance.random() < 0.4:
                call.cancel()
                break

    assert found == [place for place in expected if place in found]
    assert found == places(list(stub.Watch(pb.WatchRequest(job_id=job_id))))


def test_a_live_stream_is_taken_up_anywhere(stub: ReconstructionStub) -> None:
    upload = stub.Reconstruct(requests(SAMPLE.read_bytes(), end_s=BRIEF_S))
    job_id = next(upload).accepted.job_id
    answers: Answers = []
    while not answers or not answers[-1].HasField("summary"):
        last = answers[-1] if answers else pb.ReconstructResponse()
        request = pb.WatchRequest(job_id=job_id, after_sequence=last.sequence)
        request.after_part = last.part
        call = stub.Watch(request)
        answers.append(next(call))
        call.cancel()
    list(upload)

    assert len(rows_of(answers)) == 36
    assert places(answers) == sorted(set(places(answers)))
