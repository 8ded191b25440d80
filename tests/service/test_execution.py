"""What a batch meets: too little memory, clips that raise, a device that is lost."""

import time

import numpy as np
import pytest

from model.errors import InputError
from service import execution
from service.execution import Execution
from service.runner import DeviceLostError, OutOfMemoryError
from service.sleeping import FaultSettings, FaultyRunner, SleepingRunner, with_fault
from service.stacking import Inputs, count_rows
from tests.service.runners import ToyRunner, mark_of, marked_inputs


def fit(windows: int) -> ToyRunner:
    def check(inputs: Inputs) -> None:
        if count_rows(inputs) > windows * 8:
            raise OutOfMemoryError("too many")

    return ToyRunner(before=check)


def raise_for(mark: int) -> ToyRunner:
    def check(inputs: Inputs) -> None:
        if mark in inputs.mask[:, 0, 0]:  # type: ignore[union-attr]
            raise ArithmeticError(f"{mark} is in it")

    return ToyRunner(before=check)


def test_every_clip_gets_its_own_answer() -> None:
    runner = ToyRunner()

    answers = Execution(runner, 16).answer([marked_inputs(n, mark=n) for n in (1, 2, 4)])

    assert [mark_of(answer) for answer in answers] == [1, 2, 4]
    assert [len(a.camera) for a in answers if not isinstance(a, Exception)] == [8, 16, 32]
    assert runner.batches == [7]


def test_out_of_memory_halves_the_batch_which_is_finished_and_remembered() -> None:
    runner = fit(windows=5)
    ran = Execution(runner, 16)

    answers = ran.answer([marked_inputs(4, mark) for mark in (1, 2, 3, 4)])
    again = ran.answer([marked_inputs(4, mark) for mark in (5, 6)])

    assert [mark_of(answer) for answer in answers + again] == [1, 2, 3, 4, 5, 6]
    assert ran.max_windows == 4
    assert runner.batches == [16, 8, 4, 4, 4, 4, 4, 4]


def test_a_device_that_cannot_hold_one_window_is_lost() -> None:
    with pytest.raises(DeviceLostError, match="not even one window"):
        Execution(fit(windows=0), 16).answer([marked_inputs(4, 1)])


def test_the_clip_that_raises_is_found_and_the_others_are_answered() -> None:
    clips = [marked_inputs(1, mark) for mark in range(1, 9)]

    answers = Execution(raise_for(6), 16).answer(clips)

    assert isinstance(answers.pop(5), ArithmeticError)
    assert [mark_of(answer) for answer in answers] == [1, 2, 3, 4, 5, 7, 8]


def test_a_device_that_raises_at_harmless_inputs_too_is_lost_and_no_clip_is_blamed() -> None:
    with pytest.raises(DeviceLostError, match="answers nothing"):
        Execution(raise_for(0), 16).answer([marked_inputs(1, mark) for mark in (0, 1)])


def test_warming_up_reaches_the_full_batch() -> None:
    runner = ToyRunner()

    Execution(runner, 12).warm_up()

    assert runner.batches == [1, 1, 2, 4, 8, 12]


def test_warming_up_finds_what_fits() -> None:
    ran = Execution(fit(windows=5), 16)

    ran.warm_up()

    assert ran.max_windows == 4


def test_a_slow_device_is_given_smaller_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "BATCH_S", 0.25)
    runner = ToyRunner(before=lambda inputs: time.sleep(0.05 * count_rows(inputs) / 8))
    ran = Execution(runner, 64)

    ran.warm_up()

    assert ran.max_windows <= 4
    assert ran.batch_s >= 0.05


def test_a_model_that_gives_no_numbers_is_refused_before_any_clip() -> None:
    runner = ToyRunner()
    good = runner.predict(runner.blank(1))
    good.coarse_m[:] = np.nan
    runner.predict = lambda _: good  # type: ignore[method-assign]

    with pytest.raises(InputError, match="no finite numbers"):
        Execution(runner, 4).warm_up()


def test_a_sign_of_life_comes_with_every_answer_of_the_device() -> None:
    signs: list[int] = []
    ran = Execution(ToyRunner(), 2, progress=lambda: signs.append(1))

    ran.answer([marked_inputs(6, 1)])

    assert len(signs) == 3


def test_a_fault_strikes_the_clip_that_carries_it() -> None:
    settings = FaultSettings(faults=True)
    ran = Execution(FaultyRunner(SleepingRunner(settings), settings), 16)

    bad, good = ran.answer([with_fault(marked_inputs(2, 1), b"RAISE!"), marked_inputs(1, 2)])

    assert isinstance(bad, ArithmeticError)
    assert mark_of(good) == 2
