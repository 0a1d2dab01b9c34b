"""Numbers of ours beside published ones."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from lt_prune.config.recipe import Recipe
from lt_prune.reports.beside import (
    Line,
    Part,
    beside,
    by_column,
    by_pruning,
    cell_beside,
    described,
    described_beside,
    published_alone,
    reasons,
)
from lt_prune.reports.paper import Block
from lt_prune.runs import Evaluation, FailedRun, PlannedRun, TrainResult, TrainSpec

COMMON = {"data": "x", "row": "r", "column": "all", "ours": (80.0, 83.0)}
BLOCK = Block("CIFAR-10-LT", "100", {"L2A stage 1": {"head": 90.0, "mid": 80.0, "tail": 70.0, "all": 80.0}})
TEN = (30, 20, 10, 9, 8, 7, 6, 5, 4, 3)
SPEC = TrainSpec(name="blobs", data_digest="ab" * 32, method="ce", recipe=Recipe(epochs=7, model="resnet8"), seed=0)


def result(spec: TrainSpec, overall: float) -> TrainResult:
    test = Evaluation(
        overall=overall,
        balanced=overall,
        head=0.5,
        middle=None,
        tail=0.25,
        per_class=(),
        ece=0.0,
        macro_f1=0.0,
        confusion=(),
        n_test=4,
    )
    told = {"data": None, "subset": None, "n_train": 1, "class_counts": (1,), "loss": (), "seconds": 0.0, "versions": {}}
    return TrainResult(spec=spec, evaluation=test, **told)


def printed(part: Part) -> list[str]:
    memory = io.StringIO()
    Console(file=memory, width=100).print(part.printed())
    return [line.rstrip() for line in memory.getvalue().splitlines()]


def test_a_difference_needs_both_figures_of_the_same_data():
    line = Line(**COMMON, paper=82.0)
    assert (line.mean, line.difference) == (81.5, -0.5)
    assert line.variance == pytest.approx(4.5)
    assert Line(**COMMON, paper=82.0, comparable=False).difference is None
    assert Line(**COMMON).difference is None
    assert Line(**{**COMMON, "ours": ()}, paper=82.0).difference is None


def test_a_single_seed_has_no_deviation():
    line = Line(**{**COMMON, "ours": (80.0,)})
    assert (line.mean, line.deviation, line.variance) == (80.0, None, None)


def test_a_line_of_a_file_leaves_empty_what_is_not_known():
    assert Line(**COMMON, paper=82.0).record == {
        **{"data": "x", "row": "r", "column": "all", "equal": "epochs", "paper_data": "", "n": 2, "mean": "81.5000"},
        **{"deviation": "2.1213", "variance": "4.5000", "paper": "82.0000", "difference": "-0.5000", "note": ""},
    }
    assert Line(**{**COMMON, "ours": ()}).record["mean"] == ""


def test_groups_of_other_classes_are_not_compared(blobs):
    for groups, compared in (((3, 7), {"head", "mid", "tail", "all"}), ((4, 8), {"all"})):
        index = replace(blobs(counts=TEN, groups=groups).index, name="cifar10-lt100")
        ours = {column: [85.0] for column in BLOCK.columns}
        lines = beside(BLOCK, index, "L2A stage 1", ours)
        assert {line.column for line in lines if line.difference is not None} == compared


def test_other_data_are_not_compared(blobs):
    line = cell_beside(BLOCK, blobs(counts=TEN).index, "L2A stage 1", "all", [85.0])
    assert (line.mean, line.paper, line.difference) == (85.0, 80.0, None)
    assert line.paper_data == "CIFAR-10-LT, imbalance 100"


def test_a_row_that_the_paper_lacks_says_so_and_a_reason_goes_before(blobs):
    index = blobs(counts=TEN).index
    lines = beside(BLOCK, index, "ours alone", {"all": [85.0]})
    assert [(line.column, line.ours) for line in lines] == [("head", ()), ("mid", ()), ("tail", ()), ("all", (85.0,))]
    assert {line.note for line in lines} == {"not published"}
    assert {line.note for line in beside(BLOCK, index, "ours alone", {}, "it diverged")} == {"it diverged"}


def test_published_numbers_alone_have_the_reason():
    lines = published_alone(BLOCK, "no trainer")
    assert [(line.column, line.paper, line.ours, line.note) for line in lines] == [
        ("head", 90.0, (), "no trainer"),
        ("mid", 80.0, (), "no trainer"),
        ("tail", 70.0, (), "no trainer"),
        ("all", 80.0, (), "no trainer"),
    ]


def test_a_measure_that_is_not_known_is_left_out():
    found = by_column([result(SPEC, 0.75).evaluation])
    assert found == {"head": [50.0], "mid": [], "tail": [25.0], "all": [75.0]}


def test_why_seeds_are_missing():
    failed = [FailedRun(spec=replace(SPEC, seed=seed), reason="it diverged") for seed in (1, 3)]
    assert reasons([result(SPEC, 0.5), *failed]) == "seed 1 failed: it diverged; seed 3 failed: it diverged"
    assert reasons([result(SPEC, 0.5)]) == ""


def test_a_title_tells_the_first_stage_and_what_it_is_compared_with():
    run = PlannedRun(spec=SPEC)
    assert described([run]) == "accuracy (%) on blobs, resnet8, epochs: 7, recipe: paper, at equal epochs"
    second = PlannedRun(spec=replace(SPEC, method="mislas", recipe=Recipe(epochs=2), first=SPEC))
    assert described([second]) == described([run])
    assert described_beside([run], BLOCK).endswith(", beside CIFAR-10-LT, imbalance 100, which is other data")
    imagenet = PlannedRun(spec=replace(SPEC, name="imagenet-lt"))
    assert described_beside([imagenet], Block("ImageNet-LT", "256", {})).endswith(
        ", beside ImageNet-LT, imbalance 256 by ResNet50"
    )


def test_pruned_runs_stand_ratio_by_ratio():
    pruned = replace(SPEC, strategy="ranked", metric="avh", ratio=0.3, equal="steps")
    failed = FailedRun(spec=replace(pruned, ratio=0.6), reason="it diverged")
    part = by_pruning("figure6", [result(SPEC, 0.75), result(pruned, 0.5), failed], [])
    assert part.title.endswith("recipe: paper, at equal steps")
    assert [(line.row, line.column, line.ours, line.note) for line in part.lines] == [
        ("unpruned", "0", (75.0,), "not published"),
        ("avh", "0.3", (50.0,), "not published"),
        ("avh", "0.6", (), "seed 0 failed: it diverged"),
    ]
    assert {line.equal for line in part.lines} == {"steps"}


def test_a_part_is_printed_as_a_table():
    lines = [
        Line(**COMMON, paper=82.0),
        Line(data="x", row="r", column="tail", paper=70.0, note="[it] diverged"),
    ]
    assert printed(Part("A title", ("method", "classes"), lines)) == [
        "A title",
        "method  classes        ours  paper  difference  n",
        "r       all      81.50±2.12  82.00       -0.50  2",
        "        tail        not run  70.00                 [it] diverged",
        "",
    ]
