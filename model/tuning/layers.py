"""The landmark network as it is taught: all of its layers, in half precision, quick on a CPU.

With `depthwise.py`, memory that is kept and masks of a few crops alone a step takes a fifth of what
it takes in single precision. Weights keep single
precision, and so do the last layers, on small maps, where rounding would cost 60 mm; what is left
of it is 7 mm and less than a pixel, and takes no side.
"""

import ctypes
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from model.blazepose.torch_landmarks import FILE, SIDE, Convolution, TorchLandmarks
from model.litert import FOLDER
from model.tuning.depthwise import depthwise
from model.types import Array

_SMALL_SIDE = 4
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of glibc's mallopt


class Answer(NamedTuple):
    """As `LandmarkAnswer`, without heat; the mask of the first crops alone."""

    points: Float[Tensor, "n 39 5"]
    world_m: Float[Tensor, "n 39 3"]
    presence: Float[Tensor, "n"]
    mask: Float[Tensor, "m 256 256"] | None


class TaughtLayers(nn.Module):
    """The layers that lead to an answer; a state of it fits any other.

    Args:
        file: Whose weights they start with: the published network's, or one's that was taught.
    """

    def __init__(self, file: Path = FOLDER / FILE) -> None:
        super().__init__()
        whole = TorchLandmarks(file)
        self._graph = whole.graph
        made_by = {operation.output: n for n, operation in enumerate(self._graph.operations)}
        by_shape = {self._graph.shapes[number][1:]: number for number in self._graph.outputs}
        self._answers = [by_shape[shape] for shape in ((195,), (117,), (1,))]
        self._mask = by_shape[SIDE, SIDE, 1]
        self._to_answers = self._leading_to(self._answers, made_by)
        self._to_mask = self._leading_to([self._mask], made_by) - self._to_answers
        needed = sorted(self._to_answers | self._to_mask)
        self.steps = nn.ModuleDict({str(number): whole.steps[number] for number in needed})
        self.to(memory_format=torch.channels_last).requires_grad_(True)  # type: ignore[call-overload]
        for step in self.steps.values():
            if isinstance(step, Convolution) and step.groups > 1:
                step.convolve_depthwise = depthwise
        self._exact = {number for number in self._to_answers if self._is_small(number)}
        self._kept = {number for n in self._to_mask for number in self._graph.operations[n].inputs}

    def forward(self, crops: Float[Tensor, "n 3 256 256"], masks: int = 0) -> Answer:
        """Answer RGB crops in [0, 1], with masks for as many of the first."""
        with torch.autocast("cpu", torch.bfloat16):
            values = self._run(self._to_answers, {self._graph.input: crops})
            points, world_m, presence = (values[number].flatten(1) for number in self._answers)
            mask = None
            if masks:
                first = {n: value[:masks] for n, value in values.items() if n in self._kept}
                mask = self._run(self._to_mask, first)[self._mask].reshape(-1, SIDE, SIDE).float()
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

    def _leading_to(self, outputs: Iterable[int], made_by: dict[int, int]) -> set[int]:
        steps, tensors = set[int](), list(outputs)
        while tensors:
            step = made_by.get(tensors.pop())
            if step is not None and step not in steps:
                steps.add(step)
                tensors += self._graph.operations[step].inputs
        return steps

    def _is_small(self, step: int) -> bool:
        """Whether a step is of the last ones, on maps of 4 x 4 or less."""
        shape = self._graph.shapes[self._graph.operations[step].output]
        return len(shape) < 4 or shape[1] <= _SMALL_SIDE

    def _run(self, steps: set[int], values: dict[int, Tensor]) -> dict[int, Tensor]:
        values = dict(values)
        for number in sorted(steps):
            operation = self._graph.operations[number]
            inputs = [values[tensor] for tensor in operation.inputs if tensor in values]
            step = self.steps[str(number)]
            if number in self._exact:
                with torch.autocast("cpu", enabled=False):
                    values[operation.output] = step(*(value.float() for value in inputs))
            else:
                values[operation.output] = step(*inputs)
        return values


def keep_memory() -> None:
    """Have glibc keep what was freed: maps of each step lie where those of the last one lay."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
        if not mallopt(_M_MMAP_THRESHOLD, 2**30):
            mallopt(_M_MMAP_THRESHOLD, 2**25)  # the most that an older glibc takes


def as_crops(images: UInt8[Array, "n 256 256 3"]) -> Float[Tensor, "n 3 256 256"]:
    """Return pictures as the network takes them."""
    return torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float() / 255
