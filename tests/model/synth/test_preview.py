from pathlib import Path

import cv2
import numpy as np

from model.synth.backdrop import Backdrops
from model.synth.dataset import SynthClips
from model.synth.preview import draw_labels, write_preview
from model.types import JOINT_NAMES
from tests.model.synth.made import small_set


def test_a_sheet_has_a_row_per_clip_and_a_column_per_frame(tmp_path: Path) -> None:
    clips = SynthClips(small_set(tmp_path, side=32), Backdrops())

    write_preview(clips, tmp_path / "sheet.png", clips=2)

    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet.shape == (2 * 224, 8 * 224, 3)
    assert sheet.std() > 5


def test_labels_are_drawn_where_they_say() -> None:
    joints = np.zeros((14, 3), np.float32)
    joints[JOINT_NAMES.index("left_hip"), :2] = [0.5, 0]
    joints[JOINT_NAMES.index("left_knee"), :2] = [0.5, 0.5]

    drawn = draw_labels(np.zeros((224, 224, 3), np.uint8), joints)

    thigh = drawn[130:150, 168]
    assert (thigh[:, 0] > 150).all()  # the left side is yellow
    assert (thigh[:, 2] < 50).all()
