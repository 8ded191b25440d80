"""Crops of rendered people with where their landmarks are, in the terms of BlazePose's network."""

from functools import cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from model.bodies.body_file import load_body
from model.bodies.skinning import load_anny
from model.camera import project_perspective, view_rotmats
from model.crops import warp
from model.landmarks import HIPS, OTHER_SIDE, SHOULDERS, SIDE
from model.region import REGION_MARGIN, Region
from model.synth.backdrop import Backdrops
from model.synth.baking import FOCAL_PX, INTRINSICS, Clip
from model.synth.dataset import SynthClips
from model.synth.framing import CIRCLE, draw_squares
from model.synth.landmark_points import landmark_points
from model.synth.seen import SIDE as PICTURE_SIDE
from model.synth.seen import surroundings
from model.types import WINDOW, Array
from model.upsample import Upsampling

FRAMES = 2  # of a clip that are pictured; its others differ little
DEPTH_STRETCH = 3.0  # of depth as BlazePose states it, a fit to crops whose people it saw
_LEAN, _LEAN_BADLY, _BADLY = 0.12, 0.6, 0.1  # deviations in radians; chance of the second


class LabelledCrop(NamedTuple):
    """What the network is shown, and what it should say.

    Attributes:
        image: RGB.
        points_px: x, y and depth in the crop: 33 landmarks, then BlazePose's two points that say
            where to look next, whose depth has no meaning.
        world_m: Places of the landmarks about the hips, in the axes of the crop.
    """

    image: UInt8[Array, "256 256 3"]
    points_px: Float32[Array, "35 3"]
    world_m: Float32[Array, "33 3"]


def draw_crops(clips: SynthClips, index: int, rng: np.random.Generator) -> list[LabelledCrop]:
    """Picture two frames of a clip, and cut them out as the tracker might, turned and mirrored."""
    frames = np.sort(rng.choice(WINDOW, FRAMES, replace=False))
    clip = clips.baked.clip(index).some(frames)
    squares_px = draw_squares(rng, clip.hips_px, clip.extent_px)
    views_px = surroundings(squares_px)
    pictures = clips.photograph(clip, views_px, rng, PICTURE_SIDE)
    landmarks_m, along_m = _see(clip), view_rotmats(squares_px, INTRINSICS)
    scale = PICTURE_SIDE / (views_px[:, 2] - views_px[:, 0])  # [2]
    seen_px = project_perspective(landmarks_m, INTRINSICS) - views_px[:, None, :2]
    places_px = seen_px * scale[:, None, None]
    looks_px = (squares_px - np.tile(views_px[:, :2], 2)) * scale[:, None]
    return [
        _cut(
            picture,
            _draw_look(looks_px[n], places_px[n], rng),
            places_px[n],
            CIRCLE * float(scale[n] * clip.extent_px[n]),
            (landmarks_m[n] - landmarks_m[n, HIPS].mean(axis=0)) @ along_m[n],
            FOCAL_PX * float(scale[n] / landmarks_m[n, HIPS, 2].mean()),
        )
        for n, picture in enumerate(pictures)
    ]


def draw_empty(backdrops: Backdrops, rng: np.random.Generator) -> LabelledCrop:
    """Picture a backdrop alone; the places that come with it have no meaning."""
    picture = (backdrops.draw(rng).permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    tall, wide = picture.shape[:2]
    radius_px = float(rng.uniform(0.25, 0.5)) * min(tall, wide) / REGION_MARGIN
    x_px, y_px = rng.uniform(0.3, 0.7, 2) * (wide, tall)
    look = Region(float(x_px), float(y_px), radius_px, float(rng.uniform(-np.pi, np.pi)))
    nowhere = np.zeros((35, 3), np.float32)
    return LabelledCrop(warp(picture, look.image_to_crop(SIDE), SIDE), nowhere, nowhere[:33])


def _see(clip: Clip) -> Float32[Array, "n 33 3"]:
    """Return the landmarks of a clip in the camera frame."""
    where_m = np.stack([locate(*pair) for pair in zip(clip.joints_m, clip.joints_px, strict=True)])
    return (_coarse_to_landmarks() @ clip.coarse_m + where_m[:, None]).astype(np.float32)


def locate(
    joints_m: Float32[Array, "14 3"], joints_px: Float32[Array, "14 2"]
) -> Float64[Array, "3"]:
    """Return where the origin of `joints_m` is in the camera frame, by least squares."""
    rays = joints_px.astype(float) / FOCAL_PX
    unit = np.eye(3)[:2]  # of x and y, whose ray it is: x + X = (z + Z) ray
    sides = unit[None] - rays[:, :, None] * np.array([0, 0, 1])  # [14,2,3]
    apart = rays * joints_m[:, 2:] - joints_m[:, :2]
    place: Array = np.linalg.lstsq(sides.reshape(-1, 3), apart.ravel(), rcond=None)[0]
    return place


def _draw_look(
    crop_px: Float32[Array, "4"], place_px: Float32[Array, "33 2"], rng: np.random.Generator
) -> Region:
    """Draw where the tracker might look: about where the crop is, nearly upright."""
    guess = Region.of_crop(crop_px)
    up = place_px[SHOULDERS].mean(axis=0) - place_px[HIPS].mean(axis=0)
    lean = np.arctan2(up[0], -up[1]) + rng.normal(0, _LEAN)
    if rng.random() < _BADLY:
        lean = rng.normal(0, _LEAN_BADLY)
    return Region(guess.x_px, guess.y_px, guess.radius_px, float(lean), bool(rng.random() < 0.5))


def _cut(
    picture: UInt8[Array, "height width 3"],
    look: Region,
    place_px: Float32[Array, "33 2"],
    extent_px: float,
    world_m: Float32[Array, "33 3"],
    px_per_m: float,
) -> LabelledCrop:
    """Cut one crop; `model.landmarks.LandmarkModel` leads from what it says back to the image.

    Args:
        picture: Of the person.
        look: The square that is cut out.
        place_px: Landmarks in the picture.
        extent_px: Radius of BlazePose's circle.
        world_m: Landmarks about the hips, as the picture shows them.
        px_per_m: Pixels of the picture for a metre at the hips.
    """
    to_crop = look.image_to_crop(SIDE)
    scale = float(np.linalg.norm(to_crop[0, :2]))
    hips_px, shoulders_px = place_px[HIPS].mean(axis=0), place_px[SHOULDERS].mean(axis=0)
    up = (shoulders_px - hips_px) / max(float(np.linalg.norm(shoulders_px - hips_px)), 1e-6)
    pointed_px = np.vstack([place_px, hips_px, hips_px + extent_px * up])
    depth_px = DEPTH_STRETCH * scale * px_per_m * world_m[:, 2]
    points = np.column_stack([pointed_px @ to_crop[:, :2].T + to_crop[:, 2], [*depth_px, 0, 0]])
    world_m = np.column_stack([world_m[:, :2] @ (to_crop[:, :2].T / scale), world_m[:, 2]])
    if look.mirrored:  # of whom is seen in a mirror the left hand is a right one
        points[: len(OTHER_SIDE)], world_m = points[OTHER_SIDE], world_m[OTHER_SIDE]
    image = warp(picture, to_crop, SIDE)
    return LabelledCrop(image, points.astype(np.float32), world_m.astype(np.float32))


@cache
def _coarse_to_landmarks() -> Float32[Array, "33 431"]:
    """The landmarks as sums of coarse vertices; off by some 2 mm, as up-sampling is."""
    anny, body, points = load_anny(), load_body("anny"), landmark_points()
    assert body.coarse_to_intermediate is not None
    fine = {int(vertex): row for row, vertex in enumerate(anny.full_to_fine)}
    rows = [fine[int(vertex)] for vertex in points.vertices]
    up = Upsampling.from_layers(body.coarse_to_intermediate, np.zeros(1723, np.float32), body)
    sums: Array = points.weights @ up.weight[rows]
    return sums
