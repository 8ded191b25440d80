import numpy as np

from model.bodies.skinning import load_anny
from model.synth.footing import walk_over_floor
from model.synth.gait import walk
from model.synth.skeleton import JOINT, angles_to_rotvec

NO_SHAPE = np.zeros(10, np.float32)


def walk_rotvec(frames: int, heading: float, fps: int = 30) -> np.ndarray:
    body = load_anny().skinning
    angles = walk(np.arange(frames) / fps * 0.9, np.ones(frames))
    return angles_to_rotvec(angles, np.full(frames, heading), body.joints_m)


def test_a_walk_goes_where_the_body_looks_at_a_walking_pace() -> None:
    body = load_anny().skinning

    path_m = walk_over_floor(body, NO_SHAPE, walk_rotvec(90, np.pi / 2))

    way_m = path_m[-1] - path_m[0]
    assert 0.7 < way_m[0] / 3 < 1.7  # metres a second, to the left, where x points
    assert abs(way_m[2]) < 0.2


def test_soles_touch_the_floor_and_never_sink_into_it() -> None:
    body = load_anny().skinning
    rotvec = walk_rotvec(40, 0.0)

    path_m = walk_over_floor(body, NO_SHAPE, rotvec)

    vertices_m, joints_m = body.pose(np.zeros((40, 10), np.float32), rotvec)
    lowest_m = (vertices_m[..., 1] - joints_m[:, :1, 1]).min(axis=1) + path_m[:, 1]
    assert np.abs(lowest_m).max() < 0.015


def test_the_standing_foot_hardly_slides() -> None:
    body = load_anny().skinning
    rotvec = walk_rotvec(60, 0.0)

    path_m = walk_over_floor(body, NO_SHAPE, rotvec)

    joints_m = body.pose(np.zeros((60, 10), np.float32), rotvec)[1]
    balls_m = (joints_m - joints_m[:, :1] + path_m[:, None])[
        :, [JOINT["left_foot"], JOINT["right_foot"]]
    ]
    slide_m = np.linalg.norm(np.diff(balls_m, axis=0)[..., [0, 2]], axis=-1).min(axis=1)
    assert np.median(slide_m) < 0.004  # a step is about 40 mm a frame


def test_somebody_who_stands_stays() -> None:
    body = load_anny().skinning
    still = angles_to_rotvec(walk(np.zeros(9), np.zeros(9)), np.zeros(9), body.joints_m)

    path_m = walk_over_floor(body, NO_SHAPE, still)

    np.testing.assert_allclose(path_m, np.repeat(path_m[:1], 9, axis=0), atol=1e-5)
