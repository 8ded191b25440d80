import numpy as np
import torch

from model.bodies.skinning import load_anny
from model.synth.outfit import Cut, Material, sew
from model.synth.paint import Looks, looks_of, paint
from model.synth.skeleton import JOINT


def some_looks(cut: Cut) -> Looks:
    """Each material has a colour of its own; the marks of the face are black."""
    rgb = torch.linspace(0.1, 0.9, len(Material))[:, None].expand(-1, 3).contiguous()
    return looks_of(sew(cut, load_anny().skinning.joints_m), rgb, torch.zeros(4, 3))


def test_paint_goes_by_the_pattern() -> None:
    body = load_anny().skinning
    part = body.weights.argmax(axis=1) + 1
    places = torch.from_numpy(body.vertices_m.copy())
    one = torch.zeros(len(part), dtype=torch.int64)

    material, _ = paint(torch.from_numpy(part), places, one, some_looks(Cut()))

    expected = sew(Cut(), body.joints_m).material_at(part, body.vertices_m)
    np.testing.assert_array_equal(material.numpy(), expected)


def test_everybody_wears_their_own() -> None:
    place = torch.tensor([0.27, 0.36, 0.015]).expand(2, 3)  # halfway down the left arm
    part = torch.full((2,), JOINT["left_shoulder"] + 1)
    both = [some_looks(Cut(sleeve=0.2)), some_looks(Cut(sleeve=1.5))]
    looks = Looks(*(torch.cat(pair) for pair in zip(*both, strict=True)))

    material, rgb = paint(part, place, torch.tensor([0, 1]), looks)

    assert material.tolist() == [Material.SKIN, Material.SHIRT]
    torch.testing.assert_close(rgb[:, 0], torch.tensor([0.1, 0.1 + 0.8 / 6]))


def test_eyes_are_painted_on_the_front_of_the_head_alone() -> None:
    places = torch.tensor([[0.031, 0.705, 0.12], [0.031, 0.705, -0.05], [0.0, 0.675, 0.15]])
    part = torch.full((3,), JOINT["head"] + 1)

    _, rgb = paint(part, places, torch.zeros_like(part), some_looks(Cut(hairline_m=1.0)))

    eye, nape, nose = rgb[:, 0]
    assert eye < 0.01
    assert nape == nose == torch.tensor(0.1)
