from __future__ import annotations

import csv
import re
import shutil
from dataclasses import replace

import pytest

import lt_prune as lp
from lt_prune.errors import ArgumentError, FileError, MismatchError
from lt_prune.runs import FailedRun
from lt_prune.store.results import write_failure

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


def test_runs_are_written_as_csv_one_by_one(blobs, in_tmp):
    done = [lp.train(blobs(), out=f"runs/{seed}", seed=seed, **SMALL) for seed in (1, 0)]
    subset = lp.prune(blobs(), strategy="random", ratio=0.4)
    lost = replace(done[0].spec, strategy="random", ratio=0.4)
    write_failure(in_tmp / "runs/lost/failure.json", FailedRun(spec=lost, reason="no power"))
    done.append(lp.train(blobs(), subset=subset, out="runs/pruned", **SMALL))
    lp.results(out="rows.csv", runs="runs.csv")
    with open("runs.csv", newline="") as file:
        written = list(csv.DictReader(file))
    assert [(row["strategy"], row["seed"], row["reason"]) for row in written] == [
        ("", "0", ""),
        ("", "1", ""),
        ("random", "0", ""),
        ("random", "1", "no power"),
    ]
    for row, run in zip(written, (done[1], done[0], done[2])):
        assert (float(row["balanced"]), float(row["seconds"])) == (run.evaluation.balanced, run.seconds)
    assert written[3]["balanced"] == ""
    with pytest.raises(MismatchError, match=r"runs\.csv exists and holds something else"):
        lp.results("runs/0", out="other.csv", runs="runs.csv")
    assert not (in_tmp / "other.csv").exists()
    with pytest.raises(ArgumentError, match=r"out and runs would both be written to one\.csv"):
        lp.results(out="one.csv", runs="one.csv")


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


BROKEN = {
    "text": b"hello",
    "nothing": b"",
    "a list": b"[1, 2]",
    "not UTF-8": b"\xff\xfe\x00",
    "nested deeply": b"[" * 100_000,
    "of another program": b'{"accuracy": 0.5}',
}


@pytest.fixture(scope="module")
def sweep_of_two(tmp_path_factory):
    """A sweep of one pruned and one unpruned run."""
    out = tmp_path_factory.mktemp("swept")
    lp.sweep("digits", lp.Grid(strategies=["random"], ratios=[0.4], seeds=[0]), out=out, **SMALL)
    return out


@pytest.fixture
def swept(sweep_of_two, in_tmp):
    """A copy of it, to work in."""
    shutil.copytree(sweep_of_two, in_tmp, dirs_exist_ok=True)
    return in_tmp


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("name", ["result.json", "failure.json", "other-sweep.json"])
def test_what_is_no_json_of_ours_is_passed_over_below_a_folder_and_refused_where_it_is_named(swept, name, content):
    path = swept / "runs" / "x" / name
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.warns(UserWarning, match=f"^passed over what is no whole record of runs of ours: runs/x/{name}$"):
        rows = lp.results()
    assert [(row["ratio"], row["n"]) for row in rows] == [(0.0, 1), (0.4, 1)]
    with pytest.raises(FileError, match=f"^{path} is no whole record of runs of ours: name a folder of runs"):
        lp.results(path)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "digits-lt10-ce/result.json",
            "is no result of a run (it is no JSON, or is cut off): remove it, and train the run again",
        ),
        (
            "digits-lt10-sweep.json",
            "is no record of a sweep (it is no JSON, or is cut off): run the sweep again, after removing",
        ),
    ],
)
def test_what_is_cut_off_is_passed_over_below_a_folder_and_named_where_it_is_named(swept, name, says):
    path = swept / "runs" / name
    path.write_bytes(path.read_bytes()[:200])
    with pytest.warns(UserWarning, match=f"^passed over what is no whole record of runs of ours: runs/{name}$"):
        rows = lp.results()
    assert sum(row["n"] for row in rows) == (1 if "result" in name else 2)
    with pytest.raises(FileError, match=re.escape(f"{path} {says}")):
        lp.results(path)


def test_a_run_of_a_sweep_whose_result_is_cut_off_is_missing(swept):
    path = swept / "runs" / "digits-lt10-ce" / "result.json"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.warns(UserWarning, match="passed over"):
        rows = lp.results()
    assert [(row["ratio"], row["n"], row["missing"]) for row in rows] == [(0.0, 0, 1), (0.4, 1, 0)]


def test_a_failure_counts_beside_a_result_of_another_program(swept):
    spec = lp.read_result("runs/digits-lt10-ce/result.json").spec
    folder = swept / "runs" / "x"
    folder.mkdir()
    write_failure(folder / "failure.json", FailedRun(spec=replace(spec, seed=1), reason="it fell"))
    (folder / "result.json").write_text("theirs")
    with pytest.warns(UserWarning, match="passed over"):
        rows = lp.results()
    assert [(row["ratio"], row["n"], row["failed"]) for row in rows] == [(0.0, 1, 1), (0.4, 1, 0)]
