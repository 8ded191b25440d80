import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.training.procrustes import similarity_align


def align_one(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The naive twin: one set at a time, the rotation as in Umeyama's paper."""
    x, y = source - source.mean(0), target - target.mean(0)
    u, d, vt = np.linalg.svd(y.T @ x)
    s = np.diag([1, 1, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    scale = np.trace(np.diag(d) @ s) / (x**2).sum()
    return scale * (u @ s @ vt @ x.T).T + target.mean(0)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_equals_the_plain_version(seed: int, mirrored: bool) -> None:
    rng = np.random.default_rng(seed)
    source = rng.normal(size=(5, 14, 3))
    target = source * ([-1, 1, 1] if mirrored else [1, 1, 1]) + rng.normal(size=(5, 14, 3)) / 5

    aligned = similarity_align(source, target)

    twin = np.stack([align_one(a, b) for a, b in zip(source, target, strict=True)])
    np.testing.assert_allclose(aligned, twin, atol=1e-9)


def test_undoes_a_similarity() -> None:
    rng = np.random.default_rng(3)
    target = rng.normal(size=(4, 14, 3))
    rotation = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    source = 0.3 * target @ rotation + [1.0, -2.0, 5.0]

    np.testing.assert_allclose(similarity_align(source, target), target, atol=1e-12)


def test_never_mirrors() -> None:
    target = np.random.default_rng(4).normal(size=(3, 14, 3))

    aligned = similarity_align(target * [-1.0, 1, 1], target)

    assert np.linalg.norm(aligned - target, axis=-1).mean() > 0.1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_coinciding_points_go_to_the_centre(dtype: type) -> None:
    target = np.random.default_rng(5).normal(size=(1, 14, 3)).astype(dtype)

    aligned = similarity_align(np.ones((1, 14, 3), dtype), target)

    np.testing.assert_allclose(aligned, np.broadcast_to(target.mean(1), (1, 14, 3)), rtol=1e-5)
