import numpy as np
import pytest

from model.bodies import load_body, regress_joints
from model.bodies.body import Body
from model.synth.landmark_points import LANDMARK
from model.synth.motion import improvise_motions
from model.synth.simulated import SimulatedClips, draw_mask, spoil_mask
from model.training.batch import Sample, join_samples
from model.training.mesh_truth import LabelledMeshes
from model.types import JOINT_NAMES, Evidence

MOTIONS = improvise_motions(2, 0)


def make_clip(seed: int = 0, *, exact: bool = True) -> Sample:
    clips = SimulatedClips(MOTIONS, samples=4, exact=exact)
    return clips.sample(seed, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body("anny")


def test_a_clip_is_evidence_and_labels_of_8_frames() -> None:
    sample = make_clip(exact=False)

    assert isinstance(sample.inputs, Evidence)
    assert sample.inputs.landmarks.shape == (8, 33, 7)
    assert sample.mesh_m.shape == (8, 431, 3)
    assert all(np.isfinite(field).all() for field in sample if field is not None)


@pytest.mark.parametrize("seed", range(4))
def test_landmarks_lie_at_their_joints(seed: int) -> None:
    sample = make_clip(seed)
    assert sample.landmarks is not None

    for name in ("right_wrist", "left_knee", "right_shoulder"):
        joint = sample.joints2d[:, JOINT_NAMES.index(name), :2]
        landmark = sample.landmarks[:, LANDMARK[name], :2]
        assert np.linalg.norm(joint - landmark, axis=1).max() < 0.15


def test_labels_agree_with_one_another(body: Body) -> None:
    sample = make_clip()

    fine_m = LabelledMeshes(body)(join_samples([sample])).numpy()

    pelvis_m, joints_m = regress_joints(body, fine_m)
    apart_m = np.linalg.norm(joints_m - sample.joints3d_m[..., :3], axis=2)
    assert apart_m.mean() < 0.01
    assert np.abs(pelvis_m[:, 0]).max() < 0.01


def test_people_stand_upright_in_the_middle_of_the_crop() -> None:
    samples = [make_clip(seed) for seed in range(12)]

    feet, head = (
        np.array([s.joints2d[:, JOINT_NAMES.index(name), 1].mean() for s in samples])
        for name in ("left_ankle", "head")
    )
    assert (feet > head + 0.5).mean() > 0.8
    assert np.abs([s.joints2d[..., :2].mean() for s in samples]).max() < 0.5


def test_depth_is_relative_to_the_hips_and_negative_toward_the_camera() -> None:
    sample = make_clip()
    assert sample.landmarks is not None

    wrist, hips = JOINT_NAMES.index("left_wrist"), [2, 3]
    true_m = sample.joints3d_m[:, wrist, 2] - sample.joints3d_m[:, hips, 2].mean(axis=1)
    depth = sample.landmarks[:, LANDMARK["left_wrist"], 2]
    assert np.abs(depth - true_m).max() < 0.25  # a crop's half side is about a metre


def test_the_mask_covers_the_joints() -> None:
    sample = make_clip()
    assert sample.mask is not None

    cells = np.clip(np.floor((sample.joints2d[..., :2] + 1) * 32).astype(int), 0, 63)
    inside = [mask[at[:, 1], at[:, 0]] > 0 for mask, at in zip(sample.mask, cells, strict=True)]
    assert np.mean(inside) > 0.9
    assert 0.03 < sample.mask.mean() / 255 < 0.5


def test_points_outside_the_crop_are_not_drawn() -> None:
    points = np.array([[[-1.5, 0.0], [0.0, 3.0]], [[0.0, 0.0], [9.0, 9.0]]], np.float32)

    masks = draw_mask(points)

    assert masks[0].max() == 0
    assert (masks[1] > 0).sum() == 1


def test_a_spoilt_mask_still_shows_much_of_the_person() -> None:
    sample = make_clip()
    assert sample.mask is not None
    rng = np.random.default_rng(0)

    spoilt = [spoil_mask(rng, sample.mask) for _ in range(60)]

    kept = np.array([(s[sample.mask > 0] > 127).mean() for s in spoilt])
    assert 0.02 < (kept == 0).mean() < 0.25  # sometimes there is none
    assert np.median(kept) > 0.7


def test_the_generator_alone_decides() -> None:
    first, again = make_clip(3, exact=False), make_clip(3, exact=False)

    for a, b in zip(first, again, strict=True):
        assert a is b or np.array_equal(np.asarray(a), np.asarray(b))
