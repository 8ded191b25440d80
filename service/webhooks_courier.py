"""Delivers webhooks: one of these runs in each api process, and what it takes no other has.

An attempt that fails, or whose process goes down, is repeated later and later until the job is
forgotten. 2xx is success; 410 says that the receiver wants no more; redirects are not followed.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

import httpcore2
from anyio.to_thread import run_sync

from model.errors import RemocapError
from service.broker import Broker
from service.broker_hooks import Due
from service.broker_types import JobStatus
from service.errors import LaterError
from service.logs import get_log
from service.metrics import WEBHOOKS
from service.settings import Settings
from service.store import Store
from service.webhooks import Notice, Signer
from service.webhooks_address import Allowed, VettedBackend

DELAYS_S = (5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800)
"""Between an attempt and the next; 16 hours in all."""
POLL_S = 0.5
ATTEMPT_S = 15.0  # for all of an attempt
MOST = 16  # attempts at the same time, ...
MOST_OF_A_TENANT = 4  # ... so that nobody's slow receiver keeps all of them
log = get_log("webhooks")


class Reply(NamedTuple):
    """How an attempt went.

    Attributes:
        outcome: `delivered`, `unwanted` or `failed`.
        reason: Status or error, in words.
    """

    outcome: str
    reason: str


class Courier:
    """Takes webhooks that are due, and delivers them.

    Args:
        settings: Say what may be reached beside public addresses.
        store: Where the signing secret lies.
        broker: Knows what is due.
    """

    def __init__(self, settings: Settings, store: Store, broker: Broker) -> None:
        self._broker = broker
        self._backend = VettedBackend(Allowed.read(settings.webhook_allow))
        self._busy: Counter[str] = Counter()  # attempts, by tenant
        self._tasks: set[asyncio.Task[None]] = set()
        self._signer = Signer(store)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Deliver while the block runs; attempts under way may then end."""
        loop = asyncio.create_task(self._run())
        try:
            yield
        finally:
            loop.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=ATTEMPT_S)

    async def _run(self) -> None:
        while True:
            try:
                await self._take()
            except LaterError as error:
                log.warning("webhooks wait", reason=error.message)
            await asyncio.sleep(POLL_S)

    async def _take(self) -> None:
        room = MOST - len(self._tasks)
        for due in await run_sync(self._broker.due_hooks, room) if room else []:
            task = asyncio.create_task(self._attempt(due))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _attempt(self, due: Due) -> None:
        """Deliver one, and take note of how that went; else it is due again in a minute."""
        try:
            status = await run_sync(self._broker.status, due.job)
            if status is None or status.job.webhook is None:
                await run_sync(self._broker.hook_done, due.job)
            elif self._busy[status.job.tenant] >= MOST_OF_A_TENANT:
                await run_sync(self._broker.hook_later, due.job, POLL_S, False)
            else:
                await self._deliver(due, status, status.job.webhook)
        except LaterError as error:
            log.warning("webhook not settled", job=due.job, reason=error.message)
        except Exception:
            log.exception("webhook not settled", job=due.job)

    async def _deliver(self, due: Due, status: JobStatus, url: str) -> None:
        tenant = status.job.tenant
        self._busy[tenant] += 1
        try:
            secret = await run_sync(self._signer.secret_of, tenant)
            reply = await deliver(url, Notice.of(status), secret, self._backend)
        finally:
            self._busy[tenant] -= 1
        await self._settle(due, reply, urlsplit(url).hostname)

    async def _settle(self, due: Due, reply: Reply, host: str | None) -> None:
        is_over = reply.outcome != "failed" or due.attempt > len(DELAYS_S)
        outcome = "given_up" if is_over and reply.outcome == "failed" else reply.outcome
        WEBHOOKS.labels(outcome).inc()
        log.info("webhook", job=due.job, host=host, outcome=outcome, reason=reply.reason)
        if is_over:
            await run_sync(self._broker.hook_done, due.job)
        else:
            delay_s = DELAYS_S[due.attempt - 1] * random.uniform(0.8, 1.2)  # noqa: S311  no secret
            await run_sync(self._broker.hook_later, due.job, delay_s, True)


async def deliver(url: str, notice: Notice, secret: str, backend: VettedBackend) -> Reply:
    """Make one attempt; of the answer only its status is read."""
    headers = list(notice.headers(secret, int(time.time())).items())
    timeouts = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), ATTEMPT_S)}
    try:
        async with (
            asyncio.timeout(ATTEMPT_S),
            httpcore2.AsyncConnectionPool(
                network_backend=backend, max_keepalive_connections=0
            ) as pool,
            pool.stream(
                "POST", url, headers=headers, content=notice.body, extensions=timeouts
            ) as answer,
        ):
            return _reply_of(answer.status)
    except TimeoutError:
        return Reply("failed", "no answer in time")
    except RemocapError as error:
        return Reply("failed", error.code)
    except (
        httpcore2.NetworkError,
        httpcore2.ProtocolError,
        httpcore2.TimeoutException,
        httpcore2.UnsupportedProtocol,
        UnicodeError,
    ) as error:
        return Reply("failed", type(error).__name__)


def _reply_of(status: int) -> Reply:
    if 200 <= status < 300:
        return Reply("delivered", str(status))
    return Reply("unwanted" if status == 410 else "failed", str(status))
