"""What answers batches: a network on its device.

Torch is imported when a network is loaded, so that the sleeping model of the tests does without.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from model.types import CROP_SIDE, MASK_SIDE, WINDOW, Estimate, Evidence
from service.messages import model_key
from service.settings import Settings
from service.stacking import Inputs

if TYPE_CHECKING:
    from model.inference import Predictor


class OutOfMemoryError(Exception):
    """The device cannot hold so many windows at once."""


class DeviceLostError(Exception):
    """The device answers nobody any more; only a new process may find it well."""


class Runner(Protocol):
    """Answers windows of 8 frames."""

    @property
    def key(self) -> str:
        """Names the model and its weights."""

    def predict(self, inputs: Inputs) -> Estimate:
        """Answer windows, all at once.

        Raises:
            OutOfMemoryError: They are too many.
            Exception: Whatever else is wrong with them, or with the device.
        """

    def blank(self, windows: int) -> Inputs:
        """Inputs that a device in order answers: nobody in the picture."""

    def memory_bytes(self) -> Mapping[str, int]:
        """Memory of the device, by kind; empty where it has none of its own."""


@dataclass(frozen=True, eq=False)
class NetworkRunner:
    """A network, loaded."""

    key: str
    sees: str
    predictor: "Predictor"

    def predict(self, inputs: Inputs) -> Estimate:
        """As `Runner.predict`."""
        import torch

        try:
            return self.predictor.predict(inputs)
        except RuntimeError as error:  # torch's own class for GPUs is one too
            if not isinstance(error, torch.OutOfMemoryError) and _NO_MEMORY not in str(error):
                raise
            reason = str(error)
        # Outside of the handler: the error's traceback holds the activations.
        if self.predictor.device.type == "cuda":
            torch.cuda.empty_cache()
        raise OutOfMemoryError(reason)

    def blank(self, windows: int) -> Inputs:
        """As `Runner.blank`."""
        return blank_inputs(self.sees, windows)

    def memory_bytes(self) -> Mapping[str, int]:
        """As `Runner.memory_bytes`."""
        import torch

        device = self.predictor.device
        if device.type != "cuda":
            return {}
        free, total = torch.cuda.mem_get_info(device)
        allocated = torch.cuda.max_memory_allocated(device)
        return {"total": total, "used": total - free, "allocated_peak": allocated}


_NO_MEMORY = "can't allocate memory"  # what torch says on a CPU, in a plain RuntimeError


def blank_inputs(sees: str, windows: int) -> Inputs:
    """Windows that show nobody, as pixels or as evidence."""
    rows = windows * WINDOW
    if sees == "pixels":
        return np.zeros((rows, CROP_SIDE, CROP_SIDE, 3), np.uint8)
    mask = np.zeros((rows, MASK_SIDE, MASK_SIDE), np.uint8)
    return Evidence(np.zeros((rows, 33, 7), np.float32), mask)


def load_runner(settings: Settings) -> Runner:
    """Load the model in force onto its device; takes seconds.

    Raises:
        UsageError: `unknown_model`, `unknown_body`, or `no_such_device`.
        InputError: The model's files cannot be used.
    """
    from service.sleeping import FaultSettings, FaultyRunner, SleepingRunner

    faults = FaultSettings()
    if faults.sleeping:
        return FaultyRunner(SleepingRunner(faults), faults)
    runner = _load_network(settings)
    return FaultyRunner(runner, faults) if faults.faults else runner


def _load_network(settings: Settings) -> Runner:
    from model.loading import load_model

    model = load_model(
        settings.model,
        settings.models_dir,
        device=settings.device,
        dtype=settings.dtype,
        compile=settings.compile,
    )
    key = model_key(model.card.name, model.weights_sha256)
    return NetworkRunner(key, model.card.network.input, model.predictor)
