"""Batch normalisation folded into convolutions, for networks that are only to predict."""

from __future__ import annotations

from itertools import pairwise

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fold_in_order(backbone: nn.Module) -> None:
    """Fold each batch normalisation, in evaluation mode, into the convolution registered right before it; for networks that
    compute the two one after the other, as ResNets do."""
    for module in list(backbone.modules()):
        children = list(module.named_children())
        for (place, conv), (next_place, norm) in pairwise(children):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(module, place, fuse_conv_bn_eval(conv, norm))
                setattr(module, next_place, nn.Identity())
