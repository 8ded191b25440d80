"""Every error has its gRPC code, and the message of a status says what REST says."""

import pytest
from grpc import StatusCode

from model import errors as model_errors
from model.errors import RemocapError
from service import errors
from service.rpc_errors import CODES, code_of, status_of


def tree(kind: type[RemocapError]) -> list[type[RemocapError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in tree(child))]


@pytest.mark.parametrize(
    "kind",
    [k for k in tree(RemocapError) if k.__module__ in {errors.__name__, model_errors.__name__}],
)
def test_every_error_has_a_code(kind: type[RemocapError]) -> None:
    assert kind in CODES


def test_an_error_of_another_module_has_its_bases_code() -> None:
    class Special(errors.NotFoundError):
        pass

    assert code_of(Special) == StatusCode.NOT_FOUND


def test_a_message_is_as_long_as_a_header_may_be() -> None:
    assert len(status_of(RemocapError("internal", "x" * 10**6)).details) < 8000
