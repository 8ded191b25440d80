"""Scores on hand-marked frames as tables."""

from collections.abc import Mapping
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from model.training.marks.marks import MARKED_JOINTS
from model.training.marks.score import MAX_TURN_DEG, NEAR, Score, join

BLAZEPOSE = "BlazePose"
CIRCULAR = (
    "BlazePose's own landmarks, as a sanity check: a network that sees them cannot be measured by "
    "them (circular), nor can it be expected to do much better"
)


@dataclass(frozen=True, eq=False)
class MarksReport:
    """Scores of all who were asked, by name, then by video."""

    scores: Mapping[str, Mapping[str, Score]]

    def total(self, name: str) -> Score:
        """All videos together."""
        return join(list(self.scores[name].values()))

    def print(self, console: Console) -> None:
        """Show shares by video for each who was asked, and by joint."""
        for name in self.scores:
            console.print(self.by_video(name))
        console.print(self.by_joint())

    def by_video(self, name: str) -> Table:
        """Of one who was asked, a row per video and one in all."""
        caption = CIRCULAR if name == BLAZEPOSE else None
        table = Table(title=name, caption=caption, box=None, title_justify="left")
        table.add_column("video")
        for title in _COLUMNS:
            table.add_column(title, justify="right")
        for video, one in self.scores[name].items():
            table.add_row(video, *_figures(one))
        table.add_row("all", *_figures(self.total(name)), style="bold")
        return table

    def by_joint(self) -> Table:
        """Of everybody who was asked, the share of right joints, a row per joint."""
        title = f"share within {NEAR:.0%} of the height, and mean error in % of it"
        table = Table(title=title, box=None, title_justify="left")
        table.add_column("joint")
        for name in self.scores:
            table.add_column(name, justify="right")
        for k, joint in enumerate(MARKED_JOINTS):
            ones = [self.total(name).of_joint(k) for name in self.scores]
            cells = [f"{one.share_near:.2f}  {100 * one.mean_error:4.1f}" for one in ones]
            table.add_row(joint.replace("_", " "), *cells)
        return table


_COLUMNS = ("found", f"within {NEAR:.0%}", "visible", "error", f"facing {MAX_TURN_DEG:.0f}°")


def _figures(one: Score) -> tuple[str, ...]:
    return (
        f"{one.found} of {len(one.turns_deg)}",
        f"{one.share_near:.3f}",
        f"{one.share_visible_near:.3f}",
        f"{100 * one.mean_error:.1f} %",
        f"{one.share_facing:.3f}",
    )
