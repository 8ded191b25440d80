"""The gRPC interface: each method reads its message, asks `service.jobs`, and answers.

Methods write and await, so that a client who reads slowly holds up nobody else. What they raise
becomes the status of the call in `service.rpc_errors`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from typing import Any

from anyio.to_thread import run_sync

from service.body import RawBody
from service.broker_types import JobStatus
from service.errors import DrainingError
from service.front import Front
from service.handout import check_succeeded
from service.jobs import Caller
from service.pb.remocap.v1 import reconstruction_pb2 as pb
from service.pb.remocap.v1.reconstruction_pb2_grpc import ReconstructionServicer
from service.rpc_answers import Place, answers
from service.rpc_caller import caller_of
from service.rpc_errors import Context, answering
from service.rpc_messages import check_mesh_options, job_message, page_of
from service.rpc_upload import Asked, read_options, read_video
from service.streams_topology import find_topology
from service.uploads import Upload, take_in

PIECE_BYTES = 2**18  # of a topology
_HEARD_S = 0.2  # so long what broke an upload may take to be told, once its job has failed


class Reconstruction(ReconstructionServicer):
    """The service of `proto/remocap/v1/reconstruction.proto`.

    Args:
        front: The parts of this process.
    """

    def __init__(self, front: Front) -> None:
        self._front = front

    @answering
    async def Reconstruct(  # type: ignore[override]  # it writes to the context, yields nothing
        self, request_iterator: AsyncIterator[pb.ReconstructRequest], context: Context
    ) -> None:
        """Take a video in, and write what becomes of it meanwhile."""
        caller = await self._caller(context)
        asked = await read_options(request_iterator)
        intake = _Intake(self._front, caller, asked, request_iterator, context)
        job_id = await intake.queued()
        async with self._front.waiting.present(job_id) as watcher:
            try:
                await self._write_answers(context, job_id, caller, asked.meshes, Place())
                await intake.suffice()
            except DrainingError:
                await intake.arrive()  # the job goes on elsewhere: all of its video must be there
                raise
            except asyncio.CancelledError:
                await asyncio.shield(self._leave(intake, job_id, watcher))
                raise
            except Exception:
                await intake.explain()
                raise
            finally:
                await asyncio.shield(intake.break_off())

    @answering
    async def Watch(  # type: ignore[override]  # likewise
        self, request: pb.WatchRequest, context: Context
    ) -> None:
        """Write what becomes of a job, behind a place in its stream."""
        caller = await self._caller(context)
        check_mesh_options(request.meshes)
        await self._status(request.job_id, caller)
        after = Place(
            request.after_sequence,
            request.after_part if request.HasField("after_part") else None,
        )
        async with self._front.waiting.present(request.job_id):
            await self._write_answers(context, request.job_id, caller, request.meshes, after)

    @answering
    async def GetJob(self, request: pb.GetJobRequest, context: Context) -> pb.Job:
        """Show how a job stands."""
        return job_message(await self._status(request.job_id, await self._caller(context)))

    @answering
    async def ListJobs(self, request: pb.ListJobsRequest, context: Context) -> pb.ListJobsResponse:
        """List the caller's jobs, the latest first."""
        limit, before = page_of(request)
        caller = await self._caller(context)
        found = await run_sync(self._front.jobs.list, caller, limit + 1, before)
        page = [job_message(status) for status in found[:limit]]
        more = page[-1].id if len(found) > limit else ""
        return pb.ListJobsResponse(jobs=page, next_page_token=more)

    @answering
    async def CancelJob(self, request: pb.CancelJobRequest, context: Context) -> pb.Job:
        """End a job if it runs; erase it where that is asked for."""
        jobs, caller = self._front.jobs, await self._caller(context)
        status = await self._status(request.job_id, caller)
        await run_sync(jobs.cancel, request.job_id, caller)
        status = await self._status(request.job_id, caller)
        if request.erase:
            await run_sync(jobs.delete, request.job_id, caller)
        return job_message(status)

    @answering
    async def GetTopology(  # type: ignore[override]  # likewise
        self, request: pb.GetTopologyRequest, context: Context
    ) -> None:
        """Write the arrays of a topology, piece by piece."""
        await self._caller(context)
        folder = self._front.settings.models_dir
        found = await run_sync(find_topology, request.topology, folder)
        for start in range(0, len(found.data), PIECE_BYTES):
            piece = found.data[start : start + PIECE_BYTES]
            await context.write(
                pb.TopologyChunk(
                    topology=found.reference,
                    size_bytes=len(found.data),
                    offset_bytes=start,
                    data=piece,
                )
            )

    async def _caller(self, context: Context) -> Caller:
        return await caller_of(self._front.gate, context)

    async def _status(self, job_id: str, caller: Caller) -> JobStatus:
        return await run_sync(self._front.jobs.status, job_id, caller)

    async def _write_answers(
        self, context: Context, job_id: str, caller: Caller, meshes: pb.MeshOptions, after: Place
    ) -> None:
        """Write a job's stream to its end; raise what the job has instead of a result."""
        async with aclosing(answers(self._front, job_id, caller, meshes, after)) as messages:
            async for message in messages:
                await context.write(message)
        check_succeeded(await self._status(job_id, caller))

    async def _leave(self, intake: "_Intake", job_id: str, watcher: str) -> None:
        await intake.break_off()  # a video that is not whole fails its job, whatever was agreed
        await run_sync(self._front.jobs.leave, job_id, watcher)


class _Intake:
    """A video that is taken in while the answers to it are written."""

    def __init__(
        self,
        front: Front,
        caller: Caller,
        asked: Asked,
        requests: AsyncIterator[pb.ReconstructRequest],
        context: Context,
    ) -> None:
        self._context, self._has_key = context, caller.idempotency_key is not None
        self._enough = asyncio.Event()
        self._queued: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        stream = read_video(requests, asked.size_bytes, self._enough, self._go)
        upload = Upload(stream, RawBody(), asked.size_bytes)
        told = self._queued.set_result
        self._task = asyncio.create_task(take_in(front.jobs, upload, asked.options, caller, told))

    async def _go(self) -> None:
        """Send the headers once a video is admitted; without a key they go with `accepted`."""
        if self._has_key:
            await self._context.send_initial_metadata(())

    async def queued(self) -> str:
        """Return the id of the job once it is in the queue; its video may still be coming."""
        try:
            first: set[asyncio.Future[Any]] = {self._task, self._queued}
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
            return self._queued.result() if self._queued.done() else (await self._task)[0]
        except BaseException:
            await asyncio.shield(self.break_off())
            raise

    async def suffice(self) -> None:
        """End the video where it is; what was asked for is done."""
        self._enough.set()
        await self._task

    async def arrive(self) -> None:
        """Wait until all of it is there."""
        await self._task

    async def explain(self) -> None:
        """Raise what broke the upload, if that is why its job failed."""
        await asyncio.wait({self._task}, timeout=_HEARD_S)
        if self._task.done():
            self._task.result()

    async def break_off(self) -> None:
        """Stop taking it in, and free what came of it, if it is not whole."""
        self._task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await self._task
