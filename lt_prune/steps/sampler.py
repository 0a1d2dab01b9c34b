"""Scores or a subset -> a torch sampler that draws a fixed budget in each epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lt_prune.errors import ArgumentError, MismatchError
from lt_prune.given import expect_known, expect_whole, keywords_of, known_kinds
from lt_prune.identity import differences
from lt_prune.planning.pruning import pruning_of
from lt_prune.randomness import derive_seed, generator
from lt_prune.steps.image_folder import missing_files, names_below_root
from lt_prune.steps.prune import prepared
from lt_prune.steps.torch_subset import places_in
from lt_prune.strategies import Request
from lt_prune.types import Array, ScoreSet, Subset


class Sampler(torch.utils.data.Sampler[int]):
    """A torch sampler that draws as many samples in each epoch as a pruning keeps, anew by (seed, epoch).

    With scores it draws by a class budget and a selection, as `prune` does once: by "infobatch" over the whole set as
    InfoBatch (Qin et al., ICLR 2024), or with budget="rcap", select="weighted" as RCAP (arXiv 2606.11761). Each epoch has
    exactly as many. `weights` are what each drawn sample's loss is multiplied by, so that the sum over an epoch is, on
    average, that over all samples: InfoBatch's 1 / (1 - r), for "random" the size of the group over its part, and for
    "weighted" the importance weights of Kool et al. 2019 (RCAP itself has none); 1 where a selection declares none. `update`
    lets the scores follow the training, as both papers do.

    With a subset it shows what that keeps, in a new order each epoch.

    Args:
        of: scores, or a subset.
        dataset: what is sampled from, joined and checked as `torch_subset` does; by default indices are places in the
            source's own training split, and nothing is checked. `sampler.dataset` is what a DataLoader takes.
        ratio: with scores, the fraction to REMOVE, in [0, 1).
        budget, select: as for `prune`; "global" and "infobatch" by default.
        metric: which of the scores, "loss" by default.
        seed: names the draws.
        match: as for `torch_subset`.
        num_replicas, rank: how many processes train together, and which this one is: each gets every so manieth sample; of
            what is left over, fewer than there are processes, none.
        **settings: of the budget and of the selection, such as temperature=0.25.

    Raises:
        ArgumentError: an option does not fit, the budget cannot be had, or the scores lack the metric.
        MismatchError: the dataset is another one.

    Example:
        >>> import lt_prune as lp
        >>> data = lp.build("digits")
        >>> scores = lp.score(data, members=1, epochs=1, model="resnet8")
        >>> sampler = lp.Sampler(scores, data, ratio=0.45)
        >>> len(sampler), len(list(sampler)), sampler.weights.shape
        (277, 277, torch.Size([277]))
    """

    @known_kinds
    def __init__(
        self,
        of: ScoreSet | Subset,
        dataset: Any = None,
        *,
        ratio: float | None = None,
        budget: str | None = None,
        select: str | None = None,
        metric: str | None = None,
        seed: int = 0,
        match: str = "ids",
        num_replicas: int = 1,
        rank: int = 0,
        **settings: Any,
    ) -> None:
        expect_whole("num_replicas", num_replicas, low=1)
        expect_whole("rank", rank, low=0)
        if rank >= num_replicas:
            raise ArgumentError(f"rank must be below num_replicas, {num_replicas}, not {rank}")
        self.seed, self.num_replicas, self.rank = seed, num_replicas, rank
        self.epoch, self._start = 0, 0
        options = {"ratio": ratio, "budget": budget, "select": select, "metric": metric}
        self._drawing = _Fixed(of, options, settings) if isinstance(of, Subset) else _Drawn(of, options, settings)
        self.dataset: Any = None
        self._places = of.index.source_index
        if dataset is not None:
            self.dataset, self._places = places_in(of.index, dataset, match)
            _require_places(of, self._places)
        _ = self._epoch  # so that what cannot be had is refused now

    def __len__(self) -> int:
        """Samples that are still to come in this epoch."""
        return self._n_own - self._start

    def __iter__(self) -> Iterator[int]:
        """Places in the dataset, of those that are still to come; afterwards the epoch begins again, unless `set_epoch` says
        otherwise."""
        for index in self._places[self._own[self._start :]].tolist():
            self._start += 1
            yield index
        self._start = 0

    @property
    def weights(self) -> Tensor:
        """float32: what the loss of each sample that is still to come in this epoch is multiplied by, in that order."""
        return torch.from_numpy(self._epoch[1][self._own[self._start :]].astype(np.float32))

    def set_epoch(self, epoch: int) -> None:
        """Draw anew for another epoch; where it is the one at work, or that was loaded, go on with it."""
        expect_whole("epoch", epoch, low=0)
        if epoch != self.epoch:
            self.epoch, self._start = epoch, 0
            self._drawing.settle()
            self.__dict__.pop("_epoch", None)

    def update(self, losses: Tensor) -> None:
        """Take note of the next samples' losses in this epoch, in the order in which they were drawn; from the next epoch on
        they are their scores.

        Args:
            losses: (B,), higher being harder, of the metric that the sampler draws by.

        Raises:
            ArgumentError: there is nothing to follow, or they are more than were drawn.
        """
        if self.num_replicas > 1:
            raise ArgumentError("scores cannot follow the training of several processes, each of which knows its own alone")
        self._drawing.update(self._own, losses.detach().float().cpu().numpy())

    def state_dict(self, drawn: int | None = None) -> dict[str, Any]:
        """Where the epoch is: what `load_state_dict` goes on from, with the very same samples.

        Args:
            drawn: how many samples of this epoch were trained on, where that is not how many were handed out: a DataLoader
                with workers takes some ahead.
        """
        start = self._start if drawn is None else drawn
        return {**self._identity, "epoch": self.epoch, "drawn": start, **self._drawing.state()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another sampler of the same samples, options and seed was.

        Raises:
            MismatchError: it was of others.
        """
        was = {name: state.get(name) for name in self._identity}
        if differing := differences(was, self._identity):
            raise MismatchError(f"the state is of a sampler with {differing}: make this one as that was made")
        self.epoch, self._start = int(state["epoch"]), int(state["drawn"])
        self._drawing.load(state)
        self.__dict__.pop("_epoch", None)

    @property
    def _identity(self) -> dict[str, Any]:
        return {**self._drawing.identity, "seed": self.seed, "num_replicas": self.num_replicas}

    @cached_property
    def _epoch(self) -> tuple[Array, Array]:
        """Rows of an epoch in their order, and the weight of each row of the set."""
        kept, weights = self._drawing.draw(self.seed, self.epoch)
        rows = np.flatnonzero(kept)
        return rows[torch.randperm(len(rows), generator=generator(self.seed, "sampler order", self.epoch)).numpy()], weights

    @property
    def _own(self) -> Array:
        """Rows that this process gets of an epoch, in their order."""
        return self._epoch[0][self.rank :: self.num_replicas][: self._n_own]

    @property
    def _n_own(self) -> int:
        return self._drawing.n_kept // self.num_replicas


def _require_places(of: ScoreSet | Subset, places: Array) -> None:
    """Refuse a dataset that lacks samples which may be drawn, as it does not take their format."""
    drawn = of.kept if isinstance(of, Subset) else np.ones(len(places), dtype=bool)
    if (lacking := np.flatnonzero(drawn & (places < 0))).size:
        names = names_below_root(of.index)
        raise MismatchError(missing_files("the dataset", [names[row] for row in lacking], len(names)))


class _Fixed:
    """What a subset keeps, in every epoch."""

    def __init__(self, subset: Subset, options: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
        if given := [name for name, value in {**options, **settings}.items() if value is not None]:
            raise ArgumentError(f"a subset is drawn already: leave out {given[0]}, or give scores")
        self._kept, self.n_kept = subset.kept, int(subset.kept.sum())
        self.identity = {"samples": subset.digest, "pruning": subset.strategy}

    def draw(self, seed: int, epoch: int) -> tuple[Array, Array]:
        """bool (N,), what is shown, and weights (N,)."""
        return self._kept, np.ones(len(self._kept))

    def update(self, rows: Array, losses: Array) -> None:
        raise ArgumentError("a subset has no scores that could follow the training: give scores")

    def settle(self) -> None:
        """Nothing moves."""

    def state(self) -> dict[str, Any]:
        return {}

    def load(self, state: Mapping[str, Any]) -> None:
        """There is nothing to load."""


class _Drawn:
    """A draw by scores, which may follow the training."""

    def __init__(self, scores: ScoreSet, options: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
        budget, select = options["budget"] or "global", options["select"] or "infobatch"
        asked = pruning_of(None, budget, select, {}).strategy
        expect_known(settings, asked.settings, besides=keywords_of(Sampler.__init__))
        read = {"scores", "recall"} & {*asked.needs}
        how = {**options, "budget": budget, "select": select, "settings": settings}
        usual = scores.main if scores.origin else "loss"
        how["metric"] = (options["metric"] or usual) if "scores" in read else options["metric"]
        self._choice = prepared(scores.index, scores=scores, **how)
        self._scores: Array | None = None
        self._next: Array | None = None
        self._told = 0
        self.n_kept = len(self._choice.left) - self._choice.request.n_remove
        self.identity = {
            "samples": scores.index.digest,
            "scores": scores.digest,
            "pruning": self._choice.given.name(),
            "metric": how["metric"],
            "ratio": self._choice.ratio,
        }

    def draw(self, seed: int, epoch: int) -> tuple[Array, Array]:
        """bool (N,), what is kept in an epoch, and weights (N,)."""
        choice = self._choice
        request = self._request(derive_seed(seed, "sampler", epoch))
        weights = np.ones(choice.given.index.n_samples)
        strategy: Any = choice.given.asked.strategy
        weights[choice.left] = strategy.weights(request)
        return choice.kept(request), weights

    def _request(self, seed: int) -> Request:
        asked = replace(self._choice.request, seed=seed)
        return asked if self._scores is None else replace(asked, difficulty=self._scores[self._choice.left])

    def update(self, rows: Array, losses: Array) -> None:
        """Keep the losses of the next of these rows for the next epoch."""
        if self._choice.request.difficulty is None:
            raise ArgumentError("neither budget nor selection reads scores, which could follow the training: leave it out")
        if losses.ndim != 1 or not np.isfinite(losses).all():
            raise ArgumentError(f"losses must be finite numbers, one a sample, not {losses.shape}")
        if self._told + len(losses) > len(rows):
            raise ArgumentError(
                f"losses of {self._told + len(losses):,} samples were given, and an epoch has {len(rows):,}: call set_epoch "
                f"before each"
            )
        if self._next is None:
            self._next = self._now()
        self._next[rows[self._told : self._told + len(losses)]] = losses
        self._told += len(losses)

    def _now(self) -> Array:
        """float32 (N,): a copy of the scores of this epoch; 0 of what is never drawn."""
        choice, found = self._choice, np.zeros(self._choice.given.index.n_samples, dtype=np.float32)
        found[choice.left] = choice.request.difficulty if self._scores is None else self._scores[choice.left]
        return found

    def settle(self) -> None:
        """What was told in the last epoch counts in the next."""
        self._scores = self._scores if self._next is None else self._next
        self._next, self._told = None, 0

    def state(self) -> dict[str, Any]:
        """Scores of this epoch and of the next, where they have moved."""
        moved = {"scores_now": self._scores, "scores_next": self._next}
        return {"told": self._told, **{name: None if each is None else torch.tensor(each) for name, each in moved.items()}}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over what `state` gave."""
        self._scores, self._next = (
            None if state[name] is None else state[name].numpy().copy() for name in ("scores_now", "scores_next")
        )
        self._told = int(state["told"])
