"""What happens to a job, as it happens: for streams, and as server-sent events (WHATWG HTML, 9.2).

`id` is the event's number within the job: who reconnects with Last-Event-ID misses nothing.
"""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import NamedTuple

import anyio
from anyio.to_thread import run_sync
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from service.errors import GoneError, NotFoundError, UnavailableError
from service.front import Front
from service.jobs import Caller
from service.messages import Event
from service.watch import RECHECK_S

PAGE = 256
ALIVE_S = 15.0  # between two signs of life, as proxies cut silent connections
_CLIP = re.compile(r"t(\d+)-f(\d+)-n(\d+)")


class Stream(StreamingResponse):
    """An answer that goes on as long as its source.

    Args:
        pieces: The source, closed however the sending ends.
        media_type: Of the answer.
        close: Called afterwards, in a thread.
    """

    def __init__(
        self,
        pieces: AsyncGenerator[str | bytes],
        media_type: str,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(pieces, headers=headers, media_type=media_type)
        self._pieces, self._close = pieces, close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await self._pieces.aclose()
                await run_sync(self._close)


class EventStream(Stream):
    """An answer of server-sent events."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[str | bytes]) -> None:
        super().__init__(events, self.media_type)


class ClipName(NamedTuple):
    """What the name of a clip says: the person, the first frame, and how many."""

    track: int
    first_frame: int
    frames: int

    @classmethod
    def of(cls, name: object) -> "ClipName":
        """Read a name."""
        found = _CLIP.fullmatch(str(name))
        assert found is not None, f"{name} is no clip"
        return cls(*map(int, found.groups()))


async def stream_events(
    front: Front, job_id: str, caller: Caller, after: int
) -> AsyncGenerator[str | bytes, None]:
    """Yield what happens behind a number as server-sent events."""
    async with aclosing(happenings(front, job_id, caller, after)) as events:
        async for event in events:
            yield ": alive\n\n" if event is None else _frame(event)


async def happenings(
    front: Front, job_id: str, caller: Caller, after: int, *, once: bool = False
) -> AsyncGenerator[Event | None, None]:
    """Yield as `follow` does, but None only where nothing was heard for as long as proxies bear.

    Whoever listens counts as somebody who waits for the job.
    """
    loop = asyncio.get_running_loop()
    heard_s = loop.time()
    listening = follow(front, job_id, caller, after, once=once)
    async with front.waiting.present(job_id), aclosing(listening) as events:
        async for event in events:
            if event is not None or loop.time() - heard_s > ALIVE_S:
                heard_s = loop.time()
                yield event


async def follow(
    front: Front, job_id: str, caller: Caller, after: int, *, once: bool = False
) -> AsyncGenerator[Event | None, None]:
    """Yield the events behind a number as they happen, and None where nothing does for a while.

    Ends behind `finished`, and without it where the job was deleted or this process drains; with
    `once`, also where there is nothing more for now.
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
            if over or once or front.jobs.draining:
                return
            yield None
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), RECHECK_S)


async def _next(front: Front, job_id: str, after: int) -> list[Event]:
    """Return the next events; none while Redis is away."""
    with suppress(UnavailableError):
        return await run_sync(front.broker.events, job_id, after, PAGE)
    return []


async def _is_over(front: Front, job_id: str, caller: Caller) -> bool:
    """Say whether nothing more will happen to a job; while Redis is away, it may."""
    try:
        return (await run_sync(front.jobs.status, job_id, caller)).over
    except UnavailableError:
        return False
    except (GoneError, NotFoundError):
        return True


def _frame(event: Event) -> str:
    data = {"at_s": event.at_s, **event.data}
    if event.kind == "clip_committed":
        del data["path"]  # where it lies is ours to know
        clip = ClipName.of(data["clip"])
        data |= {"track": clip.track, "first_frame": clip.first_frame}
    return f"id: {event.seq}\nevent: {event.kind}\ndata: {json.dumps(data)}\n\n"
