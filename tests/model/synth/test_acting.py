import numpy as np

from model.synth.acting import improvise
from model.synth.skeleton import JOINT


def test_knees_and_elbows_bend_only_their_way() -> None:
    for seed in range(30):
        angles, _ = improvise(np.random.default_rng(seed), 60, 30.0)

        knees = angles[:, [JOINT["left_knee"], JOINT["right_knee"]], 0]
        elbows = angles[:, [JOINT["left_elbow"], JOINT["right_elbow"]], 0]
        assert knees.min() > -0.1, seed
        assert elbows.max() < 0.1, seed


def test_people_do_different_things() -> None:
    first, second = (improvise(np.random.default_rng(seed), 30, 30.0)[0] for seed in (1, 2))

    assert np.abs(first - second).max() > 0.3


def test_nothing_jumps() -> None:
    for seed in range(30):
        angles, heading = improvise(np.random.default_rng(seed), 90, 30.0)

        assert np.abs(np.diff(angles, axis=0)).max() < 0.5, seed
        assert np.abs(np.diff(heading)).max() < 0.2, seed
