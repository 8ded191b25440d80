"""Messages survive the way through Redis and the store, and other versions are refused."""

import pickle

import pytest

from model.errors import RemocapError
from service import errors
from service.errors import BadMessageError, LaterError, OverCapacityError
from service.messages import ClipRequest, DeadClip, Done, Event, ExportRequest, Message
from tests.service.cases import new_clip, new_job

JOB = new_job(deadline_s=12.5, idempotency_key='quotes " and ünïcode', filename="a.mp4")
CLIP = new_clip(JOB, 7)
MESSAGES: list[Message] = [
    JOB,
    CLIP,
    Event(3, "clip_committed", 1.5, {"clip": "t1-f0-n8", "frames": 8}),
    ExportRequest(JOB.id, "glb-1", "glb", {"smooth": "light", "loop": True}),
    DeadClip(CLIP, 3, "clip_crashed", "frames 0 to 7", 1.5),
    Done("failed", 1.5, "undecodable_video", "a text", {"t1-f0-n8": "results/x"}),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_message_is_read_as_it_was_written(message: Message) -> None:
    assert type(message).decode(message.encode()) == message


def test_clip_request_is_small() -> None:
    assert len(CLIP.encode()) < 1024


def test_field_of_a_later_release_is_ignored() -> None:
    text = CLIP.encode().replace("{", '{"colour":"red",', 1)

    assert ClipRequest.decode(text) == CLIP


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nonsense", "expected ident"),
        ("[1]", "version is None"),
        ('{"v":2}', "version is 2"),
        ('{"v":1,"job":3}', "job"),
    ],
)
def test_what_is_no_message_is_named(text: str, reason: str) -> None:
    with pytest.raises(BadMessageError, match=reason):
        ClipRequest.decode(text)


def test_model_key_tells_weights_apart() -> None:
    other = new_job(weights_sha256="cd" * 32)

    assert JOB.model_key == "tiny@abababababab"
    assert other.model_key != JOB.model_key


@pytest.mark.parametrize(
    "kind",
    [kind for kind in vars(errors).values() if isinstance(kind, type)],
    ids=lambda kind: kind.__name__,
)
def test_error_survives_the_way_from_a_child(kind: type[RemocapError]) -> None:
    if not issubclass(kind, RemocapError):
        pytest.skip("no error of ours")
    error = pickle.loads(pickle.dumps(kind("some_code", "what to do")))

    assert (type(error), error.code, error.message) == (kind, "some_code", "what to do")


def test_when_to_come_back_survives_too() -> None:
    error = pickle.loads(pickle.dumps(OverCapacityError("tenant_over_limit", "later", 7.5)))

    assert isinstance(error, LaterError)
    assert error.retry_after_s == 7.5
