"""The video of a gRPC call, from its messages to bytes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple

from model.errors import UsageError
from service.options import ReconstructOptions
from service.pb.remocap.v1 import reconstruction_pb2 as pb
from service.receiving import incomplete
from service.rpc_messages import check_mesh_options, options_of

Requests = AsyncIterator[pb.ReconstructRequest]
Go = Callable[[], Awaitable[None]]
_SETTLE_S = 0.05


class Asked(NamedTuple):
    """What the first message says."""

    options: ReconstructOptions
    meshes: pb.MeshOptions
    size_bytes: int | None


async def read_options(requests: Requests) -> Asked:
    """Read the first message.

    Raises:
        UsageError: `no_options`, `bad_option`.
    """
    first = await anext(requests, None)
    if first is None or first.WhichOneof("content") != "options":
        raise UsageError(
            "no_options", "the first message holds no options; expected them, then bytes as data"
        )
    asked = first.options
    check_mesh_options(asked.meshes)
    size = asked.size_bytes if asked.HasField("size_bytes") else None
    return Asked(options_of(asked), asked.meshes, size)


async def read_video(
    requests: Requests, size_bytes: int | None, enough: asyncio.Event, go: Go
) -> AsyncIterator[bytes]:
    """Yield the video from the further messages, until it ends or there is enough of it.

    Args:
        requests: The messages behind the first one.
        size_bytes: How long it must be, where that was stated.
        enough: Set where the rest is not needed any more.
        go: Tells the client that its video is wanted.

    Raises:
        UsageError: `options_repeated`.
        UploadError: `upload_incomplete`: it is not as long as was stated.
    """
    taken = 0
    await go()
    stop = asyncio.create_task(enough.wait())
    try:
        while (data := await _next(requests, stop)) is not None:
            taken += len(data)
            yield data
    finally:
        stop.cancel()
    if enough.is_set():
        return
    # Of a client that vanishes we may hear the end of its messages before its vanishing, which
    # cancels this task.
    await asyncio.sleep(_SETTLE_S)
    if size_bytes not in {None, taken}:
        raise incomplete(f"{taken} of {size_bytes} bytes came")


async def _next(requests: Requests, stop: "asyncio.Task[bool]") -> bytes | None:
    """Return the next bytes, or None at the end, and where `stop` is done."""
    coming = asyncio.ensure_future(_data(requests))
    try:
        await asyncio.wait({coming, stop}, return_when=asyncio.FIRST_COMPLETED)
        return None if stop.done() else coming.result()
    finally:
        coming.cancel()


async def _data(requests: Requests) -> bytes | None:
    message = await anext(requests, None)
    if message is None:
        return None
    if message.WhichOneof("content") == "options":
        raise UsageError(
            "options_repeated", "there are options in a later message; expected them in the first"
        )
    return message.data
