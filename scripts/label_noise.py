#!/usr/bin/env python
"""How many wrong labels are found, and how many right ones are taken for wrong: ours beside cleanlab's own answer.

    .venv/bin/pip install '.[bench]'
    lt-prune build --data folder:cifar10 --imbalance 100 --groups 3,7 --out cifar10-lt100.h5
    .venv/bin/python scripts/label_noise.py --data cifar10-lt100.h5 --model resnet32 --epochs 10 --out noise

Flips a share of the labels of a set, as often from one class to another as back, so that classes keep their sizes and each
has about that share of wrong labels (were all classes as likely, most labels of a tail class would be wrong). Networks that
leave out a fold each are trained on them as `lt-prune score --folds` does, and kept below --out, so that the same command
goes on. Both answers are of the same probabilities. Head, middle and tail are those of the label as it is given.

Rows: what confident learning flags, by us and by cleanlab; what cleanlab's rule "both" flags; and as many of the
most doubtful as were flipped, as `prune --drop noisy:SHARE` takes them out, by us and by cleanlab's self-confidence.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.table import Table

import lt_prune as lp
from lt_prune.data.assemble import assemble
from lt_prune.data.cut import Cut
from lt_prune.data.sources import Source
from lt_prune.engine import run_all
from lt_prune.metrics.label_noise import label_noise
from lt_prune.planning.recipes import MEMBER, resolve_recipe
from lt_prune.progress import Progress
from lt_prune.steps.ensemble import Ensemble, foretold
from lt_prune.types import GROUPS, Array, LongTailedSet


def flipped(labels: Array, share: float, seed: int) -> Array:
    """int64 (N,): the labels, exactly round(share * N) of them of another class, in proportion to the sizes of both."""
    random = np.random.default_rng(seed)
    counts, given = np.bincount(labels).astype(np.float64), labels.copy()
    likely = counts.sum() - counts[labels]
    for row in random.choice(len(labels), round(share * len(labels)), replace=False, p=likely / likely.sum()):
        others = np.where(np.arange(len(counts)) == labels[row], 0, counts)
        given[row] = random.choice(len(counts), p=others / others.sum())
    return given


def with_labels(data: LongTailedSet, labels: Array) -> LongTailedSet:
    """The same images under other labels; `source_index` says which image of `data` each is."""
    source = Source(
        pixels=data.pixels[:],
        labels=labels,
        test_pixels=data.test_pixels[:0],
        test_labels=data.test_labels[:0],
        class_names=data.index.class_names,
        flip=data.flip,
    )
    name = f"{data.index.name}-flipped"
    return assemble(source, Cut(profile="none"), name=name, spec=name, groups=data.index.groups)


def probabilities_of(data: LongTailedSet, folds: int, seed: int, out: Path, progress: Progress, **settings: object) -> Array:
    """float32 (N, M): of each sample by the network that did not train on it."""
    recipe = resolve_recipe(data, MEMBER, settings)
    out.mkdir(parents=True, exist_ok=True)
    ensemble = Ensemble(data=data, recipe=recipe, seed=seed, folder=out, weights=None, mix_compute=False)
    runs = ensemble.folds(folds)
    outcomes = dict(run_all(runs, lp.Compute(n_threads=1), progress=progress))
    return foretold(runs, [outcomes[number] for number in range(folds)], data.index.n_samples)


def answers(probabilities: Array, labels: Array, number: int) -> Iterator[tuple[str, Array]]:
    """Each rule, and which samples (N,) it takes for wrong; those of cleanlab where it is installed."""
    noise = label_noise(probabilities, labels)
    yield "flagged", noise < 0
    yield f"the {number:,} most doubtful", np.isin(np.arange(len(labels)), np.argsort(noise, kind="stable")[:number])
    try:
        from cleanlab.filter import find_label_issues
        from cleanlab.rank import order_label_issues
    except ImportError:
        click.echo("cleanlab is not installed, and its rows are left out: pip install '.[bench]'", err=True)
        return
    known = np.flatnonzero(~np.isnan(probabilities[:, 0]))
    given, theirs = labels[known], probabilities[known]
    rules = {rule: find_label_issues(given, theirs, filter_by=rule) for rule in ("confident_learning", "both")}
    for rule, found in rules.items():
        yield f"cleanlab, {rule}", np.isin(np.arange(len(labels)), known[found])
    most = order_label_issues(np.ones(len(given), dtype=bool), given, theirs, rank_by="self_confidence")[:number]
    yield f"cleanlab, the {number:,} of least self-confidence", np.isin(np.arange(len(labels)), known[most])


def precision_recall(found: Array, wrong: Array) -> tuple[float, float]:
    """Of what was found the share that is wrong, and of what is wrong the share that was found; not a number of none."""
    both = float((found & wrong).sum())
    return both / found.sum() if found.any() else np.nan, both / wrong.sum() if wrong.any() else np.nan


def table_of(data: LongTailedSet, wrong: Array, probabilities: Array) -> Table:
    """A row for each rule: precision and recall, in all and of each group."""
    index = data.index
    groups = {"all": np.ones(index.n_samples, dtype=bool)}
    groups |= {group: index.class_groups[index.labels] == g for g, group in enumerate(GROUPS)}
    told = ", ".join(f"{(wrong & own).sum():,} of {own.sum():,} {group}" for group, own in groups.items())
    table = Table(
        "rule", box=None, pad_edge=False, title=f"{index.name}: wrong labels {told}; precision / recall in percent"
    )
    for column in ("found", *groups):
        table.add_column(column, justify="right")
    for rule, found in answers(probabilities, index.labels, int(wrong.sum())):
        shares = [precision_recall(found[own], wrong[own]) for own in groups.values()]
        told_shares = (f"{100 * precision:.1f} / {100 * recall:.1f}" for precision, recall in shares)
        table.add_row(rule, f"{found.sum():,}", *told_shares)
    return table


@click.command()
@click.option("--data", required=True, help="A set file, or a source.")
@click.option("--share", default=0.05, show_default=True, help="Of the labels that are flipped.")
@click.option("--folds", default=5, show_default=True, type=click.IntRange(2))
@click.option("--epochs", default=10, show_default=True, type=click.IntRange(1))
@click.option("--model", help="Network.  [default: that of the data]")
@click.option("--seed", default=0, show_default=True, help="Of the flips and of the folds.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("noise"), show_default=True, help="Folder of the weights."
)
def main(data: str, share: float, folds: int, epochs: int, model: str | None, seed: int, out: Path) -> None:
    """How many wrong labels are found, head and tail told apart, beside cleanlab's answer."""
    clean = lp.open_set(data)
    given = flipped(clean.index.labels, share, seed)
    noisy = with_labels(clean, given)
    wrong = (given != clean.index.labels)[noisy.index.source_index]
    settings = {"epochs": epochs, **({"model": model} if model else {})}
    with lp.shown_progress() as progress:
        probabilities = probabilities_of(noisy, folds, seed, out, progress, **settings)
    Console(width=160).print(table_of(noisy, wrong, probabilities))


if __name__ == "__main__":
    main()
