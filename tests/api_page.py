"""Write docs/api.md from what the interfaces say of themselves: OpenAPI, and the .proto files.

python -m tests.api_page        `make docs/api.md`; a test holds that the page is of today
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from service.api import create_app
from service.broker import Broker
from service.settings import load_settings
from service.store import Store

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "api.md"
HEAD = """# The interfaces

This page is made by `make docs/api.md` from the OpenAPI document that a server shows at
`/v1/openapi.json` (and for people at `/docs`), and from `proto/`. Formats of results are in
[formats.md](formats.md), the bytes of streams in [streams.md](streams.md), axes and cameras in
[geometry.md](geometry.md).
"""
REST = """
## REST
Errors are problem documents (RFC 9457, `application/problem+json`) with a stable `code`; 429 and
503 carry `Retry-After`.
"""
Document = Mapping[str, Any]


def openapi() -> Document:
    """What the api says of itself; nothing is connected to."""
    settings = load_settings(redis_url="redis://127.0.0.1:9", store_url="memory:///")
    document: Document = create_app(settings, Store.of(settings), Broker.of(settings)).openapi()
    return document


def cell(text: object) -> str:
    """Text as it stands in a table."""
    return " ".join(str(text).replace("|", "\\|").split())


def table(head: str, rows: list[tuple[object, ...]]) -> Iterator[str]:
    """A table, unless it were empty."""
    if rows:
        yield f"\n| {head} |"
        yield "|" + "---|" * (head.count("|") + 1)
        yield from ("| " + " | ".join(cell(one) for one in row) + " |" for row in rows)


def kind(schema: Document) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(kind(one) for one in schema[key])
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        return f"list of {kind(schema.get('items', {}))}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"map to {kind(schema['additionalProperties'])}"
    return _plain(schema)


def _plain(schema: Document) -> str:
    name = str(schema.get("format") or schema.get("type", "any"))
    words = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    bounds = [f"{sign} {schema[key]}" for key, sign in words.items() if key in schema]
    return " ".join([name, *bounds])


def operation(method: str, path: str, told: Document) -> Iterator[str]:
    """One method of a path."""
    yield f"\n### `{method.upper()} {path}`"
    yield str(told.get("description") or told.get("summary", ""))
    rows: list[tuple[object, ...]] = [
        (f"`{one['name']}`", one["in"], kind(one["schema"]), one.get("description", ""))
        for one in told.get("parameters", ())
        if one["in"] != "path"
    ]
    yield from table("parameter | in | type | meaning", rows)
    bodies = told.get("requestBody", {}).get("content", {})
    yield from table("body | fields", [(f"`{k}`", fields(v["schema"])) for k, v in bodies.items()])
    answers = [answer(code, one) for code, one in told["responses"].items() if "X" not in code]
    yield from table("answer | type | what", answers)


def fields(schema: Document) -> str:
    """The fields of a form; of anything else its type."""
    named = schema.get("properties")
    if not named:
        return kind(schema)
    extra = ", options" if schema.get("additionalProperties") else ""
    return ", ".join(f"`{name}`: {kind(one)}" for name, one in named.items()) + extra


def answer(code: str, told: Document) -> tuple[object, ...]:
    """Status, types and meaning of an answer."""
    shown = [
        kind(one["schema"]) if {"$ref", "anyOf"} & one.get("schema", {}).keys() else f"`{name}`"
        for name, one in told.get("content", {}).items()
    ]
    what = told.get("description", "").replace("Successful Response", "")
    return code, ", ".join(dict.fromkeys(shown)), what


def rest(document: Document) -> Iterator[str]:
    """All paths, then all types."""
    yield REST
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            yield from operation(method, path, told)
    yield "\n### Types"
    for name, schema in sorted(document.get("components", {}).get("schemas", {}).items()):
        yield f"\n#### {name}"
        yield str(schema.get("description", ""))
        if "enum" in schema:
            yield kind(schema)
        named = schema.get("properties", {})
        rows = [(f"`{k}`", kind(one), one.get("description", "")) for k, one in named.items()]
        yield from table("field | type | meaning", rows)


def grpc(text: str) -> Iterator[str]:
    """A .proto file: what stands atop, then methods, messages and enumerations."""
    head = text[: text.index("syntax =")]
    yield "\n## gRPC"
    yield re.sub(r"^// ?", "", head, flags=re.MULTILINE).strip()
    for match in re.finditer(
        r"(?P<said>(?:^//[^\n]*\n)*)"
        r"^(?P<kind>service|message|enum) (?P<name>\w+) \{\n(?P<body>.*?)^\}",
        text,
        re.MULTILINE | re.DOTALL,
    ):
        yield f"\n### `{match['kind']} {match['name']}`"
        said = re.sub(r"^// ?", "", match["said"], flags=re.MULTILINE).strip()
        yield from ([said] if said else [])
        yield f"\n```proto\n{match['body'].rstrip()}\n```"


def write() -> str:
    """The whole page."""
    lines = [HEAD, *rest(openapi())]
    for path in sorted((ROOT / "proto").rglob("*.proto")):
        lines += grpc(path.read_text())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


if __name__ == "__main__":
    PAGE.write_text(write())
