"""People by person and by frame."""

import numpy as np

from model.export.rows import CHUNK_ROWS, PeopleByFrame, iterate_chunks, slices
from tests.model.dancers import dancer, reconstruction_of


def test_slices_cover_every_row_once() -> None:
    assert [(part.start, part.stop) for part in slices(70, 32)] == [(0, 32), (32, 64), (64, 70)]


def test_chunks_pass_every_row_in_order_and_tell_progress() -> None:
    result = reconstruction_of(dancer(1, range(40)), dancer(2, range(5, 10)))
    told: list[tuple[int, int]] = []
    chunks = list(iterate_chunks(result, lambda done, total: told.append((done, total))))
    rows = [(c.sequence.track_id, f) for c in chunks for f in c.shown.frame_index.tolist()]
    assert rows == [(1, f) for f in range(40)] + [(2, f) for f in range(5, 10)]
    assert told == [(CHUNK_ROWS, 45), (40, 45), (45, 45)]


def test_each_frame_finds_those_who_are_in_it() -> None:
    late, gappy = list(range(33, 90)), [0, 1, 2, 60, 61, 70]
    result = reconstruction_of(dancer(1, late), dancer(2, gappy))
    people = PeopleByFrame(result)
    for frame in range(100):
        found = {
            chunk.sequence.track_id: int(chunk.shown.frame_index[row])
            for chunk, row in people.at(frame)
        }
        expected = {1: frame} if frame in late else {}
        assert found == expected | ({2: frame} if frame in gappy else {})


def test_frames_may_be_left_out() -> None:
    people = PeopleByFrame(reconstruction_of(dancer(1, range(200))))
    for frame in (0, 90, 199):
        [(chunk, row)] = people.at(frame)
        assert chunk.shown.frame_index[row] == frame


def test_a_row_by_frame_is_the_row_by_person() -> None:
    result = reconstruction_of(dancer(1, range(40)))
    people = PeopleByFrame(result)
    [(chunk, row)] = people.at(37)
    expected = result.mesh(result.sequences[0], slice(37, 38)).vertices_m[0]
    np.testing.assert_allclose(chunk.mesh.vertices_m[row], expected, atol=1e-6)
