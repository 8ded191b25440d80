import numpy as np
import pytest

from model.bodies import load_body, regress_joints
from model.bodies.refit import load_fit
from model.bodies.skinning import Skinning, load_anny
from model.types import WINDOW, Array, Estimate
from model.upsample import Upsampling

AXES = np.array([1, -1, -1], np.float32)
LEFT_SHOULDER, LEFT_ELBOW, RIGHT_KNEE = 16, 18, 5


def coarse_skinning() -> Skinning:
    anny, body = load_anny(), load_body("anny")
    return anny.skinning.select(
        anny.full_to_fine[body.fine_to_intermediate[body.intermediate_to_coarse]]
    )


def moving_body(seed: int = 0) -> Array:
    """A window of somebody of no mean shape, in the camera frame."""
    rng = np.random.default_rng(seed)
    rotvec = 0.1 * rng.standard_normal((1, 24, 3), np.float32).repeat(WINDOW, axis=0)
    rotvec[:, LEFT_SHOULDER, 2] = np.linspace(-0.5, 1.2, WINDOW)
    rotvec[:, RIGHT_KNEE, 0] = 0.9
    betas = rng.standard_normal((1, 10), np.float32).repeat(WINDOW, axis=0)
    return coarse_skinning().pose(betas, rotvec)[0] * AXES


def mean_mm(one: Array, other: Array) -> float:
    return 1000 * float(np.linalg.norm(one - other, axis=2).mean())


def test_a_whole_body_stays_about_what_it_is() -> None:
    given_m = moving_body()

    assert mean_mm(load_fit().fit(given_m), given_m) < 50  # shapes are drawn to the mean


def test_a_torn_arm_is_whole_again() -> None:
    given_m = moving_body()
    arm = np.flatnonzero(coarse_skinning().weights[:, LEFT_ELBOW] > 0.5)
    noise_m = 0.08 * np.random.default_rng(1).standard_normal((1, len(arm), 3), np.float32)
    torn_m = given_m.copy()
    torn_m[:, arm] += noise_m - noise_m.mean(axis=1, keepdims=True)

    mended_m = load_fit().fit(torn_m)

    assert (
        mean_mm(mended_m[:, arm], given_m[:, arm]) < mean_mm(torn_m[:, arm], given_m[:, arm]) / 1.8
    )


def test_it_is_drawn_where_it_was() -> None:
    given_m = moving_body() + np.array([0.2, 0.1, 3], np.float32)
    camera = np.tile(np.array([0.9, 0.1, -0.2], np.float32), (WINDOW, 1))
    given = Estimate(camera, np.zeros((WINDOW, 14, 3), np.float32), given_m)

    fitted = load_fit()(given)

    assert np.abs(drawn(fitted) - drawn(given)).max() < 0.02  # of half the crop


def drawn(estimate: Estimate) -> Array:
    """Joints over the crop, drawn about the pelvis as results are."""
    body = load_body("anny")
    assert body.coarse_to_intermediate is not None
    up = Upsampling.from_layers(body.coarse_to_intermediate, np.zeros(1723, np.float32), body)
    joints_m = regress_joints(body, up(estimate.coarse_m))[0]
    about_m = joints_m - joints_m[:, :1]
    return estimate.camera[:, None, :1] * (about_m[..., :2] + estimate.camera[:, None, 1:])


def test_frames_know_nothing_of_each_other() -> None:
    windows = [moving_body(seed) for seed in (1, 2)]

    together = load_fit().fit(np.concatenate(windows))

    alone = np.concatenate([load_fit().fit(window) for window in windows])
    np.testing.assert_allclose(together, alone, atol=1e-6)


@pytest.mark.parametrize("collapsed", ["to a point", "to a line"])
def test_no_vertices_are_too_bad_for_it(collapsed: str) -> None:
    given_m = np.zeros((WINDOW, 431, 3), np.float32)
    if collapsed == "to a line":
        given_m[..., 1] = np.linspace(-1, 1, 431)

    assert np.isfinite(load_fit().fit(given_m)).all()
