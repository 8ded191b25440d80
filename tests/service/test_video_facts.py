"""What is known of a video comes back from the store as it was."""

import pytest

from service.errors import BadMessageError
from service.store import Store, frames_path
from service.video_facts import (
    BLOCK,
    TimesWriter,
    VideoFacts,
    read_facts,
    read_times,
    write_facts,
)


def write_times(store: Store, first: int, count: int) -> list[float]:
    writer = TimesWriter(store, "job")
    pts_s = [index / 29.97 for index in range(first, first + count)]
    for index, time_s in enumerate(pts_s, start=first):
        writer.see(index, time_s)
        if writer.full:
            writer.flush()
    writer.flush()
    return pts_s


def test_facts_come_back(store: Store) -> None:
    facts = VideoFacts(640, 480, 29.97, 3.5, 105, ("a note",), {"decode": 1.5})

    write_facts(store, "job", facts)

    assert read_facts(store, "job") == facts


def test_a_video_that_is_not_open_yet_has_no_facts(store: Store) -> None:
    assert read_facts(store, "job") is None


@pytest.mark.parametrize("count", [0, 1, BLOCK, BLOCK + 1, 3 * BLOCK - 1])
def test_times_come_back_exactly(store: Store, count: int) -> None:
    pts_s = write_times(store, 7, count)

    first, found = read_times(store, "job")

    assert list(found) == pts_s
    assert first == (7 if count else 0)


def test_times_that_were_written_twice_are_the_same(store: Store) -> None:
    pts_s = write_times(store, 0, BLOCK + 9)
    write_times(store, 0, BLOCK // 2)  # a run that broke off

    write_times(store, 0, BLOCK + 9)

    assert list(read_times(store, "job")[1]) == pts_s


@pytest.mark.parametrize("block", [b"", b"{}", b'{"first": 9, "pts_s": [0]}', b'{"first": 0}'])
def test_times_that_are_none_are_refused(store: Store, block: bytes) -> None:
    write_times(store, 0, BLOCK + 1)
    store.put(frames_path("job", 1), block)

    with pytest.raises(BadMessageError, match="run the job again"):
        read_times(store, "job")
