"""Shapes in signatures are checked while tests run."""

import os
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

# Torch's threads would spin between operations, and keep the cores from whatever else runs.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
install_import_hook("model", "beartype.beartype")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The reference files and clips beside the project; the test skips where there are none."""
    if not SHARED.is_dir():
        pytest.skip("needs ../shared (reference values and test clips)")
    return SHARED
