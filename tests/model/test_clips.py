from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.clips import Clip, ClipBuilder, seal_clips
from model.types import Crop, Evidence, EvidenceCrop
from tests.model.people import make_crop


def crops_of(tracks: dict[int, set[int]]) -> list[Crop]:
    rows = [(frame, track_id) for track_id, frames in tracks.items() for frame in frames]
    return [make_crop(track_id, frame) for frame, track_id in sorted(rows)]


def frames_of(clip: Clip) -> list[int]:
    return [o.frame_index for o in clip.observations]


def kept(clips: list[Clip]) -> list[tuple[int, int]]:
    pairs = [(o, k) for clip in clips for o, k in zip(clip.observations, clip.keep, strict=True)]
    return sorted((o.track_id, o.frame_index) for o, k in pairs if k)


def windows_of(clips: list[Clip]) -> set[tuple[int, ...]]:
    """(track, its 8 frames) of every window."""
    starts = [(clip, start) for clip in clips for start in range(0, len(clip.keep), 8)]
    return {(c.track_id, *frames_of(c)[start : start + 8]) for c, start in starts}


def naive_windows(track_id: int, frames: list[int]) -> set[tuple[int, ...]]:
    """Cut one run the plain way, with all of it at hand."""
    if len(frames) < 8:
        return {(track_id, *frames, *frames[-1:] * (8 - len(frames)))}
    whole = {(track_id, *frames[i : i + 8]) for i in range(0, len(frames) - 7, 8)}
    return whole | {(track_id, *frames[-8:])}


@pytest.mark.parametrize("length", [1, 7, 8, 9, 15, 1000])
def test_each_frame_is_kept_exactly_once(length: int) -> None:
    clips = list(seal_clips(crops_of({1: set(range(length))})))

    assert kept(clips) == [(1, frame) for frame in range(length)]
    assert windows_of(clips) == naive_windows(1, list(range(length)))


@settings(deadline=None, max_examples=60)
@given(
    lengths=st.lists(st.tuples(st.integers(1, 40), st.integers(1, 3)), min_size=1, max_size=3),
    others=st.sets(st.integers(0, 60), max_size=30),
    max_windows=st.integers(1, 4),
)
def test_runs_of_two_people_are_cut_as_if_each_were_alone(
    lengths: list[tuple[int, int]], others: set[int], max_windows: int
) -> None:
    runs, start = [], 0
    for length, gap in lengths:
        runs.append(list(range(start, start + length)))
        start += length + gap
    frames = {frame for run in runs for frame in run}

    clips = list(seal_clips(crops_of({1: frames, 2: others}), max_windows))

    assert kept(clips) == [(1, f) for f in sorted(frames)] + [(2, f) for f in sorted(others)]
    mine = {window for window in windows_of(clips) if window[0] == 1}
    assert mine == set.union(*(naive_windows(1, run) for run in runs))


def test_a_full_clip_is_handed_on_at_once_and_the_builder_stays_small() -> None:
    builder = ClipBuilder(max_windows=2)

    sealed = [len(builder.add(make_crop(1, frame))) for frame in range(100)]

    assert [i for i, count in enumerate(sealed) if count] == [15, 31, 47, 63, 79, 95]
    assert len(builder._runs[1]._crops) == 8 + 4


def test_whoever_leaves_is_handed_on_with_the_next_frame_of_another() -> None:
    builder = ClipBuilder()
    for frame in range(10):
        builder.add(make_crop(1, frame))

    assert builder.add(make_crop(2, 10)) == []
    (clip,) = builder.add(make_crop(2, 11))

    assert clip.track_id == 1
    assert frames_of(clip)[8:] == [2, 3, 4, 5, 6, 7, 8, 9]
    assert list(clip.keep[8:]) == [False] * 6 + [True] * 2


def test_ids_are_unique_and_the_same_in_every_run() -> None:
    crops = crops_of({1: set(range(71)), 2: set(range(5, 44)) | set(range(50, 53))})

    ids = [clip.id for clip in seal_clips(crops)]

    assert ids == [clip.id for clip in seal_clips(crops)]
    assert len(set(ids)) == len(ids)


def test_flush_ends_one_run_only() -> None:
    builder = ClipBuilder()
    builder.add(make_crop(1, 0))
    builder.add(make_crop(2, 0))

    (clip,) = builder.flush(1)

    assert frames_of(clip) == [0] * 8
    assert builder.flush(1) == []
    assert [c.track_id for c in builder.close()] == [2]


def test_pixels_go_with_their_observations() -> None:
    crops = crops_of({1: set(range(9))})
    shaded = [replace(c, pixels=np.full_like(c.pixels, i)) for i, c in enumerate(crops)]

    (clip,) = seal_clips(shaded)

    assert [int(p[0, 0, 0]) for p in clip.inputs] == frames_of(clip)


def test_evidence_makes_clips_as_pixels_do() -> None:
    crops = [
        EvidenceCrop(
            make_crop(1, frame).observation,
            Evidence(np.full((33, 7), frame, np.float32), np.full((64, 64), frame, np.uint8)),
        )
        for frame in range(10)
    ]

    (clip,) = seal_clips(crops)

    assert isinstance(clip.inputs, Evidence)
    assert clip.inputs.landmarks[:, 0, 0].tolist() == frames_of(clip)
    assert clip.inputs.mask[:, 0, 0].tolist() == frames_of(clip)
