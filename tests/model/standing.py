"""A model that is quick and knows it all: everybody stands still, in the middle of their square."""

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
