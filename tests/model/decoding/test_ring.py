import os
import subprocess
import sys

import pytest

from model.decoding.ring import RingReader, RingWriter


@pytest.fixture
def ring():
    reader = RingReader(slots=2, slot_bytes=8)
    freed_fd, free_fd = os.pipe()
    writer = RingWriter(reader.fd, 2, 8, freed_fd)
    yield reader, writer, free_fd
    reader.close()  # the pipe stays open: its end would end this process


def test_pictures_arrive_in_order_as_slots_are_freed(ring):
    reader, writer, free_fd = ring
    os.write(free_fd, b"..")
    taken = []

    for picture in (b"first", b"second", b"third"):
        writer.next_slot(len(picture))[:] = picture
        taken.append(bytes(reader.take(len(picture))))
        os.write(free_fd, b".")

    assert taken == [b"first", b"second", b"third"]


def test_what_was_taken_is_a_copy(ring):
    reader, writer, free_fd = ring
    os.write(free_fd, b"...")
    writer.next_slot(3)[:] = b"old"

    picture = reader.take(3)
    writer.next_slot(3)
    writer.next_slot(3)[:] = b"new"

    assert picture == b"old"


def test_memory_cut_short_by_the_child_is_an_error():
    reader = RingReader(slots=2, slot_bytes=8)
    os.truncate(reader.fd, 3)

    with pytest.raises(EOFError):
        reader.take(8)
    reader.close()


def test_the_child_ends_with_its_parent():
    script = (
        "import os, time; from model.decoding.ring import RingWriter\n"
        "fd = os.memfd_create('ring'); os.truncate(fd, 8)\n"
        "RingWriter(fd, 1, 8, 0); time.sleep(60); raise SystemExit(9)"
    )

    child = subprocess.run([sys.executable, "-c", script], input=b".", timeout=30, check=False)

    assert child.returncode == 0
