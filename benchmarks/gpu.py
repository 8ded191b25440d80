"""The network on one device, in every way we can run it: `python -m benchmarks.gpu`.

    python -m benchmarks.gpu                          a GPU, W64, batches of 1, 8, 32 and 64 windows
    python -m benchmarks.gpu --profile                and where the last way spends its time
    python -m benchmarks.gpu --device cpu --width 8 --windows 1     only to see that it runs

All ways answer the same pictures with the same seeded parameters, after one another in one process.
A line a way and batch: frames a second, milliseconds a batch (median), memory at its highest, mean
and largest distance of the fine vertices from the naive twin's, share of the bf16 matrix products
that this very device does in this very run, and seconds until the first answer, compiling included.
A way that runs out of memory says so, and the next one goes on.
Caveats: the naive twin is our reading of the published code (`benchmarks.naive`); parameters are
untrained, so distances in bf16 are not those of trained weights; memory counts both networks.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.naive import NaiveRemoCap
from benchmarks.network import synchronise, upsampling_of
from model.bodies import load_body
from model.config import BackboneConfig, NetworkConfig
from model.fused.network import fuse
from model.initialise import initialise
from model.network import RemoCap
from model.types import WINDOW

Answer = Callable[[Tensor], Tensor]
"""From pictures in fp32 to fine vertices in fp32, on the device."""

_MATRIX = 8192  # rows of the products that the peak is measured with; 512 on a CPU


@dataclass(frozen=True)
class Way:
    """One way to run the network; `make` is called when its turn comes."""

    name: str
    make: Callable[[], Answer]
    tf32: bool = False


@dataclass(frozen=True)
class Measured:
    """What a way did with one batch."""

    seconds: float
    first_s: float
    memory_bytes: int
    fine_m: Tensor


def ways(network: RemoCap, naive: NaiveRemoCap, device: torch.device) -> Iterator[Way]:
    """All of them, the naive twin first."""
    layers = upsampling_of(network, load_body("anny"))
    weight, bias = (torch.from_numpy(x).to(device) for x in (layers.weight, layers.bias[:, None]))

    def ours(dtype: torch.dtype, **compiled: Any) -> Callable[[], Answer]:
        def make() -> Answer:
            fused: Any = fuse(network).in_dtype(dtype).to(device)
            run = torch.compile(fused, **compiled) if compiled else fused
            return lambda images: weight @ run(images.to(dtype)).coarse_m.float() + bias

        return make

    def twin() -> Answer:
        return naive

    yield Way("naive twin, fp32", twin)
    yield Way("naive twin, TF32", twin, tf32=True)
    yield Way("ours, fp32", ours(torch.float32))
    yield Way("ours, TF32", ours(torch.float32), tf32=True)
    yield Way("ours, bf16", ours(torch.bfloat16))
    yield Way("ours, bf16, compiled", ours(torch.bfloat16, dynamic=False))
    yield Way("the same, CUDA graphs", ours(torch.bfloat16, mode="reduce-overhead"))


def measure(answer: Answer, images: Tensor, rounds: int) -> Measured:
    """Time one way on one batch; the first answer counts by itself."""
    on_gpu = images.is_cuda
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    begun_s = time.perf_counter()
    fine_m = answer(images).clone()
    synchronise()
    first_s, times = time.perf_counter() - begun_s, []
    for _ in range(rounds):
        begun_s = time.perf_counter()
        answer(images)
        synchronise()
        times.append(time.perf_counter() - begun_s)
    memory_bytes = torch.cuda.max_memory_allocated() if on_gpu else 0
    return Measured(statistics.median(times), first_s, memory_bytes, fine_m)


def peak_flops(device: torch.device) -> float:
    """Operations a second of large bf16 matrix products."""
    side = _MATRIX if device.type == "cuda" else 512
    a, b = torch.randn(2, side, side, device=device, dtype=torch.bfloat16)
    times = []
    for _ in range(12):
        begun_s = time.perf_counter()
        torch.mm(a, b)
        synchronise()
        times.append(time.perf_counter() - begun_s)
    return 2 * side**3 / statistics.median(times[2:])


def count_flops(answer: Answer, images: Tensor) -> int:
    """Operations of one batch, as the naive twin does it."""
    counter = FlopCounterMode(display=False)
    with torch.inference_mode(False), torch.enable_grad(), counter:  # its hooks want gradients
        answer(images.clone())
    return counter.get_total_flops()


@contextmanager
def precision(way: Way) -> Iterator[None]:
    """Allow TF32 or not, while the block runs."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = way.tf32
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False


def table(
    network: RemoCap, naive: NaiveRemoCap, device: torch.device, windows: Sequence[int], rounds: int
) -> None:
    """Print a line for each way and batch."""
    peak = peak_flops(device)
    print(f"bf16 matrix products here: {peak / 1e12:.2f} TFLOP/s")
    print(f"{'way':<24}{'windows':>8}{'frames/s':>10}{'ms':>9}{'GB':>7}{'mean mm':>9}", end="")
    print(f"{'most mm':>9}{'of peak':>9}{'first s':>9}{'speed-up':>10}")
    generator = torch.Generator().manual_seed(0)
    for count in windows:
        images = torch.randn(WINDOW * count, 3, 224, 224, generator=generator).to(device)
        flops = count_flops(naive, images[:WINDOW]) * count
        first: Measured | None = None  # the naive twin's
        for number, way in enumerate(ways(network, naive, device)):
            torch.compiler.reset()
            try:
                with precision(way):
                    done = measure(way.make(), images, rounds)
            except torch.OutOfMemoryError:
                print(f"{way.name:<24}{count:>8}  out of memory")
                continue
            first = done if number == 0 else first
            print(_line(way, count, done, first, flops / done.seconds / peak))


def _line(way: Way, count: int, done: Measured, first: Measured | None, share: float) -> str:
    mean, most, faster = "-", "-", "-"
    if first is not None:
        apart_mm = 1000 * (done.fine_m - first.fine_m).norm(dim=-1)
        mean, most = f"{apart_mm.mean():.3f}", f"{apart_mm.max():.3f}"
        faster = f"{first.seconds / done.seconds:.2f}x"
    frames_per_s = WINDOW * count / done.seconds
    return (
        f"{way.name:<24}{count:>8}{frames_per_s:>10.1f}{1000 * done.seconds:>9.1f}"
        f"{done.memory_bytes / 1e9:>7.2f}{mean:>9}{most:>9}{share:>9.1%}"
        f"{done.first_s:>9.1f}{faster:>10}"
    )


def main() -> None:
    """Print the table, and the profile if asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--windows", type=int, nargs="+", default=[1, 8, 32, 64])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    device, body = torch.device(options.device), load_body("anny")
    config = NetworkConfig(backbone=BackboneConfig(width=options.width))
    network = initialise(config, body, seed=0).eval().to(device)
    naive = NaiveRemoCap(network, body)
    with torch.inference_mode():
        table(network, naive, device, options.windows, options.rounds)
        if options.profile:
            *_, last = ways(network, naive, device)
            print_profile(last.make(), device, max(options.windows))


def print_profile(answer: Answer, device: torch.device, windows: int) -> None:
    """Print the kernels that take the most time."""
    images = torch.randn(WINDOW * windows, 3, 224, 224, device=device)
    answer(images)
    kinds = [ProfilerActivity.CPU]
    kinds += [ProfilerActivity.CUDA] if device.type == "cuda" else []
    with profile(activities=kinds) as seen:
        answer(images)
        synchronise()
    order = "self_cuda_time_total" if device.type == "cuda" else "self_cpu_time_total"
    print(seen.key_averages().table(sort_by=order, row_limit=25, max_name_column_width=60))


if __name__ == "__main__":
    main()
