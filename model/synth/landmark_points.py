"""Where on the body BlazePose puts its 33 landmarks.

Chosen on 1,100 rendered pictures of dressed people of the body `anny`: the vertices whose mean lies
nearest to what BlazePose answered, one to three for each landmark.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int32

from model.types import Array

_VERTICES: dict[str, dict[int, float]] = {
    "nose": {616: 0.7, 6359: 0.3},
    "left_eye_inner": {7402: 1},
    "left_eye": {11081: 1},
    "left_eye_outer": {11256: 1},
    "right_eye_inner": {1258: 1},
    "right_eye": {5211: 1},
    "right_eye_outer": {1354: 1},
    "left_ear": {11701: 0.84, 1004: 0.16},
    "right_ear": {5306: 0.84, 7144: 0.16},
    "mouth_left": {9842: 0.78, 3717: 0.22},
    "mouth_right": {560: 0.85, 6853: 0.15},
    "left_shoulder": {7514: 0.67, 7728: 0.33},
    "right_shoulder": {1376: 0.63, 1610: 0.37},
    "left_elbow": {9477: 0.73, 9906: 0.27},
    "right_elbow": {3879: 0.67, 3339: 0.33},
    "left_wrist": {9765: 0.69, 10019: 0.31},
    "right_wrist": {3685: 0.69, 3910: 0.31},
    "left_pinky": {9339: 1},
    "right_pinky": {3215: 1},
    "left_index": {9920: 0.81, 9361: 0.19},
    "right_index": {3182: 0.8, 3253: 0.2},
    "left_thumb": {9760: 1},
    "right_thumb": {3646: 1},
    "left_hip": {10417: 0.65, 10329: 0.35},
    "right_hip": {4346: 0.57, 4251: 0.34, 4209: 0.09},
    "left_knee": {10687: 0.61, 10688: 0.27, 10669: 0.12},
    "right_knee": {4622: 0.72, 4624: 0.24, 10764: 0.04},
    "left_ankle": {12004: 0.8, 10864: 0.2},
    "right_ankle": {5962: 0.85, 4799: 0.15},
    "left_heel": {11923: 0.79, 12015: 0.16, 5845: 0.05},
    "right_heel": {5880: 0.87, 5808: 0.13},
    "left_foot_index": {12077: 0.96, 4917: 0.04},
    "right_foot_index": {6060: 1},
}
"""Vertices of the full mesh for each landmark, in BlazePose's order; weights sum to one."""

LANDMARK_NAMES = tuple(_VERTICES)
LANDMARK = {name: index for index, name in enumerate(LANDMARK_NAMES)}


class LandmarkPoints(NamedTuple):
    """The landmarks as weighted sums of a few vertices.

    Attributes:
        vertices: Those of the full mesh that are needed.
        weights: Of each of them in each landmark.
    """

    vertices: Int32[Array, "used"]
    weights: Float32[Array, "33 used"]


def landmark_points() -> LandmarkPoints:
    """Return the table as arrays."""
    used = sorted({vertex for row in _VERTICES.values() for vertex in row})
    weights = np.zeros((len(_VERTICES), len(used)), np.float32)
    for landmark, row in enumerate(_VERTICES.values()):
        for vertex, weight in row.items():
            weights[landmark, used.index(vertex)] = weight
    return LandmarkPoints(np.array(used, np.int32), weights)
