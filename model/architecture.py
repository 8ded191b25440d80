"""What a published checkpoint was made by, read off the names and shapes of its parameters."""

import re
from collections import Counter
from collections.abc import Mapping

from torch import Tensor

from model.config import BackboneConfig, NetworkConfig, TransformerConfig


def architecture_of(state: Mapping[str, Tensor]) -> NetworkConfig:
    """The configuration whose parameters these are, as far as they can be told.

    Each width is what most of the parameters that share it say, so that one misshapen parameter
    cannot mislead; it is then refused by name. The number of attention heads leaves no trace: it
    is the published one. What cannot be told at all is the published one too.
    """
    published = NetworkConfig()
    backbone, transformer = published.backbone, published.transformer
    heads = [
        _rows(state, rf"backbone\.incre_modules\.{branch}\.0\.(conv|bn)[12]\.\w+") or width
        for branch, width in enumerate(backbone.head_widths)
    ]
    dims = [
        _rows(state, rf"transformer_{n}\.\w+\.layers\.\d+\.norm\d\.\w+") or width
        for n, width in enumerate(transformer.dims, start=1)
    ]
    hidden = [
        _rows(state, rf"transformer_{n}\.\w+\.layers\.\d+\.linear1\.\w+") or width
        for n, width in enumerate(transformer.hidden, start=1)
    ]
    modules = [_count(state, rf"backbone\.stage{stage}\.(\d+)\.") for stage in (2, 3, 4)]
    blocks = _count(state, r"backbone\.stage\d\.\d+\.branches\.\d\.(\d+)\.")
    layers = _count(state, r"transformer_\d\.\w+\.layers\.(\d+)\.")
    branch = r"backbone\.stage\d\.\d+\.branches\.0\.\d+\.(conv|bn)\d\.\w+"
    return NetworkConfig(
        backbone=BackboneConfig(
            width=_rows(state, branch) or backbone.width,
            modules=(modules[0] or 1, modules[1] or 4, modules[2] or 3),
            blocks=blocks or backbone.blocks,
            head_widths=(heads[0], heads[1], heads[2], heads[3]),
            features=_rows(state, r"backbone\.final_layer\.\d\.\w+") or backbone.features,
        ),
        transformer=TransformerConfig(
            dims=(dims[0], dims[1]),
            hidden=(hidden[0], hidden[1]),
            layers=layers or transformer.layers,
        ),
        sd=has(state, "backbone.ema_1."),
        md=has(state, "backbone.ema_S."),
        smpl_regressor=has(state, "smpl_parameter_regressor."),
    )


def has(state: Mapping[str, Tensor], prefix: str) -> bool:
    """Whether any parameter's name starts so."""
    return any(key.startswith(prefix) for key in state)


def _rows(state: Mapping[str, Tensor], pattern: str) -> int:
    """How many rows most of the parameters of such a name have; 0 where there are none."""
    matching = (x for key, x in state.items() if x.dim() and re.fullmatch(pattern, key))
    ((rows, _),) = Counter(len(x) for x in matching).most_common(1) or [(0, 0)]
    return rows


def _count(state: Mapping[str, Tensor], pattern: str) -> int:
    """One more than the greatest number that such a name carries; 0 where there is none."""
    found = (re.match(pattern, key) for key in state)
    return max((int(match[1]) + 1 for match in found if match), default=0)
