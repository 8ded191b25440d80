"""GLB: an animated scene of everybody, seen from the camera of the video, for any 3D program.

It stands on a floor, as far as that can be told. A person is one node; under it lies a mesh for
each stretch of up to 60 frames, with a morph target per frame, shown while its frames last and
scaled to nothing otherwise. docs/formats.md has the layout in full.
"""

import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64

from model.atomic import replacing
from model.export.gltf import Gltf
from model.export.meta import meta_to_dict
from model.export.rows import Progress, ignore
from model.export.segments import Morphs, Stretch, cut_stretches, mesh_to_morphs
from model.export.size import check_size
from model.floor import estimate_floor
from model.reconstruction import Reconstruction
from model.rotations import rotmat_to_unitquat
from model.shading import person_rgb, srgb_to_linear
from model.types import FINE, LONE_FRAME_S, Array, Sequence

_ROW_BYTES = 12 * FINE + 1300  # a position and a normal each, and the row's share of the JSON
_HALF_TURN_ABOUT_X = [1.0, 0.0, 0.0, 0.0]  # ours is y down, z away; glTF's y up, z to the viewer


def write_glb(reconstruction: Reconstruction, path: Path, progress: Progress = ignore) -> None:
    """Write the scene, smoothed as the reconstruction hands it out.

    Raises:
        OutputError: `too_large_for_format`, decided before anything is written; or the file cannot
            be written, and nothing is left of it then.
    """
    stretches = {s.track_id: list(cut_stretches(s)) for s in reconstruction.sequences}
    _check_size(stretches)
    with replacing(path) as temporary, tempfile.TemporaryFile(dir=temporary.parent) as buffer:
        scene = _Scene(reconstruction, Gltf(buffer, _asset(reconstruction)))
        done = 0
        for sequence in reconstruction.sequences:
            for count in scene.add_person(sequence, stretches[sequence.track_id]):
                done += count
                progress(done, reconstruction.rows)
        scene.save(temporary)


def _check_size(stretches: dict[int, list[Stretch]]) -> None:
    parts = [part for person in stretches.values() for part in person]
    rows = sum(part.rows.stop - part.rows.start + 1 for part in parts)  # one for the base
    check_size(rows * _ROW_BYTES, "GLB")


def _asset(reconstruction: Reconstruction) -> dict[str, Any]:
    meta = reconstruction.meta
    return {"generator": "remocap", "copyright": meta.licence, "extras": meta_to_dict(meta)}


class _Scene:
    """People, camera and animation in a glTF file."""

    def __init__(self, reconstruction: Reconstruction, gltf: Gltf) -> None:
        self._reconstruction = reconstruction
        self._gltf = gltf
        self._faces = gltf.add_indices(reconstruction.body.faces.astype(np.uint16).ravel())
        self._people: list[int] = []
        self._channels: list[dict[str, Any]] = []
        self._samplers: list[dict[str, Any]] = []
        self._end_s = max((float(_ends_s(s)[-1]) for s in reconstruction.sequences), default=0.0)

    def add_person(self, sequence: Sequence, stretches: list[Stretch]) -> Iterator[int]:
        """Add everything of one person. Yields how many more rows are done."""
        name = f"person {sequence.track_id}"
        material = self._add_material(name, sequence.track_id)
        ends_s = _ends_s(sequence)
        nodes: list[int] = []
        for part in stretches:
            mesh = self._reconstruction.mesh(sequence, part.rows)
            morphs = mesh_to_morphs(mesh, self._reconstruction.body.faces)
            frames = sequence.frame_index[part.rows]
            node = self._gltf.add(
                "nodes",
                name=f"{name}, frames {frames[0]} to {frames[-1]}",
                mesh=self._add_mesh(name, morphs, material),
                translation=morphs.translation_m[0].tolist(),
                rotation=_quaternions(morphs.rotmat)[0].tolist(),
                scale=[0.0 if nodes else morphs.step_m] * 3,
            )
            nodes.append(node)
            last = part.rows.stop - 1
            end_s = float(sequence.pts_s[last] if part.joined else ends_s[last])
            self._animate(node, morphs, sequence.pts_s[part.rows], end_s)
            yield len(frames) - part.joined
        extras = {"track_id": sequence.track_id}
        self._people.append(self._gltf.add("nodes", name=name, children=nodes, extras=extras))

    def save(self, path: Path) -> None:
        """Tie everything together and write the file."""
        gltf = self._gltf
        people = gltf.add(
            "nodes", name="people", rotation=_HALF_TURN_ABOUT_X, children=self._people
        )
        camera = gltf.add("nodes", name="camera", camera=self._add_camera())
        floor = estimate_floor(self._reconstruction)
        stage = gltf.add(
            "nodes",
            name="floor",
            rotation=[
                float(np.sin(-floor.pitch_rad / 2)),
                0.0,
                0.0,
                float(np.cos(floor.pitch_rad / 2)),
            ],
            translation=[0.0, floor.camera_m, 0.0],
            children=[people, camera],
        )
        gltf.add("animations", name="motion", channels=self._channels, samplers=self._samplers)
        gltf.add("scenes", nodes=[stage])
        gltf.set(
            scene=0,
            extensionsUsed=["KHR_mesh_quantization"],
            extensionsRequired=["KHR_mesh_quantization"],
        )
        gltf.save(path)

    def _add_camera(self) -> int:
        meta, intrinsics = self._reconstruction.meta, self._reconstruction.intrinsics
        perspective = {
            "yfov": float(2 * np.arctan(meta.height / 2 / intrinsics[1, 1])),
            "aspectRatio": meta.width / meta.height,
            "znear": 0.05,
        }
        return self._gltf.add("cameras", type="perspective", perspective=perspective)

    def _add_material(self, name: str, track_id: int) -> int:
        colour = [*srgb_to_linear(person_rgb(track_id)).tolist(), 1.0]
        surface = {"baseColorFactor": colour, "metallicFactor": 0.0, "roughnessFactor": 0.7}
        return self._gltf.add("materials", name=name, pbrMetallicRoughness=surface)

    def _add_mesh(self, name: str, morphs: Morphs, material: int) -> int:
        add = self._gltf.add_vertices
        primitive = {
            "attributes": {
                "POSITION": add(morphs.base, bounds=True),
                "NORMAL": add(morphs.base_normals, normalized=True),
            },
            "indices": self._faces,
            "material": material,
            "targets": [
                {"POSITION": add(moved, bounds=True), "NORMAL": add(leant, normalized=True)}
                for moved, leant in zip(morphs.targets, morphs.normal_targets, strict=True)
            ],
        }
        first = [1.0] + [0.0] * (len(morphs.targets) - 1)
        return self._gltf.add("meshes", name=name, primitives=[primitive], weights=first)

    def _animate(self, node: int, morphs: Morphs, pts_s: Float64[Array, "n"], end_s: float) -> None:
        """Play a stretch at its times, and show its mesh from the first of them to `end_s`."""
        times = self._gltf.add_array(pts_s.astype(np.float32), bounds=True)
        one_hot = np.eye(len(pts_s), dtype=np.float32).ravel()
        self._add_channel(node, "weights", times, one_hot)
        self._add_channel(node, "translation", times, morphs.translation_m)
        self._add_channel(node, "rotation", times, _quaternions(morphs.rotmat))
        keys = {0.0: False, float(pts_s[0]): True, end_s: end_s >= self._end_s}
        sizes = np.array(list(keys.values()), np.float32) * np.float32(morphs.step_m)
        key_times = self._gltf.add_array(np.array(list(keys), np.float32), bounds=True)
        scales = np.repeat(sizes[:, None], 3, axis=1)
        self._add_channel(node, "scale", key_times, scales, interpolation="STEP")

    def _add_channel(
        self, node: int, path: str, times: int, values: Array, interpolation: str = "LINEAR"
    ) -> None:
        output = self._gltf.add_array(values)
        sampler = {"input": times, "output": output, "interpolation": interpolation}
        self._channels.append(
            {"sampler": len(self._samplers), "target": {"node": node, "path": path}}
        )
        self._samplers.append(sampler)


def _quaternions(rotmat: Float32[Array, "n 3 3"]) -> Float32[Array, "n 4"]:
    """Return (x, y, z, w), each on the same side as the one before, as interpolation wants it."""
    quaternions = np.roll(rotmat_to_unitquat(rotmat), -1, axis=1).astype(np.float32)
    for before, after in pairwise(quaternions):
        if before @ after < 0:
            after *= -1
    return quaternions


def _ends_s(sequence: Sequence) -> Float64[Array, "n"]:
    """Return until when each row is shown: up to the next frame, the last as long as its like."""
    steps = np.diff(sequence.pts_s) / np.diff(sequence.frame_index)
    steps = np.append(steps, steps[-1] if len(steps) else LONE_FRAME_S)
    return sequence.pts_s + steps
