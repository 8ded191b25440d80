"""What a person at a terminal sees: progress while it runs, a table when it is done."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from model.reconstruction import Reconstruction
from service.messages import DeadClip

LABELS: Mapping[str, str] = {
    "upload": "send, MB",
    "decode": "decode video",
    "track": "find people",
    "crop": "crop",
    "network": "network",
    "write": "write result",
    "fetch": "fetch, MB",
}
"""Stages of the pipeline in the order they are shown, in words."""


class ProgressBars:
    """A bar per stage, appearing as the stages begin. A `model.stages.Watch` when called."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<14}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> "ProgressBars":
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def __call__(self, stage: str, done: int, expected: int | None) -> None:
        """Show that `done` items of `stage` are finished."""
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(LABELS.get(stage, stage), total=expected)
        self._progress.update(self._tasks[stage], completed=done, total=expected)


def job_summary(job: Mapping[str, Any]) -> Table:
    """People, frames and seconds of a job that a server did, as a table."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("job", job["id"])
    table.add_row("people", str(job["people"]))
    table.add_row("frames", str(job["progress"]["decode"]["done"]))
    begun, ended = (datetime.fromisoformat(job[key]) for key in ("created_at", "finished_at"))
    table.add_row("together", f"{(ended - begun).total_seconds():.2f} s")
    return table


def summary(result: Reconstruction, seconds: Mapping[str, float]) -> Table:
    """People, coverage and seconds per stage, as a table."""
    meta = result.meta
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("people", str(len(result.sequences)))
    table.add_row("frames", f"{meta.frame_count}, of which {meta.coverage:.1%} show somebody")
    for sequence in result.sequences:
        seen = int(sequence.observed.sum())
        span = f"{sequence.pts_s[0]:.2f} to {sequence.pts_s[-1]:.2f} s"
        table.add_row(f"  person {sequence.track_id}", f"{seen} frames, {span}")
    for stage, label in LABELS.items():
        if stage in seconds:
            table.add_row(label, f"{seconds[stage]:.2f} s")
    total = sum(seconds.values())
    table.add_row("together", f"{total:.2f} s, {meta.frame_count / max(total, 1e-9):.1f} frames/s")
    for note in meta.notes:
        table.add_row("note", note)
    return table


def dead_letter(letter: DeadClip) -> str:
    """A clip that was given up, on one line: when, whose, which frames, and why."""
    at = datetime.fromtimestamp(letter.at_s, UTC).isoformat(timespec="seconds")
    tried = f"job {letter.request.job}, {letter.attempts} attempts"
    return f"{at} {tried}, {letter.code}: {letter.message}"
