from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lt_prune as lp
from lt_prune.errors import ArgumentError, FileError, MismatchError, UnknownNameError
from lt_prune.strategies import STRATEGIES

CIFAR10_LT = (5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50)


def index_of(counts: tuple[int, ...], first_id: int = 0) -> lp.SampleIndex:
    """Samples whose ids say nothing of their class."""
    n = sum(counts)
    return lp.SampleIndex(
        name="by-hand",
        ids=np.arange(first_id, first_id + n, dtype=np.uint64),
        labels=np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts)),
        class_names=tuple(f"class{c}" for c in range(len(counts))),
        groups=(1, 2),
        source="by hand",
        source_size=n,
        source_index=np.arange(n),
    )


def scores_of(index: lp.SampleIndex, higher_is_harder: bool = True, **per_member: np.ndarray) -> lp.ScoreSet:
    """Scores by two members; by default of "avh", at random."""
    given = per_member or {"avh": np.random.default_rng(1).random((2, index.n_samples), dtype=np.float32)}
    return lp.ScoreSet(
        index=index,
        metrics={
            name: lp.MetricScores(
                per_member=np.asarray(values, dtype=np.float32), higher_is_harder=higher_is_harder, equation="by hand"
            )
            for name, values in given.items()
        },
        seeds=(1, 2),
        train_accuracy=np.ones(2),
        seconds=np.ones(2),
        recipe=lp.Recipe(),
        versions={},
    )


def what_it_reads(needs: tuple[str, ...], index: lp.SampleIndex) -> dict[str, Any]:
    """Arguments of `prune` for a strategy that needs these."""
    random, given = np.random.default_rng(2), {}
    if {"scores", "confidence", "recall"} & set(needs):
        drawn = {name: random.random((2, index.n_samples)) - 0.3 * (name == "margin") for name in METRICS_READ}
        given["scores"] = scores_of(index, **drawn)
    if "features" in needs:
        given["features"] = random.normal(size=(index.n_samples, 3)).astype(np.float32)
    return given


METRICS_READ = ("avh", "margin", "mean-confidence")


@pytest.fixture
def scores() -> lp.ScoreSet:
    """Eight samples of two classes, the higher the id the harder by "avh", the easier by "el2n"."""
    index = lp.SampleIndex(
        name="eight",
        ids=np.arange(8, dtype=np.uint64),
        labels=np.array([0, 0, 1, 0, 1, 0, 0, 1]),
        class_names=("a", "b"),
        groups=(1, 1),
        source="by hand",
        source_size=8,
        source_index=np.arange(8),
    )
    rising = np.linspace(0.1, 0.8, 8)
    return scores_of(index, avh=[rising, rising], el2n=[1 - rising, 1 - rising])


def removed(subset: lp.Subset) -> list[int]:
    return subset.removed_ids.tolist()


@pytest.mark.parametrize("ratio", [1, 1.0, 1.5, -0.1, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("strategy", STRATEGIES.names)
def test_a_ratio_that_is_no_fraction_to_remove_is_refused(scores, ratio, strategy):
    with pytest.raises(ArgumentError, match=r"ratio is the fraction to remove and must be in \[0, 1\), not") as refusal:
        lp.prune(scores=scores, ratio=ratio, strategy=strategy)
    assert refusal.value.exit_code == 2


@pytest.mark.parametrize("options", [{"strategy": "random"}, {"strategy": "class-random"}, {}, {"within": "class"}])
def test_45_percent_of_cifar10_lt_keeps_6823(options):
    subset = lp.prune(scores=scores_of(index_of(CIFAR10_LT)), ratio=0.45, **options)
    assert subset.kept.sum() == 6823
    assert len(subset.removed_ids) == 5583
    assert subset.kept_counts.min() >= 1


def test_class_random_keeps_the_profile_of_cifar10_lt():
    subset = lp.prune(scores=scores_of(index_of(CIFAR10_LT)), ratio=0.45, strategy="class-random")
    np.testing.assert_allclose(subset.kept_counts, 0.55 * np.array(CIFAR10_LT), atol=1)


@pytest.mark.parametrize(("ratio", "n_removed"), [(0, 0), (0.1, 1), (0.3, 2), (0.4, 3), (0.75, 6)])
def test_the_easiest_by_avh_go_by_default(scores, ratio, n_removed):
    assert removed(lp.prune(scores=scores, ratio=ratio)) == list(range(n_removed))


def test_the_metric_named_is_the_one_ranked_by(scores):
    assert removed(lp.prune(scores=scores, ratio=0.25, metric="el2n")) == [6, 7]


def test_the_mean_over_members_ranks():
    index = index_of((4, 2))
    per_member = [[0.0, 0.9, 0.5, 0.5, 0.5, 0.5], [0.8, 0.0, 0.5, 0.5, 0.5, 0.5]]
    assert removed(lp.prune(scores=scores_of(index, avh=per_member), ratio=1 / 6)) == [0]  # 0.4 against 0.45 and 0.5


def test_keeping_the_easy_removes_the_hardest(scores):
    assert removed(lp.prune(scores=scores, ratio=0.25, keep="easy")) == [6, 7]


def test_within_class_each_class_loses_its_share(scores):
    # Shares of 2.5 and 1.5: three of class 0 (ids 0 1 3 5 6) and one of class 1 (ids 2 4 7).
    assert removed(lp.prune(scores=scores, ratio=0.5, within="class")) == [0, 1, 2, 3]
    assert removed(lp.prune(scores=scores, ratio=0.5, within="class", keep="easy")) == [3, 5, 6, 7]


def test_scores_whose_low_end_is_hard_are_turned(scores):
    rising = np.linspace(0.1, 0.8, 8)
    low = scores_of(scores.index, False, margin=[rising, rising])
    assert removed(lp.prune(scores=low, ratio=0.25, metric="margin")) == [6, 7]
    assert removed(lp.prune(scores=low, ratio=0.25, metric="margin", keep="easy")) == [0, 1]


def test_a_score_file_whose_low_end_is_hard_is_turned(scores, in_tmp):
    rising = np.linspace(0.1, 0.8, 8)
    lp.write_scores("low.h5", scores_of(scores.index, False, avh=[rising, rising]))
    assert removed(lp.prune(scores="low.h5", ratio=0.25)) == [6, 7]


@pytest.mark.parametrize("strategy", STRATEGIES.names)
def test_the_choice_does_not_depend_on_the_order_of_the_source(blobs, strategy):
    shuffled = blobs(order=np.random.default_rng(5).permutation(45))
    given = what_it_reads(STRATEGIES.load(strategy).needs, blobs().index)
    first, second = (lp.prune(data, ratio=0.45, strategy=strategy, **given) for data in (blobs(), shuffled))
    assert first.digest == second.digest
    assert first.index.source_index.tolist() != second.index.source_index.tolist()


def test_scores_of_other_data_are_refused_with_the_number_of_matching_ids():
    counts = (6, 3, 1)
    scores, data = scores_of(index_of(counts, first_id=4)), index_of(counts)
    lt_set = lp.LongTailedSet(
        index=data,
        pixels=np.zeros((10, 8, 8, 3), np.uint8),
        test_pixels=np.zeros((0, 8, 8, 3), np.uint8),
        test_labels=np.zeros(0, np.int64),
        flip=True,
    )
    with pytest.raises(MismatchError, match="the score file was made from other data: 6 of its 10 sample ids") as refusal:
        lp.prune(lt_set, scores=scores, ratio=0.45)
    assert refusal.value.exit_code == 1


def test_a_match_of_nothing_is_refused(blobs):
    with pytest.raises(
        ArgumentError, match=r"^match joins scores, or another subset, and the data: give --scores, or leave"
    ):
        lp.prune(blobs(), strategy="random", ratio=0.2, match="names")
    with pytest.raises(ArgumentError, match=r"^match must be ids or names, not 'nonsense'$"):
        lp.prune(blobs(), strategy="random", ratio=0.2, match="nonsense")


def test_ranking_without_scores_is_refused(blobs):
    with pytest.raises(ArgumentError, match="strategy 'ranked' ranks by scores: give a score file"):
        lp.prune(blobs(), ratio=0.45, metric="avh")


def test_by_default_samples_are_drawn_with_classes_as_even_as_can_be(blobs):
    subset = lp.prune(blobs(), ratio=0.45)
    assert subset.strategy == "equal+random"
    assert subset.digest == lp.prune(blobs(), ratio=0.45, budget="equal", select="random").digest
    assert subset.digest != lp.prune(blobs(), ratio=0.45, seed=1).digest


@pytest.mark.parametrize("about", [{}, {"metric": "avh"}, {"keep": "easy"}, {"within": "class"}])
def test_whatever_is_about_scores_ranks_by_them(about):
    subset = lp.prune(scores=scores_of(index_of(CIFAR10_LT)), ratio=0.45, **about)
    assert (subset.strategy, subset.options["metric"]) == ("ranked", "avh")


@pytest.mark.parametrize("strategy", ["random", "class-random"])
@pytest.mark.parametrize("option", [{"metric": "avh"}, {"keep": "easy"}, {"keep": "hard"}, {"within": "class"}])
def test_options_of_ranking_do_not_fit_random_strategies(blobs, strategy, option):
    with pytest.raises(ArgumentError, match=f"strategy '{strategy}' reads no scores and takes no --{next(iter(option))}"):
        lp.prune(blobs(), ratio=0.45, strategy=strategy, **option)


@pytest.mark.parametrize(
    ("option", "said"), [({"keep": "all"}, "hard or easy, not 'all'"), ({"within": "group"}, "set or class")]
)
def test_other_choices_are_refused(scores, option, said):
    with pytest.raises(ArgumentError, match=said):
        lp.prune(scores=scores, ratio=0.25, **option)


def test_an_unknown_strategy_is_refused(scores):
    with pytest.raises(UnknownNameError, match="did you mean 'ranked'"):
        lp.prune(scores=scores, ratio=0.25, strategy="rank")


def test_a_metric_that_is_not_among_the_scores_is_refused(scores):
    with pytest.raises(ArgumentError, match="unknown metric 'nonsense': there are el2n, avh"):
        lp.prune(scores=scores, ratio=0.25, metric="nonsense")


def test_a_missing_score_file_is_refused(in_tmp):
    with pytest.raises(FileError, match=r"none.h5 does not exist"):
        lp.prune(scores="none.h5", ratio=0.25)


def test_a_ratio_that_rounds_to_all_samples_is_refused(scores):
    with pytest.raises(ArgumentError, match=r"ratio 0\.99 would remove all 8 samples"):
        lp.prune(scores=scores, ratio=0.99, allow_empty_class=True)


def test_a_class_is_emptied_only_where_that_is_allowed(scores):
    with pytest.raises(ArgumentError, match="would empty a class"):
        lp.prune(scores=scores, ratio=0.875)
    assert lp.prune(scores=scores, ratio=0.875, allow_empty_class=True).kept_counts.tolist() == [0, 1]


@pytest.mark.parametrize("strategy", ["random", "class-random"])
def test_the_seed_names_the_draw_of_random_strategies(blobs, strategy):
    digests = [lp.prune(blobs(), ratio=0.45, strategy=strategy, seed=seed).digest for seed in (0, 0, 1, 2)]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_a_subset_says_what_decided_it(scores):
    subset = lp.prune(scores=scores, ratio=0.25, metric="el2n", keep="easy", within="class", allow_empty_class=True)
    said = {"metric": "el2n", "keep": "easy", "within": "class", "members": 2, "allow_empty_class": True}
    assert said.items() <= subset.options.items()
    assert (subset.strategy, subset.ratio, subset.label) == ("ranked", 0.25, "el2n")


def test_a_random_subset_says_what_decided_it(blobs):
    subset = lp.prune(blobs(), ratio=0.25, strategy="class-random", seed=5)
    assert {"seed": 5, "allow_empty_class": False}.items() <= subset.options.items()
    assert (subset.strategy, subset.ratio, subset.label) == ("class-random", 0.25, "class-random")


def test_the_subset_written_is_the_one_returned(scores, in_tmp):
    subset = lp.prune(scores=scores, ratio=0.25, out="subsets/mine.h5")
    again = lp.read_subset("subsets/mine.h5")
    assert np.array_equal(again.kept, subset.kept)
    assert (again.ratio, again.strategy, dict(again.options)) == (0.25, "ranked", dict(subset.options))


def test_without_out_nothing_is_written(scores, in_tmp):
    lp.prune(scores=scores, ratio=0.25)
    assert list(in_tmp.iterdir()) == []


def test_a_set_file_is_pruned_without_scores(blobs, in_tmp):
    lp.write_set("mine.h5", blobs())
    subset = lp.prune(Path("mine.h5"), ratio=0.2, strategy="random")
    assert subset.kept.sum() == 36
