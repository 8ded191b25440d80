"""`remocap evaluate-marks`: videos with marks in, a report out."""

from collections.abc import Callable
from pathlib import Path

from model.loading import load_model
from model.stages import Watch, ignore
from model.training.marks.answers import (
    Answer,
    answer_of_blazepose,
    answer_of_model,
    untrained_twin,
)
from model.training.marks.cache import cached_looks
from model.training.marks.looks import Look
from model.training.marks.marks import find_video, load_marks
from model.training.marks.report import CIRCULAR, MarksReport
from model.training.marks.score import Score, score


def evaluate_marks(
    name: str,
    marks: Path,
    videos: Path,
    *,
    cache: Path | None = None,
    untrained: bool = False,
    device: str = "auto",
    models_dir: Path | None = None,
    watch: Watch = ignore,
) -> MarksReport:
    """Score a model on people marked by hand.

    Args:
        name: Of the model.
        marks: The file of marks.
        videos: The folder with the marked videos.
        cache: A folder that keeps what was seen of them.
        untrained: Score the same network with weights drawn from a seed beside it.
        device: As torch names it.
        models_dir: Where models and bodies of the user's lie.
        watch: Told of every frame that is looked at, as the stage of the video's name.

    Raises:
        UsageError: There is no such model or device.
        InputError: Model, marks, a video or the cache cannot be used.
        OutputError: The cache cannot be written.
    """
    model = load_model(name, models_dir, device=device)
    marked = load_marks(marks)
    paths = [find_video(video, videos) for video in marked]  # all, before what takes long
    asked: dict[str, Callable[[Look], Answer]] = {name: lambda look: answer_of_model(model, look)}
    if untrained:
        twin = untrained_twin(model)
        asked[f"{name}, untrained"] = lambda look: answer_of_model(twin, look)
    asked[CIRCULAR] = answer_of_blazepose
    scores: dict[str, dict[str, Score]] = {who: {} for who in asked}
    for video, path in zip(marked, paths, strict=True):
        looks = cached_looks(path, video, model.card.network.input, cache, watch)
        for who, answer in asked.items():
            answers = [None if look is None else answer(look) for look in looks]
            scores[who][video.file] = score(video.marks, answers)
    return MarksReport(scores)
