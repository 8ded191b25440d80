"""Scores on hand-marked frames as tables."""

from collections.abc import Mapping
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from model.training.marks.marks import MARKED_JOINTS
from model.training.marks.score import MAX_TURN_DEG, NEAR, Score, join

CIRCULAR = "BlazePose (circular: a sanity check)"
"""What a network that sees BlazePose's landmarks is given cannot measure that network."""


@dataclass(frozen=True, eq=False)
class MarksReport:
    """Scores of all who were asked, by name, then by video."""

    scores: Mapping[str, Mapping[str, Score]]

    def total(self, name: str) -> Score:
        """All videos together."""
        return join(list(self.scores[name].values()))

    def print(self, console: Console) -> None:
        """Show shares by video and by joint."""
        console.print(self.by_video())
        console.print(self.by_joint())

    def by_video(self) -> Table:
        """Of everybody who was asked, a row per video and one in all."""
        table = Table(title="people marked by hand")
        for title in ("asked", "video"):
            table.add_column(title)
        for title in _COLUMNS:
            table.add_column(title, justify="right")
        for name, videos in self.scores.items():
            for video, one in videos.items():
                table.add_row(name, video, *_figures(one))
            table.add_row(name, "all", *_figures(self.total(name)), end_section=True, style="bold")
        return table

    def by_joint(self) -> Table:
        """Of everybody who was asked, the share of right joints, a row per joint."""
        table = Table(title=f"joints within {NEAR:.0%} of the height, and mean error in % of it")
        table.add_column("joint")
        for name in self.scores:
            table.add_column(name, justify="right")
        for k, joint in enumerate(MARKED_JOINTS):
            ones = [self.total(name).of_joint(k) for name in self.scores]
            cells = [f"{one.share_near:.2f}  {100 * one.mean_error:4.1f}" for one in ones]
            table.add_row(joint.replace("_", " "), *cells)
        return table


_COLUMNS = (
    "found",
    f"joints within {NEAR:.0%}",
    "of visible ones",
    "mean error, %",
    f"facing within {MAX_TURN_DEG:.0f}°",
)


def _figures(one: Score) -> tuple[str, ...]:
    return (
        f"{one.found} of {len(one.turns_deg)}",
        f"{one.share_near:.3f}",
        f"{one.share_visible_near:.3f}",
        f"{100 * one.mean_error:.2f}",
        f"{one.share_facing:.3f}",
    )
