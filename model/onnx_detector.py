"""A person detector of the user's own, as an ONNX file. Needs the extra `onnx`.

Two layouts are understood, those that YOLO's exporters write. Input, of either: f32[1,3,H,W], RGB
from 0 to 1, the picture fitted in and padded. Output, in pixels of that input:

- f32[1,n,6], finished: a row is x0, y0, x1, y1, score, class (YOLOv10; others with `nms=True`);
- f32[1,4+classes,n], raw: a column is centre x, centre y, width, height, then a score per class
  (YOLOv8, YOLO11).

Class 0 is the person, as in COCO.
"""

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

from model.detect import Detection, letterbox, suppress, whole
from model.errors import InputError, UsageError
from model.region import Region
from model.types import Array

PERSON = 0
FINISHED_ROW = 6  # x0, y0, x1, y1, score, class
MAX_SIDE = 2048  # of the input


class OnnxDetector:
    """Runs the user's network.

    Args:
        path: The ONNX file.
        min_score: Below it a candidate is dropped.

    Raises:
        UsageError: `onnx_missing` without onnxruntime.
        InputError: `bad_detector` where the file is no network, or of another layout.
    """

    def __init__(self, path: Path, min_score: float = 0.3) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise UsageError(
                "onnx_missing",
                f"{path.name} needs onnxruntime to run; install it: pip install 'remocap[onnx]'",
            ) from error
        self._name = path.name
        self._min_score = min_score
        try:
            self._session: Any = onnxruntime.InferenceSession(
                path.read_bytes(), providers=["CPUExecutionProvider"]
            )
        except OSError as error:
            raise self._bad(error.strerror or str(error), "a readable ONNX file") from error
        except Exception as error:  # onnxruntime's own errors share no public base
            raise self._bad("not loadable", "an ONNX network") from error
        self._input_name, self._side = self._check_input()

    def detect(self, rgb: UInt8[Array, "height width 3"], *, small: bool = True) -> list[Detection]:
        """Everybody in view, best first, each once; small people as well as the network can.

        Raises:
            InputError: `bad_detector` where the output has another layout.
        """
        del small  # such networks see the picture larger than BlazePose's, and need no tiles
        square = whole(rgb.shape[1], rgb.shape[0])
        pixels = letterbox(rgb, square, self._side).transpose(2, 0, 1)[None] / np.float32(255)
        output = self._session.run(None, {self._input_name: pixels})[0]
        boxes, scores = self._read(np.asarray(output))
        boxes = boxes * (square.side / self._side) + ([square.left, square.top] * 2)
        return suppress(
            [
                Detection(Region.of_box(*box.tolist()), float(score))
                for box, score in zip(boxes, scores, strict=True)
            ]
        )

    def _read(self, output: Array) -> tuple[Float32[Array, "n 4"], Float32[Array, "n"]]:
        """Boxes and scores of people from either layout."""
        if output.ndim == 3 and output.shape[0] == 1 and output.shape[2] == FINISHED_ROW:
            rows = output[0][output[0, :, 5] == PERSON]
            boxes, scores = rows[:, :4], rows[:, 4]
        elif output.ndim == 3 and output.shape[0] == 1 and 5 <= output.shape[1] < output.shape[2]:
            columns = output[0]
            scores = columns[4 + PERSON]
            boxes = np.vstack([columns[:2] - columns[2:4] / 2, columns[:2] + columns[2:4] / 2]).T
        else:
            raise self._bad(f"an output {list(output.shape)}", "[1,n,6] or [1,4+classes,n]")
        good = (scores >= self._min_score) & np.isfinite(boxes).all(axis=1)
        good &= (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
        return boxes[good].astype(np.float32), scores[good].astype(np.float32)

    def _check_input(self) -> tuple[str, int]:
        """Name and side of the one input, which must be a square RGB picture."""
        inputs = self._session.get_inputs()
        shape: list[Any] = inputs[0].shape
        rgb_square = len(inputs) == 1 and len(shape) == 4 and shape[:2] == [1, 3]
        side = shape[2] if rgb_square and shape[2] == shape[3] else None
        if inputs[0].type != "tensor(float)" or not isinstance(side, int):
            raise self._bad(f"an input {shape}", "one float input [1,3,side,side] of fixed side")
        if not 32 <= side <= MAX_SIDE:
            raise self._bad(f"an input of side {side}", f"a side of 32 to {MAX_SIDE}")
        return inputs[0].name, side

    def _bad(self, value: str, expected: str) -> InputError:
        return InputError(
            "bad_detector",
            f"{self._name}: {value}; expected {expected}, as YOLO's ONNX export writes them",
        )
