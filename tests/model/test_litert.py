"""BlazePose's networks run, and are those that their provenance names."""

import hashlib
import os

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from model import litert
from model.landmarks import TAUGHT
from model.litert import FOLDER, LiteRT


@pytest.mark.parametrize("name", ["pose_detection.tflite", "pose_landmark_full.tflite", TAUGHT])
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


@pytest.mark.parametrize("threads", [2, 4])
def test_more_threads_give_the_same_numbers(threads: int) -> None:
    picture = np.random.default_rng(0).random((256, 256, 3), np.float32)
    outputs = []
    for network in (LiteRT("pose_landmark_full.tflite", n) for n in (1, threads)):
        network.run(picture)
        outputs.append(network.output(195))

    np.testing.assert_array_equal(*outputs)


def test_loading_a_network_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    LiteRT("pose_detection.tflite")

    assert capfd.readouterr().err == ""


def test_what_others_say_meanwhile_is_kept(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def speak(*arguments: object, **options: object) -> Interpreter:
        os.write(2, b"somebody else\n")
        return Interpreter(*arguments, **options)

    monkeypatch.setattr(litert, "Interpreter", speak)
    LiteRT("pose_detection.tflite")

    assert capfd.readouterr().err == "somebody else\n"
