import io
import os
import threading

from model.decoding.feed import Feed, Readable


def fed(source: Readable) -> tuple[Feed, int]:
    """What pours the source into a pipe, and the pipe's reading end."""
    read_fd, write_fd = os.pipe()
    return Feed(source, write_fd), read_fd


def drained(fd: int) -> bytes:
    with open(fd, "rb") as pipe:
        return pipe.read()


def test_every_byte_goes_through():
    data = os.urandom(300_000)

    _, fd = fed(io.BytesIO(data))

    assert drained(fd) == data


def test_what_the_stream_raises_is_kept():
    class Broken:
        def read(self, _: int) -> bytes:
            raise ConnectionResetError

    feed, fd = fed(Broken())

    assert drained(fd) == b""
    assert isinstance(feed.error, ConnectionResetError)


def test_it_stops_when_nobody_reads():
    class Endless:
        def read(self, size: int) -> bytes:
            return bytes(size)

    feed, fd = fed(Endless())
    os.close(fd)

    for thread in threading.enumerate():
        if thread.name == "video-feed":
            thread.join(10)
    assert all(thread.name != "video-feed" for thread in threading.enumerate())
    assert feed.error is None


def test_it_waits_while_the_stream_is_silent():
    asked, go_on = threading.Event(), threading.Event()

    class Silent:
        def read(self, _: int) -> bytes:
            asked.set()
            go_on.wait(10)
            return b""

    feed, fd = fed(Silent())
    asked.wait(10)

    assert feed.waiting
    go_on.set()
    assert drained(fd) == b""
    assert not feed.waiting
