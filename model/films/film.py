"""A film and what is true of it: an mp4, and an NPZ of the same name beside it."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float32, Float64

from model.bodies.npz import read_npz
from model.errors import InputError
from model.types import COARSE, Array

Level = Literal["none", "some", "heavy"]
LEVELS: tuple[Level, ...] = get_args(Level)
"""How much of the person is hidden."""


@dataclass(frozen=True, eq=False)
class Truth:
    """One person in n frames, in the camera frame: x right, y down, z away; metres, pixels.

    Attributes:
        level: How much is hidden, roughly; `visible` says it for each frame.
        pts_s: Times of the frames.
        coarse_m: About the Human3.6M pelvis.
        joints_m: J14, same origin.
        translation_m: That pelvis.
        joints_px: J14 in the image.
        square_px: x0, y0, x1, y1 of the square that a tracker would cut out.
        others_px: The same of k other people.
        visible: Share of the person, clothes included, that the picture shows.
        intrinsics: Of the camera.
    """

    level: Level
    pts_s: Float64[Array, "n"]
    coarse_m: Float32[Array, "n 431 3"]
    joints_m: Float32[Array, "n 14 3"]
    translation_m: Float32[Array, "n 3"]
    joints_px: Float32[Array, "n 14 2"]
    square_px: Float32[Array, "n 4"]
    others_px: Float32[Array, "k n 4"]
    visible: Float32[Array, "n"]
    intrinsics: Float32[Array, "3 3"]

    def __len__(self) -> int:
        return len(self.pts_s)


def truth_of(video: Path) -> Path:
    """Return where the truth about a film lies."""
    return video.with_suffix(".npz")


def list_films(folder: Path) -> list[Path]:
    """Return the films of a folder, in order.

    Raises:
        InputError: `no_films`: there is none.
    """
    films = [video for video in sorted(folder.glob("*.mp4")) if truth_of(video).is_file()]
    if not films:
        raise InputError(
            "no_films", f"{folder} holds no films; render some with `remocap synth --films FOLDER`"
        )
    return films


def write_truth(truth: Truth, path: Path) -> None:
    """Write what `read_truth` reads.

    Raises:
        OSError: It cannot be written.
    """
    arrays = {field.name: getattr(truth, field.name) for field in fields(truth)}
    with path.open("wb") as file:  # NumPy would add to a name that does not end in .npz
        np.savez_compressed(file, allow_pickle=False, **arrays)


def read_truth(path: Path) -> Truth:
    """Read the truth about a film.

    Raises:
        InputError: `bad_truth`.
    """
    try:
        arrays = read_npz(path, [field.name for field in fields(Truth)])
        frames = len(arrays["pts_s"])
        expected = {
            "coarse_m": (frames, COARSE, 3),
            "joints_m": (frames, 14, 3),
            "translation_m": (frames, 3),
            "joints_px": (frames, 14, 2),
            "square_px": (frames, 4),
            "others_px": (len(arrays["others_px"]), frames, 4),
            "visible": (frames,),
            "intrinsics": (3, 3),
        }
        for name, shape in expected.items():
            if arrays[name].shape != shape or not np.isfinite(arrays[name]).all():
                raise ValueError(f"'{name}' is no finite array of shape {list(shape)}")
        level = str(arrays.pop("level"))
        if level not in LEVELS:
            raise ValueError(f"'level' is '{level}'")
        return Truth(level=level, **arrays)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            "bad_truth", f"{path}: {error}; render it with `remocap synth --films FOLDER`"
        ) from error
