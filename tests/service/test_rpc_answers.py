"""Streams of jobs whose clips were committed in any order, with gaps, or forgotten by Redis."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

import grpc
import numpy as np
import pytest

from benchmarks.results import made_up_rows, make_job
from service.broker import Broker
from service.broker_types import Totals
from service.clip_file import pack_rows
from service.messages import ClipRequest, Job
from service.pb.remocap.v1 import reconstruction_pb2 as pb
from service.pb.remocap.v1.reconstruction_pb2_grpc import ReconstructionStub
from service.store import Store, clip_path, job_path, result_path
from service.video_facts import TimesWriter, VideoFacts, write_facts
from tests.service.cases import new_job
from tests.service.rpc_calls import rows_of
from tests.service.sealed import real_job
from tests.service.web import Api

FRAMES = 48
FIRST_FRAMES = (0, 8, 24, 32, 40)  # of clips of 8; from 16 to 23 nobody is seen


@pytest.fixture
def stub(api: Api) -> Iterator[ReconstructionStub]:
    with grpc.insecure_channel(api.rpc) as channel:
        yield ReconstructionStub(channel)


def committed_job(broker: Broker, store: Store, order: Sequence[int]) -> Job:
    """A job of one person whose clips were committed in this order."""
    job = replace(real_job(), id=new_job().id, created_s=new_job().created_s)
    store.put(job_path(job.id), job.encode().encode())
    broker.submit(job)
    task = broker.claim_task("media", ("decode",))
    assert task is not None
    write_facts(store, job.id, VideoFacts(640, 360, 30, FRAMES / 30, FRAMES))
    times = TimesWriter(store, job.id)
    for frame in range(FRAMES):
        times.see(frame, frame / 30)
    times.flush()
    for number, first in enumerate(FIRST_FRAMES):
        broker.seal(task.lease, clip_of(job, number, first))
    broker.decoded(task.lease, Totals(FRAMES, 1, len(FIRST_FRAMES)))
    broker.announce("worker", job.model_key, 64)
    deliveries = broker.started(broker.take("worker", job.model_key, 64))
    by_number = {delivery.request.number: delivery for delivery in deliveries}
    for number in order:
        delivery = by_number[number]
        path = result_path(job.id, delivery.request.clip, "1")
        frames = np.arange(FIRST_FRAMES[number], FIRST_FRAMES[number] + 8, dtype=np.int32)
        store.put(path, pack_rows(made_up_rows(frames)))
        assert broker.commit(delivery, path, 8)
    return job


def clip_of(job: Job, number: int, first: int) -> ClipRequest:
    clip = f"t1-f{first}-n8"
    path = clip_path(job.id, clip)
    return ClipRequest(
        job.id, clip, job.model_key, job.tenant, path, 1, 8, first, first + 7, number=number
    )


def frames_told(answers: Sequence[pb.ReconstructResponse], *, seen: bool = True) -> list[int]:
    meshes = [a.meshes for a in answers if a.HasField("meshes")]
    return [f for m in meshes if m.interpolated != seen for f in m.frame_index]


def watch(
    stub: ReconstructionStub, job: Job, ordered: bool, **after: int
) -> list[pb.ReconstructResponse]:
    asked = pb.MeshOptions(level=pb.LEVEL_COARSE, ordered=ordered)
    return list(stub.Watch(pb.WatchRequest(job_id=job.id, meshes=asked, **after)))


def test_meshes_come_as_they_are_made_or_in_the_order_of_time(
    stub: ReconstructionStub, broker: Broker, store: Store
) -> None:
    job = committed_job(broker, store, [3, 1, 0, 4, 2])

    assert frames_told(watch(stub, job, ordered=False))[:8] == list(range(32, 40))
    told = frames_told(watch(stub, job, ordered=True))
    assert told == [f for first in FIRST_FRAMES for f in range(first, first + 8)]


def test_short_gaps_are_filled_at_the_end(
    stub: ReconstructionStub, broker: Broker, store: Store
) -> None:
    answers = watch(stub, committed_job(broker, store, range(5)), ordered=False)

    assert frames_told(answers, seen=False) == list(range(16, 24))
    assert sorted(frame for _, frame in rows_of(answers)) == list(range(FRAMES))


@pytest.mark.parametrize("ordered", [False, True])
def test_every_place_is_one_to_go_on_from(
    stub: ReconstructionStub, broker: Broker, store: Store, ordered: bool
) -> None:
    job = committed_job(broker, store, [3, 1, 0, 4, 2])
    whole = watch(stub, job, ordered)

    for before, last in itertools.pairwise(range(len(whole))):
        after = {"after_sequence": whole[before].sequence, "after_part": whole[before].part}
        assert watch(stub, job, ordered, **after) == whole[last:]


def test_without_a_part_all_of_a_number_counts_as_received(
    stub: ReconstructionStub, broker: Broker, store: Store
) -> None:
    job = committed_job(broker, store, [1, 0, 2, 3, 4])
    whole = watch(stub, job, ordered=True)

    for answer in whole:
        rest = watch(stub, job, ordered=True, after_sequence=answer.sequence)
        assert rest == [other for other in whole if other.sequence > answer.sequence]


def test_of_a_job_that_redis_forgot_all_is_told(
    stub: ReconstructionStub, api: Api, store: Store
) -> None:
    job = replace(real_job(), id=new_job().id, created_s=new_job().created_s)
    make_job(store, job.id, FRAMES)
    store.put(job_path(job.id), job.encode().encode())
    assert api.job(job.id)["state"] == "succeeded"

    answers = watch(stub, job, ordered=False)

    assert sorted(frame for _, frame in rows_of(answers)) == list(range(FRAMES))
    assert answers[-1].HasField("summary")


def test_progress_alone_may_be_asked_for(
    stub: ReconstructionStub, broker: Broker, store: Store
) -> None:
    job = committed_job(broker, store, range(5))
    asked = pb.MeshOptions(level=pb.LEVEL_NONE)

    answers = list(stub.Watch(pb.WatchRequest(job_id=job.id, meshes=asked)))

    assert rows_of(answers) == {}
    assert answers[-1].summary.job.state == pb.Job.STATE_SUCCEEDED
