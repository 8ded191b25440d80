"""The network's make-up and behaviour; its numbers are checked in test_golden.py."""

import math

import pytest
import torch

from model.config import NetworkConfig
from model.network import RemoCap
from tests.model.seeded import checkpoint_keys, ring, seeded_pixels, tiny_network, to_images

CLASSIFIER = 2_049_000  # parameters of the published backbone that nothing uses
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
REST = 25_679_894
BACKBONES = [
    (False, False, 126_010_944),
    (True, False, 126_013_568),
    (False, True, 126_011_616),
    (True, True, 126_014_240),
]


@pytest.mark.parametrize(("sd", "md", "backbone"), BACKBONES)
def test_the_published_sizes_have_their_published_counts(sd: bool, md: bool, backbone: int) -> None:
    with torch.device("meta"):
        network = RemoCap(NetworkConfig(sd=sd, md=md), ring())

    counts = {name: x.numel() for name, x in network.named_parameters()}
    found = sum(count for name, count in counts.items() if name.startswith("backbone."))
    assert found == backbone
    assert sum(counts.values()) - found == REST


@pytest.mark.parametrize(("sd", "md", "backbone"), BACKBONES)
def test_so_have_the_keys_of_a_checkpoint(sd: bool, md: bool, backbone: int) -> None:
    off = [prefix for prefix, on in (("backbone.ema_1.", sd), ("backbone.ema_S.", md)) if not on]
    sizes = {
        key: math.prod(shape)
        for key, shape in checkpoint_keys().items()
        if not key.startswith(("smpl_parameter_regressor.", *off)) and not key.endswith(STATISTICS)
    }

    found = sum(size for key, size in sizes.items() if key.startswith("backbone."))
    assert found == backbone + CLASSIFIER
    assert sum(sizes.values()) - found == REST


def test_its_parameters_bear_the_published_names() -> None:
    with torch.device("meta"):
        network = RemoCap(NetworkConfig(smpl_regressor=True), ring())

    ours = {key: tuple(x.shape) for key, x in network.state_dict().items()}
    published = checkpoint_keys()
    unused = {key for key in published if key.startswith("backbone.classifier.")}
    assert ours == {key: shape for key, shape in published.items() if key not in unused}


def test_two_windows_at_once_are_two_runs() -> None:
    network, images = tiny_network(), to_images(seeded_pixels(2))

    with torch.inference_mode():
        together, *alone = network(images), network(images[:8]), network(images[8:])

    expected = torch.cat([prediction.coarse_m for prediction in alone])
    torch.testing.assert_close(together.coarse_m, expected, atol=5e-6, rtol=0)


def test_without_md_any_number_of_frames_will_do() -> None:
    network = tiny_network(md=False, smpl_regressor=True)

    with torch.inference_mode():
        prediction = network(to_images(seeded_pixels(1)[:3]))

    assert prediction.rotmat is not None
    assert prediction.rotmat.shape == (3, 24, 3, 3)
    assert network.intermediate_m(prediction.coarse_m).shape == (3, 1723, 3)


def test_with_md_it_says_how_many_it_needs() -> None:
    with pytest.raises(ValueError, match="multiple of 8"):
        tiny_network()(to_images(seeded_pixels(1)[:7]))


def test_it_learns_from_what_it_is_told() -> None:
    network, images = tiny_network(md=False).train(), to_images(seeded_pixels(1)[:2])

    network(images).coarse_m.square().mean().backward()

    deaf = [name for name, x in network.named_parameters() if x.grad is None]
    assert set(deaf) == {
        "cam_predictor.weight",
        "cam_predictor.bias",
        "coarse2intermediate_upsample.weight",
        "coarse2intermediate_upsample.bias",
    }
