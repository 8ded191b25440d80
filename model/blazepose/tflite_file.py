"""Reads a TFLite file into plain values: what is computed, from what, with which constants.

And puts other constants in.

Knows no torch. Weights that the file keeps in half precision come out in single precision.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from model.errors import InputError
from model.types import Array

_DTYPES = {
    schema.TensorType.FLOAT32: np.float32,
    schema.TensorType.FLOAT16: np.float16,
    schema.TensorType.INT32: np.int32,
}
_DEQUANTIZE = schema.BuiltinOperator.DEQUANTIZE
_NAMES = {
    code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")
}


@dataclass(frozen=True)
class Operation:
    """One step of a graph.

    Attributes:
        kind: As TFLite names it, e.g. `CONV_2D`.
        inputs: Numbers of the tensors it reads.
        output: Number of the tensor it writes.
        options: By TFLite's names, e.g. `strideH`.
    """

    kind: str
    inputs: tuple[int, ...]
    output: int
    options: dict[str, Any]


@dataclass(frozen=True)
class Graph:
    """A network of one input.

    Attributes:
        input: Number of the tensor that the network is given.
        outputs: Numbers of the tensors it answers with, in the file's order.
        shapes: Of every tensor, channels last.
        constants: The tensors that are known beforehand.
        operations: In the order in which they can be computed.
    """

    input: int
    outputs: tuple[int, ...]
    shapes: tuple[tuple[int, ...], ...]
    constants: dict[int, Array]
    operations: tuple[Operation, ...]


def read_tflite(path: Path) -> Graph:
    """Read the first graph of a file.

    Raises:
        InputError: `bad_network`: the file is no TFLite file or damaged.
    """
    try:
        content = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
        graph = content.subgraphs[0]
        constants = {
            number: array
            for number, tensor in enumerate(graph.tensors)
            if (array := _constant(tensor, content.buffers[tensor.buffer].data)) is not None
        }
        operations = [_operation(operator, content.operatorCodes) for operator in graph.operators]
    except Exception as error:  # damage makes flatbuffers raise whatever it causes
        raise InputError(
            "bad_network", f"{path} cannot be read ({error!r}); expected a TFLite file"
        ) from error
    computed = []
    for operation in operations:
        if operation.kind == "DEQUANTIZE" and operation.inputs[0] in constants:
            constants[operation.output] = constants[operation.inputs[0]].astype(np.float32)
        else:
            computed.append(operation)
    shapes = tuple(_shape(tensor) for tensor in graph.tensors)
    outputs = tuple(int(number) for number in graph.outputs)
    return Graph(int(graph.inputs[0]), outputs, shapes, constants, tuple(computed))


def replace_constants(content: bytes, constants: Mapping[int, Array]) -> bytes:
    """Return the content of a TFLite file with other values in the place of some constants.

    Args:
        content: Of a file that `read_tflite` reads.
        constants: By the numbers that `Graph` has; rounded where the file has half precision.

    Raises:
        ValueError: A constant is not of the shape that the file has.
    """
    changed = bytearray(content)
    model = schema.Model.GetRootAs(changed, 0)
    graph = model.Subgraphs(0)
    operators = [graph.Operators(number) for number in range(graph.OperatorsLength())]
    codes = [model.OperatorCodes(operator.OpcodeIndex()) for operator in operators]
    widened = {
        operator.Outputs(0): operator.Inputs(0)
        for operator, code in zip(operators, codes, strict=True)
        if max(code.BuiltinCode(), code.DeprecatedBuiltinCode()) == _DEQUANTIZE
    }
    for number, values in constants.items():
        there = model.Buffers(graph.Tensors(number).Buffer()).DataLength()
        tensor = graph.Tensors(number if there else widened[number])
        shape = tuple(int(extent) for extent in tensor.ShapeAsNumpy())
        if values.shape != shape:
            raise ValueError(f"constant {number} is {values.shape}; expected {shape}")
        packed = np.ascontiguousarray(values, _DTYPES[tensor.Type()])
        model.Buffers(tensor.Buffer()).DataAsNumpy()[:] = packed.view(np.uint8).ravel()
    return bytes(changed)


def _operation(operator: Any, codes: Any) -> Operation:
    code = codes[operator.opcodeIndex]
    return Operation(
        _NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)],
        tuple(int(number) for number in operator.inputs),
        int(operator.outputs[0]),
        dict(vars(operator.builtinOptions)) if operator.builtinOptions else {},
    )


def _constant(tensor: Any, data: Any) -> Array | None:
    if data is None or not len(data):
        return None
    array: Array = np.frombuffer(bytes(data), _DTYPES[tensor.type]).reshape(_shape(tensor))
    return array


def _shape(tensor: Any) -> tuple[int, ...]:
    return () if tensor.shape is None else tuple(int(extent) for extent in tensor.shape)
