"""Commands that make things again are run, and make the same."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typed import ok

import lt_prune as lp
from lt_prune.planning.again import build_again, prune_again, score_again, train_again
from lt_prune.reports.aggregate import every_setting


def follow(command: str, more: str = "") -> None:
    program, _, rest = command.partition(" ")
    assert program == "lt-prune"
    ok(f"{rest} {more}")


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"data": "digits-lt5"},
        {"data": "digits-full"},
        {"imbalance": 4.0, "profile": "step", "seed": 3, "groups": (2, 7)},
        {"imbalance": 4.0, "largest": 50, "selection": "mislas"},
        {"profile": "none"},
    ],
    ids=lambda how: "-".join(map(str, how)) or "digits",
)
def test_a_set_is_built_again(in_tmp, how):
    built = lp.build(**{"data": "digits", **how})
    command = build_again(built.index)
    follow(command)
    again = lp.read_set(shlex.split(command)[-1])
    assert again.index.digest == built.index.digest
    assert (again.index.groups, again.index.name) == (built.index.groups, built.index.name)
    assert np.array_equal(again.test_labels, built.test_labels)


def test_a_data_set_of_python_has_no_command(in_tmp):
    index = lp.build("digits").index
    assert build_again(lp.SampleIndex(**{**vars_of(index), "source": "dataset:Mine"})) == ""


def vars_of(index: lp.SampleIndex) -> dict[str, Any]:
    return {name: getattr(index, name) for name in index.__dataclass_fields__}


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with scores of digits, which no test changes."""
    place = tmp_path_factory.mktemp("scored")
    small: dict[str, Any] = {"members": 2, "epochs": 1, "model": "resnet8", "batch_size": 64, "seed": 4, "folds": 2}
    device = lp.Compute(device="cpu")
    lp.score("digits", metric=["avh", "margin", "label-noise"], compute=device, out=place / "scores.h5", **small)
    return place / "scores.h5"


def test_scores_are_made_again(scored, in_tmp):
    scores = lp.read_scores(scored)
    follow(score_again(scores, "digits"), "--device cpu --out again.h5")
    assert lp.read_scores("again.h5").digest == scores.digest


def test_scores_made_elsewhere_have_no_command(scored):
    made = lp.ScoreSet.made_elsewhere(
        lp.read_scores(scored).index, lp.read_scores(scored).metrics, lp.Origin(file="x", sha256="0")
    )
    assert score_again(made, "digits") == ""


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"keep": "easy", "within": "class", "metric": "margin"},
        {"strategy": "random", "seed": 5},
        {"strategy": "class-random"},
        {"strategy": "ccs"},
        {"strategy": "dual"},
        {"strategy": "drop", "ratio": 0.9, "allow_empty_class": True},
        {"budget": "equal", "select": "window", "window": 0.3},
        {"budget": "sqrt", "select": "random"},
        {"drop": "noisy:0.02,duplicates:0.9", "strategy": "random"},
        {"drop": "noisy:0.02"},
    ],
    ids=lambda how: "-".join(map(str, how.values())) or "ranked",
)
def test_a_subset_is_made_again(scored, in_tmp, how):
    subset = lp.prune("digits", scores=scored, **{"ratio": 0.3, **how})
    follow(prune_again(subset, "digits", str(scored), "SUBSET"), "--out again.h5")
    again = lp.read_subset("again.h5")
    assert again.digest == subset.digest
    assert (again.strategy, dict(again.options)) == (subset.strategy, dict(subset.options))


def test_a_matched_control_and_forced_samples_are_made_again(in_tmp):
    other = lp.prune("digits", strategy="random", ratio=0.3, out="other.h5")
    Path("FILE").write_text(f"{other.index.ids[3]:016x}\n")
    subset = lp.prune("digits", budget=other, select="random", force_keep="FILE", seed=2)
    command = prune_again(subset, "digits", "SCORES", "other.h5")
    assert "--force-keep FILE" in command
    follow(command, "--out again.h5")
    assert lp.read_subset("again.h5").digest == subset.digest


@pytest.mark.parametrize(
    ("method", "how"),
    [
        ("ce", {"lr": 0.05, "flip": False, "milestones": (0.5,)}),
        ("mislas", {"stage2_epochs": 1, "recipe": "released"}),
        ("focal", {"prediction": "tau-norm", "equal": "steps", "subset": True}),
    ],
)
def test_a_run_is_made_again(in_tmp, method, how):
    subset = lp.prune("digits", strategy="random", ratio=0.3, out="subset.h5") if how.pop("subset", False) else None
    small = {"epochs": 1, "model": "resnet8", "batch_size": 64, "seed": 3}
    device = lp.Compute(device="cpu", n_threads=1)
    run = lp.train("digits", subset=subset, method=method, compute=device, **small, **how)
    command = train_again(run, every_setting(run), "digits", "subset.h5" if subset else "none")
    follow(command, "--device cpu --n-threads 1 --out again")
    again = lp.read_result("again/result.json")
    assert again.spec == run.spec
    assert again.loss == run.loss
