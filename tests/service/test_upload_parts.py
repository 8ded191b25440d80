"""A video through the store in parts, read while it is still being written."""

import threading

import pytest

from service.errors import UploadError
from service.store import Store, part_path
from service.upload_parts import PART_BYTES, PartWriter, read_parts

JOB = "0" * 32


class Clock:
    """Seconds that pass by when they are told to."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


def test_parts_are_the_video(store: Store) -> None:
    video = bytes(range(256)) * 80_000
    writer = PartWriter(store, JOB)
    for start in range(0, len(video), 1_000_003):
        writer.write(video[start : start + 1_000_003])

    assert writer.close() == len(video)
    parts = list(read_parts(store, JOB))
    assert b"".join(parts) == video
    assert max(map(len, parts)) <= PART_BYTES


def test_an_array_of_bytes_is_taken_over_and_not_copied(store: Store) -> None:
    writer = PartWriter(store, JOB)
    first = bytearray(b"one")

    writer.write(first)
    writer.write(b" two")

    assert first == b"one two"
    writer.close()
    assert b"".join(read_parts(store, JOB)) == b"one two"


def test_part_is_written_when_its_first_byte_is_a_second_old(store: Store) -> None:
    clock = Clock()
    writer = PartWriter(store, JOB, clock)
    writer.write(b"a")
    clock.now_s = 1.0
    writer.write(b"b")

    assert store.get(part_path(JOB, 0)) == b"ab"


def test_empty_upload_is_an_empty_video(store: Store) -> None:
    PartWriter(store, JOB).close()

    assert list(read_parts(store, JOB)) == []


def test_reader_follows_the_writer(store: Store) -> None:
    chunks = [bytes([number]) * 1000 for number in range(20)]
    clock = Clock()
    writer = PartWriter(store, JOB, clock)

    def write() -> None:
        for chunk in chunks:
            clock.now_s += 1
            writer.write(chunk)
        writer.close()

    thread = threading.Thread(target=write)
    thread.start()
    video = b"".join(read_parts(store, JOB))
    thread.join()

    assert video == b"".join(chunks)


def test_aborted_upload_is_told(store: Store) -> None:
    writer = PartWriter(store, JOB)
    writer.write(b"abc")
    writer.abort("upload_incomplete")

    with pytest.raises(UploadError) as failed:
        list(read_parts(store, JOB))
    assert failed.value.code == "upload_incomplete"


def test_upload_that_stalls_is_given_up(store: Store) -> None:
    clock = Clock()

    with pytest.raises(UploadError, match="part 0 of the video did not come within 60 s"):
        list(read_parts(store, JOB, 60, clock.sleep, clock))
    assert 60 <= clock.now_s < 61
