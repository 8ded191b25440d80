"""Who asks: from what a client shows to a tenant. Both fronts call it; it knows neither protocol.

    shown = Credentials(authorization="Bearer rmc_...")
    caller = await gate.identify(shown)          # or raises UnauthenticatedError
    job = jobs.open(options, caller, size)       # reserves for it, or raises OverCapacityError

How much of the service a tenant may take is decided in `service.limits` and `broker.lua`.
"""

import secrets
import time
from dataclasses import dataclass
from functools import partial

from anyio.to_thread import run_sync

from model.errors import UsageError
from service.broker import Broker
from service.errors import UnauthenticatedError
from service.jobs import Caller
from service.keys import ApiKey, KeyRing, digest_of
from service.keys_links import NO_KEY, Link, Links
from service.settings import LOOPBACK, Settings
from service.store import Store

MAX_LINK_S = 30 * 86_400.0


@dataclass(frozen=True)
class Credentials:
    """What a client shows; an empty word is nothing.

    Attributes:
        authorization: `Bearer <key>`, of the header or metadata of that name.
        session: Of a browser's cookie.
        link: Token of a link to one job.
    """

    authorization: str = ""
    session: str = ""
    link: str = ""


class Gate:
    """Tells who a client is.

    Args:
        settings: Say whether keys are asked for.
        store: Where keys lie.
        broker: Knows browsers' sessions.
    """

    def __init__(self, settings: Settings, store: Store, broker: Broker) -> None:
        self._settings, self._broker = settings, broker
        self.ring, self.links = KeyRing(store), Links(store)

    async def asks_for_keys(self) -> bool:
        """Whether who shows no key is turned away.

        Raises:
            StoreUnavailableError: Keys cannot be read.
        """
        if self._settings.auth == "none":
            return False
        if not self.ring.is_fresh:
            await run_sync(self.ring.refresh)
        return self._settings.auth == "keys" or self.ring.was_used

    async def identify(self, shown: Credentials) -> Caller:
        """Return who asks.

        Raises:
            UnauthenticatedError: `key_missing`, `key_invalid`, `session_ended`, `link_invalid`.
            StoreUnavailableError, BrokerUnavailableError: It cannot be told.
        """
        is_asked = await self.asks_for_keys()
        if shown.link:
            return await run_sync(self._by_link, shown.link, is_asked)
        if not is_asked:
            return Caller()
        if shown.authorization:
            return _caller(await self._by_key(shown.authorization))
        if shown.session:
            return await run_sync(self._by_session, shown.session)
        raise UnauthenticatedError(
            "key_missing",
            "this service asks for a key; send it as `Authorization: Bearer rmc_...`; who runs the "
            "service makes one with `remocap keys add`",
        )

    async def _by_key(self, authorization: str) -> ApiKey:
        scheme, _, text = authorization.partition(" ")
        text = text.strip() if scheme.lower() == "bearer" else ""
        key = self.ring.find(text) or await run_sync(self.ring.find_again, text)
        if key is None:
            raise UnauthenticatedError(
                "key_invalid",
                "the key is unknown or was revoked; expected `Authorization: Bearer rmc_...` with "
                "one that `remocap keys list` shows as valid",
            )
        return key

    async def open_session(self, key_text: str) -> tuple[str, Caller]:
        """Let a browser in that shows a key; return the session's word and who it is.

        Raises:
            UnauthenticatedError: `key_invalid`.
        """
        key = await self._by_key(f"Bearer {key_text}")
        word = secrets.token_urlsafe(32)
        open_it = partial(self._broker.open_session, digest_of(word), key.id)
        await run_sync(open_it, self._settings.session_s)
        return word, _caller(key)

    def close_session(self, word: str) -> None:
        """Forget a browser."""
        self._broker.close_session(digest_of(word))

    def share(self, job_id: str, caller: Caller, for_s: float) -> tuple[str, int]:
        """Return a token that shows one job, which is the caller's, and when it is void."""
        expires_s = int(time.time() + min(for_s, MAX_LINK_S))
        link = Link(job_id, expires_s, caller.key_id or NO_KEY)
        return self.links.make(link), expires_s

    def _by_session(self, word: str) -> Caller:
        key_id = self._broker.session(digest_of(word))
        key = self.ring.by_id(key_id) if key_id else None
        if key is None:
            raise UnauthenticatedError(
                "session_ended", "this browser has to show its key again; log in once more"
            )
        return _caller(key, by_session=True)

    def _by_link(self, token: str, is_asked: bool) -> Caller:
        link = self.links.read(token)
        if link is not None and link.expires_s > time.time():
            key = self.ring.by_id(link.key_id)
            if key is not None and is_asked:
                return Caller(tenant=key.tenant, only_job=link.job_id)
            if link.key_id == NO_KEY and not is_asked:
                return Caller(only_job=link.job_id)
        raise UnauthenticatedError(
            "link_invalid", "this link has expired or was revoked; ask its sender for a new one"
        )


def _caller(key: ApiKey, by_session: bool = False) -> Caller:
    return Caller(tenant=key.tenant, key_id=key.id, max_gpu_s=key.max_gpu_s, by_session=by_session)


def address_to_listen(settings: Settings, store: Store) -> str:
    """Return the address of the fronts: what is set, else this machine alone, else, with keys, all.

    Raises:
        UsageError: `open_to_all`: an address that others reach, and nobody asked for a key.
    """
    has_keys = settings.auth == "keys" or (settings.auth == "auto" and bool(KeyRing(store).all()))
    if settings.host is None:
        return "0.0.0.0" if has_keys else LOOPBACK  # noqa: S104  who comes from outside shows a key
    reached_at = settings.publish or settings.host
    if has_keys or settings.auth == "none" or is_loopback(reached_at):
        return settings.host
    name = "REMOCAP_PUBLISH" if settings.publish else "REMOCAP_HOST"
    raise UsageError(
        "open_to_all",
        f"{name} is {reached_at} and there are no keys, so anybody who reaches it could "
        "use this service; make one with `remocap keys add NAME`, or set REMOCAP_AUTH=none to "
        "serve everybody",
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    return host in {"localhost", "::1"} or host.startswith("127.")
