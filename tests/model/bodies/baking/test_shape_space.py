"""Principal shapes."""

import numpy as np

from model.bodies.baking.shape_space import fit_shape_space


def test_bodies_of_few_directions_are_spanned_by_as_many() -> None:
    rng = np.random.default_rng(0)
    true_m = rng.normal(size=(30, 3, 4))
    scores = rng.normal(size=(200, 4)) * [4, 3, 2, 1]
    bodies_m = (rng.normal(size=(30, 3)) + np.einsum("vck,nk->nvc", true_m, scores)).astype("f4")

    mean_m, directions_m = fit_shape_space(bodies_m, 4)

    centred = (bodies_m - mean_m).reshape(200, -1)
    betas = centred @ np.linalg.pinv(directions_m.reshape(-1, 4)).T
    np.testing.assert_allclose(betas @ directions_m.reshape(-1, 4).T, centred, atol=1e-3)
    np.testing.assert_allclose(betas.std(axis=0, ddof=1), 1, atol=1e-3)


def test_every_direction_raises_the_top() -> None:
    bodies_m = np.random.default_rng(1).normal(size=(50, 20, 3)).astype(np.float32)

    mean_m, directions_m = fit_shape_space(bodies_m, 10)

    assert (directions_m[mean_m[:, 1].argmax(), 1] >= 0).all()
