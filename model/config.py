"""What a network is made of, and what a model folder says of itself.

Every value arrives from a `model.json` somebody wrote, so it is checked here, once.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

NAME = r"^[a-z0-9][a-z0-9._-]{0,63}$"
"""Of models and bodies. They name files: no separator and no leading dot, so no way out."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BackboneConfig(_Frozen):
    """HRNetV2 as a classifier (Sun et al. 2019), without its classifier.

    Attributes:
        width: Channels of the highest-resolution branch; branch b has `width * 2**b`.
            64 is the published network.
        modules: High-resolution modules in stages 2, 3 and 4.
        blocks: Basic blocks per branch of a module.
        head_widths: Middle widths of the four bottlenecks that widen the branches; each
            yields four times as many channels.
        features: Channels of the final 7x7 map.
    """

    width: PositiveInt = 64
    modules: tuple[PositiveInt, PositiveInt, PositiveInt] = (1, 4, 3)
    blocks: PositiveInt = 4
    head_widths: tuple[PositiveInt, PositiveInt, PositiveInt, PositiveInt] = (32, 64, 128, 256)
    features: PositiveInt = 2048


class EvidenceConfig(_Frozen):
    """What stands in the backbone's place where the input is `evidence`.

    Attributes:
        width: Channels of the 14x14 map that SD and MD see; a multiple of 16.
        hidden: Width of the layers that see all landmarks at once.
        features: Channels of the final 7x7 map.
        guess: Width of the layer that the first guess is read from (`model.first_guess`).
        dropout: In both of these.
    """

    width: PositiveInt = Field(default=32, multiple_of=16)
    hidden: PositiveInt = 512
    features: PositiveInt = 96
    guess: PositiveInt = 256
    dropout: float = Field(default=0.1, ge=0, lt=1)


class TransformerConfig(_Frozen):
    """The two encoder-decoder transformers of FastMETRO (Cho et al. 2022).

    Attributes:
        dims: Token widths of the first and the second transformer.
        hidden: Widths of their feed-forward layers.
        layers: Encoder layers, and decoder layers, in each: 3 is size L, 2 M, 1 S.
        heads: Attention heads.
        dropout: On attention weights, hidden activations and residual branches.
    """

    dims: tuple[PositiveInt, PositiveInt] = (512, 128)
    hidden: tuple[PositiveInt, PositiveInt] = (2048, 512)
    layers: PositiveInt = 3
    heads: PositiveInt = 8
    dropout: float = Field(default=0.1, ge=0, lt=1)


class NetworkConfig(_Frozen):
    """The whole network. The defaults are the published RemoCap.

    Attributes:
        input: `pixels`, as published, or `evidence` (landmarks and mask).
        backbone: Of a network that sees pixels.
        evidence: Of one that sees evidence.
        transformer: Of either.
        sd: Spatial disentanglement after layer1.
        md: Motion disentanglement after layer1; windows of 8 frames.
        smpl_regressor: The optional SMPL-parameter regressor.
    """

    input: Literal["pixels", "evidence"] = "pixels"
    backbone: BackboneConfig = BackboneConfig()
    evidence: EvidenceConfig = EvidenceConfig()
    transformer: TransformerConfig = TransformerConfig()
    sd: bool = True
    md: bool = True
    smpl_regressor: bool = False


class ModelCard(_Frozen):
    """The contents of `model.json` in a model folder.

    Attributes:
        name: Of the model; the folder's name.
        body: Name of the body topology its vertices belong to.
        network: What to build.
        licence: Of the weights and of the body they speak of, in words.
        refit: Whether coarse vertices are replaced by those of the whole body that comes nearest
            to them (`model.bodies.refit`), bent to the landmarks if these are its input; the body
            `anny` alone has one.
        trained: False where the weights are drawn from `seed`.
        seed: Of untrained weights; then no weights file lies in the folder.
        weights_sha256: Of `weights.safetensors`; it is checked at loading.
        description: One line on how the weights came to be.
        figures: Measured errors, by name, each with its unit in the name.
    """

    name: str = Field(pattern=NAME)
    body: str = Field(pattern=NAME)
    network: NetworkConfig = NetworkConfig()
    licence: str
    refit: bool = False
    trained: bool
    seed: int | None = None
    weights_sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    description: str = ""
    figures: dict[str, float] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _refit_needs_a_skeleton(self) -> "ModelCard":
        if self.refit and self.body != "anny":
            raise ValueError(f"refit is for the body 'anny', not '{self.body}'")
        return self
