"""The encoder-decoder transformers of FastMETRO (Cho et al. 2022), under their published names.

Pre-norm, ReLU, batch first. Image tokens get a positional encoding; camera, joint and vertex
tokens get none.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

Body = Float[Tensor, "n body d"]  # joint and vertex tokens
BodyStart = Float[Tensor, "#n body d"]  # the same, or one row for all n
Image = Float[Tensor, "n places d"]
Seen = Float[Tensor, "n seen d"]  # camera and image tokens
Queries = Float[Tensor, "n queries d"]
Keys = Float[Tensor, "n keys d"]


class Attention(nn.Module):
    """Multi-head attention with the parameter layout of `nn.MultiheadAttention`."""

    def __init__(self, dims: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.in_proj_weight = nn.Parameter(torch.empty(3 * dims, dims))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * dims))
        self.out_proj = nn.Linear(dims, dims)
        nn.init.xavier_uniform_(self.in_proj_weight)

    def forward(
        self,
        query: Float[Tensor, "#n queries d"],
        key: Keys,
        value: Keys,
        allowed: Bool[Tensor, "queries keys"] | None = None,
    ) -> Queries:
        """Attend from each query to the keys that `allowed` marks, or to all.

        Queries given once serve all n.
        """
        weights, biases = self.in_proj_weight.chunk(3), self.in_proj_bias.chunk(3)
        q, k, v = (
            F.linear(tokens, weight, bias)
            .reshape(*tokens.shape[:2], self.heads, -1)
            .transpose(1, 2)
            for tokens, weight, bias in zip((query, key, value), weights, biases, strict=True)
        )  # each [N,heads,L,d/heads]
        q = q.expand(len(k), -1, -1, -1)
        dropout = self.dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=allowed, dropout_p=dropout)
        return self.out_proj(mixed.transpose(1, 2).flatten(2))


class EncoderLayer(nn.Module):
    """Self-attention and a feed-forward network."""

    def __init__(self, dims: int, hidden: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.self_attn = Attention(dims, heads, dropout)
        self.linear1 = nn.Linear(dims, hidden)
        self.linear2 = nn.Linear(hidden, dims)
        self.norm1 = nn.LayerNorm(dims)
        self.norm2 = nn.LayerNorm(dims)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Seen, encoding: Float[Tensor, "seen d"]) -> Seen:
        """Refine the tokens; `encoding` tells queries and keys their places."""
        normed = self.norm1(tokens)
        placed = normed + encoding
        tokens = tokens + self.dropout(self.self_attn(placed, placed, normed))
        hidden = self.dropout(self.linear1(self.norm2(tokens)).relu_())
        return tokens + self.dropout(self.linear2(hidden))


class DecoderLayer(nn.Module):
    """Masked self-attention, attention to the image and a feed-forward network."""

    def __init__(self, dims: int, hidden: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.self_attn = Attention(dims, heads, dropout)
        self.multihead_attn = Attention(dims, heads, dropout)
        self.linear1 = nn.Linear(dims, hidden)
        self.linear2 = nn.Linear(hidden, dims)
        self.norm1 = nn.LayerNorm(dims)
        self.norm2 = nn.LayerNorm(dims)
        self.norm3 = nn.LayerNorm(dims)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        tokens: BodyStart,
        placed_memory: Image,
        memory: Image,
        allowed: Bool[Tensor, "body body"],
    ) -> Body:
        """Refine the tokens; `placed_memory` is `memory` with its positional encoding."""
        return self.look_at_image(self.look_around(tokens, allowed), placed_memory, memory)

    def look_around(self, tokens: Body, allowed: Bool[Tensor, "body body"]) -> Body:
        """Let the tokens attend to one another."""
        normed = self.norm1(tokens)
        return tokens + self.dropout(self.self_attn(normed, normed, normed, allowed))

    def look_at_image(self, tokens: BodyStart, placed_memory: Image, memory: Image) -> Body:
        """Let the tokens, or the same ones for all n, attend to the image, and digest it."""
        normed = self.norm2(tokens)
        tokens = tokens + self.dropout(self.multihead_attn(normed, placed_memory, memory))
        hidden = self.dropout(self.linear1(self.norm3(tokens)).relu_())
        return tokens + self.dropout(self.linear2(hidden))


class Encoder(nn.Module):
    """Encoder layers and a final norm."""

    def __init__(self, dims: int, hidden: int, heads: int, dropout: float, layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            EncoderLayer(dims, hidden, heads, dropout) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(dims)

    def forward(self, tokens: Seen, encoding: Float[Tensor, "seen d"]) -> Seen:
        """Refine the tokens."""
        for layer in self.layers:
            tokens = layer(tokens, encoding)
        return self.norm(tokens)


class Decoder(nn.Module):
    """Decoder layers and a final norm."""

    def __init__(self, dims: int, hidden: int, heads: int, dropout: float, layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            DecoderLayer(dims, hidden, heads, dropout) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(dims)

    def forward(
        self,
        tokens: BodyStart,
        placed_memory: Image,
        memory: Image,
        allowed: Bool[Tensor, "body body"],
    ) -> Body:
        """Refine the tokens with what the memory shows."""
        for layer in self.layers:
            tokens = layer(tokens, placed_memory, memory, allowed)
        return self.norm(tokens)


class Transformer(nn.Module):
    """An encoder over camera and image tokens, a decoder over joint and vertex tokens."""

    def __init__(self, dims: int, hidden: int, heads: int, dropout: float, layers: int) -> None:
        super().__init__()
        self.encoder = Encoder(dims, hidden, heads, dropout, layers)
        self.decoder = Decoder(dims, hidden, heads, dropout, layers)

    def forward(
        self,
        camera: Float[Tensor, "n 1 d"],
        image: Image,
        body: BodyStart,
        encoding: Float[Tensor, "places d"],
        allowed: Bool[Tensor, "body body"],
    ) -> tuple[Float[Tensor, "n 1 d"], Image, Body]:
        """Refine all tokens; the decoder sees the encoded image, but not the camera token."""
        placed = F.pad(encoding, (0, 0, 1, 0))  # the camera token stands nowhere
        encoded = self.encoder(torch.cat([camera, image], dim=1), placed)  # [N,1+49,d]
        camera, image = encoded[:, :1], encoded[:, 1:]
        return camera, image, self.decoder(body, image + encoding, image, allowed)
