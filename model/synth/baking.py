"""Clips of people as G-buffers with exact labels, made once and shaded many times.

A baked set is a folder of `.npy` files, a row per clip; `fields` says which. Clip i depends on the
seed and on i alone.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int8, Int64, UInt8

from model.bodies.body import regress_joints
from model.bodies.body_file import load_body
from model.bodies.skinning import Skinning, anny_to_camera, load_anny
from model.camera import project_perspective
from model.synth.framing import View, draw_view
from model.synth.garments import Garment
from model.synth.gbuffer import GBuffer, Surface, bake
from model.synth.motion import Motion, draw_motion, vary
from model.synth.outfit import PARTS
from model.synth.people import Person
from model.synth.wardrobe import draw_person
from model.types import COARSE, JOINT_NAMES, WINDOW, Array

FOCAL_PX = 1000.0
"""Of the camera; its image has no edges, and the optical axis at (0, 0)."""

INTRINSICS = np.diag([FOCAL_PX, FOCAL_PX, 1]).astype(np.float32)

_REST_LOW_M = np.array([-0.7, -1.1, -0.45], np.float32)  # of what a byte of `rest` can say
_REST_STEP_M = np.array([1.4, 2.1, 1.0], np.float32) / 255
_RIGHT_HIP, _LEFT_HIP = JOINT_NAMES.index("right_hip"), JOINT_NAMES.index("left_hip")
_MARGIN = 1.03  # of the pictured square about the body
NEAREST_M = 0.4
_WARDROBE = 64  # clips that share their clothes; sewing takes longer than a clip


class Clip(NamedTuple):
    """Frames of one person, eight as baked; metres in the camera frame, or pixels of its image.

    Attributes:
        part: Of each pixel, 0 where nobody is; see `model.synth.outfit`.
        normal: Times 127.
        rest: Place on the resting body, in steps of 4 to 8 mm.
        square_px: x0, y0, x1, y1 of what the pixels above show.
        coarse_m: About the Human3.6M pelvis.
        joints_m: J14, same origin.
        joints_px: J14.
        hips_px: Middle of the hips.
        extent_px: From there to the farthest point of the body.
        fps: Frames a second.
        directions: Of the pattern that is worn, likewise the next two.
        bounds_m: See `model.synth.outfit.Pattern`.
        materials: Likewise.
    """

    part: UInt8[Array, "n side side"]
    normal: Int8[Array, "n side side 3"]
    rest: UInt8[Array, "n side side 3"]
    square_px: Float32[Array, "n 4"]
    coarse_m: Float32[Array, "n 431 3"]
    joints_m: Float32[Array, "n 14 3"]
    joints_px: Float32[Array, "n 14 2"]
    hips_px: Float32[Array, "n 2"]
    extent_px: Float32[Array, "n"]
    fps: Float32[Array, ""]
    directions: Float32[Array, "29 3"]
    bounds_m: Float32[Array, "29 2"]
    materials: Int64[Array, "29 3"]

    def some(self, frames: Int64[Array, "some"]) -> "Clip":
        """Return the clip with these frames alone."""
        per_frame = {name: getattr(self, name)[frames] for name in _PER_FRAME}
        return self._replace(**per_frame)


_PER_FRAME = Clip._fields[: Clip._fields.index("fps")]


def fields(side: int) -> dict[str, tuple[type[np.generic], tuple[int, ...]]]:
    """Return type and shape of each field of a clip whose pictures are `side` pixels wide."""
    picture = (WINDOW, side, side)
    return {
        "part": (np.uint8, picture),
        "normal": (np.int8, (*picture, 3)),
        "rest": (np.uint8, (*picture, 3)),
        "square_px": (np.float32, (WINDOW, 4)),
        "coarse_m": (np.float32, (WINDOW, COARSE, 3)),
        "joints_m": (np.float32, (WINDOW, 14, 3)),
        "joints_px": (np.float32, (WINDOW, 14, 2)),
        "hips_px": (np.float32, (WINDOW, 2)),
        "extent_px": (np.float32, (WINDOW,)),
        "fps": (np.float32, ()),
        "directions": (np.float32, (PARTS, 3)),
        "bounds_m": (np.float32, (PARTS, 2)),
        "materials": (np.int64, (PARTS, 3)),
    }


def bake_clips(
    folder: Path,
    *,
    clips: int,
    seed: int,
    motions: Sequence[Motion],
    garments: Sequence[Garment] = (),
    side: int = 160,
    progress: Callable[[int], None] = lambda _done: None,
) -> None:
    """Bake a set into `folder`; 179 KB a frame at 160 pixels.

    Args:
        folder: Made where it is not there; a set in it is replaced.
        clips: Of 8 frames each.
        seed: Of everything.
        motions: To animate with; one side of the split.
        garments: To wear, likewise; where there are none, clothes are painted.
        side: Pixels of a picture.
        progress: Told the number of clips that are done.

    Raises:
        OSError: The folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {
        name: np.lib.format.open_memmap(folder / f"{name}.npy", "w+", dtype, (clips, *shape))
        for name, (dtype, shape) in fields(side).items()
    }
    person: Person | None = None
    for index in range(clips):
        if index % _WARDROBE == 0 or person is None:
            person = draw_person(np.random.default_rng((seed, 0, index)), garments)
        clip = bake_clip(person, motions, np.random.default_rng((seed, 1, index)), side)
        for name, value in clip._asdict().items():
            arrays[name][index] = value
        progress(index + 1)
    card = {"clips": clips, "seed": seed, "side": side}
    (folder / "set.json").write_text(json.dumps(card) + "\n")


def bake_clip(
    person: Person, motions: Sequence[Motion], rng: np.random.Generator, side: int
) -> Clip:
    """Draw motion, shape and camera, and look at the person through it."""
    motion, fps = draw_motion(motions, rng), float(rng.choice([15, 30]))
    rotvec, path_m = vary(motion, rng, fps)
    view, betas = draw_view(rng), np.clip(rng.normal(0, 0.9, 10), -2.5, 2.5).astype(np.float32)
    body = load_anny()
    place = Place(np.repeat(betas[None], WINDOW, axis=0), rotvec, path_m, view)
    fine_m = place.see(body.skinning.select(body.full_to_fine))
    behind_m = max(0.0, NEAREST_M - float(fine_m[..., 2].min()))  # steps back where too near
    push_m = np.array([0, 0, behind_m], np.float32)
    labels = label(fine_m + push_m)
    drawn_m = place.see(person.skinning) + push_m
    buffers = [
        _picture(Surface(vertices_m, person.rest_m, person.faces, person.parts), square, side)
        for vertices_m, square in zip(drawn_m, labels["square_px"], strict=True)
    ]
    return Clip(
        part=np.stack([b.part for b in buffers]),
        normal=np.stack([np.rint(b.normal * 127).astype(np.int8) for b in buffers]),
        rest=np.stack([_rest_to_bytes(b.rest_m) for b in buffers]),
        fps=np.array(fps, np.float32),
        directions=person.pattern.directions,
        bounds_m=person.pattern.bounds_m,
        materials=person.pattern.materials,
        **{name: value for name, value in labels.items() if name in Clip._fields},
    )


def bytes_to_rest(rest: UInt8[Array, "*shape 3"]) -> Float32[Array, "*shape 3"]:
    """Return places on the resting body in metres, the middle of what a byte stands for."""
    return rest * _REST_STEP_M + _REST_LOW_M


def _rest_to_bytes(rest_m: Float32[Array, "*shape 3"]) -> UInt8[Array, "*shape 3"]:
    return np.clip(np.rint((rest_m - _REST_LOW_M) / _REST_STEP_M), 0, 255).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Place:
    """One person's n frames before one camera, which looks at the pelvis halfway through."""

    betas: Float32[Array, "n 10"]
    rotvec: Float32[Array, "n 24 3"]
    path_m: Float32[Array, "n 3"]
    view: View

    def see(self, skinning: Skinning) -> Float32[Array, "n vertices 3"]:
        """Return vertices in the camera frame."""
        vertices_m, joints_m = skinning.pose(self.betas, self.rotvec)
        frames = len(self.path_m)
        walked_m = self.path_m - self.path_m[frames // 2]
        turn = np.repeat(self.view.rotmat[None], frames, axis=0)
        away_m = np.repeat(np.array([[0, 0, self.view.distance_m]], np.float32), frames, axis=0)
        return anny_to_camera(vertices_m + walked_m[:, None], joints_m[:, 0], turn, away_m)


def label(
    fine_m: Float32[Array, "n 6890 3"], intrinsics: Float32[Array, "3 3"] = INTRINSICS
) -> dict[str, Array]:
    """Return everything that is known of the naked body, by `Clip`'s names; and `pelvis_m`.

    Args:
        fine_m: In the camera frame, all before the camera.
        intrinsics: Of the camera.
    """
    body = load_body("anny")
    h36m_m, joints_m = regress_joints(body, fine_m)
    pelvis_m = h36m_m[:, :1]
    joints_px = project_perspective(joints_m, intrinsics)
    hips_px = joints_px[:, [_RIGHT_HIP, _LEFT_HIP]].mean(axis=1)
    reach_px = np.linalg.norm(project_perspective(fine_m, intrinsics) - hips_px[:, None], axis=2)
    extent_px = reach_px.max(axis=1)
    half_px = _MARGIN * extent_px[:, None]
    coarse = body.fine_to_intermediate[body.intermediate_to_coarse]
    return {
        "pelvis_m": pelvis_m[:, 0],
        "coarse_m": fine_m[:, coarse] - pelvis_m,
        "joints_m": joints_m - pelvis_m,
        "joints_px": joints_px,
        "hips_px": hips_px,
        "extent_px": extent_px,
        "square_px": np.concatenate([hips_px - half_px, hips_px + half_px], axis=1),
    }


def _picture(surface: Surface, square_px: Float32[Array, "4"], side: int) -> GBuffer:
    """Look at the square."""
    scale = side / (square_px[2] - square_px[0])
    x, y = -square_px[:2] * scale
    focal = FOCAL_PX * scale
    intrinsics = np.array([[focal, 0, x], [0, focal, y], [0, 0, 1]], np.float32)
    return bake(surface, intrinsics, side, side)
