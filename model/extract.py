"""A video in, a person's crops out, some windows at a time: all that comes before the network.

    frames -> people -> crops -> clips

Each step pulls from the one before it, a few frames at a time. One process goes on from here with
the network (`model.pipeline`), a service with a queue; what a clip holds is the same in both.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from math import inf
from typing import Literal

from model.clips import AnyCrop, Clip, seal_clips
from model.crops import crop_person
from model.detect import PersonDetector
from model.errors import UsageError
from model.evidence import EvidenceCutter
from model.stages import Stages
from model.track import track_people
from model.tracking.looking import Look
from model.tracks_file import TracksFile
from model.types import Array, Frame, Observation, VideoInfo
from model.video import Limits

See = Callable[[int, float], None]
"""Told index and time of every frame, in order, with or without people."""


@dataclass(frozen=True)
class Options:
    """What may be chosen about one reconstruction.

    Attributes:
        max_people: How many to follow at once at most.
        detector: Finds people; BlazePose's unless given.
        look: Finds the landmarks of somebody; BlazePose's unless given.
        tracks: Boxes of the user's, which then stand for detector and tracker.
        start_s: Look from here, in seconds from the first shown frame.
        end_s: Look up to here.
        focal_px: Of the camera, over the shown image; its diagonal is assumed unless given.
        limits: Bounds on the video and its decoder.

    Raises:
        UsageError: `conflicting_options` where tracks come with what they stand for;
            `bad_focal_length`.
    """

    max_people: int | None = None
    detector: PersonDetector | None = None
    look: Look | None = None
    tracks: TracksFile | None = None
    start_s: float | None = None
    end_s: float | None = None
    focal_px: float | None = None
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if self.tracks is not None and (self.detector is not None or self.max_people is not None):
            raise UsageError(
                "conflicting_options",
                "tracks say who is where, so a detector or max_people would go unheard; "
                "give either tracks or these",
            )
        if self.focal_px is not None and not 0 < self.focal_px < inf:
            raise UsageError(
                "bad_focal_length",
                f"focal length is {self.focal_px:g}; expected pixels, e.g. 1500; leave it out to "
                "assume the image's diagonal",
            )


def extract_clips(
    frames: Iterable[Frame],
    options: Options,
    kind: Literal["pixels", "evidence"],
    see: See,
    stages: Stages,
    max_windows: int = 4,
) -> Iterator[Clip]:
    """Find everybody in a video and yield their clips; the same frames give the same clips.

    Args:
        frames: Of the video, in order.
        options: Whom to look for.
        kind: What the network wants to see.
        see: Told of each frame, before the clips that end with it.
        stages: Takes times and progress of `decode`, `track` and `crop`.
        max_windows: In a clip.

    Raises:
        InputError: What `frames` raises; `bad_tracks` where the user's boxes do not fit them.
    """
    cut = crop_person if kind == "pixels" else EvidenceCutter()
    people = stages.iterate("track", follow(stages.iterate("decode", frames), options))
    yield from seal_clips(stages.iterate("crop", crop_everybody(people, cut, see)), max_windows)


def expected_frames(info: VideoInfo, options: Options) -> int | None:
    """Guess how many frames will be decoded, from what the video claims of itself."""
    if info.fps is None or info.duration_s is None:
        return info.frame_count
    end_s = min(info.duration_s, options.end_s or info.duration_s)
    return max(round((end_s - (options.start_s or 0)) * info.fps), 0)


def follow(frames: Iterable[Frame], options: Options) -> Iterator[tuple[Frame, list[Observation]]]:
    """Say who is where in each frame, in order."""
    if options.tracks is not None:
        return options.tracks.follow(frames)
    return track_people(frames, options.detector, options.look, max_people=options.max_people)


def crop_everybody(
    people: Iterable[tuple[Frame, list[Observation]]],
    cut: Callable[[Array, Observation], AnyCrop],
    see: See,
) -> Iterator[AnyCrop]:
    """Cut everybody out of each frame, and tell of the frame."""
    for frame, observations in people:
        see(frame.index, frame.pts_s)
        for observation in observations:
            yield cut(frame.rgb, observation)
