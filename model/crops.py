"""Cuts a person out of a frame. Pixels and camera move together.

Image and crop coordinates both put the centre of the first pixel at (0.5, 0.5); outside the image
everything is black.
"""

import math

import cv2
import numpy as np
from jaxtyping import Float64, UInt8

from model.types import CROP_SIDE, Array, Crop, Observation

HALF_PIXEL = np.array([0.5, 0.5])
"""OpenCV puts the centre of the first pixel at (0, 0)."""


def crop_person(
    rgb: UInt8[Array, "height width 3"], observation: Observation, *, published: bool = False
) -> Crop:
    """Cut the square of `observation` out of its frame.

    Args:
        rgb: The frame.
        observation: Its `crop_px` is the square.
        published: Do as METRO does, which the published weights were trained on: corners truncated
            to whole pixels, bilinear without antialiasing. Otherwise the square is cut exactly,
            and shrinking is antialiased.
    """
    if not published:
        image_to_crop = square_to_affine(observation.crop_px, CROP_SIDE)
        return Crop(observation, warp(rgb, image_to_crop, CROP_SIDE), image_to_crop)
    x0, y0, x1, y1 = observation.crop_px.astype(np.float64)
    center, scale = np.array([(x0 + x1) / 2, (y0 + y1) / 2]), (x1 - x0) / 200
    corner, end = _published_corners(center, scale)
    image_to_crop = square_to_affine(np.concatenate([corner, end]), CROP_SIDE)
    pixels = np.rint(published_crop(rgb, center, scale)).astype(np.uint8)
    return Crop(observation, pixels, image_to_crop)


def square_to_affine(square_px: Array, side: int) -> Float64[Array, "2 3"]:
    """Affine map from image pixels to an upright `side` x `side` crop of `square_px` [4]."""
    x0, y0, x1, y1 = np.asarray(square_px, np.float64)
    x_scale, y_scale = side / (x1 - x0), side / (y1 - y0)
    return np.array([[x_scale, 0.0, -x_scale * x0], [0.0, y_scale, -y_scale * y0]])


def warp(
    rgb: UInt8[Array, "height width 3"], image_to_crop: Float64[Array, "2 3"], side: int
) -> UInt8[Array, "side side 3"]:
    """Sample a square crop through a similarity or reflection, antialiased where it shrinks.

    The image is halved while it is at least twice too large, then blurred so that the bilinear
    sampling that follows has the variance of a triangle as wide as the crop's pixels.
    """
    patch, origin = _needed_part(rgb, image_to_crop, side)
    if patch.size == 0:
        return np.zeros((side, side, 3), np.uint8)
    shrink = 1 / math.sqrt(abs(np.linalg.det(image_to_crop[:, :2])))  # negative in a mirror
    block = 1
    while shrink / block >= 2:
        patch = _halve(patch)
        block *= 2
    excess = (shrink / block) ** 2 - 1
    if excess > 0:
        patch = cv2.GaussianBlur(patch, (0, 0), math.sqrt(excess / 6))
    linear = image_to_crop[:, :2] * block
    shift = image_to_crop[:, :2] @ origin + image_to_crop[:, 2]
    shift = shift + linear @ HALF_PIXEL - HALF_PIXEL
    pixels: Array = cv2.warpAffine(patch, np.column_stack([linear, shift]), (side, side))
    return pixels


def published_crop(
    image: UInt8[Array, "height width 3"],
    center: Float64[Array, "2"],
    scale: float,
    rotation_deg: float = 0.0,
    flip: bool = False,
    channel_gain: tuple[float, float, float] = (1.0, 1.0, 1.0),
) -> Float64[Array, "224 224 3"]:
    """METRO's crop (Lin et al. 2021, `crop` and `rgb_processing` of its release), 0 to 255.

    Args:
        image: A frame.
        center: Of the square, in pixels.
        scale: Side of the square in pixels, over 200.
        rotation_deg: Counter-clockwise, about the centre of the square.
        flip: Mirror left and right, after the rotation.
        channel_gain: Factor on each channel, after the flip.
    """
    corner, end = _published_corners(center, scale)
    pad = int(np.linalg.norm(end - corner) / 2 - (end[1] - corner[1]) / 2) if rotation_deg else 0
    square = _cut(image, corner - pad, end + pad)
    if rotation_deg:
        height, width = square.shape[:2]
        turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), rotation_deg, 1.0)
        turned = cv2.warpAffine(square, turn, (width, height))
        square = turned[pad : height - pad, pad : width - pad]
    pixels = cv2.resize(square, (CROP_SIDE, CROP_SIDE), interpolation=cv2.INTER_LINEAR)
    if flip:
        pixels = pixels[:, ::-1]
    gained: Array = np.clip(pixels * np.array(channel_gain), 0.0, 255.0)
    return gained


def _needed_part(rgb: Array, image_to_crop: Array, side: int) -> tuple[Array, Array]:
    """The part of the image that the crop can see, and its origin in the image."""
    corners = np.array([[0, 0], [side, 0], [0, side], [side, side]], np.float64)
    in_image = np.linalg.solve(image_to_crop[:, :2], (corners - image_to_crop[:, 2]).T)  # [2,4]
    margin = 2 + 2 * np.ptp(in_image, axis=1).max() / side
    height, width = rgb.shape[:2]
    low = np.clip(np.floor(in_image.min(axis=1) - margin), 0, (width, height)).astype(int)
    high = np.clip(np.ceil(in_image.max(axis=1) + margin), 0, (width, height)).astype(int)
    return rgb[low[1] : high[1], low[0] : high[0]], low.astype(np.float64)


def _halve(patch: Array) -> Array:
    height, width = patch.shape[:2]
    if height % 2 or width % 2:
        patch = cv2.copyMakeBorder(patch, 0, height % 2, 0, width % 2, cv2.BORDER_CONSTANT)
        height, width = patch.shape[:2]
    half: Array = cv2.resize(patch, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return half


def _published_corners(center: Array, scale: float) -> tuple[Array, Array]:
    """First pixel of the square and the one past its last, truncated toward zero.

    Truncation makes the square a pixel narrower where one of its sides lies within a pixel of 0.
    """
    return np.trunc(center - 100 * scale).astype(int), np.trunc(center + 100 * scale).astype(int)


def _cut(image: Array, corner: Array, end: Array) -> Float64[Array, "height width 3"]:
    """Pixels [corner, end) of the image, black outside it."""
    height, width = image.shape[:2]
    low, high = np.clip(corner, 0, (width, height)), np.clip(end, 0, (width, height))
    square = np.zeros((*(end - corner)[::-1], 3))
    rows = slice(low[1] - corner[1], high[1] - corner[1])
    columns = slice(low[0] - corner[0], high[0] - corner[0])
    square[rows, columns] = image[low[1] : high[1], low[0] : high[0]]
    return square
