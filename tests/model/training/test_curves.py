from pathlib import Path

import cv2
import pytest

from model.training.curves import COLUMNS, PANEL_HEIGHT, PANEL_WIDTH, draw_curves
from model.training.run_log import RunLog


@pytest.mark.parametrize(
    ("values", "lines"), [({}, 1), ({"a": 1.0}, 1), (dict.fromkeys("abcd", 2.0), 2)]
)
def test_every_value_has_a_panel(tmp_path: Path, values: dict[str, float], lines: int) -> None:
    log = RunLog(tmp_path / "log.jsonl", step=0)
    for step in range(1, 4):
        log.write(step, values)

    draw_curves(tmp_path / "log.jsonl", tmp_path / "curves.png", "abcdef")

    picture = cv2.imread(str(tmp_path / "curves.png"))
    assert picture.shape == (lines * PANEL_HEIGHT, COLUMNS * PANEL_WIDTH, 3)


def test_a_falling_value_falls_in_the_picture(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "log.jsonl", step=0)
    for step in range(100):
        log.write(step, {"loss": 100.0 / (1 + step)})

    draw_curves(tmp_path / "log.jsonl", tmp_path / "curves.png", ["loss"])

    blue, _, red = cv2.split(cv2.imread(str(tmp_path / "curves.png")).astype(int))
    rows, columns = (blue - red > 100).nonzero()  # the line
    assert rows[columns.argmin()] < rows[columns.argmax()]
