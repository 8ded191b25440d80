"""What detector, tracker and landmark network see in a film: all that comes before our network.

It takes seconds a film and depends on no weights of ours, so it is kept on the disk: measuring
another network on the same films takes no second look. A folder of it is named after the code that
looked, and is not used by any other.
"""

import hashlib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float64

import model
from model.atomic import replacing
from model.bodies.npz import read_npz
from model.clips import Clip
from model.errors import InputError
from model.extract import Options, extract_clips
from model.landmarks import TAUGHT
from model.stages import Stages
from model.types import Array, Evidence, Observation, VideoInfo
from model.video import open_video

_LOOKS = (
    "clips.py",
    "crops.py",
    "detect.py",
    "evidence.py",
    "extract.py",
    "landmarks.py",
    "region.py",
    "track.py",
    "tracking/*.py",
    "assets/blazepose/pose_detection.tflite",
    f"assets/blazepose/{TAUGHT}",
)
"""The code and the networks that decide what is seen."""

_SEEN = ("track_id", "frame_index", "pts_s", "crop_px", "score")  # of an observation, kept


@dataclass(frozen=True, eq=False)
class Observed:
    """One film, looked at.

    Attributes:
        info: Its size.
        pts_s: Times of all frames.
        clips: Of everybody in it.
    """

    info: VideoInfo
    pts_s: Float64[Array, "n"]
    clips: tuple[Clip, ...]


def observe(video: Path, kind: Literal["pixels", "evidence"]) -> Observed:
    """Look at a film as `model.pipeline.reconstruct` does.

    Args:
        video: The film.
        kind: What the network is given.

    Raises:
        InputError: The video cannot be used.
    """
    pts_s: list[float] = []

    def see(_: int, at_s: float) -> None:
        pts_s.append(at_s)

    with open_video(video) as frames:
        clips = tuple(extract_clips(frames, Options(), kind, see, Stages()))
        return Observed(frames.info, np.array(pts_s), clips)


def observe_once(video: Path, folder: Path) -> Observed:
    """Return the evidence of a film, from `folder` where it was kept there by this code.

    Raises:
        InputError: The video cannot be used.
        OutputError: The folder cannot be written.
    """
    file = folder / code_id() / f"{video.stem}.npz"
    try:
        return _read(file)
    except FileNotFoundError:
        observed = observe(video, "evidence")
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as temporary:
        _write(observed, temporary)
    return observed


def code_id() -> str:
    """Return a name for the code that decides what is seen."""
    root = Path(model.__file__).parent
    files = [file for pattern in _LOOKS for file in sorted(root.glob(pattern))]
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:12]


def _write(observed: Observed, path: Path) -> None:
    clips, info = observed.clips, observed.info
    observations = [o for clip in clips for o in clip.observations]
    arrays = {name: np.array([getattr(o, name) for o in observations]) for name in _SEEN}
    for field in fields(Evidence):
        parts = [getattr(clip.inputs, field.name) for clip in clips]
        arrays[f"evidence_{field.name}"] = np.concatenate(parts) if parts else np.zeros(0)
    with path.open("wb") as file:
        np.savez(
            file,
            allow_pickle=False,
            **arrays,
            keep=np.array([k for clip in clips for k in clip.keep], bool),
            lengths=np.array([len(clip.keep) for clip in clips], int),
            size=np.array([info.width, info.height]),
            frames_pts_s=observed.pts_s,
        )


def _read(path: Path) -> Observed:
    evidence = [f"evidence_{field.name}" for field in fields(Evidence)]
    names = (*_SEEN, *evidence, "keep", "lengths", "size", "frames_pts_s")
    try:
        arrays = read_npz(path, names)
        info = VideoInfo(*(int(side) for side in arrays.pop("size")))
        pts_s, ends = arrays.pop("frames_pts_s"), np.cumsum(arrays.pop("lengths"))
        clips = [
            _clip({name: array[end - size : end] for name, array in arrays.items()})
            for end, size in zip(ends, np.diff(ends, prepend=0), strict=True)
        ]
    except (ValueError, KeyError) as error:
        raise InputError("bad_observations", f"{path}: {error}; delete the file") from error
    return Observed(info, pts_s, tuple(clips))


def _clip(rows: dict[str, Array]) -> Clip:
    evidence = Evidence(**{f.name: rows[f"evidence_{f.name}"] for f in fields(Evidence)})
    observations = [
        Observation(int(track), int(frame), float(pts_s), crop_px, float(score))
        for track, frame, pts_s, crop_px, score in zip(*(rows[n] for n in _SEEN), strict=True)
    ]
    return Clip(evidence, tuple(observations), rows["keep"])
