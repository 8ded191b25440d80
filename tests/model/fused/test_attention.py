"""Block-wise and precomputed attention beside the plain layers."""

import pytest
import torch

from model.fused.attention import (
    BlockAttention,
    FirstLayer,
    attention_blocks,
    nearby_order,
)
from model.tokens import allowed_attention
from model.transformer import Attention, DecoderLayer
from tests.model.seeded import ring

DIMS = 16


@pytest.fixture(scope="module")
def allowed() -> torch.Tensor:
    """Who may look at whom on a ring whose vertices are numbered at random."""
    torch.manual_seed(0)
    shuffled = torch.randperm(431)
    return allowed_attention(torch.from_numpy(ring())[shuffled][:, shuffled])


def test_neighbours_come_near_one_another(allowed: torch.Tensor) -> None:
    adjacency = allowed[14:, 14:]

    order = nearby_order(adjacency)

    place = torch.tensor(order).argsort()
    first, second = adjacency.nonzero(as_tuple=True)
    assert sorted(order) == list(range(431))
    assert (place[first] - place[second]).abs().max() < 20


def test_blocks_hold_every_token_once_and_see_few_others(allowed: torch.Tensor) -> None:
    blocks = attention_blocks(allowed)

    assert sorted(torch.cat([block.rows for block in blocks]).tolist()) == list(range(445))
    assert sum(block.allowed.sum() for block in blocks) == allowed.sum()
    assert sum(block.allowed.numel() for block in blocks) < 445 * 445 / 3


def test_vertices_without_neighbours_are_not_lost() -> None:
    assert sorted(nearby_order(torch.eye(5, dtype=torch.bool))) == [0, 1, 2, 3, 4]


def test_block_attention_is_the_masked_one(allowed: torch.Tensor) -> None:
    attention, tokens = Attention(DIMS, 4, dropout=0.1).eval(), torch.randn(2, 445, DIMS)

    found = BlockAttention(attention, attention_blocks(allowed))(tokens, tokens, tokens, allowed)

    torch.testing.assert_close(found, attention(tokens, tokens, tokens, allowed))


def test_a_first_layer_answers_without_its_tokens(allowed: torch.Tensor) -> None:
    layer = DecoderLayer(DIMS, 32, 4, dropout=0.1).eval()
    tokens, memory = torch.randn(445, DIMS), torch.randn(3, 49, DIMS)

    found = FirstLayer(layer, tokens, allowed)(torch.empty(0), memory + 1, memory)

    expected = layer(tokens.expand(3, -1, -1), memory + 1, memory, allowed)
    torch.testing.assert_close(found, expected)
