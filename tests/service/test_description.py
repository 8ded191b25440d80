"""What the REST interface says of itself, where FastAPI alone would be mistaken."""

import pytest

from tests.api_page import Document, openapi


@pytest.fixture(scope="module")
def paths() -> Document:
    return dict(openapi()["paths"])


def test_a_name_for_a_request_is_read_where_jobs_are_made(paths: Document) -> None:
    read_by = {
        f"{method} {path}"
        for path, methods in paths.items()
        for method, told in methods.items()
        if any(one["name"] == "Idempotency-Key" for one in told.get("parameters", ()))
    }

    assert read_by == {"post /v1/reconstruct"}
