from dataclasses import replace

import numpy as np

from model.films.film import Truth
from model.films.matching import overlap, rows_of_person
from tests.model.films.made import found, made_truth


def moved(truth: Truth, x_px: float) -> np.ndarray:
    return truth.square_px + np.float32([x_px, 0, x_px, 0])


def test_overlap_is_shared_over_joint_area() -> None:
    boxes = np.float64([[0, 0, 10, 10], [0, 0, 10, 10], [0, 0, 10, 10]])
    others = np.float64([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30]])

    assert np.allclose(overlap(boxes, others), [1, 1 / 3, 0])


def test_all_tracks_of_the_person_count() -> None:
    truth = made_truth(frames=12)
    tracks = [found(truth, range(5), 1), found(truth, range(7, 12), 4)]

    chosen = rows_of_person(tracks, truth)

    assert [(s.track_id, rows.tolist()) for s, rows in chosen] == [
        (1, [0, 1, 2, 3, 4]),
        (4, [0, 1, 2, 3, 4]),
    ]


def test_a_track_of_somebody_else_does_not_count() -> None:
    truth = made_truth()
    truth = replace(truth, others_px=moved(truth, 40)[None])
    other = replace(found(truth), crop_px=moved(truth, 30))

    assert rows_of_person([other], truth) == []


def test_a_track_of_nobody_does_not_count() -> None:
    truth = made_truth()

    assert rows_of_person([replace(found(truth), crop_px=moved(truth, 110))], truth) == []


def test_of_two_tracks_in_one_frame_the_closer_counts() -> None:
    truth = made_truth(frames=12)
    near = replace(found(truth, range(6), 2), crop_px=truth.square_px[:6] + 5)
    rough = replace(found(truth, track_id=1), crop_px=truth.square_px + 20)

    chosen = {s.track_id: rows.tolist() for s, rows in rows_of_person([rough, near], truth)}

    assert chosen == {1: [6, 7, 8, 9, 10, 11], 2: [0, 1, 2, 3, 4, 5]}


def test_two_tracks_that_overlap_alike_count_once() -> None:
    truth = made_truth(frames=12)

    chosen = rows_of_person([found(truth, track_id=1), found(truth, track_id=2)], truth)

    assert sum(len(rows) for _, rows in chosen) == 12
