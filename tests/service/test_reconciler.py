"""Redis and the store stay of one mind, whichever of them forgets."""

import time

import pytest

from service.broker import Broker
from service.messages import Done
from service.reconciler import Reconciler, archive, recall
from service.store import Store, clip_path, done_path, end_path, job_path, part_path, result_path
from tests.service.cases import claim, new_job, run_all, seal_all, submit_stored

RETENTION_S = 3600.0
OLD = {"created_s": time.time() - 60}


@pytest.fixture
def reconciler(broker: Broker, store: Store) -> Reconciler:
    return Reconciler(broker, store, RETENTION_S)


def state_of(broker: Broker, job_id: str) -> str | None:
    status = broker.status(job_id)
    return None if status is None else status.state


def finish(broker: Broker) -> None:
    task = claim(broker)
    seal_all(broker, task.lease, task.job, [4, 4])
    run_all(broker)


def test_unfinished_job_that_redis_forgot_is_queued_again(
    broker: Broker, store: Store, reconciler: Reconciler
) -> None:
    job = submit_stored(broker, store, new_job(**OLD, idempotency_key="k"))
    broker.redis.flushall()

    reconciler.step()

    assert state_of(broker, job.id) == "queued"
    assert claim(broker).job == job
    assert broker.submit(new_job(idempotency_key="k")) == (job.id, False)


def test_requeued_job_goes_on_to_the_end(
    broker: Broker, store: Store, reconciler: Reconciler
) -> None:
    job = submit_stored(broker, store, new_job(**OLD))
    seal_all(broker, claim(broker).lease, job, [4, 4, 4])
    broker.redis.flushall()
    reconciler.step()

    finish(broker)

    assert state_of(broker, job.id) == "succeeded"


def test_events_of_a_requeued_job_are_numbered_above_the_old_ones(
    broker: Broker, store: Store, reconciler: Reconciler
) -> None:
    job = submit_stored(broker, store, new_job(**OLD))
    finish(broker)
    last = broker.events(job.id)[-1].seq
    broker.redis.flushall()
    reconciler.step()

    assert broker.events(job.id, after=last)[0].kind == "accepted"


@pytest.mark.parametrize("end", ["succeeded", "failed", "cancelled"])
def test_ended_job_that_redis_forgot_stays_ended(
    broker: Broker, store: Store, reconciler: Reconciler, end: str
) -> None:
    job = submit_stored(broker, store, new_job(**OLD))
    if end == "succeeded":
        finish(broker)
    elif end == "failed":
        broker.fail(claim(broker).lease, "undecodable_video", "it is a text")
    else:
        broker.cancel(job.id)
    results, before = broker.results(job.id), broker.status(job.id)
    reconciler.step()
    broker.redis.flushall()

    reconciler.step()

    after = broker.status(job.id)
    assert before is not None
    assert after is not None
    assert (after.state, after.code, after.message) == (end, before.code, before.message)
    assert broker.results(job.id) == results
    assert broker.claim_task("media-1") is None


def test_end_that_redis_lost_with_its_last_second_is_restored(
    broker: Broker, store: Store, reconciler: Reconciler
) -> None:
    job = submit_stored(broker, store, new_job(**OLD))
    claim(broker)
    store.put(done_path(job.id), Done("cancelled", time.time(), "cancelled").encode().encode())

    reconciler.step()

    assert state_of(broker, job.id) == "cancelled"
    assert broker.census().jobs["running"] == 0


def test_only_what_was_forgotten_is_told(
    broker: Broker, store: Store, reconciler: Reconciler
) -> None:
    job = submit_stored(broker, store, new_job(**OLD))
    claim(broker)

    reconciler.sweep()

    assert state_of(broker, job.id) == "running"
    assert broker.claim_task("media-2") is None


def test_manifest_of_a_request_in_progress_is_left_alone(
    broker: Broker, store: Store, reconciler: Reconciler
) -> None:
    job = new_job()
    store.put(job_path(job.id), job.encode().encode())

    assert reconciler.sweep() == 1

    assert broker.status(job.id) is None


def test_job_is_recalled_when_it_is_asked_for(broker: Broker, store: Store) -> None:
    job = submit_stored(broker, store)
    finish(broker)
    archive(broker, store, job.id)
    broker.redis.flushall()

    status = recall(broker, store, job.id)

    assert status is not None
    assert (status.state, status.frames, status.people) == ("succeeded", 64, 1)


def test_nothing_is_recalled_of_a_job_that_never_was(broker: Broker, store: Store) -> None:
    assert recall(broker, store, "0" * 32) is None


def test_succeeded_job_keeps_its_video_and_results(broker: Broker, store: Store) -> None:
    job = submit_stored(broker, store)
    finish(broker)
    store.put(part_path(job.id, 0), b"video")
    results = broker.results(job.id)
    for path in (*results.values(), clip_path(job.id, "t1"), result_path(job.id, "t1", "late")):
        store.put(path, b"left over, unless it was committed")

    archive(broker, store, job.id)

    left = {entry.path for entry in store.entries("")}
    manifests = {job_path(job.id), done_path(job.id)}
    assert left == {*manifests, part_path(job.id, 0), *results.values()}
    assert Done.decode(store.get(done_path(job.id))).results == results
    assert broker.unarchived() == []


def test_erased_job_leaves_its_manifests_alone(broker: Broker, store: Store) -> None:
    job = submit_stored(broker, store)
    store.put(part_path(job.id, 0), b"video")
    finish(broker)
    broker.erase(job.id)

    archive(broker, store, job.id)

    left = {entry.path for entry in store.entries(f"jobs/{job.id}/")}
    assert left == {job_path(job.id), done_path(job.id)}
    assert Done.decode(store.get(done_path(job.id))).erased


def test_erased_job_stays_erased_when_redis_forgets(
    broker: Broker, store: Store, reconciler: Reconciler
) -> None:
    job = submit_stored(broker, store, new_job(**OLD))
    broker.erase(job.id)
    archive(broker, store, job.id)
    broker.redis.flushall()

    reconciler.step()

    status = broker.status(job.id)
    assert status is not None
    assert status.erased


def test_too_old_job_goes(broker: Broker, store: Store, reconciler: Reconciler) -> None:
    old = new_job(created_s=time.time() - 2 * RETENTION_S)
    store.put(job_path(old.id), old.encode().encode())
    store.put(end_path(old.id), b"{}")

    reconciler.step()

    assert store.job_ids() == []
    assert broker.status(old.id) is None


def test_only_one_reconciler_acts(broker: Broker, store: Store, reconciler: Reconciler) -> None:
    reconciler.step()
    other = Reconciler(broker, store, RETENTION_S)
    job = new_job(deadline_s=1.0)
    broker.submit(job)

    other.step()
    assert state_of(broker, job.id) == "queued"

    reconciler.step()
    assert state_of(broker, job.id) == "failed"


def test_unreadable_manifest_stops_nobody(
    broker: Broker, store: Store, reconciler: Reconciler
) -> None:
    store.put(job_path("0" * 32), b"not a manifest")
    job = submit_stored(broker, store, new_job(**OLD))
    broker.redis.flushall()

    reconciler.step()

    assert state_of(broker, job.id) == "queued"


def test_thread_does_it_all(broker: Broker, store: Store, reconciler: Reconciler) -> None:
    job = submit_stored(broker, store)
    broker.cancel(job.id)

    with reconciler:
        until = time.monotonic() + 20
        while store.size(done_path(job.id)) is None and time.monotonic() < until:
            time.sleep(0.05)

    assert Done.decode(store.get(done_path(job.id))).state == "cancelled"
