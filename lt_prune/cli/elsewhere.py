"""Commands for what was made elsewhere, and for what goes there: import-scores, import-outputs, export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lt_prune import choices
from lt_prune.cli.completing import lists_of, members_of
from lt_prune.cli.group import main
from lt_prune.cli.opening import as_before, index_of
from lt_prune.cli.options import (
    data_option,
    list_of,
    match_option,
    options_of,
    overwrite_option,
    read_options,
)
from lt_prune.cli.printing import print_scores, say_wrote
from lt_prune.config.reading import Reading
from lt_prune.errors import ArgumentError

if TYPE_CHECKING:
    from lt_prune.types import ScoreSet

import_options = options_of(
    data_option,
    match_option,
    click.option("--made-by", default="", metavar="WORDS", help="Who or what made them; it is kept with the scores."),
    read_options,
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables."),
    overwrite_option,
    click.option(
        "--out", type=click.Path(path_type=Path), help="Score file.  [default: scores/NAME-METRIC.h5, or NAME-outputs.h5]"
    ),
)


@main.command("import-scores")
@click.argument("scores", type=click.Path(path_type=Path))
@click.option(
    "--metric",
    shell_complete=lists_of(members_of("metrics")),
    callback=list_of(str),
    help="What the scores are called from now on; several, comma-separated, of several columns.  [default: the column's]",
)
@click.option("--column", help="The column of one metric, where it is called otherwise there.  [default: the only one]")
@click.option(
    "--higher-is-harder/--lower-is-harder",
    default=None,
    help="Which end is hard.  [default: known of the metrics of this package]",
)
@import_options
def import_scores(
    scores: Path, metric: list[str] | None, data: str, reading: Reading, as_json: bool, out: Path | None, **options: Any
) -> None:
    """Take over scores that others have made: .npy, .npz, .csv, .json, .parquet, or .pt of tensors.

    Columns called id, file or source_index say which sample a row is of; without them there is a row for each sample of the
    source, in its order. Columns called label, target or class are compared with those of the data.

    \b
    Example: lt-prune import-scores el2n.npy --data cifar10 --metric el2n --made-by data_diet
    """
    import lt_prune as lp
    from lt_prune.planning.paths import scores_path

    index = index_of(as_before(data, reading))
    found = lp.import_scores(scores, index, metric=metric, **options)
    _keep(found, out or scores_path(index, of="-".join(found.metrics)), options["overwrite"], found.shown, as_json)


@main.command("import-outputs")
@click.argument("outputs", type=click.Path(path_type=Path))
@click.option(
    "--metric",
    shell_complete=lists_of(members_of("metrics")),
    callback=list_of(str),
    help="Metrics to score by, comma-separated, of which the first is shown.  [default: all that can be had]",
)
@import_options
def import_outputs(
    outputs: Path, metric: list[str] | None, data: str, reading: Reading, as_json: bool, out: Path | None, **options: Any
) -> None:
    """Score by outputs of networks that others have trained: an .npz file of logits, and by choice features and weight.

    Logits are (N, M), or of K networks (K, N, M), features (N, D) or (K, N, D), and weight, the classifier's rows, (M, D) or
    (K, M, D). Each metric that they are enough for is stored, and it is said what the others need. Which sample a row is of
    is said as for import-scores.

    \b
    Example: lt-prune import-outputs logits.npz --data cifar10 --metric avh,margin
    """
    import lt_prune as lp
    from lt_prune.planning.paths import scores_path

    index = index_of(as_before(data, reading))
    found = lp.import_outputs(outputs, index, metric=metric, **options)
    first = next(iter(metric or found.metrics))
    _keep(found, out or scores_path(index, of="outputs"), options["overwrite"], first, as_json)


def _keep(scores: ScoreSet, out: Path, overwrite: bool, metric: str, as_json: bool) -> None:
    """Write scores, and show them by a metric."""
    import lt_prune as lp

    lp.write_scores(out, scores, overwrite=overwrite)
    print_scores(scores, metric, as_json, out)
    say_wrote(out)


@main.command()
@click.argument("subset", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), help="File to write, or folder.  [default: exports/SUBSET-kept.FORMAT]"
)
@click.option("--format", type=click.Choice(choices.FORMATS), help="What to write.  [default: the ending of --out]")
@click.option(
    "--for", "for_", type=click.Choice(choices.LOADERS), help="Indices of that loader's own listing of the folder."
)
@click.option("--removed", is_flag=True, help="What was removed, instead of what was kept.")
@click.option(
    "--scores", type=click.Path(path_type=Path), help="Score file for csv, json, parquet, cleanlab.  [default: what ranked]"
)
@overwrite_option
def export(subset: Path, out: Path | None, format: str | None, scores: Path | None, **options: Any) -> None:
    """Write a subset for other programs.

    \b
    npy         indices                         csv, parquet, json  every sample, with its scores
    txt         file names, or indices          fiftyone, cleanlab  tags and issues, as csv
    ids         ids                             copies, links       a folder with one folder a class
    list        path and label                  weights             for a WeightedRandomSampler, npy

    Indices are in the order of the source as lt-prune lists it, which is said, and which another loader may not share.

    \b
    Example: lt-prune export subsets/digits-lt10-ranked-avh-0.45.h5 --format npy
    """
    import lt_prune as lp
    from lt_prune.formats import WRITERS
    from lt_prune.planning.paths import export_path, scores_that_chose
    from lt_prune.reports.summary import exported

    chosen = lp.read_subset(subset)
    if not out and not format:
        raise ArgumentError("what to write is not said: name a format by --format, or a file by --out")
    writer = WRITERS.get(format or str(out and out.suffix.lstrip(".")))
    if not out:
        ending, of_all = (writer.ending, writer.of_all) if writer else ("", False)
        out = export_path(subset, str(format), ending, of_all, options["removed"])
    chose: Path | ScoreSet | None = scores
    if writer and writer.scores and not scores and chosen.options.get("scores"):
        chose = scores_that_chose(chosen)
        if not chose:
            click.echo(f"no scores of {subset.name} are here: name those that chose it by --scores", err=True)
    if order := lp.export(chosen, out, format, scores=chose, **options):
        click.echo(f"indices are places in {order}", err=True)
    say_wrote(out)
    click.echo(exported(chosen), err=True)
