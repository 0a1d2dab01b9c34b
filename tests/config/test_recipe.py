from __future__ import annotations

import pytest

from lt_prune.config.recipe import Recipe, as_today
from lt_prune.errors import ArgumentError


def test_a_depth_of_an_old_file_is_the_model_of_that_depth():
    assert as_today({"epochs": 3, "depth": 56}) == {"epochs": 3, "model": "resnet56"}


@pytest.mark.parametrize("depth", [33, 8.0, "8", True])
def test_a_depth_that_there_never_was_is_refused(depth):
    with pytest.raises(ArgumentError, match=r"^depth must be one of 8, 14, 20, 32, 44, 56, 110, not "):
        as_today({"depth": depth})


def test_fields_of_today_stay():
    assert as_today({"epochs": 3, "model": "linear"}) == {"epochs": 3, "model": "linear"}
    assert as_today({}) == {}


def test_only_weights_of_a_file_can_be_frozen():
    assert Recipe(freeze=True, weights="0" * 64).freeze
    with pytest.raises(ArgumentError, match=r"^freeze keeps a backbone as its weights file has it: name that by --weights"):
        Recipe(freeze=True)
