"""From the 431 vertices a network predicts to the 6890 of the mesh, in NumPy alone."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from model.bodies.body import Body
from model.types import COARSE, FINE, Array


@dataclass(frozen=True, eq=False)
class Upsampling:
    """The affine map of coarse to fine vertices; one per model and body.

    The published network goes 431 -> 1723 through a learned layer and 1723 -> 6890 through fixed
    sums of three. Both are affine and act alike on x, y and z, so they are folded into one.

    Attributes:
        weight: Of every coarse vertex in every fine one.
        bias: In metres, added to all three coordinates.
    """

    weight: Float32[Array, "6890 431"]
    bias: Float32[Array, "6890"]

    @classmethod
    def from_layers(
        cls,
        learned_weight: Float32[Array, "1723 431"],
        learned_bias: Float32[Array, "1723"],
        body: Body,
    ) -> "Upsampling":
        """Fold the learned layer and the body's fixed interpolation into one map."""
        indices, weights = body.intermediate_to_fine
        weight = np.einsum("vk,vkc->vc", weights, learned_weight[indices])
        return cls(weight, np.einsum("vk,vk->v", weights, learned_bias[indices]))

    def __call__(self, coarse_m: Float32[Array, "n 431 3"]) -> Float32[Array, "n 6890 3"]:
        """Return fine vertices in the frame and units of `coarse_m`.

        Memory grows with n, by 165 KB a frame: the caller passes chunks.
        """
        rows = coarse_m.transpose(0, 2, 1).reshape(-1, COARSE)  # [3n,431], x, y, z of a frame
        fine = rows @ self.weight.T + self.bias  # [3n,6890]
        return np.ascontiguousarray(fine.reshape(-1, 3, FINE).transpose(0, 2, 1))
