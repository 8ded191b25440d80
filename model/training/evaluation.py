"""`remocap evaluate`: a model and a set in, a report out."""

from pathlib import Path

from rich.console import Console

from model.loading import load_model
from model.stages import Watch, ignore
from model.training.dataset import CropKind, TsvClips
from model.training.evaluate import evaluate
from model.training.mesh_truth import find_truth
from model.training.report import Report
from model.training.tsv_set import TsvSet
from model.training.windows import Protocol


def evaluate_main(
    name: str,
    data: Path,
    *,
    protocol: Protocol = "all",
    crop: CropKind = "antialiased",
    device: str = "auto",
    models_dir: Path | None = None,
    console: Console | None = None,
    watch: Watch = ignore,
) -> Report:
    """Evaluate a model on a set.

    Args:
        name: Of the model.
        data: The set's yaml.
        protocol: Which frames count; see `evaluate`.
        crop: How pictures are cut; `published` for published weights.
        device: As torch names it.
        models_dir: Where models and bodies of the user's lie.
        console: Shows the table.
        watch: Told of every window, as the stage `evaluate`.

    Raises:
        UsageError: There is no such model or device, or its body is not the labels'.
        InputError: Model, body or set cannot be used.
    """
    model = load_model(name, models_dir, device=device)
    rows = TsvSet(data)
    report = evaluate(
        model.predictor.predict,
        TsvClips(rows, crop=crop),
        model.body,
        model.upsampling,
        find_truth(rows.files.mesh, model.body, models_dir),
        protocol=protocol,
        watch=watch,
    )
    if console is not None:
        console.print(report.table())
    return report
