from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

import lt_prune as lp
from lt_prune.errors import ArgumentError


@pytest.fixture
def scores(blobs) -> lp.ScoreSet:
    """Of four samples, by two members; a higher margin is easier, and samples 1 and 2 are alike."""
    index = blobs((1, 1, 1, 1)).index
    values = np.array([[0.5, 0.25, 0.25, 0.0], [0.5, 0.75, 0.75, 0.0]], np.float32)
    return lp.ScoreSet(
        index=replace(index, file_names=("a.png", "b,\n.png", "c.png", 'd".png')),
        metrics={"margin": lp.MetricScores(per_member=values, higher_is_harder=False, equation="")},
        seeds=(1, 2),
        train_accuracy=np.ones(2),
        seconds=np.ones(2),
        recipe=lp.Recipe(),
        versions={},
    )


def test_every_sample_has_a_row_and_the_hardest_comes_first(scores):
    rows = lp.score_rows(scores, "margin")
    assert [row["file"] for row in rows] == ['d".png', "c.png", "b,\n.png", "a.png"]
    assert [row["rank"] for row in rows] == [1, 2, 3, 4]
    assert [row["mean"] for row in rows] == [0.0, 0.5, 0.5, 0.5]
    assert [row["std"] for row in rows] == [0.0, 0.25, 0.25, 0.0]
    index = scores.index
    for place, row in zip((3, 2, 1, 0), rows):
        assert int(row["id"], 16) == index.ids[place]
        assert (row["source_index"], row["label"]) == (index.source_index[place], index.labels[place])
        assert row["class"] == f"class{row['label']}"


def test_what_is_pruned_first_has_the_last_rank(scores):
    last = [row["id"] for row in lp.score_rows(scores, "margin")][::-1]
    for n in (1, 2, 3):
        subset = lp.prune(scores=scores, metric="margin", ratio=n / 4, allow_empty_class=True)
        assert {f"{each:016x}" for each in subset.removed_ids} == set(last[:n])


def test_the_file_holds_the_rows_whatever_a_name_is(scores, tmp_path):
    rows = lp.score_rows(scores, "margin", csv=tmp_path / "rows.csv")
    with open(tmp_path / "rows.csv", newline="") as file:
        read = list(csv.DictReader(file))
    assert read == [{name: str(value) for name, value in row.items()} for row in rows]
    assert [float(row["std"]) for row in read] == [row["std"] for row in rows]


def test_a_metric_that_is_not_there_is_refused(scores, tmp_path):
    with pytest.raises(ArgumentError, match="there are no 'avh' scores here, only margin"):
        lp.score_rows(scores, csv=tmp_path / "rows.csv")
    assert not list(tmp_path.iterdir())
