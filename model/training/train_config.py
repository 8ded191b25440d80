"""A training run as its yaml file describes it."""

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    ValidationError,
    field_validator,
)

from model.config import NetworkConfig
from model.errors import UsageError
from model.training.augment import AugmentConfig
from model.training.dataset import CropKind
from model.training.loss_config import PUBLISHED_LOSSES, LossConfig
from model.training.optimise import PUBLISHED_OPTIMISERS, OptimiserConfig
from model.training.trainer import LoopConfig


class TrainConfig(BaseModel):
    """The contents of the yaml. Paths are relative to it.

    Attributes:
        name: Of the model that comes of it.
        licence: Of its weights, in words: what the data and the body allow.
        train: Yaml of the set to train on; or a folder of rendered people (`remocap synth`), or
            folders of evidence (`remocap look`).
        validate_on: Likewise, to evaluate on after every epoch.
        body: Whose vertices the labels are.
        network: What to build.
        start: Weights to start from: a published checkpoint, or our `weights.safetensors`.
        stage: `guess` trains the backbone and its first guess, in a fraction of the time; `whole`
            everything.
        backgrounds: Folder of photos to put behind rendered people; made-up pictures without it.
        crop: How pictures are cut.
        augment: How strongly to augment.
        loss: Weights, or `published_3dpw`, `published_h36m`.
        optimiser: Likewise.
        loop: How long, and in which portions.
        report_every: Steps between rows of the log.
        snapshot_every: Steps between snapshots.
        keep: Snapshots to keep.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")
    licence: str
    train: tuple[Path, ...]
    validate_on: tuple[Path, ...] = ()
    body: str = "anny"
    network: NetworkConfig = NetworkConfig()
    start: Path | None = None
    stage: Literal["guess", "whole"] = "whole"
    backgrounds: Path | None = None
    crop: CropKind = "antialiased"
    augment: AugmentConfig = AugmentConfig()
    loss: LossConfig = LossConfig()
    optimiser: OptimiserConfig = OptimiserConfig()
    loop: LoopConfig = LoopConfig()
    report_every: PositiveInt = 10
    snapshot_every: PositiveInt = 500
    keep: PositiveInt = 3

    @field_validator("train", "validate_on", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return [value] if isinstance(value, str | Path) else value

    @field_validator("loss", mode="before")
    @classmethod
    def _loss_preset(cls, value: object) -> object:
        return PUBLISHED_LOSSES.get(value, value) if isinstance(value, str) else value

    @field_validator("optimiser", mode="before")
    @classmethod
    def _optimiser_preset(cls, value: object) -> object:
        return PUBLISHED_OPTIMISERS.get(value, value) if isinstance(value, str) else value


def load_train_config(path: Path) -> TrainConfig:
    """Read a run's yaml.

    Raises:
        UsageError: `bad_train_config`, naming the key.
    """
    try:
        content: Any = yaml.safe_load(path.read_text())
        config = TrainConfig.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        raise UsageError("bad_train_config", f"{path}: {key}: {first['msg']}") from error
    except (OSError, UnicodeDecodeError, RecursionError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise UsageError("bad_train_config", f"{path} cannot be read: {reason}") from error
    beside: dict[str, Any] = {
        name: tuple(path.parent / file for file in getattr(config, name))
        for name in ("train", "validate_on")
    }
    for name in ("start", "backgrounds"):
        if (file := getattr(config, name)) is not None:
            beside[name] = path.parent / file
    return config.model_copy(update=beside)
