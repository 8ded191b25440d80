"""The values that pass between the steps, in NumPy alone: no torch, no video library.

Image coordinates are pixels of the shown image (rotation and pixel aspect applied): x right,
y down, the centre of the first pixel at (0.5, 0.5). The camera frame is x right, y down, z away
from the camera, in metres.

What holds arrays is compared by identity: `==` between arrays has no single answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, UInt8

Array = np.ndarray
Smoothing = Literal["off", "light", "strong"]

WINDOW = 8  # frames that MD sees at once, and that a network is given together
CROP_SIDE = 224  # pixels of the network's square input
MASK_SIDE = 64  # cells of a person's mask, where that is the network's input
LONE_FRAME_S = 1 / 25  # how long a frame is shown that has none after it to tell
COARSE, INTERMEDIATE, FINE = 431, 1723, 6890  # vertices of the three levels

JOINT_NAMES = (
    "right_ankle",
    "right_knee",
    "right_hip",
    "left_hip",
    "left_knee",
    "left_ankle",
    "right_wrist",
    "right_elbow",
    "right_shoulder",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "neck",
    "head",
)
"""The 14 joints J14, in the order of the network's joint tokens (as in METRO, Lin et al. 2021)."""

H36M_TO_J14 = (3, 2, 1, 4, 5, 6, 16, 15, 14, 11, 12, 13, 8, 10)
"""Rows of a Human3.6M joint regressor that are the J14 joints, in their order."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One shown picture of a video.

    Attributes:
        index: Position in the video, from 0, counting every shown frame of the source.
        pts_s: Presentation time in seconds, 0 at the first shown frame of the source.
        rgb: The picture as shown: rotated, with square pixels.
    """

    index: int
    pts_s: float
    rgb: UInt8[Array, "height width 3"]


@dataclass(frozen=True, eq=False)
class Mask:
    """What in a square of the image, which may be turned, is the person.

    Attributes:
        cells: Share of each cell that the person fills, times 255.
        image_to_mask: Affine map from image pixels to cells: cell = A @ (x, y, 1).
    """

    cells: UInt8[Array, "64 64"]
    image_to_mask: Float64[Array, "2 3"]


@dataclass(frozen=True, eq=False)
class Observation:
    """One person in one frame, as detector and tracker saw them.

    Attributes:
        track_id: The person, from 1, in order of first appearance.
        frame_index: The frame, as in `Frame.index`.
        pts_s: Its time, as in `Frame.pts_s`.
        crop_px: The square (x0, y0, x1, y1) the network will look at; may leave the image.
        score: Confidence that a person is there, 0 to 1.
        landmarks: BlazePose's 33 landmarks where they were computed: x, y and relative depth in
            image pixels, visibility 0 to 1, and the place about the hips in metres, axes as the
            camera frame's.
        mask: What BlazePose took for the person at the same look.
    """

    track_id: int
    frame_index: int
    pts_s: float
    crop_px: Float32[Array, "4"]
    score: float
    landmarks: Float32[Array, "33 7"] | None = None
    mask: Mask | None = None


@dataclass(frozen=True, eq=False)
class Crop:
    """What the network sees of one observation. Pixels and camera move together.

    Attributes:
        observation: Whose crop it is.
        pixels: RGB.
        image_to_crop: Affine map from image pixels to crop pixels: crop = A @ (x, y, 1).
    """

    observation: Observation
    pixels: UInt8[Array, "224 224 3"]
    image_to_crop: Float64[Array, "2 3"]


@dataclass(frozen=True, eq=False)
class Evidence:
    """What BlazePose saw of a person, in one crop or in n; it can stand in place of the pixels.

    Attributes:
        landmarks: x and y over the crop, -1 to 1; depth relative to the hips in the same unit,
            negative toward the camera; visibility 0 to 1; then the place about the hips in metres
            as BlazePose guesses it, x right, y down, z away.
        mask: Share of each cell of the crop that the person fills, times 255.
    """

    landmarks: Float32[Array, "*n 33 7"]
    mask: UInt8[Array, "*n 64 64"]


@dataclass(frozen=True, eq=False)
class EvidenceCrop:
    """As `Crop`, for a network that sees evidence."""

    observation: Observation
    evidence: Evidence


@dataclass(frozen=True, eq=False)
class Estimate:
    """Raw, uncentred network output for n frames, in time order.

    Attributes:
        camera: Weak-perspective (s, tx, ty) over the crop (docs/geometry.md).
        joints_m: The 14 joint tokens.
        coarse_m: The coarse vertices.
        rotmat: SMPL joint rotations, where the network has the regressor.
        betas: SMPL shape, likewise.
    """

    camera: Float32[Array, "n 3"]
    joints_m: Float32[Array, "n 14 3"]
    coarse_m: Float32[Array, "n 431 3"]
    rotmat: Float32[Array, "n 24 3 3"] | None = None
    betas: Float32[Array, "n 10"] | None = None


@dataclass(frozen=True, eq=False)
class Sequence:
    """One person over time; a row per frame, sorted by time, each frame once.

    Arrays may be memory maps: slice them, do not copy them whole. The meaning of each is that of
    the NPZ contract (docs/formats.md).
    """

    track_id: int
    frame_index: Int32[Array, "n"]
    pts_s: Float64[Array, "n"]
    camera: Float32[Array, "n 3"]
    joint_tokens_m: Float32[Array, "n 14 3"]
    coarse_m: Float32[Array, "n 431 3"]
    crop_px: Float32[Array, "n 4"]
    score: Float32[Array, "n"]
    observed: Bool[Array, "n"]
    rotmat: Float32[Array, "n 24 3 3"] | None = None
    betas: Float32[Array, "n 10"] | None = None

    def __len__(self) -> int:
        return len(self.frame_index)

    def __getitem__(self, rows: slice) -> "Sequence":
        """Return some rows as views; memory maps are not read."""
        columns = {f.name: getattr(self, f.name) for f in fields(self)}
        chosen: dict[str, Any] = {k: v[rows] for k, v in columns.items() if isinstance(v, Array)}
        return replace(self, **chosen)


@dataclass(frozen=True)
class VideoInfo:
    """What is known of a video once it has been opened; the header's claims may be wrong.

    Attributes:
        width: Pixels of the shown image.
        height: Pixels of the shown image.
        fps: Average frame rate, where the container states one.
        duration_s: Stated duration.
        frame_count: Stated number of frames.
    """

    width: int
    height: int
    fps: float | None = None
    duration_s: float | None = None
    frame_count: int | None = None


@dataclass(frozen=True)
class Meta:
    """What a result says of itself; becomes the JSON string `meta` of every format.

    Attributes:
        model: Name of the model folder.
        weights_sha256: Of the weights that ran; of the configuration where they are seeded.
        trained: False where the weights are untrained.
        body: Name of the body topology.
        width: Pixels of the shown image.
        height: Pixels of the shown image.
        frame_count: Frames decoded, with or without people.
        coverage: Share of decoded frames that show at least one person.
        smoothing: `off`, `light` or `strong`, as applied at hand-out.
        licence: Of weights and body, as the model card states it.
        focal_px: Assumed or given focal length of the full image.
        focal_source: `assumed: image diagonal`, or `given`.
        notes: What a reader should know: padding, truncation, a header that was wrong.
        timings: Seconds per stage.
    """

    model: str
    weights_sha256: str
    trained: bool
    body: str
    width: int
    height: int
    frame_count: int
    coverage: float
    licence: str
    focal_px: float
    focal_source: str
    smoothing: Smoothing = "off"
    joint_names: tuple[str, ...] = JOINT_NAMES
    notes: tuple[str, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
