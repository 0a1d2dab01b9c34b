"""The one training loop: ensemble members, stage one and stage two alike."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any, Protocol, cast

import torch
from torch import Tensor

from lt_prune.config.compute import Arithmetic
from lt_prune.config.recipe import Recipe, as_today
from lt_prune.engine.observers import Observers
from lt_prune.engine.runs import Run, Trained
from lt_prune.engine.schedule import learning_rate
from lt_prune.engine.shared import Shared
from lt_prune.engine.step import Forward, GraphedStep, Step
from lt_prune.engine.streams import Streams, streams_of
from lt_prune.errors import ArgumentError, DivergenceError, FileError, MismatchError
from lt_prune.identity import differences
from lt_prune.methods.loss import Loss
from lt_prune.models.network import Network, build_network, drawn_from, frozen, try_out, upon_features
from lt_prune.progress import Epoch
from lt_prune.randomness import derive_seed
from lt_prune.store.pretrained import read_pretrained
from lt_prune.store.weights import check_training, load_momentum, load_state, read_weights, write_weights
from lt_prune.types import kind_of

EVERY = 30.0
"""Seconds between the checkpoints of a run on CUDA, or on features, or with a large record, where writing the state takes as
long as many steps. Of images on the CPU one is written after each epoch."""
LARGE = 1 << 27
"""Bytes of such a record: of 24,000 samples of 8,000 classes it has six times as many, of CIFAR-100 a sixth."""

TOLD_EVERY = 5.0
"""Seconds after which a run tells how far it is within an epoch."""


class OnEpoch(Protocol):
    """Called with the number of epochs done, at the begin of each, then with what is known of the one that has ended, and,
    with a part of it, every few seconds."""

    def __call__(self, *, done: float, ended: Epoch | None = None) -> None: ...


@dataclass
class _State:
    network: Network
    optimizer: torch.optim.SGD
    criterion: Loss
    observers: Observers
    arithmetic: Arithmetic
    loss: list[float]
    seconds: float
    saved: float
    """When the checkpoint was written or read, or training began, by `time.monotonic`."""
    lr: float = 0.0
    ended: Epoch | None = None
    """The last epoch that was trained in this process."""

    def rate(self, rate: float) -> None:
        """Set the learning rate; one that is a tensor is filled, as a captured graph reads it where it lies."""
        self.lr = rate
        for group in self.optimizer.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(group["factor"] * rate)
            else:
                group["lr"] = group["factor"] * rate


def training(
    run: Run, arithmetic: Arithmetic, on_epoch: OnEpoch, shared: Shared | None = None
) -> Generator[None, None, Trained]:
    """Train `run` to its last epoch, going on from its checkpoint where there is one.

    It stops after each step, so that several runs can take turns on one GPU, and returns what was trained.

    Args:
        arithmetic: how it is computed, on which device.
        on_epoch: called with the number of epochs done.
        shared: what it has in common with runs beside it, where there are any.

    Raises:
        DivergenceError: the loss is no longer finite.
        MismatchError: the checkpoint belongs to another run, or was computed otherwise.
        FileError: the checkpoint is damaged.
    """
    recipe = run.recipe
    device = torch.device(arithmetic.device)
    state = _start(run, device, arithmetic)
    if len(state.loss) < recipe.epochs:
        streams = streams_of(run, state.network, shared or Shared(device))
        with closing(_step(run, state)) as step:
            yield from _train_epochs(run, state, step, streams, on_epoch)
    elif run.checkpoint and not run.checkpoint.exists():  # there is nothing to train
        write_weights(run.checkpoint, _pack(run, state))
    if recipe.epochs:  # 0 of 0 would say that the run failed
        on_epoch(done=recipe.epochs, ended=state.ended)
        yield  # so that this is known before what is made of the network
    observers = state.observers.to(torch.device("cpu"))
    return Trained(state.network.eval(), tuple(state.loss), state.seconds, state.arithmetic, observers)


def _train_epochs(
    run: Run, state: _State, step: Step | GraphedStep, streams: Streams, on_epoch: OnEpoch
) -> Generator[None, None, None]:
    for epoch in range(len(state.loss), run.recipe.epochs):
        on_epoch(done=epoch, ended=state.ended)
        before = state.seconds
        state.criterion.begin_epoch(epoch, run.recipe.epochs)
        state.observers.begin_epoch(epoch, run.recipe.epochs)
        state.loss.append((yield from _timed(state, _train_epoch(run, state, step, streams, epoch, _Teller(on_epoch)))))
        state.ended = _ended(run, state, streams, state.seconds - before)
        state.criterion.end_epoch()
        state.observers.end_epoch()
        if run.parts.after_epoch:
            with torch.no_grad():
                run.parts.after_epoch(state.network)
        if run.checkpoint and _is_due(run, state):
            write_weights(run.checkpoint, _pack(run, state))
            state.saved = time.monotonic()


def _ended(run: Run, state: _State, streams: Streams, seconds: float) -> Epoch:
    images = run.parts.samples(streams.main.length, len(streams.main.bounds))
    return Epoch(epoch=len(state.loss), loss=state.loss[-1], lr=state.lr, images_per_second=images / seconds)


def _is_due(run: Run, state: _State) -> bool:
    """Whether the state is to be kept now."""
    done = len(state.loss) == run.recipe.epochs
    on_features = run.recipe.freeze or kind_of(run.pixels) == "embeddings"
    slow = state.arithmetic.device == "cpu" and not on_features and state.observers.nbytes < LARGE
    return done or slow or time.monotonic() - state.saved >= EVERY


def _timed(state: _State, epoch: Generator[None, None, float]) -> Generator[None, None, float]:
    """The steps of an epoch; the time that they take, and not that of other runs between them, is the run's."""
    while True:
        began = time.perf_counter()
        try:
            next(epoch)
        except StopIteration as end:
            return cast(float, end.value)
        finally:
            state.seconds += time.perf_counter() - began
        yield


def _train_epoch(
    run: Run, state: _State, step: Step | GraphedStep, streams: Streams, epoch: int, tell: _Teller
) -> Generator[None, None, float]:
    recipe = run.recipe
    state.network.train()
    state.network.backbone.train(recipe.trained == "network" or recipe.shift_batch_norm)
    bounds = streams.main.bounds
    total = torch.zeros((), dtype=torch.float64, device=streams.main.labels.device)
    for number, batches in enumerate(streams.epoch(epoch)):
        state.rate(learning_rate(recipe, epoch, number, len(bounds)))
        total += step(batches) * len(batches[0].rows)
        tell(epoch, number + 1, len(bounds))
        yield
    mean = float(total) / streams.main.length
    if not math.isfinite(mean):
        raise DivergenceError(f"training diverged in epoch {epoch + 1} (mean loss {mean}): lower the learning rate")
    return mean


class _Teller:
    """Tells how far a run is within an epoch that is long."""

    def __init__(self, on_epoch: OnEpoch) -> None:
        self._on_epoch, self._told = on_epoch, time.monotonic()

    def __call__(self, epoch: int, done: int, n_steps: int) -> None:
        now = time.monotonic()
        if done < n_steps and now - self._told >= TOLD_EVERY:
            self._on_epoch(done=epoch + done / n_steps)
            self._told = now


def _step(run: Run, state: _State) -> Step | GraphedStep:
    recipe = run.recipe
    fixed = recipe.trained != "network" and not recipe.shift_batch_norm
    network = upon_features(state.network) if recipe.freeze else frozen(state.network) if fixed else state.network
    network = cast(Network, torch.compile(network)) if state.arithmetic.compiled else network
    forward = Forward(network, state.arithmetic.precision)
    step = Step(forward, state.optimizer, state.criterion, run.parts, state.observers or None)
    return GraphedStep(step) if state.arithmetic.device == "cuda" else step


def _start(run: Run, device: torch.device, arithmetic: Arithmetic) -> _State:
    """The state after the last whole epoch: that of the checkpoint, or a new one."""
    network = _network(run).to(device)
    optimizer = _optimizer(run.recipe, network, device)
    observers = Observers(run.observers(), len(run.labels), run.n_classes).to(device)
    state = _State(network, optimizer, run.loss().to(device), observers, arithmetic, [], 0.0, time.monotonic())
    if run.checkpoint and run.checkpoint.exists():
        _unpack(run, state, read_weights(run.checkpoint, device))
    return state


def _network(run: Run) -> Network:
    """The network as the first epoch finds it."""
    recipe, seed = run.recipe, derive_seed(run.seed, "weights")
    shape = run.pixels.shape[1:]
    network = build_network(run.model, shape, n_classes=run.n_classes, seed=seed, head=run.head)
    if run.start:
        load_state(run.start, "network", network, read_weights(run.start, torch.device("cpu")).get("network"))
    else:
        network.normalise_by(run.pixels)
    if run.weights:
        network.start_from(read_pretrained(run.weights, recipe.weights), f"{run.weights}, for {recipe.model},")
    try_out(network, run.model, shape)
    if recipe.fresh:
        with drawn_from(derive_seed(run.seed, "classifier")):
            network.new_classifier()
    return network


def _optimizer(recipe: Recipe, network: Network, device: torch.device) -> torch.optim.SGD:
    """SGD on what is trained; a group's rate is the schedule's times its "factor"."""
    on_cuda = device.type == "cuda"
    groups = [
        {"params": params, "factor": factor, "lr": torch.zeros((), device=device) if on_cuda else 0.0}
        for params, factor in zip(network.train_only(recipe.trained), (recipe.lr_factor, 1.0))
    ]
    return torch.optim.SGD(
        groups,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
        fused=on_cuda,
    )


def _identity(run: Run) -> dict[str, Any]:
    return {**run.identity, "seed": run.seed, **asdict(run.recipe)}


def _identity_of(saved: dict[str, Any]) -> Mapping[str, Any]:
    """The identity in a checkpoint. In those of schema 1 it is a text: recipe and seed, and as "what" either "ce on DIGEST",
    of a member of an ensemble, or method, samples, settings and first stage."""
    if "identity" in saved:
        own = as_today(saved["identity"])
        return {**own, "first": as_today(own["first"])} if own.get("first") else own
    own = as_today(json.loads(saved["run"]))
    what = own.pop("what")
    method, samples, settings, first = (*what.split(" on "), {}, None) if " on " in what else json.loads(what)
    if first:
        first = {**as_today(first.pop("recipe")), **first.pop("settings"), **first}
    return {"method": method, "samples": samples, **settings, "first": first, **own}


def _pack(run: Run, state: _State) -> dict[str, Any]:
    return {
        "identity": _identity(run),
        "computed": asdict(state.arithmetic),
        "network": state.network.state_dict(),
        "momentum": state.optimizer.state_dict()["state"] if len(state.loss) < run.recipe.epochs else None,
        "criterion": state.criterion.state_dict(),
        "observers": state.observers.state(),
        "loss": state.loss,
        "seconds": state.seconds,
    }


def _unpack(run: Run, state: _State, saved: dict[str, Any]) -> None:
    assert run.checkpoint, "it was read from there"
    remedy = f"give another --out, or remove {run.checkpoint}"
    check_training(run.checkpoint, saved)
    try:
        identity = _identity_of(saved)
    except (KeyError, TypeError, ValueError, AttributeError, ArgumentError):
        raise FileError(f"{run.checkpoint} does not say what it is of: {remedy}") from None
    if differing := differences(identity, _identity(run), {**asdict(Recipe()), **run.defaults}):
        raise MismatchError(f"{run.checkpoint} is of a run with {differing}: {remedy}")
    was, whole = Arithmetic(**saved.get("computed", {})), len(saved["loss"]) == run.recipe.epochs
    if not (whole and run.mix_compute):
        state.arithmetic.require(was, f"{run.checkpoint} was trained", remedy)
    state.arithmetic = was
    load_state(run.checkpoint, "network", state.network, saved.get("network"))
    load_state(run.checkpoint, "loss", state.criterion, saved.get("criterion"))
    state.observers.restore(run.checkpoint, saved.get("observers"))
    if saved["momentum"] is not None:
        load_momentum(run.checkpoint, state.optimizer, saved["momentum"])
    state.loss, state.seconds = list(saved["loss"]), float(saved["seconds"])
