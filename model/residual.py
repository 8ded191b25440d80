"""HRNet's residual blocks (He et al. 2016), under the names of the published checkpoint."""

from jaxtyping import Float
from torch import Tensor, nn


def conv_norm(
    inputs: int,
    outputs: int,
    kernel: int,
    stride: int = 1,
    *,
    relu: bool = True,
    bias: bool = False,
) -> nn.Sequential:
    """A convolution that keeps the centre, its batch norm and, unless told otherwise, a ReLU."""
    parts: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=bias),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*parts, nn.ReLU(inplace=True)) if relu else nn.Sequential(*parts)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around a shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """Add what the block has learned to what it was given."""
        y = self.bn1(self.conv1(x)).relu_()
        return self.bn2(self.conv2(y)).add_(x).relu_()


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolution around a shortcut; yields four times its middle width."""

    def __init__(self, inputs: int, middle: int) -> None:
        super().__init__()
        outputs = 4 * middle
        self.conv1 = nn.Conv2d(inputs, middle, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(middle)
        self.conv2 = nn.Conv2d(middle, middle, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(middle)
        self.conv3 = nn.Conv2d(middle, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = None if inputs == outputs else conv_norm(inputs, outputs, 1, relu=False)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d h w"]:
        """Add what the block has learned to what it was given, widened where need be."""
        shortcut = x if self.downsample is None else self.downsample(x)
        y = self.bn1(self.conv1(x)).relu_()
        y = self.bn2(self.conv2(y)).relu_()
        return self.bn3(self.conv3(y)).add_(shortcut).relu_()
