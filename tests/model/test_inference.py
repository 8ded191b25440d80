"""Crops in, estimates out."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch

from model.inference import load_predictor, normalise
from tests.model.seeded import seeded_pixels, tiny_network, to_images


def test_crops_are_normalised_as_imagenet() -> None:
    pixels = seeded_pixels(1)

    torch.testing.assert_close(normalise(torch.from_numpy(pixels)), to_images(pixels))


def test_an_estimate_is_what_the_network_says() -> None:
    network, pixels = tiny_network(md=False, smpl_regressor=True), seeded_pixels(1)[:2]

    estimate = load_predictor(network).predict(pixels)

    with torch.inference_mode():
        expected = network(to_images(pixels))
    assert estimate.rotmat is not None
    assert estimate.coarse_m.dtype == np.float32
    np.testing.assert_allclose(estimate.camera, expected.camera, atol=2e-5)
    np.testing.assert_allclose(estimate.joints_m, expected.joints_m, atol=2e-5)
    np.testing.assert_allclose(estimate.coarse_m, expected.coarse_m, atol=2e-5)


def test_read_only_crops_will_do() -> None:
    pixels = seeded_pixels(1)
    pixels.flags.writeable = False

    assert len(load_predictor(tiny_network()).predict(pixels).camera) == 8


def test_with_md_it_takes_whole_windows_only() -> None:
    with pytest.raises(ValueError, match="9 frames"):
        load_predictor(tiny_network()).predict(seeded_pixels(2)[:9])


def test_bfloat16_is_close_and_answers_in_float32() -> None:
    network, pixels = tiny_network(smpl_regressor=True), seeded_pixels(1)

    exact = load_predictor(network).predict(pixels)
    rounded = load_predictor(network, dtype="bfloat16").predict(pixels)

    assert rounded.coarse_m.dtype == np.float32
    assert np.abs(rounded.coarse_m - exact.coarse_m).max() < 0.05 * np.abs(exact.coarse_m).max()


COMPILED = """
import numpy as np
from model.inference import load_predictor
from tests.model.seeded import seeded_pixels, tiny_network
network, pixels = tiny_network(sd=False, md=False), seeded_pixels(1)[:2]
answers = [load_predictor(network, compile=on).predict(pixels).coarse_m for on in (False, True)]
print(np.abs(answers[0] - answers[1]).max())
"""


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("g++"), reason="torch.compile needs g++ on a CPU")
def test_a_compiled_network_answers_alike() -> None:
    # In a process of its own: the compiler cannot see through the shape checks of the tests.
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", COMPILED], capture_output=True, text=True, check=True
    )

    assert float(done.stdout) < 2e-5
