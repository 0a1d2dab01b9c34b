"""One step of training: forward, backward, update. On CUDA it is captured once and then replayed as one graph."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from lt_prune.errors import MemberError
from lt_prune.methods.parts import Batch, Parts
from lt_prune.models.network import Network, Outputs

if TYPE_CHECKING:
    from lt_prune.methods.loss import Loss

PLAIN = Parts()
_Shapes = tuple[torch.Size, ...]
WARM_UP = 3
"""Eager steps before a capture: in them libraries take their workspaces, and the optimizer makes its momentum. Made in the
capture, these would lie in the graph's memory, and every replay would make them again."""


class Forward:
    """A network in training mode, its outputs in float32.

    Args:
        network: called with pixels and what its head takes besides.
        precision: "bf16" computes the network in bfloat16 by autocast; the others leave it in float32.
    """

    def __init__(self, network: Network, precision: str = "fp32") -> None:
        self.network = network
        self.autocast = precision == "bf16"

    def __call__(self, pixels: Tensor, **how: Any) -> Outputs:
        with torch.autocast(pixels.device.type, torch.bfloat16, enabled=self.autocast):
            outputs: Outputs = self.network(pixels, **how)
        # What is computed of them is in float32: angles, exponentials and sums over classes lose too much in bfloat16.
        return outputs.float()


class Step:
    """An eager step.

    Args:
        forward: the network.
        optimizer: of what is trained of it.
        loss: of a batch.
        parts: the stage's own step, and what comes after it.
        observe: called with rows, outputs and target of the main batch, where the training is watched.
    """

    def __init__(
        self,
        forward: Forward,
        optimizer: torch.optim.SGD,
        loss: Loss,
        parts: Parts = PLAIN,
        observe: Callable[[Tensor, Outputs, Tensor], None] | None = None,
    ) -> None:
        self.forward, self.optimizer, self.loss, self.parts, self.observe = forward, optimizer, loss, parts, observe

    def __call__(self, batches: Sequence[Batch]) -> Tensor:
        """A batch of each stream to the mean loss (), detached."""
        outputs, loss = self.parts.step(self.forward, self.loss, batches)
        if self.observe:
            self.observe(batches[0].rows, outputs, batches[0].target)
        # To None, so that backward makes new gradients: those of a capture then lie in the graph's own memory, and each
        # replay overwrites them instead of adding to them.
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        self.optimizer.step()
        if self.parts.after_step:
            with torch.no_grad():
                self.parts.after_step(self.forward.network)
        return loss.detach()

    def close(self) -> None:
        """There is nothing to give back; `GraphedStep` has graphs."""


class GraphedStep:
    """A step on CUDA, captured once for the shapes of each batch, and replayed from then on.

    The first steps of a shape are eager, so that nothing has to be restored after a capture, which computes nothing. Steps,
    captures and replays are all of the run's own stream: torch hands out its streams in turn, so that one taken for the
    capture might be that of another run, and it keeps the workspaces of cuBLAS by stream.
    """

    def __init__(self, step: Step) -> None:
        self.step = step
        self._eager: Counter[_Shapes] = Counter()
        self._captured: dict[_Shapes, _Captured] = {}
        self._given_up = False

    def __call__(self, batches: Sequence[Batch]) -> Tensor:
        """As for `Step`; the loss is overwritten by the next call."""
        shapes = tuple(tensor.shape for batch in batches for tensor in batch)
        if shapes not in self._captured:
            if self._given_up or self._eager[shapes] < WARM_UP:
                self._eager[shapes] += 1
                return self.step(batches)
            self._capture(shapes, batches)
        # Where the capture has just failed, there is none of these shapes, and the step is eager.
        return self._captured.get(shapes, self.step)(batches)

    def close(self) -> None:
        """Give the graphs back once they are done, and with them the memory that the gradients lie in."""
        torch.cuda.current_stream().synchronize()  # a graph must not be reset while a replay of it still runs
        self.step.optimizer.zero_grad()  # the gradients lie in the graphs' memory, which is gone after the reset
        for captured in self._captured.values():
            captured.graph.reset()
        self._captured.clear()

    def _capture(self, shapes: _Shapes, batches: Sequence[Batch]) -> None:
        """Capture a step of these shapes; where that fails, every further step is eager."""
        # A graph reads from fixed addresses, so the batches of later steps are copied to where these lie.
        batches = [Batch(*(tensor.clone() for tensor in batch)) for batch in batches]
        graph = torch.cuda.CUDAGraph()
        try:
            # "thread_local": what other threads of the caller's program ask of CUDA does not end the capture.
            with torch.cuda.graph(graph, stream=torch.cuda.current_stream(), capture_error_mode="thread_local"):
                loss = self.step(batches)
            self._captured[shapes] = _Captured(graph, batches, loss)
        except (RuntimeError, MemberError) as error:  # the latter of a step that did well when it was eager
            self._given_up = True
            warnings.warn(f"the training step cannot be captured as a CUDA graph ({error}); it runs eagerly", stacklevel=3)


@dataclass(frozen=True)
class _Captured:
    """A graph, and where it reads and writes."""

    graph: torch.cuda.CUDAGraph
    batches: Sequence[Batch]
    loss: Tensor

    def __call__(self, batches: Sequence[Batch]) -> Tensor:
        for own, given in zip(self.batches, batches):
            for place, tensor in zip(own, given):
                place.copy_(tensor)
        self.graph.replay()  # updates the weights too, as the optimizer's step was captured with the rest
        return self.loss
