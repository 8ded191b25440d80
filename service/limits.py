"""How much work may wait, and how a client that was refused is known when it comes back.

The counting is done in `broker.lua`, where several api processes meet; see ADMISSION there.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from anyio.to_thread import run_sync

from service.broker import Broker
from service.broker_access import Visitor
from service.broker_types import Limits
from service.errors import UnavailableError
from service.messages import Job
from service.settings import Settings

HOLD_S = 30.0  # so long a reservation outlives the process that made it


def limits_of(settings: Settings, max_gpu_s: float | None) -> Limits:
    """Return what may wait in all, and of one tenant.

    Args:
        settings: In force.
        max_gpu_s: The tenant's own limit, where its key has one.
    """
    tenant_gpu_s = settings.max_tenant_gpu_s if max_gpu_s is None else max_gpu_s
    return Limits(settings.max_queued_gpu_s, tenant_gpu_s)


def visitor_of(job: Job, address: str) -> Visitor:
    """Return by what a client is known that asks for this job again after it was refused.

    Args:
        job: Whose estimate follows from the size of the request.
        address: Of the client.
    """
    key = job.idempotency_key
    asked = "\n".join([job.tenant, address, key or "", f"{job.estimated_gpu_s:.3f}"])
    return Visitor(hashlib.sha256(asked.encode()).hexdigest()[:32], int(key is not None))


@asynccontextmanager
async def kept(broker: Broker, job_id: str) -> AsyncIterator[None]:
    """Keep what is reserved for a video that is on its way, while the block runs."""

    async def keep() -> None:
        while True:
            await asyncio.sleep(HOLD_S / 3)
            with suppress(UnavailableError):
                await run_sync(broker.keep, job_id, HOLD_S)

    keeper = asyncio.create_task(keep())
    try:
        yield
    finally:
        keeper.cancel()
