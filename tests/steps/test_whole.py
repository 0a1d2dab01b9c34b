"""Methods and variants on a whole set, their shared first stages, and the published tables made of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import lt_prune as lp
from lt_prune.config.reading import Reading
from lt_prune.engine import session
from lt_prune.errors import ArgumentError
from lt_prune.progress import ALL_RUNS
from lt_prune.reports.paper import STAGES, Block
from lt_prune.steps.paper_tables import alas_variants, by_method, by_rate, by_strength, methods_of, sets_beside
from lt_prune.steps.whole import Variant, train_methods, train_variants

HERE = lp.Compute(device="cpu", executor="session")
"""Where `started` sees what is trained."""
SMALL = {"epochs": 2, "model": "resnet8", "batch_size": 16, "warmup": 0, "compute": HERE}
SECOND = {"stage2_epochs": 1, "stage2_lr": 0.3}
TWO = [
    Variant(method="alas", settings={"tau": 0.25}, label="slow"),
    Variant(method="alas", settings={"tau": 1.0, "alas_form": "linear"}, label="fast"),
]
ROWS = {row: {"head": 90.0, "mid": 80.0, "tail": 70.0, "all": 80.0} for row in ("L2A stage 1", "TSC")}


@pytest.fixture(autouse=True)
def started(monkeypatch) -> list[str]:
    """Titles of what is trained."""
    titles: list[str] = []
    original = session.training

    def noted(run, *args, **options):
        titles.append(run.title)
        return original(run, *args, **options)

    monkeypatch.setattr(session, "training", noted)
    return titles


def variants(data, **options):
    return train_variants(data, TWO, **{"out": Path(), "seeds": [0], **SMALL, **SECOND, **options})


def test_variants_share_their_first_stage(blobs, in_tmp, started):
    found = variants(blobs(), seeds=[0, 1])
    assert sorted(started) == sorted(
        f"blobs, whole, {name}{seed}" for name in ("mixup", "slow", "fast") for seed in ("", ", seed 1")
    )
    assert {name: [run.seed for run in runs] for name, runs in found.runs.items()} == {"slow": [0, 1], "fast": [0, 1]}
    assert [run.spec.settings["tau"] for run in found.runs["slow"]] == [0.25, 0.25]
    assert sorted(folder.name for folder in Path("runs").iterdir()) == sorted(
        f"blobs-{name}{seed}" for name in ("mixup", "slow", "fast") for seed in ("", "-seed1")
    )
    before = list(started)
    assert variants(blobs(), seeds=[0, 1]).runs == found.runs
    assert started == before


def test_a_variant_is_its_method_with_its_settings(blobs, in_tmp):
    [run] = variants(blobs()).runs["fast"]
    alone = lp.train(
        blobs(), method="alas", tau=1.0, alas_form="linear", **{**SMALL, **SECOND, "compute": lp.Compute(n_threads=1)}
    )
    assert replace(run, seconds=0, data=None) == replace(alone, seconds=0, data=None)


def test_what_is_left_counts_every_variant(blobs, in_tmp):
    told = []
    variants(blobs(), progress=lambda what, *counts: told.append(counts) if what == ALL_RUNS else None)
    assert told[0] == (0, 2 * 45 + 2 * 45)  # two epochs of the first stage, and one of each variant
    assert told[-1] == (180, 180)


def test_a_variant_that_fails_is_a_row_and_the_others_go_on(blobs, in_tmp):
    broken = Path("runs/blobs-slow/model.pt")
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"junk")
    found = variants(blobs())
    assert [run.reason for run in found.failures] == [run.reason for run in found.runs["slow"]]
    assert "model.pt is damaged" in found.failures[0].reason
    assert json.loads(Path("runs/blobs-slow/failure.json").read_text())["spec"]["settings"]["tau"] == 0.25
    assert len(found.tested("fast")) == 1
    assert found.tested("slow") == []
    broken.unlink()
    assert variants(blobs()).failures == []
    assert not Path("runs/blobs-slow/failure.json").exists()


def test_a_divergence_ends_its_own_run_alone(blobs, in_tmp):
    diverging = replace(TWO[0], settings={"stage2_lr": 1e38})
    found = train_variants(blobs(), [diverging, TWO[1]], out=Path(), seeds=[0], **SMALL, stage2_epochs=2)
    assert [run.reason[:17] for run in found.failures] == ["training diverged"]
    assert (len(found.tested("slow")), len(found.tested("fast"))) == (0, 1)
    assert Path("runs/blobs-mixup/result.json").exists()


def test_what_no_variant_knows_is_refused_before_training(blobs, in_tmp, started):
    with pytest.raises(ArgumentError, match="smooth_head"):
        variants(blobs(), smooth_head=0.1)
    with pytest.raises(ArgumentError, match="tau must be a number of 0 to 2, not 3"):
        train_variants(blobs(), [Variant(method="alas", settings={"tau": 3})], out=Path(), seeds=[0])
    with pytest.raises(ArgumentError, match="tau"):
        train_variants(blobs(), [*TWO, Variant(method="mislas", settings={"tau": 1})], out=Path(), seeds=[0])
    assert started == []


def test_methods_are_those_of_a_sweep(blobs, in_tmp):
    found = train_methods(blobs(), ["mixup", "mislas"], out=Path(), seeds=[0, 1], **SMALL, **SECOND)
    assert [(run.method, run.seed) for run in found.every] == [("mixup", 0), ("mixup", 1), ("mislas", 0), ("mislas", 1)]
    rows = lp.results()
    assert [(row["method"], row["n"], row["missing"]) for row in rows] == [("mislas", 2, 0), ("mixup", 2, 0)]


def test_runs_are_tested_by_any_prediction(blobs, in_tmp):
    found = train_methods(blobs(), ["mixup"], out=Path("below"), seeds=[0, 1], **SMALL)
    folders = ["below/runs/blobs-mixup", "below/runs/blobs-mixup-seed1"]
    assert found.tested("mixup") == [run.evaluation for run in found.runs["mixup"]]
    assert found.tested("mixup", "angular") == [lp.evaluate(each, blobs(), prediction="angular") for each in folders]
    assert found.tested_by_abs("mixup", [0.0, 0.5], "linear") == [
        {s: lp.evaluate(each, blobs(), prediction="abs", s=s, abs_form="linear") for s in (0.0, 0.5)} for each in folders
    ]


def test_a_set_stands_beside_the_published_data_most_alike():
    [(data, block)] = sets_beside("table1", "digits", Reading())
    assert (data.index.name, block.title) == ("digits-lt10", "CIFAR-10-LT, imbalance 10")


def test_a_table_of_methods(blobs, in_tmp):
    assert methods_of(STAGES, blobs()) == ["mixup", "mislas", "l2a"]
    ways = {name: STAGES[name] for name in ("MiSLAS stage 1", "L2A stage 1")}
    found = train_methods(blobs(), methods_of(ways, blobs()), out=Path(), seeds=[0], **SMALL)
    part = by_method("table1", Block("CIFAR-10-LT", "10", ROWS), ways, found)
    assert part.title.startswith("table1: accuracy (%) on blobs, resnet8, epochs: 2")
    [angular] = found.tested("mixup", "angular")
    own = {(line.row, line.column): line.mean for line in part.lines}
    assert own["L2A stage 1", "all"] == pytest.approx(100 * angular.overall)
    assert own["L2A stage 1", "tail"] == pytest.approx(100 * angular.tail)
    assert {line.note for line in part.lines if line.row == "TSC"} == {"no implementation"}
    assert {line.note for line in part.lines if line.row == "MiSLAS stage 1"} == {"not published"}


def test_a_table_of_strengths(blobs, in_tmp):
    found = train_methods(blobs(), ["mixup"], out=Path(), seeds=[0, 1], **SMALL)
    part = by_strength("table5", Block("CIFAR-10-LT", "100", {"concave": {"0": 76.78, "0.20": 81.67}}), found)
    tests = [lp.evaluate(f"runs/blobs-mixup{seed}", blobs(), prediction="abs", s=0.2) for seed in ("", "-seed1")]
    assert part.lines[1].column == "0.20"
    assert part.lines[1].mean == pytest.approx(100 * np.mean([test.overall for test in tests]))
    assert part.lines[0].ours == tuple(100 * test.overall for test in found.tested("mixup", "angular"))


def test_a_table_of_rates(blobs, in_tmp):
    block = Block("CIFAR-100-LT", "100", {"linear": {"0.50": 46.52}, "concave": {"0.50": 46.29, "1.00": 46.38}})
    every = alas_variants(block)
    assert [variant.name for variant in every] == ["alas-linear-0.5", "alas-concave-0.5", "alas-concave-1"]
    broken = Path("runs/blobs-alas-concave-1/model.pt")
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"junk")
    part = by_rate("table6", block, train_variants(blobs(), every, out=Path(), seeds=[0], **SMALL, **SECOND))
    assert [(line.row, line.column, len(line.ours), line.note[:13]) for line in part.lines] == [
        ("linear", "0.50", 1, ""),
        ("concave", "0.50", 1, ""),
        ("concave", "1.00", 0, "seed 0 failed"),
    ]
