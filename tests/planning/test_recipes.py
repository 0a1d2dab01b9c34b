from __future__ import annotations

from dataclasses import replace

import pytest

from lt_prune.config.recipe import Recipe
from lt_prune.errors import ArgumentError, UnknownNameError
from lt_prune.methods import METHODS, Method, Setting
from lt_prune.planning.recipes import (
    check_names,
    first_recipe,
    parse_setting,
    parse_values,
    resolve_settings,
    second_recipe,
    setting_names,
)
from lt_prune.predictors import PREDICTORS


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
    assert resolve_settings(many, PREDICTORS.load("abs"), {}) == {"s": 0.1, "abs_form": "linear"}


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
    assert "stage2_depth" not in names, "the network is that of the first stage"


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


def test_a_method_by_another_prediction_has_the_settings_of_that_one_alone():
    check_names(["abs"], None, ["s"])
    with pytest.raises(ArgumentError, match="unknown setting 's'"):
        check_names(["abs"], "linear", ["s"])


@pytest.mark.parametrize(("method", "prediction"), [("alas", "tau-norm"), ("atl", "logit-adjusted")])
def test_a_setting_that_method_and_prediction_share_is_refused(method, prediction):
    with pytest.raises(ArgumentError, match=f"^tau is a setting of method '{method}' and of prediction '{prediction}': "):
        check_names([method], prediction, [])


def method_of(prediction: str, first: str | None = None, *settings: str) -> Method:
    named = {name: Setting(0.5, "by hand") for name in settings}
    stage = replace(METHODS.load("crt" if first else "ce").stage, settings=named)
    return Method(summary="by hand", paper="none", stage=stage, first=first, prediction=prediction)


def test_a_setting_that_the_stage_before_shares_with_the_prediction_is_refused():
    METHODS.register("before", method_of("linear", None, "tau"))
    METHODS.register("after", method_of("linear", "before"))
    check_names(["after"], "abs", ["tau", "s"])
    with pytest.raises(ArgumentError, match=r"^tau is a setting of method 'after' and of prediction 'tau-norm'"):
        check_names(["after"], "tau-norm", [])


def test_two_predictors_of_a_method_share_no_setting_unless_they_are_the_same():
    METHODS.register("before", method_of("tau-norm"))
    METHODS.register("after", method_of("tau-norm", "before"))
    with pytest.raises(ArgumentError, match=r"^tau is a setting of method 'after' and of prediction 'logit-adjusted'"):
        check_names(["after"], "logit-adjusted", [])


def test_what_is_published_is_for_the_settings_that_say_so(blobs):
    """The table has a column tau, which is that of ALAS."""
    METHODS.register("mine", method_of("linear", None, "tau"))
    assert resolve_settings(blobs(), METHODS.load("mine"), {}) == {"tau": 0.5}
    assert resolve_settings(blobs(), PREDICTORS.load("tau-norm"), {}) == {"tau": 1.0}
    assert resolve_settings(blobs(), METHODS.load("alas"), {})["tau"] == 0.75


@pytest.mark.parametrize(
    ("prediction", "name", "text", "values"),
    [
        ("abs", "s", "0,0.04, 0.1", [0.0, 0.04, 0.1]),
        ("abs", "abs_form", "concave,linear", ["concave", "linear"]),
        ("tau-norm", "tau", "1", [1.0]),
    ],
)
def test_a_text_becomes_the_values_of_a_predictions_setting(prediction, name, text, values):
    assert parse_values(prediction, name, text) == values


@pytest.mark.parametrize("text", ["", "0.1,", "a"])
def test_a_text_that_is_no_list_of_values_is_refused(text):
    with pytest.raises(ArgumentError, match=r"^s must be a number, not '"):
        parse_values("abs", "s", text)


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
