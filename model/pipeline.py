"""A video in, people out: the whole system in one process, one step a line.

    video -> frames -> people -> crops -> clips -> network -> one sequence per person

Each step pulls from the one before it, a few frames at a time, so a long video needs no more memory
than a short one. The steps up to the clips stand in `model.extract`; a service runs the same ones,
and puts a queue between them and the network.
"""

from pathlib import Path

from model.assemble import Assembler
from model.errors import NobodyFoundError
from model.extract import Options, expected_frames, extract_clips
from model.loading import Model
from model.reconstruction import Reconstruction
from model.stages import Stages
from model.video import open_video

__all__ = ["Options", "expected_frames", "reconstruct"]


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
        kind = model.card.network.input
        for clip in extract_clips(video, options, kind, assembler.see, stages):
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
