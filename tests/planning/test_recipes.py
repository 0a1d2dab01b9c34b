from __future__ import annotations

import pytest

from lt_prune.config.recipe import Recipe
from lt_prune.errors import ArgumentError, UnknownNameError
from lt_prune.methods import METHODS
from lt_prune.planning.recipes import (
    check_names,
    first_recipe,
    parse_setting,
    resolve_abs,
    resolve_settings,
    second_recipe,
    setting_names,
)


def test_without_overrides_a_first_stage_is_recipes_own_defaults_for_the_data(blobs):
    assert first_recipe(blobs(), METHODS.load("ce"), {}) == Recipe(padding=1)


def test_published_settings_come_from_the_data_most_like_it(blobs):
    data = blobs()  # 4 classes, imbalance 8: CIFAR-10 at 10
    assert first_recipe(data, METHODS.load("mixup"), {}).mixup == 1.0
    assert resolve_settings(data, METHODS.load("mislas"), {})["smooth_head"] == 0.1
    many = blobs(counts=(90,) + (20,) * 38 + (1,))  # 40 classes, imbalance 90: CIFAR-100 at 100
    assert resolve_settings(many, METHODS.load("mislas"), {})["smooth_head"] == 0.4
    second = second_recipe(many, METHODS.load("mislas"), Recipe(), {})
    assert (second.lr, second.lr_factor, second.shift_batch_norm) == (0.1, 0.2, True)
    assert resolve_abs(many, {}) == {"s": 0.1, "abs_form": "linear"}


def test_overrides_win_over_what_is_published(blobs):
    assert first_recipe(blobs(), METHODS.load("mixup"), {"mixup": 0.0}).mixup == 0.0
    assert resolve_settings(blobs(), METHODS.load("mislas"), {"smooth_head": 0.25})["smooth_head"] == 0.25


def test_none_overrides_nothing(blobs):
    assert first_recipe(blobs(), METHODS.load("mixup"), {"mixup": None}).mixup == 1.0
    assert resolve_settings(blobs(), METHODS.load("alas"), {"tau": None})["tau"] == 0.75


def test_each_stage_takes_its_own_overrides(blobs):
    overrides = {"epochs": 7, "stage2_epochs": 3, "tau": 0.5}
    assert first_recipe(blobs(), METHODS.load("mixup"), overrides).epochs == 7
    assert second_recipe(blobs(), METHODS.load("alas"), Recipe(), overrides).epochs == 3


def test_the_names_of_a_method_are_those_of_both_stages_and_of_its_prediction():
    names = setting_names("atl")
    assert {"epochs", "stage2_epochs", "stage2_lr_factor", "tau", "entropy", "alas_logits"} <= set(names)
    assert "s" not in names
    assert "s" in setting_names("abs")
    assert not [name for name in setting_names("ce") if name.startswith("stage2_")]
    assert not {"stage2_model", "stage2_weights", "stage2_freeze"} & set(names), "the network is that of the first stage"


def test_a_name_that_no_method_knows_is_refused():
    check_names(["ce", "alas"], None, ["tau", "epochs"])
    with pytest.raises(ArgumentError, match=r"unknown setting 'tua' \(did you mean 'tau'\?\): there are epochs, .*, tau"):
        check_names(["ce", "alas"], None, ["tua"])


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("tau", "0.5", 0.5),
        ("tau", "1", 1.0),
        ("stage2_epochs", "3", 3),
        ("stage2_shift_batch_norm", "yes", True),
        ("stage2_shift_batch_norm", "no", False),
        ("alas_form", "linear", "linear"),
    ],
)
def test_a_text_becomes_a_value_of_the_right_kind(name, text, value):
    found = parse_setting(["ce", "alas"], None, name, text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("tau", "half", "tau must be a number, not 'half'"),
        ("stage2_epochs", "2.5", "stage2_epochs must be a whole number, not '2.5'"),
        ("fresh", "maybe", "fresh must be yes or no, not 'maybe'"),
        ("tua", "1", "unknown setting 'tua'"),
    ],
)
def test_a_text_that_is_no_value_is_refused(name, text, said):
    with pytest.raises(ArgumentError, match=said):
        parse_setting(["alas"], None, name, text)


def test_a_prediction_by_abs_has_settings_of_its_own():
    check_names(["ce"], "abs", ["s", "abs_form"])
    assert parse_setting(["ce"], "abs", "s", "1") == 1.0
    with pytest.raises(ArgumentError, match="unknown setting 's'"):
        check_names(["ce"], "angular", ["s"])


def test_an_unknown_method_is_refused():
    with pytest.raises(UnknownNameError):
        setting_names("alsa")


@pytest.mark.parametrize(
    ("name", "value"),
    [("tau", -0.1), ("tau", 2.1), ("tau", float("nan")), ("tau", "0.5"), ("alas_form", "round"), ("alas_update", 1)],
)
def test_a_value_that_a_setting_cannot_have_is_refused(blobs, name, value):
    with pytest.raises(ArgumentError, match=f"^{name} must be"):
        resolve_settings(blobs(), METHODS.load("alas"), {name: value})
