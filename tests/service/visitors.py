"""A server that asks for keys, and those who show them."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2

from service.keys import KeyRing
from service.store import Store
from tests.service.web import Api

FORM = {"files": {"video": b"video"}}


def key_of(store: Store, tenant: str = "lab") -> dict[str, str]:
    """Headers with a new key."""
    return {"Authorization": f"Bearer {KeyRing(store).add(tenant)[0]}"}


def refused(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["code"])


def same_origin(api: Api) -> dict[str, str]:
    return {"Origin": api.url}


@contextmanager
def logged_in(api: Api, store: Store) -> Iterator[httpx2.Client]:
    """A browser that has shown a key."""
    key = KeyRing(store).add("lab")[0]
    with httpx2.Client(base_url=api.url) as browser:
        assert browser.post("/v1/session", json={"key": key}, headers=same_origin(api)).is_success
        yield browser
