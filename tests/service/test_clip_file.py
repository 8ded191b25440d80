"""What goes through the store comes back as it was; anything else is refused."""

from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load, save

from model.clip_rows import ClipRows, keep_rows
from model.clips import Clip, seal_clips
from model.errors import InputError
from model.types import Evidence, EvidenceCrop
from service.clip_file import pack_clip, pack_rows, unpack_clip, unpack_rows
from tests.model.people import answer, make_crop


def a_clip(frames: int = 11, track_id: int = 3) -> Clip:
    (clip,) = seal_clips(make_crop(track_id, frame) for frame in range(5, 5 + frames))
    return clip


def an_evidence_clip() -> Clip:
    numbers = np.random.default_rng(0)
    crops = []
    for frame in range(8):
        landmarks = numbers.normal(size=(33, 7)).astype(np.float32)
        evidence = Evidence(landmarks, numbers.integers(0, 256, (64, 64), np.uint8))
        crops.append(EvidenceCrop(make_crop(1, frame).observation, evidence))
    (clip,) = seal_clips(crops)
    return clip


def arrays_of(clip: Clip) -> dict[str, np.ndarray]:
    inputs = clip.inputs
    return vars(inputs) if isinstance(inputs, Evidence) else {"pixels": inputs}


@pytest.mark.parametrize("clip", [a_clip(), an_evidence_clip()], ids=["pixels", "evidence"])
def test_a_clip_comes_back_as_it_was(clip: Clip) -> None:
    back = unpack_clip(pack_clip(clip))

    assert back.id == clip.id
    np.testing.assert_array_equal(back.keep, clip.keep)
    for name, array in arrays_of(clip).items():
        np.testing.assert_array_equal(arrays_of(back)[name], array)
    for one, other in zip(back.observations, clip.observations, strict=True):
        assert (one.frame_index, one.pts_s) == (other.frame_index, other.pts_s)
        assert one.score == pytest.approx(other.score)
        np.testing.assert_array_equal(one.crop_px, other.crop_px)


@pytest.mark.parametrize("regressor", [False, True])
def test_rows_come_back_as_they_were(regressor: bool) -> None:
    rows = keep_rows(a_clip(), answer(a_clip(), regressor=regressor))

    back = unpack_rows(pack_rows(rows))

    assert (back.track_id, back.padded) == (3, False)
    np.testing.assert_array_equal(back.frame_index, range(5, 16))
    np.testing.assert_array_equal(back.pts_s, rows.pts_s)
    assert back.values.keys() == rows.values.keys()
    for name, value in rows.values.items():
        np.testing.assert_array_equal(back.values[name], value)


def test_rows_of_a_short_stay_say_so() -> None:
    clip = a_clip(frames=3)

    back = unpack_rows(pack_rows(keep_rows(clip, answer(clip))))

    assert back.padded
    assert list(back.frame_index) == [5, 6, 7]


def test_evidence_of_32_frames_takes_little_room() -> None:
    clip = an_evidence_clip()

    assert len(pack_clip(clip)) < 8 * 5200


@pytest.mark.parametrize(
    "change",
    [
        {"keep": np.zeros(16, bool)},
        {"keep": np.ones(15, bool)},
        {"score": np.full(16, np.nan, np.float32)},
        {"frame_index": np.full(16, -1, np.int32)},
        {"frame_index": np.zeros(16, np.int64)},
        {"pixels": np.zeros((16, 8, 8, 3), np.uint8)},
        {"version": np.array(99, np.int32)},
        {"track_id": np.zeros(2, np.int32)},
        {"more": np.zeros(16)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_clip_that_is_none_is_refused(change: dict[str, np.ndarray]) -> None:
    data = save(load(pack_clip(a_clip())) | change)

    with pytest.raises(InputError) as raised:
        unpack_clip(data)

    assert raised.value.code == "damaged_object"


@pytest.mark.parametrize("data", [b"", b"\0" * 40, b"\xff" * 40, pack_clip(a_clip())[:-1]])
def test_bytes_that_are_no_clip_are_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="run the job again"):
        unpack_clip(data)


def test_rows_out_of_order_are_refused() -> None:
    rows = keep_rows(a_clip(), answer(a_clip()))
    back: ClipRows = replace(rows, frame_index=rows.frame_index[::-1])

    with pytest.raises(InputError, match="out of order"):
        unpack_rows(pack_rows(back))


def test_a_clip_is_no_result() -> None:
    with pytest.raises(InputError):
        unpack_rows(pack_clip(a_clip()))
