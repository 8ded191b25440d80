"""The loop: steps of a learner over batches, resumable after any of them.

Learning rate, order of samples, augmentation and dropout are functions of seed and step; a
snapshot therefore holds no generator and no schedule, and resuming gives the same weights.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from model.errors import InputError, UsageError
from model.training.average import MovingAverage
from model.training.batch import ClipBatch, ClipSource
from model.training.feed import Share, StepKeys, feed_batches, steps_per_epoch
from model.training.learner import Learner
from model.training.optimise import OptimiserConfig, build_optimiser, learning_rate

_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.SyncBatchNorm)


class LoopConfig(BaseModel):
    """How long and in which portions to train.

    Attributes:
        epochs: In all.
        batch: Samples of each process in a step; a sample of a TSV set is a window of 8 frames.
        workers: Processes that make samples, for each process that trains.
        seed: Of everything random.
        precision: Of the network's arithmetic; weights and loss are float32.
        clip_norm: Longest gradient.
        average_decay: Of the moving average, which is what is evaluated and handed out.
        freeze_batch_norm: Leave the batch norms' statistics as they are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: PositiveInt = 60
    batch: PositiveInt = 16
    workers: NonNegativeInt = 4
    seed: NonNegativeInt = 88
    precision: Literal["float32", "bfloat16"] = "float32"
    clip_norm: PositiveFloat = 0.3
    average_decay: float = Field(default=0.999, ge=0, lt=1)
    freeze_batch_norm: bool = False


@dataclass(frozen=True)
class StepReport:
    """One step that was made.

    Attributes:
        step: Steps done, this one included.
        epoch: From 0.
        ends_epoch: Whether it was the epoch's last.
        lr: Learning rate.
        gradient: Length of the gradient before it was clipped.
        loss: The weighted sum.
        terms: Its terms, not weighted.
        seconds: Since the step before.
    """

    step: int
    epoch: int
    ends_epoch: bool
    lr: float
    gradient: float
    loss: Tensor
    terms: Mapping[str, Tensor]
    seconds: float


class Trainer:
    """Network, optimiser and moving average of a run.

    Args:
        learner: On its device.
        source: What to train on.
        loop: How long.
        optimiser: How.
        share: This process among those of the run.
    """

    def __init__(
        self,
        learner: Learner,
        source: ClipSource,
        loop: LoopConfig,
        optimiser: OptimiserConfig,
        share: Share | None = None,
    ) -> None:
        self.network = learner.network
        self.average = MovingAverage(learner.network, loop.average_decay)
        self.step = 0
        self._source, self._loop, self._config = source, loop, optimiser
        self._share = share or Share()
        self._device = next(learner.parameters()).device
        self._optimiser = build_optimiser(learner.network, optimiser)
        self._learner = self._distribute(learner)
        self.steps_per_epoch = steps_per_epoch(len(source), loop.batch, self._share.world)
        self.steps = loop.epochs * self.steps_per_epoch

    def run(self) -> Iterator[StepReport]:
        """Make the steps that are left, reporting each once it is made.

        Raises:
            UsageError: `diverged`: a gradient is not finite.
        """
        loop = self._loop
        keys = StepKeys(
            len(self._source), loop.batch, loop.seed, self.step, self.steps, self._share
        )
        pin = self._device.type == "cuda"
        before = time.perf_counter()
        for batch in feed_batches(
            self._source, keys, seed=loop.seed, workers=loop.workers, pin=pin
        ):
            lr, gradient, loss, terms = self._make_step(batch.to(self._device))
            self.step += 1
            now = time.perf_counter()
            epoch, offset = divmod(self.step - 1, self.steps_per_epoch)
            ends = offset == self.steps_per_epoch - 1
            yield StepReport(self.step, epoch, ends, lr, gradient, loss, terms, now - before)
            before = now

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {
            "step": self.step,
            "network": self.network.state_dict(),
            "average": self.average.network.state_dict(),
            "optimiser": self._optimiser.state_dict(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where a snapshot was taken.

        Raises:
            InputError: `bad_snapshot`: it is of another network or optimiser.
        """
        try:
            self.network.load_state_dict(state["network"])
            self.average.network.load_state_dict(state["average"])
            self._optimiser.load_state_dict(state["optimiser"])
            self.step = int(state["step"])
        except (KeyError, RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise InputError(
                "bad_snapshot",
                f"the snapshot belongs to another configuration ({reason}); start a new folder",
            ) from error

    def _make_step(self, batch: ClipBatch) -> tuple[float, float, Tensor, Mapping[str, Tensor]]:
        self._prepare_modules()
        self._seed_step()
        lr = learning_rate(self._config, self.step, self.steps, self.steps_per_epoch)
        for group in self._optimiser.param_groups:
            group["lr"] = lr * group["factor"]
        self._optimiser.zero_grad(set_to_none=True)
        loss, terms = self._learner(batch)
        loss.backward()
        gradient = self._clip_gradient()
        self._optimiser.step()
        self.average.update(self.network, self.step)
        return lr, gradient, loss.detach(), {k: v.detach() for k, v in terms.items()}

    def _seed_step(self) -> None:
        entropy = np.random.SeedSequence([self._loop.seed, self.step, self._share.rank])
        torch.manual_seed(int(entropy.generate_state(1)[0]))

    def _clip_gradient(self) -> float:
        norm = float(nn.utils.clip_grad_norm_(self.network.parameters(), self._loop.clip_norm))
        if not math.isfinite(norm):
            raise UsageError(
                "diverged",
                f"the gradient is {norm} at step {self.step + 1}; expected a finite one, "
                "lower optimiser.lr",
            )
        return norm

    def _prepare_modules(self) -> None:
        """Training mode; who evaluated in between may have left another."""
        self._learner.train()
        if self._loop.freeze_batch_norm:
            for module in self.network.modules():
                if isinstance(module, _BATCH_NORMS):
                    module.eval()

    def _distribute(self, learner: Learner) -> nn.Module:
        if self._share.world == 1:
            return learner
        if self._device.type == "cuda":
            convert: Callable[[nn.Module], nn.Module] = nn.SyncBatchNorm.convert_sync_batchnorm
            return DistributedDataParallel(convert(learner), device_ids=[self._device])
        return DistributedDataParallel(learner)
