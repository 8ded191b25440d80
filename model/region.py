"""Where BlazePose looks for one person: a square about the hips, turned so that they stand up."""

import math
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float32, Float64, Real

from model.types import Array

REGION_MARGIN = 1.25  # BlazePose's square is this much wider than the circle around the person
CROP_MARGIN = 1.1  # ours, about the same circle, for the network


@dataclass(frozen=True)
class Region:
    """A person as BlazePose describes one: a circle about the hips that holds the whole body.

    Attributes:
        x_px: Middle of the hips.
        y_px: Likewise.
        radius_px: Of the circle.
        rotation_rad: By which the person leans, clockwise in the image; 0 is upright.
        mirrored: Whether the square is to be seen in a mirror.
    """

    x_px: float
    y_px: float
    radius_px: float
    rotation_rad: float = 0.0
    mirrored: bool = False

    @classmethod
    def of_points(cls, hips_px: Real[Array, "2"], top_px: Real[Array, "2"]) -> "Region":
        """From the middle of the hips and BlazePose's point on the circle above the head."""
        across, up = float(top_px[0] - hips_px[0]), float(hips_px[1] - top_px[1])
        return cls(
            float(hips_px[0]), float(hips_px[1]), math.hypot(across, up), math.atan2(across, up)
        )

    @classmethod
    def of_box(cls, x0: float, y0: float, x1: float, y1: float) -> "Region":
        """From a box of any shape around the whole person."""
        return cls((x0 + x1) / 2, (y0 + y1) / 2, max(x1 - x0, y1 - y0) / 2)

    @classmethod
    def of_crop(cls, crop_px: Float32[Array, "4"]) -> "Region":
        """From the square that `crop_px` gives; how the person leans is not known."""
        x0, y0, x1, y1 = (float(edge) for edge in crop_px)
        return cls((x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) / 2 / CROP_MARGIN)

    @property
    def hips_px(self) -> Float64[Array, "2"]:
        """The centre."""
        return np.array([self.x_px, self.y_px])

    @property
    def top_px(self) -> Float64[Array, "2"]:
        """The point on the circle above the head; `of_points` makes the region of both."""
        up = np.array([math.sin(self.rotation_rad), -math.cos(self.rotation_rad)])
        top: Array = self.hips_px + self.radius_px * up
        return top

    @property
    def crop_px(self) -> Float32[Array, "4"]:
        """The upright square (x0, y0, x1, y1) that the network is to see of this person."""
        half = CROP_MARGIN * self.radius_px
        x, y = self.x_px, self.y_px
        return np.array([x - half, y - half, x + half, y + half], np.float32)

    def image_to_crop(self, side: int) -> Float64[Array, "2 3"]:
        """Similarity from image pixels to a `side` x `side` crop of BlazePose's turned square.

        A reflection too, where the region is mirrored.
        """
        scale = side / (2 * REGION_MARGIN * self.radius_px)
        cos, sin = scale * math.cos(self.rotation_rad), scale * math.sin(self.rotation_rad)
        across = -1 if self.mirrored else 1
        linear = np.array([[across * cos, across * sin], [-sin, cos]])
        shift = side / 2 - linear @ np.array([self.x_px, self.y_px])
        return np.column_stack([linear, shift])

    def moved(self, x_px: float, y_px: float) -> "Region":
        """The same, moved in the image."""
        return replace(self, x_px=self.x_px + x_px, y_px=self.y_px + y_px)

    def distance(self, other: "Region") -> float:
        """From hips to hips, in radii of the larger of the two."""
        away_px = math.hypot(self.x_px - other.x_px, self.y_px - other.y_px)
        return away_px / max(self.radius_px, other.radius_px)
