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

    order: Tensor
    places: Tensor

    def __init__(self, attention: Attention, blocks: list[Block]) -> None:
        super().__init__()
        self.attention = attention
        order = torch.cat([block.rows for block in blocks])
        self.register_buffer("order", order)
        self.register_buffer("places", order.argsort())
        self.sizes = [len(block.rows) for block in blocks]
        for number, block in enumerate(blocks):
            self.register_buffer(f"keys_{number}", block.keys)
            self.register_buffer(f"allowed_{number}", block.allowed)

    def forward(
        self, query: Float[Tensor, "n tokens d"], *_: Tensor
    ) -> Float[Tensor, "n tokens d"]:
        """Attend from each token to those its block allows; keys and values are the queries."""
        attention = self.attention
        weights, biases = attention.in_proj_weight.chunk(3), attention.in_proj_bias.chunk(3)
        q, k, v = (F.linear(query, *both) for both in zip(weights, biases, strict=True))
        mixed = [
            F.scaled_dot_product_attention(
                self._heads(rows),
                self._heads(k.index_select(1, self.get_buffer(f"keys_{number}"))),
                self._heads(v.index_select(1, self.get_buffer(f"keys_{number}"))),
                attn_mask=self.get_buffer(f"allowed_{number}"),
            ).transpose(1, 2)
            for number, rows in enumerate(torch.split(q.index_select(1, self.order), self.sizes, 1))
        ]  # each [N,rows,heads,d/heads]
        return attention.out_proj(torch.cat(mixed, 1).index_select(1, self.places).flatten(2))

    def _heads(self, tokens: Float[Tensor, "n some d"]) -> Float[Tensor, "n heads some part"]:
        return tokens.reshape(*tokens.shape[:2], self.attention.heads, -1).transpose(1, 2)


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
