"""API keys: who may use the service, and as which tenant.

A key is `rmc_<id>_<secret>`. Its record lies in the store, where every api process finds it
whatever becomes of Redis, and holds a hash in place of the secret: 256 random bits are not guessed,
so a plain SHA-256 does. A record is never removed, only revoked, so that a service that once had
keys does not open when the last one is revoked.
"""

import hashlib
import hmac
import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from model.errors import RemocapError, UsageError
from service.errors import NotFoundError
from service.logs import get_log
from service.messages import Message
from service.store import KEYS, Entry, Store, key_path

TENANT = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
FRESH_S = 5.0  # a key that was added or revoked is known everywhere within so long
STALE_S = 60.0  # so long what was last read holds while the store is away
_SOON_S = 1.0  # between looks for keys that nobody knows
_KEY = re.compile(r"rmc_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")
_NO_DIGEST = "0" * 64
log = get_log("keys")


@dataclass(frozen=True)
class ApiKey(Message):
    """A key as it lies in the store: everything but its secret.

    Attributes:
        id: 12 hexadecimal digits; no secret.
        tenant: Whose jobs it makes and sees.
        digest: SHA-256 of the whole key.
        created_s: When it was made.
        note: What it is for, in the words of who made it.
        max_gpu_s: What the tenant may have waiting, in place of the setting.
        revoked_s: Since when it is void.
    """

    id: str
    tenant: str
    digest: str
    created_s: float
    note: str = ""
    max_gpu_s: float | None = None
    revoked_s: float | None = None

    @property
    def holds(self) -> bool:
        """Whether it was not revoked."""
        return self.revoked_s is None


class KeyRing:
    """All keys, as the store has them; safe to share among threads.

    Args:
        store: Where they lie.
        clock: Seconds, for the age of what was read.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._clock = store, clock
        self._lock = threading.Lock()
        self._read: dict[Entry, ApiKey] = {}
        self._keys: Mapping[str, ApiKey] = {}
        self._read_s = float("-inf")

    def add(
        self, tenant: str, note: str = "", max_gpu_s: float | None = None
    ) -> tuple[str, ApiKey]:
        """Make a key, and return its text, which is not kept anywhere, and its record.

        Raises:
            UsageError: `bad_tenant`.
        """
        if not TENANT.fullmatch(tenant):
            raise UsageError(
                "bad_tenant",
                f"the tenant is {tenant[:80]!r}; expected at most 63 of a-z, 0-9, '.', '_', '-', "
                "the first a letter or a digit, e.g. film-lab",
            )
        key_id = secrets.token_hex(6)
        text = f"rmc_{key_id}_{secrets.token_urlsafe(32)}"
        key = ApiKey(key_id, tenant, digest_of(text), time.time(), note[:200], max_gpu_s)
        self._store.put(key_path(key_id), key.encode().encode())
        return text, key

    def all(self) -> list[ApiKey]:
        """Return all keys as they are now, revoked ones included, the oldest first."""
        self._load()
        return sorted(self._keys.values(), key=lambda key: key.created_s)

    def revoke(self, key_id: str) -> ApiKey:
        """Make a key void.

        Raises:
            NotFoundError: `unknown_key`.
        """
        known = {key.id: key for key in self.all()}
        if key_id not in known:
            raise NotFoundError(
                "unknown_key",
                f"there is no key '{key_id[:40]}'; `remocap keys list` shows their ids",
            )
        key = known[key_id]
        if key.holds:
            key = replace(key, revoked_s=time.time())
            self._store.put(key_path(key_id), key.encode().encode())
        return key

    @property
    def is_fresh(self) -> bool:
        """Whether what was read is young enough to be gone by."""
        return self._clock() - self._read_s < FRESH_S

    def refresh(self, max_age_s: float | None = None) -> None:
        """Read the keys again unless they were read lately.

        Args:
            max_age_s: How young what was read must be [default: FRESH_S].

        Raises:
            StoreUnavailableError: The store is away, and what was read before is too old.
        """
        with self._lock:
            if self._clock() - self._read_s < (FRESH_S if max_age_s is None else max_age_s):
                return
            try:
                self._load()
            except RemocapError as error:
                if self._clock() - self._read_s > STALE_S:
                    raise
                log.warning("keys not read", code=error.code, reason=error.message)

    @property
    def was_used(self) -> bool:
        """Whether a key was ever made, by what was read."""
        return bool(self._keys)

    def find(self, text: str) -> ApiKey | None:
        """Return the key of this text, if it holds; takes the same time whatever is wrong."""
        found = _KEY.fullmatch(text)
        key = self._keys.get(found[1]) if found else None
        is_right = hmac.compare_digest(digest_of(text), key.digest if key else _NO_DIGEST)
        return key if key is not None and is_right and key.holds else None

    def find_again(self, text: str) -> ApiKey | None:
        """As `find`, for a key that may have been made a moment ago; reads the store."""
        self.refresh(_SOON_S)
        return self.find(text)

    def by_id(self, key_id: str) -> ApiKey | None:
        """Return a key if it holds, for what it has vouched for."""
        key = self._keys.get(key_id)
        return key if key is not None and key.holds else None

    def _load(self) -> None:
        """Read what is new since the last time; one listing where nothing is."""
        begun_s = self._clock()
        entries = [entry for entry in self._store.entries(KEYS) if entry.path.endswith(".json")]
        read = {
            entry: self._read.get(entry) or ApiKey.decode(self._store.get(entry.path))
            for entry in entries
        }
        self._read, self._keys = read, {key.id: key for key in read.values()}
        self._read_s = begun_s


def secret_at(store: Store, path: str) -> bytes:
    """Return the 32 random bytes that lie there, the same for every process; made at first use."""
    try:
        return store.get(path)
    except FileNotFoundError:
        store.create(path, secrets.token_bytes(32))
        return store.get(path)


def digest_of(text: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(text.encode()).hexdigest()
