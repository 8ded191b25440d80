"""Films drawn by lot: somebody moves before a camera that rests, and something is in the way.

How much of the person is hidden goes by level: `none`; `some`, a small occluder, or somebody
behind them; `heavy`, a large occluder, somebody before them, or an edge of the picture.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float32

from model.camera import pinhole_intrinsics
from model.films.film import LEVELS, Level
from model.synth.shade import draw_light
from model.synth.spoil import Spoiling, draw_spoiling
from model.synth.staging import (
    HEIGHT,
    WIDTH,
    Actor,
    Occluder,
    Supplies,
    draw_main,
    draw_occluder,
    draw_other,
)
from model.types import Array

FRAMES = 90
_BEHIND, _IN_FRONT = (1.15, 1.6), (0.6, 0.85)  # distances of others, the person's being 1
_SMALL, _LARGE = (0.05, 0.25), (0.3, 0.6)  # shares of the person that occluders hide
_FOCAL = (0.8, 1.25)  # lengths, the diagonal of the picture being 1


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
    focal_px = float(np.hypot(WIDTH, HEIGHT) * np.exp(rng.uniform(*np.log(_FOCAL))))
    intrinsics = pinhole_intrinsics(WIDTH, HEIGHT, focal_px)
    light, cut = draw_light(rng), level == "heavy" and turn % 3 == 2
    main = draw_main(rng, supplies, intrinsics, light, frames, cut=cut)
    actors, occluders = [main], []
    if level == "some" and turn % 2 == 1:
        actors.append(draw_other(rng, supplies, main, light, _BEHIND))
    if level == "heavy" and turn % 3 == 1:
        actors.append(draw_other(rng, supplies, main, light, _IN_FRONT))
    if level == "some" and turn % 2 == 0:
        occluders.append(draw_occluder(rng, supplies, main, intrinsics, _SMALL))
    if level == "heavy" and turn % 3 == 0:
        occluders.append(draw_occluder(rng, supplies, main, intrinsics, _LARGE))
    return Film(
        level=level,
        intrinsics=intrinsics,
        actors=tuple(actors),
        occluders=tuple(occluders),
        backdrop=supplies.backdrops.draw(rng),
        spoiling=_mild(draw_spoiling(rng)),
        crf=int(rng.integers(20, 29)),
    )


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
