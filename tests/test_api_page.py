"""docs/api.md is what the interfaces say today."""

from tests.api_page import PAGE, openapi, write


def test_the_page_is_of_today() -> None:
    assert PAGE.read_text() == write(), "run: make docs/api.md"


def test_every_path_and_every_method_of_grpc_is_on_it() -> None:
    page = PAGE.read_text()

    assert {path for path in openapi()["paths"] if f" {path}`" not in page} == set()
    for method in ("Reconstruct", "Watch", "GetJob", "ListJobs", "CancelJob", "GetTopology"):
        assert f"rpc {method}(" in page
    for heading in ("service Reconstruction", "message Meshes", "message TopologyChunk"):
        assert f"### `{heading}`" in page
