from pathlib import Path

import numpy as np
import pytest

from model.assemble import Assembler
from model.camera import crop_camera_to_image
from model.clips import Clip, seal_clips
from model.config import ModelCard
from model.errors import InputError
from model.reconstruction import Reconstruction
from model.types import VideoInfo
from tests.model.dancers import reconstruction_of
from tests.model.people import answer, make_crop

CARD = ModelCard(name="test", body="anny", licence="CC0", trained=False)


def clips_of(tracks: dict[int, set[int]]) -> list[Clip]:
    rows = [(frame, track_id) for track_id, frames in tracks.items() for frame in frames]
    return list(seal_clips(make_crop(track_id, frame) for frame, track_id in sorted(rows)))


def assemble(
    folder: Path,
    clips: list[Clip],
    *,
    frames: int,
    regressor: bool = False,
    focal_px: float | None = None,
) -> Reconstruction:
    assembler = Assembler(folder)
    for frame in range(frames):
        assembler.see(frame, frame / 30)
    for clip in clips:
        assembler.add(clip, answer(clip, regressor=regressor))
    plain = reconstruction_of()
    video = VideoInfo(width=1280, height=720)
    return assembler.finish(
        CARD, "0" * 64, plain.body, plain.upsampling, video, focal_px=focal_px, notes=("a note",)
    )


@pytest.mark.parametrize("length", [1, 7, 8, 9, 15, 1000])
def test_each_frame_comes_out_once_with_its_own_estimate(tmp_path: Path, length: int) -> None:
    clips = clips_of({1: set(range(length))})

    (sequence,) = assemble(tmp_path, clips, frames=length).sequences

    assert list(sequence.frame_index) == list(range(length))
    np.testing.assert_allclose(sequence.pts_s, np.arange(length) / 30)
    (alone,) = clips_of({1: {length - 1}})
    np.testing.assert_array_equal(sequence.coarse_m[-1], answer(alone).coarse_m[0])
    np.testing.assert_array_equal(
        sequence.crop_px[-1], make_crop(1, length - 1).observation.crop_px
    )


def test_the_order_of_clips_does_not_matter(tmp_path: Path) -> None:
    clips = clips_of({2: set(range(70)), 7: set(range(20, 90)) - {41, 42}})
    shuffled = [clips[i] for i in np.random.default_rng(0).permutation(len(clips))]

    straight = assemble(tmp_path / "a", clips, frames=90, regressor=True)
    mixed = assemble(tmp_path / "b", shuffled, frames=90, regressor=True)

    assert [s.track_id for s in mixed.sequences] == [2, 7]
    for one, other in zip(straight.sequences, mixed.sequences, strict=True):
        for column in ("frame_index", "coarse_m", "camera", "crop_px", "rotmat", "observed"):
            np.testing.assert_array_equal(getattr(one, column), getattr(other, column))


def test_a_short_gap_is_filled_marked_and_lies_between_its_ends(tmp_path: Path) -> None:
    clips = clips_of({1: set(range(10)) | set(range(20, 30))})

    (sequence,) = assemble(tmp_path, clips, frames=30, regressor=True).sequences

    hidden = slice(10, 20)
    assert list(np.flatnonzero(~sequence.observed)) == list(range(10, 20))
    assert (sequence.score[hidden] == 0).all()
    assert (sequence.score[sequence.observed] > 0).all()
    expected = np.linspace(sequence.coarse_m[9], sequence.coarse_m[20], 12)[1:-1]
    np.testing.assert_allclose(sequence.coarse_m[hidden], expected, atol=1e-6)
    _, pelvis_px = crop_camera_to_image(sequence.camera, sequence.crop_px)
    np.testing.assert_allclose(
        pelvis_px[hidden], np.linspace(pelvis_px[9], pelvis_px[20], 12)[1:-1], atol=1e-3
    )
    assert sequence.rotmat is not None
    np.testing.assert_allclose(np.linalg.det(sequence.rotmat[hidden]), 1, atol=1e-5)


def test_a_long_gap_stays(tmp_path: Path) -> None:
    clips = clips_of({1: {0, 1, 2, 50, 51}})

    (sequence,) = assemble(tmp_path, clips, frames=60).sequences

    assert list(sequence.frame_index) == [0, 1, 2, 50, 51]
    assert sequence.observed.all()


def test_coverage_counts_observed_frames_only(tmp_path: Path) -> None:
    clips = clips_of({1: set(range(10)) | set(range(20, 30)), 2: set(range(5, 15))})

    meta = assemble(tmp_path, clips, frames=50).meta

    assert meta.frame_count == 50
    assert meta.coverage == pytest.approx(25 / 50)


def test_the_focal_length_is_the_diagonal_unless_given(tmp_path: Path) -> None:
    assumed = assemble(tmp_path / "a", [], frames=3)
    given = assemble(tmp_path / "b", [], frames=3, focal_px=1000.0)

    assert assumed.meta.focal_px == pytest.approx(np.hypot(1280, 720))
    assert assumed.meta.focal_source == "assumed: image diagonal"
    assert (given.meta.focal_px, given.meta.focal_source) == (1000.0, "given")
    np.testing.assert_array_equal(given.intrinsics, [[1000, 0, 640], [0, 1000, 360], [0, 0, 1]])


def test_nobody_is_an_empty_result(tmp_path: Path) -> None:
    reconstruction = assemble(tmp_path, [], frames=5)

    assert reconstruction.sequences == ()
    assert reconstruction.meta.coverage == 0


def test_a_short_stay_is_noted_beside_the_notes_given(tmp_path: Path) -> None:
    brief = assemble(tmp_path / "a", clips_of({1: set(range(5)), 2: {0}}), frames=9)
    long = assemble(tmp_path / "b", clips_of({1: set(range(9))}), frames=9)

    assert long.meta.notes == ("a note",)
    assert "fewer than 8 frames 2 times" in brief.meta.notes[1]


def test_rows_are_mapped_not_loaded(tmp_path: Path) -> None:
    (sequence,) = assemble(tmp_path, clips_of({1: set(range(9))}), frames=9).sequences

    assert isinstance(sequence.coarse_m, np.memmap)
    assert not (tmp_path / "arrived").exists()


def test_a_network_that_gives_no_numbers_is_refused_naming_the_frames(tmp_path: Path) -> None:
    (clip,) = clips_of({3: set(range(8))})
    estimate = answer(clip)
    estimate.coarse_m[[2, 5], 7, 1] = np.nan, np.inf

    with pytest.raises(InputError, match="person 3 in frames 2, 5;") as raised:
        Assembler(tmp_path).add(clip, estimate)

    assert raised.value.code == "bad_output"
