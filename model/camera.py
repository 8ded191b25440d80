"""From the crop camera of the network to the whole image, and from there to one 3D scene.

The network sees a square crop through a weak-perspective camera (s, tx, ty): a point (X, Y, Z) of
the body, in metres about its pelvis, falls on (u, v) = s * ((X, Y) + (tx, ty)), where the crop
spans [-1, 1] (METRO, Lin et al. 2021). docs/geometry.md tells how the parts belong together.
This module knows no network, video or file.
"""

import numpy as np
from jaxtyping import Float32

from model.types import Array

MIN_SCALE = 0.05
"""Least s that is believed: a crop 40 m wide. Less, or a negative s, is a network that errs, and
would place a person at the horizon or behind the camera."""


def crop_camera_to_image(
    camera: Float32[Array, "n 3"], crop_px: Float32[Array, "n 4"]
) -> tuple[Float32[Array, "n"], Float32[Array, "n 2"]]:
    """Return image pixels per metre, and where the pelvis falls in image pixels.

    A scale below `MIN_SCALE` counts as `MIN_SCALE`.
    """
    side_px, centre_px = _squares(crop_px)
    px_per_m = np.maximum(camera[:, 0], np.float32(MIN_SCALE)) * side_px / 2
    return px_per_m, centre_px + px_per_m[:, None] * camera[:, 1:]


def image_to_crop_camera(
    px_per_m: Float32[Array, "n"],
    pelvis_px: Float32[Array, "n 2"],
    crop_px: Float32[Array, "n 4"],
) -> Float32[Array, "n 3"]:
    """Invert `crop_camera_to_image` for any square."""
    side_px, centre_px = _squares(crop_px)
    shift_m = (pelvis_px - centre_px) / px_per_m[:, None]
    return np.column_stack([2 * px_per_m / side_px, shift_m])


def project_weak(
    points_m: Float32[Array, "n points 3"],
    camera: Float32[Array, "n 3"],
    crop_px: Float32[Array, "n 4"],
) -> Float32[Array, "n points 2"]:
    """Return where points about the pelvis fall in the image, by the crop camera."""
    px_per_m, pelvis_px = crop_camera_to_image(camera, crop_px)
    return pelvis_px[:, None] + px_per_m[:, None, None] * points_m[..., :2]


def project_perspective(
    points_m: Float32[Array, "n points 3"], intrinsics: Float32[Array, "3 3"]
) -> Float32[Array, "n points 2"]:
    """Return where points in the camera frame, all before the camera, fall in the image."""
    homogeneous = points_m @ intrinsics.T
    return homogeneous[..., :2] / homogeneous[..., 2:]


def pinhole_intrinsics(
    width: int, height: int, focal_px: float | None = None
) -> Float32[Array, "3 3"]:
    """Return the matrix of a camera that looks through the middle of the image.

    Args:
        width: Pixels of the shown image.
        height: Pixels of the shown image.
        focal_px: Focal length; where unknown, the image diagonal is assumed (a view of 53 degrees
            from corner to corner), as in CLIFF (Li et al. 2022).
    """
    focal = np.hypot(width, height) if focal_px is None else focal_px
    return np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]], np.float32)


def view_rotmats(
    crop_px: Float32[Array, "n 4"], intrinsics: Float32[Array, "3 3"]
) -> Float32[Array, "n 3 3"]:
    """Return the least rotations that turn the z axis into the rays through the crops' centres.

    The network takes each crop for a picture of its own, seen straight on; in the whole image that
    line of sight is the ray through the crop's centre.
    """
    return _turns_of_z(_rays(_squares(crop_px)[1], intrinsics))


def translations_m(
    camera: Float32[Array, "n 3"],
    crop_px: Float32[Array, "n 4"],
    intrinsics: Float32[Array, "3 3"],
) -> Float32[Array, "n 3"]:
    """Return where the pelvis is in the camera frame.

    It lies on the ray of the pixel where the crop camera sees it, at the depth where a metre
    covers as many pixels as the crop camera says (METRO's depth 2 f / (side s)).
    """
    px_per_m, pelvis_px = crop_camera_to_image(camera, crop_px)
    return _rays(pelvis_px, intrinsics) * (intrinsics[0, 0] / px_per_m)[:, None]


def placement_deviation_px(
    points_m: Float32[Array, "n points 3"],
    camera: Float32[Array, "n 3"],
    crop_px: Float32[Array, "n 4"],
    intrinsics: Float32[Array, "3 3"],
) -> Float32[Array, "n"]:
    """Return how far apart, in the mean over the points, the two cameras see a body.

    The crop camera has no perspective and the scene's has, so they agree at the pelvis alone.

    Args:
        points_m: Of the body, about its pelvis, in the crop camera's axes.
        camera: The crop camera.
        crop_px: Its square.
        intrinsics: Of the scene's camera, in which the body is turned and placed.
    """
    turned_m = points_m @ view_rotmats(crop_px, intrinsics).transpose(0, 2, 1)
    placed_m = turned_m + translations_m(camera, crop_px, intrinsics)[:, None]
    apart_px = project_perspective(placed_m, intrinsics) - project_weak(points_m, camera, crop_px)
    return np.linalg.norm(apart_px, axis=2).mean(axis=1)


def _squares(crop_px: Float32[Array, "n 4"]) -> tuple[Float32[Array, "n"], Float32[Array, "n 2"]]:
    """Return sides and centres."""
    return crop_px[:, 2] - crop_px[:, 0], (crop_px[:, :2] + crop_px[:, 2:]) / 2


def _rays(
    pixels: Float32[Array, "n 2"], intrinsics: Float32[Array, "3 3"]
) -> Float32[Array, "n 3"]:
    """Return vectors of depth 1 from the camera through pixels."""
    across = (pixels - intrinsics[:2, 2]) / intrinsics[[0, 1], [0, 1]]
    return np.column_stack([across, np.ones(len(pixels), np.float32)])


def _turns_of_z(rays: Float32[Array, "n 3"]) -> Float32[Array, "n 3 3"]:
    """Return the least rotations of z into the rays' directions.

    These are I + K + K^2 / (1 + cos), K the cross product with z x direction (Rodrigues).
    """
    x, y, cos = (rays / np.linalg.norm(rays, axis=1, keepdims=True)).T
    turns = [
        [1 - x * x / (1 + cos), -x * y / (1 + cos), x],
        [-x * y / (1 + cos), 1 - y * y / (1 + cos), y],
        [-x, -y, cos],
    ]
    return np.moveaxis(np.array(turns, np.float32), 2, 0)
