"""One line of JSON an event, for our lines and those of libraries."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from service.logs import bound, get_log, set_up_logs


@pytest.fixture(autouse=True)
def _undone() -> Iterator[None]:
    before = logging.root.handlers[:]
    yield
    logging.root.handlers[:] = before
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_a_line_of_json_with_time_level_and_role() -> None:
    set_up_logs("worker", to=(stream := io.StringIO()))

    get_log("worker").info("batch done", windows=4)

    (line,) = lines(stream)
    assert line.pop("timestamp").endswith("Z")  # type: ignore[attr-defined]
    assert line == {"event": "batch done", "level": "info", "role": "worker", "windows": 4}


def test_the_job_is_in_every_line_of_its_block_and_in_none_after_it() -> None:
    set_up_logs("media", to=(stream := io.StringIO()))

    with bound(job="j1"):
        get_log("media").info("ours")
        logging.getLogger("library").warning("theirs")
    get_log("media").info("after")

    assert [line.get("job") for line in lines(stream)] == ["j1", "j1", None]


def test_a_traceback_is_told_without_the_values_of_variables() -> None:
    set_up_logs("api", to=(stream := io.StringIO()))
    secret = "s3cr" + "3t"

    try:
        raise ValueError(len(secret))
    except ValueError:
        get_log("api").exception("failed")

    (line,) = lines(stream)
    assert "ValueError: 6" in str(line["exception"])
    assert "s3cr3t" not in stream.getvalue()


def test_what_is_below_the_level_is_dropped() -> None:
    set_up_logs("worker", level="warning", to=(stream := io.StringIO()))

    get_log("worker").info("too quiet")
    logging.getLogger("library").info("too quiet")

    assert stream.getvalue() == ""


def test_pretty_lines_can_be_asked_for() -> None:
    set_up_logs("worker", form="pretty", to=(stream := io.StringIO()))

    get_log("worker").info("ready", model="remocap-anny")

    assert "ready" in stream.getvalue()
    assert not stream.getvalue().startswith("{")
