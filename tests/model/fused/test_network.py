"""The faster network beside the plain one; at full size in test_golden.py."""

import pytest
import torch

from model.fused.network import fuse
from tests.model.seeded import seeded_pixels, tiny_network, to_images


@pytest.mark.parametrize(
    ("changes", "frames"),
    [({}, 16), ({"sd": False}, 8), ({"md": False}, 3), ({"sd": False, "md": False}, 1)],
)
def test_it_answers_as_the_plain_network(changes: dict[str, bool], frames: int) -> None:
    network, images = tiny_network(**changes), to_images(seeded_pixels(2))[:frames]

    with torch.inference_mode():
        found, expected = fuse(network)(images), network(images)

    for ours, theirs in zip(found[:3], expected[:3], strict=True):
        torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=0)


def test_the_regressor_comes_along() -> None:
    network = tiny_network(md=False, smpl_regressor=True)
    images = to_images(seeded_pixels(1)[:1])

    with torch.inference_mode():
        found, expected = fuse(network)(images), network(images)

    torch.testing.assert_close(found.betas, expected.betas, atol=1e-4, rtol=0)


def test_the_plain_network_stays_as_it_was() -> None:
    network = tiny_network()
    before = {key: x.clone() for key, x in network.state_dict().items()}

    fuse(network, packed=True).in_dtype(torch.bfloat16)

    after = network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(x, after[key]) for key, x in before.items())
