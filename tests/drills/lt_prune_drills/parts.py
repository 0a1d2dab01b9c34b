"""Samples are weighed by a small balanced batch: by how far a step on each would lower its loss (Ren et al. 2018)."""

import torch
from torch.nn import functional as F

from lt_prune.methods import Method, Stage, Stream
from lt_prune.methods.loss import Loss


class Each(Loss):
    def each(self, outputs, target):
        return F.cross_entropy(outputs.logits, target, reduction="none")

    def forward(self, outputs, target):
        return self.each(outputs, target).mean()


def step(forward, loss, batches):
    main, balanced = batches
    outputs, theirs = forward(main.pixels), forward(balanced.pixels)
    each, trained = loss.each(outputs, main.target), [p for p in forward.network.parameters() if p.requires_grad]
    share = torch.zeros_like(each, requires_grad=True)
    down = torch.autograd.grad(loss(theirs, balanced.target), trained)
    moved = torch.autograd.grad((share * each).sum(), trained, create_graph=True)
    gained = sum((one * other).sum() for one, other in zip(moved, down))
    weight = torch.autograd.grad(gained, share)[0].clamp(min=0)
    return outputs, (weight / weight.sum().clamp(min=1e-12) * each).sum()


reweighted = Method(
    summary="learning to reweight: each step's samples by the gradient of a balanced batch",
    paper="Ren et al. 2018, Algorithm 1",
    stage=Stage(
        loss=Each,
        equation="sum w CE, w ~ max(<grad CE, grad of the mean CE of the balanced batch>, 0)",
        step=step,
        streams=(Stream(held_out=2, batch_size=8),),
    ),
)
