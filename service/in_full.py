"""Blocking calls in threads, which are waited for even by those who give up meanwhile."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

from anyio.to_thread import run_sync

P = ParamSpec("P")
T = TypeVar("T")


async def in_full(act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do what `run_sync` does; if cancelled, end when the call has, so that nothing comes after it.

    Raises:
        Exception: What the call raises.
        CancelledError: The task was cancelled, whatever came of the call.
    """
    task = asyncio.create_task(run_sync(partial(act, *args, **kwargs)))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # looked at, so that nobody reports it
        raise
