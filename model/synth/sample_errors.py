"""How far a reconstruction of the sample clip is from the truth beside it.

`python -m model.synth.sample_errors docs/sample RESULT.npz` prints it; `make demo` does so.
"""

import sys
from pathlib import Path

import numpy as np

from model.bodies.npz import read_npz
from model.camera import view_rotmats
from model.errors import InputError
from model.films.comparison import Comparison
from model.films.film import Truth
from model.films.matching import rows_of_person
from model.films.report import measure
from model.region import Region
from model.synth.framing import CIRCLE
from model.synth.sample import HEIGHT, WIDTH, read_truth, true_vertices
from model.training.metrics import centre_on_hips, mpvpe_mm
from model.types import Array, Sequence

_COLUMNS = (
    "track_id",
    "frame_index",
    "pts_s",
    "camera",
    "joint_tokens_m",
    "coarse_m",
    "crop_px",
    "score",
    "observed",
)
_MESHES = ("vertices_m", "joints3d_m")


def compare_sample(truth_file: Path, result_file: Path) -> Comparison:
    """Compare what `remocap reconstruct walk.mp4 -o RESULT.npz` wrote with the truth.

    The true mesh is the one that was drawn, vertex by vertex.

    Raises:
        InputError: `bad_result`: the file is no result, or shows another clip.
    """
    known = read_truth(truth_file)
    truth = _truth(known)
    try:
        rows = read_npz(result_file, (*_COLUMNS, *_MESHES))
        people = [_person(rows, int(track)) for track in np.unique(rows["track_id"])]
        if any(person.frame_index[-1] >= len(truth) for person in people):
            raise ValueError(f"has more than the {len(truth)} frames of the sample")
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise InputError(
            "bad_result", f"{result_file}: {error}; expected what `remocap reconstruct` writes"
        ) from error
    fine_m = true_vertices(known) - known["translation_m"][:, None]
    columns: list[tuple[Array, ...]] = []
    for person, chosen in rows_of_person(people, truth):
        mine = np.flatnonzero(rows["track_id"] == person.track_id)[chosen]
        frames = rows["frame_index"][mine]
        turn = view_rotmats(rows["crop_px"][mine], truth.intrinsics).transpose(0, 2, 1)
        joints_m = centre_on_hips(rows["joints3d_m"][mine] @ turn)
        distances_mm = mpvpe_mm(rows["vertices_m"][mine] @ turn, fine_m[frames])
        columns.append((frames, rows["track_id"][mine], joints_m, distances_mm))
    return Comparison.of(truth, columns)


def _person(rows: dict[str, Array], track_id: int) -> Sequence:
    mine = rows["track_id"] == track_id
    columns = {name: rows[name][mine] for name in _COLUMNS if name != "track_id"}
    return Sequence(track_id, **columns)


def _truth(known: dict[str, Array]) -> Truth:
    """Return the truth beside the sample clip as that of a film."""
    joints_px = known["joints2d_px"]
    hips_px = joints_px[:, [2, 3]].mean(axis=1)
    reach_px = np.linalg.norm(joints_px - hips_px[:, None], axis=2).max(axis=1)
    squares = [
        Region(float(x), float(y), float(CIRCLE * reach)).crop_px
        for (x, y), reach in zip(hips_px, reach_px, strict=True)
    ]
    return Truth(
        level="none",
        pts_s=known["pts_s"],
        coarse_m=known["coarse_m"],
        joints_m=known["joints3d_m"],
        translation_m=known["translation_m"],
        joints_px=joints_px,
        square_px=np.stack(squares),
        others_px=np.zeros((0, len(joints_px), 4), np.float32),
        visible=((joints_px >= 0) & (joints_px < (WIDTH, HEIGHT)))
        .all(axis=2)
        .mean(axis=1, dtype=np.float32),
        intrinsics=known["intrinsics"],
    )


def describe(comparison: Comparison) -> str:
    """Say it in a line or two."""
    frames, errors = len(comparison.truth), measure([comparison])
    said = f"Against the truth, in {len(comparison.frame_index)} of {frames} frames"
    if errors.acceleration_mm_per_frame2 is None:
        return said
    return (
        f"{said}: MPVPE {errors.mpvpe_mm:.0f} mm, MPJPE {errors.mpjpe_mm:.0f} mm, PA-MPJPE "
        f"{errors.pa_mpjpe_mm:.0f} mm,\nacceleration error "
        f"{errors.acceleration_mm_per_frame2:.1f} mm/frame² (docs/training.md says what these are)."
    )


if __name__ == "__main__":
    sample = Path(sys.argv[1]) / "walk_truth.npz"
    print(describe(compare_sample(sample, Path(sys.argv[2]))))  # noqa: T201  it is a command
