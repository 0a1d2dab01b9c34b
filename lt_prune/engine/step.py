"""One step of training: forward, backward, update. On CUDA it is captured once and then replayed as one graph."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from lt_prune.models.network import Network

if TYPE_CHECKING:
    from lt_prune.methods.loss import Loss

WARM_UP = 3
"""Eager steps before a capture: in them libraries take their workspaces, and the optimizer makes its momentum. Made in the
capture, these would lie in the graph's memory, and every replay would make them again."""


class Step:
    """An eager step.

    Args:
        network: in training mode.
        optimizer: of what is trained of it.
        loss: of a batch.
        precision: "bf16" computes the network in bfloat16 by autocast; the others leave it in float32.
    """

    def __init__(self, network: Network, optimizer: torch.optim.SGD, loss: Loss, precision: str = "fp32") -> None:
        self.network, self.optimizer, self.loss = network, optimizer, loss
        self.autocast = precision == "bf16"

    def __call__(self, pixels: Tensor, target: Tensor) -> Tensor:
        """Pixels (B, C, H, W) and target probabilities (B, M) to the mean loss (), detached."""
        with torch.autocast(pixels.device.type, torch.bfloat16, enabled=self.autocast):
            outputs = self.network(pixels)
        # The loss is in float32: angles, exponentials and sums over classes lose too much in bfloat16.
        loss: Tensor = self.loss(outputs.float(), target)
        # To None, so that backward makes new gradients: those of a capture then lie in the graph's own memory, and each
        # replay overwrites them instead of adding to them.
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        self.optimizer.step()
        return loss.detach()

    def close(self) -> None:
        """There is nothing to give back; `GraphedStep` has graphs."""


class GraphedStep:
    """A step on CUDA, captured once for each shape of batch, and replayed from then on.

    The first steps of a shape are eager, so that nothing has to be restored after a capture, which computes nothing. Steps,
    captures and replays are all of the run's own stream: torch hands out its streams in turn, so that one taken for the
    capture might be that of another run, and it keeps the workspaces of cuBLAS by stream.
    """

    def __init__(self, step: Step) -> None:
        self.step = step
        self._eager: Counter[torch.Size] = Counter()
        self._captured: dict[torch.Size, _Captured] = {}
        self._given_up = False

    def __call__(self, pixels: Tensor, target: Tensor) -> Tensor:
        """As for `Step`; the loss is overwritten by the next call."""
        if pixels.shape not in self._captured:
            if self._given_up or self._eager[pixels.shape] < WARM_UP:
                self._eager[pixels.shape] += 1
                return self.step(pixels, target)
            self._capture(pixels, target)
        # Where the capture has just failed, there is none of this shape, and the step is eager.
        return self._captured.get(pixels.shape, self.step)(pixels, target)

    def close(self) -> None:
        """Give the graphs back once they are done, and with them the memory that the gradients lie in."""
        torch.cuda.current_stream().synchronize()  # a graph must not be reset while a replay of it still runs
        self.step.optimizer.zero_grad()  # the gradients lie in the graphs' memory, which is gone after the reset
        for captured in self._captured.values():
            captured.graph.reset()
        self._captured.clear()

    def _capture(self, pixels: Tensor, target: Tensor) -> None:
        """Capture a step of this shape; where that fails, every further step is eager."""
        # A graph reads from fixed addresses, so the batches of later steps are copied to where this one lies.
        pixels, target = pixels.clone(), target.clone()
        graph = torch.cuda.CUDAGraph()
        try:
            # "thread_local": what other threads of the caller's program ask of CUDA does not end the capture.
            with torch.cuda.graph(graph, stream=torch.cuda.current_stream(), capture_error_mode="thread_local"):
                loss = self.step(pixels, target)
            self._captured[pixels.shape] = _Captured(graph, pixels, target, loss)
        except RuntimeError as error:
            self._given_up = True
            warnings.warn(f"the training step cannot be captured as a CUDA graph ({error}); it runs eagerly", stacklevel=3)


@dataclass(frozen=True)
class _Captured:
    """A graph, and where it reads and writes."""

    graph: torch.cuda.CUDAGraph
    pixels: Tensor
    target: Tensor
    loss: Tensor

    def __call__(self, pixels: Tensor, target: Tensor) -> Tensor:
        self.pixels.copy_(pixels)
        self.target.copy_(target)
        self.graph.replay()  # updates the weights too, as the optimizer's step was captured with the rest
        return self.loss
