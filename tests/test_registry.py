from __future__ import annotations

import sys
import types
from dataclasses import FrozenInstanceError, fields
from importlib.metadata import EntryPoint

import pytest

import lt_prune.registry
from lt_prune.budgets import BUDGETS
from lt_prune.data.sources import SOURCES
from lt_prune.engine.executors import EXECUTORS
from lt_prune.errors import ArgumentError, MemberError, UnknownNameError
from lt_prune.methods import METHODS
from lt_prune.metrics import METRICS
from lt_prune.registry import Registry
from lt_prune.selections import SELECTIONS
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


def test_a_plugin_may_not_replace_a_member_and_stops_no_other(plugins):
    plugins(("red", "my_colours:red"), ("amber", "string:hexdigits"))
    registry = colours()
    with pytest.warns(UserWarning, match=r"^colour 'red' of my_colours:red is left out, as lt-prune has one of that name"):
        assert registry.load("red") == "0123456789"
    assert registry.names == ["red", "blue", "amber"]


def test_two_plugins_may_not_share_a_name_and_stop_no_other(plugins):
    plugins(("green", "one:green"), ("green", "two:green"), ("amber", "string:hexdigits"))
    registry = colours()
    assert registry.load("amber").startswith("0123456789")
    with pytest.raises(MemberError, match=r"^colour 'green' is offered twice, by one:green and by two:green"):
        registry.load("green")


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("no_such_colours:green", "ModuleNotFoundError: No module named 'no_such_colours'"),
        ("string:green", "AttributeError: module 'string' has no attribute 'green'"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_stops_only_itself(plugins, target, reason):
    plugins(("green", target), ("amber", "string:hexdigits"))
    registry = colours()
    assert registry.load("amber")
    assert registry.load("red")
    with pytest.raises(MemberError, match=f"^colour 'green' cannot be loaded from {target}: {reason}$") as refusal:
        registry.load("green")
    assert refusal.value.member == "green"


def whole(found: object) -> int:
    if not isinstance(found, int):
        raise ValueError(f"must be a whole number, not {found!r}")
    return found


def test_a_member_is_what_its_family_accepts(plugins):
    plugins(("pi", "math:pi"), ("size", "sys:maxsize"))
    registry = Registry("number", GROUP, {}, whole)
    assert registry.load("size") == sys.maxsize
    with pytest.raises(MemberError, match=r"^number 'pi' \(math:pi\) must be a whole number, not 3.14"):
        registry.load("pi")


def test_a_member_can_be_registered_and_replaced(plugins):
    registry = Registry("number", GROUP, {"one": "math:pi"}, whole)
    registry.register("seven", 7)
    assert (registry.names, registry.load("seven"), registry.is_own("seven")) == (["one", "seven"], 7, False)
    registry.register("seven", 8)
    assert registry.load("seven") == 8
    with pytest.raises(MemberError, match=r"^number 'seven' \(what was registered\) must be a whole number, not 'x'$"):
        registry.register("seven", "x")
    assert registry.load("seven") == 8


@pytest.mark.parametrize("name", ["red", "green"])
def test_what_is_registered_takes_no_name_that_is_there(plugins, name):
    plugins(("green", "one:green"))
    with pytest.raises(ArgumentError, match=f"^there is a colour '{name}' already: choose another name$"):
        colours().register(name, "#f00")


UNFIT = ["", "../red", "a b", "-red", "a/b", "dark-red"]
"""As parts of a file's name, which hyphens join."""


@pytest.mark.parametrize("name", [*UNFIT, 3, ["red"]])
def test_what_is_registered_can_be_a_part_of_a_files_name(plugins, name):
    with pytest.raises(ArgumentError, match=r"as a name in files must be of letters, digits and _: choose another name$"):
        colours().register(name, "#f00")


@pytest.mark.parametrize("name", UNFIT)
def test_what_a_package_offers_can_be_a_part_of_a_files_name_and_stops_no_other(plugins, name):
    plugins((name, "my_colours:red"), ("amber", "string:hexdigits"))
    registry = colours()
    with pytest.warns(UserWarning, match="is left out, as a name in files must be of letters, digits and _: rename it$"):
        assert registry.names == ["red", "blue", "amber"]


def test_a_new_name_does_not_look_like_a_seed(plugins):
    with pytest.raises(ArgumentError, match="'seed2' cannot be registered, as names of files end in a seed so: choose"):
        colours().register("seed2", "#f00")


def test_a_new_name_does_not_begin_one_of_ours(plugins):
    # A strategy "class" that ranks by a metric "random" would have the files of "class-random".
    with pytest.raises(ArgumentError, match="'class' cannot be registered, as the name 'class-random' begins with it"):
        STRATEGIES.register("class", lambda request: request.labels >= 0)
    STRATEGIES.register("classes", lambda request: request.labels >= 0)


FAMILIES = {
    "data source": (
        SOURCES,
        "lt_prune.sources",
        "digits fashion-mnist cifar10 cifar100 list folder huggingface npz features",
    ),
    "metric": (
        METRICS,
        "lt_prune.metrics",
        "el2n avh margin entropy loss confidence self-confidence grand-last grand forgetting aum mean-confidence "
        "variability dyn-unc dual tdds class-median prototypes zcore knn-density typicality",
    ),
    "strategy": (
        STRATEGIES,
        "lt_prune.strategies",
        "random class-random ranked ccs ccs-cp drop dual nucs rcap d2",
    ),
    "budget": (
        BUDGETS,
        "lt_prune.budgets",
        "global proportional sqrt equal floor drop drop-code nucs ccs-cp rcap like",
    ),
    "selection": (
        SELECTIONS,
        "lt_prune.selections",
        "random hard easy window strata weighted infobatch beta moderate k-center herding d2",
    ),
    "training method": (
        METHODS,
        "lt_prune.methods",
        "ce mixup focal cb ldam-drw balanced-softmax logit-adjust tde bbn crt lws mislas l2a abs aem alas atl",
    ),
    "executor": (EXECUTORS, "lt_prune.executors", "session processes cuda"),
}
"""What docs/ promises of each family: how messages call a member, the group of entry points, and the names."""
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


@pytest.mark.parametrize("kind", ["metric", "strategy", "budget", "selection", "training method", "executor"])
def test_what_a_member_promises_cannot_be_changed(kind):
    for name in FAMILIES[kind][0].names:
        member = FAMILIES[kind][0].load(name)
        with pytest.raises(FrozenInstanceError):
            setattr(member, fields(member)[0].name, None)
