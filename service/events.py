"""What happens to a job, as server-sent events (WHATWG HTML, 9.2), as it happens.

`id` is the event's number within the job: who reconnects with Last-Event-ID misses nothing.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress

from anyio.to_thread import run_sync
from fastapi.responses import StreamingResponse

from service.errors import BrokerUnavailableError, GoneError, NotFoundError
from service.front import Front
from service.jobs import Caller
from service.messages import Event
from service.watch import RECHECK_S

PAGE = 256
ALIVE_S = 15.0  # between two signs of life, as proxies cut silent connections


class EventStream(StreamingResponse):
    """An answer of server-sent events."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[str]) -> None:
        super().__init__(events, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


async def stream_events(
    front: Front, job_id: str, caller: Caller, after: int
) -> AsyncIterator[str]:
    """Yield the events behind a number, until the job is over, deleted, or this process drains."""
    loop = asyncio.get_running_loop()
    heard_s = loop.time()
    async for event in follow(front, job_id, caller, after):
        if event is not None:
            heard_s = loop.time()
            yield _frame(event)
        elif loop.time() - heard_s > ALIVE_S:
            heard_s = loop.time()
            yield ": alive\n\n"


async def follow(
    front: Front, job_id: str, caller: Caller, after: int
) -> AsyncGenerator[Event | None, None]:
    """Yield the events behind a number as they happen, and None where nothing does for a while.

    Ends behind `finished`, and without it where the job was deleted or this process drains.
    """
    with front.watch.on(job_id) as changed:
        while True:
            changed.clear()
            over = await _is_over(front, job_id, caller)  # asked first: no event comes after that
            events = await _next(front, job_id, after)
            for event in events:
                yield event
                after = event.seq
                if event.kind == "finished":
                    return
            if events:
                continue
            if over or front.jobs.draining:
                return
            yield None
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), RECHECK_S)


async def _next(front: Front, job_id: str, after: int) -> list[Event]:
    """Return the next events; none while Redis is away."""
    with suppress(BrokerUnavailableError):
        return await run_sync(front.broker.events, job_id, after, PAGE)
    return []


async def _is_over(front: Front, job_id: str, caller: Caller) -> bool:
    """Say whether nothing more will happen to a job; while Redis is away, it may."""
    try:
        return (await run_sync(front.jobs.status, job_id, caller)).over
    except BrokerUnavailableError:
        return False
    except (GoneError, NotFoundError):
        return True


def _frame(event: Event) -> str:
    data = json.dumps({"at_s": event.at_s, **event.data})
    return f"id: {event.seq}\nevent: {event.kind}\ndata: {data}\n\n"
