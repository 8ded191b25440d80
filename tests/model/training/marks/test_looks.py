import numpy as np

from model.training.marks.looks import choose, overlap
from model.types import Observation
from tests.model.training.marks.cases import BOX_PX, marked, seen

HERE, BESIDE, ELSEWHERE = (0.0, 0.0), (40.0, 0.0), (500.0, 0.0)


def observed(track_id: int = 1, frame_index: int = 3) -> Observation:
    return Observation(track_id, frame_index, 0.1, np.zeros(4, np.float32), 0.9)


def test_a_box_overlaps_itself_fully_and_a_distant_one_not_at_all() -> None:
    box = np.array(BOX_PX)

    assert overlap(box, box) == 1
    assert overlap(box, box + 1000) == 0


def test_half_a_box_overlaps_by_half() -> None:
    assert overlap(np.array([0.0, 0, 2, 2]), np.array([0.0, 0, 2, 1])) == 0.5


def test_the_person_who_overlaps_best_is_taken() -> None:
    beside, here = seen(BESIDE), seen(HERE)

    (look,) = choose([marked()], [(observed(1), beside), (observed(2), here)])

    assert look is here


def test_a_person_in_another_frame_is_not_taken() -> None:
    assert choose([marked()], [(observed(frame_index=4), seen(HERE))]) == [None]


def test_a_person_elsewhere_is_not_taken() -> None:
    assert choose([marked()], [(observed(), seen(ELSEWHERE))]) == [None]


def test_nobody_is_taken_for_two() -> None:
    only = seen(HERE)

    looks = choose([marked(shift_px=(20.0, 0.0)), marked()], [(observed(), only)])

    assert looks == [None, only]


def test_two_people_side_by_side_keep_to_their_marks() -> None:
    left, right = seen(HERE), seen(BESIDE)

    looks = choose(
        [marked(shift_px=BESIDE), marked(shift_px=HERE)],
        [(observed(1), left), (observed(2), right)],
    )

    assert looks == [right, left]
