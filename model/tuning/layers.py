"""The landmark network cut in two: layers that stay as they are, and layers that are taught.

The first half takes two thirds of the time and needs no gradients, so LiteRT runs it, three times
as fast as torch on a CPU, while people are pictured; what it gives is kept and taught from often.
"""

from collections.abc import Iterable
from typing import NamedTuple

import flatbuffers
import numpy as np
import torch
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from jaxtyping import Float, Float16, Float32, UInt8
from torch import Tensor, nn

from model.blazepose.torch_landmarks import SIDE, TorchLandmarks
from model.litert import FOLDER
from model.types import Array

FILE = "pose_landmark_full.tflite"
CUT = 29
"""Of the steps of `TorchLandmarks`, the last that stays as it is: maps of 16 x 16 from there on."""

SKIPS = ((128, 128, 8), (64, 64, 48), (32, 32, 48))
"""Of the maps before the cut that the mask's layers read too, channels last."""

_FEATURES = (16, 16, 64)


class Seen(NamedTuple):
    """What the first half makes of a crop, and what the whole network says as it was published.

    Attributes:
        features: After the cut.
        skips: For the mask alone, as `SKIPS`.
        points: x, y, depth in pixels, logits of visibility and of being in the picture.
        presence: Probability.
        mask: Logits.
    """

    features: Float16[Array, "64 16 16"]
    skips: tuple[Float16[Array, "channels side side"], ...]
    points: Float32[Array, "39 5"]
    presence: float
    mask: Float16[Array, "256 256"]


class EarlyLayers:
    """The layers up to the cut, by LiteRT; says what the published network answers besides."""

    def __init__(self) -> None:
        made = _made_by_the_cut()
        inner = [made[shape] for shape in (_FEATURES, *SKIPS)]
        self._interpreter = Interpreter(model_content=_with_outputs(inner), num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = {
            tuple(int(extent) for extent in output["shape"][1:]): output["index"]
            for output in self._interpreter.get_output_details()
        }

    def __call__(self, image: UInt8[Array, "256 256 3"]) -> Seen:
        """Look at one crop."""
        self._interpreter.set_tensor(self._input, (image / np.float32(255))[None])
        self._interpreter.invoke()
        return Seen(
            self._map(_FEATURES),
            tuple(self._map(shape) for shape in SKIPS),
            self._output((195,)).reshape(39, 5),
            float(self._output((1,))[0]),
            self._output((SIDE, SIDE, 1))[..., 0].clip(-20, 20).astype(np.float16),
        )

    def _output(self, shape: tuple[int, ...]) -> Array:
        values: Array = self._interpreter.get_tensor(self._outputs[shape])[0]
        return values

    def _map(self, shape: tuple[int, ...]) -> Array:
        return self._output(shape).transpose(2, 0, 1).astype(np.float16)


class Answer(NamedTuple):
    """As `LandmarkAnswer`, without heat; the mask of the first crops alone."""

    points: Float[Tensor, "n 39 5"]
    world_m: Float[Tensor, "n 39 3"]
    presence: Float[Tensor, "n"]
    mask: Float[Tensor, "m 256 256"] | None


class LateLayers(nn.Module):
    """The layers after the cut, to be taught; a state of it fits any other."""

    def __init__(self) -> None:
        super().__init__()
        whole = TorchLandmarks()
        self._graph = whole.graph
        steps = self._graph.operations
        made_by = {operation.output: number for number, operation in enumerate(steps)}
        by_shape = {self._graph.shapes[number][1:]: number for number in self._graph.outputs}
        self._answers = [by_shape[shape] for shape in ((195,), (117,), (1,))]
        self._mask = by_shape[SIDE, SIDE, 1]
        self._cut = steps[CUT].output
        self._to_answers = self._after_the_cut(self._answers, made_by)
        self._to_mask = self._after_the_cut([self._mask], made_by) - self._to_answers
        needed = sorted(self._to_answers | self._to_mask)
        self.steps = nn.ModuleDict({str(number): whole.steps[number] for number in needed})
        self.requires_grad_(True)
        inputs = {number for step in self._to_mask for number in steps[step].inputs}
        self._skips = sorted(number for number in inputs if made_by.get(number, CUT) < CUT)

    def forward(
        self, features: Float[Tensor, "n 64 16 16"], skips: tuple[Tensor, ...] = ()
    ) -> Answer:
        """Answer crops, with masks for as many of the first as there are skips."""
        values = self._run(self._to_answers, {self._cut: features})
        points, world_m, presence = (values[number].flatten(1) for number in self._answers)
        mask = None
        if skips:
            first = {number: value[: len(skips[0])] for number, value in values.items()}
            first |= dict(zip(self._skips, skips, strict=True))
            mask = self._run(self._to_mask, first)[self._mask].reshape(-1, SIDE, SIDE)
        return Answer(
            points.reshape(-1, 39, 5), world_m.reshape(-1, 39, 3), presence.flatten(), mask
        )

    def raise_presence(self, logit: float) -> None:
        """Be surer of everybody."""
        step = next(
            n for n, operation in enumerate(self._graph.operations) if operation.kind == "LOGISTIC"
        )
        _, bias = self.steps[str(step - 1)].parameters()
        bias.data += logit

    def constants(self) -> dict[int, Array]:
        """Return weights and biases by the number of their tensor in the file, as it has them."""
        found: dict[int, Array] = {}
        for number in (int(name) for name in self.steps):
            operation = self._graph.operations[number]
            values = [value.detach() for value in self.steps[str(number)].parameters()]
            if values:
                weight, bias = values
                order = (1, 2, 3, 0) if operation.kind.startswith("DEPTHWISE") else (0, 2, 3, 1)
                arrays = weight.permute(order).contiguous().numpy(), bias.numpy()
                found |= dict(zip(operation.inputs[1:], arrays, strict=True))
        return found

    def _after_the_cut(self, outputs: Iterable[int], made_by: dict[int, int]) -> set[int]:
        """Return the steps after the cut that lead to these tensors."""
        steps, tensors = set[int](), list(outputs)
        while tensors:
            step = made_by.get(tensors.pop())
            if step is not None and step > CUT and step not in steps:
                steps.add(step)
                tensors += self._graph.operations[step].inputs
        return steps

    def _run(self, steps: set[int], values: dict[int, Tensor]) -> dict[int, Tensor]:
        values = dict(values)
        for number in sorted(steps):
            operation = self._graph.operations[number]
            inputs = [values[tensor] for tensor in operation.inputs if tensor in values]
            values[operation.output] = self.steps[str(number)](*inputs)
        return values


def _made_by_the_cut() -> dict[tuple[int, ...], int]:
    """Return the tensors that steps up to the cut make, by their shape; of several the last."""
    graph = TorchLandmarks().graph
    made = [operation.output for operation in graph.operations[: CUT + 1]]
    return {graph.shapes[number][1:]: number for number in made}


def _with_outputs(tensors: list[int]) -> bytes:
    """Return the network's file, changed to give these tensors too."""
    content = schema.ModelT.InitFromPackedBuf((FOLDER / FILE).read_bytes(), 0)
    content.subgraphs[0].outputs = [*content.subgraphs[0].outputs, *tensors]
    content.signatureDefs = None
    builder = flatbuffers.Builder()
    builder.Finish(content.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def as_tensors(maps: Float16[Array, "n ..."]) -> Float[Tensor, "n ..."]:
    """Return maps as convolutions take them."""
    return torch.from_numpy(maps).float().contiguous(memory_format=torch.channels_last)
