from __future__ import annotations

import csv

import pytest

import lt_prune as lp
from lt_prune.errors import ArgumentError, FileError

SMALL = {"epochs": 1, "model": "resnet8", "compute": lp.Compute(device="cpu")}


def test_runs_below_a_folder_are_summed_up(blobs, in_tmp):
    first = lp.train(blobs(), out="runs/a", **SMALL)
    second = lp.train(blobs(), out="runs/deep/b", seed=1, **SMALL)
    [row] = lp.results()
    assert (row["n"], row["method"]) == (2, "ce")
    assert row["overall_mean"] == pytest.approx((first.evaluation.overall + second.evaluation.overall) / 2)


def test_the_first_stage_in_a_run_is_no_run_of_its_own(blobs, in_tmp):
    lp.train(blobs(), method="alas", stage2_epochs=1, out="runs/alas", **SMALL)
    assert [row["method"] for row in lp.results()] == ["alas"]
    assert [row["method"] for row in lp.results("runs/alas/stage1")] == ["mixup"]


def test_rows_are_written_as_csv(blobs, in_tmp):
    lp.train(blobs(), out="runs/a", **SMALL)
    [row] = lp.results("runs/a/result.json", out="rows.csv")
    with open("rows.csv", newline="") as file:
        [written] = csv.DictReader(file)
    assert written.keys() == row.keys()
    assert float(written["overall_mean"]) == row["overall_mean"]


def test_a_folder_without_runs_is_refused(in_tmp):
    (in_tmp / "runs").mkdir()
    with pytest.raises(FileError, match="there are no runs in runs: train some, or name their folder"):
        lp.results()


@pytest.mark.slow
def test_rows_are_drawn_with_their_values_beside_them(blobs, in_tmp):
    subset = lp.prune(blobs(), strategy="random", ratio=0.4)
    for method in ("ce", "cb"):
        lp.train(blobs(), method=method, out=f"runs/{method}", **SMALL)
        lp.train(blobs(), method=method, subset=subset, out=f"runs/{method}-pruned", **SMALL)
    rows = lp.results()
    assert lp.plot_results(rows[:2], out="one/cb") == ("one/cb.png", "one/cb.pdf", "one/cb.csv")
    files = lp.plot_results(rows, out="all")
    assert files == tuple(f"all-{method}.{ending}" for method in ("cb", "ce") for ending in ("png", "pdf", "csv"))
    with open("all-ce.csv", newline="") as file:
        written = list(csv.DictReader(file))
    assert [(row["method"], row["strategy"]) for row in written] == [("ce", ""), ("ce", "random")]
    assert [float(row["tail_mean"]) for row in written] == [row["tail_mean"] for row in rows if row["method"] == "ce"]


def test_without_a_pruned_run_there_is_nothing_to_draw(blobs, in_tmp):
    lp.train(blobs(), out="runs/a", **SMALL)
    with pytest.raises(ArgumentError, match="no run is on a pruned set"):
        lp.plot_results(lp.results())
