"""Results as files: the ending of the name chooses the format (docs/formats.md)."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from model.errors import OutputError, UsageError

if TYPE_CHECKING:
    from model.export.rows import Progress
    from model.reconstruction import Reconstruction
    from model.stages import Stages

FORMATS = {
    ".npz": "arrays",
    ".glb": "animated scene",
    ".mp4": "overlay",
    ".zip": "OBJ files",
    ".json": "joints and cameras",
}
"""What each ending stands for."""
