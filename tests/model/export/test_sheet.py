"""Contact sheets, read again and looked at by colour."""

from pathlib import Path

import cv2
import numpy as np

from model.export.sheet import COLUMNS, PANEL_WIDTH, write_sheet
from tests.model.dancers import HEIGHT, WIDTH, dancer, grey_frames, reconstruction_of

OVERLAY_HEIGHT = round(HEIGHT * PANEL_WIDTH / WIDTH)


def read(path: Path) -> np.ndarray:
    return cv2.imread(str(path))[..., ::-1].astype(int)


def test_each_column_has_an_overlay_and_a_body_from_the_side(tmp_path: Path) -> None:
    write_sheet(reconstruction_of(dancer(1, range(9))), grey_frames(9), tmp_path / "out.png")

    rgb = read(tmp_path / "out.png")

    assert rgb.shape == (OVERLAY_HEIGHT + PANEL_WIDTH, COLUMNS * PANEL_WIDTH, 3)
    coloured = np.ptp(rgb, axis=-1) > 40  # the person's blue on grey
    for column in np.split(coloured, COLUMNS, axis=1):
        assert column[:OVERLAY_HEIGHT].mean() > 0.01
        assert column[OVERLAY_HEIGHT:].mean() > 0.01


def test_a_short_stay_has_a_column_per_frame(tmp_path: Path) -> None:
    write_sheet(reconstruction_of(dancer(1, range(2, 4))), grey_frames(9), tmp_path / "out.png")

    assert read(tmp_path / "out.png").shape[1] == 2 * PANEL_WIDTH


def test_the_video_is_read_no_further_than_needed(tmp_path: Path) -> None:
    frames = iter(grey_frames(9))

    write_sheet(reconstruction_of(dancer(1, range(3))), frames, tmp_path / "out.png")

    assert next(frames).index == 3
