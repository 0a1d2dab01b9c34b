"""What is said of subsets before anything is trained on them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from typed import lt, ok

import lt_prune as lp
from lt_prune.data.assemble import assemble
from lt_prune.data.cut import Cut
from lt_prune.data.sources import Source
from lt_prune.errors import ArgumentError, MismatchError
from lt_prune.store.hdf5 import open_document


def scores_of(index: lp.SampleIndex, members: int = 4, noise: float = 0.1) -> lp.ScoreSet:
    """By members that agree but for some noise: "avh", high in small classes, and "margin"."""
    random = np.random.default_rng(0)
    hard = random.random(index.n_samples) - np.log(index.counts[index.labels])
    metrics = {
        name: lp.MetricScores(
            per_member=(sign * (hard + noise * random.normal(size=(members, index.n_samples)))).astype(np.float32),
            higher_is_harder=sign > 0,
            equation="by hand",
        )
        for name, sign in (("avh", 1), ("margin", -1))
    }
    made: dict[str, Any] = {"train_accuracy": np.ones(members), "seconds": np.ones(members), "versions": {}}
    return lp.ScoreSet(index=index, metrics=metrics, seeds=tuple(range(members)), recipe=lp.Recipe(), **made)


@pytest.fixture
def index(blobs) -> lp.SampleIndex:
    return blobs((24, 12, 10, 8)).index


def test_balance_before_and_after(index):
    subset = lp.prune(index, ratio=0.5, budget="equal", select="random")
    found = lp.audit(subset)
    assert found["before"] == {
        "n_samples": 54,
        "imbalance": 3.0,
        "effective_classes": pytest.approx(54**2 / (24**2 + 12**2 + 10**2 + 8**2)),
        "smallest_class": 8,
        "groups": {"head": 36, "middle": 10, "tail": 8},
    }
    (after,) = found["subsets"]
    assert subset.kept_counts.tolist() == [7, 7, 7, 6]
    assert (after["n_samples"], after["smallest_class"], after["imbalance"]) == (27, 6, 7 / 6)
    assert after["effective_classes"] == pytest.approx(27**2 / (3 * 49 + 36))
    assert after["groups"] == {"head": 14, "middle": 7, "tail": 6}
    assert (after["subset"], after["strategy"], after["ratio_removed"]) == ("equal+random 0.5", "equal+random", 0.5)
    assert (set(after["copies"].values()), found["rankings"], found["overlaps"], found["dangers"]) == ({None}, [], [], [])


def test_overlaps_of_each_pair(index):
    subsets = [lp.prune(index, ratio=0.5, strategy="random", seed=seed) for seed in (0, 1, 2)]
    found = lp.audit(*subsets)
    names = ["random 0.5", "random 0.5 (2)", "random 0.5 (3)"]
    assert [each["subset"] for each in found["subsets"]] == names
    ids = [{*subset.kept_ids.tolist()} for subset in subsets]
    assert [(row["one"], row["other"], row["jaccard"]) for row in found["overlaps"]] == [
        (names[i], names[j], len(ids[i] & ids[j]) / len(ids[i] | ids[j])) for i, j in ((0, 1), (0, 2), (1, 2))
    ]


def test_rankings_are_those_that_the_subsets_were_chosen_by(index):
    scores = scores_of(index)
    by_margin = lp.prune(index, ratio=0.3, scores=scores, metric="margin")
    (row,) = lp.audit(by_margin, scores=scores)["rankings"]
    rows = scores.metric("margin").per_member.astype(np.float64)
    assert (row["metric"], row["members"]) == ("margin", 4)
    assert row["stability"] == pytest.approx(stats.spearmanr(rows[::2].mean(0), rows[1::2].mean(0)).statistic)
    means = [-rows.mean(0)[index.labels == c].mean() for c in range(4)]
    assert row["with_class_size"] == pytest.approx(stats.spearmanr(means, index.counts).statistic)
    assert row["with_class_size"] == -1


def test_what_the_subsets_were_not_chosen_by_is_told_where_it_is_named(index):
    scores = scores_of(index)
    drawn = lp.prune(index, ratio=0.3, strategy="random")
    ranked = lp.prune(index, ratio=0.3, scores=scores, metric="margin")
    asked = {"usual": (drawn, None), "theirs": (ranked, None), "named": (ranked, "avh")}
    told = {name: lp.audit(each, scores=scores, metric=metric)["rankings"] for name, (each, metric) in asked.items()}
    assert {name: [row["metric"] for row in rows] for name, rows in told.items()} == {
        "usual": ["avh"],
        "theirs": ["margin"],
        "named": ["avh"],
    }


def test_classes_come_with_what_each_subset_keeps_and_with_mean_scores(index):
    scores = scores_of(index)
    subset = lp.prune(index, ratio=0.3, scores=scores)
    rows = lp.audit(subset, scores=scores)["classes"]
    assert [row["class"] for row in rows] == ["class0", "class1", "class2", "class3"]
    assert [(row["before"], row["kept"]["avh 0.3"]) for row in rows] == list(zip([24, 12, 10, 8], subset.kept_counts))
    avh = scores.metric("avh").mean.astype(np.float64)
    assert [row["mean"]["avh"] for row in rows] == pytest.approx([avh[index.labels == c].mean() for c in range(4)])


def with_copies() -> lp.LongTailedSet:
    """Training images 0 and 1 are one picture under two labels, 2 and 3 one within a class; 4 is the first test image."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (40, 4, 4, 3), dtype=np.uint8)
    labels = np.r_[0, 1, 1, 1, np.arange(36) % 2]
    pixels[1], pixels[3] = pixels[0], pixels[2]
    tests = random.integers(0, 256, (6, 4, 4, 3), dtype=np.uint8)
    tests[0] = pixels[4]
    names = tuple(f"{i}.png" for i in range(40))
    source = Source(
        pixels=pixels,
        labels=labels,
        test_pixels=tests,
        test_labels=np.arange(6) % 2,
        class_names=("a", "b"),
        file_names=names,
        test_file_names=tuple(f"t{i}.png" for i in range(6)),
    )
    return assemble(source, Cut(profile="none"), name="copied", spec="copied")


def keeping(data: lp.LongTailedSet, *places: int) -> lp.Subset:
    """All but the samples at these places in the source."""
    kept = ~np.isin(data.index.source_index, places)
    return lp.Subset(index=data.index, kept=kept, strategy="by_hand", ratio=0.1, options={"seed": 0})


def test_copies_are_named_where_they_are_kept():
    data = with_copies()
    whole, without = keeping(data), keeping(data, 0, 4)
    with pytest.warns(lp.DecisionWarning) as given:
        found = lp.audit(whole, without, data=data)
    first, second = (each["copies"] for each in found["subsets"])
    assert [(each["file"], each["of"]) for each in first["in_test"]] == [
        ("4.png", {"test_index": 0, "file": "t0.png", "class": "a"})
    ]
    pairs = {each["file"]: (each["class"], each["of"]["file"], each["of"]["class"]) for each in first["two_labels"]}
    assert pairs == {"0.png": ("a", "1.png", "b"), "1.png": ("b", "0.png", "a")}
    assert {each["similarity"] for each in (*first["in_test"], *first["two_labels"])} == {None}
    assert second == {"in_test": [], "two_labels": [], "near_test": None, "near_two_labels": None}
    assert [str(warning.message) for warning in given] == found["dangers"]
    assert found["dangers"][0].startswith(
        "by_hand 0.1: 1 of the samples kept are exact copies of test samples, such as 4.png (of t0.png)"
    )
    assert {warning.filename for warning in given} == {__file__}


def test_near_copies_are_those_of_every_member(index):
    scores = scores_of(index, members=2)
    near = np.full((2, 54), 0.5, dtype=np.float32)
    near[0, :4], near[1, 2:6] = 0.999, 0.996
    places = np.arange(54, dtype=np.int32) % 7
    of_test = lp.MetricScores(per_member=near, higher_is_harder=False, equation="", nearest=places)
    of_others = lp.MetricScores(per_member=near[:, ::-1].copy(), higher_is_harder=True, equation="")
    scores = replace(scores, metrics={**scores.metrics, "near-test": of_test, "near-other": of_others})
    kept = np.arange(54) != 3
    subset = lp.Subset(index=index, kept=kept, strategy="by_hand", ratio=1 / 54, options={"seed": 0})
    with pytest.warns(lp.DecisionWarning, match="1 of the samples kept are near-copies of test samples, such as"):
        (found,) = lp.audit(subset, scores=scores)["subsets"]
    ids = {kind: [each["id"] for each in found["copies"][kind]] for kind in ("near_test", "near_two_labels")}
    assert ids == {"near_test": [f"{index.ids[2]:016x}"], "near_two_labels": [f"{index.ids[i]:016x}" for i in (50, 51)]}
    [leak] = found["copies"]["near_test"]
    assert (leak["of"], leak["similarity"]) == ({"test_index": 2, "file": None, "class": None}, pytest.approx(0.996))
    assert [each["of"] for each in found["copies"]["near_two_labels"]] == [None, None], "older scores do not say it"
    assert (found["copies"]["in_test"], found["copies"]["two_labels"]) == (None, None)


def test_each_danger_is_a_warning(index):
    scores = scores_of(index, members=2, noise=5.0)
    subset = lp.prune(index, ratio=0.7, scores=scores, keep="easy")
    with pytest.warns(lp.DecisionWarning) as given:
        dangers = lp.audit(subset, scores=scores)["dangers"]
    assert [str(warning.message) for warning in given] == dangers
    assert [bool([each for each in dangers if words in each]) for words in ("fewer than 5", "half of its", "steady")] == [
        True,
        True,
        True,
    ]


def test_what_does_not_belong_together_is_refused(blobs, index):
    subset = lp.prune(index, ratio=0.3, strategy="random")
    other = blobs((24, 12, 10, 8), seed=5)
    with pytest.raises(MismatchError, match=r"random 0.3 \(2\) was made from other data: 0 of its 54 sample ids"):
        lp.audit(subset, lp.prune(other, ratio=0.3, strategy="random"))
    with pytest.raises(MismatchError, match="the score file was made from other data"):
        lp.audit(subset, scores=scores_of(other.index))
    with pytest.raises(MismatchError, match="the subset was made from other data"):
        lp.audit(subset, data=other)
    with pytest.raises(ArgumentError, match=r"^there is no subset to audit: name one or more$"):
        lp.audit()
    with pytest.raises(ArgumentError, match="the score file has no 'el2n' scores, only avh, margin: add them by `lt-prune"):
        lp.audit(subset, scores=scores_of(index), metric="el2n")


# On the command line


@pytest.fixture
def files(in_tmp) -> Path:
    """Two subsets, and scores, of a folder-less set."""
    data = lp.build("digits")
    scores = scores_of(data.index)
    lp.write_scores("scores/digits-lt10.h5", scores)
    lp.prune(data, ratio=0.45, strategy="random", out="subsets/drawn.h5")
    lp.prune(data, ratio=0.45, scores=scores, out="subsets/ranked.h5")
    return in_tmp


def test_the_command_says_what_the_function_gives(files):
    told = json.loads(ok("audit subsets/drawn.h5 subsets/ranked.h5 --data digits --json").stdout)
    found = lp.audit("subsets/drawn.h5", "subsets/ranked.h5", scores="scores/digits-lt10.h5", data="digits")
    assert told == json.loads(json.dumps({**found, "warnings": found["dangers"]}))
    assert [each["metric"] for each in told["rankings"]] == ["avh"]


def test_the_command_reads_the_score_file_once(files, monkeypatch):
    read = []

    def counted(path, *more):
        read.append(path.name)
        return open_document(path, *more)

    monkeypatch.setattr("lt_prune.store.files.open_document", counted)
    ok("audit subsets/drawn.h5 --json")
    assert read.count("digits-lt10.h5") == 1


def test_a_damaged_score_file_at_the_usual_place_is_an_error(files):
    Path("scores/digits-lt10.h5").write_bytes(b"nonsense")
    refused = lt("audit subsets/drawn.h5")
    assert (refused.exit_code, "scores/digits-lt10.h5" in refused.stderr) == (1, True)


def test_tables_show_it(files):
    shown = ok("audit subsets/drawn.h5 subsets/ranked.h5 --per-class").stdout
    found = lp.audit("subsets/drawn.h5", "subsets/ranked.h5", scores="scores/digits-lt10.h5")
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert lines[0] == "digits-lt10: 503 samples, 10 classes"
    for row in found["subsets"]:
        removed = [row["groups"][g] / found["before"]["groups"][g] - 1 for g in ("head", "middle", "tail")]
        numbers = f"277 {row['imbalance']:.1f} {row['effective_classes']:.2f} {row['smallest_class']}"
        assert " ".join([row["subset"], numbers, *(f"{share:.1%}" for share in removed)]) in lines
    assert f"drawn ranked {found['overlaps'][0]['jaccard']:.3f}" in lines
    (ranking,) = found["rankings"]
    assert f"avh 4 {ranking['stability']:.3f} {ranking['with_class_size']:.3f}" in lines
    first = found["classes"][0]
    assert f"0 head 124 {first['kept']['drawn']} {first['kept']['ranked']} {first['mean']['avh']:.3f}" in lines
    assert "were not looked for: name the data with --data" in shown


def test_scores_of_other_samples_at_the_usual_place_are_passed_over(files):
    other = lp.build("digits-lt5")
    scores = replace(scores_of(other.index), index=replace(other.index, name="digits-lt10"))
    lp.write_scores("scores/digits-lt10.h5", scores, overwrite=True)
    assert json.loads(ok("audit subsets/drawn.h5 --json").stdout)["rankings"] == []
    refused = lt("audit subsets/drawn.h5 --scores scores/digits-lt10.h5")
    assert (refused.exit_code, "was made from other data" in refused.stderr) == (1, True)


def test_copies_are_listed_in_the_terminal(in_tmp):
    data = with_copies()
    lp.write_set("copied.h5", data)
    lp.write_subset("whole.h5", keeping(data))
    shown = ok("audit whole.h5 --data copied.h5").stdout
    assert "whole keeps exact copies of test samples: 4.png (of t0.png)" in shown
    assert "whole keeps exact copies of one another under two labels: " in shown
