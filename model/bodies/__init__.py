"""Body topologies: the built-in `anny`, and those a user imports."""

from model.bodies.body import Body, Interpolation, regress_joints
from model.bodies.body_file import load_body

__all__ = ["Body", "Interpolation", "load_body", "regress_joints"]
