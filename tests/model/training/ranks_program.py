"""Trains the stand-in as one of several processes; the first writes the weights to argv[1]."""

import sys

import torch
from torch import nn

from model.training.optimise import OptimiserConfig
from model.training.ranks import choose_place, join_ranks
from model.training.trainer import LoopConfig, Trainer
from tests.model.training.stand_in import NoiseClips, make_learner

SAMPLES = 4


def train(batch: int, target: str) -> None:
    """One epoch without dropout, batch norms frozen: what remains is the same in any split."""
    torch.set_num_threads(1)
    learner = make_learner()
    for module in learner.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    loop = LoopConfig(epochs=1, batch=batch, workers=0, freeze_batch_norm=True)
    optimiser = OptimiserConfig(name="sgd", lr=1e-2, warmup_steps=0)
    with join_ranks(choose_place("cpu")) as share:
        trainer = Trainer(learner, NoiseClips(SAMPLES), loop, optimiser, share)
        list(trainer.run())
        if share.rank == 0:
            torch.save(trainer.network.state_dict(), target)


if __name__ == "__main__":
    train(batch=1, target=sys.argv[1])
