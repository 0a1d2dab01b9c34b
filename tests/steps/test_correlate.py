"""How alike metrics rank."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image
from scipy.stats import spearmanr

import lt_prune as lp
from lt_prune.types import MetricScores

DRAWN = np.random.default_rng(0).integers(0, 9, (3, 2, 45)).astype(np.float32)


def score_set(index: lp.SampleIndex, metrics: dict[str, MetricScores]) -> lp.ScoreSet:
    made = {"train_accuracy": np.ones(2), "seconds": np.ones(2), "recipe": lp.Recipe(), "versions": {}}
    return lp.ScoreSet(index=index, metrics=metrics, seeds=(1, 2), **made)


@pytest.fixture
def scores(blobs):
    """By three metrics of two members, one of which counts the other way, and by one that tells nothing."""
    metrics = {
        name: MetricScores(per_member=rows, higher_is_harder=name != "aum", equation="drawn")
        for name, rows in zip(("el2n", "avh", "aum"), DRAWN)
    }
    metrics["none"] = MetricScores(per_member=np.ones((2, 45), np.float32), higher_is_harder=True, equation="1")
    return score_set(blobs().index, metrics)


def test_equals_scipys_of_the_means_all_turned_to_be_hard(scores):
    rows = {row["metric"]: row for row in lp.correlate(scores)}
    el2n, avh, aum = DRAWN.astype(np.float64).mean(axis=1)
    assert list(rows) == ["aum", "avh", "el2n", "none"]
    assert rows["el2n"]["avh"] == pytest.approx(spearmanr(el2n, avh).statistic, abs=1e-6)
    for one, other in (("avh", "aum"), ("aum", "avh")):
        assert rows[one][other] == pytest.approx(-spearmanr(avh, aum).statistic, abs=1e-6)
    assert rows["avh"]["avh"] == 1
    assert {rows["none"][name] for name in ("aum", "avh", "el2n", "none")} == {None}


def test_is_drawn_with_its_numbers_beside_it(scores, tmp_path):
    rows = lp.correlate(scores, out=tmp_path / "alike")
    assert min(Image.open(tmp_path / "alike.png").size) > 300
    with (tmp_path / "alike.csv").open() as file:
        read = list(csv.DictReader(file))
    assert [row["metric"] for row in read] == [row["metric"] for row in rows]
    assert float(read[0]["avh"]) == rows[0]["avh"]
    assert read[0]["none"] == ""


def test_what_is_there_stays(scores, tmp_path):
    (tmp_path / "alike.csv").write_text("mine")
    with pytest.raises(lp.LtPruneError, match="overwrite"):
        lp.correlate(scores, out=tmp_path / "alike")
    assert (tmp_path / "alike.csv").read_text() == "mine"
    assert not (tmp_path / "alike.png").exists()


def test_one_metric_is_alike_to_nothing(blobs):
    alone = {"avh": MetricScores(per_member=DRAWN[0], higher_is_harder=True, equation="drawn")}
    with pytest.raises(
        lp.LtPruneError,
        match=r"^the score file has scores by avh alone: add others by `lt-prune score .*",
    ):
        lp.correlate(score_set(blobs().index, alone))


def test_one_metric_made_elsewhere_is_no_command_of_ours(blobs):
    data = blobs()
    table = {"id": data.index.ids, "mine": np.arange(45.0)}
    scores = lp.import_scores(table, data, metric="mine", higher_is_harder=True)
    with pytest.raises(lp.LtPruneError, match="by mine alone, and was made elsewhere: give scores by several"):
        lp.correlate(scores)
