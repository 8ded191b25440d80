"""Runs one of BlazePose's networks with LiteRT."""

from pathlib import Path

from ai_edge_litert.interpreter import Interpreter
from jaxtyping import Float32

from model.types import Array

FOLDER = Path(__file__).parent / "assets" / "blazepose"


class LiteRT:
    """A network of one image input, of which the outputs are told apart by their shapes.

    Args:
        name: File in `assets/blazepose`.
        threads: For one call.
    """

    def __init__(self, name: str, threads: int = 1) -> None:
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
