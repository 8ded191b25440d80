"""The smallest network that still has every part, and the yaml of a run with it."""

from pathlib import Path
from typing import Any

import yaml

TINY = {
    "backbone": {
        "width": 4,
        "modules": [1, 1, 1],
        "blocks": 1,
        "head_widths": [4, 4, 8, 8],
        "features": 32,
    },
    "transformer": {
        "dims": [64, 32],
        "hidden": [64, 32],
        "layers": 1,
        "heads": 4,
        "dropout": 0.1,
    },
}


def write_config(folder: Path, data: Path, **changes: Any) -> Path:
    """A run over `data` with a tiny network: every window of 8 frames is a step of an epoch."""
    config: dict[str, Any] = {
        "name": "tiny",
        "licence": "none, noise",
        "train": str(data),
        "network": TINY,
        "optimiser": {"lr": 1e-3, "warmup_steps": 0},
        "loop": {"epochs": 2, "batch": 1, "workers": 0},
        "report_every": 1,
        "snapshot_every": 1,
    }
    path = folder / "run.yaml"
    path.write_text(yaml.safe_dump(config | changes))
    return path
