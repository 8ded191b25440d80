"""Which way somebody faces, about the vertical: as an angle that marks and results share.

0 is toward the camera, 90 to the right of the picture, 180 away, 270 to the left.
"""

from typing import Annotated

import numpy as np
from jaxtyping import Float

from model.types import JOINT_NAMES, Array

Degrees = Annotated[float, "from 0 up to 360"]

_LEFT = [JOINT_NAMES.index(name) for name in ("left_shoulder", "left_hip")]
_RIGHT = [JOINT_NAMES.index(name) for name in ("right_shoulder", "right_hip")]


def facing_deg(joints_m: Float[Array, "joints 3"]) -> Degrees:
    """Return where the chest points.

    It is the normal of the upright plane that the lines from right to left shoulder and from right
    to left hip have in the mean; shoulders are wider, so they count more. A person who bends
    forward faces the way they bend.

    Args:
        joints_m: J14, or the first twelve, in the axes of the camera frame: x right, y down, z
            away. Any scale does.
    """
    x, _, z = (joints_m[_LEFT] - joints_m[_RIGHT]).sum(axis=0)
    return float(np.degrees(np.arctan2(z, x)) % 360)


def turn_between_deg(a_deg: Degrees, b_deg: Degrees) -> float:
    """Return the smaller turn from one direction to another, 0 to 180."""
    return abs((a_deg - b_deg + 180) % 360 - 180)
