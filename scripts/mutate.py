"""Which changes of one operator, number or name does no test notice?

    .venv/bin/python scripts/mutate.py                                     # all of MODULES, on one core
    .venv/bin/python scripts/mutate.py lt_prune/angular lt_prune/evaluation.py --json found.json
    .venv/bin/python scripts/mutate.py --again found.json                  # only what was not noticed then
    .venv/bin/python scripts/mutate.py lt_prune/evaluation.py --list       # what would be changed; nothing is run

How to read it. A module is changed in one place at a time, and the tests that mirror it (tests/x/test_y.py for
lt_prune/x/y.py) and those of TESTS run until one fails, or have run for ten times as long as without the change: it is
noticed. Each change that is not is told in a line, and the exit status is 1. Those known to be without effect stand in
mutate.csv, beside this file, by the text of their line and with a reason; they are counted and not run.

Changes are made in memory, in a forked process: no file is ever another. Docstrings, annotations, messages and any text with
a space are left alone, and hypothesis draws the same examples each time.
"""

from __future__ import annotations

import ast
import atexit
import builtins
import csv
import gc
import importlib
import json
import os
import shutil
import signal
import sys
import tempfile
import textwrap
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any, TextIO

import click

ROOT = Path(__file__).parents[1]
HARMLESS = Path(__file__).with_suffix(".csv")
MODULES = (
    *("lt_prune/evaluation.py", "lt_prune/angular", "lt_prune/metrics", "lt_prune/strategies", "lt_prune/data/longtail.py"),
    *("lt_prune/budgets", "lt_prune/selections"),
    *("lt_prune/data/mixup.py", "lt_prune/data/order.py", "lt_prune/engine/schedule.py", "lt_prune/methods"),
    *("lt_prune/predictors", "lt_prune/reports/aggregate.py"),
)
REGISTRY = "tests/test_registry.py"
TESTS = {
    "lt_prune/metrics": ("tests/contract/test_every_metric.py", REGISTRY),
    "lt_prune/strategies": (
        "tests/strategies",
        "tests/contract/test_every_strategy.py",
        REGISTRY,
        "tests/steps/test_prune.py",
    ),
    "lt_prune/budgets": ("tests/budgets", "tests/contract/test_every_strategy.py", REGISTRY),
    "lt_prune/selections": ("tests/selections", "tests/contract/test_every_strategy.py", REGISTRY),
    "lt_prune/data/longtail.py": ("tests/data/test_assemble.py",),
    "lt_prune/reports/aggregate.py": ("tests/reports/test_words.py",),
    "lt_prune/methods": ("tests/methods", "tests/contract/test_every_method.py", "tests/planning/test_recipes.py", REGISTRY),
    "lt_prune/predictors": ("tests/predictors", "tests/contract/test_every_predictor.py", REGISTRY),
}
"""What tests the modules of a folder besides the file that mirrors each."""
LOADED = ("hypothesis.strategies", "pytest", "rich.table", "sklearn.metrics", "torchmetrics.classification", "torchvision")
"""What is loaded once, before the processes fork that need it."""

OPERATORS = (
    "Add:Sub Sub:Add Mult:Div Div:Mult FloorDiv:Mult Mod:FloorDiv Pow:Mult LShift:RShift RShift:LShift BitAnd:BitOr "
    "BitOr:BitAnd And:Or Or:And Is:IsNot IsNot:Is In:NotIn NotIn:In Eq:NotEq NotEq:Eq "
    "Lt:LtE Lt:GtE LtE:Lt LtE:Gt Gt:GtE Gt:LtE GtE:Gt GtE:Lt"
)
"""Names in `ast` of an operator and of one to put in its place."""
SWAPS = "min:max amin:amax minimum:maximum argmin:argmax floor:ceil any:all sin:cos sum:mean zeros:ones"
NAMES = {old: new for pair in SWAPS.split() for old, new in (pair.split(":"), pair.split(":")[::-1])}
WORDS = {"annotation", "returns", "msg", "summary", "paper", "equation"}
"""Parts of the syntax and arguments that are there for readers."""


@dataclass(frozen=True)
class Change:
    """What to put in the place of `old`, a field of its parent or a part of one; None takes it away."""

    parent: ast.AST
    field: str
    index: int | None
    old: ast.AST
    new: ast.AST | None
    line: int

    @contextmanager
    def made(self) -> Iterator[None]:
        """Meanwhile the tree is changed."""
        value, new = getattr(self.parent, self.field), [] if self.new is None else [self.new]
        changed = self.new if self.index is None else value[: self.index] + new + value[self.index + 1 :]
        setattr(self.parent, self.field, changed)
        yield
        setattr(self.parent, self.field, value)

    def __str__(self) -> str:
        whole = isinstance(self.old, (ast.expr, ast.stmt, ast.keyword)) and not isinstance(self.parent, ast.Slice)
        before = _text(self.old if whole else self.parent)  # an operator is told with what it joins
        with self.made():
            return f"{before} -> {_text(self.new if whole else self.parent)}"


def _text(node: ast.AST | None) -> str:
    return textwrap.shorten(ast.unparse(node), 80, placeholder=" ...") if node else "nothing"


def changes(node: ast.AST, line: int = 0) -> Iterator[Change]:
    """Every change below a node, in the order of the source."""
    for field, value in ast.iter_fields(node):
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST) and field not in WORDS and not _is_for_readers(child):
                here = getattr(child, "lineno", line)
                yield from (Change(node, field, index, child, new, here) for new in _others(child, field, node))
                yield from changes(child, here)


def _is_for_readers(node: ast.AST) -> bool:
    match node:
        case ast.Raise() | ast.JoinedStr() | ast.Expr(value=ast.Constant()) | ast.Subscript(value=ast.Name(id="Literal")):
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
    return isinstance(node, ast.keyword) and node.arg in WORDS


def _others(node: ast.AST, field: str, parent: ast.AST) -> list[ast.AST | None]:
    """What could stand in the place of a node."""
    operators = [pair.split(":") for pair in OPERATORS.split()]
    found: list[ast.AST | None] = [getattr(ast, new)() for old, new in operators if type(node).__name__ == old]
    match node:
        case ast.Constant(value=bool(value)):
            found += [ast.Constant(not value)]
        case ast.Constant(value=int(value)):
            found += [ast.Constant(value + 1), ast.Constant(value - 1)]
        case ast.Constant(value=float(value)):
            found += [ast.Constant(2 * value), ast.Constant(value / 2)] if value else [ast.Constant(1.0)]
        case ast.Constant(value=str(value)) if len(value.split()) <= 1:
            found += [ast.Constant(value + "?")]
        case ast.UnaryOp(operand=operand):
            found += [operand]
        case ast.Attribute(attr=name) if name in NAMES:
            found += [ast.Attribute(node.value, NAMES[name], node.ctx)]
        case ast.Name(id=name) if hasattr(builtins, NAMES.get(name, "-")):
            found += [ast.Name(NAMES[name], node.ctx)]
        case ast.Return(value=ast.expr()):
            found += [ast.Return(ast.Constant(None))]
        case ast.Expr(value=ast.Call()):
            found += [ast.Pass()]
        case ast.keyword(arg=str(), value=value) if not isinstance(getattr(value, "value", None), bool):
            found += [None]
    if field == "decorator_list" or (isinstance(parent, ast.Slice) and field != "step"):
        found += [None]
    if field in ("test", "ifs") and not isinstance(node, (ast.Compare, ast.BoolOp, ast.UnaryOp)):
        found += [ast.UnaryOp(ast.Not(), node)]
    return found


def changes_of(path: Path) -> tuple[ast.Module, dict[tuple[str, str], Change]]:
    """A module's syntax tree, and every change to it by the texts of its line and its own, numbered where they are alike."""
    text = path.read_text()
    tree, lines, seen = ast.parse(text), text.splitlines(), Counter[tuple[str, str]]()
    named = {}
    for change in changes(tree):
        line, own = key = lines[change.line - 1].strip(), str(change)
        seen[key] += 1
        named[line, own if seen[key] == 1 else f"{own} ({seen[key]})"] = change
    return tree, named


def passes(tests: Sequence[str], limit: float, path: Path | None = None, changed: ast.Module | None = None) -> bool:
    """Whether the tests pass within so many seconds, in a process of their own that has the module of a path changed."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    status = 1
    try:
        gc.disable()
        signal.setitimer(signal.ITIMER_REAL, limit)  # its signal ends the process
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        if path and changed:
            _load_as(path, compile(ast.fix_missing_locations(changed), str(path), "exec"))
        status = _test(tests)
    finally:
        os._exit(status)


def _load_as(path: Path, code: CodeType) -> None:
    """Let the module of that path be this code."""
    read = SourceFileLoader.get_code
    SourceFileLoader.get_code = lambda self, name: code if self.path == str(path) else read(self, name)


def _test(tests: Sequence[str]) -> int:
    import pytest
    from hypothesis import Phase, settings

    settings.register_profile("mutate", derandomize=True, database=None, phases=[Phase.explicit, Phase.generate])
    settings.load_profile("mutate")
    return int(pytest.main(["-x", "-q", "--tb=no", "-p", "no:cacheprovider", *tests]))


@cache
def seconds(tests: tuple[str, ...]) -> float:
    """How long the tests run without a change, all of which must pass."""
    start = time.monotonic()
    if not tests or not passes(tests, limit=600):
        raise click.ClickException(f"there are no tests, or they fail as it is: {' '.join(tests)}")
    return time.monotonic() - start


def unnoticed(module: str, root: Path, tree: ast.Module, named: dict[tuple[str, str], Change]) -> list[tuple[str, str]]:
    """Those changes with which every test of the module passes; each is told when it is found."""
    inside = Path(*Path(module).parts[1:])
    mirror = str(Path("tests", inside.parent, f"test_{inside.name}"))
    more = [test for folder, tests in TESTS.items() if module.startswith(folder) for test in tests]
    tests, left = (*([mirror] if (root / mirror).exists() else []), *more), []
    for key, change in named.items():
        with change.made():
            if passes(tests, 10 * seconds(tests) + 1, root / module, tree):
                click.echo(f"{module}:{change.line}: {key[1]}")
                left.append(key)
    return left


def table(found: dict[str, dict[str, Any]]) -> Iterator[str]:
    """A line for each module, and one for all."""
    rows = [(name, row["changes"], row["without effect"], len(row["unnoticed"])) for name, row in found.items()]
    yield f"{'module':36}{'changes':>10}{'no effect':>10}{'noticed':>10}{'of those with effect':>22}"
    for name, n, harmless, left in [*rows, ("all", *map(sum, [*zip(*rows)][1:]))]:
        share = 1 - left / (n - harmless) if n > harmless else 1
        yield f"{name:36}{n:10}{harmless:10}{n - harmless - left:10}{share:22.1%}"


@click.command(help=__doc__.partition("\n")[0], epilog="The head of the script says how to read what it prints.")
@click.argument("paths", nargs=-1)
@click.option("--list", "only_list", is_flag=True, help="List the changes and run nothing.")
@click.option("--json", "out", type=click.Path(path_type=Path), help="Write what was found to this file.")
@click.option("--again", type=click.File(), help="Make only the changes that this file of --json says were not noticed.")
@click.option("--root", type=click.Path(path_type=Path, exists=True), default=ROOT, help="Folder of package and tests.")
def main(paths: tuple[str, ...], only_list: bool, out: Path | None, again: TextIO | None, root: Path) -> None:
    root, found, compiled = root.resolve(), {}, tempfile.mkdtemp()
    atexit.register(shutil.rmtree, compiled)
    before = json.load(again) if again else {}
    with HARMLESS.open(newline="") as file:
        harmless = {(row["module"], row["line"], row["change"]) for row in csv.DictReader(file)}
    if not only_list:
        os.chdir(root)
        sys.path.insert(0, str(root))
        for name in LOADED:
            importlib.import_module(name)
        gc.freeze()  # a fork copies what the collector touches
        sys.dont_write_bytecode, sys.pycache_prefix = False, compiled  # tests are compiled once, and not in the tree
    for path in [file for name in paths or MODULES for file in (sorted((root / name).rglob("*.py")) or [root / name])]:
        module = str(path.relative_to(root))
        tree, named = changes_of(path)
        if again:
            unnoticed_before = before.get(module, {"unnoticed": []})["unnoticed"]
            named = {key: change for key, change in named.items() if [*key] in unnoticed_before}
        if only_list:
            click.echo("".join(f"{module}:{change.line}: {own}\n" for (_, own), change in named.items()), nl=False)
        elif named:
            open_ = {key: change for key, change in named.items() if (module, *key) not in harmless}
            left = unnoticed(module, root, tree, open_)
            found[module] = {"changes": len(named), "without effect": len(named) - len(open_), "unnoticed": left}
    if found:
        click.echo("\n".join(table(found)))
    if out:
        out.write_text(json.dumps(found, indent=1) + "\n")
    sys.exit(any(row["unnoticed"] for row in found.values()))


if __name__ == "__main__":
    main()
