import io
import os
import threading

from model.decoding.feed import Feed


def drained(fd: int) -> bytes:
    with open(fd, "rb") as pipe:
        return pipe.read()


def test_every_byte_goes_through():
    data = os.urandom(300_000)

    assert drained(Feed(io.BytesIO(data)).fd) == data


def test_what_the_stream_raises_is_kept():
    class Broken:
        def read(self, _: int) -> bytes:
            raise ConnectionResetError

    feed = Feed(Broken())

    assert drained(feed.fd) == b""
    assert isinstance(feed.error, ConnectionResetError)


def test_it_stops_when_nobody_reads():
    class Endless:
        def read(self, size: int) -> bytes:
            return bytes(size)

    feed = Feed(Endless())
    os.close(feed.fd)

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

    feed = Feed(Silent())
    asked.wait(10)

    assert feed.waiting
    go_on.set()
    assert drained(feed.fd) == b""
    assert not feed.waiting
