"""A short run of `make contract`: the interface is as it describes itself."""

import pytest

from tests.load.contract import Effort, contract

pytestmark = pytest.mark.slow


def test_whatever_is_asked_is_answered_as_described() -> None:
    assert contract("lab", Effort(examples=2, phases="fuzzing"))
