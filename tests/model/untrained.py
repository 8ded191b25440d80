"""A model folder without weights, whose network sees pixels and is drawn from a seed."""

from pathlib import Path

from model.config import ModelCard, NetworkConfig
from model.registry import ModelFolder, find_model

SMALL = {
    "backbone": {
        "width": 16,
        "modules": [1, 1, 1],
        "blocks": 1,
        "head_widths": [8, 16, 32, 64],
        "features": 256,
    },
    "transformer": {"dims": [128, 64], "hidden": [256, 128], "layers": 1, "heads": 4},
}


def add_untrained(models_dir: Path, name: str = "untrained") -> ModelFolder:
    """Add one to a folder of models."""
    card = ModelCard(
        name=name,
        body="anny",
        network=NetworkConfig.model_validate(SMALL),
        licence="none, noise",
        trained=False,
        seed=20260101,
    )
    folder = models_dir / name
    folder.mkdir(parents=True)
    (folder / "model.json").write_text(card.model_dump_json())
    return find_model(name, models_dir)
