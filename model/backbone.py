"""HRNet for classification (Sun et al. 2019) up to its last feature map, with RemoCap's SD and MD.

The names of the modules are those of the published checkpoint. Its classifier, and the
high-resolution map that the published backbone also returns, are used by nothing and left out.
"""

from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from model.config import NetworkConfig
from model.disentangle import Ema, disentangle
from model.residual import BasicBlock, Bottleneck, conv_norm
from model.types import WINDOW

STEM, LAYER1 = 64, 256  # channels of the stem and of layer1, whatever the width of the branches


class HighResolutionModule(nn.Module):
    """Parallel branches of falling resolution, each then given the sum of all of them.

    Branch b has `width * 2**b` channels at 1/2**b of the first branch's side.
    """

    def __init__(self, width: int, branches: int, blocks: int) -> None:
        super().__init__()
        widths = [width * 2**b for b in range(branches)]
        self.branches = nn.ModuleList(
            nn.Sequential(*(BasicBlock(w) for _ in range(blocks))) for w in widths
        )
        self.fuse_layers = nn.ModuleList(
            nn.ModuleList(exchange(widths, source, target) for source in range(branches))
            for target in range(branches)
        )

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        """Refine each branch, then let all of them exchange what they know."""
        maps = [branch(x) for branch, x in zip(self.branches, maps, strict=True)]
        return [sum_of(layers, maps).relu() for layers in self.fuse_layers]


def sum_of(layers: nn.Module, maps: list[Tensor]) -> Tensor:
    """The sum of each layer's answer to its own map, from the finest to the coarsest."""
    assert isinstance(layers, nn.ModuleList)
    first, *others = (layer(x) for layer, x in zip(layers, maps, strict=True))
    return sum(others, start=first)


def exchange(widths: list[int], source: int, target: int) -> nn.Module:
    """What carries one branch's map to the size and width of another branch."""
    if source == target:
        return nn.Identity()
    if source > target:
        widen = conv_norm(widths[source], widths[target], 1, relu=False)
        return widen.append(nn.Upsample(scale_factor=2.0 ** (source - target), mode="nearest"))
    halvings = [conv_norm(widths[source], widths[source], 3, 2) for _ in range(source, target - 1)]
    return nn.Sequential(*halvings, conv_norm(widths[source], widths[target], 3, 2, relu=False))


class Hrnet(nn.Module):
    """Pictures to one map of features, by way of SD and MD.

    `stem` ends where SD and MD begin; `high_resolution` starts from what they leave.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        backbone = config.backbone
        self.conv1 = nn.Conv2d(3, STEM, 3, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(STEM)
        self.conv2 = nn.Conv2d(STEM, STEM, 3, 2, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(STEM)
        self.layer1 = nn.Sequential(
            Bottleneck(STEM, LAYER1 // 4), *(Bottleneck(LAYER1, LAYER1 // 4) for _ in range(3))
        )
        self.ema_1 = Ema(LAYER1, groups=16) if config.sd else None
        self.ema_S = Ema(WINDOW * LAYER1, groups=LAYER1) if config.md else None

        widths = [backbone.width * 2**b for b in range(4)]
        self.transition1 = nn.ModuleList(
            [conv_norm(LAYER1, widths[0], 3), nn.Sequential(conv_norm(LAYER1, widths[1], 3, 2))]
        )
        self.transition2 = self._transition(widths[:3])
        self.transition3 = self._transition(widths)
        self.stage2, self.stage3, self.stage4 = (
            nn.Sequential(
                *(HighResolutionModule(widths[0], branches, backbone.blocks) for _ in range(count))
            )
            for branches, count in zip((2, 3, 4), backbone.modules, strict=True)
        )

        heads = [4 * middle for middle in backbone.head_widths]
        self.incre_modules = nn.ModuleList(
            nn.Sequential(Bottleneck(width, middle))
            for width, middle in zip(widths, backbone.head_widths, strict=True)
        )
        self.downsamp_modules = nn.ModuleList(
            conv_norm(fine, coarse, 3, 2, bias=True) for fine, coarse in pairwise(heads)
        )
        self.final_layer = conv_norm(heads[-1], backbone.features, 1, bias=True)

    @staticmethod
    def _transition(widths: list[int]) -> nn.ModuleList:
        """All branches go on, and the last one also begets a new one of half its side."""
        *kept, last, new = widths
        passing = [nn.Identity() for _ in (*kept, last)]
        return nn.ModuleList([*passing, nn.Sequential(conv_norm(last, new, 3, 2))])

    def forward(self, images: Float[Tensor, "n 3 224 224"]) -> Float[Tensor, "n features 7 7"]:
        """Normalised pictures, the frames of a window next to one another, to features.

        Raises:
            ValueError: With MD, where n is no multiple of 8.
        """
        return self.high_resolution(disentangle(self.stem(images), self.ema_1, self.ema_S))

    def stem(self, images: Float[Tensor, "n 3 224 224"]) -> Float[Tensor, "n 256 56 56"]:
        """Each picture by itself, down to a quarter of its side."""
        x = self.bn1(self.conv1(images)).relu_()  # [N,64,112,112]
        x = self.bn2(self.conv2(x)).relu_()  # [N,64,56,56]
        return self.layer1(x)

    def high_resolution(
        self, features: Float[Tensor, "n 256 56 56"]
    ) -> Float[Tensor, "n features 7 7"]:
        """The branches at 56, 28, 14 and 7, and the head that gathers them."""
        maps = [transition(features) for transition in self.transition1]
        maps = self.stage2(maps)
        maps = self.stage3([*maps, self.transition2[-1](maps[-1])])
        maps = self.stage4([*maps, self.transition3[-1](maps[-1])])
        first, *others = (widen(x) for widen, x in zip(self.incre_modules, maps, strict=True))
        for halve, other in zip(self.downsamp_modules, others, strict=True):
            first = other + halve(first)
        return self.final_layer(first)
