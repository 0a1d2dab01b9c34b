"""What is forced is so, whatever the strategy, and the number that goes is exact."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typed import lt, ok

import lt_prune as lp
from lt_prune.errors import ArgumentError
from lt_prune.planning.paths import subset_path

COUNTS = (30, 15, 10, 5)
N = sum(COUNTS)


@pytest.fixture
def index(blobs) -> lp.SampleIndex:
    return blobs(COUNTS).index


def scores_of(index: lp.SampleIndex) -> lp.ScoreSet:
    """As hard as the id is high, and every third sample a near-copy and doubtful."""
    third = np.arange(N) % 3 == 0
    rows = {
        "avh": (np.arange(N), True),
        "label-noise": (np.where(third, -0.5, 0.9), False),
        "near-duplicate": (np.where(third, 0.999, 0.2), False),
        "mean-confidence": (np.linspace(0, 1, N), False),
        "margin": (np.ones(N), False),
    }
    metrics = {
        name: lp.MetricScores(per_member=np.array([each, each], dtype=np.float32), higher_is_harder=hard, equation="")
        for name, (each, hard) in rows.items()
    }
    made: dict[str, Any] = {"train_accuracy": np.ones(2), "seconds": np.ones(2), "recipe": lp.Recipe(), "versions": {}}
    return lp.ScoreSet(index=index, metrics=metrics, seeds=(1, 2), **made)


def hexed(index: lp.SampleIndex, rows: Any) -> list[str]:
    return [f"{each:016x}" for each in index.ids[rows]]


HOW: list[dict[str, Any]] = [
    {},
    {"strategy": "random"},
    {"strategy": "class-random"},
    {"budget": "equal", "select": "random"},
    {"budget": "sqrt"},
    {"strategy": "ccs"},
    {"strategy": "dual"},
    {"strategy": "drop"},
    {"keep": "easy", "within": "class"},
    {"drop": "noisy:0.1,duplicates"},
    {"drop": "duplicates"},
]


@pytest.mark.parametrize("how", HOW, ids=lambda how: "-".join(map(str, how.values())) or "ranked")
def test_what_is_forced_is_so_and_the_number_is_exact(index, how):
    keep, drop = [0, 3, 7, 21], [1, 2, N - 1, N - 2]
    subset = lp.prune(
        index, scores=scores_of(index), ratio=0.5, force_keep=hexed(index, keep), force_drop=hexed(index, drop), **how
    )
    assert subset.kept[keep].all()
    assert not subset.kept[drop].any()
    assert subset.kept.sum() == N // 2
    assert (subset.kept_counts > 0).all()


def test_a_ranking_goes_on_with_the_next_in_line(index):
    """The highest ids are the hardest: of 40 places 2 are taken by force, and 3 of the hardest may not stay."""
    gone = [N - 1, N - 5, N - 9]
    subset = lp.prune(
        index,
        scores=scores_of(index),
        ratio=20 / N,
        allow_empty_class=True,
        force_keep=index.ids[[0, 1]],
        force_drop=index.ids[gone],
    )
    expected = {0, 1} | set([row for row in reversed(range(N)) if row not in gone][:38])
    assert set(np.flatnonzero(subset.kept).tolist()) == expected


def test_the_subset_remembers_both_lists(index, in_tmp):
    keep, drop = hexed(index, [4, 9]), hexed(index, [5])
    subset = lp.prune(index, ratio=0.5, strategy="random", force_keep=keep, force_drop=drop, out="forced.h5")
    there = lp.read_subset("forced.h5")
    assert there.options["force_keep"] == sorted(keep)
    assert there.options["force_drop"] == drop
    assert np.array_equal(there.kept, subset.kept)
    assert "+force_keep=" in subset.strategy
    assert subset_path(subset) != subset_path(lp.prune(index, ratio=0.5, strategy="random"))


def test_an_empty_list_changes_nothing(index):
    plain, empty = (lp.prune(index, ratio=0.5, strategy="random", **how) for how in ({}, {"force_keep": []}))
    assert empty.strategy == plain.strategy
    assert empty.options == plain.options
    assert empty.digest == plain.digest


def test_other_lists_are_another_subset(index, in_tmp):
    for number, keep in enumerate(([4], [9])):
        how = {"ratio": 0.5, "strategy": "random", "force_keep": index.ids[keep], "out": "forced.h5"}
        if not number:
            lp.prune(index, **how)
            lp.prune(index, **how)
            continue
        with pytest.raises(lp.LtPruneError, match=r"force_keep of digest [0-9a-f]{12}, not of digest [0-9a-f]{12}"):
            lp.prune(index, **how)


def test_a_file_whose_lists_are_not_those_of_its_samples_is_refused(index, in_tmp):
    subset = lp.prune(index, ratio=0.5, strategy="random", force_keep=index.ids[[4]])
    subset.options["force_keep"][0] = hexed(index, ~subset.kept)[0]
    with pytest.raises(ArgumentError, match="force_keep names samples that are not so"):
        lp.write_subset("forced.h5", subset)
    assert not Path("forced.h5").exists()


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"force_drop": range(31), "ratio": 0.5}, "31 forced are to be taken out first, and the ratio removes 30 of 60"),
        ({"force_keep": range(31), "ratio": 0.5}, "names 31 samples, and the ratio keeps 30 of 60"),
        ({"force_keep": range(30), "ratio": 0.5}, "what is forced leaves none of the "),
    ],
    ids=["removed", "kept", "nothing else"],
)
def test_what_cannot_be_is_refused(index, how, says):
    lists = {name: index.ids[list(rows)] for name, rows in how.items() if name != "ratio"}
    order = np.argsort(index.labels, kind="stable")
    lists = {name: index.ids[order[: len(ids)]] for name, ids in lists.items()}
    with pytest.raises(ArgumentError, match=says):
        lp.prune(index, ratio=how["ratio"], strategy="random", **lists)


def test_a_class_is_emptied_only_where_that_is_allowed(index):
    whole_class = index.ids[index.labels == 3]
    how: dict[str, Any] = {"ratio": 0.5, "strategy": "random", "force_drop": whole_class}
    with pytest.raises(ArgumentError, match="what is forced leaves none of the 5 samples of class 'class3'"):
        lp.prune(index, **how)
    assert lp.prune(index, allow_empty_class=True, **how).kept_counts[3] == 0


def test_the_lists_may_say_everything(index):
    keep = np.concatenate([np.flatnonzero(index.labels == c)[:2] for c in range(4)])
    subset = lp.prune(index, ratio=1 - 8 / N, strategy="random", force_keep=index.ids[keep])
    assert np.flatnonzero(subset.kept).tolist() == sorted(keep.tolist())


def test_a_matched_control_keeps_the_class_counts(index):
    other = lp.prune(index, strategy="class-random", ratio=0.5)
    keep, drop = index.ids[~other.kept][:5], index.ids[other.kept][:5]
    control = lp.prune(index, budget=other, select="random", force_keep=keep, force_drop=drop)
    assert control.kept_counts.tolist() == other.kept_counts.tolist()
    assert np.isin(keep, control.kept_ids).all()
    assert not np.isin(drop, control.kept_ids).any()


def test_a_control_of_fewer_samples_of_a_class_is_refused(index):
    other = lp.prune(index, strategy="class-random", ratio=0.8)
    with pytest.raises(ArgumentError, match="force_keep names 4 samples of class 'class3', and the other subset keeps 1 of"):
        lp.prune(index, budget=other, select="random", force_keep=index.ids[index.labels == 3][:4])


def test_copies_and_noise_pass_over_what_is_forced(index):
    third = np.flatnonzero(np.arange(N) % 3 == 0)
    subset = lp.prune(
        index, scores=scores_of(index), ratio=0.5, drop="duplicates", force_keep=index.ids[third], strategy="random"
    )
    assert subset.kept[third].all()
    assert subset.options["dropped"] == {"duplicates": 0}


# On the command line


def test_files_of_ids_are_taken_by_the_command(in_tmp):
    index = lp.build("digits").index
    Path("keep.txt").write_text("# as the page saves them\n" + "\n".join(hexed(index, [3, 5])) + "\n")
    Path("drop.txt").write_text("\n".join(hexed(index, [4])))
    told = json.loads(ok("prune --strategy random --ratio 0.45 --force-keep keep.txt --force-drop drop.txt --json").stdout)
    subset = lp.read_subset(told["file"])
    assert subset.kept[[3, 5]].all()
    assert not subset.kept[4]
    assert subset.kept.sum() == index.n_samples - round(0.45 * index.n_samples)


@pytest.mark.parametrize(
    ("content", "says"),
    [("x\n", "must be ids of 16 hexadecimal digits"), ("0000000000000000\n", "names 1 samples that digits-lt10 has not")],
)
def test_the_command_refuses_a_wrong_file_and_writes_nothing(in_tmp, content, says):
    Path("keep.txt").write_text(content)
    refused = lt("prune --strategy random --ratio 0.45 --force-keep keep.txt")
    assert refused.exit_code in (1, 2)
    assert says in refused.stderr
    assert not Path("subsets").exists()
