"""Trained run -> test results."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lt_prune.config.compute import Compute
from lt_prune.config.reading import Reading, told_apart
from lt_prune.engine.fitting import Fitting
from lt_prune.engine.opened import OpenRun
from lt_prune.engine.testing import Testing
from lt_prune.errors import ArgumentError, FileError, MismatchError
from lt_prune.given import expect, keywords_of, known_kinds
from lt_prune.methods import METHODS, head_of, require_head
from lt_prune.models import find_model
from lt_prune.models.network import Network, build_network
from lt_prune.planning.paths import trained_rows
from lt_prune.planning.places import data_again, reading_again, tried
from lt_prune.planning.recipes import check_prediction_names, prediction_settings
from lt_prune.predictors import PREDICTORS
from lt_prune.runs import Evaluation, TrainResult
from lt_prune.steps.build import Data
from lt_prune.steps.opening import open_like
from lt_prune.store.results import RESULT, WEIGHTS, read_result
from lt_prune.store.weights import load_state, read_weights
from lt_prune.types import LongTailedSet, Subset


@known_kinds
def evaluate(
    run: Path | str | OpenRun,
    data: Data | None = None,
    *,
    prediction: str | None = None,
    subset: Subset | Path | str | None = None,
    compute: Compute | None = None,
    reading: Reading | None = None,
    **settings: Any,
) -> Evaluation:
    """Test a trained run again, for example with another prediction.

    Args:
        run: folder of the run, or the run opened by `open_run`, which then takes data, compute and reading.
        data: the data it was trained on; by default what the run was given.
        prediction: a predictor, such as "linear", "angular" (Wang & Yan, Eq. 1), "abs" (Eq. 7), "logit-adjusted" (Menon et
            al. 2021) or "tau-norm" (Kang et al. 2020); by default the run's own.
        subset: what the run was trained on, where that is a part of its data and the prediction is fitted to it, as "abs"
            is; by default looked for in subsets/.
        compute: names the device, see `lt_prune.Compute`.
        reading: as for `build`.
        **settings: of the prediction, and of nothing else, such as s=0.1 of "abs" or tau=0.5 of "tau-norm"; by default the
            run's own where it predicts so, else those published for data like it.

    Raises:
        FileError: the run is not finished, or damaged.
        MismatchError: the data or the subset is not that of the run.
        UnknownNameError: there is no such predictor.
        ArgumentError: the prediction has no such setting or it cannot have such a value, the subset is not found or not
            used, or an opened run comes with arguments that opening it would take.
        MemberError: another package's predictor does not do what it promises.

    Example:
        >>> import lt_prune as lp
        >>> result = lp.train("digits", epochs=1, model="resnet8", out="runs/first")
        >>> lp.evaluate("runs/first", prediction="angular").n_test
        500
    """
    one = {name: [value] for name, value in settings.items()}
    ((_, evaluation),) = evaluate_each(
        run, data, prediction=prediction, subset=subset, compute=compute, reading=reading, **one
    )
    return evaluation


@known_kinds
def evaluate_each(
    run: Path | str | OpenRun,
    data: Data | None = None,
    *,
    prediction: str | None = None,
    subset: Subset | Path | str | None = None,
    compute: Compute | None = None,
    reading: Reading | None = None,
    **settings: Any,
) -> list[tuple[dict[str, Any], Evaluation]]:
    """Test a trained run by each of several settings of its prediction, in one pass over the images.

    Arguments and errors are those of `evaluate`, and a setting may be a list of values: every combination is tested, such as
    the strengths of ABS (Wang & Yan, Table 5).

    Returns:
        Each combination, all settings of the prediction by name, with its test results.

    Example:
        >>> import lt_prune as lp
        >>> result = lp.train("digits", epochs=1, model="resnet8", out="runs/first")
        >>> [how["s"] for how, _ in lp.evaluate_each("runs/first", prediction="abs", s=[0, 0.2], abs_form="concave")]
        [0, 0.2]
    """
    if isinstance(run, OpenRun):
        given = {"data": data, "compute": compute, "reading": reading}
        if ignored := [name for name, value in given.items() if value is not None]:
            raise ArgumentError(f"the run is opened already: leave out {', '.join(ignored)}, or give it to open_run")
    if prediction is not None:  # before any image is read
        check_prediction_names(prediction, settings, keywords_of(evaluate))
    opened = run if isinstance(run, OpenRun) else open_run(run, data, compute=compute, reading=reading)
    result, index = opened.result, opened.data.index
    prediction = result.spec.prediction if prediction is None else prediction
    check_prediction_names(prediction, settings, keywords_of(evaluate))
    require_head(result.spec, prediction)
    fitted = PREDICTORS.load(prediction).needs_outputs
    if subset is not None and not fitted:
        raise ArgumentError(
            f"subset is for a prediction that is fitted to it, as abs is, not for {prediction}: leave it out"
        )
    every = [prediction_settings(opened.data, result.spec, prediction, one) for one in _combinations(settings)]
    rows = trained_rows(result, index, opened.folder, subset) if fitted else None
    fitting = Fitting.of(opened.data, prediction, np.array(result.class_counts), rows)
    return list(zip(every, Testing.of(opened.data, fitting).each(opened.network, every)))


def _combinations(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every combination of values, of which a setting may have one or a list."""
    lists = [name for name, value in settings.items() if isinstance(value, (list, tuple)) or np.ndim(value) == 1]
    values = {name: [*value] if name in lists else [value] for name, value in settings.items()}
    if empty := [name for name, each in values.items() if not each]:
        raise ArgumentError(f"{empty[0]} is empty: give at least one value")
    return [dict(zip(values, one)) for one in product(*values.values())]


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
    folder = Path(run)
    result = read_result(folder / RESULT)
    kept = reading_again(result.reading, result.root_place, folder)
    lt_set = open_like(_data_of(folder, result) if data is None else data, reading, result.data, kept)
    if lt_set.index.digest != result.spec.data_digest:
        differing = told_apart(kept, lt_set.index.reading)
        raise MismatchError(
            f"{run} was trained on {result.name}"
            + (f" read with {differing}: read it so" if differing else f", and {lt_set.index.name} holds other samples")
            + ("" if differing else ": name its data with --data")
        )
    network = _network(folder, result, lt_set)
    return OpenRun(folder, result, lt_set, network.to((compute or Compute()).device))


def _network(folder: Path, result: TrainResult, lt_set: LongTailedSet) -> Network:
    spec, shape = result.spec, lt_set.pixels.shape[1:]
    head = head_of(spec)
    network = build_network(find_model(spec.recipe.model), shape, n_classes=lt_set.index.n_classes, seed=0, head=head)
    try:
        load_state(folder / WEIGHTS, "network", network, _weights(folder).get("network"))
    except FileError:
        METHODS.check((spec.first or spec).method)  # one that is there no more may have had another head
        raise
    return network


def _weights(folder: Path) -> dict[str, Any]:
    try:
        return read_weights(folder / WEIGHTS, torch.device("cpu"))
    except FileError as error:  # the result is there, so that the same command would not make them again
        raise FileError(
            f"{str(error).partition(': ')[0]}: restore a copy, or train the run again with --overwrite"
        ) from None


def _data_of(folder: Path, result: TrainResult) -> str:
    """What to name as data to get those of a run."""
    if result.data is None:
        raise ArgumentError(f"{folder} does not say where its data, {result.name}, is: give --data")
    if (again := data_again(result.data, result.data_place, folder)) is None and result.data_place:
        raise FileError(
            f"{folder} was trained on {result.data}, and {tried(result.data_place, folder)}: name it with --data"
        )
    return again or result.data


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
