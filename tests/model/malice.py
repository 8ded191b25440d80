"""What a hostile file may hold."""

from pathlib import Path
from typing import Any


class Touch:
    """Pickles to a call that creates a file, so that a test sees whether it was run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)
