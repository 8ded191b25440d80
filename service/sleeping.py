"""For tests: a model that sleeps instead of thinking, and faults on demand.

Only `REMOCAP_TEST_*` variables turn them on. A fault lies in a clip's own inputs, as six bytes at
the top left of its first picture (or mask), so that it takes the same way as the clip and strikes
whichever worker the clip comes to.
"""

import os
import signal
import time
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from pydantic_settings import BaseSettings, SettingsConfigDict

from model.types import COARSE, WINDOW, Array, Estimate, Evidence
from service.runner import OutOfMemoryError, Runner, blank_inputs
from service.stacking import Inputs, count_rows

SLEEPING_KEY = "sleeping@000000000000"
CRASH, RAISE, NO_NUMBER, HANG = b"CRASH!", b"RAISE!", b"NONUM!", b"HANGS!"


class FaultSettings(BaseSettings):
    """What tests may ask of a worker.

    Attributes:
        sleeping: Let the sleeping model stand in for the network.
        batch_ms, window_ms: What it takes for a batch, and more for each window in it.
        out_of_memory_windows: Batches of more windows run out of memory, once the worker is warm.
        faults: Look for faults in the inputs, and obey them.
    """

    model_config = SettingsConfigDict(env_prefix="REMOCAP_TEST_", extra="ignore", frozen=True)

    sleeping: bool = False
    batch_ms: float = 0
    window_ms: float = 0
    out_of_memory_windows: int | None = None
    faults: bool = False


class SleepingRunner:
    """Sleeps; what it says of a frame follows from the frame, so that mix-ups show."""

    key = SLEEPING_KEY

    def __init__(self, settings: FaultSettings) -> None:
        self._settings = settings

    def predict(self, inputs: Inputs) -> Estimate:
        """As `Runner.predict`; camera [n,3] is `fingerprint`, all else follows."""
        rows = count_rows(inputs)
        windows = rows // WINDOW
        time.sleep((self._settings.batch_ms + windows * self._settings.window_ms) / 1000)
        camera = fingerprint(inputs)
        return Estimate(
            camera=camera,
            joints_m=np.repeat(camera[:, None], 14, axis=1),
            coarse_m=np.repeat(camera[:, None], COARSE, axis=1),
        )

    def blank(self, windows: int) -> Inputs:
        """As `Runner.blank`."""
        return blank_inputs("evidence", windows)

    def memory_bytes(self) -> Mapping[str, int]:
        """As `Runner.memory_bytes`."""
        return {}


class FaultyRunner:
    """Another runner, with the faults that are asked for."""

    def __init__(self, inner: Runner, settings: FaultSettings) -> None:
        self._inner = inner
        self._settings = settings
        self.key = inner.key

    def predict(self, inputs: Inputs) -> Estimate:
        """As `Runner.predict`, unless there is a fault in the inputs."""
        most = self._settings.out_of_memory_windows
        if (
            most is not None
            and count_rows(inputs) > most * WINDOW
            and _first_bytes(inputs, 6).any()
        ):
            raise OutOfMemoryError(f"over {most} windows, as the test asked for")
        faults = _faults_of(inputs) if self._settings.faults else set()
        if CRASH in faults:
            os.kill(os.getpid(), signal.SIGKILL)
        if HANG in faults:
            time.sleep(1e6)
        if RAISE in faults:
            raise ArithmeticError("as the test asked for")
        estimate = self._inner.predict(inputs)
        if NO_NUMBER in faults:
            return replace(estimate, camera=np.full_like(estimate.camera, np.nan))
        return estimate

    def blank(self, windows: int) -> Inputs:
        """As `Runner.blank`."""
        return self._inner.blank(windows)

    def memory_bytes(self) -> Mapping[str, int]:
        """As `Runner.memory_bytes`."""
        return self._inner.memory_bytes()


def fingerprint(inputs: Inputs) -> Array:
    """Three numbers f32[n,3] of each frame, from the bytes at its top left."""
    return _first_bytes(inputs, 3).astype(np.float32)


def with_fault(inputs: Inputs, fault: bytes) -> Inputs:
    """The same inputs with a fault in the first frame."""
    mark = np.frombuffer(fault, np.uint8)
    pictures = inputs.mask if isinstance(inputs, Evidence) else inputs
    marked = pictures.copy()
    marked[0].reshape(-1)[: len(mark)] = mark
    return replace(inputs, mask=marked) if isinstance(inputs, Evidence) else marked


def _faults_of(inputs: Inputs) -> set[bytes]:
    return {row.tobytes() for row in _first_bytes(inputs, 6)[::WINDOW]}


def _first_bytes(inputs: Inputs, count: int) -> Array:
    """u8[n,count] of each frame."""
    pictures = inputs.mask if isinstance(inputs, Evidence) else inputs
    return pictures.reshape(len(pictures), -1)[:, :count]
