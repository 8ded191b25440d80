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


@pytest.mark.parametrize("place", ["result", "preview.mp4", "thumbnail.jpg"])
def test_a_file_may_still_be_in_the_making(paths: Document, place: str) -> None:
    answers = paths[f"/v1/jobs/{{job_id}}/{place}"]["get"]["responses"]

    pending = {"application/json": {"schema": {"$ref": "#/components/schemas/Pending"}}}
    assert answers["202"]["content"] == pending


def test_who_waits_may_be_told_that_a_file_is_still_in_the_making(paths: Document) -> None:
    content = paths["/v1/reconstruct"]["post"]["responses"]["202"]["content"]

    told = [one["$ref"].rsplit("/", 1)[1] for one in content["application/json"]["schema"]["anyOf"]]
    assert told == ["Accepted", "Pending"]
