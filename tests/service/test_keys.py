"""API keys: kept as hashes, compared in constant time, found and revoked in every process."""

import hmac
from pathlib import Path

import pytest

from model.errors import UsageError
from service.errors import NotFoundError, StoreUnavailableError
from service.keys import FRESH_S, STALE_S, KeyRing
from service.store import KEYS, Store


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def ring_of(store: Store, clock: Clock | None = None) -> KeyRing:
    ring = KeyRing(store, clock or Clock())
    ring.refresh(0)
    return ring


def test_a_key_is_its_tenants(store: Store) -> None:
    text, made = KeyRing(store).add("lab", note="for the demo", max_gpu_s=5)

    found = ring_of(store).find(text)

    assert found == made
    assert (found.tenant, found.note, found.max_gpu_s) == ("lab", "for the demo", 5)


def test_no_key_can_be_read_from_the_store(store: Store) -> None:
    text, _ = KeyRing(store).add("lab")

    kept = b"".join(store.get(entry.path) for entry in store.entries(KEYS))

    assert text.rpartition("_")[2].encode() not in kept


def test_a_new_folder_of_the_store_is_private(tmp_path: Path) -> None:
    Store((tmp_path / "new").as_uri())

    assert (tmp_path / "new").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("place", [5, 20, -1], ids=["id", "secret", "last letter"])
def test_a_key_that_is_not_quite_right_is_none(store: Store, place: int) -> None:
    text, _ = KeyRing(store).add("lab")
    letters = list(text)
    letters[place] = "0" if letters[place] != "0" else "1"

    assert ring_of(store).find("".join(letters)) is None


@pytest.mark.parametrize("kind", ["right", "wrong secret", "unknown id", "nonsense"])
def test_every_key_is_compared_the_same_way(
    store: Store, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    text, _ = KeyRing(store).add("lab")
    shown = {
        "right": text,
        "wrong secret": text[:17] + "A" * 43,
        "unknown id": "rmc_" + "0" * 12 + text[16:],
        "nonsense": "x",
    }[kind]
    ring, compared, honest = ring_of(store), [], hmac.compare_digest
    monkeypatch.setattr(
        "service.keys.hmac.compare_digest",
        lambda a, b: compared.append((len(a), len(b))) or honest(a, b),
    )

    ring.find(shown)

    assert compared == [(64, 64)]


def test_a_revoked_key_ends_in_every_process(store: Store) -> None:
    text, key = KeyRing(store).add("lab")
    clock = Clock()
    elsewhere = ring_of(store, clock)
    KeyRing(store).revoke(key.id)

    clock.now_s += FRESH_S
    elsewhere.refresh()

    assert elsewhere.find(text) is None
    assert elsewhere.by_id(key.id) is None


def test_a_service_stays_closed_when_its_last_key_is_revoked(store: Store) -> None:
    _, key = KeyRing(store).add("lab")
    KeyRing(store).revoke(key.id)

    assert ring_of(store).was_used


def test_a_key_that_was_just_made_is_found(store: Store) -> None:
    clock = Clock()
    ring = ring_of(store, clock)
    text, _ = KeyRing(store).add("lab")

    clock.now_s += 1

    assert ring.find(text) is None
    assert ring.find_again(text) is not None


def test_keys_hold_for_a_while_when_the_store_is_away(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, _ = KeyRing(store).add("lab")
    clock = Clock()
    ring = ring_of(store, clock)

    def away(_: str) -> None:
        raise StoreUnavailableError("store_unavailable", "away")

    monkeypatch.setattr(store, "entries", away)

    clock.now_s = STALE_S - 1
    ring.refresh()
    assert ring.find(text) is not None
    clock.now_s = STALE_S + 1
    with pytest.raises(StoreUnavailableError):
        ring.refresh()


@pytest.mark.parametrize("tenant", ["", "a:b", "A", "-a", "a b", "a" * 64, "a\n"])
def test_a_tenant_that_could_be_mistaken_is_refused(store: Store, tenant: str) -> None:
    with pytest.raises(UsageError, match="expected at most 63"):
        KeyRing(store).add(tenant)


def test_an_unknown_key_cannot_be_revoked(store: Store) -> None:
    with pytest.raises(NotFoundError, match="remocap keys list"):
        KeyRing(store).revoke("0" * 12)
