"""A result is made piece by piece, and freed only when no piece is being made."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import cast

from model.reconstruction import Reconstruction
from service.handout import Pieces
from service.options import Format
from service.results import Result


class Slow(Result):
    """A result whose second piece takes until it is let go."""

    def __init__(self) -> None:
        super().__init__("a" * 32, cast(Reconstruction, None), ExitStack())
        self.reached, self.go, self.closed = (threading.Event() for _ in range(3))

    def npz(self) -> Iterator[bytes]:
        yield bytes(2**20)
        self.reached.set()
        assert self.go.wait(10)
        assert not self.closed.is_set()
        yield b"the rest"

    def close(self) -> None:
        self.closed.set()


def test_a_result_is_not_freed_while_a_piece_of_it_is_made() -> None:
    result = Slow()
    pieces = Pieces(result, Format.npz)
    made: list[bytes] = []
    making = threading.Thread(target=lambda: made.append(pieces.next()))
    making.start()
    assert result.reached.wait(10)

    closing = threading.Thread(target=pieces.close)
    closing.start()
    closing.join(0.2)
    waited = not result.closed.is_set()
    result.go.set()
    making.join(10)
    closing.join(10)

    assert waited
    assert made == [b"the rest"]
    assert result.closed.is_set()
