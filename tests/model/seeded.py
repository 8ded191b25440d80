"""The seeded parameters and pictures behind tests/golden, as its README states them."""

import zlib
from pathlib import Path

import numpy as np
import torch

from model.config import BackboneConfig, NetworkConfig, TransformerConfig
from model.network import RemoCap

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
SALT = 1
TINY = NetworkConfig(
    backbone=BackboneConfig(
        width=4, modules=(1, 1, 1), blocks=1, head_widths=(2, 4, 8, 16), features=32
    ),
    transformer=TransformerConfig(dims=(32, 16), hidden=(64, 32), layers=2),
)
DEVIATIONS = {"xyz_regressor": 0.06, "cam_predictor": 0.05}


def checkpoint_keys() -> dict[str, tuple[int, ...]]:
    """Name and shape of everything in a checkpoint, the optional regressor included."""
    rows = (line.split("\t") for line in (GOLDEN / "keys.tsv").read_text().splitlines())
    return {
        key: () if shape == "scalar" else tuple(map(int, shape.split("x")))
        for key, shape, _ in rows
    }


def seeded_parameters() -> dict[str, np.ndarray]:
    """A value for every key of the checkpoint."""
    with np.load(GOLDEN / "bn_stats.npz") as statistics:
        known = dict(statistics)
    return {
        key: known[key] if key in known else draw(key, shape)
        for key, shape in checkpoint_keys().items()
    }


def draw(key: str, shape: tuple[int, ...]) -> np.ndarray:
    """The seeded value of one parameter that is no batch-norm statistic."""
    generator = np.random.default_rng([SALT, zlib.crc32(key.encode())])
    if key.endswith("num_batches_tracked"):
        return np.zeros((), np.int64)
    if key == "cam_predictor.bias":
        return np.array([0.9, 0.02, 0.03], np.float32)
    if key.endswith("bias"):
        values = generator.standard_normal(shape) * 0.05
    elif len(shape) == 1:
        values = generator.uniform(*((0.25, 0.6) if _ends_a_block(key) else (0.8, 1.2)), shape)
    else:
        values = generator.standard_normal(shape) * _deviation(key, shape)
    return values.astype(np.float32)


def _ends_a_block(key: str) -> bool:
    """Whether this is the last batch norm of a residual block of the backbone."""
    wide = ".bn3." in key and ("backbone.layer1." in key or "incre_modules." in key)
    return wide or (".branches." in key and ".bn2." in key)


def _deviation(key: str, shape: tuple[int, ...]) -> float:
    layer = key.removesuffix(".weight")
    if len(shape) == 4:
        return float(np.sqrt(2 / (shape[0] * shape[2] * shape[3])))
    if layer.endswith("_token_embed"):
        return 1.0
    if layer == "coarse2intermediate_upsample":
        return float(np.sqrt(1 / shape[1]))
    return DEVIATIONS.get(layer, float(np.sqrt(2 / sum(shape))))


def ring() -> np.ndarray:
    """Adjacency bool[431,431]: at most 3 apart on a ring."""
    apart = np.abs(np.subtract.outer(np.arange(431), np.arange(431)))
    return np.minimum(apart, 431 - apart) <= 3


def seeded_pixels(windows: int = 2) -> np.ndarray:
    """RGB crops u8[8 windows,224,224,3]: coarse tiles that resemble one another in a window."""
    generator = np.random.default_rng([SALT, 77])
    base = generator.integers(0, 256, (windows, 1, 14, 14, 3))
    change = generator.integers(0, 256, (windows, 8, 14, 14, 3))
    tiles = ((3 * base + change) // 4).reshape(-1, 14, 14, 3).astype(np.uint8)
    return tiles.repeat(16, axis=1).repeat(16, axis=2)


def to_images(pixels: np.ndarray) -> torch.Tensor:
    """What the network is given: [n,3,224,224], ImageNet's mean and deviation taken out."""
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    normal = ((pixels / 255 - mean) / deviation).astype(np.float32)
    return torch.from_numpy(normal.transpose(0, 3, 1, 2).copy())


def tiny_network(**changes: object) -> RemoCap:
    """A network of the real make-up with few channels and lively parameters, ready to answer."""
    torch.manual_seed(0)
    network = RemoCap(TINY.model_copy(update=changes), ring())
    for name, value in network.state_dict().items():
        if name.endswith(("running_mean", "bias", "gn.weight")):
            value.add_(torch.randn_like(value) * 0.2)
        elif name.endswith("running_var"):
            value.mul_(torch.rand_like(value) + 0.5)
    return network.eval()
