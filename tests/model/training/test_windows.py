import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import InputError
from model.training.windows import Track, cut_windows, group_tracks


def keys_of(sequence: str, frames: range, turns: int = 1) -> list[str]:
    return [f"{sequence}/image_{f:05d}.jpg" for f in frames for _ in range(turns)]


def test_sequences_become_tracks_in_time_order() -> None:
    keys = [*keys_of("b", range(9, 11)), *keys_of("a", range(2)), *keys_of("b", range(8, 9))]

    tracks = group_tracks(keys, {})

    assert tracks == [Track("b/image", (4, 0, 1)), Track("a/image", (2, 3))]


def test_human36m_keys_are_a_sequence_per_camera() -> None:
    keys = [f"images/S1_Directions_1.{camera}_{f:06d}.jpg" for f in (1, 6) for camera in (54, 55)]

    assert [track.rows for track in group_tracks(keys, {})] == [(0, 2), (1, 3)]


def test_persons_of_a_sequence_take_turns() -> None:
    tracks = group_tracks(keys_of("bus_00", range(3), turns=2), {"bus_00": 2})

    assert [track.rows for track in tracks] == [(0, 2, 4), (1, 3, 5)]


def test_a_second_person_nobody_spoke_of_is_an_error() -> None:
    with pytest.raises(InputError, match=r"frame 0 2 times.*persons: .*: 2") as caught:
        group_tracks(keys_of("bus_00", range(3), turns=2), {})

    assert caught.value.code == "unknown_persons"


def test_a_key_without_a_frame_number_is_an_error() -> None:
    with pytest.raises(InputError, match=r"row 2 has the key 'a\.jpg'"):
        group_tracks(["a_1.jpg", "a.jpg"], {})


@given(st.lists(st.integers(1, 40), min_size=1, max_size=4))
def test_every_row_counts_once(lengths: list[int]) -> None:
    starts = np.cumsum([0, *lengths])
    tracks = [Track(str(i), tuple(range(starts[i], starts[i + 1]))) for i in range(len(lengths))]

    windows = cut_windows(tracks)

    kept = [r for w in windows for r, keep in zip(w.rows, w.keep, strict=True) if keep]
    assert kept == list(range(starts[-1]))
    assert all(len(w.rows) == len(w.keep) == 8 for w in windows)


@pytest.mark.parametrize(("length", "counted"), [(5, [5, 5]), (8, [8]), (23, [8, 8])])
def test_the_published_protocol_drops_the_rest_and_doubles_the_short(
    length: int, counted: list[int]
) -> None:
    windows = cut_windows([Track("a", tuple(range(length)))], "published")

    assert [sum(w.keep) for w in windows] == counted
