"""BBN, the bilateral-branch network (Zhou et al. 2020): a branch for the samples as they are, and one for the rare classes.

Branches, samplers, weights and prediction are those of the paper's code. The rest is what every method here has, where that
code trains with Nesterov's momentum and a weight decay of 2e-4 for 200 epochs, warmed up from a third of the rate and times
0.01 after epochs 120 and 160, and leaves out a short last batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import torch
from torch import Tensor

from lt_prune.methods.ce import CrossEntropy
from lt_prune.methods.loss import Loss
from lt_prune.methods.method import Method, Stage
from lt_prune.methods.parts import Batch, Forward, Stream
from lt_prune.models.head import LINEAR
from lt_prune.models.network import Outputs


class Cumulative(CrossEntropy):
    """Cross-entropy, and the share of the first branch, 1 - ((t - 1) / T)^2 in epoch t of T."""

    share: Tensor
    """()."""

    def __init__(self, counts: Sequence[int]) -> None:
        super().__init__(counts)
        self.register_buffer("share", torch.ones(()))

    def begin_epoch(self, epoch: int, epochs: int) -> None:
        self.share.fill_(1 - (epoch / epochs) ** 2)


def step(forward: Forward, loss: Loss, batches: Sequence[Batch]) -> tuple[Outputs, Tensor]:
    """Each branch sees a batch of its own; the logits of both together are compared with both targets."""
    share = cast(Cumulative, loss).share
    usual, rare = batches
    first, second = forward(usual.pixels, branch=0).features, forward(rare.pixels, branch=1).features
    # Twice, as in the paper's code: at equal shares the classifier gets what it gets when it predicts.
    outputs = forward.network.classified(2 * torch.cat([share * first, (1 - share) * second], dim=1))
    # The cross-entropy is linear in the target, so that of the mean target is the mean of the two.
    return outputs, loss(outputs, share * usual.target + (1 - share) * rare.target)


bbn = Method(
    summary="two branches: samples as they are, and ever more of the rare classes",
    paper="Zhou et al. 2020, Eq. 1 to 5",
    stage=Stage(
        loss=Cumulative,
        equation="-sum (a q + (1 - a) q') log softmax(z), z = W [2 a phi, 2 (1 - a) phi'], a = 1 - ((t - 1) / T)^2",
        streams=(Stream(sampler="reversed"),),
        head=replace(LINEAR, summary="a linear classifier on two branches", branches=2),
        step=step,
    ),
)
