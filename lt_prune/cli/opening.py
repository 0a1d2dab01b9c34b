"""Data that commands open as they were read before, and say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lt_prune.cli.printing import read_as_before
from lt_prune.config.reading import Reading

if TYPE_CHECKING:
    from lt_prune.types import LongTailedSet, SampleIndex


def as_before(data: str, reading: Reading, with_samples: bool = False) -> SampleIndex | LongTailedSet:
    """The samples of data, read as they were for scores or subsets; the set, where they themselves are needed."""
    from lt_prune.steps.opening import index_like, open_like, read_before

    before = read_before(data)
    kept = before.reading if before else {}
    opened = (open_like if with_samples else index_like)(data, reading, data, kept)
    for line in read_as_before(index_of(opened), data, reading):
        click.echo(line, err=True)
    return opened


def index_of(opened: SampleIndex | LongTailedSet) -> SampleIndex:
    """Which samples there are."""
    from lt_prune.types import SampleIndex

    return opened if isinstance(opened, SampleIndex) else opened.index
