"""Build hook: writes the Python side of the gRPC messages before a package is made of them."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class GenerateStubs(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's own have none
    """Runs proto/generate.py; an editable install too leaves what it wrote in the tree."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  theirs
        """Generate before files are collected."""
        script = Path(self.root) / "proto" / "generate.py"
        subprocess.run([sys.executable, str(script)], check=True)  # noqa: S603  our own script
