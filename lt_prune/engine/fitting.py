"""A predictor on the way to the network that it is fitted to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from lt_prune.engine.predict import outputs_of
from lt_prune.models.network import Network
from lt_prune.predictors import PREDICTORS, Predictor
from lt_prune.predictors.promised import Promised, promised_fit
from lt_prune.types import Array, LongTailedSet, Pixels


@dataclass(frozen=True, eq=False)
class Fitting:
    """Fits a predictor to a network; crosses processes without the training images, unless the predictor needs them."""

    name: str
    predictor: Predictor | None
    """The one that was registered in the caller's process, which a worker process knows nothing of."""
    counts: Array
    """int64 (M,): training samples of each class."""
    training: tuple[Pixels, Array, Array] | None
    """Images of the set, uint8 (P, H, W, C), their labels, int64 (P,), and the rows trained on, int64 (N,), where the
    predictor needs outputs."""

    @staticmethod
    def of(lt_set: LongTailedSet, name: str, counts: Array, rows: Array | None) -> Fitting:
        """By the predictor of this name, for a network trained on `rows` of a set, None where it needs no outputs."""
        training = None
        if PREDICTORS.load(name).needs_outputs:
            assert rows is not None, "it is fitted on what was trained on"
            training = lt_set.pixels, lt_set.index.labels, rows
        return Fitting(name, PREDICTORS.registered.get(name), counts, training)

    def __call__(self, network: Network, every: Sequence[Mapping[str, Any]]) -> list[Promised]:
        """The predictor fitted with each of several settings, by one pass at most over the training samples.

        Raises:
            MemberError: the predictor cannot be loaded or fitted.
            DivergenceError: an output is not finite.
        """
        predictor = self.predictor or PREDICTORS.load(self.name)
        outputs = labels = None
        if self.training:
            pixels, known, rows = self.training
            outputs, labels = outputs_of(network, pixels, rows), torch.from_numpy(known[rows])
        counts = torch.tensor(self.counts)
        return [promised_fit(self.name, predictor, outputs, labels, counts, settings) for settings in every]
