from pathlib import Path

import numpy as np
import pytest

from model.blazepose.tflite_file import read_tflite
from model.errors import InputError
from model.litert import FOLDER


def test_the_network_is_convolutions_from_one_picture_to_five_answers() -> None:
    graph = read_tflite(FOLDER / "pose_landmark_full.tflite")

    assert graph.shapes[graph.input] == (1, 256, 256, 3)
    assert len(graph.outputs) == 5
    kinds = {operation.kind for operation in graph.operations}
    assert kinds >= {"CONV_2D", "DEPTHWISE_CONV_2D", "ADD"}
    assert "DEQUANTIZE" not in kinds


def test_weights_come_out_in_single_precision() -> None:
    graph = read_tflite(FOLDER / "pose_landmark_full.tflite")

    convolutions = [op for op in graph.operations if op.kind == "CONV_2D"]
    weights = [graph.constants[op.inputs[1]] for op in convolutions]
    assert {weight.dtype for weight in weights} == {np.dtype(np.float32)}
    assert all(np.isfinite(weight).all() and weight.any() for weight in weights)


@pytest.mark.parametrize("content", [b"", b"no network", bytes(1000)])
def test_what_is_no_network_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.tflite"
    path.write_bytes(content)

    with pytest.raises(InputError, match=r"broken\.tflite cannot be read") as caught:
        read_tflite(path)

    assert caught.value.code == "bad_network"
