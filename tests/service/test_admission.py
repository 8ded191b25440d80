"""How much may wait: reserved before a video is read, corrected after, fair to who comes back."""

import pytest

from service.broker import Broker
from service.broker_access import NOBODY, Visitor
from service.broker_types import Limits
from service.errors import OverCapacityError
from service.limits import visitor_of
from service.messages import Job
from tests.service.cases import claim, new_job, run_one, seal_all
from tests.service.frozen import Crowd, FrozenTime

TIGHT = Limits(100, 100)
TTL_S = 30.0


def admit(
    broker: Broker, gpu_s: float = 60, tenant: str = "me", who: str = "", limits: Limits = TIGHT
) -> Job:
    job = new_job(tenant, estimated_gpu_s=gpu_s)
    broker.admit(job, limits, Visitor(who, 0), TTL_S)
    return job


def told_s(broker: Broker, gpu_s: float = 60, tenant: str = "me", who: str = "") -> float:
    """What a client that must be refused is told."""
    with pytest.raises(OverCapacityError) as refused:
        admit(broker, gpu_s, tenant, who)
    return refused.value.retry_after_s


# What is reserved.


def test_a_video_on_its_way_counts(any_broker: Broker) -> None:
    admit(any_broker)

    assert any_broker.census().reserved_gpu_s == 60
    assert told_s(any_broker) >= 1


def test_a_submitted_job_takes_its_reservation_over(any_broker: Broker) -> None:
    job = admit(any_broker)

    any_broker.submit(job, TIGHT)

    assert any_broker.census().reserved_gpu_s == 60
    assert any_broker.redis.keys("remocap:upload*") == []


def test_what_was_let_in_is_not_refused_once_it_is_there(broker: Broker) -> None:
    first = admit(broker)
    broker.submit(new_job("me", estimated_gpu_s=60))

    assert broker.submit(first, TIGHT).created


def test_a_reservation_lapses_with_the_process_that_made_it(broker: Broker) -> None:
    time = FrozenTime(broker)
    lost, kept = admit(broker, 10), admit(broker, 20)
    time.now_s += TTL_S - 1
    broker.keep(kept.id, TTL_S)

    time.now_s += 2
    broker.tick()

    assert broker.census().reserved_gpu_s == 20
    assert not broker.keep(lost.id, TTL_S)


def test_an_upload_that_breaks_off_gives_back_what_it_had(broker: Broker) -> None:
    job = admit(broker)

    broker.withdraw(job.id)
    broker.withdraw(job.id)

    assert broker.census().reserved_gpu_s == 0
    assert broker.redis.ttl("remocap:tenant:me") > 0


def test_admitting_twice_reserves_once(broker: Broker) -> None:
    job = new_job("me", estimated_gpu_s=60)
    for _ in range(2):
        broker.admit(job, TIGHT, NOBODY, TTL_S)

    assert broker.census().reserved_gpu_s == 60


def test_a_repeated_request_reserves_nothing(broker: Broker) -> None:
    broker.submit(new_job("me", estimated_gpu_s=60, idempotency_key="k"))

    broker.admit(new_job("me", estimated_gpu_s=60, idempotency_key="k"), TIGHT, NOBODY, TTL_S)

    assert broker.census().reserved_gpu_s == 60


def test_work_that_is_done_waits_no_longer(broker: Broker) -> None:
    job = new_job(estimated_gpu_s=2)
    broker.submit(job)
    seal_all(broker, claim(broker).lease, job, windows=[4] * 10, decoded=False)

    run_one(broker, room=4)

    assert broker.census().reserved_gpu_s == pytest.approx(2 - 4 * 0.05)


def test_a_size_that_becomes_known_lowers_the_guess_and_never_raises_it(broker: Broker) -> None:
    job = new_job(estimated_gpu_s=60)
    broker.submit(job)

    broker.lower(job.id, 70)
    before = broker.census().reserved_gpu_s
    broker.lower(job.id, 5)

    assert (before, broker.census().reserved_gpu_s) == (60, 5)


# Who is let in.


def test_one_tenants_refusals_keep_no_idle_tenant_out(broker: Broker) -> None:
    admit(broker, 60)
    for number in range(20):
        told_s(broker, who=f"poll-{number}")

    assert admit(broker, 40, tenant="you")


def test_a_tenant_over_its_share_leaves_room_for_others(broker: Broker) -> None:
    shares = Limits(total_gpu_s=100, tenant_gpu_s=50)
    admit(broker, 50, limits=shares)

    with pytest.raises(OverCapacityError) as refused:
        admit(broker, 10, limits=shares)

    assert refused.value.code == "tenant_over_limit"
    assert admit(broker, 50, tenant="you", limits=shares)


def test_who_comes_back_in_time_goes_before_a_newcomer(broker: Broker) -> None:
    time = FrozenTime(broker)
    first = admit(broker, 60)
    time.now_s += told_s(broker, who="early")
    broker.withdraw(first.id)
    admit(broker, 30, who="else")

    assert told_s(broker, 60, who="newcomer") >= 1
    assert admit(broker, 60, who="early")


def test_a_place_that_nobody_takes_is_given_away(broker: Broker) -> None:
    time = FrozenTime(broker)
    first = admit(broker, 60)
    time.now_s += told_s(broker, who="ghost")
    broker.withdraw(first.id)
    admit(broker, 30, who="else")

    time.now_s += 5

    assert admit(broker, 60, who="newcomer")


def test_the_next_in_line_is_told_a_later_time(broker: Broker) -> None:
    FrozenTime(broker)
    admit(broker, 60)

    told = [told_s(broker, who=f"guest-{number}") for number in range(3)]

    assert told == [20, 80, 140]  # a worker is thought to do a GPU-second in a second


def test_a_client_is_known_by_what_it_asks_for() -> None:
    job = new_job("me", estimated_gpu_s=5)
    others = [
        visitor_of(job, "10.0.0.2"),
        visitor_of(new_job("you", estimated_gpu_s=5), "10.0.0.1"),
        visitor_of(new_job("me", estimated_gpu_s=6), "10.0.0.1"),
        visitor_of(new_job("me", estimated_gpu_s=5, idempotency_key="k"), "10.0.0.1"),
    ]
    again = visitor_of(new_job("me", estimated_gpu_s=5), "10.0.0.1")

    assert visitor_of(job, "10.0.0.1") == again
    assert len({visitor.name for visitor in [again, *others]}) == 5
    assert [visitor.is_named for visitor in others] == [0, 0, 0, 1]


# A crowd ten times too large.


@pytest.mark.parametrize(
    "crowd",
    [
        {},
        {"uneven": 0.8},
        {"alike": True},
        {"pace_gpu_s": 0.02, "cost_gpu_s": 0.003, "limit_gpu_s": 0.08},  # as on a CPU
        {"pace_gpu_s": 20, "cost_gpu_s": 3, "limit_gpu_s": 80},  # as on many GPUs
    ],
    ids=["even", "uneven", "alike", "slow", "fast"],
)
def test_who_is_refused_is_told_the_truth(broker: Broker, crowd: dict[str, float]) -> None:
    guests = Crowd(broker, **crowd)  # type: ignore[arg-type]

    guests.run()

    told = guests.truth
    assert guests.success >= 0.8
    assert len(told) > 5
    assert sum(0.5 <= ratio <= 2 for ratio in told) >= 0.8 * len(told)
    assert guests.busy_share(until_s=30) >= 0.95


def test_ghosts_do_not_idle_the_device(broker: Broker) -> None:
    guests = Crowd(broker, ghosts=0.9, times=3, for_s=20)

    guests.run()

    assert guests.busy_share(until_s=20) >= 0.9
    assert guests.success >= 0.8
