from __future__ import annotations

import sys
import types
from dataclasses import FrozenInstanceError, fields
from importlib.metadata import EntryPoint

import pytest

import lt_prune.registry
from lt_prune.data.sources import SOURCES
from lt_prune.errors import LtPruneError, UnknownNameError
from lt_prune.methods import METHODS
from lt_prune.metrics import METRICS
from lt_prune.registry import Registry
from lt_prune.strategies import STRATEGIES

GROUP = "lt_prune.colours"


@pytest.fixture
def plugins(monkeypatch):
    """Offer entry points of the group: plugins(name="module:attribute")."""

    def offer(*points: tuple[str, str]) -> None:
        offered = [EntryPoint(name, value, GROUP) for name, value in points]
        monkeypatch.setattr(lt_prune.registry, "entry_points", lambda group: offered if group == GROUP else [])

    offer()
    return offer


def colours() -> Registry:
    return Registry("colour", GROUP, {"red": "string:digits", "blue": "no_such_module:blue"})


def test_a_member_is_the_attribute_of_its_module(plugins):
    assert colours().load("red") == "0123456789"


def test_names_come_in_the_order_of_registration(plugins):
    plugins(("amber", "string:hexdigits"))
    assert colours().names == ["red", "blue", "amber"]


def test_listing_and_checking_import_nothing(plugins):
    registry = colours()
    registry.check("blue")
    assert "blue" in registry.names
    assert "no_such_module" not in sys.modules


def test_an_unknown_name_lists_the_names_there_are(plugins):
    with pytest.raises(UnknownNameError, match=r"^unknown colour 'zzz': there are red, blue$"):
        colours().load("zzz")


def test_a_near_name_is_suggested(plugins):
    with pytest.raises(UnknownNameError, match=r"did you mean 'blue'\?"):
        colours().check("bleu")


def test_an_unknown_name_is_a_usage_error(plugins):
    with pytest.raises(UnknownNameError) as caught:
        colours().check("zzz")
    assert caught.value.exit_code == 2


def test_a_plugin_member_loads(plugins, monkeypatch):
    module = types.ModuleType("my_colours")
    module.green = object()
    monkeypatch.setitem(sys.modules, "my_colours", module)
    plugins(("green", "my_colours:green"))
    assert colours().load("green") is module.green


def test_a_plugin_member_may_be_an_attribute_of_an_object(plugins, monkeypatch):
    # The entry point specification allows "module:object.attribute".
    module = types.ModuleType("my_colours")
    module.Palette = types.SimpleNamespace(green="#0f0")
    monkeypatch.setitem(sys.modules, "my_colours", module)
    plugins(("green", "my_colours:Palette.green"))
    assert colours().load("green") == "#0f0"


def test_a_plugin_may_not_replace_a_member(plugins):
    plugins(("red", "my_colours:red"))
    with pytest.raises(LtPruneError, match=r"colour 'red' is offered twice, by string:digits and by my_colours:red"):
        colours().load("red")


def test_two_plugins_may_not_share_a_name(plugins):
    plugins(("green", "one:green"), ("green", "two:green"))
    with pytest.raises(LtPruneError, match=r"'green' is offered twice, by one:green and by two:green"):
        _ = colours().names


FAMILIES = {
    "data source": (SOURCES, "lt_prune.sources", "digits fashion-mnist cifar10 cifar100 folder npz"),
    "metric": (METRICS, "lt_prune.metrics", "el2n avh"),
    "strategy": (STRATEGIES, "lt_prune.strategies", "random class-random ranked"),
    "training method": (
        METHODS,
        "lt_prune.methods",
        "ce mixup focal cb ldam-drw balanced-softmax logit-adjust crt lws mislas l2a abs aem alas atl",
    ),
}
"""What README.md promises of each family: how messages call a member, the group of entry points, and the names."""
every_family = pytest.mark.parametrize("kind", FAMILIES)


@every_family
def test_every_member_of_every_family_loads(kind):
    for name in FAMILIES[kind][0].names:
        assert FAMILIES[kind][0].load(name), name


@every_family
def test_every_family_has_the_members_that_are_promised(kind):
    family, _, names = FAMILIES[kind]
    assert family.names[: len(names.split())] == names.split()


@every_family
def test_every_family_is_open_to_plugins_of_its_own_group(kind, monkeypatch):
    family, group, _ = FAMILIES[kind]
    asked = []
    monkeypatch.setattr(lt_prune.registry, "entry_points", lambda group: asked.append(group) or [])
    _ = Registry(family.kind, family.group, {}).names
    assert asked == [group]


@every_family
def test_every_family_calls_its_members_what_they_are(kind):
    with pytest.raises(UnknownNameError, match=f"^unknown {kind} 'zzz': there are "):
        FAMILIES[kind][0].check("zzz")


@pytest.mark.parametrize("kind", ["metric", "strategy", "training method"])
def test_what_a_member_promises_cannot_be_changed(kind):
    for name in FAMILIES[kind][0].names:
        member = FAMILIES[kind][0].load(name)
        with pytest.raises(FrozenInstanceError):
            setattr(member, fields(member)[0].name, None)
