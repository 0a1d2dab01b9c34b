"""The tables of Wang & Yan from runs of ours, beside the published numbers."""

from __future__ import annotations

from collections.abc import Sequence

from lt_prune.choices import MODELS
from lt_prune.config.reading import Reading
from lt_prune.errors import ArgumentError
from lt_prune.methods import METHODS
from lt_prune.models import find_model
from lt_prune.reports.beside import Part, beside, by_column, cell_beside, described_beside, percent, reasons
from lt_prune.reports.paper import Block, Ways, blocks_of, nearest_block
from lt_prune.steps.build import open_set
from lt_prune.steps.tested import WholeRuns
from lt_prune.steps.whole import Variant
from lt_prune.types import LongTailedSet


def sets_beside(table: str, data: str | None, reading: Reading) -> list[tuple[LongTailedSet, Block]]:
    """Each set to train on, with the published numbers on the same data, else on the data most alike.

    Args:
        table: such as "table1".
        data: one set, in place of those of the table.
        reading: as for `lt_prune.build`.
    """
    blocks = blocks_of(table)
    sets = [open_set(name, reading=reading) for name in ([data] if data else [block.source for block in blocks])]
    return [(each, nearest_block(blocks, each.index)) for each in sets]


def methods_of(ways: Ways, data: LongTailedSet, model: str | None = None, chosen: Sequence[str] | None = None) -> list[str]:
    """The methods to train for these rows, all or those `chosen`, but for those of branches where the model, by default that
    of such data, cannot have any.

    Raises:
        ArgumentError: a chosen one is in no row.
    """
    split = find_model(model or MODELS[data.kind]).split
    methods = list(dict.fromkeys(method for method, _ in ways.values()))
    for unknown in set(chosen or ()) - set(methods):
        raise ArgumentError(f"no row of the table is of method {unknown!r}, only of {', '.join(methods)}")
    wanted = methods if chosen is None else chosen
    return [method for method in methods if method in wanted and (split or METHODS.load(method).stage.head.branches == 1)]


def by_method(table: str, block: Block, ways: Ways, runs: WholeRuns) -> Part:
    """A row for each method of a published table, and for each of `ways`; `runs` are by method."""
    lines = []
    for row in dict.fromkeys([*block.rows, *ways]):
        method, prediction = ways.get(row, ("", None))
        ours = by_column(runs.tested(method, prediction)) if method in runs.runs else {}
        missing = "not asked for, or no branches of such a model" if method else "no implementation"
        reason = reasons(runs.runs[method]) if method in runs.runs else missing
        lines += beside(block, runs.data.index, row, ours, reason)
    return Part(f"{table}: {described_beside(runs.every, block)}", ("method", "classes"), lines)


def by_strength(table: str, block: Block, runs: WholeRuns) -> Part:
    """ABS by its form and strength s, of `runs` by the method mixup."""
    lines = []
    for form, paper in block.rows.items():
        tests = runs.tested_by_abs("mixup", [float(s) for s in paper], form)
        ours = {s: percent([found[float(s)] for found in tests]) for s in paper}
        lines += beside(block, runs.data.index, form, ours, reasons(runs.runs["mixup"]))
    return Part(f"{table}, ABS: {described_beside(runs.every, block)}", ("form", "s"), lines)


def alas_variants(block: Block) -> list[Variant]:
    """What `by_rate` shows."""
    return [_alas(form, tau) for form, paper in block.rows.items() for tau in paper]


def by_rate(table: str, block: Block, runs: WholeRuns) -> Part:
    """ALAS by its form and rate tau, of `runs` by the variants of `alas_variants`."""
    lines = []
    for form, paper in block.rows.items():
        for tau in paper:
            name = _alas(form, tau).name
            ours = percent(runs.tested(name))
            lines.append(cell_beside(block, runs.data.index, form, tau, ours, reasons(runs.runs[name])))
    return Part(f"{table}, ALAS: {described_beside(runs.every, block)}", ("form", "tau"), lines)


def _alas(form: str, tau: str) -> Variant:
    rate = float(tau)
    return Variant(method="alas", settings={"tau": rate, "alas_form": form}, label=f"alas-{form}-{rate:g}")
