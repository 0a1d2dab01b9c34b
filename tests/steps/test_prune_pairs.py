"""A budget and a selection, any with any, from the arguments of `prune` to the file of the subset."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lt_prune as lp
from lt_prune.budgets import BUDGETS
from lt_prune.data.assemble import assemble
from lt_prune.data.cut import Cut
from lt_prune.data.sources import Source
from lt_prune.errors import ArgumentError, MismatchError, UnknownNameError
from lt_prune.planning.paths import subset_path
from lt_prune.selections import SELECTIONS

COUNTS = (24, 12, 6, 3)


@pytest.fixture
def index(blobs) -> lp.SampleIndex:
    return blobs(COUNTS).index


def scores_of(index: lp.SampleIndex, **per_member: np.ndarray) -> lp.ScoreSet:
    """Scores by two members; by default of "avh", at random."""
    random = np.random.default_rng(1)
    given = per_member or {"avh": random.random((2, index.n_samples))}
    metrics = {
        name: lp.MetricScores(
            per_member=np.asarray(values, dtype=np.float32), higher_is_harder=name == "avh", equation="by hand"
        )
        for name, values in given.items()
    }
    made: dict[str, Any] = {"train_accuracy": np.ones(2), "seconds": np.ones(2), "recipe": lp.Recipe(), "versions": {}}
    return lp.ScoreSet(index=index, metrics=metrics, seeds=(1, 2), **made)


def embeddings() -> lp.LongTailedSet:
    values = np.random.default_rng(0).normal(size=(45, 3)).astype(np.float32)
    labels = np.repeat(np.arange(4), COUNTS)
    names = ("a", "b", "c", "d")
    source = Source(pixels=values, labels=labels, test_pixels=values[:4], test_labels=labels[:4], class_names=names)
    return assemble(source, Cut(profile="none"), name="vectors", spec="vectors", groups=None)


# Presets are their pairs


@pytest.mark.parametrize(
    ("preset", "pair"),
    [
        ({"strategy": "random"}, "global+random"),
        ({"strategy": "class-random"}, "proportional+random"),
        ({}, "global+hard"),
        ({"keep": "easy"}, "global+easy"),
        ({"within": "class"}, "proportional+hard"),
        ({"keep": "easy", "within": "class"}, "proportional+easy"),
        ({"strategy": "ccs"}, "global+strata"),
        ({"strategy": "ccs-cp"}, "ccs-cp+strata"),
        ({"strategy": "nucs"}, "nucs+window"),
        ({"strategy": "rcap"}, "rcap+weighted"),
    ],
)
def test_a_preset_keeps_what_its_pair_keeps(index, preset, pair):
    scores = scores_of(index)
    budget, select = pair.split("+")
    by_name = lp.prune(index, ratio=0.45, scores=scores, **preset)
    by_pair = lp.prune(index, ratio=0.45, scores=scores, budget=budget, select=select)
    assert by_name.digest == by_pair.digest == lp.prune(index, ratio=0.45, scores=scores, strategy=pair).digest
    assert (by_pair.strategy, by_pair.options["budget"], by_pair.options["selection"]) == (pair, budget, select)
    assert (by_name.options["budget"], by_name.options["selection"]) == (budget, select)


def test_what_is_left_out_is_that_of_ranked(index):
    scores = scores_of(index)
    assert lp.prune(index, ratio=0.45, scores=scores, budget="equal").strategy == "equal+hard"
    assert lp.prune(index, ratio=0.45, scores=scores, select="easy").strategy == "global+easy"


@pytest.mark.parametrize("budget", BUDGETS.names)
@pytest.mark.parametrize("select", SELECTIONS.names)
def test_any_goes_with_any(budget, select):
    data = embeddings()
    random = np.random.default_rng(0)
    drawn = {name: random.random((2, 45)) for name in ("avh", "mean-confidence")}
    if budget == "like":
        budget = lp.prune(data, ratio=0.4, strategy="random")
    scores = {} if select == "random" and budget in ("global", "equal") else {"scores": scores_of(data.index, **drawn)}
    recall = {"recall": [0.9, 0.8, 0.5, 0.1]} if str(budget).startswith("drop") else {}
    own = {"floor": 2} if budget == "floor" else {}
    subset = lp.prune(data, ratio=0.4, budget=budget, select=select, **scores, **recall, **own)
    assert subset.kept.sum() == 27
    assert subset.kept_counts.min() >= 1


# Settings


def test_settings_decide_and_are_kept(index):
    scores = scores_of(index)
    subset = lp.prune(index, ratio=0.45, scores=scores, budget="floor", select="window", window=0.3, floor=3)
    assert subset.options["settings"] == {"floor": 3, "window": 0.3}
    assert subset.strategy == "floor+window+floor=3+window=0.3"
    other = lp.prune(index, ratio=0.45, scores=scores, budget="floor", select="window", window=0.0, floor=3)
    assert subset.digest != other.digest
    assert lp.prune(index, ratio=0.45, scores=scores, strategy=subset.strategy).digest == subset.digest


def test_a_default_is_no_part_of_the_name(index):
    scores = scores_of(index)
    assert lp.prune(index, ratio=0.45, scores=scores, select="window", window=0.1).strategy == "global+window"
    assert lp.prune(index, ratio=0.45, scores=scores, strategy="ccs", cutoff=0).strategy == "ccs+cutoff=0.0"


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"select": "window", "windows": 0.3}, r"^unknown setting 'windows' \(did you mean 'window'\?\): there are window$"),
        ({"window": 0.3}, r"^unknown setting 'window'( \(.*\))?: there are none$"),
        ({"select": "window", "window": 1.5}, r"^window must be a number of 0 to 1, not 1\.5$"),
        ({"select": "window", "window": "much"}, "^window must be a number, not 'much'$"),
        ({"select": "window", "window": float("nan")}, "^window must be a number of 0 to 1, not nan$"),
        ({"select": "strata", "strata": 2.5}, r"^strata must be a whole number, not 2\.5$"),
        ({"select": "strata", "strata": 0}, "^strata must be a number of 1 or more, not 0$"),
        ({"strategy": "ccs+cutof=1"}, r"^unknown setting 'cutof' \(did you mean 'cutoff'\?\): there are cutoff, strata$"),
        ({"strategy": "ccs+strata=x"}, "^strata must be a whole number, not 'x'$"),
        ({"strategy": "a+b+c"}, r"^a strategy must be a name, or BUDGET\+SELECTION, not 'a\+b\+c'$"),
        (
            {"strategy": "ccs", "select": "hard"},
            "^strategy 'ccs' is a budget and a selection by one name: give either it, or",
        ),
        ({"budget": "like"}, "^budget 'like' takes the class counts of another subset: name its file, like:SUBSET$"),
        ({"strategy": "ccs", "keep": "easy"}, "^strategy 'ccs' takes no --keep: leave it out, or use ranked$"),
        ({"select": "hard", "within": "class"}, r"^strategy 'global\+hard' takes no --within: leave it out, or use ranked$"),
        ({"recall": [1, 1, 1, 1]}, "^strategy 'ranked' does not read recall: leave it out$"),
        ({"features": np.ones((45, 2))}, "^strategy 'ranked' does not read features: leave it out$"),
    ],
)
def test_what_does_not_fit_is_refused(index, asked, says):
    with pytest.raises(ArgumentError, match=says):
        lp.prune(index, ratio=0.45, scores=scores_of(index), **asked)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"budget": "equals"}, "^unknown budget 'equals' .did you mean 'equal'.+: there are global, proportional, sqrt"),
        ({"select": "harder"}, "^unknown selection 'harder' .did you mean 'hard'.+: there are random, hard, easy"),
        ({"strategy": "equal+harder"}, "^unknown selection 'harder'"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(index, asked, says):
    with pytest.raises(UnknownNameError, match=says):
        lp.prune(index, ratio=0.45, scores=scores_of(index), **asked)


# What is needed and missing


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (
            {"select": "window"},
            r"^strategy 'global\+window' ranks by scores: give a score file, which `lt-prune score` makes$",
        ),
        (
            {"budget": "drop", "select": "random"},
            r"^strategy 'drop\+random' needs the recall of each class: give it, a number a",
        ),
        (
            {"select": "k-center"},
            r"^strategy 'global\+k-center' needs an embedding of each sample, and blobs has none: prune",
        ),
    ],
)
def test_what_is_needed_is_asked_for(blobs, asked, says):
    with pytest.raises(ArgumentError, match=says):
        lp.prune(blobs(), ratio=0.45, **asked)


def test_beta_needs_the_probability_of_the_own_class(index):
    with pytest.raises(
        ArgumentError, match="'dual' needs the mean probability of each sample's own class, and the scores have"
    ):
        lp.prune(index, ratio=0.45, strategy="dual", scores=scores_of(index))


def test_embeddings_are_the_samples_of_a_set_or_an_array(index):
    data = embeddings()
    of_set = lp.prune(data, ratio=0.45, select="herding")
    assert of_set.strategy == "global+herding"
    given = lp.prune(data.index, ratio=0.45, select="herding", features=data.pixels[:])
    assert given.digest == of_set.digest
    assert given.strategy.startswith("global+herding+features=")


@pytest.mark.parametrize(
    ("features", "says"),
    [
        (
            np.ones((44, 2)),
            r"features must be finite numbers \(45, D\), a row a sample in the order of the set, not \(44, 2\)",
        ),
        (np.full((45, 2), np.nan), r"features must be finite numbers \(45, D\)"),
        (np.ones(45), "needs an embedding of each sample"),
        ([[1.0]] * 45, "needs an embedding of each sample"),
    ],
)
def test_features_that_are_none_are_refused(index, features, says):
    with pytest.raises(ArgumentError, match=says):
        lp.prune(index, ratio=0.45, select="moderate", features=features)


# Recall


def test_recall_is_how_often_members_are_right(index):
    right = np.random.default_rng(3).random((2, 45)) < np.array([0.95, 0.8, 0.5, 0.2])[index.labels]
    scores = scores_of(index, margin=np.where(right, 0.5, -0.5))
    recall = [right[:, index.labels == c].mean() for c in range(4)]
    by_scores = lp.prune(index, ratio=0.45, strategy="drop", scores=scores)
    by_hand = lp.prune(index, ratio=0.45, strategy="drop", recall=recall)
    assert by_scores.kept_counts.tolist() == by_hand.kept_counts.tolist()
    assert (by_scores.strategy, by_scores.options["metric"]) == ("drop", "margin")
    assert by_hand.options["recall"] == pytest.approx(recall)
    assert by_hand.strategy.startswith("drop+recall=")


def test_recall_is_read_by_class(index, in_tmp):
    Path("recall.csv").write_text("class,recall\nclass3,0.1\nclass0,0.9\nclass1,0.8\nclass2,0.5\n")
    by_file = lp.prune(index, ratio=0.45, strategy="drop", recall="recall.csv")
    by_hand = lp.prune(index, ratio=0.45, strategy="drop", recall=[0.9, 0.8, 0.5, 0.1])
    assert (by_file.digest, by_file.strategy) == (by_hand.digest, by_hand.strategy)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "recall.csv cannot be read .*: give a csv file with the columns class and recall$"),
        ("class,share\nclass0,1\n", "recall.csv must be a csv file with the columns class and recall, a number a class$"),
        (
            "class,recall\nclass0,much\n",
            "recall.csv must be a csv file with the columns class and recall, a number a class$",
        ),
        ("class,recall\nclass0,1\n", "recall.csv must have each of the 4 classes once: look at class"),
        (
            "class,recall\n" + "".join(f"class{c},2\n" for c in range(4)),
            r"^recall must be a number in \[0, 1\] for each of 4 ",
        ),
    ],
)
def test_a_recall_file_that_is_none_is_refused(index, in_tmp, text, says):
    if text is not None:
        Path("recall.csv").write_text(text)
    with pytest.raises(ArgumentError, match=says):
        lp.prune(index, ratio=0.45, strategy="drop", recall="recall.csv")


@pytest.mark.parametrize("recall", [[0.5] * 3, [0.5, 0.5, 0.5, -1], [0.5, 0.5, 0.5, float("nan")], 0.5, ["a"] * 4])
def test_recall_that_is_no_fraction_of_each_class_is_refused(index, recall):
    with pytest.raises(ArgumentError, match=r"^recall must be a number in \[0, 1\] for each of 4 classes, not "):
        lp.prune(index, ratio=0.45, strategy="drop", recall=recall)


# Like another subset: the matched control


@pytest.fixture
def ranked(index, in_tmp) -> lp.Subset:
    return lp.prune(index, ratio=0.45, scores=scores_of(index), out="subsets/ranked.h5")


def test_the_matched_control_has_the_class_counts_of_the_other(index, ranked):
    control = lp.prune(index, budget="like:subsets/ranked.h5", select="random")
    assert control.kept_counts.tolist() == ranked.kept_counts.tolist()
    assert control.digest != ranked.digest
    assert (control.ratio, control.strategy) == (0.45, f"like+random+as={ranked.digest[:8]}")
    assert control.options["like"] == ranked.digest
    same = lp.prune(index, budget=ranked, select="random", ratio=0.45)
    assert (same.digest, same.strategy) == (control.digest, control.strategy)


def test_another_ratio_than_that_of_the_other_is_refused(index, ranked):
    with pytest.raises(ArgumentError, match="the other subset keeps 25 of 45 samples, and 31 are asked for: leave out the"):
        lp.prune(index, budget=ranked, select="random", ratio=0.3)


def test_a_subset_of_other_samples_is_refused(blobs, ranked):
    with pytest.raises(MismatchError, match="the other subset was made from other data"):
        lp.prune(blobs(seed=5), budget=ranked, select="random")


def test_without_another_subset_a_ratio_is_needed(index):
    with pytest.raises(ArgumentError, match=r"^ratio is missing: give the fraction to remove, in \[0, 1\)$"):
        lp.prune(index, strategy="random")


# Files


def test_prunings_that_differ_have_names_that_differ(index, ranked):
    scores = scores_of(index)
    how: list[dict[str, Any]] = [
        {"strategy": "random"},
        {"budget": "proportional", "select": "random"},
        {"budget": "proportional", "scores": scores},
        {"budget": "sqrt", "scores": scores},
        {"scores": scores},
        {"strategy": "ccs", "scores": scores},
        {"strategy": "ccs", "scores": scores, "cutoff": 0.2},
        {"strategy": "ccs", "scores": scores, "strata": 20},
        {"strategy": "drop", "recall": [0.9, 0.8, 0.5, 0.1]},
        {"strategy": "drop", "recall": [0.9, 0.8, 0.5, 0.2]},
        {"budget": ranked, "select": "random"},
        {"budget": lp.prune(index, ratio=0.45, strategy="random"), "select": "random"},
        {"select": "k-center", "features": np.eye(45)},
        {"select": "k-center", "features": np.eye(45) * 2},
    ]
    names = [subset_path(lp.prune(index, ratio=0.45, **each)).name for each in how]
    assert len(set(names)) == len(how)
    assert names[:2] == ["blobs-random-0.45.h5", "blobs-proportional+random-0.45.h5"]
    assert names[4:7] == ["blobs-ranked-avh-0.45.h5", "blobs-ccs-avh-0.45.h5", "blobs-ccs+cutoff=0.2-avh-0.45.h5"]


def test_a_file_says_how_it_was_chosen_and_is_known_again(index, in_tmp):
    how: dict[str, Any] = {"scores": scores_of(index), "budget": "sqrt", "select": "window", "window": 0.2}
    subset = lp.prune(index, ratio=0.45, out="mine.h5", **how)
    again = lp.read_subset("mine.h5")
    assert dict(again.options) == dict(subset.options)
    assert (again.strategy, again.label) == ("sqrt+window+window=0.2", "sqrt+window+window=0.2 avh")
    assert lp.prune(index, ratio=0.45, out="mine.h5", **how).digest == subset.digest
    with pytest.raises(MismatchError, match=r"window 0\.2, not 0\.3"):
        lp.prune(index, ratio=0.45, out="mine.h5", **{**how, "window": 0.3})


def test_a_subset_of_an_earlier_version_is_the_same(index, in_tmp):
    subset = lp.prune(index, ratio=0.45, strategy="class-random")
    old = {name: subset.options[name] for name in ("seed", "allow_empty_class")}
    lp.write_subset("old.h5", replace(subset, options=old))
    lp.prune(index, ratio=0.45, strategy="class-random", out="old.h5")
    assert dict(lp.read_subset("old.h5").options) == old
