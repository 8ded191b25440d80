"""A picture of how a run went: every logged value over the steps, a panel each."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from model.training.run_log import read_log
from model.types import Array

PANEL_WIDTH, PANEL_HEIGHT, MARGIN, COLUMNS = 460, 240, 62, 3
_INK, _GRID, _LINE, _PAPER = (60, 60, 60), (225, 225, 225), (180, 90, 20), 255


def draw_curves(log: Path, target: Path, names: Sequence[str]) -> None:
    """Write a PNG with a panel for each of these values that the log has.

    Args:
        log: As `RunLog` writes it.
        target: The picture.
        names: Of the values, in the order of the panels.
    """
    rows = read_log(log)
    series = {name: _series(rows, name) for name in names}
    panels = [_panel(name, points) for name, points in series.items() if len(points)]
    while len(panels) % COLUMNS or not panels:
        panels.append(np.full((PANEL_HEIGHT, PANEL_WIDTH, 3), _PAPER, np.uint8))
    lines = [np.hstack(panels[i : i + COLUMNS]) for i in range(0, len(panels), COLUMNS)]
    cv2.imwrite(str(target), np.vstack(lines))


def _series(rows: list[dict[str, Any]], name: str) -> Array:
    """Steps and values that are positive, for they are drawn on a logarithmic scale, [n,2]."""
    points = [(row["step"], row[name]) for row in rows if row.get(name, 0) > 0]
    return np.array(points, np.float64).reshape(-1, 2)


def _panel(name: str, points: Array) -> Array:
    panel = np.full((PANEL_HEIGHT, PANEL_WIDTH, 3), _PAPER, np.uint8)
    steps, logs = points[:, 0], np.log10(points[:, 1])
    low, high = float(logs.min()), float(logs.max())
    low, high = (low - 0.05, high + 0.05) if high - low < 0.1 else (low, high)
    first, last = float(steps.min()), max(float(steps.max()), float(steps.min()) + 1)
    x = MARGIN + (steps - first) / (last - first) * (PANEL_WIDTH - MARGIN - 14)
    y = PANEL_HEIGHT - 26 - (logs - low) / (high - low) * (PANEL_HEIGHT - 60)
    for value in np.linspace(low, high, 4):
        height = int(PANEL_HEIGHT - 26 - (value - low) / (high - low) * (PANEL_HEIGHT - 60))
        cv2.line(panel, (MARGIN, height), (PANEL_WIDTH - 14, height), _GRID, 1)
        _write(panel, f"{10**value:.3g}", (4, height + 4))
    corners = np.stack([x, y], axis=1).round().astype(np.int32)
    cv2.polylines(panel, [corners[:, None]], False, _LINE, 1, cv2.LINE_AA)
    _write(panel, f"{name}   last {points[-1, 1]:.4g}", (MARGIN, 18))
    _write(panel, f"step {first:.0f}", (MARGIN, PANEL_HEIGHT - 8))
    end = f"{last:.0f}"
    _write(panel, end, (PANEL_WIDTH - 14 - 7 * len(end), PANEL_HEIGHT - 8))
    return panel


def _write(panel: Array, text: str, corner: tuple[int, int]) -> None:
    cv2.putText(panel, text, corner, cv2.FONT_HERSHEY_SIMPLEX, 0.38, _INK, 1, cv2.LINE_AA)
