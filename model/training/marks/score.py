"""How many marked joints were hit, and how many people face the right way."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from model.training.marks.answers import Answer
from model.training.marks.facing import turn_between_deg
from model.training.marks.marks import Mark
from model.types import Array

NEAR = 0.05  # of the person's height: a joint closer than this is right
MAX_TURN_DEG = 60.0  # from the mark: within it somebody faces right


@dataclass(frozen=True, eq=False)
class Score:
    """Errors, a row per marked person.

    Attributes:
        errors: Distance of a joint from its mark over the person's height; NaN where there is no
            mark, infinite where the person was missed.
        turns_deg: Turn between the direction somebody faces and the marked one; infinite where the
            person was missed.
        visible: Marks that were seen, not guessed.
    """

    errors: Float64[Array, "marks joints"]
    turns_deg: Float64[Array, "marks"]
    visible: Bool[Array, "marks joints"]

    @property
    def found(self) -> int:
        """Number of people who were not missed."""
        return int(np.isfinite(self.turns_deg).sum())

    @property
    def share_near(self) -> float:
        """Share of the marked joints that are right; joints of people missed are wrong."""
        return _share(self.errors[~np.isnan(self.errors)] <= NEAR)

    @property
    def share_visible_near(self) -> float:
        """The same over the joints that were seen."""
        return _share(self.errors[self.visible] <= NEAR)

    @property
    def share_facing(self) -> float:
        """Share of the marked people who face right; whoever was missed does not."""
        return _share(self.turns_deg <= MAX_TURN_DEG)

    @property
    def mean_error(self) -> float:
        """Of the joints of people who were found, over the height; NaN where nobody was."""
        known = self.errors[np.isfinite(self.errors)]
        return float(known.mean()) if known.size else float("nan")

    def of_joint(self, joint: int) -> "Score":
        """Return the score of one joint, as an index of `MARKED_JOINTS`."""
        column = [joint]
        return Score(self.errors[:, column], self.turns_deg, self.visible[:, column])


def score(marks: Sequence[Mark], answers: Sequence[Answer | None]) -> Score:
    """Compare what was said of marked people with the marks.

    Args:
        marks: The people.
        answers: Of each; None where nobody was found there.
    """
    errors, turns_deg = np.full((len(marks), 12), np.inf), np.full(len(marks), np.inf)
    for i, (mark, answer) in enumerate(zip(marks, answers, strict=True)):
        if answer is not None:
            apart_px = np.linalg.norm(answer.joints_px - mark.joints_px, axis=1)
            errors[i] = apart_px / mark.height_px
            turns_deg[i] = turn_between_deg(answer.facing_deg, mark.facing_deg)
        errors[i, np.isnan(mark.joints_px).any(axis=1)] = np.nan
    return Score(errors, turns_deg, np.array([mark.visible for mark in marks]))


def join(scores: Sequence[Score]) -> Score:
    """Return the score of all videos together."""
    return Score(
        np.concatenate([one.errors for one in scores]),
        np.concatenate([one.turns_deg for one in scores]),
        np.concatenate([one.visible for one in scores]),
    )


def _share(right: Bool[Array, "n"]) -> float:
    return float(right.mean()) if right.size else float("nan")
