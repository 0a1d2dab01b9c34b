"""The scripts that are programs of their own end well."""

from __future__ import annotations

import importlib.util
import itertools
import json
import math
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_score, recall_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import lt_prune as lp
from lt_prune.cli import main
from lt_prune.engine.predict import outputs_of
from lt_prune.models import find_model
from lt_prune.models.network import build_network
from lt_prune.selections import SELECTIONS
from lt_prune.steps.evaluate import open_run

ROOT = Path(__file__).parents[1]
BENCHMARK = {
    *("training", "share of mm limit", "pruned epoch", "pruned epoch, both test"),
    *("scoring pass", "scoring pass, against one for both", "loader", "loader, against one process"),
    *("ensemble, wall time", "peak memory, PSS", "peak memory, RSS", "exponent over samples", "memory a sample"),
    *("scoring 50 samples", "scoring 50 samples, PSS", "scoring 200 samples", "scoring 200 samples, PSS"),
    *("scoring with 1 members", "scoring with 2 members", "exponent over members"),
}
FITTED = {"exponent over samples", "memory a sample", "exponent over members"}
"""Slopes, which at tiny sizes may have either sign."""


def load(name: str, monkeypatch) -> ModuleType:
    """A script as a module, without running it."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)  # its dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


def test_the_benchmarks_baseline_trains_the_same_network(monkeypatch):
    benchmark = load("bench_engine", monkeypatch)
    ours, plain = build_network(find_model("resnet14"), (8, 8, 3), n_classes=10, seed=0), benchmark.PlainNetwork(14, 3)
    weights = [value for name, value in ours.state_dict().items() if name not in ("mean", "std", "scale")]
    plain.load_state_dict(dict(zip(plain.state_dict(), weights, strict=True)))
    x = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(plain(x)[1], ours(x).logits, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="memory is read from Linux's /proc")
def test_the_benchmark_prints_every_row_and_writes_every_figure(monkeypatch, tmp_path):
    benchmark = load("bench_engine", monkeypatch)
    monkeypatch.setattr(benchmark, "available_cores", lambda: 1)  # of several members each is trained as one is
    done = CliRunner().invoke(benchmark.main, ["--smoke", "--json", str(tmp_path / "figures.json")])
    assert done.exit_code == 0, done.output
    assert "cores" in done.stdout.splitlines()[0]
    assert {name for name in BENCHMARK if any(line.startswith(f"{name} ") for line in done.stdout.splitlines())} == BENCHMARK
    rows = json.loads((tmp_path / "figures.json").read_text())["rows"]
    assert {row["name"] for row in rows} == BENCHMARK
    for row in rows:
        figures = [*row["ours"], *(row["baseline"] or []), *row["ratios"]]
        assert row["ours"]
        assert all(math.isfinite(figure) for figure in figures), row
        assert row["name"] in FITTED or all(figure > 0 for figure in figures), row


def test_the_benchmark_names_its_parts_and_sizes(monkeypatch):
    program = load("bench_engine", monkeypatch).main
    assert "training" in CliRunner().invoke(program, ["--only", "trainning"]).stderr
    assert "growth_images" in CliRunner().invoke(program, ["--size", "images=3"]).stderr


def test_every_long_run_is_a_command_that_lt_prune_takes(monkeypatch):
    jobs = list(load("benchmark", monkeypatch).jobs())
    assert len({job.name for job in jobs}) == len(jobs)
    for job in jobs:
        command, *options = job.arguments
        main.commands[command].make_context(command, options)


def test_a_long_run_whose_set_is_missing_is_passed_over(monkeypatch, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        load("benchmark", monkeypatch).main(["--out", str(tmp_path), "scores/cifar10-lt100"])
    assert end.value.code == 0
    assert capsys.readouterr().err.count("passed over") == 5
    assert list(tmp_path.iterdir()) == []


def pruned(script: ModuleType, **reached: dict[tuple[str, int], tuple[float, float]]) -> list[Any]:
    """Candidates of runs at one ratio: by pruning, set and seed the balanced accuracy and that of the tail."""
    runs = [
        SimpleNamespace(
            name=of,
            ratio=0.5,
            seed=seed,
            strategy="random" if pruning == "random" else "ranked",
            metric=None if pruning == "random" else pruning,
            spec=SimpleNamespace(
                strategy="random" if pruning == "random" else "ranked",
                metric=None if pruning == "random" else pruning,
                keep="hard",
                within="set",
            ),
            evaluation=SimpleNamespace(balanced=balanced, overall=balanced, tail=tail),
        )
        for pruning, places in reached.items()
        for (of, seed), (balanced, tail) in places.items()
    ]
    return script.ordered(script.candidates(runs))


def test_the_default_is_the_best_and_of_those_level_with_it_what_needs_least(monkeypatch):
    script = load("default", monkeypatch)
    avh = {("a", 0): (0.80, 0.2), ("a", 1): (0.70, 0.2), ("b", 0): (0.50, 0.2), ("b", 1): (0.50, 0.2)}
    worse = {place: (balanced - 0.10, 0.9) for place, (balanced, _) in avh.items()}
    first, second = pruned(script, avh=avh, random=worse)
    assert (first.name, first.figure(), second.name) == ("avh", pytest.approx(62.5), "random")
    assert second.behind(first) == (pytest.approx(10), pytest.approx(0))
    # Behind by 2 points with one seed and 0 with the other: the mean is 1 and the standard error 1.
    near = {place: (balanced - lost, 0.1) for (place, (balanced, _)), lost in zip(avh.items(), (0.02, 0, 0.02, 0))}
    first, second = pruned(script, avh=avh, random=near)
    assert (first.name, first.behind(second)) == ("random", (pytest.approx(1), pytest.approx(1)))
    assert [each.name for each in pruned(script, avh=avh, el2n=near)] == ["avh", "el2n"], "the tail of avh is better"
    assert [each.name for each in pruned(script, avh=avh, random={("a", 0): (0.9, 0.9)})] == ["avh"], "not run on all"
    assert not pruned(script, avh={("a", 0): (0.9, 0.9), ("b", 1): (0.9, 0.9)}), "no seed in both sets"


def test_widened_embeddings_are_of_that_size_and_never_negative(monkeypatch):
    embeddings = {"x_train": np.eye(3, dtype=np.float32), "x_test": -np.eye(3, dtype=np.float32), "y_train": np.arange(3)}
    wide = load("bench_embeddings", monkeypatch).widened(embeddings, 8)
    assert wide["x_train"].shape == wide["x_test"].shape == (3, 8)
    assert wide["y_train"] is embeddings["y_train"]
    assert min(wide["x_train"].min(), wide["x_test"].min()) == 0
    assert not (wide["x_train"] * wide["x_test"]).any(), "what a ReLU passes of x it does not pass of -x"


def test_el2n_of_a_regression_is_that_of_its_probabilities(monkeypatch):
    """On two classes the error vector of a sample is (-e, e), so that the norm is sqrt(2) e."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 60)
    embeddings = {"x_train": rng.normal(size=(60, 4)) + labels[:, None], "y_train": labels}
    norms = load("bench_embeddings", monkeypatch).el2n_of_regression(embeddings)
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(embeddings["x_train"], labels)
    wrong = fitted.predict_proba(embeddings["x_train"])[np.arange(60), 1 - labels]
    np.testing.assert_allclose(norms, np.sqrt(2) * wrong, rtol=1e-4)


def timed_here(monkeypatch):
    """timed(folder, *arguments) without a process for each command, which would load torch again; it says 1, 2, 3, ..."""
    seconds = itertools.count(1)

    def timed(folder: Path, *arguments: str) -> float:
        with monkeypatch.context() as there:
            there.chdir(folder)
            done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 0, done.output
        return next(seconds)

    return timed


@pytest.mark.slow
def test_the_way_of_embeddings_is_measured_from_end_to_end(monkeypatch, in_tmp):
    lp.train("digits", epochs=1, model="resnet8", out="run")
    bench = load("bench_embeddings", monkeypatch)
    monkeypatch.setattr(bench, "SWEPT", ["--strategies", "random", "--ratios", "0.45", "--seeds", "0", "--epochs", "1"])
    monkeypatch.setattr(bench, "timed", timed_here(monkeypatch))
    done = CliRunner().invoke(bench.main, ["run", "--data", "digits", "--members", "1"])
    assert done.exit_code == 0, done.output
    rows = [line.split() for line in done.output.splitlines() if line.startswith("503 x")]
    assert [row[2] for row in rows] == ["64", "512"]
    for row, expected in zip(rows, ([1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]), strict=True):
        *seconds, overall, least = map(float, row[3:])
        assert seconds == expected
        assert max(overall, least) <= 1
        assert overall > 0.3


def test_every_selection_is_timed():
    command = [sys.executable, str(ROOT / "scripts" / "bench_selections.py"), "--samples", "300", "--dim", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == SELECTIONS.names


def test_flipped_labels_are_exactly_as_many_and_of_other_classes(monkeypatch):
    labels = np.repeat(np.arange(4), (400, 120, 60, 20))
    given = load("label_noise", monkeypatch).flipped(labels, 0.05, seed=0)
    assert (given != labels).sum() == 30
    sizes = np.bincount(given)
    assert (np.abs(sizes - [400, 120, 60, 20]) <= 8).all(), "as many come as go, but for the draw"
    assert np.array_equal(given, load("label_noise", monkeypatch).flipped(labels, 0.05, seed=0))


def test_precision_and_recall_are_scikit_learns(monkeypatch):
    random = np.random.default_rng(0)
    found, wrong = random.random((2, 50)) < 0.3
    ours = load("label_noise", monkeypatch).precision_recall(found, wrong)
    assert ours == pytest.approx((precision_score(wrong, found), recall_score(wrong, found)))


def test_wrong_labels_are_found_where_classes_are_apart(monkeypatch, blobs, in_tmp):
    lp.write_set("apart.h5", blobs((240, 160, 80)))
    script = load("label_noise", monkeypatch)
    shown = []
    monkeypatch.setattr(script, "table_of", lambda data, wrong, p: (shown.append((data, wrong, p)), script.Table())[1])
    how = ["--data", "apart.h5", "--model", "resnet8", "--epochs", "15", "--folds", "2", "--share", "0.05"]
    done = CliRunner().invoke(script.main, how)
    assert done.exit_code == 0, done.output
    [(data, wrong, probabilities)] = shown
    assert (len(probabilities), wrong.sum()) == (480, 24)
    rules = dict(script.answers(probabilities, data.index.labels, 24))
    _, recall = script.precision_recall(rules["flagged"], wrong)
    assert recall >= 0.8
    assert rules["the 24 most doubtful"].sum() == 24
    assert len(list(Path("noise").glob("*.pt"))) == 2


def test_a_table_of_wrong_labels_tells_the_groups_apart(monkeypatch, blobs):
    script, data = load("label_noise", monkeypatch), blobs((6, 4, 2))
    wrong = np.isin(np.arange(12), np.flatnonzero(data.index.labels == 0)[:2])
    probabilities = np.eye(3, dtype=np.float32)[np.where(wrong, 1, data.index.labels)] * 0.8 + 0.1
    table = script.table_of(data, wrong, probabilities)
    assert "wrong labels 2 of 12 all, 2 of 6 head, 0 of 4 middle, 0 of 2 tail;" in table.title
    rows = list(zip(*(column.cells for column in table.columns)))
    assert rows[0][:3] == ("flagged", "2", "100.0 / 100.0")


def test_cheap_members_stand_beside_the_reference(monkeypatch, blobs, in_tmp):
    lp.write_set("small.h5", blobs())
    lp.train("small.h5", epochs=1, model="resnet8", out="run")
    lp.score("small.h5", epochs=2, model="resnet14", members=3, metric="avh", out="dear.h5")
    how = ["--data", "small.h5", "--reference", "dear.h5", "--models", "resnet8", "--epochs", "1,2", "--members", "1,2"]
    done = CliRunner().invoke(load("cheap_members", monkeypatch).main, [*how, "--embeddings", "run"])
    assert done.exit_code == 0, done.output
    rows = [line.rsplit(maxsplit=8) for line in done.output.splitlines() if line.endswith("%")]
    named = [("resnet14, beside its others", "2"), ("resnet8", "1"), ("resnet8", "2"), ("linear, on embeddings", "2")]
    assert [tuple(row[:3]) for row in rows] == [(*name, size) for name in named for size in ("1", "2")]
    dear = lp.read_scores("dear.h5")
    reference, seconds = dear.metric("avh").per_member.astype(np.float64), float(dear.seconds.sum())
    for name, size, line in (("resnet8-1", 1, rows[2]), ("resnet8-2", 2, rows[5])):
        scores = lp.read_scores(f"cheap/{name}.h5")
        few = scores.metric("avh").per_member.astype(np.float64)[:size].mean(axis=0)
        assert float(line[3]) == pytest.approx(spearmanr(few, reference.mean(axis=0)).statistic, abs=5e-3)
        assert float(line[6]) == pytest.approx(scores.seconds[:size].sum(), abs=0.06)
        assert float(line[7]) == pytest.approx(100 * scores.seconds[:size].sum() / seconds, abs=0.06)
    own = spearmanr(reference[0], reference[1:].mean(axis=0)).statistic
    assert float(rows[0][3]) == pytest.approx(own, abs=5e-3)


def test_scores_of_embeddings_are_joined_to_the_images_that_they_are_of(monkeypatch, blobs, in_tmp):
    script, data = load("cheap_members", monkeypatch), blobs()
    lp.train(data, epochs=1, model="resnet8", out="run")
    inside = script.embedded(data, Path("run"))
    metric = lp.MetricScores(per_member=inside.pixels[:, :1].T.copy(), higher_is_harder=True, equation="")
    made = {"train_accuracy": np.ones(1), "seconds": np.ones(1), "recipe": lp.Recipe(), "versions": {}}
    scores = lp.ScoreSet(index=inside.index, metrics={"avh": metric}, seeds=(1,), **made)
    expected = outputs_of(open_run("run", data).network, data.pixels).features.numpy()[:, 0]
    assert np.array_equal(script.in_order_of(data, scores).metric("avh").mean, expected)
