import numpy as np
import torch

from model.crops import square_to_affine, warp
from model.synth.compose import Layer, behind_all, cut_off, lay_over


def square(*ends: float) -> torch.Tensor:
    return torch.tensor([ends])


def test_a_crop_of_a_backdrop_is_that_of_inference() -> None:
    x, y = np.meshgrid(np.arange(300), np.arange(300))
    smooth = 127 + 60 * np.sin(x / 25) + 60 * np.cos(y / 18)
    image = np.repeat(smooth[..., None], 3, axis=2).astype(np.uint8)
    backdrop = torch.from_numpy(image).permute(2, 0, 1)[None].float()

    crop = behind_all(backdrop, square(0.0, 0.0, 300.0, 300.0), square(40.5, 30.0, 240.5, 230.0))

    affine = square_to_affine(np.array([40.5, 30, 240.5, 230]), 224)
    expected = warp(image, affine, 224)
    assert np.abs(crop[0].permute(1, 2, 0).numpy() - expected).max() < 2


def test_a_layer_is_where_its_box_says() -> None:
    red = torch.tensor([1.0, 0, 0, 1])[:, None, None].expand(1, 4, 10, 10)

    crop = lay_over(
        torch.zeros(1, 3, 224, 224),
        Layer(red, square(50.0, 100.0, 150.0, 200.0)),
        square(0.0, 0.0, 224.0, 224.0),
    )

    torch.testing.assert_close(crop[0, 0, 106:194, 56:144], torch.ones(88, 88))
    assert not crop[0, 0, :95].any()
    assert not crop[0, 0, :, 156:].any()
    assert not crop[0, 1:].any()


def test_half_coverage_shows_half_of_what_is_under() -> None:
    half = torch.tensor([0.5, 0.0, 0.0, 0.5])[:, None, None].expand(1, 4, 4, 4)
    whole = square(0.0, 0.0, 10.0, 10.0)

    crop = lay_over(torch.ones(1, 3, 224, 224), Layer(half, whole), whole)

    torch.testing.assert_close(crop[0, :, 112, 112], torch.tensor([1.0, 0.5, 0.5]))


def test_outside_the_image_all_is_black() -> None:
    crop = cut_off(
        torch.ones(1, 3, 224, 224), square(0.0, 0.0, 1e6, 1e6), square(-112.0, -56.0, 112.0, 168.0)
    )

    assert not crop[0, :, :, :112].any()
    assert not crop[0, :, :56].any()
    assert crop[0, :, 56:, 112:].all()
