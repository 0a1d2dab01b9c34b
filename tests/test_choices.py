"""The words that arguments may be are written down once."""

from __future__ import annotations

import ast
from pathlib import Path

import click
import pytest
import torch

from lt_prune import choices
from lt_prune.angular.bias import AngularBiasSmoothing
from lt_prune.angular.smoothing import FORMS
from lt_prune.cli import main
from lt_prune.data.longtail import profile_counts
from lt_prune.figures import of_run as figures
from lt_prune.formats import WRITERS
from lt_prune.page.picks import NEEDS
from lt_prune.steps.export import FOLDERS

OFFERED = {
    "family": choices.FAMILIES,
    "device": choices.DEVICES,
    "precision": choices.PRECISIONS,
    "loading": choices.LOADINGS,
    "class_order": choices.CLASS_ORDERS,
    "profile": choices.PROFILES,
    "selection": choices.SELECTIONS,
    "keep": choices.KEEP,
    "within": choices.WITHIN,
    "equal": choices.EQUAL,
    "recipe": choices.PRESETS,
    "schedule": choices.SCHEDULES,
    "figure": (*choices.FIGURES, "all"),
    "format": choices.FORMATS,
    "for_": choices.LOADERS,
    "match": choices.MATCH,
    "sheet": (*choices.SHEETS, "all"),
    "group": choices.GROUPS,
}
"""By the option's name."""
OPTIONS = [
    (name, parameter)
    for name, command in sorted(main.commands.items())
    for parameter in command.params
    if isinstance(parameter.type, click.Choice)
]


def test_the_module_imports_nothing():
    tree = ast.parse(Path(choices.__file__).read_text())
    assert not [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]


@pytest.mark.parametrize(("command", "option"), OPTIONS, ids=[f"{name}-{option.name}" for name, option in OPTIONS])
def test_an_option_offers_the_words_that_are_written_down(command, option):
    assert tuple(option.type.choices) == OFFERED[option.name]


def test_every_choice_is_offered_somewhere():
    assert {option.name for _, option in OPTIONS} == set(OFFERED)


def test_there_is_something_behind_every_word():
    assert tuple(figures.FIGURES) == choices.FIGURES
    assert (*WRITERS, *FOLDERS) == choices.FORMATS
    assert tuple(NEEDS) == choices.SHEETS
    assert FORMS[:2] == choices.ABS_FORMS  # Eq. 8 and 9 have the same names in ABS and in ALAS
    for form in choices.ABS_FORMS:
        AngularBiasSmoothing(bias=torch.zeros(3), form=form)
    for profile in set(choices.PROFILES) - {"none"}:
        assert len(profile_counts(profile, 100, 10, 5)) == 5
