"""Rigid motion and integers add up to the meshes they came from."""

import numpy as np
import pytest

from model.export.segments import MAX_TARGETS, Morphs, cut_stretches, mesh_to_morphs
from model.reconstruction import Mesh
from model.shading import vertex_normals
from tests.model.dancers import dancer, reconstruction_of


def _mesh(frames: range, scale: float = 1.0) -> tuple[Mesh, np.ndarray]:
    sequence = dancer(1, frames, centre=(0.9, 0.5))
    result = reconstruction_of(sequence)
    mesh = result.mesh(sequence, slice(0, len(sequence)))
    mesh.vertices_m[...] *= scale
    return mesh, result.body.faces


def _restore_m(morphs: Morphs) -> np.ndarray:
    still_m = morphs.step_m * (morphs.base.astype(float) + morphs.targets)
    return still_m @ morphs.rotmat.transpose(0, 2, 1) + morphs.translation_m[:, None]


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([3], [(0, 1, False)]),
        (range(60), [(0, 60, False)]),
        (range(61), [(0, 60, True), (59, 61, False)]),
        (range(130), [(0, 60, True), (59, 119, True), (118, 130, False)]),
        ([0, 1, 5, 6, 9], [(0, 2, False), (2, 4, False), (4, 5, False)]),
    ],
)
def test_stretches_end_at_gaps_and_at_the_limit(frames: list[int], expected: list) -> None:
    assert MAX_TARGETS == 60
    cut = [
        (part.rows.start, part.rows.stop, part.joined) for part in cut_stretches(dancer(1, frames))
    ]
    assert cut == expected


@pytest.mark.parametrize("scale", [0.01, 1.0])
def test_vertices_come_back_within_a_twentieth_of_a_millimetre(scale: float) -> None:
    mesh, faces = _mesh(range(45), scale)
    restored_m = _restore_m(mesh_to_morphs(mesh, faces))
    assert np.abs(restored_m - mesh.placed_m()).max() < 5e-5


def test_meshes_of_any_size_keep_four_digits() -> None:
    mesh, faces = _mesh(range(3), 100.0)
    restored_m = _restore_m(mesh_to_morphs(mesh, faces))
    assert np.abs(restored_m - mesh.placed_m()).max() < 1e-4 * 100


def test_a_turning_body_turns_its_node_and_little_else() -> None:
    mesh, faces = _mesh(range(45))  # half a turn
    morphs = mesh_to_morphs(mesh, faces)
    still_mm = 1000 * morphs.step_m * np.abs(morphs.targets).mean()
    moving_mm = 1000 * np.abs(mesh.vertices_m - mesh.vertices_m[22]).mean()
    assert still_mm < moving_mm / 3


def test_normals_come_back_within_two_degrees() -> None:
    mesh, faces = _mesh(range(0, 45, 9))
    morphs = mesh_to_morphs(mesh, faces)
    normals = morphs.base_normals + morphs.normal_targets.astype(float)
    turned = normals @ morphs.rotmat.transpose(0, 2, 1)
    turned /= np.linalg.norm(turned, axis=-1, keepdims=True)
    expected = np.stack([vertex_normals(v.astype(np.float32), faces) for v in mesh.placed_m()])
    cosine = np.einsum("nvd,nvd->nv", turned, expected)[expected.any(axis=-1)]
    assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).max() < 2
