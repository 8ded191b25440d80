"""Links that show one job to whoever has them: signed, read only, and void after a while.

A link's token is `<job>.<expires>.<key id>.<signature>`. The key that made it vouches for it, so
revoking that key ends its links too; so does deleting the job. The signing secret lies in the
store, made at the first use, so that links survive a restart and hold at every api process.
"""

import base64
import hashlib
import hmac
import re
from typing import NamedTuple

from service.keys import secret_at
from service.store import Store, links_path

_TOKEN = re.compile(r"([0-9a-f]{32})\.(\d{1,12})\.([0-9a-f]{12}|-)\.([A-Za-z0-9_-]{43})")
NO_KEY = "-"
"""In place of a key's id where the service has no keys."""


class Link(NamedTuple):
    """What a token says, once its signature was checked.

    Attributes:
        job_id: The only job that it shows.
        expires_s: When it is void, in seconds since 1970.
        key_id: The key that vouches for it, or `NO_KEY`.
    """

    job_id: str
    expires_s: int
    key_id: str


class Links:
    """Makes and reads tokens; safe to share among threads.

    Args:
        store: Where the signing secret lies.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._secret: bytes | None = None

    def make(self, link: Link) -> str:
        """Return the token of a link."""
        said = f"{link.job_id}.{link.expires_s}.{link.key_id}"
        return f"{said}.{self._sign(said)}"

    def read(self, token: str) -> Link | None:
        """Return what a token says, if we signed it; whether it still holds is not looked at."""
        found = _TOKEN.fullmatch(token)
        if found is None:
            return None
        said = token.rpartition(".")[0]
        if not hmac.compare_digest(found[4], self._sign(said)):
            return None
        return Link(found[1], int(found[2]), found[3])

    def _sign(self, said: str) -> str:
        if self._secret is None:
            self._secret = secret_at(self._store, links_path())
        code = hmac.new(self._secret, f"remocap link {said}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(code).rstrip(b"=").decode()
