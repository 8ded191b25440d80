"""What a job's stream says: its events, and the meshes that they speak of, as messages.

A message's place is its event's number and its part among the messages of that event. Places
follow from the events alone, so a stream that broke is taken up behind any of them.
"""

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from anyio.to_thread import run_sync

from model.export.meta import meta_to_json
from model.types import Sequence
from service.clip_order import ClipOrder
from service.errors import DrainingError
from service.events import follow
from service.front import Front
from service.jobs import Caller
from service.messages import Event, Job
from service.pb.remocap.v1 import reconstruction_pb2 as pb
from service.results import PartialResult, Result, open_result
from service.rpc_meshes import cut, meshes_message
from service.rpc_messages import accepted_message, job_message, progress_message

Response = pb.ReconstructResponse
Make = Callable[[], Response]
"""Makes a message, in a thread: results are read and meshes computed."""


class Place(NamedTuple):
    """Of a message in a stream; `part` None stands for the last one of its number."""

    sequence: int = 0
    part: int | None = None

    def first_part(self, sequence: int) -> int | None:
        """Return the first part behind this place; None where there is none of that number."""
        if sequence < self.sequence:
            return None
        if sequence > self.sequence:
            return 0
        return None if self.part is None else self.part + 1


async def answers(
    front: Front, job_id: str, caller: Caller, options: pb.MeshOptions, after: Place
) -> AsyncGenerator[Response, None]:
    """Yield the messages behind a place as they come about, until the job is over.

    Raises:
        NotFoundError, GoneError: As `Jobs.status`.
        DrainingError: This process goes down; another one goes on.
    """
    job = (await run_sync(front.jobs.status, job_id, caller)).job
    teller = _Teller(front, job, caller, options)
    begin = 0 if options.ordered else max(after.sequence - 1, 0)
    async with aclosing(follow(front, job_id, caller, begin)) as events:
        async for event in events:
            if event is None:
                continue
            commits = teller.released(event)
            first = after.first_part(event.seq)
            if first is not None:
                async with aclosing(teller.tell(event, commits, first)) as told:
                    async for message in told:
                        yield message
            if event.kind == "finished":
                return
    await run_sync(front.jobs.status, job_id, caller)
    if front.jobs.draining:
        raise DrainingError("draining", "this server is going down; go on with Watch in a moment")


class _Teller:
    """Turns one job's events into messages."""

    def __init__(self, front: Front, job: Job, caller: Caller, options: pb.MeshOptions) -> None:
        self._front, self._job, self._caller, self._options = front, job, caller, options
        self._order = ClipOrder() if options.ordered else None
        self._partial: PartialResult | None = None
        self._read: tuple[str, Sequence] | None = None  # the clip read last

    def released(self, event: Event) -> list[Event]:
        """Return the commits that are told of at an event."""
        if self._order is not None:
            return self._order.take(event)
        return [event] if event.kind == "clip_committed" else []

    async def tell(
        self, event: Event, commits: list[Event], first: int
    ) -> AsyncGenerator[Response, None]:
        """Yield the messages of an event from a part on."""
        part = 0
        async with aclosing(self._parts(event, commits)) as makers:
            async for make in makers:
                if part >= first:
                    message = await run_sync(make)
                    message.sequence, message.part = event.seq, part
                    yield message
                part += 1

    async def _parts(self, event: Event, commits: list[Event]) -> AsyncGenerator[Make, None]:
        if self._options.level != pb.LEVEL_NONE:
            for commit in commits:
                for rows in cut(int(commit.data["frames"] or 0), self._options):
                    yield partial(self._meshes, str(commit.data["path"]), rows)
        match event.kind:
            case "accepted":
                yield lambda: Response(accepted=accepted_message(self._job))
            case "decoding" | "progress":
                yield lambda: Response(progress=progress_message(event))
            case "person_found":
                yield lambda: Response(person_found=_person(event))
            case "finished" if event.data.get("state") == "succeeded":
                result, is_restored = await run_sync(self._open)
                try:
                    for make in self._ending(result, is_restored):
                        yield make
                finally:
                    await run_sync(result.close)

    def _meshes(self, path: str, rows: slice) -> Response:
        if self._partial is None:
            folder = self._front.settings.models_dir
            self._partial = PartialResult(self._front.store, self._job, folder)
        if self._read is None or self._read[0] != path:
            (person,) = self._partial.people([path])
            self._read = path, person
        shown = self._read[1][rows]
        mesh = self._partial.mesh(shown)
        intrinsics = self._partial.intrinsics
        return Response(meshes=meshes_message(shown, mesh, intrinsics, self._options))

    def _open(self) -> tuple[Result, bool]:
        """Gather the result; say whether Redis had forgotten what led to it."""
        folder, broker = self._front.settings.models_dir, self._front.broker
        first = broker.events(self._job.id, 0, 1)
        is_restored = bool(first) and first[0].kind == "finished"
        return open_result(self._front.store, broker, self._job, folder), is_restored

    def _ending(self, result: Result, is_restored: bool) -> Iterator[Make]:
        """Return what was not told of yet: rows between others, or all of them, and the end."""
        if self._options.level != pb.LEVEL_NONE:
            for person in result.reconstruction.sequences:
                for start, stop in _runs(person, hidden_only=not is_restored):
                    for rows in cut(stop - start, self._options):
                        within = slice(start + rows.start, start + rows.stop)
                        yield partial(self._filled, result, person, within)
        yield partial(self._summary, result)

    def _filled(self, result: Result, person: Sequence, rows: slice) -> Response:
        whole = result.reconstruction
        shown = whole.shown(person, rows)
        message = meshes_message(shown, whole.mesh_of(shown), whole.intrinsics, self._options)
        return Response(meshes=message)

    def _summary(self, result: Result) -> Response:
        status = self._front.jobs.status(self._job.id, self._caller)
        meta = meta_to_json(result.reconstruction.meta)
        return Response(summary=pb.Summary(job=job_message(status), meta_json=meta))


def _person(event: Event) -> pb.PersonFound:
    return pb.PersonFound(
        track_id=int(event.data["track"] or 0), frame_index=int(event.data["frame"] or 0)
    )


def _runs(person: Sequence, hidden_only: bool) -> list[tuple[int, int]]:
    """Return runs of rows in which a person was observed, or was not, as (start, stop)."""
    edges = np.flatnonzero(np.diff(person.observed)) + 1
    runs = pairwise([0, *edges.tolist(), len(person)])
    return [(a, b) for a, b in runs if not (hidden_only and person.observed[a])]
