"""The store, in a folder and on S3."""

import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.errors import UsageError
from service.errors import StoreFullError, StoreUnavailableError
from service.store import Store
from tests.load.fleet import free_port, wait_for


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """URL of a server that speaks S3, over plain HTTP."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    wait_for(lambda: _answers(url), 60)
    yield url
    server.kill()
    server.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1):
            return True
    except OSError:
        return False


@pytest.fixture
def bucket(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Address of a store in an empty bucket, which the environment lets us use."""
    settings = {"ENDPOINT_URL": s3, "ALLOW_HTTP": "true", "REGION": "us-east-1"}
    secrets = {"ACCESS_KEY_ID": "any", "SECRET_ACCESS_KEY": "any"}
    for name, value in (settings | secrets).items():
        monkeypatch.setenv(f"AWS_{name}", value)
    name = f"remocap-{abs(hash(tmp_path)):x}"
    with urllib.request.urlopen(urllib.request.Request(f"{s3}/{name}", method="PUT")):
        return f"s3://{name}/prefix"


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """An empty store, of either kind."""
    folder = (tmp_path / "store").as_uri()
    return Store(folder if request.param == "folder" else request.getfixturevalue("bucket"))


def test_object_is_read_as_it_was_written(store: Store) -> None:
    store.put("jobs/a/x", b"12345")

    assert store.get("jobs/a/x") == b"12345"
    assert store.get_range("jobs/a/x", 1, 3) == b"23"
    assert store.size("jobs/a/x") == 5


def test_later_object_of_the_same_path_replaces_the_first(store: Store) -> None:
    store.put("x", b"old")
    store.put("x", bytearray(b"new"))

    assert store.get("x") == b"new"


@pytest.mark.parametrize("read", ["get", "stream"])
def test_missing_object_is_missing(store: Store, read: str) -> None:
    with pytest.raises(FileNotFoundError):
        list(getattr(store, read)("nowhere"))
    assert store.size("nowhere") is None


def test_large_object_is_streamed_from_file_to_reader(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "large"
    file.write_bytes(bytes(range(256)) * 40_000)

    store.put_file("large", str(file))

    chunks = list(store.stream("large", chunk_bytes=2**20))
    assert len(chunks) > 5
    assert b"".join(chunks) == file.read_bytes()


def test_entries_lie_below_their_prefix(store: Store) -> None:
    for path in ("jobs/a/x", "jobs/a/y/z", "jobs/ab/x"):
        store.put(path, b"1")

    assert sorted(entry.path for entry in store.entries("jobs/a/")) == ["jobs/a/x", "jobs/a/y/z"]
    assert store.job_ids() == ["a", "ab"]


def test_object_is_created_once(store: Store) -> None:
    assert store.create("x", b"first")
    assert not store.create("x", b"second")

    assert store.get("x") == b"first"


def test_deleting_what_is_not_there_is_no_error(store: Store) -> None:
    store.put("x", b"1")

    store.delete("x", "x", "nowhere")

    assert store.size("x") is None


def test_all_but_what_is_kept_is_deleted(store: Store) -> None:
    for path in ("jobs/a/x", "jobs/a/y/z", "jobs/b/x"):
        store.put(path, b"1")

    assert store.delete_below("jobs/a/", keep=("jobs/a/x",)) == 1

    assert {entry.path for entry in store.entries("jobs/")} == {"jobs/a/x", "jobs/b/x"}


@pytest.mark.parametrize("path", ["../outside", "a/../../outside", "a//b"])
def test_path_out_of_the_store_is_refused(store: Store, path: str) -> None:
    with pytest.raises((ValueError, StoreUnavailableError)):
        store.put(path, b"1")


def test_reader_never_sees_half_an_object(store: Store) -> None:
    old, new = b"o" * 2**22, b"n" * 2**22
    store.put("x", old)
    writer = threading.Thread(target=lambda: [store.put("x", new) for _ in range(5)])

    writer.start()
    seen = {bytes(store.get("x")) for _ in range(20)}
    writer.join()

    assert seen <= {old, new}


@pytest.fixture
def small_folder(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for 1 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "remocap-test", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_full_disk_is_told_and_recovers_when_there_is_room(small_folder: Path) -> None:
    store = Store((small_folder / "store").as_uri())
    store.put("first", bytes(700_000))

    with pytest.raises(StoreFullError, match="no room is left") as refused:
        store.put("second", bytes(700_000))
    store.delete("first")
    store.put("second", bytes(700_000))

    assert refused.value.code == "disk_full"
    assert store.size("second") == 700_000


def test_folder_that_cannot_be_made_is_a_setting_to_correct(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(UsageError, match="REMOCAP_STORE_URL"):
        Store((tmp_path / "file").as_uri())


def test_store_that_is_gone_says_so(tmp_path: Path) -> None:
    store = Store((tmp_path / "store").as_uri())
    (tmp_path / "store").rmdir()
    (tmp_path / "store").write_bytes(b"")

    with pytest.raises(StoreUnavailableError, match="REMOCAP_STORE_URL"):
        store.put("x", b"1")


@pytest.mark.parametrize("address", ["nonsense", "gopher://x", "s3:///"])
def test_unusable_address_is_a_setting_to_correct(address: str) -> None:
    with pytest.raises(UsageError, match="REMOCAP_STORE_URL"):
        Store(address)


def test_probe_answers(store: Store) -> None:
    store.probe()
