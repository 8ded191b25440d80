"""What training and evaluation see of windows: pictures, and what is known of each frame."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Float32, UInt8
from torch import Tensor

from model.evidence_backbone import scale_evidence
from model.inference import normalise
from model.network import Inputs
from model.training.windows import Track, Window
from model.types import Array, Evidence

J24_TO_J14 = (*range(12), 12, 18)
"""Rows of the J24 joints that are J14."""


class Sample(NamedTuple):
    """Whole windows in NumPy; n is a multiple of 8. What is not known is zero.

    Attributes:
        pixels: RGB crops; None where there is evidence alone.
        joints2d: J14 joints over the crop, -1 to 1, with confidence.
        joints3d_m: J14 joints about a pelvis, in the camera frame, with confidence.
        pose: SMPL's rotation vectors.
        betas: SMPL's shape.
        mesh_m: Coarse or fine vertices in the camera frame; none in sets that label SMPL.
        has_mesh: Frames whose mesh is known, from `mesh_m` or from pose and betas.
        landmarks: Those of `Evidence`, for networks that see it.
        mask: Likewise.
    """

    pixels: UInt8[Array, "n 224 224 3"] | None
    joints2d: Float32[Array, "n 14 3"]
    joints3d_m: Float32[Array, "n 14 4"]
    pose: Float32[Array, "n 72"]
    betas: Float32[Array, "n 10"]
    mesh_m: Float32[Array, "n vertices 3"]
    has_mesh: Bool[Array, "n"]
    landmarks: Float32[Array, "n 33 7"] | None = None
    mask: UInt8[Array, "n 64 64"] | None = None

    @property
    def inputs(self) -> UInt8[Array, "n 224 224 3"] | Evidence:
        """What the network is given: the evidence, where there is some."""
        if self.landmarks is not None and self.mask is not None:
            return Evidence(self.landmarks, self.mask)
        assert self.pixels is not None
        return self.pixels


class ClipBatch(NamedTuple):
    """The windows of several samples in torch, one after the other. Fields as in `Sample`."""

    pixels: UInt8[Tensor, "n 224 224 3"] | None
    joints2d: Float32[Tensor, "n 14 3"]
    joints3d_m: Float32[Tensor, "n 14 4"]
    pose: Float32[Tensor, "n 72"]
    betas: Float32[Tensor, "n 10"]
    mesh_m: Float32[Tensor, "n vertices 3"]
    has_mesh: Bool[Tensor, "n"]
    landmarks: Float32[Tensor, "n 33 7"] | None = None
    mask: UInt8[Tensor, "n 64 64"] | None = None

    def to(self, device: torch.device) -> "ClipBatch":
        """The same batch on another device."""
        return ClipBatch._make(x if x is None else x.to(device, non_blocking=True) for x in self)

    @property
    def inputs(self) -> Inputs:
        """What the network is given: the evidence, where there is some."""
        if self.landmarks is not None and self.mask is not None:
            return scale_evidence(self.landmarks, self.mask)
        assert self.pixels is not None
        return normalise(self.pixels)


@runtime_checkable
class ClipSource(Protocol):
    """Anything to train on: a data set on disk, or people made on the fly.

    A sample depends on its index and the generator alone, so that a run can be resumed.
    """

    def __len__(self) -> int:
        """Samples in an epoch."""
        ...

    def sample(self, index: int, rng: np.random.Generator) -> Sample:
        """Make one, augmented."""
        ...


@runtime_checkable
class LabelledClips(Protocol):
    """Anything to evaluate on."""

    @property
    def tracks(self) -> list[Track]:
        """Whose rows the windows are cut from."""
        ...

    @property
    def frames(self) -> int:
        """Of all tracks."""
        ...

    @property
    def fps(self) -> float | None:
        """Frames a second, where they are known."""
        ...

    def read(self, window: Window) -> Sample:
        """Read a window as it is."""
        ...


def join_samples(samples: Sequence[Sample]) -> ClipBatch:
    """One batch of several samples."""
    return ClipBatch._make(_join(field) for field in zip(*samples, strict=True))


def _join(field: Sequence[Array | None]) -> Tensor | None:
    """One field of several samples; all have it, or none."""
    known = [values for values in field if values is not None]
    return torch.from_numpy(np.concatenate(known)) if known else None
