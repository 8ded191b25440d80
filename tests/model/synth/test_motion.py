from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model.bodies.skinning import load_anny
from model.errors import InputError
from model.synth.motion import (
    MAX_NOISE_RAD,
    Motion,
    draw_motion,
    excerpt,
    improvise_motions,
    mirror,
    read_motions,
    vary,
)


def still(frames: int = 60) -> Motion:
    """Somebody who stands in the rest pose."""
    zeros = np.zeros((frames, 24, 3), np.float32)
    return Motion("still", 30.0, zeros, np.zeros((frames, 3), np.float32))


def turning(frames: int = 60) -> Motion:
    """Somebody who turns left by 0.02 rad and goes forward 10 mm, each frame."""
    rotvec = np.zeros((frames, 24, 3), np.float32)
    rotvec[:, 0, 1] = 0.02 * np.arange(frames)
    path_m = np.zeros((frames, 3), np.float32)
    path_m[:, 2] = 0.01 * np.arange(frames)
    return Motion("turning", 30.0, rotvec, path_m)


def test_captured_motion_is_read_take_by_take(tmp_path: Path) -> None:
    file = tmp_path / "motion.npz"
    rotvec = np.arange(50 * 72, dtype=np.float16).reshape(50, 24, 3) / 4000
    trans = np.arange(150, dtype=np.float32).reshape(50, 3)
    np.savez(file, names=["a", "b"], lengths=[20, 30], rotvec=rotvec, trans=trans)

    motions = read_motions(file)

    assert [(m.name, len(m.rotvec), m.fps) for m in motions] == [("a", 20, 30), ("b", 30, 30)]
    np.testing.assert_array_equal(motions[1].path_m, trans[20:])


@pytest.mark.parametrize("damage", ["absent", "short", "pickled", "nan"])
def test_a_file_that_is_no_motion_is_refused(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "motion.npz"
    rotvec = np.full((20, 24, 3), np.nan if damage == "nan" else 0, np.float32)
    names = np.array([object()]) if damage == "pickled" else np.array(["a"])
    trans = np.zeros((19 if damage == "short" else 20, 3))
    if damage != "absent":
        np.savez(file, allow_pickle=True, names=names, lengths=[20], rotvec=rotvec, trans=trans)

    with pytest.raises(InputError) as caught:
        read_motions(file)

    assert caught.value.code == "bad_motion"


def test_improvised_motion_depends_on_the_seed_alone() -> None:
    once, again, other = (improvise_motions(2, seed)[1] for seed in (5, 5, 6))

    np.testing.assert_array_equal(once.rotvec, again.rotvec)
    assert np.abs(once.rotvec - other.rotvec).max() > 0.1


def test_improvised_people_stay_on_the_floor_and_move_smoothly() -> None:
    body = load_anny().skinning

    for motion in improvise_motions(6, 1):
        rest = np.zeros((len(motion.rotvec), 10), np.float32)
        vertices_m, joints_m = body.pose(rest, motion.rotvec)
        lowest_m = (vertices_m[..., 1] - joints_m[:, :1, 1]).min(axis=1) + motion.path_m[:, 1]
        assert np.abs(lowest_m).max() < 0.03, motion.name
        speed_m_per_s = np.linalg.norm(np.diff(joints_m, axis=0), axis=-1).max() * motion.fps
        assert speed_m_per_s < 8, motion.name


def test_a_clip_at_15_fps_covers_twice_the_time() -> None:
    slow, fast = (vary(turning(), np.random.default_rng(3), fps)[1] for fps in (30.0, 15.0))

    ratio = np.diff(fast, axis=0)[:, 2].mean() / np.diff(slow, axis=0)[:, 2].mean()
    assert ratio == pytest.approx(2, rel=1e-3)


def test_where_the_capture_fails_nothing_is_cut_out() -> None:
    motion = turning(120)
    upside_down = motion.rotvec.copy()
    upside_down[60:, 0] += [np.pi, 0, 0]  # from one frame to the next
    broken = replace(motion, rotvec=upside_down)

    assert motion.jumps.tolist() == []
    assert set(broken.jumps) <= {59, 60, 61}
    assert 60 in broken.jumps
    for seed in range(50):
        rotvec, _ = excerpt(broken, np.random.default_rng(seed), 30.0, 16)
        assert np.abs(np.diff(rotvec[:, 0, 0])).max() < 0.1


def test_a_clip_turns_as_fast_as_it_goes() -> None:
    rotvec, path_m = vary(turning(), np.random.default_rng(1), 30.0)

    turned, gone = np.diff(rotvec[:, 0, 1]), np.diff(path_m[:, 2])
    np.testing.assert_allclose(np.abs(turned), 2 * gone, rtol=1e-3)


def test_noise_turns_every_joint_by_at_most_008_rad() -> None:
    for seed in range(20):
        rotvec, _ = vary(still(), np.random.default_rng(seed), 30.0)

        size = np.linalg.norm(rotvec, axis=-1)
        assert 0 < size[:, 1:].max() <= MAX_NOISE_RAD + 1e-6
        assert size[:, 0].max() == 0


def test_the_mirror_swaps_sides() -> None:
    body = load_anny().skinning
    motion = improvise_motions(1, 2)[0]
    rotvec, path_m = motion.rotvec[:4], motion.path_m[:4]

    swapped, _ = mirror(rotvec, path_m)

    shape = np.zeros((4, 10), np.float32)
    joints_m, other_m = body.pose(shape, rotvec)[1], body.pose(shape, swapped)[1]
    np.testing.assert_allclose(
        other_m[:, 21], joints_m[:, 20] * np.float32([-1, 1, 1]), atol=0.01
    )  # the right wrist is where the left one was, as far as the body itself is symmetric


def test_long_takes_are_drawn_more_often() -> None:
    rng = np.random.default_rng(0)
    motions = [still(900), still(100)]

    drawn = [len(draw_motion(motions, rng).rotvec) for _ in range(400)]

    assert 0.68 < drawn.count(900) / 400 < 0.82  # 3 to 1, by the square roots
