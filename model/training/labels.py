"""The labels of METRO's TSV sets, checked, and one kind of our own: the mesh itself.

`mesh_m` is base64 of little-endian floats, 431 or 6890 vertices with x, y and z in metres in the
camera frame; `mesh_dtype` is `float16` or `float32`. So a body whose parametric model is not at
hand can be trained on all the same.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float32, Float64
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from model.errors import InputError
from model.types import COARSE, FINE, Array


@dataclass(frozen=True, eq=False)
class Label:
    """What is known of one frame; None is not known.

    Attributes:
        center_px: Of the square around the person.
        side_px: Of that square.
        joints2d_px: J24 joints in the picture: x, y, confidence.
        joints3d_m: J24 joints in the camera frame: x, y, z, confidence.
        pose: SMPL's 24 rotation vectors, the root's in the camera frame.
        betas: SMPL's shape.
        mesh_m: Coarse or fine vertices in the camera frame.
    """

    center_px: Float64[Array, "2"]
    side_px: float
    joints2d_px: Float32[Array, "24 3"] | None = None
    joints3d_m: Float32[Array, "24 4"] | None = None
    pose: Float32[Array, "72"] | None = None
    betas: Float32[Array, "10"] | None = None
    mesh_m: Float32[Array, "vertices 3"] | None = None


class _Row(BaseModel):
    """The JSON as it is written; further keys are left alone."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    center: tuple[float, float]
    scale: float = Field(gt=0)
    joints2d: list[Any] = Field(default=[], alias="2d_joints")
    has_joints2d: bool = Field(default=False, alias="has_2d_joints")
    joints3d: list[Any] = Field(default=[], alias="3d_joints")
    has_joints3d: bool = Field(default=False, alias="has_3d_joints")
    pose: list[Any] = []
    betas: list[Any] = []
    has_smpl: bool = False
    mesh_m: str | None = None
    mesh_dtype: Literal["float16", "float32"] = "float16"


def parse_label(text: str, where: str) -> Label:
    """Read the JSON of a label row.

    Args:
        text: A list with one object.
        where: File and line, for the message.

    Raises:
        InputError: `bad_label`, saying which key is wrong.
    """
    try:
        content = json.loads(text)
        if not isinstance(content, list) or len(content) != 1:
            raise ValueError("expected a JSON list with one object")
        return _to_label(_Row.model_validate(content[0]))
    except (ValidationError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise InputError("bad_label", f"{where} holds no usable label: {reason}") from error


def encode_mesh(mesh_m: Float32[Array, "vertices 3"]) -> dict[str, str]:
    """The keys of a label that carry a mesh, to about 0.5 mm."""
    data = mesh_m.astype("<f2").tobytes()
    return {"mesh_m": base64.b64encode(data).decode(), "mesh_dtype": "float16"}


def _to_label(row: _Row) -> Label:
    return Label(
        center_px=np.array(row.center),
        side_px=200 * row.scale,
        joints2d_px=_numbers("2d_joints", row.joints2d, (24, 3)) if row.has_joints2d else None,
        joints3d_m=_numbers("3d_joints", row.joints3d, (24, 4)) if row.has_joints3d else None,
        pose=_numbers("pose", row.pose, (72,)) if row.has_smpl else None,
        betas=_numbers("betas", row.betas, (10,)) if row.has_smpl else None,
        mesh_m=_decode_mesh(row.mesh_m, row.mesh_dtype) if row.mesh_m is not None else None,
    )


def _numbers(key: str, values: list[Any], shape: tuple[int, ...]) -> Array:
    """Nested lists as an array; a leading axis of 1 is taken off, as METRO has it either way."""
    try:
        array = np.array(values, np.float32)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{key!r} holds something other than numbers") from error
    if array.shape == (1, *shape):
        array = array[0]
    if array.shape != shape or not np.isfinite(array).all():
        raise ValueError(f"{key!r} has shape {array.shape}; expected {shape}, all finite")
    return array


def _decode_mesh(text: str, dtype: str) -> Array:
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("'mesh_m' is no base64") from error
    sizes = [3 * np.dtype(dtype).itemsize * vertices for vertices in (COARSE, FINE)]
    if len(data) not in sizes:
        raise ValueError(
            f"'mesh_m' has {len(data)} bytes; expected {sizes[0]} or {sizes[1]} of {dtype}"
        )
    mesh_m = np.frombuffer(data, np.dtype(dtype).newbyteorder("<")).astype(np.float32)
    if not np.isfinite(mesh_m).all():
        raise ValueError("'mesh_m' holds values that are not finite")
    return mesh_m.reshape(-1, 3)
