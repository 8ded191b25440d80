"""RemoCap: 3D body meshes from video. This package knows no web, queue or metrics.

    from model import load_model, open_video, reconstruct, write

What stands here is the public interface. Each name is fetched from its module when it is first
asked for, so importing `model` costs nothing, and whoever lists models or reads results needs
neither torch nor a video library.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model.bodies import Body as Body
    from model.bodies import load_body as load_body
    from model.checkpoint import from_official as from_official
    from model.checkpoint import import_checkpoint as import_checkpoint
    from model.config import ModelCard as ModelCard
    from model.config import NetworkConfig as NetworkConfig
    from model.errors import InputError as InputError
    from model.errors import NobodyFoundError as NobodyFoundError
    from model.errors import OutputError as OutputError
    from model.errors import RemocapError as RemocapError
    from model.errors import UsageError as UsageError
    from model.export import write as write
    from model.inference import Predictor as Predictor
    from model.inference import load_predictor as load_predictor
    from model.loading import Model as Model
    from model.loading import load_model as load_model
    from model.network import Prediction as Prediction
    from model.network import RemoCap as RemoCap
    from model.onnx_detector import OnnxDetector as OnnxDetector
    from model.pipeline import Options as Options
    from model.pipeline import reconstruct as reconstruct
    from model.reconstruction import Mesh as Mesh
    from model.reconstruction import Reconstruction as Reconstruction
    from model.registry import find_model as find_model
    from model.registry import list_models as list_models
    from model.stages import Stages as Stages
    from model.tracks_file import load_tracks as load_tracks
    from model.types import Sequence as Sequence
    from model.video import Limits as Limits
    from model.video import open_video as open_video

_NAMES = {
    "model.bodies": ("Body", "load_body"),
    "model.checkpoint": ("from_official", "import_checkpoint"),
    "model.config": ("ModelCard", "NetworkConfig"),
    "model.errors": (
        "InputError",
        "NobodyFoundError",
        "OutputError",
        "RemocapError",
        "UsageError",
    ),
    "model.export": ("write",),
    "model.inference": ("Predictor", "load_predictor"),
    "model.loading": ("Model", "load_model"),
    "model.network": ("Prediction", "RemoCap"),
    "model.onnx_detector": ("OnnxDetector",),
    "model.pipeline": ("Options", "reconstruct"),
    "model.reconstruction": ("Mesh", "Reconstruction"),
    "model.registry": ("find_model", "list_models"),
    "model.stages": ("Stages",),
    "model.tracks_file": ("load_tracks",),
    "model.types": ("Sequence",),
    "model.video": ("Limits", "open_video"),
}
"""What each module gives; the imports above say the same to type checkers."""
_HOMES = {name: module for module, names in _NAMES.items() for name in names}

__all__ = list(_HOMES)

if not TYPE_CHECKING:  # a checker that saw this would let any name pass

    def __getattr__(name: str) -> object:
        """Fetch a public name from its module, once (PEP 562)."""
        if name not in _HOMES:
            raise AttributeError(f"module 'model' has no attribute '{name}'")
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
