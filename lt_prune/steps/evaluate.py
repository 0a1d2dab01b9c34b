"""Trained run -> test results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lt_prune.choices import PREDICTIONS
from lt_prune.compute import Compute
from lt_prune.engine.predict import Bias, both_logits, probabilities
from lt_prune.errors import ArgumentError, DataError, MismatchError
from lt_prune.evaluation import evaluate_probabilities
from lt_prune.given import expect
from lt_prune.models.network import Network, build_network
from lt_prune.reading import Reading
from lt_prune.steps.build import Data, open_set
from lt_prune.steps.paths import find_subset_of, subset_of
from lt_prune.steps.recipes import resolve_abs
from lt_prune.store.results import RESULT, WEIGHTS, read_result
from lt_prune.store.weights import read_weights
from lt_prune.types import Array, Evaluation, LongTailedSet, Pixels, Subset, TrainResult


def evaluate(
    run: Path | str | OpenRun,
    data: Data | None = None,
    *,
    prediction: str | None = None,
    s: float | None = None,
    abs_form: str | None = None,
    subset: Subset | Path | str | None = None,
    compute: Compute | None = None,
    reading: Reading | None = None,
) -> Evaluation:
    """Test a trained run again, for example with another prediction.

    Args:
        run: folder of the run, or the run opened by `open_run`, which then takes data, compute and reading.
        data: the data it was trained on; by default what the run was given.
        prediction: "linear", "angular" (argmax of Wang & Yan, Eq. 1) or "abs" (Eq. 7); by default the run's own.
        s, abs_form: strength in [0, 1] and form ("sine" or "linear") of ABS; by default the run's own, or those published
            for data like it.
        subset: what the run was trained on, where that is a part of its data and ABS is to measure its bias there; by
            default looked for in subsets/.
        compute: names the device, see `lt_prune.Compute`.
        reading: as for `build`.

    Raises:
        FileError: the run is not finished, or damaged.
        MismatchError: the data or the subset is not that of the run.
        ArgumentError: there is no such prediction, strength or form, the subset is not found, or an opened run comes with
            arguments that opening it would take.

    Example:
        >>> import lt_prune as lp
        >>> result = lp.train("digits", epochs=1, depth=8, out="runs/first")
        >>> lp.evaluate("runs/first", prediction="angular").n_test
        500
    """
    if isinstance(run, OpenRun):
        given = {"data": data, "compute": compute, "reading": reading}
        if ignored := [name for name, value in given.items() if value is not None]:
            raise ArgumentError(f"the run is opened already: leave out {', '.join(ignored)}, or give it to open_run")
    opened = run if isinstance(run, OpenRun) else open_run(run, data, compute=compute, reading=reading)
    prediction = prediction or opened.result.spec.prediction
    if prediction not in PREDICTIONS:
        raise ArgumentError(f"prediction must be {' or '.join(PREDICTIONS)}, not {prediction!r}")
    if prediction != "abs":
        if s is not None or abs_form is not None:
            raise ArgumentError(f"strength and form are for ABS, and the prediction is {prediction}: leave them out")
        return Testing.of(opened.data, prediction)(opened.network)
    (evaluation,) = _evaluate_abs(opened, [s], abs_form, subset).values()
    return evaluation


def evaluate_abs(
    run: Path | str,
    data: Data | None = None,
    *,
    s: Sequence[float] = (0, 0.04, 0.08, 0.12, 0.16, 0.2, 0.24, 0.28, 0.32),
    abs_form: str | None = None,
    subset: Subset | Path | str | None = None,
    compute: Compute | None = None,
    reading: Reading | None = None,
) -> dict[float, Evaluation]:
    """Test a trained run by ABS with several strengths (Wang & Yan, Table 5); arguments are those of `evaluate`.

    Example:
        >>> import lt_prune as lp
        >>> result = lp.train("digits", epochs=1, depth=8, out="runs/first")
        >>> list(lp.evaluate_abs("runs/first", s=[0, 0.2]))
        [0, 0.2]
    """
    opened = open_run(run, data, compute=compute, reading=reading)
    return _evaluate_abs(opened, s, abs_form, subset)


@dataclass(frozen=True, eq=False)
class OpenRun:
    """A trained run, with its data and its network."""

    result: TrainResult
    data: LongTailedSet
    network: Network

    def positions(self, subset: Subset | Path | str | None = None) -> Array:
        """int64 (N,): positions in the set of what it was trained on.

        Raises:
            ArgumentError: that is a subset which is neither given nor found.
            MismatchError: it is another one.
        """
        digest = self.result.spec.subset_digest
        if digest is None:
            return np.arange(self.data.roster.n_samples)
        chosen = find_subset_of(digest) if subset is None else subset_of(subset)
        if chosen is None:
            raise ArgumentError(f"the run was trained on a pruned set ({self.result.subset}): name its file with --subset")
        if chosen.digest != digest:
            raise MismatchError("the run was trained on another subset: name that one with --subset")
        self.data.roster.require_same(chosen.roster, "the subset")
        return np.flatnonzero(chosen.kept)


def open_run(
    run: Path | str,
    data: Data | None = None,
    *,
    compute: Compute | None = None,
    reading: Reading | None = None,
) -> OpenRun:
    """Read a trained run; arguments and errors are those of `evaluate`."""
    expect("run", run, (str, Path), "the folder of a run")
    result = read_result(Path(run) / RESULT)
    data = result.data if data is None else data
    if data is None:
        raise ArgumentError(f"{run} does not say where its data, {result.name}, is: give --data")
    lt_set = open_set(data, reading=reading)
    if lt_set.roster.digest != result.spec.data_digest:
        raise MismatchError(
            f"{run} was trained on {result.name}, and {lt_set.roster.name} holds other samples: name its data with --data"
        )
    network = build_network(
        depth=result.spec.recipe.depth, channels=lt_set.pixels.shape[-1], n_classes=lt_set.roster.n_classes, seed=0
    )
    network.load_state_dict(read_weights(Path(run) / WEIGHTS, torch.device("cpu"))["network"])
    return OpenRun(result, lt_set, network.to((compute or Compute()).device))


def _evaluate_abs(
    opened: OpenRun, strengths: Sequence[float | None], form: str | None, subset: Subset | Path | str | None
) -> dict[float, Evaluation]:
    """By strength; None stands for the default."""
    roster, given = opened.data.roster, opened.result.spec.settings
    every = [resolve_abs(opened.data, {**given, **_known(s=s, abs_form=form)}) for s in strengths]
    require_test(opened.data)
    samples = opened.data.pixels, roster.labels, opened.positions(subset)
    bias = Bias(*samples, s=every[0]["s"], form=every[0]["abs_form"]).fit(opened.network)
    _, angular = both_logits(opened.network, opened.data.test_pixels)
    found = {}
    for settings in every:
        bias.s = settings["s"]
        predicted = bias(angular).numpy()
        found[bias.s] = evaluate_probabilities(predicted, opened.data.test_labels, roster.class_groups)
    return found


def _known(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, eq=False)
class Testing:
    """Evaluates a network on test images; crosses processes without the training images, unless ABS needs them."""

    pixels: Pixels
    """uint8 (T, H, W, C)."""
    labels: Array
    """int64 (T,)."""
    class_groups: Array
    """int64 (M,)."""
    prediction: str | Bias
    """See `probabilities`."""

    @staticmethod
    def of(
        lt_set: LongTailedSet, prediction: str, settings: Mapping[str, Any] | None = None, positions: Array | None = None
    ) -> Testing:
        """Testing on a set's test images.

        Args:
            prediction: "linear", "angular" or "abs".
            settings: strength "s" and form "abs_form", for ABS.
            positions: int64 (N,), what the network was trained on, for ABS, which measures its bias there.

        Raises:
            DataError: the set has no test images.
        """
        require_test(lt_set)
        how: str | Bias = prediction
        if prediction == "abs":
            assert settings is not None, "ABS has a strength and a form"
            assert positions is not None, "and is measured on what was trained on"
            how = Bias(lt_set.pixels, lt_set.roster.labels, positions, s=settings["s"], form=settings["abs_form"])
        return Testing(lt_set.test_pixels, lt_set.test_labels, lt_set.roster.class_groups, how)

    def __call__(self, network: Network) -> Evaluation:
        predicted = probabilities(network, self.pixels, self.prediction)
        return evaluate_probabilities(predicted, self.labels, self.class_groups)


def require_test(lt_set: LongTailedSet) -> None:
    """Refuse a set without test images.

    Raises:
        DataError: there are none.
    """
    if not len(lt_set.test_labels):
        raise DataError(
            f"{lt_set.roster.name} has no test images to report on: add a test split (test/CLASS/ or x_test, y_test)"
        )
