import math

import numpy as np
import pytest

from model.training.marks.answers import Answer
from model.training.marks.marks import MARKED_JOINTS
from model.training.marks.score import join, score
from tests.model.training.marks.cases import HEIGHT_PX, STANDING_PX, marked


def shifted(share: float, facing_deg: float = 0.0) -> Answer:
    """An answer that is off by a share of the height, downward."""
    return Answer(STANDING_PX + np.array([0, share * HEIGHT_PX]), facing_deg)


def test_the_marks_themselves_score_full() -> None:
    result = score([marked()], [shifted(0)])

    assert (result.share_near, result.share_facing, result.mean_error) == (1, 1, 0)


def test_an_error_is_a_share_of_the_height() -> None:
    result = score([marked()], [shifted(0.04)])

    assert result.mean_error == pytest.approx(0.04)
    assert result.share_near == 1


def test_a_joint_beyond_five_percent_of_the_height_is_wrong() -> None:
    answer = shifted(0.049)
    answer.joints_px[MARKED_JOINTS.index("left_wrist")] += (0, 0.002 * HEIGHT_PX)

    result = score([marked()], [answer])

    assert result.share_near == pytest.approx(11 / 12)
    assert result.of_joint(MARKED_JOINTS.index("left_wrist")).share_near == 0


def test_a_joint_that_is_not_marked_does_not_count() -> None:
    mark = marked(joints_px=np.where(np.arange(12)[:, None] < 3, np.nan, STANDING_PX))
    answer = shifted(0)
    answer.joints_px[:4] += 100

    assert score([mark], [answer]).share_near == pytest.approx(8 / 9)


def test_a_guessed_joint_counts_but_not_among_the_visible() -> None:
    mark = marked(visible=np.arange(12) > 0)
    answer = shifted(0)
    answer.joints_px[0] += 100

    result = score([mark], [answer])

    assert result.share_near == pytest.approx(11 / 12)
    assert result.share_visible_near == 1


def test_whoever_is_missed_is_wrong_in_everything_but_the_mean() -> None:
    result = score([marked(), marked()], [shifted(0.01), None])

    assert (result.found, result.share_near, result.share_facing) == (1, 0.5, 0.5)
    assert result.mean_error == pytest.approx(0.01)


def test_where_nobody_is_found_there_is_no_mean() -> None:
    result = score([marked()], [None])

    assert (result.found, result.share_near, result.share_facing) == (0, 0, 0)
    assert math.isnan(result.mean_error)


@pytest.mark.parametrize(("facing_deg", "share"), [(59.0, 1), (61.0, 0), (301.0, 1), (180.0, 0)])
def test_sixty_degrees_from_the_mark_still_face_right(facing_deg: float, share: float) -> None:
    assert score([marked()], [shifted(0, facing_deg)]).share_facing == share


def test_all_videos_together_count_every_mark_once() -> None:
    good, bad = score([marked()] * 3, [shifted(0)] * 3), score([marked()], [None])

    assert join([good, bad]).share_near == pytest.approx(3 / 4)
