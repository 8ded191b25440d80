"""A model that is quick and knows it all: everybody stands still, in the middle of their square.

And boxes that say where they stand.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import torch

from model.bodies import load_body
from model.inference import Predictor
from model.loading import Model
from model.network import Inputs, Prediction
from model.registry import find_model, load_upsampling

BODY = load_body("anny")


def standing_model() -> Model:
    """The built-in model with a stand-in for its network, which sees pixels."""
    folder = find_model("remocap-anny")
    network = folder.card.network.model_copy(update={"input": "pixels"})
    return Model(
        card=folder.card.model_copy(update={"network": network}),
        weights_sha256="0" * 64,
        body=BODY,
        upsampling=load_upsampling(folder, BODY),
        predictor=Predictor(rest_pose, torch.device("cpu"), torch.float32),
    )


def rest_pose(images: Inputs) -> Prediction:
    """What the network answers."""
    assert isinstance(images, torch.Tensor)
    assert BODY.rest_joints_m is not None
    assert BODY.rest_coarse_m is not None
    n = len(images)
    camera = torch.tensor([0.9, 0.0, 0.0]).expand(n, 3)
    joints_m, coarse_m = map(torch.tensor, (BODY.rest_joints_m, BODY.rest_coarse_m))
    return Prediction(camera, joints_m.expand(n, 14, 3), coarse_m.expand(n, 431, 3))


def write_tracks(folder: Path, frames: int, box: Sequence[float] = (10.0, 5.0, 40.0, 45.0)) -> Path:
    """A tracks file of one person in the same place all the time."""
    rows = [{"frame": frame, "box": list(box)} for frame in range(frames)]
    path = folder / "boxes.json"
    path.write_text(json.dumps({"version": 1, "tracks": [{"id": 1, "boxes": rows}]}))
    return path
