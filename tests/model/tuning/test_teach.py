from pathlib import Path

import numpy as np
import pytest
import torch

from model.errors import InputError
from model.synth.backdrop import Backdrops
from model.track import SURE_PRESENCE
from model.tuning.batches import Batch
from model.tuning.layers import Answer, TaughtLayers, as_crops
from model.tuning.objective import loss
from model.tuning.shards import (
    CROPS,
    EMPTY_EVERY,
    Published,
    Shard,
    make_shard,
    read_shard,
    write_shard,
)
from model.tuning.teach import SURE, judge, stay_sure, teach
from tests.model.tuning.pictured import plain_people


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Shard:
    clips = plain_people(tmp_path_factory.mktemp("set"), clips=2)
    return make_shard(clips, Backdrops(), Published(), np.random.default_rng(0))


@pytest.mark.slow
def test_a_minute_of_it_lessens_the_error(shard: Shard, tmp_path: Path) -> None:
    write_shard(shard, tmp_path / "0.npz")
    shares: list[float] = []

    taught = teach(
        TaughtLayers(), tmp_path, minutes=1.0, report=lambda _, share, __: shares.append(share)
    )

    before, after = judge(TaughtLayers(), [shard]), judge(taught, [shard])
    assert after.place_px < before.place_px
    assert after.pa_mpjpe_mm < before.pa_mpjpe_mm
    assert shares == sorted(shares)


@torch.no_grad()
def test_who_blazepose_was_sure_of_is_not_lost(shard: Shard) -> None:
    layers = TaughtLayers()
    layers.raise_presence(-6.0)
    crops = as_crops(shard.images[(shard.said_presence > SURE) & shard.somebody])
    assert (layers(crops).presence > SURE_PRESENCE).float().mean() < 0.9

    raised = stay_sure(layers, [shard])

    assert raised > 0
    assert (layers(crops).presence > SURE_PRESENCE).float().mean() > 0.95


def test_one_crop_in_sixteen_shows_nobody(shard: Shard) -> None:
    assert (~shard.somebody).sum() == CROPS // EMPTY_EVERY
    assert np.median(shard.said_presence[~shard.somebody]) < 0.1
    assert np.median(shard.said_presence[shard.somebody]) > 0.9


def test_a_shard_comes_back_as_it_was(shard: Shard, tmp_path: Path) -> None:
    write_shard(shard, tmp_path / "0.npz")

    for one, other in zip(shard, read_shard(tmp_path / "0.npz"), strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(shard.images) == CROPS


def test_without_shards_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no shard") as caught:
        teach(TaughtLayers(), tmp_path, minutes=0.1)

    assert caught.value.code == "no_shards"


def test_a_shard_that_lacks_something_is_named(shard: Shard, tmp_path: Path) -> None:
    np.savez(tmp_path / "0.npz", **{name: getattr(shard, name) for name in Shard._fields[1:]})

    with pytest.raises(InputError, match="images"):
        read_shard(tmp_path / "0.npz")


@pytest.mark.parametrize("minutes", [0.0, -1.0])
def test_no_time_is_refused(tmp_path: Path, minutes: float) -> None:
    with pytest.raises(ValueError, match="expected more than 0"):
        teach(TaughtLayers(), tmp_path, minutes=minutes)


def test_a_damaged_shard_is_named(tmp_path: Path) -> None:
    (tmp_path / "0.npz").write_bytes(b"nothing")

    with pytest.raises(InputError, match=r"0\.npz") as caught:
        read_shard(tmp_path / "0.npz")

    assert caught.value.code == "bad_shard"


def drawn() -> tuple[Answer, Batch]:
    """What is right of two crops, and a batch that asks for it."""
    points, world_m = torch.randn(2, 39, 5), torch.randn(2, 39, 3)
    presence, mask = torch.tensor([0.0, 1.0]), torch.randn(1, 256, 256)
    answer = Answer(points, world_m, presence, mask)
    crops, somebody = torch.zeros(2, 3, 256, 256), torch.tensor([True, True])
    asked = points[:, :35, :3].clone(), world_m[:, :33].clone(), points.clone()
    return answer, Batch(crops, somebody, *asked, presence.clone(), mask.clone())


def test_nothing_is_wrong_with_the_truth_said_as_blazepose_says_it() -> None:
    assert loss(*drawn()).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("field", ["points", "world_m", "presence", "mask"])
def test_every_answer_counts(field: str) -> None:
    answer, batch = drawn()

    getattr(answer, field)[0] -= 0.5 * torch.sign(getattr(answer, field)[0] - 0.5)

    assert loss(answer, batch) > 0.001


def test_where_nobody_is_places_do_not_count() -> None:
    answer, batch = drawn()
    batch = batch._replace(somebody=torch.tensor([False, True]))

    answer.points[0, :, :3] += 10
    answer.world_m[0] += 10

    assert loss(answer, batch).item() == pytest.approx(0, abs=1e-6)
