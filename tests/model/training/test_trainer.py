from typing import Any

import pytest
import torch
from torch import nn

from model.errors import InputError, UsageError
from model.training.optimise import OptimiserConfig
from model.training.snapshot import load_snapshot, save_snapshot
from model.training.trainer import LoopConfig, Trainer
from tests.model.training.stand_in import NoiseClips, make_learner

LOOP = LoopConfig(epochs=2, batch=1, workers=0)  # 3 steps an epoch, 6 in all
FAST = OptimiserConfig(lr=1e-2, warmup_steps=2)


def make_trainer(loop: LoopConfig = LOOP, optimiser: OptimiserConfig = FAST) -> Trainer:
    return Trainer(make_learner(), NoiseClips(3), loop, optimiser)


def weights_of(trainer: Trainer) -> dict[str, Any]:
    average = trainer.average.network.state_dict()
    return {**trainer.network.state_dict(), **{f"average.{k}": v for k, v in average.items()}}


@pytest.mark.parametrize("stop", [1, 3, 4])
def test_stopping_and_resuming_gives_the_same_weights(tmp_path: Any, stop: int) -> None:
    whole, first = make_trainer(), make_trainer()
    list(whole.run())
    next(report for report in first.run() if report.step == stop)
    path = save_snapshot(tmp_path, first.step, first.state(), keep=1)
    torch.rand(7)  # what happens in between does not matter

    second = make_trainer()
    second.restore(load_snapshot(path))
    list(second.run())

    torch.testing.assert_close(weights_of(second), weights_of(whole), rtol=0, atol=0)


def test_workers_do_not_change_what_is_learned() -> None:
    here, elsewhere = make_trainer(), make_trainer(LOOP.model_copy(update={"workers": 2}))

    list(here.run())
    list(elsewhere.run())

    torch.testing.assert_close(weights_of(elsewhere), weights_of(here), rtol=0, atol=0)


def test_the_loss_falls() -> None:
    loop = LoopConfig(epochs=8, batch=1, workers=0, clip_norm=100)
    reports = list(make_trainer(loop, OptimiserConfig(lr=0.02, warmup_steps=0)).run())

    losses = [float(report.loss) for report in reports]
    assert sum(losses[-3:]) < 0.6 * sum(losses[:3]), losses


def test_reports_count_steps_and_epochs() -> None:
    reports = list(make_trainer().run())

    assert [r.step for r in reports] == list(range(1, 7))
    assert [r.epoch for r in reports if r.ends_epoch] == [0, 1]


def test_published_sgd_moves_by_the_clipped_gradient_alone() -> None:
    loop = LoopConfig(epochs=1, batch=3, workers=0, clip_norm=0.3)
    trainer = make_trainer(loop, OptimiserConfig(name="sgd", lr=1e-2, warmup_steps=0))
    before = nn.utils.parameters_to_vector(trainer.network.parameters()).detach().clone()

    list(trainer.run())

    after = nn.utils.parameters_to_vector(trainer.network.parameters()).detach()
    assert float((after - before).norm()) == pytest.approx(0.3 * 1e-2, rel=1e-3)


@pytest.mark.parametrize("frozen", [True, False])
def test_batch_norms_can_be_frozen(frozen: bool) -> None:
    trainer = make_trainer(LOOP.model_copy(update={"freeze_batch_norm": frozen}))
    before = trainer.network.state_dict()["stem.2.running_mean"].clone()

    list(trainer.run())

    after = trainer.network.state_dict()["stem.2.running_mean"]
    assert torch.equal(after, before) == frozen


def test_a_gradient_that_is_not_finite_stops_the_run() -> None:
    trainer = make_trainer()
    nn.init.constant_(trainer.network.head.bias, float("nan"))

    with pytest.raises(UsageError, match="at step 1") as caught:
        list(trainer.run())

    assert caught.value.code == "diverged"


def test_a_snapshot_of_another_network_is_refused() -> None:
    state = make_trainer().state()
    del state["network"]["head.bias"]

    with pytest.raises(InputError, match="another configuration") as caught:
        make_trainer().restore(state)

    assert caught.value.code == "bad_snapshot"
