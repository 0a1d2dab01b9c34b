"""Which rankings the page warns of, against SciPy's paired t-test and by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ttest_rel

import lt_prune as lp
from lt_prune.page.of_runs import runs_told, runs_warned

COUNTS = (40, 20, 10)
INDEX = lp.SampleIndex(
    name="by-hand",
    ids=np.arange(sum(COUNTS), dtype=np.uint64),
    labels=np.repeat(np.arange(3), COUNTS),
    class_names=("a", "b", "c"),
    groups=(1, 2),
    source="npz:by-hand.npz",
    source_size=sum(COUNTS),
    source_index=np.arange(sum(COUNTS)),
)
N_TEST = 1000
"""Of each class."""


def run(strategy: str, seed: int, overall: float, tail: float, kept: tuple[int, ...] = (20, 10, 5), ratio: float = 0.5):
    """A result on a subset, with these accuracies."""
    metric = "avh" if strategy == "ranked" else None
    within = "class" if kept == (20, 10, 5) and metric else None
    spec = lp.TrainSpec(
        name="by-hand", data_digest="0", method="ce", recipe=lp.Recipe(), seed=seed, strategy=strategy, ratio=ratio
    )
    labels = np.repeat(np.arange(3), N_TEST)
    known = {"balanced": 0.5, "head": 0.5, "middle": 0.5, "ece": 0.0, "macro_f1": 0.5, "per_class": (0.5, 0.5, tail)}
    return lp.TrainResult(
        spec=replace(spec, metric=metric, within=within),
        data=None,
        subset="one",
        n_train=sum(kept),
        class_counts=kept,
        evaluation=lp.Evaluation(
            overall=overall, tail=tail, n_test=len(labels), confusion=lp.Confusion.of(labels, labels, 3), **known
        ),
        loss=(),
        seconds=1.0,
        versions={},
    )


def pruned(strategy: str, overall: list[float], tail: list[float] | None = None, **how) -> list[lp.TrainResult]:
    """A run a seed."""
    return [run(strategy, seed, *both, **how) for seed, both in enumerate(zip(overall, tail or overall))]


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_a_ranking_is_named_where_a_paired_test_of_5_percent_a_measure_says_so(seeds):
    random, named = np.random.default_rng(seeds), 0
    for _ in range(40):
        base = random.normal(0.5, 0.05, seeds)
        ours, theirs = base + random.normal(-0.02, 0.01, seeds), base + random.normal(0, 0.01, seeds)
        warned = runs_warned(INDEX, [*pruned("ranked", ours.tolist()), *pruned("class-random", theirs.tolist())])
        worse = bool(ttest_rel(theirs, ours, alternative="greater").pvalue < 0.05)
        assert bool(warned) == worse
        named += worse
    assert 0 < named < 40


def test_it_is_said_by_how_much_in_what_and_of_how_many_seeds():
    ours, control = [0.40, 0.42, 0.41], [0.50, 0.51, 0.52]
    [warned] = runs_warned(INDEX, [*pruned("ranked", [0.5] * 3, ours), *pruned("class-random", [0.5] * 3, control)])
    assert warned == (
        "avh, within class, 50.0% removed, did worse than random samples, as many of each class (class-random), by 10.0 "
        "points in the tail (41.0% against 51.0%); means over 3 seeds, and more than their spread explains at 90% "
        "confidence"
    )


def test_without_a_control_random_pruning_at_the_same_ratio_is_compared_with():
    ours = pruned("ranked", [0.4, 0.41], kept=(5, 20, 10))
    others = pruned("random", [0.6, 0.61], kept=(21, 9, 5))
    [warned] = runs_warned(INDEX, [*ours, *others])
    assert "did worse than random pruning at the same ratio, by 20.0 points overall" in warned
    assert not runs_warned(INDEX, [*ours, *pruned("random", [0.6, 0.61], kept=(11, 4, 2), ratio=0.75)]), "at another ratio"


def test_a_matched_control_counts_before_random_pruning():
    ours, control = pruned("ranked", [0.5, 0.51]), pruned("class-random", [0.5, 0.51])
    assert not runs_warned(INDEX, [*ours, *control, *pruned("random", [0.6, 0.61], kept=(21, 9, 5))])


def test_of_one_run_each_it_is_said_that_they_cannot_tell():
    [warned] = runs_warned(INDEX, [*pruned("ranked", [0.4]), *pruned("class-random", [0.5, 0.5, 0.5])])
    assert "by 10.0 points overall (40.0% against 50.0%)" in warned
    assert warned.endswith("; one run each cannot tell whether that is chance: train with more seeds")
    assert not runs_warned(INDEX, [*pruned("ranked", [0.5]), *pruned("class-random", [0.5 + 1 / (3 * N_TEST)])])


def test_seeds_that_agree_by_chance_are_not_taken_to_be_exact():
    """A test sample is the least deviation: 1 in 3,000 overall, and t / sqrt(n) is 4.46 of two seeds."""
    control = pruned("class-random", [0.5, 0.5], [0.5, 0.5])
    assert not runs_warned(INDEX, [*pruned("ranked", [0.5 - 4 / 3000] * 2, [0.5, 0.5]), *control])
    assert runs_warned(INDEX, [*pruned("ranked", [0.5 - 5 / 3000] * 2, [0.5, 0.5]), *control])


@pytest.mark.parametrize(
    "runs",
    [
        pytest.param(pruned("random", [0.2, 0.2]) + pruned("class-random", [0.5, 0.5]), id="not chosen by scores"),
        pytest.param(pruned("ranked", [0.6, 0.61]) + pruned("class-random", [0.5, 0.5]), id="better"),
        pytest.param(pruned("ranked", [0.2, 0.2]), id="nothing to compare with"),
        pytest.param([*pruned("ranked", [0.2]), run("class-random", 5, 0.5, 0.5)], id="no seed in common"),
    ],
)
def test_nothing_is_said_where(runs):
    assert not runs_warned(INDEX, runs)


def test_of_several_families_each_is_named():
    runs = [*pruned("ranked", [0.4, 0.41]), *pruned("class-random", [0.6, 0.61])]
    mixup = [replace(each, spec=replace(each.spec, method="mixup")) for each in runs]
    warned = runs_warned(INDEX, [*runs, *mixup])
    titles = [family["title"] for family in runs_told(INDEX, [*runs, *mixup])]
    assert len(warned) == len(titles) == 2
    assert all(warning.startswith(f"{title}: avh, within class") for title, warning in zip(titles, warned))


def test_a_control_of_a_sweep_is_matched_seed_by_seed():
    """An ensemble a seed keeps other numbers of each class at each, and a seed may be missing."""
    kept = [(5, 20, 10), (6, 19, 10), (7, 18, 10)]
    ours = [run("ranked", seed, 0.4 + seed / 100, 0.5, kept=counts) for seed, counts in enumerate(kept)]
    controls = [run("like+random+as=avh", seed, 0.6 + seed / 100, 0.5, kept=counts) for seed, counts in enumerate(kept)]
    [warned] = runs_warned(INDEX, [*ours, *controls[:2], *pruned("random", [0.4] * 3, kept=(21, 9, 5))])
    assert "did worse than random samples, as many of each class (random like avh), by 20.0 points overall" in warned
    assert "means over 2 seeds" in warned
    [family] = runs_told(INDEX, [*ours, *controls[:2]])
    assert {row["label"]: row["control"] for row in family["rows"]} == {"avh": "random like avh", "random like avh": None}
