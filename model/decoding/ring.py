"""Pictures on their way from the child to the parent: a ring of slots in shared memory.

The parent makes the memory, large enough for the largest pictures; only what is written to is
ever real. A slot is freed by one byte through a pipe, so the child never runs ahead by more than
the ring holds.
"""

import mmap
import os
import threading


class RingReader:
    """The parent's end.

    The child may write to the memory, so it is read and not mapped: were it cut short, a map
    would take the parent down.

    Args:
        slots: Pictures it holds.
        slot_bytes: Room for each.
    """

    def __init__(self, slots: int, slot_bytes: int) -> None:
        self._slots, self._slot_bytes = slots, slot_bytes
        self._taken = 0
        if hasattr(os, "memfd_create"):
            self.fd = os.memfd_create("remocap-pictures")
        else:
            import tempfile  # the child would pay for this import too

            with tempfile.TemporaryFile() as file:
                self.fd = os.dup(file.fileno())
        os.ftruncate(self.fd, slots * slot_bytes)

    def take(self, picture_bytes: int) -> bytearray:
        """A copy of the next picture.

        Raises:
            EOFError: The memory has been cut short.
        """
        picture = bytearray(picture_bytes)
        start = self._taken % self._slots * self._slot_bytes
        self._taken += 1
        view, done = memoryview(picture), 0
        while done < len(view):
            got = os.preadv(self.fd, [view[done:]], start + done)
            if not got:
                raise EOFError
            done += got
        return picture

    def close(self) -> None:
        """Let go of the memory."""
        os.close(self.fd)


class RingWriter:
    """The child's end. Starts a thread that ends the process when the parent has gone.

    Args:
        fd: The shared memory.
        slots: Pictures it holds.
        slot_bytes: Room for each.
        freed_fd: Gives a byte for each slot that is free; its end is the parent's.
    """

    def __init__(self, fd: int, slots: int, slot_bytes: int, freed_fd: int) -> None:
        self._slots, self._slot_bytes, self._freed_fd = slots, slot_bytes, freed_fd
        self._memory = memoryview(mmap.mmap(fd, slots * slot_bytes))
        self._free = threading.Semaphore(0)
        self._written = 0
        threading.Thread(target=self._count_free_slots, daemon=True).start()

    def next_slot(self, picture_bytes: int) -> memoryview:
        """The next slot, once the parent has emptied it."""
        self._free.acquire()
        start = self._written % self._slots * self._slot_bytes
        self._written += 1
        return self._memory[start : start + picture_bytes]

    def _count_free_slots(self) -> None:
        while freed := os.read(self._freed_fd, 64):
            self._free.release(len(freed))
        os._exit(0)  # even where the main thread hangs in a decoder
