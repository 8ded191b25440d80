"""Layers on top of each other, each with its place in the image, seen through a crop's square."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float32

from model.types import CROP_SIDE


class Layer(NamedTuple):
    """Something to see, in each of n pictures.

    Attributes:
        rgba: Multiplied by coverage, and coverage.
        box_px: x0, y0, x1, y1 of it in the image.
    """

    rgba: Float32[torch.Tensor, "n 4 h w"]
    box_px: Float32[torch.Tensor, "n 4"]


def crop_grid(
    box_px: Float32[torch.Tensor, "n 4"],
    square_px: Float32[torch.Tensor, "n 4"],
    side: int = CROP_SIDE,
) -> Float32[torch.Tensor, "n {side} {side} 2"]:
    """Return where the pixels of a crop lie in a box, whose corners are (-1, -1) and (1, 1)."""
    share = (torch.arange(side, device=square_px.device) + 0.5) / side
    start, size = square_px[:, :2], square_px[:, 2:] - square_px[:, :2]
    image_px = start[:, None] + share[:, None] * size[:, None]  # [n,side,2], columns and rows alike
    low, extent = box_px[:, None, :2], (box_px[:, 2:] - box_px[:, :2])[:, None]
    place = 2 * (image_px - low) / extent - 1
    x, y = place[:, None, :, 0], place[:, :, None, 1]
    return torch.stack([x.expand(-1, side, -1), y.expand(-1, -1, side)], dim=-1)


def behind_all(
    backdrop: Float32[torch.Tensor, "n 3 h w"],
    box_px: Float32[torch.Tensor, "n 4"],
    square_px: Float32[torch.Tensor, "n 4"],
    side: int = CROP_SIDE,
) -> Float32[torch.Tensor, "n 3 {side} {side}"]:
    """Return crops of a backdrop, which is mirrored beyond its box."""
    grid = crop_grid(box_px, square_px, side)
    return F.grid_sample(backdrop, grid, padding_mode="reflection", align_corners=False)


def lay_over(
    under: Float32[torch.Tensor, "n 3 side side"],
    layer: Layer,
    square_px: Float32[torch.Tensor, "n 4"],
) -> Float32[torch.Tensor, "n 3 side side"]:
    """Return crops with a layer in front of them."""
    grid = crop_grid(layer.box_px, square_px, under.shape[-1])
    over = F.grid_sample(layer.rgba, grid, padding_mode="zeros", align_corners=False)
    return under * (1 - over[:, 3:]) + over[:, :3]


def cut_off(
    crops: Float32[torch.Tensor, "n 3 side side"],
    image_px: Float32[torch.Tensor, "n 4"],
    square_px: Float32[torch.Tensor, "n 4"],
) -> Float32[torch.Tensor, "n 3 side side"]:
    """Return crops that are black outside the image, as those at inference are."""
    inside = (crop_grid(image_px, square_px, crops.shape[-1]).abs() <= 1).all(dim=-1)
    return crops * inside[:, None]
