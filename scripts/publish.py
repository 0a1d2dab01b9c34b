#!/usr/bin/env python
"""Publish a score file: it goes into scores/, its means into the package, and its rows into scores/README.md.

    lt-prune score --data bench/cifar10-lt100.h5 --out bench/scores/cifar10-lt100.h5
    .venv/bin/python scripts/publish.py bench/scores/cifar10-lt100.h5

A file in scores/ must stay below 8 MB. Of a larger one, scores/NAME.h5 has the metrics of outputs, and those of the training
and of features have files of their own; where these are too large as well, the rest is in a second one, such as NAME-2.h5.
The file of means, lt_prune/published/NAME.h5, has every metric that anything is ranked by, in float32 as it is ranked, so
that whatever is pruned by it is what the whole file gives. It must stay below 2 MB: of a large set, leave metrics out, and
of one that others cannot build, all of it by --no-means.
"""

from __future__ import annotations

import hashlib
import math
import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np

import lt_prune as lp
from lt_prune.errors import LtPruneError
from lt_prune.metrics import METRICS, OF_TEST
from lt_prune.planning.again import score_again
from lt_prune.planning.published_scores import FOLDER
from lt_prune.types import MetricScores, Published, ScoreSet

README = Path(__file__).parents[1] / "scores" / "README.md"
MOST = 8_000_000
"""Bytes of a file in scores/."""
OF_METRICS = 0.9 * MOST
"""Of these, what metrics may take: ids, classes and file names are in each file."""
MOST_OF_MEANS = 2_000_000
PARTS = {"record": "-training", "features": "-features", "test": "-features"}
"""What follows the set's name in the name of the file that a metric is in, by what it needs; nothing for others."""
NEAR = "near-"
"""How metrics begin that compare a sample with others, of which the least score by any member counts, too."""


def sha256_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def parts_of(scores: ScoreSet, file: Path) -> dict[str, ScoreSet]:
    """What goes into each file of scores/, by its name."""
    size = file.stat().st_size
    if size < MOST:
        return {file.name: scores}
    kinds: dict[str, list[str]] = {"": []}
    for name in scores.metrics:
        kinds.setdefault(PARTS.get(METRICS.load(name).needs, ""), []).append(name)
    names = {}
    for kind, of_kind in kinds.items():
        n_files = math.ceil(size * len(of_kind) / len(scores.metrics) / OF_METRICS)
        for number, own in enumerate(np.array_split(of_kind, n_files), start=1):
            names[f"{file.stem}{kind}{f'-{number}' if number > 1 else ''}.h5"] = own
    return {part: replace(scores, metrics={name: scores.metric(name) for name in own}) for part, own in names.items()}


def means_of(scores: ScoreSet, file: Path, without: Sequence[str] = ()) -> ScoreSet:
    """What is published of scores, this file the first of them: no member's own, no file names, nothing of a test."""
    for name in without:
        scores.metric(name)
    metrics = {name: _means(name, each) for name, each in scores.metrics.items() if name not in (*OF_TEST, *without)}
    published = Published(file=f"scores/{file.name}", sha256=sha256_of(file))
    return replace(scores, index=replace(scores.index, file_names=None), metrics=metrics, published=published)


def _means(name: str, metric: MetricScores) -> MetricScores:
    return replace(metric, per_member=metric.mean[None], lowest=metric.least if name.startswith(NEAR) else None)


def row(scores: ScoreSet, file: Path, of_means: str, command: str) -> str:
    """That of the table in scores/README.md, after what it says of means."""
    index, recipe = scores.index, scores.recipe
    assert recipe, "they are of members"
    made = f"{len(scores.seeds)}, {recipe.model} x {recipe.epochs} epochs, seed {scores.ensemble}"
    cells = [f"`{file.name}`", f"{index.n_samples:,}", made, f"`{sha256_of(file)}`", of_means]
    return f"| {' | '.join([*cells, f'`{command}`'])} |"


def with_row(text: str, name: str, line: str) -> str:
    """The text of scores/README.md with this row in place of that of a file's name, or as its table's last."""
    rows = [found for found in text.splitlines() if re.match(r"\| (`|---)", found)]
    old = next((found for found in rows if found.startswith(f"| `{name}` ")), None)
    return text.replace(old, line) if old else text.replace(rows[-1], f"{rows[-1]}\n{line}")


def written(scores: ScoreSet, file: Path, most: int) -> Path:
    """The file of these scores, which must have fewer bytes."""
    lp.write_scores(file, scores)
    if (size := file.stat().st_size) >= most:
        raise click.ClickException(
            f"{file.name} would have {size:,} bytes, not below {most:,}: leave metrics out by --without"
        )
    return file


def put(file: Path, place: Path) -> Path:
    """Move a file that is good to where it belongs."""
    place.parent.mkdir(exist_ok=True)
    shutil.copyfile(file, place)
    click.echo(f"wrote {place}, {place.stat().st_size:,} bytes")
    return place


@click.command(help=__doc__.split("\n")[0])
@click.argument("file", type=click.Path(path_type=Path, exists=True))
@click.option("--without", multiple=True, metavar="METRIC", help="Leave it out of the means; more than once.")
@click.option("--no-means", is_flag=True, help="Put nothing into the package.")
@click.option("--command", help="What made the file.  [default: `lt-prune score` with its recipe]")
def main(file: Path, without: tuple[str, ...], no_means: bool, command: str | None) -> None:
    try:
        scores = lp.read_scores(file)
        if scores.members_here is None:
            raise click.ClickException(f"{file} has no members of ours: publish a file that `lt-prune score` made")
        with TemporaryDirectory() as aside:  # nothing is put in place before all of it is known to be good
            parts = [written(part, Path(aside, name), MOST) for name, part in parts_of(scores, file).items()]
            of_means = "none"
            if not no_means:
                means = written(means_of(scores, parts[0], without), Path(aside, "means"), MOST_OF_MEANS)
                means = put(means, FOLDER / file.name)
                of_means = f"{means.stat().st_size / 1e6:.2f} MB, `{sha256_of(means)}`"
            parts = [put(part, README.parent / part.name) for part in parts]
    except LtPruneError as error:
        raise click.ClickException(str(error)) from None
    text, made = README.read_text(), command or score_again(scores, scores.index.name)
    for part in parts:
        known = of_means if part.name == file.name or no_means else "those of the file above"
        text = with_row(text, part.name, row(scores, part, known, made))
    README.write_text(text)


if __name__ == "__main__":
    main()
