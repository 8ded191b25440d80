"""No secret is shown: in logs, answers, errors of commands, and `remocap config`."""

import io
import logging
import os
import subprocess
import sys

import pytest

from service.broker import Broker
from service.errors import BrokerUnavailableError
from service.logs import get_log, set_up_logs
from service.problems import problem_response
from service.rpc_errors import status_of
from service.security_masks import learn, mask
from service.settings import Settings
from service.store import Store
from tests.service.web import serving

KEY = "rmc_0123456789ab_" + "k" * 43
LINK = f"{'0' * 32}.1790000000.0123456789ab.{'s' * 43}"
SECRETS = {
    "a key": (KEY, "k" * 43),
    "a link": (LINK, "s" * 43),
    "a bearer's word": ("authorization: Bearer abcdef123456", "abcdef123456"),
    "a session": ("cookie: remocap_session=abcdef123456", "abcdef123456"),
    "a webhook's secret": (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    ),
    "a URL's password": ("redis://user:hunter22@queue:6379/0", "hunter22"),
    "a URL's password with a slash": ("redis://:hun/ter22@queue:6379", "hun/ter22"),
}


@pytest.mark.parametrize("kind", SECRETS)
def test_what_looks_like_a_secret_is_masked(kind: str) -> None:
    text, secret = SECRETS[kind]

    assert secret not in mask(f"it is {text}, and more")


@pytest.mark.parametrize(
    "text",
    ["see http://localhost:8000/docs", "job " + "0" * 32, "s3://bucket/prefix", "Basic setup"],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert mask(text) == text


def test_a_secret_of_the_settings_is_masked_whatever_it_looks_like() -> None:
    learn(["plain words of old"])

    assert mask("it was plain words of old.") == "it was ***."


@pytest.mark.parametrize("kind", SECRETS)
def test_no_line_of_a_log_holds_a_secret(kind: str) -> None:
    text, secret = SECRETS[kind]
    out = io.StringIO()
    set_up_logs("test", form="json", to=out)
    try:
        raise ValueError(text)
    except ValueError:
        get_log("ours").exception("failed", said=text)
        logging.getLogger("theirs").warning("%s", text)

    assert out.getvalue().count("***") >= 3
    assert secret not in out.getvalue()


def test_no_answer_holds_a_secret() -> None:
    error = BrokerUnavailableError("redis_unavailable", "redis://:hunter22@queue does not answer")

    assert b"hunter22" not in problem_response(error).body
    assert "hunter22" not in str(status_of(error))


def test_what_redis_says_is_masked_before_it_is_passed_on(settings: Settings, store: Store) -> None:
    nowhere = Broker("redis://:hunter22@nowhere.invalid:1", patience_s=0.1)

    with serving(settings, store, nowhere) as api:
        answers = [api.post().text, api.http.get("/readyz").text]

    assert "redis_unavailable" in answers[0]
    assert not any("hunter22" in text for text in answers)


@pytest.mark.parametrize(
    ("command", "variables"),
    [
        (["config"], {"REMOCAP_REDIS_URL": "redis://:hunter22@queue:6379"}),
        (["config"], {"REMOCAP_REDIS_URL": "redis://queue?password=hunter22"}),
        (["config"], {"REMOCAP_STORE_URL": "s3://id:hunter22@bucket/prefix"}),
        (["api"], {"REMOCAP_REDIS_URL": "redis://:hunter22/@queue:port"}),
        (["keys", "list"], {"REMOCAP_STORE_URL": "what://id:hunter22@bucket"}),
    ],
    ids=["redis", "query", "store", "bad redis", "bad store"],
)
def test_no_command_prints_a_secret(command: list[str], variables: dict[str, str]) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "service", *command],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert told.returncode in {0, 1, 2}
    assert told.stdout + told.stderr != ""
    assert "hunter22" not in told.stdout + told.stderr
