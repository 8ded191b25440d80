from pathlib import Path

import numpy as np
import torch

from model.synth.garments import read_garments
from model.synth.outfit import GARMENT_PARTS
from model.synth.wardrobe import draw_colours, draw_person
from tests.model.synth.made import write_garments


def test_clothes_depend_on_the_seed_alone() -> None:
    once, again, other = (draw_person(np.random.default_rng(s)) for s in (1, 1, 2))

    np.testing.assert_array_equal(once.skinning.vertices_m, again.skinning.vertices_m)
    np.testing.assert_array_equal(once.pattern.bounds_m, again.pattern.bounds_m)
    assert not np.array_equal(once.pattern.bounds_m, other.pattern.bounds_m)


def test_most_people_wear_garments_where_there_are_some(tmp_path: Path) -> None:
    write_garments(tmp_path / "g.npz")
    garments = read_garments(tmp_path / "g.npz")

    people = [draw_person(np.random.default_rng(seed), garments) for seed in range(8)]

    assert 4 <= sum(GARMENT_PARTS["suit"] in person.parts for person in people) <= 8


def test_colours_are_linear_and_differ() -> None:
    drawn = [draw_colours(np.random.default_rng(seed)) for seed in range(20)]

    materials = torch.stack([rgb for rgb, _ in drawn])
    assert ((materials >= 0) & (materials <= 1)).all()
    assert materials.std(dim=0).min() > 0.02
