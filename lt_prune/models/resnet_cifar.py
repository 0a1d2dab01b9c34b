"""CIFAR-style ResNets (He et al. 2016, section 4.2): three stages of 16, 32 and 64 channels, option-A shortcuts."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

FEATURES = 64


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and an identity shortcut, by stride and zero padding of channels where the size changes."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.stride = stride
        self.extra = channels_out - channels_in

    def forward(self, x_NCHW: Tensor) -> Tensor:
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x_NCHW)), inplace=True)))
        shortcut = x_NCHW[:, :, :: self.stride, :: self.stride]
        if self.extra:
            shortcut = F.pad(shortcut, (0, 0, 0, 0, self.extra // 2, self.extra // 2))
        return F.relu(out.add_(shortcut), inplace=True)


def resnet_cifar(depth: int, channels: int) -> nn.Sequential:
    """Backbone of a CIFAR-style ResNet: (B, channels, H, W) to features (B, 64).

    With a linear classifier of 10 classes on top, depth 32 and 3 channels have 464,154 parameters.

    Args:
        depth: 6 n + 2.
    """
    blocks: list[nn.Module] = []
    width_in = 16
    for width, stride in ((16, 1), (32, 2), (64, 2)):
        for block in range((depth - 2) // 6):
            blocks.append(BasicBlock(width_in, width, stride if block == 0 else 1))
            width_in = width
    stem = [nn.Conv2d(channels, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True)]
    backbone = nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    for module in backbone.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
    return backbone
