"""The command line and Python agree: names of options, their defaults, and what is refused, in the same words."""

from __future__ import annotations

import inspect
from dataclasses import fields
from itertools import product
from pathlib import Path

import click
import numpy as np
import pytest

import lt_prune as lp
from lt_prune.cli import main
from lt_prune.errors import ArgumentError
from lt_prune.steps.evaluate import open_run

NOT_FUNCTIONS = ("scores", "methods", "list")
FUNCTIONS = {name: getattr(lp, name.replace("-", "_")) for name in main.commands if name not in NOT_FUNCTIONS}
"""Commands that are functions, too."""
SAID_OTHERWISE = {
    "as_json": "--json",  # how a result is printed
    "per_class": "--per-class",
    "for_": "--for",  # a word of Python's own
    "assignments": "--set",  # NAME=VALUE, the keywords of Python's **settings
}
FIELDS = {field.name for field in fields(lp.Recipe)}
OF_PYTHON_ALONE = {"progress", "settings", "features", "test"}
GATHERED = {"compute": lp.Compute, "reading": lp.Reading, "grid": lp.Grid}
"""Keywords whose fields are options of their own."""
NOT_OFFERED = {
    **dict.fromkeys(
        ("score", "run", "sweep", "advise", "doctor"), ("n_threads",)
    ),  # one each, whatever the number of workers
    "train": ("workers",),
    **dict.fromkeys(
        ("evaluate", "plot"), ("workers", "n_threads", "precision", "compiled", "executor")
    ),  # they train nothing
}
"""Fields of these that a command has no use for."""
OF_THE_COMMAND_ALONE = {
    ("build", "device"),  # every command of the flow takes --device, so that a script may give it to all
    ("prune", "device"),
    *product(("score", "train", "run", "sweep"), ("log", "tensorboard")),  # of `shown_progress` in Python
    ("results", "figure"),  # `plot_results` in Python
}
OTHER_DEFAULTS = {
    ("train", "subset"),  # a script must not depend on which files happen to be there
    ("score", "metric"),  # a list of one there
}


def options(name: str) -> dict[str, click.Parameter]:
    return {parameter.name: parameter for parameter in main.commands[name].params}


def keywords(name: str) -> dict[str, inspect.Parameter]:
    """Keywords of a function, the fields of those that gather several in their place."""
    found: dict[str, inspect.Parameter] = {}
    for keyword, parameter in inspect.signature(FUNCTIONS[name]).parameters.items():
        parts = fields(GATHERED[keyword]) if keyword in GATHERED else ()
        found |= {part.name: parameter.replace(name=part.name, default=part.default) for part in parts}
        found |= {} if parts else {keyword: parameter}
    return {keyword: parameter for keyword, parameter in found.items() if keyword not in NOT_OFFERED.get(name, ())}


@pytest.mark.parametrize("command", FUNCTIONS)
def test_an_option_is_called_what_its_keyword_is_called(command):
    for name, parameter in options(command).items():
        if isinstance(parameter, click.Option) and name != "flip":
            assert parameter.opts == [SAID_OTHERWISE.get(name, f"--{name.replace('_', '-')}")]


@pytest.mark.parametrize("command", FUNCTIONS)
def test_an_option_of_the_command_is_a_keyword_of_the_function(command):
    taken = set(keywords(command))
    for name in options(command):
        known = name in taken or (name in FIELDS and "settings" in taken) or name in SAID_OTHERWISE
        assert known or (command, name) in OF_THE_COMMAND_ALONE, name


@pytest.mark.parametrize("command", FUNCTIONS)
def test_a_keyword_of_the_function_is_an_option_of_the_command(command):
    assert not set(keywords(command)) - set(options(command)) - OF_PYTHON_ALONE


@pytest.mark.parametrize("command", FUNCTIONS)
def test_defaults_are_the_same(command):
    context = click.Context(main.commands[command])
    for name, keyword in keywords(command).items():
        option = options(command).get(name)
        fixed = keyword.default is not keyword.empty and name not in ("out", "data")
        if not isinstance(option, click.Option) or not fixed or (command, name) in OTHER_DEFAULTS:
            continue
        default = option.get_default(context)
        default = option.process_value(context, default) if isinstance(default, str) else default
        same = list(default) == list(keyword.default) if isinstance(keyword.default, tuple) else default == keyword.default
        left_out = not isinstance(default, (str, int, float, list)) and keyword.default in (None, False)
        assert same or left_out, (name, default, keyword.default)


def seeds_of(text: str) -> list[int]:
    """What `sweep` takes a text for."""
    parent = click.Context(main, **main.context_settings)  # without which click keeps the command without its -h
    found: list[int] = main.commands["sweep"].make_context("sweep", ["--seeds", text], parent=parent).params["seeds"]
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0-4", [0, 1, 2, 3, 4]), ("3", [3]), ("7-7", [7]), ("0,1,7", [0, 1, 7]), (" 2 , 0 ", [2, 0]), ("-1", [-1])],
)
def test_seeds_are_named_one_by_one_or_from_the_first_to_the_last(text, expected):
    assert seeds_of(text) == expected


@pytest.mark.parametrize("text", ["", "4-0", "a", "0-", "1,,2", "0.5"])
def test_what_names_no_seeds_is_refused(text):
    with pytest.raises(click.BadParameter, match="are no seeds such as 0-4 or 0,1,2"):
        seeds_of(text)


# What there is not, and what is of another kind


@pytest.mark.parametrize(
    "step",
    [
        lambda **options: lp.score("digits", **options),
        lambda **options: lp.train("digits", **options),
        lambda **options: lp.run("digits", **options),
        lambda **options: lp.sweep("digits", **options),
    ],
    ids=["score", "train", "run", "sweep"],
)
@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"epoch": 1}, r"^unknown setting 'epoch' \(did you mean 'epochs'\?\): there are epochs, batch_size, "),
        ({"preset": "paper"}, "^unknown setting 'preset': there are epochs"),
        ({"epochs": "many"}, "^epochs must be a whole number, not 'many'$"),
        ({"epochs": 1.5}, r"^epochs must be a whole number, not 1\.5$"),
        ({"lr": "high"}, "^lr must be a number, not 'high'$"),
        ({"lr": True}, "^lr must be a number, not True$"),
        ({"flip": "yes"}, "^flip must be True or False, not 'yes'$"),
        ({"schedule": 3}, "^schedule must be a word, not 3$"),
        ({"milestones": 160}, r"^milestones must be a list of numbers such as \(160, 180\), not 160$"),
    ],
)
def test_a_setting_is_refused_by_the_same_sentence_everywhere(in_tmp, step, options, says):
    with pytest.raises(ArgumentError, match=says):
        step(**options)
    assert not list(in_tmp.iterdir())


PUBLIC = [name for name in lp.__all__ if inspect.isfunction(getattr(lp, name))]


@pytest.mark.parametrize("name", [*PUBLIC, "Compute", "Reading", "Recipe", "Grid"])
def test_an_unknown_keyword_is_refused_by_the_same_sentence_everywhere(in_tmp, name):
    of_settings = ("prune", "score", "train", "run", "sweep", "advise", "doctor", "evaluate", "evaluate_each")
    function = getattr(lp, name)
    parameters = inspect.signature(function).parameters.values()
    known = [each.name for each in parameters if each.kind is not each.VAR_POSITIONAL]
    required = {"run": "nowhere", "prediction": "tau-norm"} if name.startswith("evaluate") else {}
    with pytest.raises(ArgumentError) as refusal:
        function(**required, nonsense=1)
    assert str(refusal.value).startswith("unknown setting 'nonsense': there are ")
    if name not in of_settings:
        assert str(refusal.value) == f"unknown setting 'nonsense': there are {', '.join(known) or 'none'}"
    assert not list(in_tmp.iterdir())


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: lp.run("digits", epoch=1), "unknown setting 'epoch' (did you mean 'epochs'?): there are epochs, "),
        (lambda: lp.run("digits", ratios=0.5), "unknown setting 'ratios' (did you mean 'ratio'?): there are epochs, "),
        (
            lambda: lp.prune("digits", ratios=0.5),
            "unknown setting 'ratios' (did you mean 'ratio'?): there are none",
        ),
        (lambda: lp.results("runs", output=1), "unknown setting 'output' (did you mean 'out'?): there are out"),
        (lambda: lp.train("digits", metod="atl"), "unknown setting 'metod' (did you mean 'method'?): there are epochs, "),
        (lambda: lp.sweep("digits", seed=[1]), "unknown setting 'seed' (did you mean 'seeds'?): there are epochs, "),
        (
            lambda: lp.score("digits", metrics="avh"),
            "unknown setting 'metrics' (did you mean 'metric'?): there are epochs, ",
        ),
        (
            lambda: lp.evaluate("run", prediction="linear", subsets="x"),
            "unknown setting 'subsets' (did you mean 'subset'?): there are none",
        ),
        (lambda: lp.Compute(worker=2), "unknown setting 'worker' (did you mean 'workers'?): there are device, precision, "),
        (lambda: lp.Grid(seed=[1]), "unknown setting 'seed' (did you mean 'seeds'?): there are strategies, metrics, "),
    ],
    ids=["run", "a ratio of run", "prune", "results", "train", "sweep", "score", "evaluate", "Compute", "Grid"],
)
def test_the_nearest_keyword_is_named(call, says):
    with pytest.raises(ArgumentError) as refusal:
        call()
    assert str(refusal.value).startswith(says)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: lp.sweep("digits", ratios=[0.5]), "ratios is a field of Grid: give grid=Grid(ratios=...)"),
        (lambda: lp.sweep("digits", lp.Grid(), seeds=[0]), "seeds is a field of Grid: give grid=Grid(seeds=...)"),
        (lambda: lp.train("digits", device="cpu"), "device is a field of Compute: give compute=Compute(device=...)"),
        (lambda: lp.run("digits", workers=2), "workers is a field of Compute: give compute=Compute(workers=...)"),
        (lambda: lp.score("digits", resize=8), "resize is a field of Reading: give reading=Reading(resize=...)"),
        (lambda: lp.build("digits", holdout=0), "holdout is a field of Reading: give reading=Reading(holdout=...)"),
        (
            lambda: lp.evaluate("run", prediction="abs", device="cpu"),
            "device is a field of Compute: give compute=Compute(device=...)",
        ),
    ],
    ids=["sweep", "sweep of a grid", "train", "run", "score", "build", "evaluate"],
)
def test_a_field_in_place_of_the_value_that_it_belongs_to_is_refused_by_saying_so(in_tmp, call, says):
    with pytest.raises(ArgumentError) as refusal:
        call()
    assert str(refusal.value) == says
    assert not list(in_tmp.iterdir())


def test_numbers_of_numpy_are_numbers(blobs):
    small = {
        "epochs": np.int64(1),
        "batch_size": np.int32(16),
        "model": "resnet8",
        "lr": np.float32(0.25),
        "flip": np.bool_(True),
        "milestones": [0.5],
    }
    result = lp.train(blobs(), compute=lp.Compute(device="cpu"), **small)
    recipe = result.spec.recipe
    assert (recipe.epochs, recipe.batch_size, recipe.lr, recipe.milestones) == (1, 16, 0.25, (0.5,))


@pytest.fixture
def data(blobs) -> lp.LongTailedSet:
    return blobs()


A_SET = "data must be a set, a set file, or SOURCE[:PATH], not "
CALLS = {
    "a number for data": (lambda data: lp.score(3), f"{A_SET}3"),
    "an array for data": (lambda data: lp.train(data.pixels), f"{A_SET}a ndarray"),
    "an index for data": (lambda data: lp.score(data.index), f"{A_SET}a SampleIndex"),
    "a set to build": (lambda data: lp.build(data), "data must be SOURCE[:PATH] or a data set of PyTorch, not a LongT"),
    "a mask for a subset": (
        lambda data: lp.train(data, subset=np.ones(45, bool)),
        "subset must be a Subset or the path of its file, not a ndarray",
    ),
    "a number for a subset": (
        lambda data: lp.export(3, "kept.npy"),
        "subset must be a Subset or the path of its file, not 3",
    ),
    "an array for scores": (
        lambda data: lp.prune(data, ratio=0.5, scores=np.zeros(45)),
        "scores must be a ScoreSet or the path of its file, not a ndarray",
    ),
    "a number for a run": (lambda data: lp.evaluate(3), "run must be the folder of a run, not 3"),
    "a number for a run to plot": (lambda data: lp.plot(3), "run must be the folder of a run, not 3"),
    "a number for a first stage": (lambda data: lp.train(data, method="alas", from_run=3), "from_run must be a path, not 3"),
    "a number for a folder": (lambda data: lp.train(data, out=3), "out must be a path, not 3"),
    "a number for a file": (lambda data: lp.read_subset(3), "path must be a path, not 3"),
    "no subset to write": (lambda data: lp.write_subset("mine.h5", data), "subset must be a Subset, not a LongTailedSet"),
    "no scores to write": (lambda data: lp.write_scores("mine.h5", 3), "scores must be a ScoreSet, not 3"),
    "no set to write": (lambda data: lp.write_set("mine.h5", 3), "data must be a LongTailedSet, not 3"),
    "no subset for torch": (lambda data: lp.torch_subset("mine.h5", data), "subset must be a Subset, not 'mine.h5'"),
    "words for weights": (lambda data: lp.plot_head("no", [1]), "weight must be an array of numbers, not a str"),
    "a word for a ratio": (lambda data: lp.prune(data, ratio="half"), "ratio must be a number, not 'half'"),
    "a word for members": (lambda data: lp.score(data, members="ten"), "members must be a whole number or auto, not 'ten'"),
    "a number that no memory has room for": (
        lambda data: lp.score(data, members=10**9),
        "members must be at most 10,000, not",
    ),
    "a seed that no score file can keep": (lambda data: lp.score(data, seed=10**30), "seed must be at most 9,223,372,"),
    "more folds than there is memory for": (lambda data: lp.score(data, folds=10**9), "folds must be at most 10,000, not"),
    "such a number in a grid": (lambda data: lp.Grid(members=10**9), "members must be at most 10,000, not 1000000000"),
    "such a number to compare": (lambda data: lp.run(data, members=10**9), "members must be at most 10,000"),
    "a name that no file has": (
        lambda data: lp.train(data, out=f"runs/{'n' * 300}"),
        "out has a name of 300 letters, and a file's has up to 255 bytes",
    ),
    "a word for a seed": (lambda data: lp.train(data, seed="one"), "seed must be a whole number, not 'one'"),
    "one strategy for several": (
        lambda data: lp.Grid(strategies="random"),
        'strategies must be a list of words such as ["one", "two"], not \'random\'',
    ),
    "one ratio for several": (
        lambda data: lp.Grid(ratios=0.5),
        "ratios must be a list of numbers such as [0.1, 0.2], not 0.5",
    ),
    "a list for a grid": (lambda data: lp.sweep(data, ["random"]), "grid must be a Grid, not ['random']"),
    "no fields for a grid": (lambda data: lp.sweep(data, {}), "grid must be a Grid, not {}"),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_is_no_array_path_or_record_is_refused_by_a_sentence(data, in_tmp, name):
    call, says = CALLS[name]
    with pytest.raises(ArgumentError) as refusal:
        call(data)
    assert says in str(refusal.value)
    assert not list(in_tmp.iterdir())


# The subset to train on


@pytest.fixture
def subset_file(data, in_tmp) -> Path:
    lp.prune(data, strategy="random", ratio=0.4, out="subsets/mine.h5")
    return Path("subsets/mine.h5")


SMALL = {"epochs": 1, "model": "resnet8", "batch_size": 16, "compute": lp.Compute(device="cpu")}


@pytest.mark.parametrize(
    ("asked", "n_train"), [({}, 45), ({"subset": None}, 45), ({"subset": "none"}, 45), ({"subset": "auto"}, 27)]
)
def test_a_script_trains_on_a_file_that_is_there_only_where_it_says_so(data, subset_file, asked, n_train):
    assert lp.train(data, **asked, **SMALL).n_train == n_train


def test_auto_is_the_whole_set_where_there_is_no_subset(data, in_tmp):
    assert lp.train(data, subset="auto", **SMALL).n_train == 45


def test_auto_asks_for_a_name_where_there_are_several(data, subset_file):
    lp.prune(data, strategy="random", ratio=0.2, out="subsets/other.h5")
    with pytest.raises(ArgumentError, match="there are 2 subsets of blobs"):
        lp.train(data, subset="auto", **SMALL)


def test_an_exported_subset_may_be_named_by_its_file(subset_file):
    lp.export(subset_file, "kept.json")
    lp.export(lp.read_subset(subset_file), "same.json")
    assert Path("kept.json").read_bytes() == Path("same.json").read_bytes()


# A run that is opened


@pytest.mark.parametrize(
    "ignored",
    [{"data": "digits"}, {"compute": lp.Compute(device="cpu")}, {"reading": lp.Reading(resize=8)}],
    ids=lambda ignored: next(iter(ignored)),
)
def test_an_opened_run_refuses_what_it_would_ignore(data, in_tmp, ignored):
    lp.train(data, out="run", **SMALL)
    opened = open_run("run", data)
    assert lp.evaluate(opened, prediction="angular").n_test == 40
    with pytest.raises(
        ArgumentError, match=f"^the run is opened already: leave out {next(iter(ignored))}, or give it to open_run$"
    ):
        lp.evaluate(opened, **ignored)
