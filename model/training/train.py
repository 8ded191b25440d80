"""`remocap train`: a yaml in, a model folder out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from model.bodies import Body, load_body
from model.errors import UsageError
from model.synth.backdrop import Backdrops
from model.synth.dataset import BakedSet, SynthClips, is_baked_set
from model.synth.seen_set import SeenSet, is_seen_set
from model.training.augment import AugmentConfig
from model.training.dataset import TsvClips
from model.training.feed import Share
from model.training.learner import Learner
from model.training.mesh_truth import MeshTruth, find_truth
from model.training.ranks import choose_place, join_ranks
from model.training.run import Run, Validation
from model.training.run_log import RunLog
from model.training.snapshot import latest_snapshot, load_snapshot
from model.training.start import build_network
from model.training.train_config import TrainConfig, load_train_config
from model.training.trainer import StepReport, Trainer
from model.training.tsv_set import TsvSet

Show = Callable[[StepReport], None]


def train_main(
    config_path: Path,
    folder: Path,
    *,
    device: str = "auto",
    models_dir: Path | None = None,
    resume: bool = False,
    console: Console | None = None,
) -> Path:
    """Train as a yaml says, and return the folder of the model.

    Started by torchrun, every process trains on its share, and the first one writes.

    Args:
        config_path: See `TrainConfig`.
        folder: For everything the run writes; see `Run`.
        device: As torch names it; `auto` takes a GPU where there is one.
        models_dir: Where imported bodies lie.
        resume: Go on from the newest snapshot in `folder`, if there is one.
        console: Shows progress.

    Raises:
        UsageError: `bad_train_config`; `run_exists` where the folder holds a run and `resume`
            is not asked for; `diverged`.
        InputError: A set, body, checkpoint or snapshot cannot be used.
    """
    config, place = load_train_config(config_path), choose_place(device)
    snapshot = latest_snapshot(folder / "snapshots")
    if snapshot is not None and not resume:
        raise UsageError(
            "run_exists", f"{folder} holds a run; expected an empty folder, or --resume"
        )
    body = load_body(config.body, models_dir)
    with join_ranks(place) as share:
        trainer = build_trainer(config, body, place, models_dir, share)
        if snapshot is not None:
            trainer.restore(load_snapshot(snapshot))
        run = _start_run(config, folder, body, trainer, models_dir) if share.rank == 0 else None
        with _progress(console if run else None, trainer) as show:
            for report in trainer.run():
                if run is not None:
                    run.note(report)
                    show(report)
    return folder / "last" / config.name


def build_trainer(
    config: TrainConfig, body: Body, device: torch.device, models_dir: Path | None, share: Share
) -> Trainer:
    """Put network, data, loss and optimiser together."""
    clips, truth = open_clips(config.train, config, body, models_dir, augment=config.augment)
    network = build_network(config.network, body, config.loop.seed, config.start)
    autocast = torch.bfloat16 if config.loop.precision == "bfloat16" else None
    guess_only = config.stage == "guess"
    learner = Learner(network, body, truth, config.loss, autocast, guess_only=guess_only).to(device)
    return Trainer(learner, clips, config.loop, config.optimiser, share)


def open_clips(
    paths: tuple[Path, ...],
    config: TrainConfig,
    body: Body,
    models_dir: Path | None,
    augment: AugmentConfig | None = None,
) -> tuple[TsvClips | SeenSet | SynthClips, MeshTruth]:
    """Open what a run names, and what makes the true meshes of it.

    Args:
        paths: Of one set, or of several of evidence.
        config: Of the run.
        body: Whose vertices are labelled.
        models_dir: Where bodies lie.
        augment: For pictures of METRO's sets to train on; rendered people before photos that are
            held out where it is absent.

    Raises:
        UsageError: `bad_train_config`: several sets of METRO's kind at once.
        InputError: A set cannot be used.
    """
    if all(is_seen_set(path) for path in paths):
        return SeenSet(paths), find_truth("labelled", body, models_dir)
    if len(paths) > 1:
        raise UsageError(
            "bad_train_config",
            f"{paths[0]} is one of {len(paths)} sets; expected a single yaml (which may be "
            "composite), a folder of rendered people, or folders of evidence alone",
        )
    if is_baked_set(paths[0]):
        backdrops = Backdrops(config.backgrounds, evaluation=augment is None)
        clips = SynthClips(BakedSet(paths[0]), backdrops)
        return clips, find_truth("labelled", body, models_dir)
    rows = TsvSet(paths[0])
    windows = TsvClips(rows, crop=config.crop, augment=augment)
    return windows, find_truth(rows.files.mesh, body, models_dir)


def _start_run(
    config: TrainConfig, folder: Path, body: Body, trainer: Trainer, models_dir: Path | None
) -> Run:
    folder.mkdir(parents=True, exist_ok=True)
    validation = None
    if config.validate_on:
        validation = Validation(*open_clips(config.validate_on, config, body, models_dir))
    log = RunLog(folder / "log.jsonl", trainer.step)
    return Run(config, folder, body, trainer, validation, log)


@contextmanager
def _progress(console: Console | None, trainer: Trainer) -> Iterator[Show]:
    if console is None:
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("training", total=trainer.steps, completed=trainer.step)

        def show(report: StepReport) -> None:
            words = f"epoch {report.epoch}  loss {float(report.loss):.4g}"
            progress.update(task, completed=report.step, description=words)

        yield show
