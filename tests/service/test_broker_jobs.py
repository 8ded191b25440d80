"""Jobs from submission to being forgotten, on a real Redis of each release."""

from itertools import islice

import pytest

from service.broker import Broker
from service.broker_types import Change, Limits
from service.errors import IdempotencyConflictError, NotReadyError, OverCapacityError
from service.messages import ExportRequest
from tests.service.cases import claim, new_job, run_all, sealed_job


def test_submitted_job_waits_for_media(any_broker: Broker) -> None:
    job = new_job(filename="walk.mp4")

    submitted = any_broker.submit(job)

    status = any_broker.status(job.id)
    assert submitted == (job.id, True)
    assert status is not None
    assert (status.job, status.state) == (job, "queued")


def test_unknown_job_has_no_status(broker: Broker) -> None:
    assert broker.status("nowhere") is None


def test_submitting_twice_changes_nothing(broker: Broker) -> None:
    job = new_job()
    broker.submit(job)
    claim(broker)

    assert broker.submit(job) == (job.id, True)

    assert broker.claim_task("media-2") is None


def test_same_idempotency_key_answers_with_the_first_job(broker: Broker) -> None:
    first = new_job(idempotency_key="mine", request_digest="d1")
    again = new_job(idempotency_key="mine", request_digest="d1")
    broker.submit(first)

    assert broker.submit(again) == (first.id, False)

    assert broker.status(again.id) is None


def test_same_idempotency_key_for_another_request_is_refused(broker: Broker) -> None:
    first = new_job(idempotency_key="mine", request_digest="d1")
    other = new_job(idempotency_key="mine", request_digest="d2")
    broker.submit(first)

    with pytest.raises(IdempotencyConflictError, match=first.id):
        broker.submit(other)


def test_idempotency_keys_are_a_tenants_own(broker: Broker) -> None:
    mine = new_job("me", idempotency_key="key", request_digest="d1")
    yours = new_job("you", idempotency_key="key", request_digest="d2")
    broker.submit(mine)

    assert broker.submit(yours) == (yours.id, True)


def test_tenant_over_its_limit_is_told_when_to_come_back(any_broker: Broker) -> None:
    limits = Limits(total_gpu_s=1000, tenant_gpu_s=100)
    any_broker.submit(new_job("me", estimated_gpu_s=80), limits)

    with pytest.raises(OverCapacityError) as refused:
        any_broker.submit(new_job("me", estimated_gpu_s=30), limits)

    assert refused.value.code == "tenant_over_limit"
    assert 1 <= refused.value.retry_after_s <= 3600
    assert any_broker.submit(new_job("you", estimated_gpu_s=30), limits).created


def test_service_over_its_limit_refuses_everybody(broker: Broker) -> None:
    limits = Limits(total_gpu_s=100, tenant_gpu_s=100)
    broker.submit(new_job("me", estimated_gpu_s=80), limits)

    with pytest.raises(OverCapacityError, match="the service has 80 s"):
        broker.submit(new_job("you", estimated_gpu_s=30), limits)


def test_single_job_over_the_limit_is_taken_where_nothing_waits(broker: Broker) -> None:
    job = new_job(estimated_gpu_s=500)

    assert broker.submit(job, Limits(total_gpu_s=100, tenant_gpu_s=100)).created


def test_ended_job_gives_its_reservation_back(broker: Broker) -> None:
    limits = Limits(total_gpu_s=100, tenant_gpu_s=100)
    first = new_job(estimated_gpu_s=80)
    broker.submit(first, limits)
    broker.cancel(first.id)

    assert broker.submit(new_job(estimated_gpu_s=80), limits).created
    assert broker.census().reserved_gpu_s == 80


def test_cancelled_job_stays_so(any_broker: Broker) -> None:
    job = new_job()
    any_broker.submit(job)

    assert any_broker.cancel(job.id, "cancelled", "by its owner")

    status = any_broker.status(job.id)
    assert status is not None
    assert (status.state, status.code, status.message) == ("cancelled", "cancelled", "by its owner")
    assert not any_broker.cancel(job.id)
    assert any_broker.claim_task("media-1") is None


def test_erased_job_keeps_nothing_but_its_name(broker: Broker) -> None:
    job = sealed_job(broker)
    run_all(broker)

    assert broker.erase(job.id)

    status = broker.status(job.id)
    assert status is not None
    assert status.erased
    assert broker.results(job.id) == {}
    assert broker.events(job.id) == []


def test_jobs_are_listed_latest_first_and_by_page(broker: Broker) -> None:
    jobs = [new_job() for _ in range(5)]
    for job in [*jobs, new_job("somebody")]:
        broker.submit(job)

    first = broker.list_jobs("public", limit=3)
    rest = broker.list_jobs("public", limit=3, before=first[-1].job.id)

    listed = [status.job.id for status in [*first, *rest]]
    assert listed == [job.id for job in reversed(jobs)]


def test_events_number_every_commit(any_broker: Broker) -> None:
    job = sealed_job(any_broker, windows=[1] * 6)
    run_all(any_broker)

    events = any_broker.events(job.id)

    assert [event.seq for event in events] == list(range(1, 9))
    kinds = [event.kind for event in events]
    assert kinds == ["accepted", *["clip_committed"] * 6, "finished"]


def test_events_resume_after_a_number(broker: Broker) -> None:
    job = sealed_job(broker, windows=[1] * 6)
    run_all(broker)

    events = broker.events(job.id, after=3, limit=2)

    assert [event.seq for event in events] == [4, 5]


def test_deadline_ends_a_job(broker: Broker) -> None:
    job = new_job(deadline_s=1.0)
    broker.submit(job)

    broker.tick()

    status = broker.status(job.id)
    assert status is not None
    assert (status.state, status.code) == ("failed", "deadline_exceeded")


def test_old_job_is_forgotten_with_all_its_keys(any_broker: Broker) -> None:
    empty = set(any_broker.redis.keys())
    job = sealed_job(any_broker, idempotency_key="mine")
    run_all(any_broker)
    any_broker.request_export(ExportRequest(job.id, "glb-1", "glb"))
    any_broker.redis.zadd("remocap:over", {job.id: 1})

    any_broker.tick()

    left = {str(key) for key in set(any_broker.redis.keys()) - empty}
    assert not [key for key in left if job.id in key or "mine" in key]
    assert any_broker.list_jobs("public") == []
    assert any_broker.census().jobs["succeeded"] == 0


def test_export_is_made_once(broker: Broker) -> None:
    job = sealed_job(broker)
    run_all(broker)
    request = ExportRequest(job.id, "glb-1", "glb", {"smooth": "light"})

    states = [broker.request_export(request).state for _ in range(2)]
    task = claim(broker)
    broker.export_done(task.lease, "exports/glb-1.glb", 1234)

    assert states == ["pending", "pending"]
    assert (task.kind, task.export, task.job) == ("export", request, job)
    assert broker.claim_task("media-2") is None
    ready = broker.export_state(job.id, "glb-1")
    assert ready is not None
    assert (ready.state, ready.path, ready.size_bytes) == ("ready", "exports/glb-1.glb", 1234)


def test_failed_export_is_tried_again_when_asked_again(broker: Broker) -> None:
    job = sealed_job(broker)
    run_all(broker)
    request = ExportRequest(job.id, "glb-1", "glb")
    broker.request_export(request)
    broker.fail(claim(broker).lease, "too_large_for_format", "use .npz")

    failed = broker.export_state(job.id, "glb-1")
    again = broker.request_export(request)

    assert failed is not None
    assert (failed.state, failed.code) == ("failed", "too_large_for_format")
    assert again.state == "pending"


def test_running_job_has_no_exports(broker: Broker) -> None:
    job = new_job()
    broker.submit(job)

    with pytest.raises(NotReadyError, match="queued, expected succeeded"):
        broker.request_export(ExportRequest(job.id, "glb-1", "glb"))


def test_others_still_watch_when_one_leaves(broker: Broker) -> None:
    job = new_job()
    broker.submit(job)
    broker.watch(job.id, "a")
    broker.watch(job.id, "b")

    assert broker.unwatch(job.id, "a") == 1
    assert broker.unwatch(job.id, "b") == 0


def test_watcher_that_is_silent_counts_no_more(broker: Broker) -> None:
    job = new_job()
    broker.submit(job)
    broker.watch(job.id, "gone", ttl_s=0)
    broker.watch(job.id, "a")

    assert broker.unwatch(job.id, "a") == 0


def test_change_is_notified(broker: Broker) -> None:
    changes = broker.notifications(poll_s=0.1)
    assert next(changes) is None, "nothing has changed yet"
    job = new_job()

    broker.submit(job)
    assert next(changes) == Change(job.id, over=False)
    broker.cancel(job.id)
    ends = [change for change in islice(changes, 3) if change and change.over]
    assert [broker.read_ending(change) for change in ends] == [broker.status(job.id)]


def test_a_change_of_another_version_tells_no_ending(broker: Broker) -> None:
    assert broker.read_ending(Change("1", over=True)) is None
    assert broker.read_ending(Change("1", over=True, ending='[["body", "{}"], 0, {}]')) is None
    assert broker.read_ending(Change("1", over=True, ending="[")) is None


def test_status_of_a_job_that_succeeded_names_its_results(any_broker: Broker) -> None:
    changes = any_broker.notifications(poll_s=0.1)
    assert next(changes) is None, "nothing has changed yet"
    job = sealed_job(any_broker, windows=[4, 4])
    run_all(any_broker)

    status = any_broker.status(job.id)

    assert status is not None
    assert status.results == any_broker.results(job.id)
    assert len(status.results) == 2
    assert status in [any_broker.read_ending(change) for change in islice(changes, 12) if change]


def test_many_results_do_not_come_with_the_status(broker: Broker) -> None:
    job = sealed_job(broker, windows=[4] * 17)
    run_all(broker)

    status = broker.status(job.id)

    assert status is not None
    assert status.results == {}
    assert len(broker.results(job.id)) == 17


def test_census_counts(broker: Broker) -> None:
    broker.submit(new_job(estimated_gpu_s=2))
    broker.submit(new_job("other", estimated_gpu_s=3))
    claim(broker)

    census = broker.census()

    assert (census.jobs["queued"], census.jobs["running"]) == (1, 1)
    assert census.reserved_gpu_s == 5
    assert census.tasks == {"decode": 1, "export": 0}
