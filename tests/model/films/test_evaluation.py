from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import model.films.evaluation
from model.bodies import regress_joints
from model.camera import view_rotmats
from model.clips import Clip
from model.errors import UsageError
from model.films.comparison import compare, true_upsampling
from model.films.evaluation import OBSERVED, evaluate_films, reconstruct_observed
from model.films.film import read_truth, truth_of
from model.films.observed import observe_once
from model.films.report import measure
from model.loading import Model, load_model
from model.synth.backdrop import Backdrops
from model.synth.film import WIDTH, Supplies, draw_film
from model.synth.filming import shoot
from model.synth.motion import improvise_motions
from model.training.metrics import mpjpe_mm
from model.types import Estimate


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one short film."""
    folder = tmp_path_factory.mktemp("films")
    supplies = Supplies(improvise_motions(3, 1), [], Backdrops(side=WIDTH))
    video = folder / "film.mp4"
    shoot(draw_film(0, 0, supplies, frames=20), video, truth_of(video), seed=0)
    return folder


@pytest.fixture(scope="module")
def anny() -> Model:
    return load_model("remocap-anny", device="cpu")


def test_an_oracle_makes_no_error_from_video_to_mesh(
    folder: Path, anny: Model, tmp_path: Path
) -> None:
    truth = read_truth(folder / "film.npz")
    observed = observe_once(folder / "film.mp4", folder / OBSERVED)

    def predict(clip: Clip) -> Estimate:
        frames = [o.frame_index for o in clip.observations]
        crops_px = np.stack([o.crop_px for o in clip.observations])
        straight = view_rotmats(crops_px, truth.intrinsics)
        return Estimate(
            camera=np.tile(np.float32([0.9, 0, 0]), (len(frames), 1)),
            joints_m=truth.joints_m[frames],
            coarse_m=truth.coarse_m[frames] @ straight,
        )

    result = reconstruct_observed(
        observed, anny, predict, tmp_path, focal_px=float(truth.intrinsics[0, 0])
    )

    comparison = compare(result, truth)
    errors = measure([comparison])
    assert len(comparison.frame_index) == 20
    assert errors.mpvpe_mm == pytest.approx(0, abs=0.05)
    _, joints_m = regress_joints(anny.body, true_upsampling(anny.body)(truth.coarse_m))
    upsampling_mm = mpjpe_mm(joints_m, truth.joints_m).mean()  # true joints are of the fine mesh
    assert errors.mpjpe_mm == pytest.approx(upsampling_mm, abs=0.05)
    assert errors.acceleration_mm_per_frame2 == pytest.approx(0, abs=0.05)


def test_a_model_is_measured_and_films_are_looked_at_once(
    folder: Path, anny: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = evaluate_films(folder, anny)
    monkeypatch.setattr(model.films.observed, "observe", None)

    second = evaluate_films(folder, anny)

    assert [row.level for row in first] == ["none", "all"]
    assert first[-1].coverage == 1
    assert first == second


def test_a_model_of_another_body_is_refused(folder: Path, anny: Model) -> None:
    other = replace(anny, body=replace(anny.body, name="smpl"))

    with pytest.raises(UsageError) as caught:
        evaluate_films(folder, other)

    assert caught.value.code == "wrong_body"
