"""Nonsense given to every argument of every public function: taken, or refused by one of our errors in a sentence."""

from __future__ import annotations

import inspect
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lt_prune as lp

NONSENSE: dict[str, Any] = {
    "none": None,
    "object": object(),
    "minus one": -1,
    "half": 0.5,
    "nan": float("nan"),
    "infinity": float("inf"),
    "word": "nonsense",
    "no word": "",
    "null": "a\0b",
    "bytes": b"bytes",
    "no list": [],
    "words": ["nonsense"],
    "numbers": (1, -2, 3),
    "mapping": {"a": 1},
    "true": True,
    "function": lambda *_: 0,
    "array": np.array([1.5, 2.5]),
    "place": Path("nowhere"),
    "type": int,
    "huge": 10**30,
    "nones": [None],
    "lists": [[1], ["a"]],
    "NumPy's nan": np.float64("nan"),
    "table": np.zeros((2, 2)),
    "no array": np.array([]),
    "objects": np.array([None, "a"], dtype=object),
    "set of numbers": {1, 2},
    "complex": 1j,
    "long": "n" * 5000,
    "lines": "a\nb",
    "compute": lp.Compute(device="cpu"),
    "recipe": lp.Recipe(),
}
SETTINGS = {
    "score": ("epochs", "batch_size", "lr", "schedule", "model", "flip", "weights", "freeze"),
    "train": ("epochs", "batch_size", "lr", "milestones", "model", "mixup", "weights", "freeze", "sampler"),
    "sweep": ("epochs", "lr", "model", "weights"),
    "advise": ("epochs", "lr", "model", "weights"),
    "doctor": ("epochs", "lr", "model", "weights"),
    "run": ("epochs", "lr", "model", "weights"),
    "prune": ("floor", "window"),
    "evaluate": ("s", "tau"),
    "evaluate_each": ("s", "tau"),
}
"""Settings that have no argument of their own."""
CPU = lp.Compute(device="cpu", workers=1)
SMALL = {"epochs": 1, "model": "linear", "compute": CPU}
GRID = lp.Grid(strategies=["random"], ratios=[0.3], seeds=[0])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Calls of every public function that end well, by name."""
    folder = tmp_path_factory.mktemp("made")
    values, labels = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32), np.arange(40) % 4 % 3
    np.savez(folder / "v.npz", x_train=values, y_train=labels, x_test=values, y_test=labels)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        data = lp.build("features:v.npz", out="set.h5")
        scores = lp.score(data, members=1, **SMALL, out="scores.h5")
        subset = lp.prune(data, scores=scores, ratio=0.3, out="subset.h5")
        result = lp.train(data, **SMALL, out="run")
        lp.train(data, subset="subset.h5", **SMALL, out="runs/pruned")
        lp.prune("digits", ratio=0.3, strategy="random", out="digits.h5")
        rows = lp.results("run", "runs")
    ours = {"a set": data, "scores": scores, "a subset": subset, "a result": result, "rows": rows, "an index": data.index}
    calls = {
        "build": {"data": "features:v.npz"},
        "open_set": {"data": "set.h5"},
        "score": {"data": data, "members": 1, **SMALL},
        "prune": {"data": data, "scores": scores, "ratio": 0.3},
        "correlate": {"scores": scores},
        "audit": {"subsets": subset, "scores": scores, "data": data},
        "Sampler": {"of": scores, "dataset": data, "ratio": 0.3},
        "train": {"data": data, "subset": subset, **SMALL},
        "evaluate": {"run": "run"},
        "evaluate_each": {"run": "run"},
        "plot": {"run": "run", "figure": "head"},
        "plot_head": {"weight": np.ones((3, 4)), "bias": np.ones(3), "counts": [3, 2, 1]},
        "plot_results": {"rows": rows},
        "results": {},
        "report": {"data": data},
        "gallery": {"places": "digits.h5", "sheet": "removed"},
        "advise": {},
        "doctor": {"data": data, "members": 1, **SMALL},
        "import_scores": {"scores": {"id": data.index.ids, "el2n": np.arange(40)}, "data": data},
        "import_outputs": {"outputs": {"id": data.index.ids, "logits": np.eye(3)[data.index.labels]}, "data": data},
        "members": {"family": "metrics"},
        "export": {"subset": subset, "out": "kept.npy"},
        "torch_subset": {"subset": subset, "dataset": data},
        "score_rows": {"scores": scores},
        "sweep": {"data": data, "grid": GRID, "dry_run": True, **SMALL},
        "run": {"data": data, "members": 1, "score_epochs": 1, **SMALL},
        "register": {"family": "metric", "name": "mine", "member": lambda logits, labels: labels},
        "read_set": {"path": "set.h5"},
        "read_scores": {"path": "scores.h5"},
        "read_subset": {"path": "subset.h5"},
        "read_result": {"path": "run/result.json"},
        "write_set": {"path": "new.h5", "data": data},
        "write_scores": {"path": "new-scores.h5", "scores": scores},
        "write_subset": {"path": "new-subset.h5", "subset": subset},
        "shown_progress": {},
        "Compute": {"device": "cpu"},
        "Grid": {},
        "Reading": {},
        "Recipe": {},
    }
    return {"folder": folder, "calls": calls, "nonsense": {**NONSENSE, **ours}}


def arguments(name: str) -> list[str]:
    named = inspect.signature(getattr(lp, name)).parameters.values()
    return [each.name for each in named if each.kind != each.VAR_KEYWORD] + [*SETTINGS.get(name, ())]


def call(name: str, given: dict[str, Any]) -> None:
    lists = [given.pop(each) for each in ("places", "subsets") if each in given]
    getattr(lp, name)(*(each for each in lists if each is not None), **given)


def complaint(name: str, given: dict[str, Any]) -> str:
    """What is wrong with how a call ends; "" where nothing is."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call(name, dict(given))
    except lp.LtPruneError as error:
        said = str(error)
        return "" if len(said.split()) > 3 and "\n" not in said else f"says {said!r}"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    return ""


def test_every_public_function_is_called_and_ends_well(made, monkeypatch):
    monkeypatch.chdir(made["folder"])
    functions = {name for name in lp.__all__ if inspect.isfunction(getattr(lp, name))}
    assert functions <= made["calls"].keys()
    for name in functions - {"run"}:
        call(name, dict(made["calls"][name]))


@pytest.fixture
def untrained(monkeypatch):
    """What would be trained ends where that begins."""

    def enough(*_: object, **__: object) -> None:
        raise lp.LtPruneError("this would be trained now")

    for module in ("gathering", "train"):
        monkeypatch.setattr(f"lt_prune.steps.{module}.run_all", enough)
    monkeypatch.setattr("lt_prune.steps.workload.speed_of", lambda run, compute: 100.0)
    monkeypatch.setattr("lt_prune.steps.doctor.measured", lambda run, compute: (100.0, 1000))


def test_nonsense_given_to_a_function_is_taken_or_refused_in_a_sentence(made, untrained, monkeypatch, whole, draw, tell):
    monkeypatch.chdir(made["folder"])
    nonsense = made["nonsense"]
    cases = [(name, argument, what) for name in made["calls"] for argument in arguments(name) for what in nonsense]
    drawn = cases if whole else draw.sample(cases, 150)
    wrong = []
    for name, argument, what in drawn:
        if said := complaint(name, {**made["calls"][name], argument: nonsense[what]}):
            wrong.append(f"{name}({argument}={what}): {said}")
    tell(
        f"{len(drawn)} kinds of nonsense given to functions: {len(drawn) - len(wrong)} taken or refused, {len(wrong)} wrong"
    )
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", ["train", "score", "prune", "export", "plot_head"])
def test_an_argument_that_lacks_or_is_too_many_is_an_error_that_names_the_function(name):
    with pytest.raises(TypeError, match=rf"{name}\(\)"):
        getattr(lp, name)(*(["digits"] * 9))
