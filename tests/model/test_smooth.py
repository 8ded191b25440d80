from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.camera import crop_camera_to_image
from model.smooth import LEVELS as SETTINGS
from model.smooth import Level, fit_weights, smooth
from model.types import Sequence, Smoothing
from tests.model.people import make_sequence, random_rotmats

LEVELS: tuple[Smoothing, ...] = ("light", "strong")
RATES = (24.0, 30.0, 60.0)
LOW_RATES = tuple(float(rate) for rate in range(12, 24))


def naive_fit(times_s: np.ndarray, values: np.ndarray, at_s: float, reach_s: float) -> float:
    """Fit one weighted parabola around one time."""
    near = np.abs(times_s - at_s) < reach_s
    weights = (1 - ((times_s[near] - at_s) / reach_s) ** 2) ** 2
    return float(np.polyfit(times_s[near] - at_s, values[near], 2, w=np.sqrt(weights))[2])


def uneven_times(count: int, seed: int = 0) -> np.ndarray:
    return np.cumsum(np.random.default_rng(seed).uniform(0.01, 0.04, count))


def accelerations(positions_m: np.ndarray, rate: float) -> np.ndarray:
    return np.diff(positions_m, 2, axis=0) * rate**2


def walk(rate: float, seed: int = 0) -> tuple[np.ndarray, Sequence]:
    """The swaying body in truth, and with 5 mm of noise on every coordinate."""
    truth = make_sequence(np.arange(int(4 * rate)) / rate, sway_m=0.15, sway_hz=1.0)
    noise_m = np.random.default_rng(seed).normal(0, 0.005, truth.coarse_m.shape)
    return truth.coarse_m, replace(truth, coarse_m=truth.coarse_m + noise_m.astype(np.float32))


def test_every_row_is_the_value_of_its_own_parabola() -> None:
    times_s = uneven_times(60)
    values = np.random.default_rng(1).normal(size=60)

    weights = fit_weights(times_s, times_s, 0.16)

    expected = [naive_fit(times_s, values, at_s, 0.16) for at_s in times_s]
    np.testing.assert_allclose(weights @ values, expected, atol=1e-8)


def naive_smooth(times_s: np.ndarray, points: np.ndarray, row: int, level: Level) -> np.ndarray:
    """Smooth one row of things that move, by definition; points are [row, thing, coordinate]."""

    def fitted(at: int, reach_s: float) -> np.ndarray:
        weights = fit_weights(times_s, times_s[[at]], reach_s)[0]
        return np.tensordot(weights, points, 1)

    def gains(at: int) -> tuple[float, float]:
        short, long = (
            fit_weights(times_s, times_s[[at]], reach)[0] for reach in (level.short_s, level.long_s)
        )
        return float(((short - long) ** 2).sum()), float(
            ((short - np.eye(len(times_s))[at]) ** 2).sum()
        )

    energy, noise, between, rest = np.zeros(points.shape[1]), np.zeros(points.shape[1]), 0.0, 0.0
    near = [i for i in range(len(times_s)) if abs(times_s[i] - times_s[row]) < level.long_s]
    weight = {i: (1 - ((times_s[i] - times_s[row]) / level.long_s) ** 2) ** 2 for i in near}
    for i in near:
        share = weight[i] / sum(weight.values())
        energy += share * ((fitted(i, level.short_s) - fitted(i, level.long_s)) ** 2).sum(axis=1)
        noise += share * ((points[i] - fitted(i, level.short_s)) ** 2).sum(axis=1)
        between, rest = between + share * gains(i)[0], rest + share * gains(i)[1]
    told = min(max((rest - 0.1) / 0.2, 0), 1)
    kept = np.clip(1 - told * level.jitter * between / max(rest, 0.1) * noise / energy, 0, 1)
    calm = fitted(row, level.long_s)
    return calm + kept[:, None] * (fitted(row, level.short_s) - calm)


@pytest.mark.parametrize("level", LEVELS)
def test_rows_are_smoothed_as_defined(level: Smoothing) -> None:
    times_s = uneven_times(90)
    sequence = make_sequence(times_s, sway_m=0.03, sway_hz=2.0)
    noise_m = np.random.default_rng(5).normal(0, 0.002, sequence.joint_tokens_m.shape)
    tokens_m = (sequence.joint_tokens_m + noise_m).astype(np.float32)
    boxes_px = (sequence.crop_px + np.random.default_rng(6).normal(0, 2, (90, 4))).astype(
        np.float32
    )

    shown = smooth(replace(sequence, joint_tokens_m=tokens_m, crop_px=boxes_px), slice(None), level)

    for row in (0, 1, 40, 89):
        expected_m = naive_smooth(times_s, tokens_m, row, SETTINGS[level])
        np.testing.assert_allclose(shown.joint_tokens_m[row], expected_m, atol=1e-5)
        (expected_px,) = naive_smooth(times_s, boxes_px[:, None], row, SETTINGS[level])
        np.testing.assert_allclose(shown.crop_px[row], expected_px, atol=1e-2)


def test_off_returns_the_rows_as_they_are() -> None:
    sequence = make_sequence(np.arange(20) / 30)

    shown = smooth(sequence, slice(5, 9), "off")

    assert shown.coarse_m.base is sequence.coarse_m
    np.testing.assert_array_equal(shown.frame_index, [5, 6, 7, 8])


@pytest.mark.parametrize("rate", RATES)
def test_light_halves_the_error_of_accelerations(rate: float) -> None:
    truth_m, noisy = walk(rate)

    shown_m = smooth(noisy, slice(None), "light").coarse_m

    def error(positions_m: np.ndarray) -> float:
        apart = accelerations(positions_m, rate) - accelerations(truth_m, rate)
        return float(np.linalg.norm(apart, axis=2).mean())

    assert error(shown_m) < 0.5 * error(noisy.coarse_m)


@pytest.mark.parametrize("rate", RATES)
def test_who_stands_still_hardly_trembles(rate: float) -> None:
    still = make_sequence(np.arange(int(4 * rate)) / rate)
    noise_m = np.random.default_rng(2).normal(0, 0.005, still.coarse_m.shape)
    noisy = replace(still, coarse_m=(still.coarse_m + noise_m).astype(np.float32))

    shown_m = smooth(noisy, slice(None), "light").coarse_m

    left, given = (np.diff(m, 2, axis=0).std() for m in (shown_m, noisy.coarse_m))
    assert left < 0.06 * given


def test_a_wave_that_trembles_still_waves() -> None:
    times_s = np.arange(120) / 30
    wave = make_sequence(times_s, sway_m=0.1, sway_hz=3.0)
    noise_m = np.random.default_rng(4).normal(0, 0.005, wave.coarse_m.shape)
    noisy = replace(wave, coarse_m=(wave.coarse_m + noise_m).astype(np.float32))

    shown_m = smooth(noisy, slice(None), "light").coarse_m - make_sequence(times_s).coarse_m

    phase = 2 * np.pi * 3 * times_s[30:90, None]
    amplitudes_m = 2 * np.mean(shown_m[30:90, :, 0] * np.sin(phase), axis=0)
    assert amplitudes_m.mean() > 0.085


@pytest.mark.parametrize("rate", LOW_RATES)
@pytest.mark.parametrize("level", LEVELS)
def test_a_wave_still_waves_where_frames_are_few(rate: float, level: Smoothing) -> None:
    times_s = np.arange(int(6 * rate)) / rate
    still, wave = make_sequence(times_s), make_sequence(times_s, sway_m=0.1, sway_hz=3.0)

    shown_m = smooth(wave, slice(None), level).coarse_m - still.coarse_m

    inner, sine = slice(int(rate), int(5 * rate)), np.sin(2 * np.pi * 3 * times_s)
    amplitude_m = (shown_m[inner, 0, 0] * sine[inner]).sum() / np.square(sine[inner]).sum()
    assert amplitude_m >= 0.085


@pytest.mark.parametrize("level", LEVELS)
def test_at_a_low_frame_rate_rows_stay_as_they_are(level: Smoothing) -> None:
    noisy = walk(14.0)[1]

    shown_m = smooth(noisy, slice(None), level).coarse_m

    np.testing.assert_allclose(shown_m, noisy.coarse_m, atol=1e-5)


@pytest.mark.parametrize("rate", RATES)
def test_light_moves_a_clean_motion_by_less_than_a_millimetre(rate: float) -> None:
    truth_m, noisy = walk(rate)
    clean = replace(noisy, coarse_m=truth_m)

    added_m = np.linalg.norm(smooth(clean, slice(None), "light").coarse_m - truth_m, axis=2)
    shown_m = np.linalg.norm(smooth(noisy, slice(None), "light").coarse_m - truth_m, axis=2)

    assert added_m.max() < 0.001
    assert shown_m.mean() < np.linalg.norm(noisy.coarse_m - truth_m, axis=2).mean()


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("level", LEVELS)
def test_a_wave_of_three_hertz_keeps_nine_tenths(rate: float, level: Smoothing) -> None:
    times_s = np.arange(int(4 * rate)) / rate
    still, wave = make_sequence(times_s), make_sequence(times_s, sway_m=0.1, sway_hz=3.0)

    shown_m = smooth(wave, slice(None), level).coarse_m - still.coarse_m

    phase = 2 * np.pi * 3 * times_s
    inner = slice(int(rate), int(3 * rate))  # 6 whole waves
    sine, cosine = (np.mean(shown_m[inner, 0, 0] * f(phase[inner])) * 2 for f in (np.sin, np.cos))
    assert sine >= 0.09
    assert abs(cosine) < 1e-4  # no phase


@settings(deadline=None, max_examples=30)
@given(start=st.integers(0, 149), count=st.integers(0, 150), level=st.sampled_from(LEVELS))
def test_rows_do_not_depend_on_how_they_are_sliced(
    start: int, count: int, level: Smoothing
) -> None:
    sequence = replace(make_sequence(uneven_times(150)), rotmat=random_rotmats(0, 150, 24))
    rows = slice(start, min(start + count, 150))

    part, whole = smooth(sequence, rows, level), smooth(sequence, slice(None), level)

    for column in ("frame_index", "camera", "crop_px", "coarse_m", "rotmat"):
        expected = getattr(whole, column)[rows]
        np.testing.assert_allclose(getattr(part, column), expected, rtol=1e-4, atol=1e-4)


def test_nothing_is_smoothed_across_a_long_gap() -> None:
    times_s = np.concatenate([np.arange(20), np.arange(50, 70)]) / 30
    together = walk(30.0)[1][:40]
    together = replace(together, pts_s=times_s)

    shown_m = smooth(together, slice(None), "strong").coarse_m

    alone_m = smooth(together[20:], slice(None), "strong").coarse_m
    np.testing.assert_allclose(shown_m[20:], alone_m, atol=1e-6)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_so_few_rows_stay_as_they_are(count: int) -> None:
    sequence = walk(30.0)[1][:count]

    shown = smooth(sequence, slice(None), "strong")

    np.testing.assert_allclose(shown.coarse_m, sequence.coarse_m, atol=1e-6)


def test_the_camera_is_smoothed_in_the_image_not_in_the_crop() -> None:
    """A square that jumps about, with a camera that makes up for it, shows a person at rest."""
    steady = make_sequence(np.arange(40) / 30)
    jump = np.random.default_rng(3).normal(0, 20, (40, 1)).astype(np.float32)
    crop_px = steady.crop_px + jump
    shift_m = -2 * jump / (0.9 * 400)
    camera = steady.camera + np.hstack([np.zeros_like(jump), shift_m, shift_m])
    jumpy = replace(steady, crop_px=crop_px, camera=camera)

    shown = smooth(jumpy, slice(None), "light")

    _, pelvis_px = crop_camera_to_image(shown.camera, shown.crop_px)
    _, expected_px = crop_camera_to_image(steady.camera, steady.crop_px)
    np.testing.assert_allclose(pelvis_px, expected_px, atol=0.01)
    assert shown.crop_px.std(axis=0).max() < crop_px.std(axis=0).max()


def test_rotations_stay_rotations() -> None:
    sequence = make_sequence(np.arange(30) / 30)
    sequence = replace(
        sequence, rotmat=random_rotmats(1, 30, 24), betas=np.ones((30, 10), np.float32)
    )

    shown = smooth(sequence, slice(None), "strong")

    assert shown.rotmat is not None
    assert shown.betas is not None
    identity = shown.rotmat @ shown.rotmat.transpose(0, 1, 3, 2)
    np.testing.assert_allclose(identity, np.broadcast_to(np.eye(3), identity.shape), atol=1e-5)
    np.testing.assert_allclose(shown.betas, 1, atol=1e-5)


def test_strong_leaves_less_jitter_than_light() -> None:
    _, noisy = walk(30.0)

    def jitter(level: Smoothing) -> float:
        shown_m = smooth(noisy, slice(None), level).coarse_m
        return float(np.abs(accelerations(shown_m, 30.0)).mean())

    assert jitter("strong") < jitter("light") < jitter("off")
