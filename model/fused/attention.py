"""The decoders' self-attention without what its mask would throw away.

A vertex looks at 14 joints and at most a dozen neighbours out of 445 tokens. Vertices that lie
together share most of their neighbours: in blocks of some 50 they look at few tokens outside.
"""

from collections import deque
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from model.tokens import JOINTS
from model.transformer import Attention, DecoderLayer

BLOCK = 54  # vertices that attend together: 8 blocks of the 431


class Block(NamedTuple):
    """Tokens that attend together.

    Attributes:
        rows: The tokens that look.
        keys: The tokens that any of them looks at.
        allowed: Which of those each of them looks at.
    """

    rows: Int64[Tensor, "rows"]
    keys: Int64[Tensor, "keys"]
    allowed: Bool[Tensor, "rows keys"]


def nearby_order(adjacency: Bool[Tensor, "vertices vertices"]) -> list[int]:
    """All vertices, neighbours near one another (breadth first, after Cuthill and McKee 1969)."""
    neighbours = [row.nonzero().flatten().tolist() for row in adjacency]
    order: dict[int, None] = {}
    for start in sorted(range(len(neighbours)), key=lambda v: len(neighbours[v])):
        waiting = deque([start])
        while waiting:
            vertex = waiting.popleft()
            if vertex not in order:
                order[vertex] = None
                waiting.extend(sorted(neighbours[vertex], key=lambda v: len(neighbours[v])))
    return list(order)


def attention_blocks(allowed: Bool[Tensor, "tokens tokens"]) -> list[Block]:
    """Divide a decoder's tokens into the joints, which look everywhere, and blocks of vertices."""
    order = JOINTS + torch.tensor(nearby_order(allowed[JOINTS:, JOINTS:]))
    blocks = []
    for rows in (torch.arange(JOINTS), *torch.split(order, BLOCK)):
        keys = allowed[rows].any(0).nonzero().flatten()
        blocks.append(Block(rows, keys, allowed[rows][:, keys]))
    return blocks


class BlockAttention(nn.Module):
    """Masked self-attention, block by block.

    Args:
        attention: Whose parameters are used.
        blocks: Of all tokens, each in one of them.
    """

    places: Tensor

    def __init__(self, attention: Attention, blocks: list[Block]) -> None:
        super().__init__()
        self.attention = attention
        self.register_buffer("places", torch.cat([block.rows for block in blocks]).argsort())
        self.count = len(blocks)
        for number, block in enumerate(blocks):
            for name, value in block._asdict().items():
                self.register_buffer(f"{name}_{number}", value)

    def forward(
        self, query: Float[Tensor, "n tokens d"], *_: Tensor
    ) -> Float[Tensor, "n tokens d"]:
        """Attend from each token to those its block allows; keys and values are the queries."""
        n, tokens, d = query.shape
        shape = (n, tokens, 3, self.attention.heads, -1)
        joint = F.linear(query, self.attention.in_proj_weight, self.attention.in_proj_bias)
        q, k, v = joint.view(shape).unbind(2)  # [N,L,heads,d/heads]
        mixed = torch.cat([self._attend(number, q, k, v) for number in range(self.count)], dim=1)
        return self.attention.out_proj(mixed.index_select(1, self.places).view(n, tokens, d))

    def _attend(self, number: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """What the rows of one block see: [N,rows,heads,d/heads]."""
        rows, keys = self.get_buffer(f"rows_{number}"), self.get_buffer(f"keys_{number}")
        seen = F.scaled_dot_product_attention(
            q.index_select(1, rows).transpose(1, 2),
            k.index_select(1, keys).transpose(1, 2),
            v.index_select(1, keys).transpose(1, 2),
            attn_mask=self.get_buffer(f"allowed_{number}"),
        )
        return seen.transpose(1, 2)


class FirstLayer(nn.Module):
    """A decoder layer that is always given the same tokens: its self-attention is a constant.

    Args:
        layer: The first of a decoder; its other parts are used.
        tokens: The embeddings the decoder starts from.
        allowed: Who may look at whom.
    """

    tokens: Tensor

    def __init__(
        self,
        layer: DecoderLayer,
        tokens: Float[Tensor, "tokens d"],
        allowed: Bool[Tensor, "tokens tokens"],
    ) -> None:
        super().__init__()
        self.layer = layer
        with torch.no_grad():
            self.register_buffer("tokens", layer.look_around(tokens[None], allowed))

    def forward(
        self,
        _: Tensor,
        placed_memory: Float[Tensor, "n places d"],
        memory: Float[Tensor, "n places d"],
        *__: Tensor,
    ) -> Float[Tensor, "n tokens d"]:
        """Answer as the layer does, from the second attention on."""
        return self.layer.look_at_image(self.tokens, placed_memory, memory)
