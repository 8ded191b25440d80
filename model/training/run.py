"""A run on its way: what is logged, measured and saved after its steps."""

from dataclasses import dataclass
from pathlib import Path

import torch

from model.atomic import replacing
from model.bodies import Body
from model.config import ModelCard
from model.inference import Predictor
from model.network import RemoCap
from model.registry import load_card
from model.training.batch import LabelledClips
from model.training.curves import draw_curves
from model.training.evaluate import evaluate
from model.training.mesh_truth import MeshTruth
from model.training.report import Report
from model.training.run_log import RunLog
from model.training.snapshot import save_snapshot
from model.training.train_config import TrainConfig
from model.training.trainer import StepReport, Trainer
from model.upsample import Upsampling
from model.weights import save_weights

CURVES = ("loss", "joints3d", "joints2d", "coarse", "fine", "coarse_velocity", "gradient", "lr")
FIGURES = ("mpvpe_mm", "mpjpe_mm", "pa_mpjpe_mm", "acceleration_mm_per_frame2")
BEST_BY = ("pa_mpjpe_mm", "mpjpe_mm", "mpvpe_mm")
"""The best model has the least of the first of these that the set has the truth for."""


@dataclass(frozen=True, eq=False)
class Validation:
    """What a run is measured on."""

    clips: LabelledClips
    truth: MeshTruth


@dataclass(frozen=True, eq=False)
class Run:
    """Everything that one process of a run writes.

    The folder holds `log.jsonl`, `curves.png`, `snapshots/`, and the models `last/<name>` and
    `best/<name>`, which are the moving average.
    """

    config: TrainConfig
    folder: Path
    body: Body
    trainer: Trainer
    validation: Validation | None
    log: RunLog

    def note(self, report: StepReport) -> None:
        """Do what is due after a step."""
        last = report.step == self.trainer.steps
        if report.step % self.config.report_every == 0 or last:
            self._log(report)
        if report.ends_epoch:
            self._finish_epoch(report.step)
        if report.step % self.config.snapshot_every == 0 or last:
            state = self.trainer.state()
            save_snapshot(self.folder / "snapshots", report.step, state, self.config.keep)

    def _log(self, report: StepReport) -> None:
        values = {name: float(value) for name, value in report.terms.items()}
        values |= {"epoch": report.epoch, "seconds": report.seconds, "lr": report.lr}
        values |= {"loss": float(report.loss), "gradient": report.gradient}
        self.log.write(report.step, values)

    def _finish_epoch(self, step: int) -> None:
        network, figures = self.trainer.average.network, {}
        assert isinstance(network, RemoCap)
        if self.validation is not None:
            figures = measure(network, self.body, self.validation).figures()
            self.log.write(step, figures)
        write_model(self.folder / "last" / self.config.name, network, self.config, figures)
        if is_best(self.folder / "best" / self.config.name, figures):
            write_model(self.folder / "best" / self.config.name, network, self.config, figures)
        draw_curves(self.folder / "log.jsonl", self.folder / "curves.png", CURVES + FIGURES)


def measure(network: RemoCap, body: Body, validation: Validation) -> Report:
    """Evaluate a network where it is, every frame counting once."""
    device = next(network.parameters()).device
    layer = network.coarse2intermediate_upsample
    weight, bias = (x.detach().cpu().numpy() for x in (layer.weight, layer.bias))
    return evaluate(
        Predictor(network, device, torch.float32).predict,
        validation.clips,
        body,
        Upsampling.from_layers(weight, bias, body),
        validation.truth,
    )


def is_best(folder: Path, figures: dict[str, float]) -> bool:
    """Whether these figures are better than those of the model that lies in `folder`."""
    name = next((name for name in BEST_BY if name in figures), None)
    if name is None:
        return False
    if not (folder / "model.json").is_file():
        return True
    return figures[name] < load_card(folder).figures.get(name, float("inf"))


def write_model(
    folder: Path, network: RemoCap, config: TrainConfig, figures: dict[str, float]
) -> None:
    """Write a model folder; between weights and card a kill leaves a card that refuses them."""
    folder.mkdir(parents=True, exist_ok=True)
    digest = save_weights(network, folder / "weights.safetensors")
    card = ModelCard(
        name=config.name,
        body=config.body,
        network=config.network,
        licence=config.licence,
        trained=True,
        weights_sha256=digest,
        description=f"trained on {', '.join(path.name for path in config.train)}",
        figures=figures,
    )
    with replacing(folder / "model.json") as temporary:
        temporary.write_text(card.model_dump_json(indent=2) + "\n")
