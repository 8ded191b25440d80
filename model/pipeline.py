"""A video in, people out: the whole system in one process, one step a line.

    video -> frames -> people -> crops -> clips -> network -> one sequence per person

Each step pulls from the one before it, a few frames at a time, so a long video needs no more memory
than a short one. A service can run the same steps with a queue between clips and network.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from model.assemble import Assembler
from model.clips import AnyCrop, seal_clips
from model.crops import crop_person
from model.detect import PersonDetector
from model.errors import NobodyFoundError, UsageError
from model.evidence import EvidenceCutter
from model.loading import Model
from model.reconstruction import Reconstruction
from model.stages import Stages
from model.track import track_people
from model.tracks_file import TracksFile
from model.types import Array, Frame, Observation, VideoInfo
from model.video import Limits, open_video


@dataclass(frozen=True)
class Options:
    """What may be chosen about one reconstruction.

    Attributes:
        max_people: How many to follow at once at most.
        detector: Finds people; BlazePose's unless given.
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


def reconstruct(
    source: Path,
    model: Model,
    folder: Path,
    options: Options | None = None,
    stages: Stages | None = None,
) -> Reconstruction:
    """Reconstruct everybody in a video.

    Args:
        source: The video file.
        model: Network, body and card.
        folder: An existing folder for the rows; the result is read from it as it is used.
        options: What to look at.
        stages: Takes times and progress.

    Raises:
        InputError: The video cannot be used.
        NobodyFoundError: It shows nobody.
        OutputError: The rows cannot be written into the folder.
    """
    options, stages = options or Options(), stages or Stages()
    with open_video(
        source, start_s=options.start_s, end_s=options.end_s, limits=options.limits
    ) as video:
        if (count := expected_frames(video.info, options)) is not None:
            stages.expect("decode", count)
        assembler = Assembler(folder)
        frames = stages.iterate("decode", video)
        people = stages.iterate("track", follow(frames, options))
        cut = crop_person if model.card.network.input == "pixels" else EvidenceCutter()
        for clip in seal_clips(stages.iterate("crop", crop_everybody(people, cut, assembler))):
            with stages.stage("network"):
                assembler.add(clip, model.predictor.predict(clip.inputs))
            stages.done("network", int(clip.keep.sum()))
    result = assembler.finish(
        model.card,
        model.weights_sha256,
        model.body,
        model.upsampling,
        video.info,
        focal_px=options.focal_px,
        notes=tuple(video.notes),
        timings=dict(stages.seconds),
    )
    if not result.sequences:
        raise NobodyFoundError(
            "no_person_found",
            f"nobody was found in the {assembler.frame_count} frames of {source.name}; expected a "
            "person in view; where there is one, give a detector or boxes of your own",
        )
    return result


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
    return track_people(frames, options.detector, max_people=options.max_people)


def crop_everybody(
    people: Iterable[tuple[Frame, list[Observation]]],
    cut: Callable[[Array, Observation], AnyCrop],
    assembler: Assembler,
) -> Iterator[AnyCrop]:
    """Cut everybody out of each frame, and let the assembler know of the frame."""
    for frame, observations in people:
        assembler.see(frame.index, frame.pts_s)
        for observation in observations:
            yield cut(frame.rgb, observation)
