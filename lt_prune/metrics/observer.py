"""What watches a training, for metrics that are computed from more than the trained member."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from lt_prune.models.network import Outputs

_TRIED = 64
"""Features that an observer is tried on."""


class Observer(nn.Module):
    """A record of a training, sample by sample. Its buffers are all of it: checkpoints keep them, and they are only ever
    changed in place, as a captured CUDA graph writes them where they lie.

    Args:
        n_samples: N, the samples of the set, in whose order `rows` count.
        n_classes: M.
    """

    def __init__(self, n_samples: int, n_classes: int) -> None:
        super().__init__()

    def begin_epoch(self, epoch: int, epochs: int) -> None:
        """Called before each epoch, counted from 0, of so many."""

    def end_epoch(self) -> None:
        """Called after each epoch."""

    def forward(self, rows: Tensor, outputs: Outputs, target: Tensor) -> None:
        """Called in each step, before its update, without gradients, on the device of the training.

        Args:
            rows: int64 (B,), of the main batch's samples in the set. A row may come more than once in a batch, as it does in
                one of a balanced order, so that what is added up is added by `index_add_` and not at an index.
            outputs: of them, in training mode, augmented as they are, logits (B, M); in float32, whatever the precision of
                the training. They stay as they are.
            target: float32 (B, M), probabilities; mixed where the recipe mixes.
        """
        raise NotImplementedError


def name_of(kind: type[Observer]) -> str:
    """What a checkpoint calls the record of such an observer."""
    return f"{kind.__module__}.{kind.__qualname__}"


def broken_promise(observer: object, n_samples: int, n_classes: int) -> str:
    """What of `Observer` it does not do, in words, empty where there is nothing; tried on a copy, so that it stays empty."""
    if not isinstance(observer, Observer):
        return f"must be an Observer, not {type(observer).__name__}"
    tried, drawn = copy.deepcopy(observer), torch.Generator().manual_seed(0)
    features, weight = torch.rand(3, _TRIED, generator=drawn), torch.randn(n_classes, _TRIED, generator=drawn)
    outputs, target = Outputs(features, features @ weight.T, weight), one_hot(torch.tensor([0, 1, 0]), n_classes).float()
    # Held to the end, so that no new buffer comes to lie where one of them lay.
    before = dict(tried.named_buffers())
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        for epoch in range(2):
            tried.begin_epoch(epoch, 2)
            tried(torch.tensor([0, n_samples - 1, 0]), outputs, target)
            tried.end_epoch()
    moved = [
        name for name, buffer in tried.named_buffers() if name not in before or before[name].data_ptr() != buffer.data_ptr()
    ]
    return f"must change its buffers in place, and replaced {moved[0]}" if moved else ""
