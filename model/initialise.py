"""A network to train from: drawn from a seed, it already answers with about the rest pose.

Its body tokens know where they lie at rest, and its last layer reads that off them again, so that
training starts from a person who stands in the crop and not from a cloud.
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from model.bodies import Body
from model.config import NetworkConfig
from model.disentangle import Ema
from model.errors import UsageError
from model.evidence_backbone import LANDMARKS, EvidenceTensors
from model.first_guess import FirstGuess
from model.network import Inputs, RemoCap
from model.residual import BasicBlock, Bottleneck
from model.transformer import DecoderLayer
from model.types import CROP_SIDE, MASK_SIDE, WINDOW

STANDING_CAMERA = (0.9, 0.0, 0.0)  # upright, a person of 1.8 m fills four fifths of the crop
WAVES_PER_METRE = 0.6  # of the tokens' Fourier features, as a deviation: the body is 2 m long
OPEN = 4.0  # what goes into the gates of SD and MD: they let through nearly everything at first
QUIET = 0.1  # of what cross-attention would add to the body tokens
RIDGE = 1e-5  # of the mean square: keeps the fit from leaning on what differs between pictures


def initialise(config: NetworkConfig, body: Body, seed: int) -> RemoCap:
    """A network with parameters drawn from a seed; the same on every run, whatever else is drawn.

    Args:
        config: What to build.
        body: Whose rest pose it starts from, and whose start for the intermediate vertices.
        seed: Of everything that is drawn.

    Raises:
        UsageError: `unknown_rest_pose`: the body has no rest pose to start from.
    """
    if (
        body.rest_coarse_m is None
        or body.rest_joints_m is None
        or body.coarse_to_intermediate is None
    ):
        raise UsageError(
            "unknown_rest_pose",
            f"body '{body.name}' has no rest pose for weights to start from; use a model that has "
            "weights, or the body 'anny'",
        )
    rest_m = torch.cat([torch.tensor(body.rest_joints_m), torch.tensor(body.rest_coarse_m)])
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        network = RemoCap(config, body.coarse_adjacency)
        network.apply(_draw)
        tokens = fourier_features(rest_m, config.transformer.dims[0])
        joint_tokens, vertex_tokens = torch.split(
            tokens, [len(body.rest_joints_m), len(body.rest_coarse_m)]
        )
        network.joint_token_embed.weight.copy_(joint_tokens)
        network.vertex_token_embed.weight.copy_(vertex_tokens)
        network.coarse2intermediate_upsample.weight.copy_(torch.tensor(body.coarse_to_intermediate))
        network.coarse2intermediate_upsample.bias.zero_()
        _fit_heads(network.eval(), rest_m)
    return network


def _draw(module: nn.Module) -> None:
    """Draw what a module holds, as FastMETRO and HRNet do; its parts have had their turn.

    Residual blocks of the backbone start as their shortcuts (Goyal et al. 2017): without the
    statistics that training gathers, their sums would grow from one to the next. And the picture
    starts with a quiet voice, since it has nothing to say yet.
    """
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, BasicBlock):
        nn.init.zeros_(module.bn2.weight)
    elif isinstance(module, Bottleneck):
        nn.init.zeros_(module.bn3.weight)
    elif isinstance(module, Ema):
        assert module.conv3x3.bias is not None
        module.conv3x3.bias.fill_(OPEN)
    elif isinstance(module, DecoderLayer):
        module.multihead_attn.out_proj.weight.mul_(QUIET)
    elif isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


def fourier_features(
    points_m: Float[Tensor, "points 3"], dims: int
) -> Float[Tensor, "points dims"]:
    """Sines and cosines of random waves through space, of about unit size (Rahimi, Recht 2007)."""
    waves = torch.randn(3, (dims + 1) // 2) * WAVES_PER_METRE * 2 * math.pi
    phases = points_m @ waves  # [points,dims/2]
    return math.sqrt(2) * torch.cat([phases.sin(), phases.cos()], dim=1)[:, :dims]


def _fit_heads(network: RemoCap, rest_m: Float[Tensor, "445 3"]) -> None:
    """Let the last layers answer whatever they see with the rest pose and a standing camera."""
    if network.first_guess is not None:
        _fit_guess(network.first_guess, rest_m)
        network.xyz_regressor.weight.zero_()
        network.cam_predictor.weight.zero_()
        return
    _, body = network.refine(network.backbone(_make_up_inputs(network.config)))  # [8,445,d]
    known = F.pad(body, (0, 1), value=1.0).flatten(0, 1).double()  # [8*445,d+1]
    wanted = rest_m.repeat(WINDOW, 1).double()
    damping = RIDGE * len(known) * torch.eye(known.shape[1], dtype=torch.float64)
    fit = torch.linalg.solve(known.T @ known + damping, known.T @ wanted)  # [d+1,3]
    network.xyz_regressor.weight.copy_(fit[:-1].T)
    network.xyz_regressor.bias.copy_(fit[-1])
    network.cam_predictor.weight.mul_(0.01)  # pictures are yet to teach it where people stand
    network.cam_predictor.bias.copy_(torch.tensor(STANDING_CAMERA))


def _fit_guess(first_guess: FirstGuess, rest_m: Float[Tensor, "445 3"]) -> None:
    """Let the guess be the rest pose, and leave it to the transformers to learn what to add."""
    camera = torch.tensor([STANDING_CAMERA])
    first_guess.read.weight.mul_(0.01)
    first_guess.read.bias.copy_(torch.cat([camera, rest_m]).flatten())


def _make_up_inputs(config: NetworkConfig) -> Inputs:
    """A window of pictures, or of evidence, that show nothing in particular."""
    if config.input == "evidence":
        landmarks, mask = torch.randn(WINDOW, LANDMARKS, 7) / 2, torch.rand(WINDOW, 1, 7, 7)
        landmarks[..., 3].sigmoid_()
        return EvidenceTensors(landmarks, F.interpolate(mask, MASK_SIDE)[:, 0])
    tiles, light = torch.randn(WINDOW, 3, 7, 7), 1.5 * torch.randn(WINDOW, 1, 1, 1)
    return F.interpolate(tiles + light, CROP_SIDE)
