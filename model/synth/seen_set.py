"""What BlazePose says of baked clips, kept in a folder: evidence to train on without looking again.

Looking takes fifty times as long as a step of training, so clips are shaded and looked at once or
a few times, each time in new colours and light, and every epoch sees the answers, jittered anew.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from model.errors import InputError
from model.synth.dataset import SynthClips
from model.synth.seen import SeenClips
from model.training.batch import Sample
from model.training.windows import Window, one_track_a_clip
from model.types import COARSE, MASK_SIDE, WINDOW, Array

_FIELDS: dict[str, tuple[type[np.generic], tuple[int, ...]]] = {
    "landmarks": (np.float32, (WINDOW, 33, 7)),
    "mask": (np.uint8, (WINDOW, MASK_SIDE, MASK_SIDE)),
    "joints2d": (np.float32, (WINDOW, 14, 3)),
    "joints3d_m": (np.float32, (WINDOW, 14, 4)),
    "mesh_m": (np.float32, (WINDOW, COARSE, 3)),
}
_CARD = "seen.json"
_NO_MASK = 0.1  # chance, of a clip
# Deviations of the jitter: of a whole clip's place and size, then of each landmark.
_PLACE, _SIZE = 0.02, 0.03
_LASTING = np.array([0.006, 0.006, 0.03, 0, 0.008, 0.008, 0.008], np.float32)  # through a clip
_PASSING = np.array([0.002, 0.002, 0.01, 0, 0.002, 0.002, 0.002], np.float32)  # frame by frame
_MASK_SHIFT = 1  # cells, at most


def see_clips(
    clips: SynthClips,
    folder: Path,
    *,
    looks: int = 1,
    seed: int = 0,
    progress: Callable[[int], None] = lambda _done: None,
) -> None:
    """Look at clips, and keep what was seen; 15 KB a frame.

    Args:
        clips: Who is looked at.
        folder: To write; made where it is not there.
        looks: How often every clip is shaded and looked at.
        seed: Of colours, light, squares and whatever goes wrong.
        progress: Told the number of looks that are done.

    Raises:
        OSError: The folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source, rows = SeenClips(clips), looks * len(clips)
    arrays = {
        name: np.lib.format.open_memmap(folder / f"{name}.npy", "w+", dtype, (rows, *shape))
        for name, (dtype, shape) in _FIELDS.items()
    }
    for row in range(rows):
        index = row % len(clips)
        sample = source.sample(index, np.random.default_rng((seed, row // len(clips), index)))
        for name, array in arrays.items():
            array[row] = getattr(sample, name)
        progress(row + 1)
    (folder / _CARD).write_text(json.dumps({"clips": rows}) + "\n")


class SeenSet:
    """A `ClipSource` of what `see_clips` kept; its samples have no pixels.

    Args:
        folders: Of one or several sets, one after the other.

    Raises:
        InputError: `bad_seen_set`.
    """

    fps = None  # some clips have 15 frames a second, some 30

    def __init__(self, folders: Sequence[Path]) -> None:
        sets = [_open(folder) for folder in folders]
        self._arrays = {name: [arrays[name] for arrays in sets] for name in _FIELDS}
        self._ends = np.cumsum([len(arrays["mask"]) for arrays in sets])
        self.tracks = one_track_a_clip(len(self))

    def __len__(self) -> int:
        return int(self._ends[-1])

    @property
    def frames(self) -> int:
        """Of all clips."""
        return WINDOW * len(self)

    def sample(self, index: int, rng: np.random.Generator) -> Sample:
        """Read one clip, its evidence jittered."""
        return jitter(self._read(index), rng)

    def read(self, window: Window) -> Sample:
        """Read one clip as it was seen."""
        return self._read(window.rows[0] // WINDOW)

    def _read(self, index: int) -> Sample:
        part = int(np.searchsorted(self._ends, index, side="right"))
        row = index - int(self._ends[part - 1] if part else 0)
        known = {name: np.array(arrays[part][row]) for name, arrays in self._arrays.items()}
        unknown = {"pose": np.zeros((WINDOW, 72)), "betas": np.zeros((WINDOW, 10))}
        zeros = {name: values.astype(np.float32) for name, values in unknown.items()}
        return Sample(pixels=None, has_mesh=np.ones(WINDOW, bool), **known, **zeros)


def is_seen_set(path: Path) -> bool:
    """Whether this is a folder that `see_clips` filled."""
    return (path / _CARD).is_file()


def jitter(sample: Sample, rng: np.random.Generator) -> Sample:
    """Let a clip's evidence err a little more than it does; the labels stay."""
    assert sample.landmarks is not None
    assert sample.mask is not None
    landmarks = sample.landmarks.copy()
    landmarks[..., :2] += _PLACE * rng.standard_normal((1, 1, 2), np.float32)
    landmarks[..., :3] *= 1 + _SIZE * rng.standard_normal((), np.float32)
    landmarks += _LASTING * _noise(rng, 1) + _PASSING * _noise(rng, WINDOW)
    shift = rng.integers(-_MASK_SHIFT, _MASK_SHIFT + 1, 2)
    mask = np.roll(sample.mask, tuple(shift), axis=(1, 2))
    no_mask = rng.random() < _NO_MASK
    return sample._replace(landmarks=landmarks, mask=np.zeros_like(mask) if no_mask else mask)


def _noise(rng: np.random.Generator, frames: int) -> Float32[Array, "{frames} 33 7"]:
    return rng.standard_normal((frames, 33, 7), np.float32)


def _open(folder: Path) -> dict[str, Array]:
    try:
        rows = int(json.loads((folder / _CARD).read_text())["clips"])
        arrays = {
            name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
            for name in _FIELDS
        }
        for name, (dtype, shape) in _FIELDS.items():
            if arrays[name].dtype != dtype or arrays[name].shape != (rows, *shape):
                raise ValueError(f"'{name}' is {arrays[name].dtype}{list(arrays[name].shape)}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            "bad_seen_set", f"{folder}: {error}; make it with `remocap look`"
        ) from error
    return arrays
