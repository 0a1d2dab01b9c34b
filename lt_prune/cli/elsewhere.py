"""Commands for what was made elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

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
    out = out or scores_path(index, of="-".join(found.metrics))
    lp.write_scores(out, found, overwrite=options["overwrite"])
    print_scores(found, found.main if found.main in found.metrics else min(found.metrics), as_json, out)
    say_wrote(out)


@main.command("import-outputs")
@click.argument("outputs", type=click.Path(path_type=Path))
@click.option(
    "--metric",
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
    out = out or scores_path(index, of="outputs")
    lp.write_scores(out, found, overwrite=options["overwrite"])
    print_scores(found, next(iter(metric or found.metrics)), as_json, out)
    say_wrote(out)
