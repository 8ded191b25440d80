"""Logs: a line of JSON for each event, or readable ones on a terminal.

`log = get_log("worker")`, then `log.info("clip committed", job=..., clip=...)`. Whatever is bound
with `bound(job=...)` is in every line of that thread until the block ends, lines of libraries
included, so that all of a job's lines are found by its id. (For uvicorn: `log_config=None`.)
"""

import logging
import sys
from contextlib import AbstractContextManager
from typing import Literal, TextIO, cast

import structlog
from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.typing import FilteringBoundLogger, Processor

from service.security_masks import mask

LogFormat = Literal["auto", "json", "pretty"]
LEVELS = ("debug", "info", "warning", "error")
_PLAIN = structlog.dev.plain_traceback  # the other ones print local variables, secrets included


def set_up_logs(
    role: str,
    *,
    form: LogFormat = "auto",
    level: str = "info",
    to: TextIO | None = None,
) -> None:
    """Send all logs of this process, those of libraries too, to one stream.

    Args:
        role: `api`, `media`, `worker`, ...: in every line.
        form: `auto` is pretty where the stream is a terminal, and else JSON.
        level: One of `LEVELS`; what is below is dropped.
        to: Standard error, unless given.
    """
    stream = to or sys.stderr
    pretty = form == "pretty" or (form == "auto" and stream.isatty())
    shared: list[Processor] = [
        merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _role_adder(role),
    ]
    ending: list[Processor] = (
        [structlog.dev.ConsoleRenderer(stream.isatty(), exception_formatter=_PLAIN)]
        if pretty
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        _Masked(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


class _Masked(structlog.stdlib.ProcessorFormatter):
    """Formats a line, whoever wrote it, and takes secrets out of it."""

    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))


def get_log(name: str) -> FilteringBoundLogger:
    """Return the log of a part of the program."""
    return cast(FilteringBoundLogger, structlog.get_logger(f"remocap.{name}"))


def bound(**values: str | int) -> AbstractContextManager[None]:
    """Put values, such as the job's id, into every line of the block."""
    return cast(AbstractContextManager[None], bound_contextvars(**values))


def _role_adder(role: str) -> Processor:
    def add(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        event.setdefault("role", role)
        return event

    return add
