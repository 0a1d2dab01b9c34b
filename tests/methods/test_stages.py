"""What each method is made of, by the papers and what their code does."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from functools import partial
from typing import Any

import pytest

from lt_prune.config.recipe import Recipe
from lt_prune.errors import ArgumentError
from lt_prune.methods import METHODS, Method, Setting, Stage

SECOND = partial(Recipe, epochs=10, warmup=0, schedule="cosine", sampler="balanced")
KANG = partial(SECOND, lr=0.05, shift_batch_norm=True)
TUNED = ("lr_factor", "shift_batch_norm")

# The stage that comes first, the recipe of its own, what of it is tuned to the data, and how it predicts.
METHODS_BY_PAPER: dict[str, tuple[str | None, Recipe, tuple[str, ...], str]] = {
    "ce": (None, Recipe(), (), "linear"),
    "mixup": (None, Recipe(), ("mixup",), "linear"),
    "focal": (None, Recipe(), (), "linear"),
    "cb": (None, Recipe(), (), "linear"),
    "ldam-drw": (None, Recipe(), (), "angular"),
    "balanced-softmax": (None, Recipe(), (), "linear"),
    "logit-adjust": (None, Recipe(), (), "linear"),
    "tde": (None, Recipe(), (), "tde"),
    "bbn": (None, Recipe(), (), "linear"),
    "crt": ("ce", KANG(trained="classifier", fresh=True), (), "linear"),
    "lws": ("ce", KANG(trained="scale", epochs=5), (), "linear"),
    "mislas": ("mixup", SECOND(trained="classifier+scale"), TUNED, "linear"),
    "l2a": ("mixup", SECOND(trained="classifier"), TUNED, "angular"),
    "abs": ("mixup", Recipe(epochs=0, warmup=0, trained="nothing"), (), "abs"),
    "aem": (None, Recipe(), ("mixup",), "angular"),
    "alas": ("mixup", SECOND(trained="classifier"), TUNED, "angular"),
    "atl": ("aem", SECOND(trained="classifier"), TUNED, "angular"),
}

BETA = (0.9999, 0.9999999)
LAS: dict[str, Any] = {
    "smooth_head": (0.3, 1),
    "smooth_tail": (0.0, 1),
    "smooth_form": ["concave", "linear", "convex"],
    "smooth_spread": ["others", "all"],
}
ALAS: dict[str, Any] = {
    "tau": (0.75, 2),
    "alas_form": ["concave", "linear", "convex"],
    "alas_update": ["batch", "epoch"],
    "alas_logits": ["linear", "angular"],
}
# The default and the largest value, None for any; or the words it may be, the default first.
SETTINGS: dict[str, dict[str, Any]] = {
    "focal": {"gamma": (2.0, None)},
    "cb": {"beta": BETA},
    "ldam-drw": {"max_margin": (0.5, 1), "scale": (30.0, None), "beta": BETA, "defer": (0.8, 1)},
    "logit-adjust": {"strength": (1.0, None)},
    "tde": {"num_heads": (2, None), "scale": (16.0, None), "gamma": (1 / 32, None), "alpha": (1.0, None)},
    "mislas": LAS,
    "l2a": LAS,
    "abs": {"s": (0.25, 1), "abs_form": ["concave", "linear"]},
    "aem": {
        "entropy": ["maximised", "minimised"],
        "aem_logits": ["linear", "angular"],
        "aem_rows": ["detached", "attached"],
        "entropy_weight": (1.0, None),
    },
    "alas": ALAS,
    "atl": ALAS,
}


@pytest.mark.parametrize("name", METHODS_BY_PAPER)
def test_a_method_is_made_of_the_stages_of_its_paper(name):
    method = METHODS.load(name)
    found = (method.first, Recipe(**method.stage.recipe), method.stage.tuned, method.prediction)
    assert found == METHODS_BY_PAPER[name]


@pytest.mark.parametrize("name", METHODS_BY_PAPER)
def test_a_method_has_the_settings_that_are_promised(name):
    settings = METHODS.load(name).settings
    assert set(settings) == set(SETTINGS.get(name, {}))
    for key, values in SETTINGS.get(name, {}).items():
        assert settings[key].default == values[0]
        for word in values if isinstance(values, list) else ():
            settings[key].check(key, word)
        if isinstance(values, tuple):
            most = values[1]
            settings[key].check(key, 1e9 if most is None else most)
            with pytest.raises(ArgumentError, match=f"^{key} must be a number of 0 {'or more' if most is None else 'to '}"):
                settings[key].check(key, -1e-9 if most is None else most + 1e-3)


@pytest.mark.parametrize("value", [0, 0.5, 1])
def test_a_number_is_from_0_to_the_highest(value):
    Setting(0.5, "a share", high=1).check("share", value)


@pytest.mark.parametrize("value", [-1e-9, 1.01, float("nan"), float("inf"), "0.5", None])
def test_a_number_beyond_is_refused(value):
    with pytest.raises(ArgumentError, match=f"^share must be a number of 0 to 1, not {value!r}$"):
        Setting(0.5, "a share", high=1).check("share", value)


@pytest.mark.parametrize("value", [-1e-9, float("nan"), float("inf"), "2"])
def test_a_number_without_a_highest_is_finite(value):
    Setting(2.0, "a power").check("power", 1e300)
    with pytest.raises(ArgumentError, match=f"^power must be a number of 0 or more, not {value!r}$"):
        Setting(2.0, "a power").check("power", value)


@pytest.mark.parametrize("value", ["sine?", 0, None])
def test_a_word_is_one_of_the_choices(value):
    Setting("sine", "a curve", ("sine", "linear")).check("curve", "linear")
    with pytest.raises(ArgumentError, match=f"^curve must be sine or linear, not {value!r}$".replace("?", r"\?")):
        Setting("sine", "a curve", ("sine", "linear")).check("curve", value)


def test_what_a_method_is_made_of_cannot_be_changed():
    method = METHODS.load("alas")
    for part, name in ((method, "first"), (method.stage, "recipe"), (method.stage.settings["tau"], "high")):
        with pytest.raises(FrozenInstanceError):
            setattr(part, name, None)


def test_parts_of_a_method_are_named():
    stage = METHODS.load("ce").stage
    with pytest.raises(TypeError, match="positional"):
        Stage(stage.loss, stage.equation)
    with pytest.raises(TypeError, match="positional"):
        Method("a method", "a paper", stage)
