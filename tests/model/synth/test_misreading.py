import numpy as np

from model.synth.landmark_points import LANDMARK
from model.synth.misreading import DEPTH_STRETCH, misread

FACE, LEFT_WRIST, RIGHT_WRIST = slice(0, 11), LANDMARK["left_wrist"], LANDMARK["right_wrist"]


def read_often(landmarks: np.ndarray, clips: int = 400) -> np.ndarray:
    return np.stack([misread(np.random.default_rng(seed), landmarks) for seed in range(clips)])


def still_person() -> np.ndarray:
    """Landmarks [8,33,6] of somebody who does not move."""
    place = np.random.default_rng(0).uniform(-0.6, 0.6, (33, 3)) * (1, 1, 0.3)
    return np.repeat(np.hstack([place, place])[None], 8, axis=0).astype(np.float32)


def test_errors_are_of_the_size_of_blazeposes() -> None:
    errors = (read_often(still_person())[..., :2] - still_person()[..., :2]).astype(float)

    assert 0.012 < np.median(np.abs(errors)) < 0.03
    assert 0.05 < np.quantile(np.abs(errors), 0.95) < 0.25


def test_an_error_stays_through_a_clip_more_than_it_changes() -> None:
    read = read_often(still_person())[..., :2]

    changes = np.median(np.abs(read - read.mean(axis=1, keepdims=True)))
    stays = np.median(np.abs(read.mean(axis=1) - still_person()[0, :, :2]))
    assert 0 < changes < 0.7 * stays


def test_places_in_metres_err_more_in_depth_than_across() -> None:
    errors = np.abs(read_often(still_person())[..., 4:] - still_person()[..., 3:])

    across, depth = np.median(errors[..., :2]), np.median(errors[..., 2])
    assert 0.01 < across < depth < 0.15


def test_depth_is_stretched() -> None:
    truth = still_person()
    read = read_often(truth)[:, 0, FACE, 2].mean(axis=0)

    slope = np.polyfit(truth[0, FACE, 2], read, 1)[0]
    assert abs(slope / DEPTH_STRETCH - 1) < 0.2


def test_what_hides_behind_its_twin_is_often_unsure() -> None:
    truth = still_person()
    truth[:, LEFT_WRIST, 2], truth[:, RIGHT_WRIST, 2] = 1.0, -1.0

    doubted = (read_often(truth)[..., 3].mean(axis=1) < 0.85).mean(axis=0)

    assert doubted[LEFT_WRIST] > doubted[RIGHT_WRIST] + 0.1
    assert doubted[FACE].max() == 0


def test_the_generator_alone_decides() -> None:
    first, again = (misread(np.random.default_rng(5), still_person()) for _ in range(2))

    np.testing.assert_array_equal(first, again)
