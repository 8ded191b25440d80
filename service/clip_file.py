"""Clips and rows as bytes, on their way through the store: media -> worker -> whoever hands out.

Safetensors: numbers with names and nothing that runs. What is read is checked, as the store may be
anybody's. This module knows no store, queue, torch or video.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from model.clip_rows import REGRESSED, ROW, ClipRows
from model.clips import Clip
from model.errors import InputError
from model.spool import Columns
from model.types import CROP_SIDE, MASK_SIDE, WINDOW, Array, Evidence, Observation

T = TypeVar("T")

MAX_WINDOWS = 64  # of a clip that is believed
_VERSION = 1
_PIXELS: Columns = {"pixels": (np.uint8, (CROP_SIDE, CROP_SIDE, 3))}
_EVIDENCE: Columns = {
    "landmarks": (np.float32, (33, 7)),
    "mask": (np.uint8, (MASK_SIDE, MASK_SIDE)),
}
_TIMES: Columns = {"frame_index": (np.int32, ()), "pts_s": (np.float64, ())}
_OBSERVED: Columns = _TIMES | {
    "crop_px": (np.float32, (4,)),
    "score": (np.float32, ()),
    "keep": (np.bool_, ()),
}


def pack_clip(clip: Clip) -> bytes:
    """Return a clip's inputs, whose they are, and which of them are handed on."""
    inputs = clip.inputs
    seen = clip.observations
    arrays = vars(inputs) if isinstance(inputs, Evidence) else {"pixels": inputs}
    return _pack(
        clip.track_id,
        arrays
        | {
            "frame_index": np.array([o.frame_index for o in seen], np.int32),
            "pts_s": np.array([o.pts_s for o in seen]),
            "crop_px": np.stack([o.crop_px for o in seen]),
            "score": np.array([o.score for o in seen], np.float32),
            "keep": clip.keep,
        },
    )


def unpack_clip(data: bytes) -> Clip:
    """Read what `pack_clip` returned; observations come without landmarks and mask.

    Raises:
        InputError: `damaged_object`: these are no clip's bytes.
    """
    return _unpack(data, "clip", _read_clip)


def pack_rows(rows: ClipRows) -> bytes:
    """Return the rows of a clip."""
    times = {"frame_index": rows.frame_index, "pts_s": rows.pts_s}
    return _pack(rows.track_id, {**rows.values, **times, "padded": np.array(rows.padded)})


def unpack_rows(data: bytes) -> ClipRows:
    """Read what `pack_rows` returned.

    Raises:
        InputError: `damaged_object`: these are no rows' bytes.
    """
    return _unpack(data, "result", _read_rows)


def _read_clip(track_id: int, arrays: dict[str, Array]) -> Clip:
    inputs = _EVIDENCE if "landmarks" in arrays else _PIXELS
    count = _check(arrays, inputs | _OBSERVED)
    if count % WINDOW or count > MAX_WINDOWS * WINDOW:
        raise ValueError(f"{count} frames")
    if not arrays["keep"].any():
        raise ValueError("no frame to keep")
    columns = [arrays[name] for name in ("frame_index", "pts_s", "crop_px", "score")]
    seen = (
        Observation(track_id, int(frame), float(pts_s), crop_px, float(score))
        for frame, pts_s, crop_px, score in zip(*columns, strict=True)
    )
    evidence = {name: arrays[name] for name in inputs}
    return Clip(
        inputs=Evidence(**evidence) if inputs is _EVIDENCE else arrays["pixels"],
        observations=tuple(seen),
        keep=arrays["keep"],
    )


def _read_rows(track_id: int, arrays: dict[str, Array]) -> ClipRows:
    padded = arrays.pop("padded")
    if padded.shape or padded.dtype != np.bool_:
        raise ValueError("no word on padding")
    regressed = REGRESSED if "rotmat" in arrays else {}
    _check(arrays, ROW | regressed | _TIMES)
    frames, pts_s = arrays.pop("frame_index"), arrays.pop("pts_s")
    if not (np.diff(frames) > 0).all():
        raise ValueError("frames out of order")
    return ClipRows(track_id, frames, pts_s, bool(padded), arrays)


def _check(arrays: Mapping[str, Array], columns: Columns) -> int:
    """Refuse arrays that are not these columns, of one length and finite; return the length."""
    if arrays.keys() != columns.keys():
        raise ValueError(f"arrays {sorted(arrays)}")
    count = arrays["frame_index"].size
    for name, (dtype, shape) in columns.items():
        array = arrays[name]
        if array.dtype != dtype or array.shape != (count, *shape):
            raise ValueError(f"{name} is {array.dtype}{list(array.shape)}")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(f"{name} is not finite")
    if not count or arrays["frame_index"].min() < 0:
        raise ValueError("no frames, or negative ones")
    return count


def _pack(track_id: int, arrays: Mapping[str, Array]) -> bytes:
    head = {"version": np.array(_VERSION, np.int32), "track_id": np.array(track_id, np.int32)}
    return save({name: np.asarray(a, order="C") for name, a in arrays.items()} | head)


def _unpack(data: bytes, kind: str, read: Callable[[int, dict[str, Array]], T]) -> T:
    try:
        arrays = load(data)
        version, track_id = (int(arrays.pop(name)) for name in ("version", "track_id"))
        if version != _VERSION:
            raise ValueError(f"version {version}, expected {_VERSION}")
        return read(track_id, arrays)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            "damaged_object",
            f"a stored {kind} of {len(data)} bytes cannot be used ({reason}); expected what this "
            "version writes; run the job again",
        ) from None
