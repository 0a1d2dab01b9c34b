"""Commands that make a set, scores, a subset or a run again, with all that decided them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from lt_prune.choices import PUBLISHED
from lt_prune.config.reading import as_options
from lt_prune.data.spec import OF_PYTHON, parse_spec
from lt_prune.errors import LtPruneError
from lt_prune.planning.commands import score_command
from lt_prune.planning.paths import set_path
from lt_prune.planning.recipes import setting_names
from lt_prune.runs import PlannedRun
from lt_prune.strategies.named import split_name
from lt_prune.types import SampleIndex, ScoreSet, Subset

_FREE = ("recall", "features", "force_keep", "force_drop")
"""What a subset was given besides words and numbers, in a file that only whoever gave it knows."""


def build_again(index: SampleIndex) -> str:
    """`lt-prune build` for a set; "" of a data set of Python's, which no command opens."""
    if index.source.startswith(f"{OF_PYTHON}:"):
        return ""
    built = index.built
    parts = ["lt-prune build", _option("data", index.source)]
    if not _names_cut(index.source):
        parts += [_option(name, built[name]) for name in ("profile", "imbalance") if built.get(name) is not None]
    parts += [_option("largest", built["largest"])] if built.get("largest") else []
    parts += [_option("selection", built["selection"])] if built.get("selection", "content") != "content" else []
    parts += [_option("groups", ",".join(map(str, index.groups)))]
    parts += [_option("seed", built["seed"])] if built.get("seed") else []
    parts += [as_options(index.reading)] if index.reading else []
    return " ".join([*parts, _option("out", set_path(index))])


def score_again(scores: ScoreSet, data: str) -> str:
    """`lt-prune score` for scores of what is named as data; "" of those made elsewhere."""
    if scores.origin or not scores.recipe:
        return ""
    names = sorted(scores.metrics, key=lambda name: (name != scores.shown, name))
    parts = [
        score_command(data, {}, seed=scores.ensemble or 0, recipe=scores.recipe),
        _option("metric", ",".join(names)),
        _option("members", len(scores.seeds)),
    ]
    parts += [_option("folds", scores.held_out.folds)] if scores.held_out else []
    return " ".join(parts)


def prune_again(subset: Subset, data: str, scores: str, like: str) -> str:
    """`lt-prune prune` for a subset; "" of a strategy of another package that is not here.

    Args:
        data, scores, like: what to name as data, scores and, where its class counts were taken, another subset.
    """
    try:
        options, (names, assignments) = subset.options, split_name(subset.strategy)
    except LtPruneError:
        return ""
    settings = dict(assignment.split("=", 1) for assignment in assignments)
    others = {"as", "noisy", "duplicates", *_FREE}
    parts = ["lt-prune prune", _option("data", data), _option("ratio", repr(subset.ratio))]
    if names[0] == "like":
        parts += [_option("budget", f"like:{like}"), _option("select", names[1])]
    else:
        parts += [_option("strategy", "+".join(names))]
    parts += [f"--set {shlex.quote(f'{name}={value}')}" for name, value in settings.items() if name not in others]
    parts += [_option("scores", PUBLISHED if "published" in options else scores)] if "scores" in options else []
    parts += [_option(name, options[name]) for name in ("metric", "keep", "within", "drop") if _is_given(subset, name)]
    parts += [f"{_flag(name)} FILE" for name in _FREE if name in settings or name in options]
    parts += [_option("seed", options["seed"])] if options.get("seed") else []
    return " ".join([*parts, *(["--allow-empty-class"] if options.get("allow_empty_class") else [])])


def _is_given(subset: Subset, name: str) -> bool:
    """Whether an option was given: the metric that told the recall was not."""
    ranks = subset.options.get("selection", "hard") != "random" or "keep" in subset.options
    return subset.options.get(name) is not None and (name != "metric" or ranks)


def train_again(run: PlannedRun, every: Mapping[str, Any], data: str, subset: str) -> str:
    """`lt-prune train` for a run.

    Args:
        every: all settings of it, by the names that `lt_prune.train` takes.
        data, subset: what to name as these.
    """
    spec = run.spec
    parts = ["lt-prune train", _option("data", data), _option("subset", subset), _option("method", spec.method)]
    parts += [_option("prediction", spec.prediction), _option("equal", spec.equal), _option("seed", spec.seed)]
    parts += [_option("recipe", every["recipe"])]
    try:
        known = setting_names(spec.method, spec.prediction)
    except LtPruneError:  # a method of another package that is not here
        known = {}
    parts += ["--weights FILE"] if every.get("weights") else []
    parts += ["--freeze"] if every.get("freeze") else []
    given = {name: value for name, value in every.items() if name in known and name not in ("weights", "freeze")}
    return " ".join([*parts, *(f"--set {shlex.quote(f'{name}={_text(value)}')}" for name, value in given.items())])


def _names_cut(source: str) -> bool:
    try:
        return parse_spec(source).profile is not None
    except LtPruneError:  # its place is not here
        return False


def _option(name: str, value: object) -> str:
    return f"{_flag(name)} {shlex.quote(str(value))}"


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _text(value: object) -> str:
    """As `--set` takes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
