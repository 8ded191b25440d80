import cv2
import numpy as np
import pytest
import torch

from model.synth.spoil import Spoiling, draw_spoiling, spoil


def scene() -> torch.Tensor:
    """Two pictures with edges, curves and a slope."""
    x, y = torch.meshgrid(torch.arange(64.0), torch.arange(48.0), indexing="xy")
    disc = ((x - 30) ** 2 + (y - 20) ** 2 < 200).float()
    rgb = torch.stack([0.2 + 0.5 * disc, 0.3 + x / 128, 0.8 - 0.4 * disc])
    return torch.stack([rgb, rgb.flip(2)])


def with_seed(how: Spoiling, seed: int = 0) -> torch.Tensor:
    return spoil(scene(), how, torch.Generator().manual_seed(seed))


def test_by_default_nothing_changes() -> None:
    torch.testing.assert_close(with_seed(Spoiling()), scene())


def test_blur_is_opencvs() -> None:
    picture = np.ascontiguousarray(scene()[0].permute(1, 2, 0).numpy())

    blurred = with_seed(Spoiling(blur_px=1.5))[0].permute(1, 2, 0).numpy()

    expected = cv2.GaussianBlur(picture, (11, 11), 1.5, borderType=cv2.BORDER_REPLICATE)
    np.testing.assert_allclose(blurred, expected, atol=1e-5)


def test_grey_pictures_have_no_colours() -> None:
    grey = with_seed(Spoiling(grey=True))

    torch.testing.assert_close(grey[:, 0], grey[:, 2])


def test_noise_has_the_stated_strength_and_comes_from_the_generator() -> None:
    once, again, other = (with_seed(Spoiling(noise=0.02), seed) for seed in (1, 1, 2))

    assert torch.equal(once, again)
    assert not torch.equal(once, other)
    assert (once - scene()).std().item() == pytest.approx(0.02, rel=0.1)


def test_compression_errs_about_as_much_as_jpeg_does() -> None:
    picture = (scene()[0].permute(1, 2, 0).numpy()[..., ::-1] * 255).round().astype(np.uint8)
    flags = [cv2.IMWRITE_JPEG_QUALITY, 30]
    jpeg = cv2.imdecode(cv2.imencode(".jpg", picture, flags)[1], cv2.IMREAD_COLOR)

    error = (with_seed(Spoiling(quality=30)) - scene())[0].square().mean().sqrt().item()

    expected = np.sqrt(np.mean((jpeg.astype(float) - picture) ** 2)) / 255
    assert 0.4 * expected < error < 1.6 * expected


@pytest.mark.parametrize("size", [(48, 64), (45, 61)])
def test_any_draw_keeps_size_and_range(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    pictures = scene()[..., : size[0], : size[1]]
    for _ in range(40):
        spoiled = spoil(pictures, draw_spoiling(rng), torch.Generator().manual_seed(0))

        assert spoiled.shape == pictures.shape
        assert 0 <= spoiled.min() <= spoiled.max() <= 1
