"""Trained run -> test results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from lt_prune.choices import PREDICTIONS
from lt_prune.config.compute import Compute
from lt_prune.config.reading import Reading
from lt_prune.engine.opened import OpenRun
from lt_prune.engine.predict import AbsPredictor, both_logits
from lt_prune.engine.testing import Testing
from lt_prune.errors import ArgumentError, FileError, MismatchError
from lt_prune.evaluation import evaluate_probabilities
from lt_prune.given import expect, known_keywords
from lt_prune.models import find_model
from lt_prune.models.network import build_network
from lt_prune.planning.paths import trained_rows
from lt_prune.planning.recipes import resolve_abs
from lt_prune.runs import Evaluation
from lt_prune.steps.build import Data, open_set
from lt_prune.store.results import RESULT, WEIGHTS, read_result
from lt_prune.store.weights import load_state, read_weights
from lt_prune.types import Subset


@known_keywords
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
        s, abs_form: strength in [0, 1] and form ("concave" or "linear") of ABS; by default the run's own, or those published
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
        >>> result = lp.train("digits", epochs=1, model="resnet8", out="runs/first")
        >>> lp.evaluate("runs/first", prediction="angular").n_test
        500
    """
    opened = _opened(run, data, compute, reading)
    prediction = prediction or opened.result.spec.prediction
    if prediction not in PREDICTIONS:
        raise ArgumentError(f"prediction must be {' or '.join(PREDICTIONS)}, not {prediction!r}")
    if prediction != "abs":
        if s is not None or abs_form is not None:
            raise ArgumentError(f"strength and form are for ABS, and the prediction is {prediction}: leave them out")
        return Testing.of(opened.data, prediction)(opened.network)
    (evaluation,) = _evaluate_abs(opened, [s], abs_form, subset).values()
    return evaluation


@known_keywords
def evaluate_abs(
    run: Path | str | OpenRun,
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
        >>> result = lp.train("digits", epochs=1, model="resnet8", out="runs/first")
        >>> list(lp.evaluate_abs("runs/first", s=[0, 0.2]))
        [0, 0.2]
    """
    return _evaluate_abs(_opened(run, data, compute, reading), s, abs_form, subset)


def open_run(
    run: Path | str,
    data: Data | None = None,
    *,
    compute: Compute | None = None,
    reading: Reading | None = None,
) -> OpenRun:
    """Read a trained run; arguments and errors are those of `evaluate`."""
    expect("run", run, (str, Path), "the folder of a run")
    require_run(run)
    result = read_result(Path(run) / RESULT)
    data = result.data if data is None else data
    if data is None:
        raise ArgumentError(f"{run} does not say where its data, {result.name}, is: give --data")
    lt_set = open_set(data, reading=reading)
    if lt_set.index.digest != result.spec.data_digest:
        raise MismatchError(
            f"{run} was trained on {result.name}, and {lt_set.index.name} holds other samples: name its data with --data"
        )
    model = find_model(result.spec.recipe.model)
    network = build_network(model, lt_set.pixels.shape[1:], n_classes=lt_set.index.n_classes, seed=0)
    weights = Path(run) / WEIGHTS
    load_state(weights, "network", network, read_weights(weights, torch.device("cpu")).get("network"))
    return OpenRun(result, lt_set, network.to((compute or Compute()).device))


def require_run(run: Path | str) -> None:
    """Refuse what is no folder of a run.

    Raises:
        FileError: there is no result in it, or it is no folder; tells what it is instead, where that is known.
    """
    place = Path(run)
    if (place / RESULT).exists():
        return
    wanted = f"a folder that `lt-prune train` made, with {RESULT} and {WEIGHTS}"
    if place.name == RESULT:
        raise FileError(f"{run} is a file, and a trained run is {wanted}: name its folder, {place.parent}")
    if not place.exists():
        raise FileError(f"there is no run at {run}: name {wanted}")
    remedy = "`lt-prune results --figure STEM` draws the rows of many runs" if place.suffix == ".json" else f"name {wanted}"
    if place.suffix == ".h5":
        remedy = f"{remedy}; `lt-prune scores` shows a score file"
    if place.is_dir() and (inside := sorted(each.parent.name for each in place.glob(f"*/{RESULT}"))):
        remedy = f"name one of the runs in it, such as {place / inside[0]}"
    raise FileError(f"{run} is no trained run that has ended: {remedy}")


def _opened(run: Path | str | OpenRun, data: Data | None, compute: Compute | None, reading: Reading | None) -> OpenRun:
    """The run, which takes no more arguments where it is opened already."""
    if not isinstance(run, OpenRun):
        return open_run(run, data, compute=compute, reading=reading)
    given = {"data": data, "compute": compute, "reading": reading}
    if ignored := [name for name, value in given.items() if value is not None]:
        raise ArgumentError(f"the run is opened already: leave out {', '.join(ignored)}, or give it to open_run")
    return run


def _evaluate_abs(
    opened: OpenRun, strengths: Sequence[float | None], form: str | None, subset: Subset | Path | str | None
) -> dict[float, Evaluation]:
    """By strength; None stands for the default."""
    index, given = opened.data.index, dict(opened.result.spec.settings)
    if form is not None:
        given["abs_form"] = form
    every = [resolve_abs(opened.data, given if s is None else given | {"s": s}) for s in strengths]
    opened.data.require_test()
    samples = opened.data.pixels, index.labels, trained_rows(opened.result, index, subset)
    bias = AbsPredictor(*samples, s=every[0]["s"], form=every[0]["abs_form"]).fit(opened.network)
    _, angular = both_logits(opened.network, opened.data.test_pixels)
    found = {}
    for settings in every:
        bias.s = settings["s"]
        predicted = bias(angular).numpy()
        found[bias.s] = evaluate_probabilities(predicted, opened.data.test_labels, index.class_groups)
    return found
