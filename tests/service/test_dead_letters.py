"""`remocap dead-letters`: what an operator is shown of clips that were given up."""

import sys
from contextlib import suppress

import pytest

from service.broker import Broker
from service.cli import main
from tests.service.cases import sealed_job, take


@pytest.fixture
def ask(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], redis_address: str
) -> "Ask":
    return Ask(monkeypatch, capsys, redis_address)


class Ask:
    """Runs the command; its status, standard output and standard error."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        redis_address: str,
    ) -> None:
        self._capsys = capsys
        monkeypatch.setattr(sys, "argv", ["remocap", "dead-letters"])
        monkeypatch.setenv("REMOCAP_REDIS_URL", redis_address)

    def __call__(self) -> tuple[str, str]:
        with suppress(SystemExit):
            main()
        said = self._capsys.readouterr()
        return said.out, said.err


def test_a_letter_says_whose_it_is_and_why(broker: Broker, ask: Ask) -> None:
    job = sealed_job(broker)
    (delivery,) = broker.started(take(broker))
    broker.fail_clip(delivery, "network_failed", "it raised")

    (line,) = ask()[0].splitlines()

    assert f"job {job.id}, 1 attempts, network_failed: frames 0 to " in line
    assert line.endswith("it raised")


def test_without_any_it_says_so(ask: Ask) -> None:
    assert ask() == ("", "no dead letters\n")
