"""`remocap evaluate --films`: a model and a folder of films in, figures out."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from model.assemble import Assembler
from model.bodies import Body
from model.clips import Clip
from model.errors import UsageError
from model.films.comparison import Comparison, compare
from model.films.constant import answer_constantly, constant_poses
from model.films.film import list_films, read_truth, truth_of
from model.films.observed import Observed, observe, observe_once
from model.films.report import Row, summarise
from model.loading import Model
from model.reconstruction import Reconstruction
from model.stages import Watch, ignore
from model.types import Estimate, Smoothing

OBSERVED = "observed"
"""Folder beside the films for what detector and tracker saw of them; deleting it is safe."""


def evaluate_films(
    folder: Path, model: Model, *, smooth: Smoothing = "off", watch: Watch = ignore
) -> tuple[Row, ...]:
    """Measure a model on films, from video to mesh.

    What is seen of a film before the network is kept in the folder (see `model.films.observed`)
    for networks that look at evidence; for others it is made anew each time.

    Args:
        folder: As `remocap synth --films` renders it.
        model: Of the body `anny`.
        smooth: How the motion is handed out.
        watch: Told of every film, as the stage `films`.

    Raises:
        UsageError: `wrong_body`: the model's body is not the films'.
        InputError: A film or its truth cannot be used.
        OutputError: The folder cannot be written.
    """
    if model.body.name != "anny":
        raise UsageError(
            "wrong_body",
            f"films show the body 'anny', the model's is '{model.body.name}'; give a model of anny",
        )
    videos, compared = list_films(folder), []
    for done, video in enumerate(videos, start=1):
        compared.append(_evaluate(video, model, folder / OBSERVED, smooth))
        watch("films", done, len(videos))
    return summarise(compared, _constants(compared, model.body))


def _evaluate(video: Path, model: Model, kept: Path, smooth: Smoothing) -> Comparison:
    truth = read_truth(truth_of(video))
    if model.card.network.input == "evidence":
        observed = observe_once(video, kept)
    else:
        observed = observe(video, "pixels")
    with TemporaryDirectory(prefix="remocap-") as rows:
        result = reconstruct_observed(
            observed,
            model,
            lambda clip: model.predictor.predict(clip.inputs),
            Path(rows),
            focal_px=float(truth.intrinsics[0, 0]),
        )
        return compare(result.smoothed(smooth), truth)


def reconstruct_observed(
    observed: Observed,
    model: Model,
    predict: Callable[[Clip], Estimate],
    folder: Path,
    *,
    focal_px: float,
) -> Reconstruction:
    """Do the rest of what `model.pipeline.reconstruct` does.

    Args:
        observed: The film.
        model: Whose card, body and up-sampling the result has.
        predict: What stands for its network.
        folder: An existing one for the rows.
        focal_px: Of the film's camera.
    """
    assembler = Assembler(folder)
    for frame, pts_s in enumerate(observed.pts_s):
        assembler.see(frame, float(pts_s))
    for clip in observed.clips:
        assembler.add(clip, predict(clip))
    return assembler.finish(
        model.card,
        model.weights_sha256,
        model.body,
        model.upsampling,
        observed.info,
        focal_px=focal_px,
    )


def _constants(compared: list[Comparison], body: Body) -> list[list[Comparison]]:
    poses_m = constant_poses([c.truth for c in compared], body)
    answers = [answer_constantly(c, poses_m, body) for c in compared]
    return [list(answer) for answer in zip(*answers, strict=True)]
