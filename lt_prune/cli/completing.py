"""What a shell is offered for an option: names of a family's members, and files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from lt_prune import choices

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
A_FILE = CompletionItem("", type="file")
"""Whatever file the shell finds. It stands first, as bash forgets what stands before it."""


def members_of(family: str) -> Complete:
    """The members of a family."""
    return _given(partial(_names, family))


def lists_of(names: Complete) -> Complete:
    """The same for several, comma-separated: the last one is completed, and none is offered twice."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        before, comma, last = incomplete.rpartition(",")
        known = before.split(",")
        items = names(context, parameter, last)
        return [CompletionItem(f"{before}{comma}{item.value}", type=item.type) for item in items if item.value not in known]

    return complete


def words(*given: str) -> Complete:
    """These words, or a file."""
    return _given(lambda: given, A_FILE)


def a_strategy(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """A preset, or BUDGET+SELECTION."""
    budget, plus, selection = incomplete.rpartition("+")
    if plus:
        return [CompletionItem(f"{budget}+{name}") for name in _names("selections") if name.startswith(selection)]
    offered = [*_names("strategies"), *(f"{name}+" for name in _names("budgets"))]
    return [CompletionItem(name) for name in offered if name.startswith(incomplete)]


def a_source(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """A set file, a folder, or a source; behind SOURCE: a path, where the shell does not part words at the colon."""
    source, colon, path = incomplete.partition(":")
    if colon:
        return [CompletionItem(f"{source}:{found}") for found in paths_begun(path)]
    return [A_FILE, *(CompletionItem(name) for name in _names("sources") if name.startswith(incomplete))]


def _given(names: Callable[[], Iterable[str]], *besides: CompletionItem) -> Complete:
    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [*besides, *(CompletionItem(name) for name in names() if name.startswith(incomplete))]

    return complete


def _names(family: str) -> list[str]:
    from lt_prune.steps.members import names_of

    return names_of(family)


def paths_begun(begun: str) -> list[str]:
    """Files and folders whose path begins so; folders end in a slash."""
    folder, name = Path(begun).parent if not begun.endswith("/") else Path(begun), begun.rpartition("/")[2]
    before = begun[: len(begun) - len(name)]
    try:
        found = sorted(entry for entry in folder.iterdir() if entry.name.startswith(name))
    except OSError:
        return []
    return [f"{before}{entry.name}{'/' if entry.is_dir() else ''}" for entry in found]


TO_DROP = lists_of(_given(lambda: [f"{name}:" if name == "noisy" else name for name in choices.DROPS]))
"""What may be taken out first."""
