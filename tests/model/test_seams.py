from pathlib import Path

import numpy as np

from benchmarks.seams import seam_accelerations
from model.assemble import Assembler
from model.clips import seal_clips
from model.config import ModelCard
from model.types import VideoInfo
from tests.model.dancers import reconstruction_of
from tests.model.people import answer, make_crop


def seam_ratio(joints_m: np.ndarray, frames: np.ndarray) -> float:
    at_seams, inside = seam_accelerations(joints_m, frames / 30, frames)
    return float(at_seams.mean() / inside.mean())


def noise(frames: int) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.01, (frames, 14, 3))


def test_windows_that_each_lie_elsewhere_show() -> None:
    offsets = np.random.default_rng(1).normal(0, 0.05, (50, 1, 1)).repeat(8, axis=0)

    assert seam_ratio(noise(400) + offsets, np.arange(400)) > 2


def test_windows_are_counted_from_the_start_of_each_run() -> None:
    frames = np.concatenate([np.arange(3, 200), np.arange(205, 402)])
    places = np.concatenate([np.arange(197), np.arange(197)])
    offsets = (places // 8 % 2 * 0.05)[:, None, None]

    at_seams, inside = seam_accelerations(np.zeros((394, 14, 3)) + offsets, frames / 30, frames)

    assert (at_seams > 1).all()
    assert (inside < 1e-6).all()


def test_assembly_adds_no_seams_of_its_own(tmp_path: Path) -> None:
    assembler, plain = Assembler(tmp_path), reconstruction_of()
    for frame in range(500):
        assembler.see(frame, frame / 30)
    for clip in seal_clips(make_crop(1, frame) for frame in range(3, 498)):
        assembler.add(clip, answer(clip))

    card = ModelCard(name="test", body="anny", licence="CC0", trained=False)
    video = VideoInfo(width=1280, height=720)
    result = assembler.finish(card, "", plain.body, plain.upsampling, video)

    (sequence,) = result.sequences
    assert 0.9 < seam_ratio(sequence.joint_tokens_m, sequence.frame_index) < 1.1
