"""Parts of a stage that keep their promises: what can be told before training, and what its own functions do in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lt_prune.choices import SAMPLERS
from lt_prune.errors import LtPruneError, MemberError, is_out_of_memory
from lt_prune.methods.parts import Batch, Forward, Parts, Step, Stream, plain
from lt_prune.registry import described

if TYPE_CHECKING:  # the names must be listed without loading torch
    from torch import Tensor

    from lt_prune.methods.loss import Loss
    from lt_prune.models.network import Outputs


def broken_parts(parts: Parts) -> str:
    """What of a stage's parts cannot be, in words; "" where all is well."""
    if not _is_whole(parts.views, 1):
        return f"must have 1 view of each image or more, not {parts.views!r}"
    for name in ("step", "after_step", "after_epoch"):
        function = getattr(parts, name)
        if not callable(function) and (function is not None or name == "step"):
            return f"must have a function as its {name}, not {function!r}"
    streams: object = parts.streams
    if not isinstance(streams, tuple):
        return f"must have its streams in a tuple, not {streams!r}"
    return next((broken for stream in streams if (broken := _broken_stream(stream))), "")


def _broken_stream(stream: object) -> str:
    if not isinstance(stream, Stream):
        return f"must have a Stream as each of its streams, not {stream!r}"
    if stream.sampler not in SAMPLERS:
        return f"must draw a stream by the sampler {' or '.join(SAMPLERS)}, not {stream.sampler!r}"
    if not (stream.batch_size is None or _is_whole(stream.batch_size, 2)):
        return f"must have batches of 2 samples or more in a stream, not of {stream.batch_size!r}"
    return "" if _is_whole(stream.held_out, 0) else f"must hold out 0 samples of each class or more, not {stream.held_out!r}"


def _is_whole(value: object, low: int) -> bool:
    return type(value) is int and value >= low


def promised_parts(method: str, parts: Parts) -> Parts:
    """The parts of a stage of `method`, whose own functions raise a MemberError that names it where they fail, or where a
    step does not give what it must."""
    own: dict[str, Any] = {
        name: _Named(method, name, function)
        for name in ("after_step", "after_epoch")
        if (function := getattr(parts, name)) is not None
    }
    step = parts.step if parts.step is plain else _PromisedStep(method, _Named(method, "step", parts.step))
    return replace(parts, step=step, **own)


@dataclass(frozen=True)
class _Named:
    """A function of a method."""

    method: str
    what: str
    function: Callable[..., Any]

    def __call__(self, *given: Any) -> Any:
        try:
            return self.function(*given)
        except Exception as error:
            if isinstance(error, LtPruneError) or is_out_of_memory(error):  # which a run is tried again after
                raise
            said = f"the {self.what} of training method {self.method!r} fails: {described(error)}"
            raise MemberError(said, self.method) from error


@dataclass(frozen=True)
class _PromisedStep:
    method: str
    step: Step

    def __call__(self, forward: Forward, loss: Loss, batches: Sequence[Batch]) -> tuple[Outputs, Tensor]:
        answer = self.step(forward, loss, batches)
        if broken := _broken_answer(answer, batches[0]):
            raise MemberError(f"the step of training method {self.method!r} must give {broken}", self.method)
        return answer


def _broken_answer(answer: object, main: Batch) -> str:
    """What a step must give and did not, in words; "" where all is well."""
    from torch import Tensor

    from lt_prune.models.network import Outputs

    pair = answer if isinstance(answer, tuple) and len(answer) == 2 else (answer, None)
    outputs, loss = pair
    if not (isinstance(outputs, Outputs) and isinstance(loss, Tensor)):
        given = ", ".join(type(each).__name__ for each in answer) if isinstance(answer, tuple) else type(answer).__name__
        return f"Outputs and the loss, a tensor (), and gave {given or 'nothing'}"
    if outputs.logits.shape != main.target.shape:
        return f"outputs for the main batch, logits {tuple(main.target.shape)}, and gave {tuple(outputs.logits.shape)}"
    if loss.shape != ():
        return f"one loss, a tensor (), and gave a tensor {tuple(loss.shape)}"
    return "" if loss.requires_grad else "a loss that passes gradients on to the network"
