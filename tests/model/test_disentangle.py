"""SD, MD and their blend."""

import pytest
import torch

from model.disentangle import Ema, channels_to_frames, disentangle, frames_to_channels


def lively_ema(channels: int, groups: int) -> Ema:
    torch.manual_seed(1)
    ema = Ema(channels, groups).eval()
    for value in ema.state_dict().values():
        value.add_(torch.randn_like(value) * 0.3)
    return ema


def test_ema_follows_its_equations_in_a_single_group() -> None:
    ema, x = lively_ema(4, groups=1), torch.randn(1, 4, 5, 6)

    profiles = torch.cat([x.mean(3), x.mean(2)], dim=2)  # [1,4,5+6]
    weight, bias = ema.conv1x1.weight[:, :, 0, 0], ema.conv1x1.bias
    gates = torch.einsum("ok,nkl->nol", weight, profiles).add(bias[:, None]).sigmoid()
    scaled = x * gates[:, :, :5, None] * gates[:, :, None, 5:]
    centred = scaled - scaled.mean((2, 3), keepdim=True)
    normed = centred / (centred.square().mean((2, 3), keepdim=True) + 1e-5).sqrt()
    along = normed * ema.gn.weight[:, None, None] + ema.gn.bias[:, None, None]
    local = torch.conv2d(x, ema.conv3x3.weight, ema.conv3x3.bias, padding=1)
    gate = torch.einsum("nk,nkhw->nhw", along.mean((2, 3)).softmax(1), local)
    gate += torch.einsum("nk,nkhw->nhw", local.mean((2, 3)).softmax(1), along)
    torch.testing.assert_close(ema(x), x * gate.sigmoid().unsqueeze(1))


def test_folding_puts_the_frames_of_a_channel_side_by_side() -> None:
    frames = torch.arange(16).reshape(16, 1, 1, 1) + 100 * torch.arange(3).reshape(1, 3, 1, 1)

    folded = frames_to_channels(frames.float())

    assert folded.shape == (2, 24, 1, 1)
    assert folded[1, :10, 0, 0].tolist() == [8, 9, 10, 11, 12, 13, 14, 15, 108, 109]
    assert torch.equal(channels_to_frames(folded), frames)


def test_sd_looks_at_one_frame_at_a_time() -> None:
    sd, x = lively_ema(32, groups=2), torch.randn(3, 32, 6, 6)

    alone = torch.cat([disentangle(x[n : n + 1], sd, None) for n in range(3)])

    torch.testing.assert_close(disentangle(x, sd, None), alone)


def test_md_sees_the_order_of_the_frames_of_a_window_and_no_other_window() -> None:
    md, x = lively_ema(8 * 4, groups=4), torch.randn(16, 4, 6, 6)
    answer = disentangle(x, None, md)

    torch.testing.assert_close(disentangle(x[:8], None, md), answer[:8])
    backwards = disentangle(x[:8].flip(0), None, md).flip(0)
    assert (backwards - answer[:8]).abs().max() > 0.01


def test_md_says_how_many_frames_it_needs() -> None:
    with pytest.raises(ValueError, match=r"7 frames .* multiple of 8"):
        disentangle(torch.randn(7, 4, 6, 6), None, lively_ema(32, groups=4))


def test_both_are_blended_per_frame_and_channel() -> None:
    sd, md, x = lively_ema(32, groups=2), lively_ema(8 * 32, groups=32), torch.randn(8, 32, 6, 6)
    spatial, motion = disentangle(x, sd, None), disentangle(x, None, md)

    share = (spatial + motion).mean((2, 3), keepdim=True).sigmoid()
    expected = share * spatial + (1 - share) * motion

    torch.testing.assert_close(disentangle(x, sd, md), expected)


def test_with_neither_the_features_pass() -> None:
    x = torch.randn(3, 4, 6, 6)

    assert disentangle(x, None, None) is x
