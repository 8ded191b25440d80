"""3x3 convolutions with a quarter of the multiplications (Winograd; Lavin and Gray 2016).

Each 4x4 tile of the answer costs 36 products per pair of channels in place of 144, at the price of
four times the weights; a 2x2 tile costs 16 in place of 36, and not twice the weights.
"""

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

TILES_AT_ONCE = 128  # enough to multiply well, and few enough to stay in the cache
# Where polynomials are evaluated, besides infinity: they round half as much as 0, 1, -1, 2, -2.
POINTS = (0.0, 0.5**0.5, -(0.5**0.5), 2**0.5, -(2**0.5))


def tile_transforms(tile: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The three matrices of F(tile, 3), after Toom and Cook.

    They are those of the map [tile+2,tile+2], the kernel [tile+2,3] and the answer [tile,tile+2].
    Rows are scaled to a largest entry of 1 where the kernel, transformed in advance, can bear the
    scale: so all products are of one size.
    """

    def powers(count: int) -> np.ndarray:
        infinity = np.eye(count)[-1]
        return np.vstack([np.vander(POINTS[: tile + 1], count, increasing=True), infinity])

    from_map, from_kernel, to_answer = np.linalg.inv(powers(tile + 2)).T, powers(3), powers(tile).T
    map_scale = np.abs(from_map).max(axis=1)
    answer_scale = np.abs(to_answer).max(axis=0)
    from_kernel = from_kernel * (map_scale * answer_scale)[:, None]
    return from_map / map_scale[:, None], from_kernel, to_answer / answer_scale


class WinogradConv(nn.Module):
    """A 3x3 convolution of stride 1 that keeps the side of its map.

    Args:
        conv: Whose weights are taken; it stays as it is.
        tile: Places of the answer along a tile, 2 or 4.
        relu: Whether the answer is clipped below zero.
    """

    from_map: Tensor
    to_answer: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self, conv: nn.Conv2d, *, tile: int, relu: bool = False) -> None:
        super().__init__()
        self.relu, self.tile = relu, tile
        assert conv.bias is not None
        from_map, from_kernel, to_answer = map(torch.from_numpy, tile_transforms(tile))
        kernel = conv.weight.detach().double().cpu()
        weight = [
            torch.einsum("a,ocab,b->co", rows, kernel, columns).float()
            for rows in from_kernel
            for columns in from_kernel
        ]  # one by one: together they are large in fp64
        self.register_buffer("weight", torch.stack(weight))  # [36,C,O]
        self.register_buffer("bias", conv.bias.detach())
        self.register_buffer("from_map", torch.kron(from_map, from_map).float())  # [36,36]
        self.register_buffer("to_answer", torch.kron(to_answer, to_answer).float())  # [16,36]

    def forward(
        self, x: Float[Tensor, "n c h w"], plus: Float[Tensor, "n o h w"] | None = None
    ) -> Float[Tensor, "n o h w"]:
        """Convolve, and add `plus`; maps in channels-last layout come and go without a copy."""
        (n, _, height, width), tile = x.shape, self.tile
        rows, columns = -(-height // tile), -(-width // tile)
        answer = x.new_empty(n, rows, tile, columns, tile, len(self.bias))
        few = max(1, TILES_AT_ONCE // (rows * columns))
        maps = x.permute(0, 2, 3, 1)  # [N,H,W,C]
        for some, place in zip(torch.split(maps, few), torch.split(answer, few), strict=True):
            torch.add(self._tiles(some, rows, columns), self.bias, out=place)
        whole = answer.view(n, rows * tile, columns * tile, -1)
        whole = whole[:, :height, :width].permute(0, 3, 1, 2)
        if plus is not None:
            whole += plus
        return whole.relu_() if self.relu else whole

    def _tiles(
        self, maps: Float[Tensor, "n h w c"], rows: int, columns: int
    ) -> Float[Tensor, "n rows tile columns tile o"]:
        """The answer without its bias, a little larger than the maps where tiles stand out."""
        (n, height, width, c), tile = maps.shape, self.tile
        below, right = rows * tile + 1 - height, columns * tile + 1 - width
        padded = F.pad(maps, (0, 0, 1, right, 1, below))
        seen = padded.unfold(1, tile + 2, tile).unfold(2, tile + 2, tile)
        seen = seen.permute(4, 5, 0, 1, 2, 3).reshape(len(self.weight), -1)  # [36,tiles*C]
        products = (self.from_map @ seen).view(len(seen), -1, c) @ self.weight  # [36,tiles,O]
        tiles = self.to_answer @ products.flatten(1)  # [16,tiles*O]
        return tiles.view(tile, tile, n, rows, columns, -1).permute(2, 3, 0, 4, 1, 5)
