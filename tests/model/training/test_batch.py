import numpy as np
import torch

from model.training.batch import ClipSource, Sample, join_samples
from tests.model.training.stand_in import NoiseClips


def test_samples_lie_one_after_the_other() -> None:
    source, rng = NoiseClips(), np.random.default_rng(0)
    samples = [source.sample(i, rng) for i in range(2)]

    batch = join_samples(samples)

    assert batch._fields == Sample._fields
    assert len(batch.pixels) == 16
    np.testing.assert_array_equal(batch.mesh_m[8:], samples[1].mesh_m)


def test_a_batch_moves_whole() -> None:
    batch = join_samples([NoiseClips().sample(0, np.random.default_rng(0))])

    assert {field.device.type for field in batch.to(torch.device("meta"))} == {"meta"}
    assert isinstance(NoiseClips(), ClipSource)
