"""What a stage may have besides its loss and recipe: further batches, a step of its own, changes after steps and epochs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:  # the names must be listed without loading torch
    from torch import Tensor

    from lt_prune.methods.loss import Loss
    from lt_prune.models.network import Network, Outputs


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A further stream of batches, in lockstep with the main one: each step gets the next batch of each.

    Its draws go on from epoch to epoch without a gap, so all its batches are of one size, however many samples it has. They
    are augmented as the main stream's are, but never mixed.
    """

    sampler: str = "instance"
    """Order of its samples, as in `Recipe.sampler`."""
    batch_size: int | None = None
    """None: each batch is as large as the main stream's beside it."""
    held_out: int = 0
    """So many samples of each class are this stream's alone, and the main one never sees them: all but one of a class at
    most. 0: it draws from the samples of the main stream."""


class Batch(NamedTuple):
    """What a step gets of each stream."""

    pixels: Tensor
    """(B, C, H, W), or (B, D) of embeddings and of what a frozen backbone has given."""
    target: Tensor
    """float32 (B, M), probabilities; mixed in the main stream and its views, where the recipe mixes."""
    rows: Tensor
    """int64 (B,), rows in the set."""


class Forward(Protocol):
    """A network as it is trained."""

    network: Network
    """Where the backbone is frozen, a network of a folded one, or of none, with the very classifier that is trained."""

    def __call__(self, pixels: Tensor, **how: Any) -> Outputs:
        """Outputs in float32, whatever the precision; `how` is what the network's head takes besides."""
        ...


Step = Callable[["Forward", "Loss", "Sequence[Batch]"], "tuple[Outputs, Tensor]"]
"""step(forward, loss, batches) of the main stream's batch, those of its further views, and those of the other streams, to
the outputs for the main batch and what is minimised, a tensor (). It changes nothing but buffers of the loss, in place."""


def plain(forward: Forward, loss: Loss, batches: Sequence[Batch]) -> tuple[Outputs, Tensor]:
    """The loss of the main batch."""
    outputs = forward(batches[0].pixels)
    return outputs, loss(outputs, batches[0].target)


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a stage may have besides its loss and recipe."""

    streams: tuple[Stream, ...] = ()
    """Further streams of batches."""
    views: int = 1
    """How often each image of the main stream is augmented, independently."""
    step: Step = plain
    after_step: Callable[[Network], object] | None = None
    """Called with `forward.network` after each optimizer step, without gradients; it changes weights in place, as it is
    captured with the step."""
    after_epoch: Callable[[Network], object] | None = None
    """Called with the network after each epoch, without gradients."""

    @property
    def held_out(self) -> tuple[int, ...]:
        """How many samples of each class each stream holds out."""
        return tuple(stream.held_out for stream in self.streams)

    def samples(self, n_draws: int, n_steps: int) -> int:
        """Samples of an epoch in which the main stream has so many draws and steps, each counted wherever it is shown."""
        of_streams = (n_steps * stream.batch_size if stream.batch_size else n_draws for stream in self.streams)
        return n_draws * self.views + sum(of_streams)
