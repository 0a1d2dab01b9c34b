"""What a command prints: results to stdout, the rest to stderr."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lt_prune.config.reading import as_options
from lt_prune.errors import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

    from lt_prune.config.reading import Reading
    from lt_prune.types import SampleIndex, ScoreSet


def print_result(as_json: bool, summary: dict[str, Any], table: Callable[[], RenderableType]) -> None:
    """A summary as one JSON object, or else as the table."""
    from rich.console import Console

    if as_json:
        print_json(summary)
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=120)
    console.print(table())


def print_json(summary: dict[str, Any]) -> None:
    """A summary as one JSON object, with every warning so far."""
    click.echo(json.dumps({**summary, "warnings": _given()}))


def print_scores(scores: ScoreSet, metric: str, as_json: bool, file: Path) -> None:
    """What a score file holds, with one metric in detail."""
    from lt_prune.reports.summary import summarise_scores
    from lt_prune.reports.tables import scores_table

    print_result(as_json, {**summarise_scores(scores, metric), "file": str(file)}, lambda: scores_table(scores, metric))


def say_wrote(*files: Path | str) -> None:
    """Name the files and folders that were written, and those that were there already and hold the same, on stderr."""
    from lt_prune.store.atomic import WRITTEN

    by_us = [_written(Path(file).absolute(), WRITTEN) for file in files]
    for words, own in (("wrote {}", True), ("{} was there already and holds the same: left as it is", False)):
        if named := [str(file) for file, written in zip(files, by_us) if written == own]:
            click.echo(words.format(", ".join(named)), err=True)


def _written(place: Path, written: set[Path]) -> bool:
    return place in written or any(place in file.parents for file in written)


def read_as_before(index: SampleIndex, origin: str | None, asked: Reading) -> list[str]:
    """What to tell of options that were not given; nothing where there is nothing to tell."""
    if (used := index.reading) == asked.kept or not origin or origin.endswith(".h5"):
        return []
    return [f"reading {one_line(origin)} as before, with {as_options(used)}"]


def held_out(index: SampleIndex) -> list[str]:
    """What to tell of a test set that was made of the source's own images; nothing where there is none."""
    if not (share := index.built.get("holdout")):
        return []
    return [f"{index.name}: {share:g} of each class is held out to test on, and {index.n_samples:,} samples are left"]


def warn(message: Warning | str) -> None:
    """Print a warning to stderr, and keep it for JSON."""
    _given().append(str(message))
    click.echo(f"lt-prune: warning: {one_line(str(message))}", err=True)


def _given() -> list[str]:
    """Warnings of the command at work; of none, as in a thread of its, a list that nobody reads."""
    context = click.get_current_context(silent=True)
    given: list[str] = context.meta.setdefault("lt_prune.warnings", []) if context else []
    return given
