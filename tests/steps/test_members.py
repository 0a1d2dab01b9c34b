from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import EntryPoint

import pytest
from typed import lt, ok

import lt_prune as lp
from lt_prune import choices
from lt_prune.errors import ArgumentError
from lt_prune.metrics import METRICS
from lt_prune.steps.register import FAMILIES
from lt_prune.strategies import STRATEGIES


def by_name(family: str) -> dict[str, lp.FamilyMember]:
    return {member.name: member for member in lp.members(family)}


@pytest.mark.parametrize("family", choices.FAMILIES)
def test_every_member_of_ours_says_what_it_is(family):
    found = lp.members(family)
    assert [member.name for member in found] in [registry.names for registry in FAMILIES.values()]
    assert all(member.what and not member.problem for member in found if member.origin == "lt-prune")


@pytest.mark.parametrize("family", ["metrics", "budgets", "selections", "strategies", "methods", "predictors"])
def test_what_comes_from_a_paper_names_it(family):
    without = {member.name for member in lp.members(family) if not member.paper}
    assert without <= {"like", "linear", "random", "hard", "easy"}


def test_a_metric_says_which_end_is_hard_and_what_it_needs():
    found = by_name("metrics")
    said = {name: (found[name].higher_is_harder, found[name].needs) for name in ("avh", "aum", "grand", "typicality")}
    assert said == {
        "avh": (True, ("outputs",)),
        "aum": (False, ("record",)),
        "grand": (True, ("network",)),
        "typicality": (False, ("features",)),
    }


def test_settings_and_needs_are_those_of_the_member():
    assert by_name("selections")["window"].settings["window"].default == 0.1
    assert by_name("budgets")["drop"].needs == ("recall",)
    assert by_name("strategies")["ccs"].what == "global + strata"
    assert by_name("methods")["mislas"].needs == ("a run of mixup",)
    assert by_name("models")["linear"].needs == ("embeddings",)


def test_a_member_of_this_process_is_among_them():
    lp.register("metric", "mine", lambda logits, labels: logits[:, 0])
    lp.register("strategy", "first", lambda request: request.labels < 0)
    assert by_name("metrics")["mine"].origin == "this process"
    assert by_name("strategies")["first"].origin == "this process"


@pytest.mark.parametrize(
    ("targets", "says"),
    [
        (["no_such_module:metric"], "cannot be loaded from no_such_module:metric: ModuleNotFoundError"),
        (["json:dumps", "json:loads"], "is offered twice, by json:dumps and by json:loads"),
        (["lt_prune.metrics:NEEDS"], "must be a function of logits and labels"),
    ],
    ids=["absent", "twice", "no metric"],
)
def test_a_broken_one_says_why_and_stops_nothing(monkeypatch, targets, says):
    monkeypatch.setitem(METRICS._offered, "broken", targets)
    found = by_name("metrics")
    assert says in found["broken"].problem
    assert found["broken"].origin == targets[0]
    assert [name for name, member in found.items() if member.problem] == ["broken"]
    listed = ok("list metrics")
    [line] = [line for line in listed.stdout.splitlines() if line.startswith("broken ")]
    assert "json" in line or "no_such" in line or "lt_prune" in line
    assert "avh" in listed.stdout


@pytest.fixture
def misnamed(monkeypatch) -> Iterator[None]:
    """A package offers metrics, two of which cannot have their names."""
    points = [EntryPoint(name, f"theirs:{name}", METRICS.group) for name in ("avh", "a-b")]
    points.append(EntryPoint("plain", "lt_prune.metrics.avh:avh", METRICS.group))
    monkeypatch.setattr("lt_prune.registry.entry_points", lambda group: points if group == METRICS.group else [])
    for name in ("_offered", "_left_out", "_points"):
        monkeypatch.delitem(vars(METRICS), name, raising=False)
    monkeypatch.setattr(METRICS, "_is_told", False)
    yield
    for name in ("_offered", "_left_out", "_points"):
        vars(METRICS).pop(name, None)


def test_one_that_cannot_have_its_name_is_a_row_and_no_warning(misnamed):
    said = ok("list metrics")
    assert said.stderr == ""
    told = [line.split()[0] for line in said.stdout.splitlines() if "broken: left out" in line]
    assert told == ["avh", "a-b"]
    found = {(member.name, member.origin): member.problem for member in lp.members("metrics") if member.problem}
    assert found == {
        ("avh", "theirs:avh"): "left out, as lt-prune has one of that name: rename it",
        ("a-b", "theirs:a-b"): "left out, as a name in files must be of letters, digits and _: rename it",
    }
    assert by_name("metrics")["plain"].problem == ""


def test_where_it_is_not_listed_a_warning_tells_of_it(misnamed):
    with pytest.warns(UserWarning, match=r"^metric '(avh|a-b)' of theirs:\1 is left out, as .+: rename it$") as told:
        METRICS.check("avh")
    assert len(told) == 2


def test_one_that_fails_when_it_is_asked_is_broken_too(monkeypatch):
    class Odd:
        takes_ends = False

        def __call__(self, request: object) -> None: ...

        @property
        def needs(self) -> tuple[str, ...]:
            raise RuntimeError("what is wrong")

        def parts(self, keep: str, within: str) -> None: ...

        settings: dict[str, object] = {}  # noqa: RUF012

    monkeypatch.setitem(STRATEGIES.registered, "odd", Odd())
    assert by_name("strategies")["odd"].problem == "RuntimeError: what is wrong"


@pytest.mark.parametrize("family", choices.FAMILIES)
def test_the_command_prints_the_same(family):
    said = json.loads(ok(f"list {family} --json").stdout)
    assert said[family] == json.loads(json.dumps([asdict(member) for member in lp.members(family)]))
    table = ok(f"list {family}").stdout
    assert all(any(line.startswith(member.name) for line in table.splitlines()) for member in lp.members(family))


def test_there_is_no_other_family():
    with pytest.raises(ArgumentError, match=r"^family must be metrics or budgets or .*, not 'metric'$"):
        lp.members("metric")
    assert lt("list metric").exit_code == 2
