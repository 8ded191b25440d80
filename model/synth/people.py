"""People made of the built-in body: clothes as a second skin that stands off the first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float32, Float64, Int32, Int64, UInt8

from model.bodies.skinning import AnnyBody, Skinning
from model.shading import vertex_normals
from model.synth.garments import Garment
from model.synth.outfit import GARMENT_PARTS, Cut, Material, Pattern, sew
from model.synth.skeleton import JOINT
from model.types import Array

_SOFTENING = 5  # rounds that turn a step between two layers into a slope
_DRAPING = 80  # rounds that let cloth span hollows
_TORSO = [JOINT[name] + 1 for name in ("pelvis", "spine1", "spine2", "spine3")]


@dataclass(frozen=True, eq=False)
class Person:
    """What is drawn of somebody: body, clothes and garments as one mesh.

    Attributes:
        skinning: Of all vertices, dressed.
        rest_m: The vertices of the mean person at rest, undressed; what paint goes by.
        faces: Without what garments hide.
        parts: Of each face.
        pattern: Where which material is.
    """

    skinning: Skinning
    rest_m: Float32[Array, "vertices 3"]
    faces: Int32[Array, "faces 3"]
    parts: UInt8[Array, "faces"]
    pattern: Pattern


def clothe(
    body: AnnyBody,
    cut: Cut,
    thickness_m: Float32[Array, "materials"],
    garments: Sequence[Garment] = (),
) -> Person:
    """Dress a body in painted clothes, and put garments over them.

    Args:
        body: Who is dressed.
        cut: Of the painted clothes.
        thickness_m: Of the painted clothes, see `dress`.
        garments: Any of `model.synth.garments`; each takes the faces it hides off the body.
    """
    pattern = sew(cut, body.skinning.joints_m)
    hidden = np.zeros(len(body.skinning.vertices_m), bool)
    for garment in garments:
        hidden |= garment.hides
    faces = body.faces[~hidden[body.faces].all(axis=1)]
    parts = [part_of_vertices(body.skinning)[faces].max(axis=1)]
    meshes = [dress(body, pattern, thickness_m)]
    rest_m, all_faces, start = [body.skinning.vertices_m], [faces], len(hidden)
    for garment in garments:
        meshes.append(garment.skinning)
        rest_m.append(garment.skinning.vertices_m)
        all_faces.append(garment.faces + start)
        parts.append(np.full(len(garment.faces), GARMENT_PARTS[garment.kind]))
        start += len(garment.skinning.vertices_m)
    return Person(
        join(meshes),
        np.concatenate(rest_m),
        np.concatenate(all_faces).astype(np.int32),
        np.concatenate(parts).astype(np.uint8),
        pattern,
    )


def join(meshes: Sequence[Skinning]) -> Skinning:
    """Return meshes on one skeleton as one."""
    return replace(
        meshes[0],
        vertices_m=np.concatenate([m.vertices_m for m in meshes]),
        shape_directions_m=np.concatenate([m.shape_directions_m for m in meshes]),
        weights=np.concatenate([m.weights for m in meshes]),
    )


def part_of_vertices(skinning: Skinning) -> Int64[Array, "vertices"]:
    """Return the part that each vertex belongs to: 1 + the joint that moves it most."""
    return np.asarray(skinning.weights.argmax(axis=1) + 1)


def dress(body: AnnyBody, pattern: Pattern, thickness_m: Float32[Array, "materials"]) -> Skinning:
    """Return the body with vertices moved out to the surface of clothes, shoes and hair.

    Cloth hangs smoothly over the torso; on limbs, shoes and hair it follows the body.

    Args:
        body: The naked body.
        pattern: Which material is where.
        thickness_m: How far each stands off the skin.
    """
    naked, faces = body.skinning, body.faces
    part = part_of_vertices(naked)
    material = pattern.material_at(part, naked.vertices_m)
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    outwards = vertex_normals(naked.vertices_m, faces).astype(np.float64)
    offset_m = thickness_m[material].astype(np.float64)[:, None]
    for _ in range(_SOFTENING):
        offset_m = (offset_m + _neighbours(offset_m, edges)) / 2
        outwards = (outwards + _neighbours(outwards, edges)) / 2
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
    surface_m = naked.vertices_m + outwards * offset_m
    slack = np.where(np.isin(part, _TORSO) & (material == Material.SHIRT), 0.5, 0.02)
    slack[material == Material.SKIN] = 0
    for _ in range(_DRAPING):
        pull = ((_neighbours(surface_m, edges) - surface_m) * outwards).sum(axis=1)
        pull[pull < 0] *= 0.08  # cloth bridges hollows, and hardly gives way to what stands out
        surface_m += outwards * (slack * pull)[:, None]  # along the normals: paint stays in place
    return replace(naked, vertices_m=surface_m.astype(np.float32))


def _neighbours(
    values: Float64[Array, "vertices channels"], edges: Int32[Array, "edges 2"]
) -> Float64[Array, "vertices channels"]:
    """Average over the neighbours of each vertex; edges come once in each direction."""
    count = np.bincount(edges[:, 0], minlength=len(values))
    sums = [np.bincount(edges[:, 0], channel[edges[:, 1]], len(values)) for channel in values.T]
    return np.stack(sums, axis=1) / np.maximum(count, 1)[:, None]
