"""Films drawn by lot: who moves where before a camera that rests, and what is in the way.

A film has one person whom it is about. How much of them is hidden goes by level: `none`; `some`,
a small occluder, or somebody behind them; `heavy`, a large occluder, somebody before them, or an
edge of the picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float32, Int32

from model.bodies.body_file import load_body
from model.bodies.skinning import BODY_TO_CAMERA_AXES, Skinning, load_anny
from model.camera import pinhole_intrinsics, project_perspective
from model.errors import InputError
from model.films.film import LEVELS, Level
from model.synth.appearance import Appearance, draw_appearance
from model.synth.backdrop import Backdrops
from model.synth.baking import NEAREST_M, Place
from model.synth.framing import View, draw_view
from model.synth.garments import Garment
from model.synth.motion import Motion, draw_motion, excerpt
from model.synth.people import Person
from model.synth.shade import Light, draw_light
from model.synth.skeleton import axis_rotmats
from model.synth.spoil import Spoiling, draw_spoiling
from model.synth.wardrobe import draw_person
from model.types import Array

WIDTH, HEIGHT, FPS, FRAMES = 640, 480, 30.0, 90
_TALL_PX = (200.0, 400.0)  # of the person, in the middle of the film
_MARGIN_PX = 4.0  # at the edges of the picture
_TRIES = 600
_BEHIND, _IN_FRONT = (1.15, 1.6), (0.6, 0.85)  # distances of others, the person's being 1
_OVERLAP = 0.25  # least share of the person in the box of others
_ASIDE_M = 0.9  # most from the line of sight to the person, of others
_GARMENTS = 0.6  # chance of wearing garments, where there are some; else painted clothes


@dataclass(frozen=True, eq=False)
class Supplies:
    """What films are made of, all from one side of the split."""

    motions: Sequence[Motion]
    garments: Sequence[Garment]
    backdrops: Backdrops


@dataclass(frozen=True, eq=False)
class Actor:
    """Somebody in a film.

    Attributes:
        place: Body, motion and heading.
        shift_m: Where `place` is moved in the camera frame.
        person: As dressed.
        appearance: Colours and light.
    """

    place: Place
    shift_m: Float32[Array, "3"]
    person: Person
    appearance: Appearance

    def see(self, skinning: Skinning) -> Float32[Array, "n vertices 3"]:
        """Return vertices in the camera frame."""
        return self.place.see(skinning) + self.shift_m


@dataclass(frozen=True, eq=False)
class Occluder:
    """A thing at rest before everybody; colour times coverage and coverage, and its place."""

    rgba: Float32[torch.Tensor, "4 h w"]
    box_px: Float32[Array, "4"]


@dataclass(frozen=True, eq=False)
class Film:
    """Everything about a film but its pictures.

    Attributes:
        level: How much is hidden.
        intrinsics: Of the camera.
        actors: The first is whom the film is about.
        occluders: Before them.
        backdrop: Behind them.
        spoiling: What the camera does.
        crf: Of the encoder.
    """

    level: Level
    intrinsics: Float32[Array, "3 3"]
    actors: tuple[Actor, ...]
    occluders: tuple[Occluder, ...]
    backdrop: Float32[torch.Tensor, "3 side side"]
    spoiling: Spoiling
    crf: int


def draw_film(index: int, seed: int, supplies: Supplies, frames: int = FRAMES) -> Film:
    """Draw film number `index`; it depends on the arguments alone.

    Levels take turns, and so do the ways to hide somebody.

    Args:
        index: From 0.
        seed: Of everything.
        supplies: What to draw from.
        frames: Length.

    Raises:
        InputError: `no_motions`: no motion of the supplies fits into a picture.
    """
    rng = np.random.default_rng((seed, 7, index))
    level, turn = LEVELS[index % len(LEVELS)], index // len(LEVELS)
    focal_px = float(np.hypot(WIDTH, HEIGHT) * np.exp(rng.uniform(np.log(0.8), np.log(1.25))))
    intrinsics = pinhole_intrinsics(WIDTH, HEIGHT, focal_px)
    light, cut = draw_light(rng), level == "heavy" and turn % 3 == 2
    main = _draw_main(rng, supplies, intrinsics, light, frames, cut=cut)
    actors, occluders = [main], []
    if level == "some" and turn % 2 == 1:
        actors.append(_draw_other(rng, supplies, main, light, _BEHIND))
    if level == "heavy" and turn % 3 == 1:
        actors.append(_draw_other(rng, supplies, main, light, _IN_FRONT))
    if level == "some" and turn % 2 == 0:
        occluders.append(_draw_occluder(rng, supplies, main, intrinsics, (0.05, 0.25)))
    if level == "heavy" and turn % 3 == 0:
        occluders.append(_draw_occluder(rng, supplies, main, intrinsics, (0.3, 0.6)))
    return Film(
        level=level,
        intrinsics=intrinsics,
        actors=tuple(actors),
        occluders=tuple(occluders),
        backdrop=supplies.backdrops.draw(rng),
        spoiling=_mild(draw_spoiling(rng)),
        crf=int(rng.integers(20, 29)),
    )


def _draw_main(
    rng: np.random.Generator,
    supplies: Supplies,
    intrinsics: Float32[Array, "3 3"],
    light: Light,
    frames: int,
    *,
    cut: bool,
) -> Actor:
    """Draw motion and camera until the person is as large as wanted, and stays in the picture."""
    coarse = load_anny().skinning.select(_coarse())
    motions = _long_enough(supplies.motions, frames)
    for _ in range(_TRIES):
        view = draw_view(rng)
        size_px = 1.7 * intrinsics[0, 0] / view.distance_m
        if not 0.8 * _TALL_PX[0] < size_px < 1.25 * _TALL_PX[1]:
            continue
        place = _draw_place(rng, motions, view, frames)
        seen_m = place.see(coarse)
        if seen_m[..., 2].min() < 1.0:
            continue
        shift_m = _aim(rng, seen_m, intrinsics, cut=cut)
        points_px = project_perspective(seen_m + shift_m, intrinsics)
        if _fits(points_px, cut=cut):
            return Actor(place, shift_m, *_draw_looks(rng, supplies, light))
    raise InputError(
        "no_motions", f"none of {len(motions)} motions fits into a picture; give others"
    )


def _draw_place(
    rng: np.random.Generator, motions: Sequence[Motion], view: View, frames: int
) -> Place:
    rotvec, path_m = excerpt(draw_motion(motions, rng), rng, FPS, frames)
    betas = np.clip(rng.normal(0, 0.9, 10), -2.5, 2.5).astype(np.float32)
    return Place(np.repeat(betas[None], frames, axis=0), rotvec, path_m, view)


def _draw_looks(
    rng: np.random.Generator, supplies: Supplies, light: Light
) -> tuple[Person, Appearance]:
    person = draw_person(rng, supplies.garments if rng.random() < _GARMENTS else ())
    return person, draw_appearance(person.pattern, light, supplies.backdrops, rng)


def _draw_other(
    rng: np.random.Generator,
    supplies: Supplies,
    main: Actor,
    light: Light,
    nearness: tuple[float, float],
) -> Actor:
    """Draw somebody else on the same floor, so that one of the two hides a part of the other.

    Args:
        rng: Draws.
        supplies: For the other.
        main: Whom the film is about.
        light: On both.
        nearness: Range of the distance, where that of `main` is 1.
    """
    coarse, view = load_anny().skinning.select(_coarse()), main.place.view
    main_m, frames = main.see(coarse), len(main.place.path_m)
    motions = _long_enough(supplies.motions, frames)
    axes = BODY_TO_CAMERA_AXES @ view.rotmat  # from the world's axes to the camera's
    right, ahead = (_level(axes.T[:, axis]) for axis in (0, 2))
    for _ in range(_TRIES):
        yaw = axis_rotmats(np.array(rng.uniform(-np.pi, np.pi)), 1)
        turned = replace(view, rotmat=(view.rotmat @ yaw).astype(np.float32))
        place = _draw_place(rng, motions, turned, frames)
        away_m = (rng.uniform(*nearness) - 1) * view.distance_m
        step_m = away_m * ahead + rng.uniform(-_ASIDE_M, _ASIDE_M) * right
        step_m[1] = place.path_m[frames // 2, 1] - main.place.path_m[frames // 2, 1]
        shift_m = (main.shift_m + axes @ step_m).astype(np.float32)
        seen_m = place.see(coarse) + shift_m
        if seen_m[..., 2].min() > 2 * NEAREST_M and _overlap(seen_m, main_m) > _OVERLAP:
            return Actor(place, shift_m, *_draw_looks(rng, supplies, light))
    raise InputError("no_motions", f"none of {len(motions)} motions meets the person's")


def _level(direction: Float32[Array, "3"]) -> Float32[Array, "3"]:
    """Return a direction in the world as it lies on the floor, of unit length."""
    flat: Array = direction * np.array([1, 0, 1], np.float32)
    return flat / np.linalg.norm(flat)


def _overlap(a_m: Float32[Array, "n vertices 3"], b_m: Float32[Array, "n vertices 3"]) -> float:
    """Return the share of b's vertices that are seen in a's box, frame by frame, in the mean."""
    a, b = (points_m[..., :2] / points_m[..., 2:] for points_m in (a_m, b_m))
    low, high = a.min(axis=1, keepdims=True), a.max(axis=1, keepdims=True)
    return float(((b > low) & (b < high)).all(axis=2).mean())


def _draw_occluder(
    rng: np.random.Generator,
    supplies: Supplies,
    main: Actor,
    intrinsics: Float32[Array, "3 3"],
    hidden: tuple[float, float],
) -> Occluder:
    """Put something before the person; `hidden` is the range of their share that it covers."""
    coarse = load_anny().skinning.select(_coarse())
    points_px = project_perspective(main.see(coarse), intrinsics)
    extent = float(np.ptp(points_px[..., 1], axis=1).mean())
    for _ in range(_TRIES):
        half = rng.uniform(0.05, 0.5, 2) * extent
        centre = points_px[rng.integers(len(points_px)), rng.integers(points_px.shape[1])]
        low, high = centre - half, centre + half
        share = ((points_px > low) & (points_px < high)).all(axis=2).mean()
        if hidden[0] < share < hidden[1]:
            break
    box_px = np.concatenate([low, high]).astype(np.float32)
    return Occluder(supplies.backdrops.draw_occluder(rng), box_px)


def _aim(
    rng: np.random.Generator,
    seen_m: Float32[Array, "n vertices 3"],
    intrinsics: Float32[Array, "3 3"],
    *,
    cut: bool,
) -> Float32[Array, "3"]:
    """Move everything so that the person is somewhere in the picture, or, to `cut`, at an edge."""
    points_px = project_perspective(seen_m, intrinsics)
    low, high = points_px.min(axis=(0, 1)), points_px.max(axis=(0, 1))
    size = np.array([WIDTH, HEIGHT])
    slack = np.maximum(size - (high - low) - 2 * _MARGIN_PX, 0)
    corner = _MARGIN_PX + slack * rng.uniform(0.1, 0.9, 2)
    if cut:
        one = points_px[len(points_px) // 2]
        body = one.max(axis=0) - one.min(axis=0)
        axis, hidden = (1, rng.uniform(0.2, 0.6)) if rng.random() < 0.6 else (0, 0.5)
        at_end = axis == 1 or rng.random() < 0.5
        past = hidden * body[axis]
        middle_low, middle_high = one.min(axis=0)[axis], one.max(axis=0)[axis]
        moved = size[axis] + past - middle_high if at_end else -past - middle_low
        corner[axis] = low[axis] + moved
    step_px = corner - low
    step_m = step_px * np.median(seen_m[..., 2]) / intrinsics[0, 0]
    return np.array([*step_m, 0], np.float32)


def _fits(points_px: Float32[Array, "n vertices 2"], *, cut: bool) -> bool:
    middle = points_px[len(points_px) // 2]
    tall_px = float(np.ptp(middle[:, 1]))
    inside = ((points_px > 0) & (points_px < (WIDTH, HEIGHT))).all(axis=2)
    if cut:
        shares = inside.mean(axis=1)
        return bool(shares.min() > 0.3 and shares.mean() < 0.9 and tall_px > _TALL_PX[0])
    return bool(_TALL_PX[0] < tall_px < _TALL_PX[1] and inside.all())


def _long_enough(motions: Sequence[Motion], frames: int) -> list[Motion]:
    """Return the motions that last as long as the film; the others would be slowed down."""
    return [m for m in motions if (len(m.rotvec) - 2) / m.fps >= frames / FPS] or list(motions)


def _coarse() -> Int32[Array, "431"]:
    """Return the coarse vertices of the full mesh."""
    body = load_body("anny")
    full: Array = load_anny().full_to_fine[body.fine_to_intermediate[body.intermediate_to_coarse]]
    return full


def _mild(how: Spoiling) -> Spoiling:
    """Return what a decent camera does; the encoder does the rest."""
    return replace(
        how,
        shrink=min(how.shrink, 1.5),
        blur_px=min(how.blur_px, 1.0),
        noise=min(how.noise, 0.015),
        grey=False,
        quality=100,
    )
