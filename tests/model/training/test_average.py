import torch
from torch import nn

from model.training.average import MovingAverage


def test_follows_the_network_ever_more_slowly() -> None:
    network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, 0.0)
    average = MovingAverage(network, decay=0.5)
    nn.init.constant_(network.weight, 1.0)

    values = []
    for step in range(40):
        average.update(network, step)
        values.append(average.network.weight.item())

    assert values[0] == torch.tensor(0.9).item()  # a first step keeps a tenth
    assert values[-1] > 0.999
    assert values == sorted(values)


def test_takes_buffers_as_they_are() -> None:
    network = nn.BatchNorm1d(2)
    average = MovingAverage(network, decay=0.999)
    network.running_mean.fill_(3.0)

    average.update(network, step=1000)

    assert average.network.running_mean.tolist() == [3, 3]
