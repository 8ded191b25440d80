"""The GLB, read by pygltflib and checked by Khronos' validator."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pygltflib
import pytest

from model.errors import OutputError
from model.export.glb import write_glb
from model.reconstruction import Reconstruction
from model.rotations import unitquat_to_rotmat
from tests.model.dancers import FPS, dancer, reconstruction_of, repeated

_TYPES = {5120: np.int8, 5123: np.uint16, 5122: np.int16, 5126: np.float32}
_WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}
_VALIDATE = """
const validator = require("gltf-validator");
const data = new Uint8Array(require("fs").readFileSync(process.argv[1]));
validator.validateBytes(data).then((report) => console.log(JSON.stringify(report.issues)));
"""
SECOND_PERSON = [*range(20, 25), *range(40, 43)]


class Reader:
    """What a viewer does: read accessors, follow the animation."""

    def __init__(self, path: Path) -> None:
        self.gltf = pygltflib.GLTF2.load(str(path))
        self._blob = self.gltf.binary_blob()

    def array(self, accessor: int) -> np.ndarray:
        described = self.gltf.accessors[accessor]
        view = self.gltf.bufferViews[described.bufferView]
        kind, width = np.dtype(_TYPES[described.componentType]), _WIDTHS[described.type]
        stride = view.byteStride or kind.itemsize * width
        return np.ndarray(
            (described.count, width), kind, self._blob, view.byteOffset, (stride, kind.itemsize)
        )

    def nodes(self, prefix: str) -> list[int]:
        return [i for i, node in enumerate(self.gltf.nodes) if node.name.startswith(prefix)]

    def value(self, node: int, path: str, time_s: float) -> np.ndarray:
        """What an animated property is at a time."""
        [animation] = self.gltf.animations
        [channel] = [
            c for c in animation.channels if (c.target.node, c.target.path) == (node, path)
        ]
        sampler = animation.samplers[channel.sampler]
        times = self.array(sampler.input)[:, 0]
        values = self.array(sampler.output).reshape(len(times), -1)
        if sampler.interpolation == "STEP":
            return values[max(np.searchsorted(times, time_s + 1e-6) - 1, 0)]
        return np.array([np.interp(time_s, times, column) for column in values.T])

    def vertices_m(self, node: int, time_s: float) -> np.ndarray | None:
        """In glTF's axes; None where the node is scaled to nothing."""
        scale = self.value(node, "scale", time_s)
        if not scale.any():
            return None
        primitive = self.gltf.meshes[self.gltf.nodes[node].mesh].primitives[0]
        points = self.array(primitive.attributes.POSITION).astype(float)
        for weight, target in zip(
            self.value(node, "weights", time_s), primitive.targets, strict=True
        ):
            if weight:
                points += weight * self.array(target["POSITION"])
        x, y, z, w = self.value(node, "rotation", time_s)
        turned = (points * scale) @ unitquat_to_rotmat(np.array([w, x, y, z])).T
        return (turned + self.value(node, "translation", time_s)) * [1, -1, -1]


@pytest.fixture(scope="module")
def result() -> Reconstruction:
    return reconstruction_of(dancer(1, range(70)), dancer(2, SECOND_PERSON, centre=(0.8, 0.4)))


@pytest.fixture(scope="module")
def path(result: Reconstruction, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("glb") / "out.glb"
    write_glb(result, path)
    return path


@pytest.fixture(scope="module")
def reader(path: Path) -> Reader:
    return Reader(path)


@pytest.mark.parametrize("frame", [0, 1, 33, 59, 60, 69])
def test_vertices_are_in_their_places_at_their_times(
    reader: Reader, result: Reconstruction, frame: int
) -> None:
    shown = [reader.vertices_m(node, frame / FPS) for node in reader.nodes("person 1, frames")]
    [vertices_m] = [vertices_m for vertices_m in shown if vertices_m is not None]
    placed_m = result.mesh(result.sequences[0], slice(frame, frame + 1)).placed_m()[0]
    assert np.abs(vertices_m - placed_m * [1, -1, -1]).max() < 5e-5


def test_between_two_frames_a_body_is_between(reader: Reader, result: Reconstruction) -> None:
    shown = [reader.vertices_m(node, 59.5 / FPS) for node in reader.nodes("person 1, frames")]
    [vertices_m] = [vertices_m for vertices_m in shown if vertices_m is not None]
    middle_m = result.mesh(result.sequences[0], slice(59, 61)).placed_m().mean(axis=0)
    assert np.abs(vertices_m - middle_m * [1, -1, -1]).max() < 1e-3


def test_people_are_shown_only_in_their_frames(reader: Reader) -> None:
    nodes = reader.nodes("person 2, frames")
    for frame in range(70):
        shown = [node for node in nodes if reader.value(node, "scale", frame / FPS).any()]
        assert len(shown) == (frame in SECOND_PERSON), frame


def test_the_animation_lasts_as_long_as_the_video(reader: Reader) -> None:
    samplers = reader.gltf.animations[0].samplers
    ends_s = [reader.gltf.accessors[sampler.input].max[0] for sampler in samplers]
    assert max(ends_s) == pytest.approx(70 / FPS, abs=1e-5)


def test_without_animation_everybody_is_seen_once(reader: Reader) -> None:
    for person in ("person 1, frames", "person 2, frames"):
        sizes = [reader.gltf.nodes[node].scale[0] for node in reader.nodes(person)]
        assert sizes[0] > 0
        assert not any(sizes[1:])


def test_the_camera_sees_what_the_video_saw(reader: Reader, result: Reconstruction) -> None:
    [camera] = reader.gltf.cameras
    focal_px = result.meta.height / 2 / np.tan(camera.perspective.yfov / 2)
    assert focal_px == pytest.approx(result.meta.focal_px, rel=1e-6)


def test_people_stand_upright_on_the_floor(reader: Reader, result: Reconstruction) -> None:
    [stage] = reader.gltf.scenes[0].nodes
    floor = reader.gltf.nodes[stage]
    assert {reader.gltf.nodes[child].name for child in floor.children} == {"people", "camera"}
    x, y, z, w = floor.rotation
    turn = unitquat_to_rotmat(np.array([w, x, y, z]))

    frames = range(0, 70, 5)
    soles_m, crowns_m = [], []
    for frame in frames:
        placed_m = result.mesh(result.sequences[0], slice(frame, frame + 1)).placed_m()[0]
        height_m = ((placed_m * [1, -1, -1]) @ turn.T + floor.translation)[:, 1]
        soles_m.append(height_m.min())
        crowns_m.append(height_m.max())

    assert abs(np.median(soles_m)) < 0.1
    assert 1.4 < np.median(crowns_m) < 2.1


def test_the_file_says_what_it_is(reader: Reader, result: Reconstruction) -> None:
    assert reader.gltf.asset.copyright == result.meta.licence
    assert reader.gltf.asset.extras["weights_sha256"] == result.meta.weights_sha256


def test_khronos_validator_finds_nothing(path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node.js")
    run = subprocess.run([node, "-e", _VALIDATE, str(path)], capture_output=True, text=True)
    if "Cannot find module 'gltf-validator'" in run.stderr:
        pytest.skip("needs the npm package gltf-validator on NODE_PATH; `make gltf` fetches it")
    issues = json.loads(run.stdout)
    assert issues["messages"] == []


def test_a_scene_that_would_be_too_large_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"as GLB this would be 2\.\d GiB") as caught:
        write_glb(reconstruction_of(repeated(30_000)), tmp_path / "out.glb")
    assert caught.value.code == "too_large_for_format"
    assert list(tmp_path.iterdir()) == []
