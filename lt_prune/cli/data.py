"""Commands from a source to a subset: build, score, scores, prune, audit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from lt_prune import choices
from lt_prune.cli.completing import TO_DROP, a_source, a_strategy, lists_of, members_of
from lt_prune.cli.group import main
from lt_prune.cli.opening import as_before, index_of
from lt_prune.cli.options import (
    DATA_HELP,
    NumberOrAuto,
    assigned_to,
    common_options,
    data_option,
    list_of,
    log_options,
    match_option,
    mix_option,
    overwrite_option,
    pair,
    per_class_option,
    read_options,
    recipe_options,
    several_options,
)
from lt_prune.cli.printing import held_out, print_result, print_scores, say_wrote, warn
from lt_prune.config.compute import Compute
from lt_prune.config.reading import Reading
from lt_prune.errors import ArgumentError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from lt_prune.strategies import Strategy
    from lt_prune.types import LongTailedSet, SampleIndex, ScoreSet, Subset


@main.command()
@data_option
@click.option("--imbalance", type=float, metavar="RATIO", help="Largest class over smallest.  [default: the source's own]")
@click.option("--profile", type=click.Choice(choices.PROFILES), help="How counts fall.  [default: exp]")
@click.option("--largest", type=int, help="Images of the largest class.  [default: as many as there are for it]")
@click.option(
    "--selection",
    type=click.Choice(choices.SELECTIONS),
    default="content",
    show_default=True,
    help="Choose by (seed, content), or by the MiSLAS code's shuffle.",
)
@click.option("--groups", callback=pair, metavar="A,B", help="Head is [0,A), tail [B,M) of the classes by count.")
@read_options
@common_options
@overwrite_option
@click.option("--out", type=click.Path(path_type=Path), help="Set file.  [default: sets/NAME.h5]")
def build(as_json: bool, device: str, out: Path | None, overwrite: bool, **options: Any) -> None:
    """Cut a source to a long-tailed set and save it as one file.

    \b
    Example: lt-prune build --data cifar10 --imbalance 100 --download
    """
    import lt_prune as lp
    from lt_prune.planning.paths import set_path
    from lt_prune.reports.summary import summarise_set
    from lt_prune.reports.tables import set_table

    built = lp.build(**options, out=out, overwrite=overwrite)
    if out is None:
        out = set_path(built.index)
        lp.write_set(out, built, overwrite=overwrite)
    print_result(as_json, {**summarise_set(built), "file": str(out)}, lambda: set_table(built))
    say_wrote(out)


@main.command()
@data_option
@click.option(
    "--metric",
    shell_complete=lists_of(members_of("metrics")),
    callback=list_of(str),
    default="avh",
    show_default=True,
    help="Metrics to store, comma-separated, of which the first is shown; a new file has all that cost little, too.",
)
@click.option(
    "--members",
    type=NumberOrAuto(),
    default=10,
    show_default=True,
    help="Networks in the ensemble; auto adds two by two, up to ten, until two halves of them keep the same samples.",
)
@click.option("--ratio", type=float, help="Of --members auto: the fraction to REMOVE at which they must.  [default: 0.45]")
@click.option(
    "--stable",
    type=float,
    help="Of --members auto: what both halves must keep, as a share of what either keeps (Jaccard).  [default: 0.95]",
)
@click.option(
    "--folds",
    type=int,
    help="Train so many networks besides, each on all parts of the samples but one, for the metric label-noise.",
)
@recipe_options
@read_options
@common_options
@several_options
@mix_option
@overwrite_option
@click.option("--out", type=click.Path(path_type=Path), help="Score file.  [default: scores/NAME.h5]")
@log_options
def score(
    data: str,
    metric: list[str],
    members: int | Literal["auto"],
    folds: int | None,
    seed: int,
    as_json: bool,
    out: Path | None,
    compute: Compute,
    reading: Reading,
    log: Path | None,
    tensorboard: Path | None,
    **options: Any,
) -> None:
    """Score every training sample with an ensemble of short runs.

    Run again, it adds what is missing: more --members, or another --metric from the weights kept beside the file.

    \b
    Example: lt-prune score --data cifar10 --metric avh --members 10
    """
    import lt_prune as lp
    from lt_prune.metrics import METRICS
    from lt_prune.planning.paths import scores_path
    from lt_prune.progress import Beforehand
    from lt_prune.reports.progress import shown_progress
    from lt_prune.steps.enough import most_members
    from lt_prune.steps.opening import opened_once

    for name in metric:
        METRICS.check(name)
    n_networks = most_members(members) + (folds or 0)
    with shown_progress(log, tensorboard) as progress, opened_once(data, reading, compute, n_networks) as lt_set:
        out = out or scores_path(lt_set.index, seed)
        scores = lp.score(
            lt_set,
            metric=metric,
            members=members,
            folds=folds,
            seed=seed,
            compute=compute,
            out=out,
            progress=Beforehand(progress, *held_out(lt_set.index)),
            **options,
        )
    print_scores(scores, metric[0], as_json, out)
    say_wrote(out)


@main.command("scores")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--metric", shell_complete=members_of("metrics"), help="Metric to show in detail.  [default: avh]")
@click.option("--csv", type=click.Path(path_type=Path), help="Also write every sample to this CSV file, the hardest first.")
@click.option(
    "--correlations",
    metavar="STEM",
    help="Also draw how alike the metrics rank, as STEM.png and STEM.pdf, with the numbers in STEM.csv.",
)
@overwrite_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
def show_scores(
    file: Path, metric: str | None, csv: Path | None, correlations: str | None, overwrite: bool, as_json: bool
) -> None:
    """Show what a score file holds: class means, histogram, hardest and easiest samples.

    \b
    Example: lt-prune scores scores/digits-lt10.h5 --metric avh --csv avh.csv
    """
    import lt_prune as lp
    from lt_prune.planning.commands import require_metric
    from lt_prune.reports.warnings import score_warnings

    scores = lp.read_scores(file)
    if metric:
        require_metric(scores, metric, file)
    metric = metric or scores.shown
    if csv:
        lp.score_rows(scores, metric, csv=csv, overwrite=overwrite)
    if correlations:
        lp.correlate(file, out=correlations, overwrite=overwrite)
    for warning in score_warnings(scores):
        warn(warning)
    print_scores(scores, metric, as_json, file)
    if csv:
        say_wrote(csv)
    if correlations:
        say_wrote(f"{correlations}.png")


@main.command()
@click.option("--data", shell_complete=a_source, help=f"{DATA_HELP}  [default: the data of --scores, or else digits]")
@click.option("--ratio", type=float, help="The fraction to REMOVE, in [0, 1).  [default: that of like:SUBSET]")
@click.option(
    "--strategy",
    shell_complete=a_strategy,
    help="random, class-random, ranked, ccs, ccs-cp, drop, dual, nucs, rcap or d2.  [default: ranked where scores, a "
    "metric, an end or within is asked for, else equal+random]",
)
@click.option(
    "--budget",
    shell_complete=members_of("budgets"),
    help="How many of each class are kept: global, proportional, sqrt, equal, floor, drop, drop-code, nucs, ccs-cp, rcap, "
    "or like:SUBSET for the class counts of another subset.  [default: that of --strategy]",
)
@click.option(
    "--select",
    shell_complete=members_of("selections"),
    help="Which are kept: random, hard, easy, window, strata, weighted, infobatch, beta, moderate, k-center, herding or "
    "d2.  [default: that of --strategy]",
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    help="A setting of the budget or of the selection, such as window=0.3; more than once.",
)
@click.option(
    "--scores",
    type=click.Path(path_type=Path),
    help=f"Score file to rank by, or {choices.PUBLISHED}: those that come with lt-prune.  [default: scores/NAME.h5, or else "
    f"{choices.PUBLISHED}]",
)
@match_option
@click.option("--metric", shell_complete=members_of("metrics"), help="Which of the scores to rank by.  [default: avh]")
@click.option("--keep", type=click.Choice(choices.KEEP), help="Which end ranked keeps.  [default: hard]")
@click.option("--within", type=click.Choice(choices.WITHIN), help="Rank over the set or within classes.  [default: set]")
@click.option(
    "--recall",
    type=click.Path(path_type=Path),
    help="Csv file with the columns class and recall, for the budgets drop and drop-code.  [default: the members' own]",
)
@click.option(
    "--drop",
    shell_complete=TO_DROP,
    metavar="WHAT",
    help="Take out first, comma-separated: noisy:SHARE of the set by label-noise, duplicates[:SIMILARITY] but for one each.",
)
@click.option(
    "--force-keep", type=click.Path(path_type=Path), metavar="FILE", help="Ids, one a line, of samples to keep in any case."
)
@click.option(
    "--force-drop",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Ids, one a line, of samples to REMOVE in any case.",
)
@click.option("--allow-empty-class", is_flag=True, help="Let a class lose all its samples.")
@read_options
@common_options
@per_class_option
@overwrite_option
@click.option(
    "--out", type=click.Path(path_type=Path), help="Subset file.  [default: subsets/NAME-STRATEGY-METRIC-RATIO.h5]"
)
def prune(
    data: str | None,
    strategy: str | None,
    budget: str | None,
    select: str | None,
    assignments: tuple[str, ...],
    scores: Path | None,
    seed: int,
    reading: Reading,
    as_json: bool,
    device: str,
    per_class: bool,
    out: Path | None,
    overwrite: bool,
    **options: Any,
) -> None:
    """Choose which samples to keep; exactly round(RATIO x N) are removed.

    A pruning is a budget, how many of each class are kept, and a selection, which of them. A strategy is both by one name.
    By default samples are kept at random, with classes as even as they can be, which costs least where we measured it;
    with --metric those that are hardest by its scores, as Wang & Yan keep them.

    \b
    Example: lt-prune prune --ratio 0.45
             lt-prune prune --ratio 0.45 --metric avh --keep hard
    """
    from rich.console import Group
    from rich.text import Text

    from lt_prune.planning.paths import subset_path
    from lt_prune.planning.pruning import check_ranking, pruning_of
    from lt_prune.planning.published_scores import published_scores
    from lt_prune.reports.by_class import classes_pruned
    from lt_prune.reports.copies import in_words, told_copies
    from lt_prune.reports.summary import summarise_subset
    from lt_prune.reports.tables import classes_pruned_table, subset_table
    from lt_prune.steps.prune import about_scores, check_ratio, prune_to

    named: str | SampleIndex | LongTailedSet | None = data
    by_scores = about_scores(scores, *(options[name] for name in ("metric", "keep", "within")))
    how = pruning_of(strategy, budget, select, {}, by_scores)
    if by_default := not (strategy or budget or select):
        strategy = how.base  # so that scores that are read to take something out first do not rank
    if options["ratio"] is not None or how.like is None:
        check_ratio(options["ratio"])
    if (metric := options["metric"]) and not scores:  # a file may hold others, made elsewhere
        check_ranking(metric)
    settings = assigned_to(how.strategy, assignments)
    ranked_by: Path | ScoreSet | None = scores
    if not scores or str(scores) == choices.PUBLISHED:
        named = as_before(data or "digits", reading, with_samples="features" in how.strategy.needs)
        reads = _reads_scores(how.strategy, options["recall"], options["drop"])
        ranked_by = _scores_of(index_of(named), data or "digits", seed, scores is not None) if reads else None

    def place(chosen: Subset) -> Path:
        return out or subset_path(chosen)

    subset, copies = prune_to(
        place,
        named,
        strategy=strategy,
        budget=budget,
        select=select,
        scores=ranked_by,
        seed=seed,
        reading=reading,
        overwrite=overwrite,
        settings=settings,
        **options,
    )
    said = {**summarise_subset(subset), "file": str(place(subset))}
    tables: list[RenderableType] = [subset_table(subset)]
    if copies:
        said |= {"copies": told_copies(subset.index, copies.rows, copies.of, copies.similarity)}
        tables += [Text(f"copies taken out: {in_words(said['copies'])}")] if said["copies"] else []
    if per_class:
        said |= {"classes": classes_pruned(subset)}
        tables += ["", classes_pruned_table(said["classes"])]
    print_result(as_json, said, lambda: Group(*tables))
    if by_default and not by_scores:
        there = ", by scores that come with lt-prune" if published_scores(subset.index, seed) else ""
        told = "kept at random, with classes as even as can be: to rank by scores, name a metric, such as avh"
        click.echo(f"{told}{there}", err=True)
    say_wrote(place(subset))


@main.command()
@click.argument("subsets", nargs=-1, required=True, metavar="SUBSET...", type=click.Path(path_type=Path))
@click.option(
    "--scores",
    type=click.Path(path_type=Path),
    help="Score file, for how steady the ranking is.  [default: scores/NAME.h5, where it is there]",
)
@click.option(
    "--metric",
    shell_complete=members_of("metrics"),
    help="Which of the scores.  [default: what the subsets were chosen by, or else avh]",
)
@click.option(
    "--data",
    shell_complete=a_source,
    help=f"Look for exact copies in it: {DATA_HELP[0].lower()}{DATA_HELP[1:]}  [default: none]",
)
@read_options
@per_class_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
def audit(subsets: tuple[Path, ...], scores: Path | None, as_json: bool, per_class: bool, **options: Any) -> None:
    """Say what subsets are before anything is trained on them: balance, overlap, how steady the ranking is, copies.

    A warning tells of each danger: classes of fewer than 5 samples, a tail whose share is halved, a ranking that other
    members would not repeat, copies among the test samples or under two labels.

    \b
    Example: lt-prune audit subsets/digits-lt10-ranked-avh-0.45.h5 --data digits
    """
    import lt_prune as lp
    from lt_prune.reports.audit_tables import audit_table

    ranked_by = scores or _scores_there(lp.read_subset(subsets[0]))
    audited = lp.audit(*subsets, scores=ranked_by, **options)
    print_result(as_json, audited, lambda: audit_table(audited, per_class))


def _scores_there(subset: Subset) -> Path | ScoreSet | None:
    """The score file of a subset's samples at its usual place, where it is there and is of these, or does not say; or else
    published scores that chose it."""
    from lt_prune.planning.paths import scores_path
    from lt_prune.planning.published_scores import published_that_chose
    from lt_prune.store.hdf5 import said_of

    file, digest = scores_path(subset.index, subset.options.get("ensemble") or 0), subset.index.digest
    there = file.exists() and said_of(file).get("data_digest", digest) == digest
    return file if there else published_that_chose(subset)


def _reads_scores(strategy: Strategy, recall: Path | None, drop: str | None) -> bool:
    """Whether a pruning needs scores: to rank, for a recall that is not given, or for what goes first."""
    from lt_prune.planning.pruning import RECALL_BY, metrics_read

    read = metrics_read(strategy, ["avh"])
    return bool(drop) or (bool(read) and not (read == [RECALL_BY] and recall))


def _scores_of(index: SampleIndex, data: str, seed: int, published: bool) -> Path | ScoreSet:
    """The score file of a set at its usual place, or else published ones, which is said; or these alone."""
    from lt_prune.planning.commands import score_command
    from lt_prune.planning.paths import scores_path
    from lt_prune.planning.published_scores import published_for, published_scores, told_others
    from lt_prune.reports.words import several

    file = scores_path(index, seed)
    if file.exists() and not published:
        return file
    if found := published_for(index) if published else published_scores(index, seed):
        members = several(len(found.seeds), "member")
        click.echo(f"scores {found.published}: {members}, all {index.n_samples:,} samples joined by id", err=True)
        return found
    command = score_command(data, index.reading, seed=seed)
    raise ArgumentError(
        f"there are no scores of {index.name} at {file}{told_others(index)}: run `{command}` first, or give --scores"
    )
