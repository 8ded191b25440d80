"""Figures of a set of films, by how much of the person is hidden, and as a table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from rich.table import Table

from model.films.comparison import Comparison
from model.films.film import LEVELS
from model.training.metrics import (
    acceleration_error_mm_per_frame2,
    mpjpe_mm,
    pa_mpjpe_mm,
)
from model.types import Array


@dataclass(frozen=True)
class Errors:
    """Means over the frames that count; None where there are none.

    Attributes:
        mpvpe_mm: Distance of vertices, both meshes about their pelvis.
        mpjpe_mm: Distance of J14 joints, both sides about their hips.
        pa_mpjpe_mm: The same after the best similarity.
        acceleration_mm_per_frame2: Difference of accelerations.
        acceleration_m_per_s2: The same.
    """

    mpvpe_mm: float | None
    mpjpe_mm: float | None
    pa_mpjpe_mm: float | None
    acceleration_mm_per_frame2: float | None
    acceleration_m_per_s2: float | None


@dataclass(frozen=True)
class Row:
    """Films of one level, or all.

    Attributes:
        level: Its name.
        films: How many.
        visible: Mean share of the person that the pictures show.
        coverage: Share of the frames in which the person was found.
        errors: In these frames.
        constant: There, of the best constant pose; the best of several for each figure.
    """

    level: str
    films: int
    visible: float
    coverage: float
    errors: Errors
    constant: Errors


def summarise(
    compared: Sequence[Comparison], constants: Sequence[Sequence[Comparison]]
) -> tuple[Row, ...]:
    """Return a row for each level that occurs, and one for all.

    Args:
        compared: A comparison a film.
        constants: The same of each constant pose.
    """
    levels = [*(level for level in LEVELS if any(c.truth.level == level for c in compared)), "all"]
    rows = []
    for level in levels:
        chosen = [i for i, c in enumerate(compared) if level in (c.truth.level, "all")]
        films = [compared[i] for i in chosen]
        answers = [measure([constant[i] for i in chosen]) for constant in constants]
        rows.append(
            Row(
                level=level,
                films=len(films),
                visible=float(np.concatenate([c.truth.visible for c in films]).mean()),
                coverage=sum(len(c.frame_index) for c in films) / sum(len(c.truth) for c in films),
                errors=measure(films),
                constant=_best(answers),
            )
        )
    return tuple(rows)


def measure(films: Sequence[Comparison]) -> Errors:
    """Return the mean errors over the rows of all films."""
    steps_mm, steps_m = [], []
    for film in films:
        for run in film.runs():
            error = acceleration_error_mm_per_frame2(film.joints_m[run], film.true_joints_m[run])
            if len(error):
                steps_mm.append(error)
                steps_m.append(error * frames_per_second(film) ** 2 / 1000)
    return Errors(
        mpvpe_mm=_mean(f.mpvpe_mm for f in films),
        mpjpe_mm=_mean(mpjpe_mm(f.joints_m, f.true_joints_m) for f in films),
        pa_mpjpe_mm=_mean(pa_mpjpe_mm(f.joints_m, f.true_joints_m) for f in films),
        acceleration_mm_per_frame2=_mean(steps_mm),
        acceleration_m_per_s2=_mean(steps_m),
    )


def frames_per_second(film: Comparison) -> float:
    """Return the frame rate of a film."""
    return float(1 / np.median(np.diff(film.truth.pts_s)))


def table(rows: Sequence[Row]) -> Table:
    """Return the figures for people, a line of the best constant pose below each."""
    shown = Table(title="from video to mesh", caption=_CAPTION, box=None)
    shown.add_column("hidden")
    for title in ("films", "in view", "found", *_TITLES.values()):
        shown.add_column(title, justify="right")
    for row in rows:
        shares = str(row.films), f"{row.visible:.1%}", f"{row.coverage:.1%}"
        shown.add_row(row.level, *shares, *_figures(row.errors))
        shown.add_row("  constant", "", "", "", *_figures(row.constant), style="dim")
    return shown


_TITLES = {
    "mpvpe_mm": "MPVPE\nmm",
    "mpjpe_mm": "MPJPE\nmm",
    "pa_mpjpe_mm": "PA-MPJPE\nmm",
    "acceleration_mm_per_frame2": "acc. error\nmm/frame²",
    "acceleration_m_per_s2": "\nm/s²",
}
_CAPTION = "means over the frames in which the person was found; constant: the best constant pose"


def _figures(errors: Errors) -> list[str]:
    values = [getattr(errors, name) for name in _TITLES]
    return ["-" if value is None else f"{value:.1f}" for value in values]


def _best(answers: Sequence[Errors]) -> Errors:
    values = {name: [getattr(a, name) for a in answers] for name in _TITLES}
    known = {name: [v for v in found if v is not None] for name, found in values.items()}
    return Errors(**{name: min(found, default=None) for name, found in known.items()})


def _mean(parts: Iterable[Array]) -> float | None:
    values = np.concatenate([np.zeros(0), *parts])
    return float(values.mean()) if len(values) else None
