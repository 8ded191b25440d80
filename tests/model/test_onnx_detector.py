"""The user's own detector: two layouts are read, everything else is refused."""

import sys
from pathlib import Path

import numpy as np
import pytest

from model.errors import InputError, UsageError
from model.onnx_detector import OnnxDetector
from model.types import Array

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

PICTURE = np.zeros((50, 100, 3), np.uint8)  # fitted into 64 x 64: scale 0.64, 16 black rows above
FINISHED = [[16, 20, 32, 52, 0.9, 0], [40, 20, 60, 40, 0.95, 2], [40, 20, 60, 40, 0.1, 0]]


def write(folder: Path, output: Array, shape: tuple[int | str, ...] = (1, 3, 64, 64)) -> Path:
    """A network that answers `output`, plus nothing of its input, whatever it is shown."""
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    nodes = [
        helper.make_node("ReduceSum", ["images"], ["sum"], keepdims=0),
        helper.make_node("Mul", ["sum", "zero"], ["nothing"]),
        helper.make_node("Add", ["answer", "nothing"], ["output0"]),
    ]
    constants = {"answer": output.astype(np.float32), "zero": np.float32(0)}
    graph = helper.make_graph(
        nodes,
        "detector",
        [helper.make_tensor_value_info("images", onnx.TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("output0", onnx.TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    opset = helper.make_opsetid("", 17)
    path = folder / "detector.onnx"
    path.write_bytes(
        helper.make_model(graph, opset_imports=[opset], ir_version=9).SerializeToString()
    )
    return path


def raw_layout() -> Array:
    columns = np.zeros((1, 84, 100), np.float32)
    columns[0, :5, 7] = (24, 36, 16, 32, 0.9)
    columns[0, :5, 8] = (24.5, 36, 16, 32, 0.8)  # the same person again
    columns[0, [0, 1, 2, 3, 6], 9] = (50, 30, 20, 20, 0.95)  # a car
    return columns


@pytest.mark.parametrize("output", [np.array([FINISHED]), raw_layout()], ids=["finished", "raw"])
def test_people_are_read_from_both_layouts(tmp_path: Path, output: Array) -> None:
    found = OnnxDetector(write(tmp_path, output)).detect(PICTURE)

    assert [round(detection.score, 3) for detection in found] == [0.9]
    region = found[0].region
    np.testing.assert_allclose([region.x_px, region.y_px], [37.5, 31.25], atol=1e-4)
    assert region.radius_px == pytest.approx(25)


@pytest.mark.parametrize("shape", [(1, 6), (1, 100, 7), (2, 10, 6)])
def test_another_output_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    detector = OnnxDetector(write(tmp_path, np.zeros(shape)))

    with pytest.raises(InputError, match=r"an output \[.*expected \[1,n,6\]"):
        detector.detect(PICTURE)


@pytest.mark.parametrize(
    "shape", [(1, 1, 64, 64), (1, 3, 64, 32), (1, 3, 9000, 9000), (1, 3, "h", "w")]
)
def test_another_input_is_refused(tmp_path: Path, shape: tuple[int | str, ...]) -> None:
    path = write(tmp_path, np.array([FINISHED]), shape)

    with pytest.raises(InputError, match=r"detector\.onnx: an input"):
        OnnxDetector(path)


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.onnx"
    path.write_text("no network")

    with pytest.raises(InputError, match=r"text\.onnx: not loadable"):
        OnnxDetector(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.onnx: No such file"):
        OnnxDetector(tmp_path / "none.onnx")


def test_a_missing_runtime_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)

    with pytest.raises(UsageError, match=r"pip install 'remocap\[onnx\]'"):
        OnnxDetector(tmp_path / "any.onnx")
