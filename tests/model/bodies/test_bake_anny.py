"""The committed body is as exact as it says; skipped without the `bake` extra."""

from pathlib import Path

import numpy as np
import pytest

from model.bodies import load_body
from model.bodies.skinning import load_anny
from model.types import Array

pytest.importorskip("anny")
pytest.importorskip("fast_simplification")

from model.bodies.bake_anny import fit_errors_mm
from model.bodies.baking import body_fit


def test_the_body_follows_people_it_was_not_fitted_on() -> None:
    full = load_anny()
    people = body_fit.draw_people(
        full.skinning.select(full.full_to_fine), 20, np.random.default_rng(1)
    )

    errors_mm = fit_errors_mm(load_body("anny"), people)

    assert errors_mm["coarse to intermediate"] < 1.4
    assert errors_mm["coarse to fine"] < 1.9
    assert errors_mm["joints"] < 2.6


@pytest.mark.shared
def test_the_body_follows_recorded_motion(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = load_anny()
    with np.load(shared / "assets" / "motion" / "cmu_subset_24j_30fps.npz") as motion:
        recorded = motion["rotvec"].astype(np.float32)

    def draw_recorded(count: int, rng: np.random.Generator) -> Array:
        return recorded[rng.integers(len(recorded), size=count)]

    monkeypatch.setattr(body_fit, "draw_poses", draw_recorded)
    people = body_fit.draw_people(
        full.skinning.select(full.full_to_fine), 60, np.random.default_rng(1)
    )

    errors_mm = fit_errors_mm(load_body("anny"), people)

    assert errors_mm["coarse to fine"] < 1.9
    assert errors_mm["joints"] < 2.6
