"""Small sets in METRO's form, of noise pictures whose labels are known."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from model.training.labels import encode_mesh
from model.training.tsv_writer import TsvSetWriter

HEIGHT, WIDTH = 60, 80


def make_label(rng: np.random.Generator, *, mesh_vertices: int = 0) -> dict[str, Any]:
    """A label as METRO writes it; with a mesh of our own where vertices are asked for."""
    label: dict[str, Any] = {
        "center": [40.0, 30.0],
        "scale": 0.25,
        "2d_joints": with_confidence(rng.uniform(10, 50, (1, 24, 2))).tolist(),
        "has_2d_joints": 1,
        "3d_joints": with_confidence(rng.normal(size=(24, 3))).tolist(),
        "has_3d_joints": 1,
        "pose": rng.normal(size=72).tolist(),
        "betas": rng.normal(size=10).tolist(),
        "has_smpl": 1,
        "gender": "f",
    }
    if mesh_vertices:
        label |= encode_mesh(rng.normal(size=(mesh_vertices, 3)).astype(np.float32) / 3)
    return label


def with_confidence(points: np.ndarray) -> np.ndarray:
    """Points as METRO's labels have them: the last column says that they are known."""
    return np.concatenate([points, np.ones_like(points[..., :1])], axis=-1)


def make_jpeg(rng: np.random.Generator) -> bytes:
    """A picture of noise that a JPEG keeps: blocks of 10 pixels."""
    blocks = rng.integers(0, 256, (HEIGHT // 10, WIDTH // 10, 3), np.uint8)
    image = cv2.resize(blocks, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


def write_set(
    folder: Path, lengths: dict[str, int], *, mesh_vertices: int = 0, name: str = "train"
) -> Path:
    """Write sequences of these lengths; return the yaml."""
    rng = np.random.default_rng(0)
    facts = {"mesh": "labelled" if mesh_vertices else "smpl"}
    with TsvSetWriter(folder, name, facts) as writer:
        for sequence, length in lengths.items():
            for frame in range(length):
                key = f"{sequence}/image_{frame:05d}.jpg"
                label = make_label(rng, mesh_vertices=mesh_vertices)
                writer.add(key, make_jpeg(rng), label, HEIGHT, WIDTH)
    return writer.yaml_path
