"""The transformers, beside PyTorch's own modules."""

import pytest
import torch
from torch import Tensor, nn

from model.transformer import Attention, DecoderLayer, Transformer

DIMS, HEADS = 16, 4


def pytorch_attention(attention: Attention) -> nn.MultiheadAttention:
    theirs = nn.MultiheadAttention(DIMS, HEADS, batch_first=True)
    theirs.load_state_dict(attention.state_dict())
    return theirs.eval()


@pytest.fixture
def attention() -> Attention:
    torch.manual_seed(0)
    attention = Attention(DIMS, HEADS, dropout=0.1).eval()
    nn.init.normal_(attention.in_proj_bias)
    return attention


def test_attention_is_pytorchs(attention: Attention) -> None:
    query, key, value = torch.randn(2, 5, DIMS), torch.randn(2, 7, DIMS), torch.randn(2, 7, DIMS)

    expected, _ = pytorch_attention(attention)(query, key, value)

    torch.testing.assert_close(attention(query, key, value), expected)


def test_masked_attention_is_pytorchs(attention: Attention) -> None:
    tokens, allowed = torch.randn(2, 6, DIMS), torch.rand(6, 6) < 0.5
    allowed.fill_diagonal_(True)

    expected, _ = pytorch_attention(attention)(tokens, tokens, tokens, attn_mask=~allowed)

    torch.testing.assert_close(attention(tokens, tokens, tokens, allowed), expected)


def test_queries_given_once_serve_everybody(attention: Attention) -> None:
    query, memory = torch.randn(1, 5, DIMS), torch.randn(3, 7, DIMS)

    expected = attention(query.expand(3, -1, -1), memory, memory)

    torch.testing.assert_close(attention(query, memory, memory), expected)


def test_a_decoder_layer_is_pytorchs() -> None:
    torch.manual_seed(0)
    layer = DecoderLayer(DIMS, 32, HEADS, dropout=0.1).eval()
    theirs = nn.TransformerDecoderLayer(DIMS, HEADS, 32, batch_first=True, norm_first=True).eval()
    theirs.load_state_dict(layer.state_dict())
    tokens, memory = torch.randn(2, 6, DIMS), torch.randn(2, 7, DIMS)
    everything = torch.ones(6, 6, dtype=torch.bool)

    torch.testing.assert_close(layer(tokens, memory, memory, everything), theirs(tokens, memory))


def answer(transformer: Transformer, camera: Tensor, image: Tensor) -> tuple[Tensor, ...]:
    torch.manual_seed(1)
    body, encoding = torch.randn(2, 6, DIMS), torch.randn(7, DIMS)
    everything = torch.ones(6, 6, dtype=torch.bool)
    answered: tuple[Tensor, ...] = transformer(camera, image, body, encoding, everything)
    return answered


def test_the_decoder_hears_of_the_camera_token_only_through_the_image() -> None:
    transformer = Transformer(DIMS, 32, HEADS, dropout=0.1, layers=2).eval()
    camera, image = torch.randn(2, 1, DIMS, requires_grad=True), torch.randn(2, 7, DIMS)

    encoded_camera, encoded_image, body = answer(transformer, camera, image)

    assert torch.autograd.grad(
        body.sum(), encoded_camera, allow_unused=True, retain_graph=True
    ) == (None,)
    assert encoded_camera.shape == (2, 1, DIMS)
    assert encoded_image.shape == (2, 7, DIMS)


def test_dropout_acts_in_training_alone() -> None:
    transformer = Transformer(DIMS, 32, HEADS, dropout=0.5, layers=1)
    camera, image = torch.randn(2, 1, DIMS), torch.randn(2, 7, DIMS)

    still = [answer(transformer.eval(), camera, image)[2] for _ in range(2)]
    trained = answer(transformer.train(), camera, image)[2]

    assert torch.equal(*still)
    assert not torch.equal(still[0], trained)
