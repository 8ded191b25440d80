"""Errors as answers: every class has its status, and every answer says what to do."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

import service.errors
from model.errors import InputError, RemocapError
from service.errors import OverCapacityError
from service.problems import STATUSES, handle_errors, problem_response


def every_class(kind: type[RemocapError] = RemocapError) -> set[type[RemocapError]]:
    return {kind}.union(*map(every_class, kind.__subclasses__()))


def ours() -> list[type[RemocapError]]:
    """Classes of the two trees; tests of other files may define their own."""
    homes = {"model.errors", service.errors.__name__}
    found = {kind for kind in every_class() if kind.__module__ in homes}
    return sorted(found, key=lambda kind: kind.__name__)


def test_the_table_is_total() -> None:
    assert set(STATUSES) == set(ours())


@pytest.mark.parametrize("kind", ours())
def test_a_status_says_whose_fault_it_is(kind: type[RemocapError]) -> None:
    assert 400 <= STATUSES[kind] <= 599


def test_a_later_class_has_the_status_of_its_base() -> None:
    class NewError(InputError):
        pass

    assert problem_response(NewError("new", "new")).status_code == STATUSES[InputError]


def test_who_may_try_again_is_told_when() -> None:
    answer = problem_response(OverCapacityError("service_over_limit", "too much", 2.2))

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")


def answer_of(path: str) -> dict[str, object]:
    """Ask a small application for a path; the problem it answers with."""
    app = FastAPI()
    handle_errors(app)

    @app.get("/known")
    def known() -> None:
        raise InputError("undecodable_video", "clip.mp4 cannot be decoded; convert it")

    @app.get("/unknown")
    def unknown() -> None:
        raise ZeroDivisionError("secret")

    @app.get("/number")
    def number(count: int) -> int:
        return count

    answer = TestClient(app, raise_server_exceptions=False).get(path)
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, object] = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["title"]
    return problem


@pytest.mark.parametrize(
    ("path", "status", "code", "detail"),
    [
        ("/known", 422, "undecodable_video", "clip.mp4 cannot be decoded; convert it"),
        (
            "/unknown",
            500,
            "internal",
            "something went wrong here; the log of this server says what",
        ),
        ("/nowhere", 404, "unknown_path", "GET /nowhere: Not Found; see /docs"),
    ],
)
def test_an_error_becomes_a_problem(path: str, status: int, code: str, detail: str) -> None:
    problem = answer_of(path)

    assert (problem["status"], problem["code"], problem["detail"]) == (status, code, detail)


def test_a_wrong_parameter_is_named() -> None:
    problem = answer_of("/number?count=many")

    assert problem["code"] == "bad_option"
    assert str(problem["detail"]).startswith("count: ")
