#!/usr/bin/env python
"""How cheap a member can be: how far smaller networks, fewer epochs and embeddings rank as an ensemble of ResNet32 does.

    lt-prune score --data cifar10-lt100.h5                      # the reference: ten ResNet32 of 10 epochs
    lt-prune train --data cifar10-lt100.h5 --model resnet20 --epochs 30 --out ce
    .venv/bin/python scripts/cheap_members.py --data cifar10-lt100.h5 --reference scores/cifar10-lt100.h5 \\
        --embeddings ce --out cheap

Each row is an ensemble of so many members: Spearman's correlation of its mean scores with the reference's, of all samples
and of the tail, what both keep of what either keeps at --ratio (Jaccard), and the seconds that its members' trainings took,
one at a time. The first rows are the reference's own: as many of its members beside all the others, which no cheaper
ensemble can be expected to exceed by much. `--embeddings` is a trained run, whose features are scored by linear members; the
seconds are then without that run's. Score files are kept below --out, so that the same command goes on.
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
from lt_prune.measures import jaccard
from lt_prune.steps.evaluate import open_run
from lt_prune.types import Array


@dataclass(frozen=True, eq=False)
class Ranking:
    """Members of an ensemble, and what it is called in the table."""

    name: str
    epochs: int
    scores: lp.ScoreSet
    metric: str

    @property
    def n_members(self) -> int:
        return len(self.scores.metric(self.metric).per_member)

    @property
    def seconds(self) -> float:
        return float(self.scores.seconds.sum())

    def of(self, members: slice, name: str | None = None) -> Ranking:
        """Those members alone."""
        chosen = self.scores.metric(self.metric)
        metrics = {self.metric: replace(chosen, per_member=chosen.per_member[members])}
        parts = {field: getattr(self.scores, field)[members] for field in ("seeds", "train_accuracy", "seconds")}
        return replace(self, name=name or self.name, scores=replace(self.scores, metrics=metrics, **parts))

    def kept(self, ratio: float) -> Array:
        return lp.prune(scores=self.scores, metric=self.metric, ratio=ratio).kept


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


def row(one: Ranking, other: Ranking, ratio: float, whole: float) -> list[str]:
    """What the table says of members beside others; `whole` is the seconds that the reference's took."""
    ours, theirs = (each.scores.metric(each.metric).mean for each in (one, other))
    index = other.scores.index
    tail = index.class_groups[index.labels] == 2
    correlations = [float(spearmanr(ours[some], theirs[some]).statistic) for some in (tail | True, tail)]
    overlap = jaccard(one.kept(ratio), other.kept(ratio))
    told = (f"{each:.3f}" for each in (*correlations, overlap))
    return [one.name, str(one.epochs), str(one.n_members), *told, f"{one.seconds:.1f}", f"{100 * one.seconds / whole:.1f} %"]


@click.command()
@click.option("--data", required=True, help="A set file, or a source.")
@click.option("--reference", required=True, type=click.Path(path_type=Path), help="Score file of the dear ensemble.")
@click.option("--models", default="resnet8,resnet20", show_default=True, help="Networks, comma-separated.")
@click.option("--epochs", default="3,5,10", show_default=True, help="Comma-separated.")
@click.option("--embeddings", type=click.Path(path_type=Path), help="Also score the features of this run.")
@click.option("--members", default="1,3", show_default=True, help="Sizes of the ensembles, comma-separated.")
@click.option("--metric", default="avh", show_default=True)
@click.option("--ratio", default=0.45, show_default=True, help="The fraction to REMOVE.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("cheap"), show_default=True, help="Folder of score files."
)
def main(
    data: str,
    reference: Path,
    models: str,
    epochs: str,
    embeddings: Path | None,
    members: str,
    metric: str,
    ratio: float,
    out: Path,
) -> None:
    """How far cheaper members rank as those of an ensemble do."""
    lt_set, sizes = lp.open_set(data), [int(number) for number in members.split(",")]
    dear = lp.read_scores(reference)
    if dear.recipe is None:
        raise click.UsageError(f"{reference} was made elsewhere; its members' recipe and seconds are not known")
    standard = Ranking(dear.recipe.model, dear.recipe.epochs, dear, metric)
    table = Table(box=None, pad_edge=False, title=f"{lt_set.index.name}, {metric}, {ratio:g} removed")
    table.add_column("network")
    for name in ("epochs", "members", "correlation", "in the tail", "kept by both", "seconds", "of the reference's"):
        table.add_column(name, justify="right")

    def add(name: str, of: lp.LongTailedSet, model: str, number: int, file: str) -> None:
        settings: dict[str, Any] = {"model": model, "epochs": number}
        alone = lp.Compute(workers=1)  # as seconds are compared
        path, most = out / f"{file}.h5", max(sizes)
        scores = lp.score(of, metric=metric, members=most, compute=alone, out=path, progress=progress, **settings)
        ranking = Ranking(name, number, scores if of is lt_set else in_order_of(lt_set, scores), metric)
        for size in sizes:
            table.add_row(*row(ranking.of(slice(size)), standard, ratio, standard.seconds))

    for size in sizes:
        few, others = standard.of(slice(size), f"{standard.name}, beside its others"), standard.of(slice(size, None))
        table.add_row(*row(few, others, ratio, standard.seconds))
    with lp.shown_progress() as progress:
        for model in models.split(","):
            for number in [int(each) for each in epochs.split(",")]:
                add(model, lt_set, model, number, f"{model}-{number}")
        if embeddings:
            add("linear, on embeddings", embedded(lt_set, embeddings), "linear", standard.epochs, "embeddings")
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
