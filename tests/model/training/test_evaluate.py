import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from model.bodies import load_body, regress_joints
from model.training.dataset import TsvClips
from model.training.evaluate import evaluate
from model.training.labels import encode_mesh
from model.training.mesh_truth import LabelledMeshes
from model.training.report import Report
from model.training.tsv_set import TsvSet
from model.training.tsv_writer import TsvSetWriter
from model.types import Array, Estimate
from model.upsample import Upsampling
from tests.model.training.sets import HEIGHT, WIDTH, make_jpeg

BODY = load_body("anny")
UP = Upsampling.from_layers(BODY.coarse_to_intermediate, np.zeros(1723, np.float32), BODY)
ZEROS = {"center": [40.0, 30.0], "scale": 0.25, "has_2d_joints": 0, "has_smpl": 0}
J24_OF_J14 = [*range(12), 12, 18]


def write_moving_set(folder: Path, lengths: dict[str, int]) -> tuple[TsvClips, dict[int, Array]]:
    """A set of the rest pose drifting and bending; and its coarse truth by row."""
    rng, truth = np.random.default_rng(0), {}
    with TsvSetWriter(folder, "test", {"mesh": "labelled", "fps": 20}) as writer:
        for name, length in lengths.items():
            for frame in range(length):
                coarse_m = BODY.rest_coarse_m + np.float32(0.01 * np.sin(frame + np.arange(3)))
                coarse_m = coarse_m.astype(np.float16).astype(np.float32)
                _, joints_m = regress_joints(BODY, UP(coarse_m[None]))
                joints24 = np.zeros((24, 4))
                joints24[J24_OF_J14, :3] = joints_m[0]
                joints24[:, 3] = 1
                label = {**ZEROS, "3d_joints": joints24.tolist(), "has_3d_joints": 1}
                truth[len(truth)] = coarse_m
                writer.add(
                    f"{name}_{frame:03d}.jpg",
                    make_jpeg(rng),
                    label | encode_mesh(coarse_m),
                    HEIGHT,
                    WIDTH,
                )
    return TsvClips(TsvSet(writer.yaml_path)), truth


def answer(
    clips: TsvClips, truth: dict[int, Array], change: Callable[[Array], Array]
) -> Callable[[Array], Estimate]:
    """A predictor that knows the truth by the picture, and changes it."""
    by_picture = {
        clips.read(w).pixels[i].tobytes(): truth[row]
        for w in clips.windows
        for i, row in enumerate(w.rows)
    }

    def predict(pixels: Array) -> Estimate:
        coarse_m = np.stack([by_picture[p.tobytes()] for p in pixels])
        n = len(pixels)
        nothing = np.zeros((n, 3), np.float32), np.zeros((n, 14, 3), np.float32)
        return Estimate(*nothing, change(coarse_m).astype(np.float32))

    return predict


def measure(
    folder: Path, lengths: dict[str, int], change: Callable[[Array], Array], protocol: str = "all"
) -> Report:
    clips, truth = write_moving_set(folder, lengths)
    predict = answer(clips, truth, change)
    return evaluate(predict, clips, BODY, UP, LabelledMeshes(BODY), protocol=protocol)


def test_the_truth_has_no_error(tmp_path: Path) -> None:
    report = measure(tmp_path, {"a": 11, "b": 5}, lambda coarse_m: coarse_m)

    for name in ("mpvpe_mm", "mpjpe_mm", "pa_mpjpe_mm", "acceleration_mm_per_frame2"):
        assert getattr(report, name) == pytest.approx(0, abs=2e-3), name
    assert report.jitter_mm_per_frame3 == pytest.approx(report.true_jitter_mm_per_frame3, abs=1e-2)
    assert (report.counted, report.coverage) == (16, 1)


def test_a_shift_of_the_whole_body_is_no_error(tmp_path: Path) -> None:
    report = measure(tmp_path, {"a": 8}, lambda coarse_m: coarse_m + 0.5)

    assert report.mpvpe_mm == pytest.approx(0, abs=1e-2)


def test_a_known_stretch_gives_that_error(tmp_path: Path) -> None:
    stretch = 1.1
    clips, truth = write_moving_set(tmp_path, {"a": 8})
    fine_m = UP(np.stack([truth[row] for row in range(8)]))
    h36m_m, joints_m = regress_joints(BODY, fine_m)
    hips_m = joints_m[:, 2:4].mean(axis=1, keepdims=True)

    report = evaluate(
        answer(clips, truth, lambda m: stretch * m), clips, BODY, UP, LabelledMeshes(BODY)
    )

    vertices_mm = 100 * np.linalg.norm(fine_m - h36m_m[:, :1], axis=-1).mean()
    joints_mm = 100 * np.linalg.norm(joints_m - hips_m, axis=-1).mean()
    assert report.mpvpe_mm == pytest.approx(vertices_mm, rel=1e-3)
    assert report.mpjpe_mm == pytest.approx(joints_mm, rel=1e-3)
    assert report.pa_mpjpe_mm == pytest.approx(0, abs=2e-3)


def test_acceleration_is_given_per_frame_and_per_second(tmp_path: Path) -> None:
    report = measure(tmp_path, {"a": 16}, lambda m: m * np.linspace(1, 1.1, 8)[:, None, None] ** 2)

    assert report.acceleration_mm_per_frame2
    assert report.acceleration_m_per_s2 == pytest.approx(
        report.acceleration_mm_per_frame2 * 20**2 / 1000
    )


@pytest.mark.parametrize(("protocol", "counted"), [("all", 27), ("published", 16)])
def test_the_published_protocol_leaves_frames_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: str, counted: int
) -> None:
    monkeypatch.setattr("model.training.evaluate.PUBLISHED_BATCH", 2)

    report = measure(tmp_path, {"a": 3 * 8 + 3}, lambda m: m, protocol)

    assert report.counted == counted
    assert report.coverage == pytest.approx(counted / 27)


def test_the_table_says_what_is_not_known() -> None:
    report = Report("all", 10, 5, 1.234, None, None, None, None, None, None)
    console = Console(file=io.StringIO(), width=80)

    console.print(report.table())

    text = console.file.getvalue()
    assert "1.23" in text
    assert "not known" in text
    assert "5 of 10" in text
    assert report.figures() == {"mpvpe_mm": 1.234, "coverage": 0.5}
