import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from model.camera import crop_camera_to_image, image_to_crop_camera
from model.gaps import MAX_GAP_S, Plan, blend, plan_rows


def plan(frames: list[int], pts_s: np.ndarray, first_frame: int = 0) -> Plan:
    return plan_rows(np.array(frames, np.int32), first_frame, pts_s)


def naive_rows(frames: list[int], pts_s: np.ndarray) -> list[tuple[int, int, int, float]]:
    """(frame, left, right, share), one row after the other."""
    rows = []
    for i, frame in enumerate(frames):
        rows.append((frame, i, i, 0.0))
        if i + 1 < len(frames) and pts_s[frames[i + 1]] - pts_s[frame] <= MAX_GAP_S:
            span_s = pts_s[frames[i + 1]] - pts_s[frame]
            hidden = range(frame + 1, frames[i + 1])
            rows += [(f, i, i + 1, (pts_s[f] - pts_s[frame]) / span_s) for f in hidden]
    return rows


@settings(deadline=None)
@given(
    frames=st.sets(st.integers(0, 99), min_size=1),
    steps_s=st.lists(st.floats(0.005, 0.5), min_size=100, max_size=100),
)
def test_gaps_are_planned_as_one_would_plan_them_by_hand(
    frames: set[int], steps_s: list[float]
) -> None:
    pts_s = np.cumsum(steps_s)

    planned = plan(sorted(frames), pts_s)

    expected = naive_rows(sorted(frames), pts_s)
    assert list(planned.frame_index) == [row[0] for row in expected]
    assert list(planned.left) == [row[1] for row in expected]
    assert list(planned.right) == [row[2] for row in expected]
    np.testing.assert_allclose(planned.share, [row[3] for row in expected], atol=1e-12)
    np.testing.assert_array_equal(planned.pts_s, pts_s[planned.frame_index])


def test_a_gap_of_a_second_is_filled_and_a_longer_one_is_not() -> None:
    pts_s = np.arange(100) / 20

    planned = plan([0, 20, 41], pts_s)

    assert list(planned.frame_index) == [*range(21), 41]


def test_frames_may_begin_late() -> None:
    planned = plan([1001, 1003], np.array([40.0, 40.1, 40.2, 40.4]), first_frame=1000)

    assert list(planned.frame_index) == [1001, 1002, 1003]
    np.testing.assert_allclose(planned.pts_s, [40.1, 40.2, 40.4])
    np.testing.assert_allclose(planned.share, [0, 1 / 3, 0])


def test_the_camera_moves_straight_in_the_image_whatever_the_squares_do() -> None:
    squares = np.array([[0, 0, 400, 400], [300, 100, 500, 300]], np.float32)
    scales, pelvis_px = np.float32([100, 400]), np.float32([[200, 180], [440, 260]])
    cameras = image_to_crop_camera(scales, pelvis_px, squares)
    ends = [{"camera": cameras[i : i + 1], "crop_px": squares[i : i + 1]} for i in (0, 1)]

    middle = blend(*ends, np.array([0.5]))

    np.testing.assert_allclose(middle["crop_px"], [[150, 50, 450, 350]])
    px_per_m, at_px = crop_camera_to_image(middle["camera"], middle["crop_px"])
    np.testing.assert_allclose(px_per_m, [200], rtol=1e-5)
    np.testing.assert_allclose(at_px, [[320, 220]], rtol=1e-5)
