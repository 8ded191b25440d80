import numpy as np
import pytest
import torch

from model.landmarks import HIPS
from model.tuning.batches import BATCH, batches, mirror
from model.tuning.shards import CROPS, MASK_EVERY, Shard

LEFT_HIP, RIGHT_HIP = HIPS


@pytest.fixture
def shard() -> Shard:
    rng = np.random.default_rng(0)
    masks = CROPS // MASK_EVERY
    return Shard(
        rng.integers(0, 256, (CROPS, 256, 256, 3), dtype=np.uint8),
        rng.random(CROPS) < 0.9,
        rng.uniform(0, 256, (CROPS, 35, 3)).astype(np.float32),
        rng.normal(0, 1, (CROPS, 33, 3)).astype(np.float32),
        rng.normal(0, 1, (CROPS, 39, 5)).astype(np.float32),
        np.arange(CROPS, dtype=np.float32) / CROPS,
        rng.normal(0, 1, (masks, 256, 256)).astype(np.float16),
    )


def test_everybody_comes_once_with_what_is_theirs(shard: Shard) -> None:
    taken = list(batches(shard, np.random.default_rng(0)))

    rows = torch.cat([batch.said_presence for batch in taken]).mul(CROPS).round().int()
    assert sorted(rows.tolist()) == list(range(CROPS))
    for number, batch in enumerate(taken):
        its = rows[number * BATCH : (number + 1) * BATCH].numpy()
        np.testing.assert_array_equal(batch.somebody, shard.somebody[its])
        np.testing.assert_allclose(
            batch.world_m.abs().sum((1, 2)), np.abs(shard.world_m[its]).sum((1, 2)), rtol=1e-5
        )
        with_mask = its[: len(batch.said_mask)]
        assert (with_mask % MASK_EVERY == 0).all()
        means = shard.said_mask[with_mask // MASK_EVERY].astype(np.float32).mean((1, 2))
        np.testing.assert_allclose(batch.said_mask.mean((1, 2)), means, atol=1e-5)


def test_colours_stay_colours(shard: Shard) -> None:
    once, again = (next(batches(shard, np.random.default_rng(0))).crops for _ in range(2))

    torch.testing.assert_close(once, again)
    assert 0 <= once.min() <= once.max() <= 1


def test_each_crop_and_each_channel_is_recoloured_as_a_whole(shard: Shard) -> None:
    grey = shard._replace(images=np.full_like(shard.images, 128))

    crops = next(batches(grey, np.random.default_rng(0))).crops

    assert crops.mean((2, 3)).std(dim=0).min() > 0.02
    assert crops.mean((2, 3)).std(dim=1).max() > 0.02
    torch.testing.assert_close(crops.amax((2, 3)), crops.amin((2, 3)))


def test_in_a_mirror_a_left_hip_is_a_right_one(shard: Shard) -> None:
    mirrored = np.zeros(CROPS, bool)
    mirrored[0] = True

    seen = mirror(shard, mirrored)

    np.testing.assert_array_equal(seen.images[0], shard.images[0, :, ::-1])
    np.testing.assert_array_equal(seen.said_mask[0], shard.said_mask[0, :, ::-1])
    was, is_now = shard.points_px[0, LEFT_HIP], seen.points_px[0, RIGHT_HIP]
    assert is_now == pytest.approx([256 - was[0], was[1], was[2]])
    was, is_now = shard.world_m[0, LEFT_HIP], seen.world_m[0, RIGHT_HIP]
    assert is_now == pytest.approx([-was[0], was[1], was[2]])
    np.testing.assert_array_equal(
        seen.said_points[0, RIGHT_HIP, 3:], shard.said_points[0, LEFT_HIP, 3:]
    )
    assert seen.points_px[0, 33:, 0] == pytest.approx(256 - shard.points_px[0, 33:, 0])
    for one, other in zip(seen, shard, strict=True):
        np.testing.assert_array_equal(one[1:], other[1:])


def test_who_is_mirrored_twice_is_as_before(shard: Shard) -> None:
    mirrored = np.random.default_rng(0).random(CROPS) < 0.5

    back = mirror(mirror(shard, mirrored), mirrored)

    for one, other in zip(back, shard, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
