from pathlib import Path

import cv2
import numpy as np
import pytest

from model.bodies import load_body
from model.synth.baking import FOCAL_PX, Clip, bake_clip, bake_clips, bytes_to_rest, fields
from model.synth.motion import improvise_motions
from model.synth.skeleton import JOINT
from model.synth.wardrobe import draw_person
from model.types import JOINT_NAMES

SIDE = 96


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    motions, person = improvise_motions(4, 9), draw_person(np.random.default_rng(4))
    return [bake_clip(person, motions, np.random.default_rng(seed), SIDE) for seed in range(8)]


def test_fields_have_the_stated_types_and_shapes(clips: list[Clip]) -> None:
    for name, (dtype, shape) in fields(SIDE).items():
        value = getattr(clips[0], name)
        assert (value.dtype, value.shape) == (dtype, shape), name


def test_joints_lie_in_the_silhouette(clips: list[Clip]) -> None:
    for clip in clips:
        low, high = clip.square_px[:, None, :2], clip.square_px[:, None, 2:]
        pixels = ((clip.joints_px - low) / (high - low) * SIDE).astype(int)
        for part, joints in zip(clip.part, pixels, strict=True):
            near = cv2.dilate((part > 0).astype(np.uint8), np.ones((3, 3)))
            assert near[joints[:, 1], joints[:, 0]].all()


def test_the_silhouette_is_that_of_the_labelled_mesh(clips: list[Clip]) -> None:
    body = load_body("anny")
    assert body.coarse_to_intermediate is not None
    for clip in clips:
        # Where the pelvis is follows from the joints alone: three metres, two pixels each.
        depth_m = _depth_of_pelvis(clip)
        coarse_m = clip.coarse_m[4] + depth_m
        pixels = coarse_m[:, :2] / coarse_m[:, 2:] * FOCAL_PX - clip.square_px[4, :2]
        pixels *= SIDE / (clip.square_px[4, 2] - clip.square_px[4, 0])
        rows, columns = np.nonzero(clip.part[4])
        seen = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        labelled = np.concatenate([pixels.min(axis=0), pixels.max(axis=0)])
        assert np.abs(seen - labelled).max() < 5  # clothes stand off, the coarse mesh is coarse


def _depth_of_pelvis(clip: Clip) -> np.ndarray:
    """Solve for the place of the pelvis from J14 in 3D and in the image."""
    joints_m, (x, y) = clip.joints_m[4].astype(np.float64), clip.joints_px[4].T / FOCAL_PX
    one, zero = np.ones(14), np.zeros(14)
    rows = np.concatenate([np.stack([one, zero, -x], 1), np.stack([zero, one, -y], 1)])
    right = np.concatenate(
        [x * joints_m[:, 2] - joints_m[:, 0], y * joints_m[:, 2] - joints_m[:, 1]]
    )
    return np.linalg.lstsq(rows, right, rcond=None)[0]


def test_people_move_during_a_clip_but_do_not_jump(clips: list[Clip]) -> None:
    for clip in clips:
        step_m = np.linalg.norm(np.diff(clip.joints_m, axis=0), axis=-1)
        assert 0 < step_m.max() < 0.35


def test_heads_are_above_feet(clips: list[Clip]) -> None:
    head, foot = JOINT_NAMES.index("head"), JOINT_NAMES.index("left_ankle")

    for clip in clips:
        assert (clip.joints_m[:, head, 1] < clip.joints_m[:, foot, 1]).all()


def test_left_of_a_facing_person_is_on_the_right_of_the_picture(clips: list[Clip]) -> None:
    left, right = JOINT_NAMES.index("left_hip"), JOINT_NAMES.index("right_hip")
    seen = []
    for clip in clips:
        forward_m = bytes_to_rest(clip.rest[0][clip.part[0] == JOINT["head"] + 1])[:, 2].mean()
        if abs(forward_m - 0.04) > 0.03:  # a face, or the back of a head, not a profile
            seen.append(forward_m > 0.04)
            left_is_right = clip.joints_px[0, left, 0] > clip.joints_px[0, right, 0]
            assert left_is_right == seen[-1]
    assert True in seen
    assert False in seen


def test_a_set_depends_on_the_seed_alone(tmp_path: Path) -> None:
    motions = improvise_motions(3, 1)
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        bake_clips(tmp_path / name, clips=1, seed=seed, motions=motions, side=32)

    once, again, other = (
        {f.name: f.read_bytes() for f in (tmp_path / name).glob("*.npy")} for name in "abc"
    )
    assert once == again
    assert once["coarse_m.npy"] != other["coarse_m.npy"]


def test_bytes_stand_for_places_of_the_body() -> None:
    ends = bytes_to_rest(np.array([[0, 0, 0], [255, 255, 255]], np.uint8))

    np.testing.assert_allclose(ends, [[-0.7, -1.1, -0.45], [0.7, 1.0, 0.55]], atol=1e-5)
