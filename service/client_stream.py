"""Clients of the gRPC interface: meshes come back while the video is still being sent.

    with StreamClient("localhost:50051") as client:
        for answer in client.reconstruct(Path("clip.mp4")):
            if isinstance(answer, Meshes):
                print(answer.track_id, answer.pts_s, answer.vertices_m.shape)

A video is a file, or pieces of bytes as a camera gives them; then in a form that can be played from
its beginning: MPEG-TS, WebM, fragmented MP4.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable, Iterator
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

import grpc

from model.errors import RemocapError
from service.answers import error_of
from service.client_blocking import Blocking
from service.client_messages import (
    Accepted,
    Answer,
    Meshes,
    Place,
    StreamOptions,
    Summary,
    answer_of,
    explained_call,
)
from service.client_sending import Sending, Video
from service.errors import UnavailableError
from service.pb.remocap.v1 import reconstruction_pb2 as pb
from service.pb.remocap.v1.reconstruction_pb2_grpc import ReconstructionStub

__all__ = ["AsyncStreamClient", "Meshes", "StreamClient", "StreamOptions"]

PATIENCE_S = 60.0  # with a server that has gone away in the middle of a job
_PAUSE_S = 0.5
_OPTIONS = (
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.http2.max_pings_without_data", 0),
)
_PLAIN = StreamOptions()
_START = Place()
StreamCall: TypeAlias = (
    "grpc.aio.StreamStreamCall[pb.ReconstructRequest, pb.ReconstructResponse]"
    " | grpc.aio.UnaryStreamCall[pb.WatchRequest, pb.ReconstructResponse]"
)


class AsyncStreamClient:
    """A connection to a server's gRPC interface.

    Args:
        server: Host and port, e.g. `localhost:50051`.
        credentials: For TLS; None goes without.
        metadata: To go with every call.

    Every method raises UnavailableError (`server_unreachable`) where there is none, and the error
    that the call's status names where it refuses.
    """

    def __init__(
        self,
        server: str,
        credentials: grpc.ChannelCredentials | None = None,
        metadata: Iterable[tuple[str, str]] = (),
    ) -> None:
        self._server = server
        self._metadata = tuple(metadata)
        if credentials is None:
            self._channel = grpc.aio.insecure_channel(server, _OPTIONS)
        else:
            self._channel = grpc.aio.secure_channel(server, credentials, _OPTIONS)
        self._stub = ReconstructionStub(self._channel)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connection."""
        await self._channel.close()

    async def reconstruct(
        self,
        video: Video,
        options: StreamOptions = _PLAIN,
        idempotency_key: str | None = None,
    ) -> AsyncGenerator[Answer, None]:
        """Send a video, and yield what comes back; leaving the loop early ends the job.

        A connection that breaks once the video is sent is taken up again, unless the server has
        ended the job for it: ask for `on_disconnect="detach"`.

        Args:
            video: A file, or pieces of bytes as they come.
            options: What is asked for.
            idempotency_key: Your name for this request: repeating it makes no second job. The video
                is then worked on once it is whole.
        """
        sending = Sending(video, options)
        key = () if idempotency_key is None else (("idempotency-key", idempotency_key),)
        job_id, place = "", Place()
        try:
            call = self._stub.Reconstruct(sending.messages(), metadata=(*self._metadata, *key))
            sending.call = call
            async for answer in self._read(call):
                place = answer.place
                job_id = answer.job_id if isinstance(answer, Accepted) else job_id
                yield answer
                if isinstance(answer, Summary):
                    return
        except UnavailableError:
            sending.check()
            if not (job_id and sending.done):
                raise
        except RemocapError as error:
            sending.check()
            if error.code == "bad_answer" and job_id:
                await self._raise_failure(job_id)
            raise
        except BaseException:
            sending.check()
            raise
        async for answer in self.watch(job_id, place, options):
            yield answer

    async def _raise_failure(self, job_id: str) -> None:
        """Raise what a job failed with: grpc.aio loses a status that comes while it sends."""
        job = await self.job(job_id)
        if job.HasField("error"):
            status = HTTPStatus.UNPROCESSABLE_ENTITY
            raise error_of(status, job.error.code, job.error.message, None)

    async def watch(
        self, job_id: str, after: Place = _START, options: StreamOptions = _PLAIN
    ) -> AsyncGenerator[Answer, None]:
        """Yield what becomes of a job; takes up the thread where it breaks.

        Args:
            job_id: The job.
            after: Begin behind this answer; it was of the same options.
            options: How meshes are wanted.
        """
        give_up_s = time.monotonic() + PATIENCE_S
        while True:
            request = pb.WatchRequest(
                job_id=job_id,
                after_sequence=after.sequence,
                after_part=after.part,
                meshes=options.meshes(),
            )
            try:
                async for answer in self._read(self._stub.Watch(request, metadata=self._metadata)):
                    after, give_up_s = answer.place, time.monotonic() + PATIENCE_S
                    yield answer
                return
            except UnavailableError:
                if time.monotonic() > give_up_s:
                    raise
            await asyncio.sleep(_PAUSE_S)

    async def job(self, job_id: str) -> pb.Job:
        """Return how a job stands."""
        with explained_call(self._server):
            return await self._stub.GetJob(pb.GetJobRequest(job_id=job_id), metadata=self._metadata)

    async def jobs(self) -> AsyncGenerator[pb.Job, None]:
        """Yield all jobs, the latest first."""
        token = ""
        while True:
            with explained_call(self._server):
                page = await self._stub.ListJobs(
                    pb.ListJobsRequest(page_token=token), metadata=self._metadata
                )
            for job in page.jobs:
                yield job
            if not (token := page.next_page_token):
                return

    async def cancel(self, job_id: str, *, erase: bool = False) -> pb.Job:
        """End a job if it runs; with `erase`, its video and its result go too."""
        with explained_call(self._server):
            request = pb.CancelJobRequest(job_id=job_id, erase=erase)
            return await self._stub.CancelJob(request, metadata=self._metadata)

    async def topology(self, reference: str) -> bytes:
        """Return what the vertices of a job are connected by, as a safetensors file.

        Args:
            reference: `topology` of an `Accepted`, or the name of a model.
        """
        found = bytearray()
        with explained_call(self._server):
            request = pb.GetTopologyRequest(topology=reference)
            async for chunk in self._stub.GetTopology(request, metadata=self._metadata):
                found += chunk.data
        return bytes(found)

    async def _read(self, call: "StreamCall") -> AsyncGenerator[Answer, None]:
        try:
            with explained_call(self._server):
                async for message in call:
                    if (answer := answer_of(message)) is not None:
                        yield answer
        finally:
            call.cancel()


class StreamClient(Blocking):
    """The same as `AsyncStreamClient`, for those who do not write async."""

    def __init__(
        self,
        server: str,
        credentials: grpc.ChannelCredentials | None = None,
        metadata: Iterable[tuple[str, str]] = (),
    ) -> None:
        super().__init__()

        async def connect() -> AsyncStreamClient:
            return AsyncStreamClient(server, credentials, metadata)

        self._client = self._run(connect())
        self._closing.append(self._client)

    def reconstruct(
        self,
        video: Path | Iterable[bytes],
        options: StreamOptions = _PLAIN,
        idempotency_key: str | None = None,
    ) -> Iterator[Answer]:
        """Send a video, and yield what comes back; leaving the loop early ends the job."""
        return self._iterate(self._client.reconstruct(video, options, idempotency_key))

    def watch(
        self, job_id: str, after: Place = _START, options: StreamOptions = _PLAIN
    ) -> Iterator[Answer]:
        """Yield what becomes of a job; takes up the thread where it breaks."""
        return self._iterate(self._client.watch(job_id, after, options))

    def job(self, job_id: str) -> pb.Job:
        """Return how a job stands."""
        return self._run(self._client.job(job_id))

    def jobs(self) -> Iterator[pb.Job]:
        """Yield all jobs, the latest first."""
        return self._iterate(self._client.jobs())

    def cancel(self, job_id: str, *, erase: bool = False) -> pb.Job:
        """End a job if it runs; with `erase`, its video and its result go too."""
        return self._run(self._client.cancel(job_id, erase=erase))

    def topology(self, reference: str) -> bytes:
        """Return what the vertices of a job are connected by, as a safetensors file."""
        return self._run(self._client.topology(reference))
