"""The network the way it is published against the way we run it: `remocap bench network`.

Both answer the same pictures with the same parameters, in turns, in one run; so work elsewhere on
the machine strikes both. Ratios are of best times, of median times and of processor time, which on
a busy machine, with one thread, is the steadiest. Caveats: the naive side is our
reading of the published code (`benchmarks.naive`), run by the PyTorch that is installed, not the
published code itself; parameters are untrained; parts are timed apart, so they do not add up.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from benchmarks.naive import NaiveRemoCap
from model.backbone import Hrnet
from model.bodies import Body, load_body
from model.config import BackboneConfig, NetworkConfig
from model.fused.network import FusedRemoCap
from model.inference import DTypeName, load_predictor
from model.initialise import initialise
from model.network import RemoCap
from model.tokens import JOINTS
from model.types import WINDOW
from model.upsample import Upsampling

Work = Callable[[], Any]


@dataclass(frozen=True)
class Part:
    """The same work done in two ways."""

    name: str
    naive: Work
    ours: Work


def main(
    *,
    width: int = 64,
    windows: int = 1,
    rounds: int = 5,
    device: str = "cpu",
    dtype: DTypeName = "float32",
    compile: bool = False,  # noqa: A002  the name torch gives it
) -> None:
    """Print milliseconds a frame for each part in both ways, and how far their vertices differ.

    Args:
        width: Channels of HRNet's first branch; 64 is the published network.
        windows: Of 8 frames each, answered at once.
        rounds: How often the two take turns.
        device: For both.
        dtype: For ours; the naive side always runs in fp32, as published.
        compile: Whether ours is compiled by torch.
    """
    body = load_body("anny")
    config = NetworkConfig(backbone=BackboneConfig(width=width))
    network = initialise(config, body, seed=0).to(device)
    naive = NaiveRemoCap(network, body)
    predictor = load_predictor(network, device=device, dtype=dtype, compile=compile)
    ours = cast(FusedRemoCap, predictor.network)  # or what torch.compile makes of it
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(WINDOW * windows, 3, 224, 224, generator=generator).to(device)

    threads = torch.get_num_threads()
    print(f"HRNet-W{width}, {len(images)} frames, {device}, ours in {dtype}, {threads} threads")
    print(
        f"{'part':<14}{'naive':>9}{'ours':>9} ms/frame{'ratio':>12}{'of medians':>12}{'of CPU':>12}"
    )
    with torch.inference_mode():
        whole = total(network, naive, ours, images, body)
        for part in (*parts(network, naive, ours, images, body), whole):
            print(compare(part, len(images), rounds))
        difference_m = np.abs(whole.naive() - whole.ours()).max()
    print(f"largest vertex difference: {difference_m:.1e} m")


def parts(
    network: RemoCap, naive: NaiveRemoCap, ours: FusedRemoCap, images: Tensor, body: Body
) -> Iterator[Part]:
    """The parts of the network, each given what the one before it answers."""
    dtype = ours.network.encoding_1.dtype

    def mine(x: Tensor) -> Tensor:
        x = x.to(dtype)
        return x.contiguous(memory_format=torch.channels_last) if x.dim() == 4 else x

    plain, fast = naive.hrnet, ours.network.backbone
    assert isinstance(fast, Hrnet)
    given = mine(images)
    yield Part(
        "backbone",
        lambda: naive.backbone(images),
        lambda: fast.high_resolution(fast.stem(given)),
    )
    features = plain.stem(images)
    our_features = mine(features)
    yield Part(
        "SD and MD",
        lambda: naive.disentangle(features),
        lambda: ours.disentangle(our_features),
    )
    image = network.conv_1x1(plain.high_resolution(naive.disentangle(features)))
    tokens = (
        network.cam_token_embed.weight.repeat(len(images), 1, 1),
        image.flatten(2).transpose(1, 2),
        network.body_tokens().repeat(len(images), 1, 1),
    )
    for name, reduced in (("transformer_1", False), ("transformer_2", True)):
        if reduced:
            answer = network.transformer_1(*tokens, network.encoding_1, network.allowed)
            layers = (
                network.dim_reduce_enc_cam,
                network.dim_reduce_enc_img,
                network.dim_reduce_dec,
            )
            tokens = tuple(layer(x) for layer, x in zip(layers, answer, strict=True))
        yield transformer_part(name, naive, ours, tokens, tuple(mine(x) for x in tokens))
    coarse_m = network.xyz_regressor(tokens[2])[:, JOINTS:]
    on_host, upsampling = coarse_m.numpy(force=True), upsampling_of(network, body)
    yield Part("up-sampling", lambda: naive.upsample(coarse_m), lambda: upsampling(on_host))


def transformer_part(
    name: str,
    naive: NaiveRemoCap,
    ours: FusedRemoCap,
    tokens: tuple[Tensor, ...],
    our_tokens: tuple[Tensor, ...],
) -> Part:
    """One of the transformers."""
    plain, fast = getattr(naive.network, name), getattr(ours.network, name)
    encoding = getattr(ours.network, name.replace("transformer", "encoding"))
    return Part(
        name,
        lambda: naive.transform(plain, *tokens),
        lambda: fast(*our_tokens, encoding, ours.network.allowed),
    )


def total(
    network: RemoCap, naive: NaiveRemoCap, ours: FusedRemoCap, images: Tensor, body: Body
) -> Part:
    """From normalised pictures to fine vertices in NumPy."""
    upsampling = upsampling_of(network, body)
    given = images.to(ours.network.encoding_1.dtype).contiguous(memory_format=torch.channels_last)
    return Part(
        "total",
        lambda: naive(images).numpy(force=True),
        lambda: upsampling(ours(given).coarse_m.numpy(force=True)),
    )


def upsampling_of(network: RemoCap, body: Body) -> Upsampling:
    """The one matrix from coarse to fine."""
    layer = network.coarse2intermediate_upsample
    weight, bias = layer.weight.numpy(force=True), layer.bias.numpy(force=True)
    return Upsampling.from_layers(weight, bias, body)


def compare(part: Part, frames: int, rounds: int) -> str:
    """A line of the table: best times, and ratios of best, median and processor times."""
    ways = {"naive": part.naive, "ours": part.ours}
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    cpu_seconds = dict.fromkeys(ways, 0.0)
    for work in ways.values():
        work()
    for _ in range(rounds):
        for way, work in ways.items():
            synchronise()
            start, cpu_start = time.perf_counter(), time.process_time()
            work()
            synchronise()
            seconds[way].append(time.perf_counter() - start)
            cpu_seconds[way] += time.process_time() - cpu_start
    naive_ms, ours_ms = (min(times) / frames * 1e3 for times in seconds.values())
    medians = [statistics.median(times) for times in seconds.values()]
    ratios = naive_ms / ours_ms, medians[0] / medians[1], cpu_seconds["naive"] / cpu_seconds["ours"]
    columns = "".join(f"{ratio:>11.2f}x" for ratio in ratios)
    return f"{part.name:<14}{naive_ms:>9.2f}{ours_ms:>9.2f}         {columns}"


def synchronise() -> None:
    """Wait until a GPU has done what it was told."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
