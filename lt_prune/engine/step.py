"""One step of training: forward, backward, update. On CUDA it is captured once and then replayed as one graph."""

from __future__ import annotations

import copy
import warnings
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from lt_prune.models.network import Network

if TYPE_CHECKING:
    from lt_prune.methods.loss import Loss

_WARM_UP = 3


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
        loss: Tensor = self.loss(outputs.float(), target)
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        self.optimizer.step()
        return loss.detach()


class GraphedStep:
    """A step on CUDA, captured from the first batch and replayed for all of its shape; others are stepped eagerly.

    A run's steps are all launched on one stream, so that several runs can work side by side.
    """

    def __init__(self, step: Step) -> None:
        self.step = step
        self._graph: torch.cuda.CUDAGraph | None = None
        self._given_up = False

    def __call__(self, pixels: Tensor, target: Tensor) -> Tensor:
        """As for `Step`; the loss is overwritten by the next call."""
        if self._graph is None and not self._given_up:
            self._capture(pixels, target)
        if self._graph is None or pixels.shape != self._pixels.shape:
            return self.step(pixels, target)
        self._pixels.copy_(pixels)
        self._target.copy_(target)
        self._graph.replay()
        return self._loss

    def _capture(self, pixels: Tensor, target: Tensor) -> None:
        """Capture one step; network, optimizer and loss are afterwards what they were."""
        self._pixels, self._target = pixels.clone(), target.clone()
        parts = self.step.network, self.step.optimizer, self.step.loss
        before = [copy.deepcopy(part.state_dict()) for part in parts]
        try:
            aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
            aside.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(aside):
                for _ in range(_WARM_UP):
                    self.step(self._pixels, self._target)
            torch.cuda.current_stream().wait_stream(aside)
            self._restore(*before)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, stream=aside, capture_error_mode="thread_local"):
                self._loss = self.step(self._pixels, self._target)
            torch.cuda.current_stream().wait_stream(aside)
            self._graph = graph
        except RuntimeError as error:
            self._given_up = True
            self._restore(*before)
            warnings.warn(f"the training step cannot be captured as a CUDA graph ({error}); it runs eagerly", stacklevel=2)

    def _restore(self, network: dict[str, Any], optimizer: dict[str, Any], loss: dict[str, Any]) -> None:
        """In place, as the graph will read these very tensors; momentum that was not there yet is zero."""
        self.step.network.load_state_dict(network)
        self.step.loss.load_state_dict(loss)
        saved = optimizer["state"]
        for index, parameter in enumerate(p for group in self.step.optimizer.param_groups for p in group["params"]):
            momentum = self.step.optimizer.state[parameter].get("momentum_buffer")
            if momentum is not None:
                kept = saved.get(index, {}).get("momentum_buffer")
                momentum.zero_() if kept is None else momentum.copy_(kept)
