"""The decoder's parts limit the process that runs them; here that is the tests' own."""

import resource
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _cpu_time_stays_unlimited() -> Iterator[None]:
    """Undo what a reader asks for with every frame: the CPU time it may still use."""
    before = resource.getrlimit(resource.RLIMIT_CPU)
    yield
    resource.setrlimit(resource.RLIMIT_CPU, before)
