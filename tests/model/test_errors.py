"""The tree that the fronts rely on."""

import pickle

import pytest

from model.errors import InputError, NobodyFoundError, OutputError, RemocapError, UsageError

STATUSES = {RemocapError: 1, UsageError: 2, InputError: 3, OutputError: 3, NobodyFoundError: 4}


def test_every_class_has_its_exit_status() -> None:
    ours = {kind for kind in RemocapError.__subclasses__() if kind.__module__ == "model.errors"}

    assert {RemocapError, *ours} == set(STATUSES)
    assert {kind: kind.exit_status for kind in STATUSES} == STATUSES


@pytest.mark.parametrize("kind", STATUSES)
def test_an_error_survives_the_way_from_another_process(kind: type[RemocapError]) -> None:
    copy = pickle.loads(pickle.dumps(kind("some_code", "what, and what to do")))

    assert type(copy) is kind
    assert (copy.code, copy.message, str(copy)) == ("some_code", *["what, and what to do"] * 2)
