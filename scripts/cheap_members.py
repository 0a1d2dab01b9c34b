#!/usr/bin/env python
"""How cheap a member can be: how far smaller networks, fewer epochs and embeddings rank as an ensemble of ResNet32 does.

    lt-prune train --data cifar10-lt100.h5 --model resnet20 --epochs 30 --out bench/ce
    .venv/bin/python scripts/cheap_members.py --data cifar10-lt100.h5 --embeddings bench/ce --out cheap

Each row is an ensemble of as many members as the reference has: Spearman's correlation of its mean scores with the
reference's, of all samples and of the tail, what both keep of what either keeps at --ratio (Jaccard), and the seconds that a
member's training takes, summed over nothing else. The first row is the reference beside itself: how far two halves of it
agree, which no other can be expected to exceed by much. `--embeddings` is a trained run, whose features are scored by linear
members; the seconds are then without that run's. Score files are kept below --out, so that the same command goes on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.stats import spearmanr

import lt_prune as lp
from lt_prune.data.assemble import assemble
from lt_prune.data.cut import Cut
from lt_prune.data.sources import Source
from lt_prune.engine.predict import outputs_of
from lt_prune.measures import jaccard, rank_stability
from lt_prune.steps.evaluate import open_run
from lt_prune.types import Array


@dataclass(frozen=True, eq=False)
class Ranking:
    """Mean scores of an ensemble, in the order of the set, and what they cost."""

    name: str
    epochs: int
    scores: lp.ScoreSet
    seconds: float
    """Of a member, on average."""


def ranked(name: str, scores: lp.ScoreSet) -> Ranking:
    return Ranking(name, scores.recipe.epochs, scores, float(scores.seconds.mean()))


def embedded(data: lp.LongTailedSet, run: Path) -> lp.LongTailedSet:
    """Features that a run's network gives of the samples of a set, as a set; its samples are in another order."""
    features = outputs_of(open_run(run, data).network, data.pixels).features.numpy()
    source = Source(
        pixels=features,
        labels=data.index.labels,
        test_pixels=features[:0],
        test_labels=data.index.labels[:0],
        class_names=data.index.class_names,
        flip=False,
    )
    return assemble(source, Cut(profile="none"), name=f"{data.index.name}-embedded", spec=str(run), groups=data.index.groups)


def in_order_of(data: lp.LongTailedSet, scores: lp.ScoreSet) -> lp.ScoreSet:
    """Scores of `embedded`, in the order of the set that it was made of."""
    place = np.argsort(scores.index.source_index)
    metrics = {name: replace(each, per_member=each.per_member[:, place]) for name, each in scores.metrics.items()}
    return replace(scores, index=data.index, metrics=metrics)


def kept(ranking: Ranking, metric: str, ratio: float) -> Array:
    return lp.prune(scores=ranking.scores, metric=metric, ratio=ratio).kept


def row(one: Ranking, other: Ranking, metric: str, ratio: float) -> list[str]:
    """What a table says of a ranking beside the reference."""
    ours, theirs = (each.scores.metric(metric).mean for each in (one, other))
    index = other.scores.index
    tail = index.class_groups[index.labels] == 2
    correlations = [float(spearmanr(ours[some], theirs[some]).statistic) for some in (tail | True, tail)]
    overlap = jaccard(kept(one, metric, ratio), kept(other, metric, ratio))
    cost = f"{one.seconds:.1f}", f"{100 * one.seconds / other.seconds:.0f} %"
    return [one.name, str(one.epochs), *(f"{each:.3f}" for each in (*correlations, overlap)), *cost]


def halved(reference: Ranking, metric: str, ratio: float) -> list[str]:
    """The same of two halves of the reference, which is what chance takes."""
    chosen = reference.scores.metric(metric)
    halves = [replace(chosen, per_member=chosen.per_member[first::2]) for first in (0, 1)]
    of_halves = [replace(reference, scores=replace(reference.scores, metrics={metric: half})) for half in halves]
    overlap = jaccard(*(kept(half, metric, ratio) for half in of_halves))
    tail = reference.scores.index.class_groups[reference.scores.index.labels] == 2
    stability = [rank_stability(chosen.per_member[:, some]) for some in (tail | True, tail)]
    told = ("-" if each is None else f"{each:.3f}" for each in (*stability, overlap))
    return [f"{reference.name}, its halves", str(reference.epochs), *told, f"{reference.seconds:.1f}", "100 %"]


@click.command()
@click.option("--data", required=True, help="A set file, or a source.")
@click.option("--reference", default="resnet32", show_default=True, help="Network of the reference.")
@click.option("--models", default="resnet8,resnet20", show_default=True, help="Networks, comma-separated.")
@click.option("--epochs", default="3,5,10", show_default=True, help="Comma-separated; the reference has the most.")
@click.option("--embeddings", type=click.Path(path_type=Path), help="Also score the features of this run.")
@click.option("--members", default=10, show_default=True, type=click.IntRange(2))
@click.option("--metric", default="avh", show_default=True)
@click.option("--ratio", default=0.45, show_default=True, help="The fraction to REMOVE.")
@click.option("--workers", type=int, help="Networks trained at once; 1 makes the seconds comparable.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("cheap"), show_default=True, help="Folder of score files."
)
def main(
    data: str,
    reference: str,
    models: str,
    epochs: str,
    embeddings: Path | None,
    members: int,
    metric: str,
    ratio: float,
    workers: int | None,
    out: Path,
) -> None:
    """How far cheaper members rank as those of an ensemble do."""
    lt_set, lengths = lp.open_set(data), [int(number) for number in epochs.split(",")]

    def scored(of: lp.LongTailedSet, name: str, **settings: Any) -> lp.ScoreSet:
        how = {"metric": metric, "members": members, "compute": lp.Compute(workers=workers)}
        return lp.score(of, **how, out=out / f"{name}.h5", progress=progress, **settings)

    table = Table(box=None, pad_edge=False, title=f"{lt_set.index.name}, {members} members, {metric}, {ratio:g} removed")
    columns = ("correlation", "in the tail", "kept by both", "s a member", "of the reference's")
    for name, where in (("members", "left"), ("epochs", "right"), *((column, "right") for column in columns)):
        table.add_column(name, justify=where)
    with lp.shown_progress() as progress:
        most = scored(lt_set, f"{reference}-{max(lengths)}", model=reference, epochs=max(lengths))
        standard = ranked(reference, most)
        table.add_row(*halved(standard, metric, ratio))
        for model in models.split(","):
            for number in lengths:
                scores = scored(lt_set, f"{model}-{number}", model=model, epochs=number)
                table.add_row(*row(ranked(model, scores), standard, metric, ratio))
        if embeddings:
            scores = in_order_of(lt_set, scored(embedded(lt_set, embeddings), "embeddings", epochs=max(lengths)))
            table.add_row(*row(ranked("linear, on embeddings", scores), standard, metric, ratio))
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
