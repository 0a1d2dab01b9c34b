"""How long each selection takes, and how much memory: a process each, on made-up scores and embeddings.

.venv/bin/python scripts/bench_selections.py                       # as many samples as CIFAR-10-LT at 100 has
.venv/bin/python scripts/bench_selections.py --samples 1000000 --classes 1000 --budget equal
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from typing import Any

import click
import numpy as np

from lt_prune.data.longtail import profile_counts
from lt_prune.selections import SELECTIONS
from lt_prune.strategies import Request
from lt_prune.strategies.named import find_strategy

GRAPH = ("d2",)
"""Selections that make a graph of neighbours."""


def request_of(needs: tuple[str, ...], counts: np.ndarray, ratio: float, dim: int) -> Request:
    """Samples of these class counts, with what a strategy needs of them."""
    random, n = np.random.default_rng(0), int(counts.sum())
    made: dict[str, Any] = {}
    if "scores" in needs:
        made["difficulty"] = random.gamma(2, size=n).astype(np.float32)
    if "confidence" in needs:
        made["confidence"] = random.uniform(size=n).astype(np.float32)
    if "features" in needs:
        made["features"] = random.standard_normal((n, dim), dtype=np.float32)
    ids = np.sort(random.integers(0, 2**63, n, dtype=np.uint64))
    labels = random.permutation(np.repeat(np.arange(len(counts)), counts))
    return Request(ids=ids, labels=labels, n_classes=len(counts), n_remove=round(ratio * n), **made)


def measure(name: str, counts: np.ndarray, ratio: float, dim: int, result: Any) -> None:
    """Send how many are kept, the seconds it took, and the most memory of this process in MB, before and after."""
    strategy, _ = find_strategy(name)
    request = request_of(strategy.needs, counts, ratio, dim)
    before, start = peak(), time.perf_counter()
    kept = int(strategy(request).sum())
    result.send((kept, time.perf_counter() - start, before, peak()))


def peak() -> float:
    """The most memory of this process so far, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


@click.command()
@click.option("--samples", default=12406, show_default=True, help="About how many in all.")
@click.option("--classes", default=10, show_default=True)
@click.option("--imbalance", default=100.0, show_default=True)
@click.option("--ratio", default=0.45, show_default=True, help="The fraction to remove.")
@click.option("--dim", default=64, show_default=True, help="Numbers of an embedding.")
@click.option("--budget", default="global", show_default=True)
@click.option("--select", help="Selections, comma-separated.  [default: all, d2 only up to 100,000 samples]")
def main(samples: int, classes: int, imbalance: float, ratio: float, dim: int, budget: str, select: str | None) -> None:
    """Print a row for each selection."""
    shape = np.asarray(profile_counts("exp", 10**6, imbalance, classes), dtype=float)
    counts = np.maximum(np.round(shape * samples / shape.sum()), 1).astype(np.int64)
    click.echo(f"{counts.sum():,} samples of {classes:,} classes, {counts.max():,} to {counts.min():,}, budget {budget}")
    names = select.split(",") if select else [name for name in SELECTIONS.names if samples <= 10**5 or name not in GRAPH]
    spawn = multiprocessing.get_context("spawn")
    for name in names:
        ours, theirs = spawn.Pipe()
        child = spawn.Process(target=measure, args=(f"{budget}+{name}", counts, ratio, dim, theirs))
        child.start()
        theirs.close()
        kept, seconds, before, after = ours.recv()
        child.join()
        click.echo(f"{name:10} kept {kept:,}  {seconds:8.2f} s  {after:7,.0f} MB at most, {before:,.0f} of them before")


if __name__ == "__main__":
    main()
