"""Runs one of BlazePose's networks with LiteRT."""

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ai_edge_litert.interpreter import Interpreter
from jaxtyping import Float32

from model.cores import usable_cores
from model.types import Array

FOLDER = Path(__file__).parent / "assets" / "blazepose"
MAX_THREADS = 4  # networks this small gain little from more

_STDERR = 2
_GREETING = b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n"
_diverting = threading.Lock()


def threads_of_this_machine() -> int:
    """Threads for one network that has the machine to itself."""
    return min(usable_cores(), MAX_THREADS)


class LiteRT:
    """A network of one image input, of which the outputs are told apart by their shapes.

    Args:
        name: File in `assets/blazepose`.
        threads: For one call; the outputs are the same with any number.
    """

    def __init__(self, name: str, threads: int = 1) -> None:
        with _greeting_kept_back():
            self._interpreter = Interpreter(str(FOLDER / name), num_threads=threads)
            self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = {
            tuple(int(n) for n in output["shape"]): output["index"]
            for output in self._interpreter.get_output_details()
        }

    def run(self, image: Float32[Array, "side side 3"]) -> None:
        """Compute all outputs; they stay readable until the next call."""
        self._interpreter.set_tensor(self._input, image[None])
        self._interpreter.invoke()

    def output(self, *shape: int) -> Float32[Array, "..."]:
        """A copy of the output of this shape, without its leading 1."""
        values: Array = self._interpreter.get_tensor(self._outputs[1, *shape])[0]
        return values


@contextmanager
def _greeting_kept_back() -> Iterator[None]:
    """Keep LiteRT's greeting off standard error, where it can be told in no other way.

    What else anybody writes there meanwhile follows when the block ends.
    """
    with _diverting, tempfile.TemporaryFile() as aside:
        kept = os.dup(_STDERR)
        os.dup2(aside.fileno(), _STDERR)
        try:
            yield
        finally:
            os.dup2(kept, _STDERR)
            os.close(kept)
            aside.seek(0)
            os.write(_STDERR, aside.read().replace(_GREETING, b""))
