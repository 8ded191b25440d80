"""Batches on a device that may run out of memory, raise, or die.

    out of memory   halve what it is given at once, remember that, and go on
    raises          ask it something harmless; if it raises again, the device is lost
                    else halve the batch, until the clip is found that raises alone
    slow            give it less at once: it gains nothing from more, and its clips wait less

This module knows no queue and no torch.
"""

import time
from collections.abc import Callable, Sequence

import numpy as np

from model.errors import InputError
from model.types import WINDOW, Estimate
from service.logs import get_log
from service.metrics import BATCH_LIMIT, BISECTIONS, OUT_OF_MEMORY
from service.runner import DeviceLostError, OutOfMemoryError, Runner
from service.stacking import (
    Inputs,
    count_rows,
    join_estimates,
    join_inputs,
    split_estimate,
    take_rows,
)

BATCH_S = 2.0  # a device that takes longer for a batch is given smaller ones
log = get_log("worker")


class Execution:
    """Runs batches of one model.

    Args:
        runner: The model on its device.
        max_windows: The most that it is given at once; less where that proves too much.
        progress: Called whenever the device has answered.

    Attributes:
        max_windows: The most, as far as is known by now.
        batch_s: What so many took when it was measured.
    """

    def __init__(
        self, runner: Runner, max_windows: int, progress: Callable[[], None] = lambda: None
    ) -> None:
        self._runner = runner
        self._progress = progress
        self.max_windows = max_windows
        self.batch_s = 0.0

    def warm_up(self) -> None:
        """Have the device do what it will do, so that the first clip need not wait.

        Batches grow up to the most windows, or to what takes `BATCH_S`.

        Raises:
            InputError: `bad_output`: it gives no finite numbers, so no clip would get any.
            DeviceLostError: It does not answer.
        """
        first = self._ask_something_harmless()
        if not np.isfinite(first.coarse_m).all():
            raise InputError(
                "bad_output",
                f"model {self._runner.key} gives no finite numbers; its weights may be damaged, "
                "or need REMOCAP_DTYPE=float32",
            )
        most, windows = self.max_windows, 1
        while True:
            begun_s = time.perf_counter()
            self._forward(self._runner.blank(windows))
            self.batch_s = time.perf_counter() - begun_s
            if windows >= min(most, self.max_windows) or 2 * self.batch_s > BATCH_S:
                break
            windows = min(2 * windows, most)
        self._limit(windows)

    def answer(self, clips: Sequence[Inputs]) -> list[Estimate | Exception]:
        """Answer clips together; for one that raises even alone, what it raised.

        Raises:
            DeviceLostError: None of them was answered, and none will be by this process.
        """
        try:
            together = self._forward(join_inputs(clips))
        except DeviceLostError:
            raise
        except Exception as error:
            log.warning("batch raised", clips=len(clips), error=repr(error))
            self._ask_something_harmless()
            if len(clips) == 1:
                return [error]
        else:
            return list(split_estimate(together, [count_rows(clip) for clip in clips]))
        BISECTIONS.inc()
        half = len(clips) // 2
        return self.answer(clips[:half]) + self.answer(clips[half:])

    def _forward(self, inputs: Inputs) -> Estimate:
        """Answer inputs of any size, as many at once as the device can hold."""
        parts: list[Estimate] = []
        start, count = 0, count_rows(inputs)
        while start < count:
            rows = slice(start, min(start + self.max_windows * WINDOW, count))
            try:
                parts.append(self._runner.predict(take_rows(inputs, rows)))
            except OutOfMemoryError as error:
                self._halve((rows.stop - rows.start) // WINDOW, error)
            else:
                start = rows.stop
            self._progress()
        return join_estimates(parts)

    def _halve(self, windows: int, error: OutOfMemoryError) -> None:
        OUT_OF_MEMORY.inc()
        if windows <= 1:
            raise DeviceLostError(f"not even one window fits into memory: {error}") from error
        self._limit((windows + 1) // 2)
        log.warning("out of memory", windows=windows, limit=self.max_windows, error=str(error))

    def _limit(self, windows: int) -> None:
        self.max_windows = min(self.max_windows, windows)
        BATCH_LIMIT.set(self.max_windows)

    def _ask_something_harmless(self) -> Estimate:
        try:
            return self._forward(self._runner.blank(1))
        except DeviceLostError:
            raise
        except Exception as error:
            raise DeviceLostError(f"the device answers nothing any more: {error!r}") from error
