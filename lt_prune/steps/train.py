"""Long-tailed set, whole or pruned -> trained run."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lt_prune.engine.devices import pick_device
from lt_prune.engine.predict import PREDICTIONS
from lt_prune.engine.train import Run, train_network
from lt_prune.errors import ArgumentError, MismatchError
from lt_prune.methods import METHODS
from lt_prune.steps.build import Data, open_set
from lt_prune.steps.evaluate import evaluate_network, require_test
from lt_prune.steps.recipes import STAGE_ONE, resolve_recipe
from lt_prune.store.files import read_subset
from lt_prune.store.folders import clear, locked
from lt_prune.store.results import RESULT, WEIGHTS, read_result, write_result
from lt_prune.types import LongTailedSet, Progress, Recipe, Subset, TrainResult, digest_of, no_progress
from lt_prune.versions import versions


def train(
    data: Data = "digits",
    *,
    subset: Subset | Path | str | None = None,
    method: str = "ce",
    prediction: str = "linear",
    seed: int = 0,
    device: str = "auto",
    out: Path | str | None = None,
    overwrite: bool = False,
    download: bool = False,
    resize: int | None = None,
    progress: Progress = no_progress,
    **settings: Any,
) -> TrainResult:
    """Train a network, by default with the stage-one recipe of Wang & Yan, and test it once, after the last epoch.

    With `out`, the state is kept after each epoch: the same call after an interruption goes on from the last whole epoch
    and, on the CPU, ends at the same numbers bit for bit; after the end it returns the result that is there.

    Args:
        data: a set, a set file, or a source name.
        subset: train on this part of it; None for all of it.
        method: a training method, such as "ce".
        prediction: "linear" or "angular" (argmax of Wang & Yan, Eq. 1).
        seed: names initial weights, order, augmentation and mixup.
        device: "auto", "cpu" or "cuda".
        out: folder of the run; it will hold model.pt and result.json.
        overwrite: start anew where `out` holds a run.
        download, resize: as for `build`.
        progress: called as progress(what, done, total).
        **settings: fields of `Recipe` to override, such as epochs=100, mixup=1.0, depth=20.

    Raises:
        UnknownNameError: no such method.
        MismatchError: the subset is of other data, or `out` holds another run.
        DataError: the set has no test images.

    Example:
        >>> import lt_prune as lp
        >>> result = lp.train("digits", epochs=2, depth=8)
        >>> len(result.loss), result.n_train
        (2, 503)
    """
    METHODS.check(method)
    if prediction not in PREDICTIONS:
        raise ArgumentError(f"prediction must be {' or '.join(PREDICTIONS)}, not {prediction!r}")
    torch_device = pick_device(device)
    lt_set = open_set(data, download=download, resize=resize)
    require_test(lt_set)
    chosen = read_subset(Path(subset)) if isinstance(subset, (str, Path)) else subset
    positions = _positions(lt_set, chosen)
    recipe = resolve_recipe(lt_set, STAGE_ONE, settings)
    folder = Path(out) if out else None
    planned: dict[str, Any] = {
        "data_digest": lt_set.roster.digest,
        "subset_digest": chosen.digest if chosen else None,
        "method": method,
        "recipe": recipe,
        "seed": seed,
    }
    with locked(folder):
        if folder and overwrite:
            clear(folder)
        done = _finished(folder, planned)
        if done and done.prediction == prediction:
            return done
        trained = train_network(
            _run(lt_set, positions, method, recipe, seed, folder / WEIGHTS if folder else None),
            torch_device,
            partial(progress, _title(lt_set, chosen), total=recipe.epochs),
        )
        labels = lt_set.roster.labels[positions]
        result = TrainResult(
            name=lt_set.roster.name,
            data=lt_set.origin,
            subset=f"{chosen.label} {chosen.ratio:g}" if chosen else None,
            n_train=len(positions),
            class_counts=tuple(np.bincount(labels, minlength=lt_set.roster.n_classes).tolist()),
            prediction=prediction,
            evaluation=evaluate_network(trained.network, lt_set, prediction),
            loss=trained.loss,
            seconds=trained.seconds,
            device=str(torch_device),
            versions=versions(),
            **planned,
        )
        if folder:
            write_result(folder / RESULT, result)
    return result


def _positions(lt_set: LongTailedSet, subset: Subset | None) -> Any:
    """Positions in the set of the samples to train on."""
    if subset is None:
        return np.arange(lt_set.roster.n_samples)
    lt_set.roster.require_same(subset.roster, "the subset")
    return np.flatnonzero(subset.kept)


def _finished(folder: Path | None, planned: dict[str, Any]) -> TrainResult | None:
    """The result that `folder` holds, which must be of the planned run."""
    if folder is None or not (folder / RESULT).exists():
        return None
    done = read_result(folder / RESULT)
    if differing := [name for name, value in planned.items() if getattr(done, name) != value]:
        raise MismatchError(
            f"{folder} holds a finished run with another {' and '.join(differing).replace('_', ' ')}: give another --out, "
            f"or start anew with --overwrite"
        )
    return done


def _run(lt_set: LongTailedSet, positions: Any, method: str, recipe: Recipe, seed: int, checkpoint: Path | None) -> Run:
    pixels, labels = lt_set.take(positions)
    ids = lt_set.roster.ids[positions]
    return Run(
        pixels=pixels,
        labels=labels,
        n_classes=lt_set.roster.n_classes,
        recipe=recipe,
        method=METHODS.load(method),
        seed=seed,
        identity=f"{method} on {digest_of(ids)}",
        checkpoint=checkpoint,
    )


def _title(lt_set: LongTailedSet, subset: Subset | None) -> str:
    return f"{lt_set.roster.name}, {subset.label} {subset.ratio:g}" if subset else f"{lt_set.roster.name}, whole"
