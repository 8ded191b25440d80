"""What a body's arrays do not hold but a picture of it needs: coarse triangles, and bones."""

import numpy as np
from jaxtyping import Int32, Int64

from model.bodies.body import Body
from model.types import COARSE, FINE, JOINT_NAMES, Array

_BONES = (
    ("right_ankle", "right_knee"),
    ("right_knee", "right_hip"),
    ("left_ankle", "left_knee"),
    ("left_knee", "left_hip"),
    ("right_hip", "left_hip"),
    ("right_wrist", "right_elbow"),
    ("right_elbow", "right_shoulder"),
    ("left_wrist", "left_elbow"),
    ("left_elbow", "left_shoulder"),
    ("right_shoulder", "neck"),
    ("left_shoulder", "neck"),
    ("right_shoulder", "right_hip"),
    ("left_shoulder", "left_hip"),
    ("neck", "head"),
)

BONES = tuple((JOINT_NAMES.index(a), JOINT_NAMES.index(b)) for a, b in _BONES)
"""Pairs of the joints J14 that a stick figure joins."""


def coarse_faces(body: Body) -> Int32[Array, "coarse_faces 3"]:
    """Return triangles of the 431 coarse vertices, wound as the fine ones are.

    Every fine vertex belongs to the coarse one that is the fewest edges away; where three of these
    regions meet in a fine triangle is a coarse one (the dual of a Voronoi diagram on the mesh).
    """
    region = _regions(body)
    corners = region[body.faces]  # [faces,3]
    a, b, c = corners.T
    meeting = corners[(a != b) & (b != c) & (c != a) & (corners >= 0).all(axis=1)]
    return np.unique(_turned(meeting), axis=0).astype(np.int32)


def _regions(body: Body) -> Int64[Array, "6890"]:
    """Return the coarse vertex next to each fine one; -1 where none can be reached."""
    region = np.full(FINE, -1)
    region[body.fine_to_intermediate[body.intermediate_to_coarse]] = np.arange(COARSE)
    a, b, c = body.faces.T
    sources, targets = np.concatenate([a, b, c, b, c, a]), np.concatenate([b, c, a, a, b, c])
    while True:
        reached = (region[sources] >= 0) & (region[targets] < 0)
        if not reached.any():
            return region
        region[targets[reached]] = region[sources[reached]]


def _turned(triangles: Int64[Array, "n 3"]) -> Int64[Array, "n 3"]:
    """Return the same triangles, each from its smallest corner on."""
    first = triangles.argmin(axis=1)[:, None]
    return np.take_along_axis(triangles, (first + np.arange(3)) % 3, axis=1)
