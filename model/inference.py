"""The network at work: crops or evidence in NumPy go in, an Estimate in NumPy comes out."""

from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from model.evidence_backbone import scale_evidence
from model.fused.network import fuse
from model.network import Inputs, Prediction, RemoCap
from model.types import Array, Estimate, Evidence

DTypeName = Literal["float32", "bfloat16"]
IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def normalise(
    pixels: UInt8[Tensor, "n h w 3"] | Float[Tensor, "n h w 3"],
) -> Float[Tensor, "n 3 h w"]:
    """RGB crops, 0 to 255, as the network was taught to see them: ImageNet's statistics removed."""
    mean, deviation = pixels.new_tensor((IMAGENET_MEAN, IMAGENET_DEVIATION), dtype=torch.float32)
    images: Tensor = (pixels / 255 - mean) / deviation
    return images.permute(0, 3, 1, 2)


class Predictor:
    """A network on its device, ready to answer crops.

    Attributes:
        network: From normalised pictures in the predictor's precision to predictions.
        device: Where it runs.
        refit: What is made of an estimate, if anything.
    """

    def __init__(
        self,
        network: Callable[[Inputs], Prediction],
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self.device = device
        self.network = network
        self.refit: Callable[[Estimate, Evidence | None], Estimate] | None = None
        self._dtype = dtype

    @torch.inference_mode()
    def predict(self, inputs: UInt8[Array, "n 224 224 3"] | Evidence) -> Estimate:
        """Answer RGB crops, or evidence of them, as the network's configuration says.

        The frames of a window are next to one another, in time order.

        Raises:
            ValueError: With MD, where n is no multiple of 8.
        """
        prediction = self.network(self._send(inputs))
        known = {name: x for name, x in prediction._asdict().items() if x is not None}
        estimate = Estimate(**{name: x.float().cpu().numpy() for name, x in known.items()})
        if self.refit is None:
            return estimate
        return self.refit(estimate, inputs if isinstance(inputs, Evidence) else None)

    def _send(self, inputs: UInt8[Array, "n 224 224 3"] | Evidence) -> Inputs:
        """Place inputs on the device as the network sees them; evidence is fp32 in any case."""
        if isinstance(inputs, Evidence):
            arrays = inputs.landmarks, inputs.mask
            return scale_evidence(*(torch.tensor(array, device=self.device) for array in arrays))
        return normalise(torch.tensor(inputs, device=self.device)).to(self._dtype)


def load_predictor(
    network: RemoCap,
    *,
    device: str = "cpu",
    dtype: DTypeName = "float32",
    compile: bool = False,  # noqa: A002  the name torch gives it
) -> Predictor:
    """Make a network ready to answer.

    Args:
        network: Its faster twin is used; it stays as it is.
        device: As torch names it, e.g. `cpu` or `cuda:0`.
        dtype: Of parameters and activations. Cameras, joints and vertices are fp32 in any case.
        compile: Let torch.compile specialise the network; this needs a C++ compiler, and the first
            answer takes minutes.
    """
    place, number = torch.device(device), getattr(torch, dtype)
    packed = (place.type, dtype, compile) == ("cpu", "float32", False)
    known = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    fused = fuse(network, packed=packed and known)
    fused = fused.in_dtype(number).to(place)
    return Predictor(torch.compile(fused) if compile else fused, place, number)
