from pathlib import Path

import numpy as np
import pytest

from model.camera import view_rotmats
from model.errors import InputError
from model.films.report import measure
from model.synth.sample import FRAMES, read_truth, true_vertices
from model.synth.sample_errors import compare_sample, describe

TRUTH = Path(__file__).parents[3] / "docs" / "sample" / "walk_truth.npz"


@pytest.fixture(scope="module")
def perfect() -> dict[str, np.ndarray]:
    """The arrays that a faultless network would have written of the sample clip."""
    truth = read_truth(TRUTH)
    centre = truth["joints2d_px"][:, [2, 3]].mean(axis=1)
    reach = np.linalg.norm(truth["joints2d_px"] - centre[:, None], axis=2).max(axis=1)[:, None]
    crop_px = np.concatenate([centre - reach, centre + reach], axis=1).astype(np.float32)
    straight = view_rotmats(crop_px, truth["intrinsics"])
    vertices_m = true_vertices(truth) - truth["translation_m"][:, None]
    return {
        "track_id": np.ones(FRAMES, np.int32),
        "frame_index": np.arange(FRAMES, dtype=np.int32),
        "pts_s": truth["pts_s"],
        "camera": np.ones((FRAMES, 3), np.float32),
        "joint_tokens_m": truth["joints3d_m"] @ straight,
        "coarse_m": truth["coarse_m"] @ straight,
        "crop_px": crop_px,
        "score": np.ones(FRAMES, np.float32),
        "observed": np.ones(FRAMES, bool),
        "vertices_m": (vertices_m @ straight).astype(np.float32),
        "joints3d_m": (truth["joints3d_m"] @ straight).astype(np.float32),
    }


def test_a_faultless_result_has_no_error(perfect: dict[str, np.ndarray], tmp_path: Path) -> None:
    np.savez(tmp_path / "demo.npz", **perfect)

    comparison = compare_sample(TRUTH, tmp_path / "demo.npz")

    errors = measure([comparison])
    assert len(comparison.frame_index) == FRAMES
    assert all(error is not None and error < 0.05 for error in vars(errors).values())


def test_frames_and_errors_are_said(perfect: dict[str, np.ndarray], tmp_path: Path) -> None:
    late = {name: array[20:] for name, array in perfect.items()}
    moved_m = late["vertices_m"] + np.float32([0, 0.03, 0.04])
    np.savez(tmp_path / "demo.npz", **late | {"vertices_m": moved_m})

    said = describe(compare_sample(TRUTH, tmp_path / "demo.npz"))

    assert f"in {FRAMES - 20} of {FRAMES} frames: MPVPE 50 mm, MPJPE 0 mm" in said


def test_a_result_of_nobody_is_said(perfect: dict[str, np.ndarray], tmp_path: Path) -> None:
    np.savez(tmp_path / "demo.npz", **{name: array[:0] for name, array in perfect.items()})

    said = describe(compare_sample(TRUTH, tmp_path / "demo.npz"))

    assert said == f"Against the truth, in 0 of {FRAMES} frames"


def test_what_is_no_result_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "demo.npz", other=np.zeros(3))

    with pytest.raises(InputError, match=r"demo\.npz") as caught:
        compare_sample(TRUTH, tmp_path / "demo.npz")

    assert caught.value.code == "bad_result"
