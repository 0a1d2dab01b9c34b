from __future__ import annotations

import json

import pytest

from lt_prune.errors import UnknownNameError
from lt_prune.methods import METHODS
from lt_prune.planning.recipes import setting_names
from lt_prune.predictors import PREDICTORS
from lt_prune.steps.describe import describe_method, describe_methods, describe_predictions


def test_every_method_has_a_row():
    assert [row["name"] for row in describe_methods()] == METHODS.names


@pytest.mark.parametrize("name", METHODS.names)
def test_everything_named_is_a_name_that_overrides_it(name):
    told = describe_method(name)
    names = {*told["prediction_settings"], *(key for row in told["published"] for key in row)} - {"data", "imbalance"}
    names |= {key for stage in told["stages"] for part in ("recipe", "settings") for key in stage[part]}
    assert names <= set(setting_names(name))
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_every_prediction_has_a_row():
    rows = describe_predictions()
    assert [row["name"] for row in rows] == PREDICTORS.names
    assert [row["name"] for row in rows if row["needs_outputs"] and PREDICTORS.is_own(row["name"])] == ["abs", "tde"]
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows


def test_stages_are_reported_in_their_order():
    assert [stage["of"] for stage in describe_method("atl")["stages"]] == ["aem", "atl"]
    assert [stage["of"] for stage in describe_method("aem")["stages"]] == ["aem"]


def test_published_rows_show_what_the_method_takes():
    rows = describe_method("mislas")["published"]
    assert len(rows) == 7
    assert rows[0] == {
        "data": "CIFAR-10-LT",
        "imbalance": 100,
        "mixup": 1.0,
        "smooth_head": 0.3,
        "smooth_tail": 0.0,
        "stage2_lr_factor": 0.5,
        "stage2_shift_batch_norm": False,
    }
    assert describe_method("ce")["published"] == []


def test_an_unknown_method_is_refused():
    with pytest.raises(UnknownNameError):
        describe_method("mixlas")
