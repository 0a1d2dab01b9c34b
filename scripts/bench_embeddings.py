#!/usr/bin/env python
"""How long the whole way takes on embeddings, and whether linear members rank samples as logistic regression does.

    lt-prune train --data bench/cifar10-lt100.h5 --model resnet20 --epochs 30 --out bench/runs/ce
    .venv/bin/python scripts/bench_embeddings.py bench/runs/ce --data bench/cifar10-lt100.h5

The embeddings are the features of a trained run, of its training and its test images, and the same widened to 512 numbers by
fixed random weights and a ReLU. Each command is timed whole, in a process of its own. The EL2N of ten linear members, their
mean, stands beside that of scikit-learn's logistic regression on the same standardised embeddings: Spearman's correlation
over all samples, and in the least class.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

import lt_prune as lp
from lt_prune.engine.predict import outputs_of
from lt_prune.steps.evaluate import open_run
from lt_prune.types import Array

WIDE = 512
RATIO = "0.45"
SWEPT = ["--strategies", "random,class-random,ranked", "--ratios", RATIO, "--seeds", "0-2"]
Embeddings = dict[str, Array]


def embeddings_of(run: Path, data: str) -> Embeddings:
    """Features of a run's images, as the source `features` reads them."""
    opened = open_run(run, data)
    lt_set = opened.data
    train, test = (outputs_of(opened.network, pixels).features.numpy() for pixels in (lt_set.pixels, lt_set.test_pixels))
    labels = {"y_train": lt_set.index.labels, "y_test": lt_set.test_labels}
    return {"x_train": train, "x_test": test, **labels, "class_names": np.array(lt_set.index.class_names)}


def widened(embeddings: Embeddings, size: int) -> Embeddings:
    """The same, each vector times fixed random weights, and no number below 0."""
    width = embeddings["x_train"].shape[1]
    weights = np.random.default_rng(0).standard_normal((width, size), dtype=np.float32) / np.sqrt(width, dtype=np.float32)
    wide = {name: np.maximum(embeddings[name] @ weights, 0) for name in ("x_train", "x_test")}
    return {**embeddings, **wide}


def timed(folder: Path, *arguments: str) -> float:
    """Seconds of a whole command that runs in the folder."""
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "lt_prune", *arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise click.ClickException(f"lt-prune {' '.join(arguments)} failed: {done.stderr.strip()}")
    return time.perf_counter() - began


def commands(members: int) -> dict[str, list[str]]:
    """Each step of the way by the name of its command."""
    data = ["--data", "set.h5"]
    return {
        "build": ["build", "--data", "features:embeddings.npz", "--out", "set.h5"],
        "score": ["score", *data, "--members", str(members), "--out", "scores.h5"],
        "prune": ["prune", *data, "--scores", "scores.h5", "--ratio", RATIO, "--out", "subset.h5"],
        "train": ["train", *data, "--subset", "subset.h5", "--out", "run"],
        "evaluate": ["evaluate", "run", *data, "--prediction", "tau-norm"],
        "sweep": ["sweep", *data, "--members", str(members), *SWEPT, "--out", "swept"],
    }


def el2n_of_regression(embeddings: Embeddings) -> Array:
    """float64 (N,): norms of the error vectors of scikit-learn's logistic regression."""
    x, y = StandardScaler().fit_transform(embeddings["x_train"]), embeddings["y_train"]
    fitted = LogisticRegression(max_iter=2000).fit(x, y)
    errors = fitted.predict_proba(x)
    errors[np.arange(len(y)), np.searchsorted(fitted.classes_, y)] -= 1
    norms: Array = np.linalg.norm(errors, axis=1)
    return norms


def correlations(folder: Path, embeddings: Embeddings) -> tuple[float, float]:
    """Spearman's correlation of the members' EL2N with the regression's, of all samples and of the least class."""
    scores = lp.read_scores(folder / "scores.h5")
    ours = scores.metric("el2n").mean
    # A set keeps its samples in the order of their ids; the source's places lead back to the embeddings'.
    theirs = el2n_of_regression(embeddings)[scores.index.source_index]
    least = scores.index.labels == scores.index.counts.argmin()
    return float(spearmanr(ours, theirs).statistic), float(spearmanr(ours[least], theirs[least]).statistic)


def measure(embeddings: Embeddings, members: int, table: Table) -> None:
    """A row of the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.savez(folder / "embeddings.npz", **embeddings)
        seconds = [timed(folder, *arguments) for arguments in commands(members).values()]
        overall, least = correlations(folder, embeddings)
    size = " x ".join(f"{n:,}" for n in embeddings["x_train"].shape)
    table.add_row(size, *(f"{each:.1f}" for each in seconds), f"{overall:.3f}", f"{least:.3f}")


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--data", required=True, help="The set that the run was trained on.")
@click.option("--members", default=10, show_default=True, type=click.IntRange(1))
def main(run: Path, data: str, members: int) -> None:
    """How long the whole way takes on embeddings, and whether linear members rank as logistic regression does."""
    table = Table("embeddings", box=None, pad_edge=False, title=f"seconds of each command; {members} members")
    for column in (*commands(members), "rank correlation", "in the least class"):
        table.add_column(column, justify="right")
    features = embeddings_of(run, data)
    for embeddings in (features, widened(features, WIDE)):
        measure(embeddings, members, table)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
