"""Weighted sums that hold in every pose, on points whose weights are known."""

import numpy as np
import pytest

from model.bodies.baking.affine_fit import (
    fit_affine,
    fit_sparse,
    fit_triples,
    nearest_in_all_poses,
)
from model.types import Array


@pytest.fixture
def sources_m() -> Array:
    """Forty points that move independently about their own places."""
    rng = np.random.default_rng(0)
    places_m = rng.uniform(-1, 1, (40, 3))
    return (places_m + 0.1 * rng.normal(size=(50, 40, 3))).astype(np.float32)


def weighted(sources_m: Array, indices: list[int], weights: list[float]) -> Array:
    return np.einsum("k,nkc->nc", np.float32(weights), sources_m[:, indices])[:, None]


def test_nearest_are_those_of_all_poses_together(sources_m: Array) -> None:
    targets_m = sources_m[:, 3:6] + np.float32(0.01)

    nearest = nearest_in_all_poses(sources_m, targets_m, 5)

    square = ((sources_m[:, None] - targets_m[:, :, None]) ** 2).sum(axis=(0, 3))
    np.testing.assert_array_equal(nearest, square.argsort(axis=1)[:, :5])


def test_affine_weights_are_recovered(sources_m: Array) -> None:
    nearest = nearest_in_all_poses(sources_m, sources_m[:, :1], 4)[0].tolist()
    target_m = weighted(sources_m, nearest, [0.7, 0.2, 0.3, -0.2])

    indices, weights = fit_affine(sources_m, target_m, 8)

    rebuilt_m = np.einsum("k,nkc->nc", weights[0], sources_m[:, indices[0]])
    np.testing.assert_allclose(rebuilt_m, target_m[:, 0], atol=0.01)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)


def test_the_three_that_a_point_is_made_of_are_found(sources_m: Array) -> None:
    triple = sorted(nearest_in_all_poses(sources_m, sources_m[:, :1], 6)[0, [0, 2, 4]].tolist())
    target_m = weighted(sources_m, triple, [0.5, 0.3, 0.2])

    indices, weights = fit_triples(sources_m, target_m, 10)

    np.testing.assert_array_equal(indices[0], triple)
    np.testing.assert_allclose(weights[0], [0.5, 0.3, 0.2], atol=0.01)


def test_triples_of_many_targets_are_those_of_each(sources_m: Array) -> None:
    rng = np.random.default_rng(1)
    mixing = rng.dirichlet(np.ones(40), 300).astype(np.float32)
    targets_m = np.einsum("ts,nsc->ntc", mixing, sources_m)

    indices, weights = fit_triples(sources_m, targets_m, 5)

    for target in (0, 255, 256, 299):
        alone = fit_triples(sources_m, targets_m[:, target : target + 1], 5)
        np.testing.assert_array_equal(indices[target], alone[0][0])
        np.testing.assert_allclose(weights[target], alone[1][0], atol=1e-5)


def test_a_sparse_fit_adds_what_helps_most(sources_m: Array) -> None:
    rng = np.random.default_rng(2)
    target_m = np.einsum("s,nsc->nc", rng.dirichlet(np.ones(40)).astype(np.float32), sources_m)

    def error_m(weights: Array) -> float:
        return float(np.linalg.norm(np.einsum("s,nsc->nc", weights, sources_m) - target_m))

    few, more = (fit_sparse(sources_m, target_m, 40, count) for count in (4, 5))

    assert (np.count_nonzero(few), np.count_nonzero(more)) == (4, 5)
    assert few.sum() == pytest.approx(1, abs=1e-6)
    assert error_m(more) < error_m(few)
    (added,) = np.setdiff1d(np.flatnonzero(more), np.flatnonzero(few))
    for other in np.flatnonzero(more == 0):
        assert error_m(more) <= error_m(best_of(sources_m, target_m, few, other)) + 1e-3, added


def best_of(sources_m: Array, target_m: Array, few: Array, addition: int) -> Array:
    """Least squares of the few and one addition, by elimination of the sum-to-one condition."""
    chosen = [*np.flatnonzero(few), addition]
    base_m = sources_m[:, chosen[0]]
    design = (
        (sources_m[:, chosen[1:]] - base_m[:, None]).swapaxes(1, 2).reshape(-1, len(chosen) - 1)
    )
    solution = np.linalg.lstsq(design, (target_m - base_m).ravel(), rcond=None)[0]
    weights = np.zeros_like(few)
    weights[chosen] = np.concatenate([[1 - solution.sum()], solution])
    return weights
