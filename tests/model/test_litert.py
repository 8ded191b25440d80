"""BlazePose's networks run, and are those that their provenance names."""

import hashlib

import numpy as np
import pytest

from model.litert import FOLDER, LiteRT


@pytest.mark.parametrize("name", ["pose_detection.tflite", "pose_landmark_full.tflite"])
def test_the_file_is_the_one_of_the_provenance(name: str) -> None:
    digest = hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()

    assert f"| `{digest}` |" in (FOLDER / "PROVENANCE.md").read_text(encoding="utf-8")


def test_outputs_are_told_apart_by_shape() -> None:
    network = LiteRT("pose_detection.tflite")

    network.run(np.zeros((224, 224, 3), np.float32))

    assert network.output(2254, 12).shape == (2254, 12)
    assert network.output(2254, 1).max() < 0  # logits: nobody is in a grey picture


def test_the_same_picture_gives_the_same_numbers() -> None:
    network = LiteRT("pose_landmark_full.tflite")
    picture = np.random.default_rng(0).random((256, 256, 3), np.float32)

    network.run(picture)
    first = network.output(195)
    network.run(np.zeros_like(picture))
    network.run(picture)

    np.testing.assert_array_equal(network.output(195), first)
