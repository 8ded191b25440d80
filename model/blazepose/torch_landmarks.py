"""BlazePose's landmark network in torch: many crops at once, on any device.

Bazarevsky et al. 2020. The published network, or one that `model.tuning` taught.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from model.blazepose.tflite_file import Graph, Operation, read_tflite
from model.errors import InputError
from model.litert import FOLDER
from model.types import Array

FILE = "pose_landmark_full.tflite"
SIDE = 256  # pixels of the network's input
_SAME = 0  # TFLite's padding that keeps the size, or divides it by the stride
_ACTIVATIONS: dict[int, Callable[[Tensor], Tensor]] = {0: lambda x: x, 1: F.relu, 3: F.relu6}


class LandmarkAnswer(NamedTuple):
    """What the network says of each crop, as the file has it.

    Attributes:
        points: 33 landmarks, 2 auxiliary points and 4 for the hands; x, y and depth in pixels of
            the crop, then logits of visibility and of being in the picture.
        presence: Probability that the crop shows a person.
        mask: Logits of each pixel being the person.
        heat: One map for each point; an aid of the network's training.
        world_m: The same points about the hips.
    """

    points: Float[Tensor, "n 39 5"]
    presence: Float[Tensor, "n"]
    mask: Float[Tensor, "n 256 256"]
    heat: Float[Tensor, "n 39 64 64"]
    world_m: Float[Tensor, "n 39 3"]


class TorchLandmarks(nn.Module):
    """The graph of a file; its weights are read from there, not saved.

    Args:
        file: As it was published, or with other weights.

    Raises:
        InputError: `bad_network`.
    """

    def __init__(self, file: Path = FOLDER / FILE) -> None:
        super().__init__()
        self.graph = read_tflite(file)
        self.steps = nn.ModuleList(_module(op, self.graph) for op in self.graph.operations)
        self._finished = _last_uses(self.graph)
        self.eval().requires_grad_(False)

    def forward(self, crops: Float[Tensor, "n 3 256 256"]) -> LandmarkAnswer:
        """Answer RGB crops in [0, 1]."""
        graph = self.graph
        values = {graph.input: crops}
        for operation, step, finished in zip(
            graph.operations, self.steps, self._finished, strict=True
        ):
            inputs = [values[number] for number in operation.inputs if number in values]
            values[operation.output] = step(*inputs)
            for number in finished:
                del values[number]
        by_shape = {graph.shapes[number][1:]: values[number] for number in graph.outputs}
        return LandmarkAnswer(
            points=by_shape[195,].reshape(-1, 39, 5),
            presence=by_shape[1,].reshape(-1),
            mask=by_shape[SIDE, SIDE, 1].reshape(-1, SIDE, SIDE),
            heat=by_shape[64, 64, 39],
            world_m=by_shape[117,].reshape(-1, 39, 3),
        )


class Convolution(nn.Module):
    """A convolution with its activation; `convolve_depthwise` does those of one channel each."""

    def __init__(
        self, weight: Array, bias: Array, options: dict[str, Any], *, depthwise: bool
    ) -> None:
        super().__init__()
        order = (3, 0, 1, 2) if depthwise else (0, 3, 1, 2)  # TFLite has channels last
        self.weight = nn.Parameter(torch.tensor(weight).permute(order).contiguous())
        self.bias = nn.Parameter(torch.tensor(bias))
        self.groups = len(bias) if depthwise else 1
        self.stride = int(options["strideH"])
        self.same = options["padding"] == _SAME
        self.activation = _ACTIVATIONS[options["fusedActivationFunction"]]
        self.convolve_depthwise: Callable[[Tensor, Tensor, Tensor, int, int], Tensor] = (
            _plain_depthwise
        )

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d i j"]:
        """Compute it, padded as TFLite does."""
        padding = 0
        if self.same:
            padding, rest = divmod(_same_padding(x, self.weight.shape[-1], self.stride), 2)
            x = F.pad(x, (0, rest, 0, rest)) if rest else x
        convolve = F.conv2d if self.groups == 1 else self.convolve_depthwise
        return self.activation(convolve(x, self.weight, self.bias, self.stride, padding))


def _plain_depthwise(x: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    return F.conv2d(x, weight, bias, stride, padding, groups=len(weight))


class _Add(nn.Module):
    def __init__(self, activation: int) -> None:
        super().__init__()
        self.activation = _ACTIVATIONS[activation]

    def forward(self, a: Float[Tensor, "n c h w"], b: Tensor) -> Float[Tensor, "n c h w"]:
        return self.activation(a + b)


def _same_padding(x: Float[Tensor, "n c h w"], kernel: int, stride: int) -> int:
    """Pixels that TFLite adds to a square map, the odd one at the end."""
    side = x.shape[-1]
    return max((-(-side // stride) - 1) * stride + kernel - side, 0)


def _module(operation: Operation, graph: Graph) -> nn.Module:
    """The torch module of one step."""
    options, constants = operation.options, graph.constants
    match operation.kind:
        case "CONV_2D" | "DEPTHWISE_CONV_2D":
            weight, bias = (constants[number] for number in operation.inputs[1:])
            return Convolution(weight, bias, options, depthwise=operation.kind[0] == "D")
        case "PAD":
            (top, bottom), (left, right) = constants[operation.inputs[1]].tolist()[1:3]
            return nn.ZeroPad2d((left, right, top, bottom))
        case "ADD":
            return _Add(options["fusedActivationFunction"])
        case "MAX_POOL_2D":
            return nn.MaxPool2d(options["filterHeight"], options["strideH"])
        case "RESIZE_BILINEAR" if options["halfPixelCenters"]:
            height, width = constants[operation.inputs[1]].tolist()
            return nn.Upsample((height, width), mode="bilinear", align_corners=False)
        case "RESHAPE":
            return nn.Flatten()
        case "LOGISTIC":
            return nn.Sigmoid()
    raise InputError(
        "bad_network", f"the file computes {operation.kind}, expected BlazePose's landmark network"
    )


def _last_uses(graph: Graph) -> list[list[int]]:
    """For each step, the tensors that nothing after it reads, so that memory stays small."""
    last = {
        number: index
        for index, operation in enumerate(graph.operations)
        for number in operation.inputs
        if number not in graph.constants and number not in graph.outputs
    }
    return [
        [number for number, at in last.items() if at == index]
        for index in range(len(graph.operations))
    ]
