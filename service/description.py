"""What FastAPI says of the interface in `/v1/openapi.json`, put right where it is mistaken."""

from typing import Any

from fastapi import FastAPI

from service.problems import MEDIA_TYPE

_PROBLEM = {"$ref": "#/components/schemas/Problem"}


def describe(app: FastAPI) -> None:
    """Have an application describe its problem documents and streams as what they are."""
    describe_itself = app.openapi

    def openapi() -> dict[str, Any]:
        is_new = app.openapi_schema is None
        said = describe_itself()
        if is_new:
            for operations in said["paths"].values():
                for operation in operations.values():
                    for response in operation["responses"].values():
                        _put_right(response.get("content", {}))
        return said

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's documentation does it


def _put_right(content: dict[str, Any]) -> None:
    for kind in [kind for kind, said in content.items() if said.get("schema") == _PROBLEM]:
        content[MEDIA_TYPE] = content.pop(kind)
    if "text/event-stream" in content:
        content["text/event-stream"] = {}  # a stream of events, and no string
