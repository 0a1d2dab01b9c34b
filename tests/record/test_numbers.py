"""The numbers that lt-prune gave when they were written down: changes of the code that are to change none leave them alone.

    python tests/record/test_numbers.py        # writes them down again: only with a change that is meant to change numbers

Bit for bit where torch and the processor are those of the record. Elsewhere the sums of training are rounded otherwise, so
that only what is exact everywhere is compared bit for bit, and the rest as near as few epochs of a chaotic training allow.
"""

from __future__ import annotations

import hashlib
import json
import platform
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import torch

import lt_prune as lp
from lt_prune.methods import METHODS

FILE = Path(__file__).with_name("numbers.json")
SMALL: dict[str, Any] = {"model": "resnet8", "epochs": 2}
RANDOM, RANKED = ("random", "class-random"), "ranked"
"""Strategies of the first version."""
NEAR = {"rel": 0.1, "abs": 0.1}
"""How near numbers of two epochs come to those of another processor: wide, and still far from another method's."""


def machine() -> str:
    """What decides the last bits of a training."""
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    parts = (torch.__version__, np.__version__, torch.backends.cpu.get_cpu_capability(), platform.machine(), model)
    return " | ".join(parts)


def digest(*arrays: Any) -> str:
    content = hashlib.sha256()
    for array in arrays:
        content.update(np.ascontiguousarray(array).tobytes())
    return content.hexdigest()[:16]


def of_weights(file: Path) -> str:
    state = torch.load(file, weights_only=True)["network"]
    return digest(*(state[name].numpy() for name in sorted(state)))


def trained(method: str, folder: Path) -> dict[str, Any]:
    second = {"stage2_epochs": 1} if METHODS.load(method).first and METHODS.load(method).stage.recipe["epochs"] else {}
    result = lp.train("digits", method=method, compute=lp.Compute(n_threads=1), out=folder / method, **SMALL, **second)
    test = result.evaluation
    return {"exact": of_weights(folder / method / "model.pt"), "near": [*result.loss, test.overall, test.ece]}


def scored(scores: lp.ScoreSet) -> dict[str, Any]:
    every = [scores.metrics[name].per_member for name in ("avh", "el2n")]  # the metrics there were
    return {"exact": digest(*every), "near": [float(values.mean()) for values in every]}


def pruned(scores: lp.ScoreSet) -> dict[str, Any]:
    """By each strategy of the record; what ranks, by scores of fixed numbers, which no processor rounds."""
    fixed = np.random.default_rng(0).random((2, scores.index.n_samples), dtype=np.float32)
    metric = lp.MetricScores(per_member=fixed, higher_is_harder=True, equation="")
    drawn = lp.ScoreSet(**{**vars(scores), "metrics": {"avh": metric}})
    found = {}
    for ratio in (0.3, 0.45, 0.9):
        for name in RANDOM:
            found[f"{name} {ratio}"] = lp.prune("digits", strategy=name, ratio=ratio, seed=3)
        for keep, within in product(("hard", "easy"), ("set", "class")):
            how: dict[str, Any] = {"strategy": RANKED, "ratio": ratio, "scores": drawn, "keep": keep, "within": within}
            found[f"{RANKED} {ratio} {keep} {within}"] = lp.prune(**how)
    return {name: {"always": digest(subset.kept_ids), "near": []} for name, subset in found.items()}


def swept(folder: Path) -> dict[str, Any]:
    grid = lp.Grid(strategies=[*RANDOM, RANKED], ratios=[0.5], seeds=[0, 1], members=1, score_epochs=1)
    done = lp.sweep("digits", grid, compute=lp.Compute(workers=2), out=folder, **SMALL)
    tests = [run.evaluation for run in done.runs if isinstance(run, lp.TrainResult)]
    assert len(tests) == 2 * 4
    return {"exact": digest(*(test.per_class for test in tests)), "near": [test.overall for test in tests]}


def numbers(folder: Path) -> dict[str, dict[str, Any]]:
    scores = lp.score("digits", members=2, **SMALL)
    found = {f"method {name}": trained(name, folder) for name in METHODS.names}
    return {"scores": scored(scores), "sweep": swept(folder / "sweep"), **pruned(scores), **found}


@pytest.fixture(scope="module")
def now(tmp_path_factory) -> dict[str, dict[str, Any]]:
    return numbers(tmp_path_factory.mktemp("record"))


RECORD = json.loads(FILE.read_text()) if FILE.exists() else {"machine": "", "numbers": {}}


@pytest.mark.slow
@pytest.mark.parametrize("name", RECORD["numbers"])
def test_the_numbers_are_those_of_the_record(now, name):
    then = RECORD["numbers"][name]
    assert now[name].get("always") == then.get("always")
    assert now[name]["near"] == pytest.approx(then["near"], **NEAR)
    if machine() == RECORD["machine"]:
        assert now[name] == then


@pytest.mark.slow
def test_everything_on_record_is_there(now):
    """What is newer than the record is on none."""
    assert set(RECORD["numbers"]) <= set(now)


if __name__ == "__main__":
    with TemporaryDirectory() as place:
        FILE.write_text(json.dumps({"machine": machine(), "numbers": numbers(Path(place))}, indent=1) + "\n")
