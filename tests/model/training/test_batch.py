import numpy as np
import torch

from model.evidence_backbone import EvidenceTensors
from model.training.batch import ClipSource, Sample, join_samples
from model.types import Evidence
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

    moved = [field for field in batch.to(torch.device("meta")) if field is not None]
    assert {field.device.type for field in moved} == {"meta"}
    assert isinstance(NoiseClips(), ClipSource)


def test_evidence_stands_in_for_pixels() -> None:
    landmarks, mask = np.ones((8, 33, 7), np.float32), np.full((8, 64, 64), 51, np.uint8)
    sample = NoiseClips().sample(0, np.random.default_rng(0))
    sample = sample._replace(pixels=None, landmarks=landmarks, mask=mask)

    batch = join_samples([sample, sample])

    assert isinstance(sample.inputs, Evidence)
    assert isinstance(batch.inputs, EvidenceTensors)
    assert batch.pixels is None
    assert batch.inputs.landmarks.shape == (16, 33, 7)
    torch.testing.assert_close(batch.inputs.mask, torch.full((16, 64, 64), 0.2))
