"""A network that normalises before it convolves, so that no batch normalisation can be folded into what came before."""

from torch import nn

from lt_prune.models import Backbone, Model


def backbone(shape: tuple[int, ...]) -> Backbone:
    """Of images (H, W, C)."""
    norm_first = nn.Sequential(
        nn.Conv2d(shape[-1], 8, 3, padding=1),
        nn.ReLU(),
        nn.BatchNorm2d(8),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )
    return Backbone(module=norm_first, n_features=16)


norm_first = Model(summary="a convolution, normalised before the next", backbone=backbone, recipe={"lr": 0.05})
