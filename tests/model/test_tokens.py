"""Who may look at whom, and who stands where."""

import math

import torch

from model.tokens import allowed_attention, sine_encoding
from tests.model.seeded import ring


def test_joints_look_everywhere_and_vertices_at_joints_and_neighbours() -> None:
    allowed = allowed_attention(torch.from_numpy(ring()))

    assert allowed[:14].all()
    assert allowed[:, :14].all()
    assert (allowed[14 + 5, 14:].nonzero().flatten() == torch.arange(2, 9)).all()
    assert allowed.sum() == 14 * 445 + 431 * (14 + 7)


def test_the_encoding_tells_row_and_column() -> None:
    encoding = sine_encoding(8)  # 4 channels for y, 4 for x

    place = encoding[2 * 7 + 4]  # third row, fifth column
    y, x = 3 / (7 + 1e-6) * 2 * math.pi, 5 / (7 + 1e-6) * 2 * math.pi
    expected = [f(v / w) for v in (y, x) for w in (1, 100) for f in (math.sin, math.cos)]
    torch.testing.assert_close(place, torch.tensor(expected))
