"""How far a network is from the truth, and on how many of the frames that was measured."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
import torch
from jaxtyping import Float32, UInt8

from model.bodies import Body, regress_joints
from model.stages import Watch, ignore
from model.training.batch import LabelledClips, Sample, join_samples
from model.training.mesh_truth import MeshTruth
from model.training.metrics import (
    acceleration_error_mm_per_frame2,
    centre_on_hips,
    jitter_mm_per_frame3,
    mpjpe_mm,
    mpvpe_mm,
    pa_mpjpe_mm,
)
from model.training.report import Report
from model.training.windows import Protocol, Window, cut_windows
from model.types import Array, Estimate, Evidence
from model.upsample import Upsampling

PUBLISHED_BATCH = 16
"""Windows in a batch of the published evaluation, which leaves out a last one that is not full."""

Predict = Callable[[UInt8[Array, "n 224 224 3"] | Evidence], Estimate]


@dataclass(frozen=True, eq=False)
class _Frames:
    """Joints of the frames of one window that count, about their hips, and their errors.

    Attributes:
        ours_m: Predicted J14 joints, from the mesh.
        theirs_m: True ones.
        known: Frames whose joints are known.
        mpvpe_mm: Of the frames whose mesh is known.
    """

    ours_m: Float32[Array, "n 14 3"]
    theirs_m: Float32[Array, "n 14 3"]
    known: Array
    mpvpe_mm: Array


@dataclass
class _Track:
    """Frames of a track, window by window."""

    frames: list[_Frames] = field(default_factory=list)

    def runs(self) -> Iterable[tuple[Array, Array]]:
        """Predicted and true joints wherever consecutive frames are known."""
        ours = np.concatenate([f.ours_m for f in self.frames])
        theirs = np.concatenate([f.theirs_m for f in self.frames])
        known = np.concatenate([f.known for f in self.frames])
        for is_known, rows in groupby(range(len(known)), key=lambda row: bool(known[row])):
            if is_known:
                run = list(rows)
                yield ours[run], theirs[run]


def evaluate(
    predict: Predict,
    clips: LabelledClips,
    body: Body,
    upsampling: Upsampling,
    truth: MeshTruth,
    *,
    protocol: Protocol = "all",
    watch: Watch = ignore,
) -> Report:
    """Measure a network on a set.

    Args:
        predict: Answers the pictures, or the evidence, of a window.
        clips: The set; its augmentation is not used.
        body: Whose vertices the answers are.
        upsampling: Of the answers.
        truth: Makes the true meshes.
        protocol: `all` counts every frame once. `published` drops and doubles frames as the
            published code does, to compare with published numbers.
        watch: Told of every window, as the stage `evaluate`.

    Raises:
        InputError: Where a row of the set cannot be used.
    """
    windows = cut_windows(clips.tracks, protocol)
    if protocol == "published":
        windows = windows[: len(windows) - len(windows) % PUBLISHED_BATCH]
    tracks: dict[int, _Track] = {}
    for done, window in enumerate(windows, start=1):
        sample = clips.read(window)
        frames = _compare(predict(sample.inputs), sample, window, body, upsampling, truth)
        tracks.setdefault(window.track, _Track()).frames.append(frames)
        watch("evaluate", done, len(windows))
    return _summarise(list(tracks.values()), clips.frames, clips.fps, protocol)


def _compare(
    estimate: Estimate,
    sample: Sample,
    window: Window,
    body: Body,
    upsampling: Upsampling,
    truth: MeshTruth,
) -> _Frames:
    keep = np.array(window.keep)
    with torch.no_grad():
        true_m = truth(join_samples([sample])).numpy()[keep]
    fine_m = upsampling(estimate.coarse_m[keep])
    h36m_m, joints_m = regress_joints(body, fine_m)
    true_h36m_m, _ = regress_joints(body, true_m)
    labelled = sample.joints3d_m[keep]
    distances_mm = mpvpe_mm(fine_m - h36m_m[:, :1], true_m - true_h36m_m[:, :1])
    return _Frames(
        ours_m=centre_on_hips(joints_m),
        theirs_m=centre_on_hips(labelled[..., :3]),
        known=(labelled[..., 3] > 0).all(axis=1),
        mpvpe_mm=distances_mm[sample.has_mesh[keep]],
    )


def _summarise(tracks: list[_Track], rows: int, fps: float | None, protocol: Protocol) -> Report:
    frames = [f for track in tracks for f in track.frames]
    runs = [run for track in tracks for run in track.runs()]
    acceleration = _mean(acceleration_error_mm_per_frame2(a, b) for a, b in runs)
    return Report(
        protocol=protocol,
        frames=rows,
        counted=sum(len(f.known) for f in frames),
        mpvpe_mm=_mean(f.mpvpe_mm for f in frames),
        mpjpe_mm=_mean(mpjpe_mm(a, b) for a, b in runs),
        pa_mpjpe_mm=_mean(pa_mpjpe_mm(a, b) for a, b in runs),
        acceleration_mm_per_frame2=acceleration,
        acceleration_m_per_s2=acceleration * fps**2 / 1000 if acceleration and fps else None,
        jitter_mm_per_frame3=_mean(jitter_mm_per_frame3(a) for a, _ in runs),
        true_jitter_mm_per_frame3=_mean(jitter_mm_per_frame3(b) for _, b in runs),
    )


def _mean(parts: Iterable[Array]) -> float | None:
    values = [value for part in parts for value in part.tolist()]
    return float(np.mean(values)) if values else None
