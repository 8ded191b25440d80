"""Webhooks from a job's end to the receiver: signed, repeated until they arrive, told apart."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator

import pytest

from service.broker import Broker
from service.settings import Settings
from service.store import Store
from service.webhooks import Signer, sign
from tests.load.fleet import wait_for
from tests.service.receiver import Call, Receiver, receiving
from tests.service.web import Api, Hand, serving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def api(
    settings: Settings, store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Api]:
    monkeypatch.setattr("service.webhooks_courier.DELAYS_S", (0.1, 0.1, 0.1))
    monkeypatch.setattr("service.webhooks_courier.POLL_S", 0.05)
    allowing = settings.model_copy(update={"webhook_allow": "127.0.0.1"})
    with serving(allowing, store, broker) as api:
        yield api


def url_of(receiver: Receiver) -> str:
    return f"http://127.0.0.1:{receiver.port}/hook?for=me"


def finish_one(api: Api, hand: Hand, receiver: Receiver) -> str:
    job_id = str(api.post(webhook=url_of(receiver)).json()["id"])
    hand.finish()
    return job_id


def is_signed(call: Call, secret: str) -> bool:
    """What a receiver checks."""
    said = f"{call.headers['webhook-id']}.{call.headers['webhook-timestamp']}.".encode() + call.body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    code = base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()
    return f"v1,{code}" in call.headers["webhook-signature"].split(" ")


def test_a_signature_is_that_of_standard_webhooks() -> None:
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'

    found = sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)

    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="  # their own example


def test_a_job_that_has_ended_is_told(api: Api, hand: Hand, receiver: Receiver) -> None:
    job_id = finish_one(api, hand, receiver)

    call = receiver.next()

    said = json.loads(call.body)
    assert call.path == "/hook?for=me"
    assert (said["type"], said["data"]["id"]) == ("job.succeeded", job_id)
    assert is_signed(call, api.http.get("/v1/webhooks/secret").json()["secret"])


def test_a_job_that_failed_is_told_with_its_reason(
    api: Api, hand: Hand, broker: Broker, receiver: Receiver
) -> None:
    api.post(webhook=url_of(receiver))
    broker.fail(hand.claim().lease, "undecodable_video", "it cannot be decoded")

    said = json.loads(receiver.next().body)

    assert (said["type"], said["data"]["error"]["code"]) == ("job.failed", "undecodable_video")


def test_attempts_are_repeated_under_one_id_until_one_succeeds(
    api: Api, hand: Hand, receiver: Receiver
) -> None:
    receiver.answers = [500, 302]
    finish_one(api, hand, receiver)

    calls = [receiver.next() for _ in range(3)]

    assert len({call.headers["webhook-id"] for call in calls}) == 1
    assert len({call.body for call in calls}) == 1
    assert all(
        is_signed(call, api.http.get("/v1/webhooks/secret").json()["secret"]) for call in calls
    )


@pytest.mark.parametrize("answers", [[204], [410], [500, 500, 500, 500]], ids=str)
def test_delivered_unwanted_or_given_up_it_is_over(
    api: Api, hand: Hand, broker: Broker, receiver: Receiver, answers: list[int]
) -> None:
    receiver.answers = list(answers)
    finish_one(api, hand, receiver)

    wait_for(lambda: receiver.calls.qsize() == len(answers), 20)

    wait_for(lambda: broker.redis.zcard("remocap:hooks") == 0, 20)
    assert receiver.calls.qsize() == len(answers)


def test_what_another_process_took_and_lost_is_taken_up(
    settings: Settings, store: Store, broker: Broker, hand: Hand, receiver: Receiver
) -> None:
    allowing = settings.model_copy(update={"webhook_allow": "127.0.0.1"})
    with serving(allowing, store, broker) as first:
        first.post(webhook=f"http://127.0.0.1:{receiver.port}/")
    hand.finish()
    (due,) = broker.due_hooks(10)  # a process that dies now
    assert broker.due_hooks(10) == []
    broker.redis.zadd("remocap:hooks", {due.job: 0})  # a minute later

    with serving(allowing, store, broker):
        assert receiver.next().headers["webhook-id"] == f"msg_{due.job}"


def test_a_slow_receiver_does_not_keep_others_waiting(
    api: Api, hand: Hand, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.webhooks_courier.MOST_OF_A_TENANT", 0)
    finish_one(api, hand, receiver)
    wait_for(lambda: api.front.broker.redis.zcard("remocap:hooks") == 1, 20)
    monkeypatch.setattr("service.webhooks_courier.MOST_OF_A_TENANT", 1)

    assert receiver.next()


def test_a_webhook_that_is_not_allowed_is_refused_before_the_video(api: Api, store: Store) -> None:
    answer = api.post(webhook="https://169.254.169.254/latest")

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_webhook")
    assert not any(entry.path.startswith("jobs/") for entry in store.entries("jobs/"))


def test_a_webhook_is_not_shown(api: Api, receiver: Receiver) -> None:
    job_id = api.post(webhook=url_of(receiver)).json()["id"]

    assert "hook?for=me" not in api.http.get(f"/v1/jobs/{job_id}").text


def test_tenants_have_secrets_of_their_own_that_stay(store: Store) -> None:
    first, second = Signer(store).secret_of("a"), Signer(store).secret_of("b")

    assert first != second
    assert Signer(store).secret_of("a") == first
    assert 24 <= len(base64.b64decode(first.removeprefix("whsec_"))) <= 64
