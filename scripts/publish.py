#!/usr/bin/env python
"""Publish a score file: its means go into the package, and its row into scores/README.md.

    lt-prune score --data cifar10 --folds 5                                    # below scores/
    .venv/bin/python scripts/publish.py scores/cifar10-lt100.h5

The file of means, lt_prune/published/NAME.h5, has every metric that anything is ranked by, in float32 as it is ranked, so
that whatever is pruned by it is what the whole file gives. It must stay below 2 MB: of a large set, leave metrics out.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import click

import lt_prune as lp
from lt_prune.errors import LtPruneError
from lt_prune.metrics import OF_TEST
from lt_prune.planning.again import score_again
from lt_prune.planning.published_scores import FOLDER
from lt_prune.types import MetricScores, Published, ScoreSet

README = Path(__file__).parents[1] / "scores" / "README.md"
MOST = 2_000_000
"""Bytes of a file of means."""
NEAR = "near-"
"""How metrics begin that compare a sample with others, of which the least score by any member counts, too."""


def sha256_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def means_of(scores: ScoreSet, file: Path, without: Sequence[str] = ()) -> ScoreSet:
    """What is published of the scores in a file: no member's own, no file names, and nothing that tells of a test."""
    for name in without:
        scores.metric(name)
    metrics = {name: _means(name, each) for name, each in scores.metrics.items() if name not in (*OF_TEST, *without)}
    published = Published(file=f"scores/{file.name}", sha256=sha256_of(file))
    return replace(scores, index=replace(scores.index, file_names=None), metrics=metrics, published=published)


def _means(name: str, metric: MetricScores) -> MetricScores:
    return replace(metric, per_member=metric.mean[None], lowest=metric.least if name.startswith(NEAR) else None)


def row(scores: ScoreSet, file: Path, means: Path, command: str) -> str:
    """That of the table in scores/README.md."""
    index, recipe = scores.index, scores.recipe
    assert recipe, "they are of members"
    size = f"{means.stat().st_size / 1e6:.2f} MB"
    made = f"{len(scores.seeds)}, {recipe.model} x {recipe.epochs} epochs, seed {scores.ensemble}"
    cells = [f"`{file.name}`", f"{index.n_samples:,}", made, f"`{sha256_of(file)}`", f"{size}, `{sha256_of(means)}`"]
    return f"| {' | '.join([*cells, f'`{command}`'])} |"


def with_row(text: str, name: str, line: str) -> str:
    """The text of scores/README.md with this row in place of that of a file's name, or as its table's last."""
    rows = [found for found in text.splitlines() if re.match(r"\| (`|---)", found)]
    old = next((found for found in rows if found.startswith(f"| `{name}` ")), None)
    return text.replace(old, line) if old else text.replace(rows[-1], f"{rows[-1]}\n{line}")


def written(means: ScoreSet, out: Path) -> int:
    """How many bytes a file of means has, which is put in place only where it is small enough."""
    with TemporaryDirectory() as folder:
        aside = Path(folder) / out.name
        lp.write_scores(aside, means)
        if (size := aside.stat().st_size) > MOST:
            raise click.ClickException(f"{out} would have {size:,} bytes, above {MOST:,}: leave metrics out by --without")
        out.parent.mkdir(exist_ok=True)
        shutil.copyfile(aside, out)
    return size


@click.command(help=__doc__.split("\n")[0])
@click.argument("file", type=click.Path(path_type=Path, exists=True))
@click.option("--without", multiple=True, metavar="METRIC", help="Leave it out of the means; more than once.")
@click.option("--command", help="What made the file.  [default: `lt-prune score` with its recipe]")
def main(file: Path, without: tuple[str, ...], command: str | None) -> None:
    try:
        scores = lp.read_scores(file)
        if scores.members_here is None:
            raise click.ClickException(f"{file} has no members of ours: publish a file that `lt-prune score` made")
        means = written(means_of(scores, file, without), out := FOLDER / file.name)
    except LtPruneError as error:
        raise click.ClickException(str(error)) from None
    line = row(scores, file, out, command or score_again(scores, scores.index.name))
    README.write_text(with_row(README.read_text(), file.name, line))
    click.echo(f"wrote {out}, {means:,} bytes, and its row of {README}")


if __name__ == "__main__":
    main()
