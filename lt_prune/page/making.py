"""How everything was made: facts in words, and the command that makes it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from lt_prune.percent import percent
from lt_prune.planning.again import build_again, prune_again, score_again, train_again
from lt_prune.planning.paths import set_path
from lt_prune.reports.aggregate import every_setting, rows_and_runs
from lt_prune.reports.words import pruned_by
from lt_prune.runs import PlannedRun, TrainResult
from lt_prune.types import SampleIndex, ScoreSet, Subset

SUBSET, SCORES = "SUBSET", "SCORES"
"""In place of a file that is not among those told of."""
Made = dict[str, Any]
"""A title, facts (name and text), and a command, "" where none makes it again."""


def making_told(
    index: SampleIndex,
    scores: Mapping[str, ScoreSet],
    subsets: Mapping[str, Subset],
    runs: Iterable[PlannedRun],
    *,
    streamed: bool,
) -> list[Made]:
    """What a page says of how the set, scores, subsets and runs were made, in this order.

    Args:
        scores, subsets: by their file.
        runs: all on the samples of the index.
        streamed: whether the set's images are read as they are needed, so that it has no file.
    """
    build = "" if streamed else build_again(index)
    data = str(set_path(index)) if build else index.source
    by_scores = {each.digest: file for file, each in scores.items()}
    by_subset = {each.digest: file for file, each in subsets.items()}
    made = [{"title": f"the set {index.name}", "facts": _of_set(index), "command": build}]
    made += [
        {"title": f"scores {file}", "facts": _of_scores(each), "command": score_again(each, data)}
        for file, each in scores.items()
    ]
    for file, each in subsets.items():
        ranked_by = by_scores.get(str(each.options.get("scores")), SCORES)
        like = by_subset.get(str(each.options.get("like")), SUBSET)
        command = prune_again(each, data, ranked_by, like)
        made.append({"title": f"subset {file}", "facts": _of_subset(each), "command": command})
    return made + [_of_runs(same, data, by_subset) for _, same in rows_and_runs(runs)]


def _of_set(index: SampleIndex) -> list[tuple[str, str]]:
    return [
        ("source", index.source),
        ("samples of the source", f"{index.source_size:,}"),
        *((name, str(value)) for name, value in {**index.built, **index.reading}.items()),
        ("groups", f"head [0, {index.groups[0]}), tail [{index.groups[1]}, {index.n_classes}) of the classes by count"),
        ("digest of the ids", index.digest),
    ]


def _of_scores(scores: ScoreSet) -> list[tuple[str, str]]:
    if scores.origin:
        return [("origin", str(scores.origin)), ("metrics", ", ".join(sorted(scores.metrics)))]
    folds = [("networks for label-noise", str(scores.held_out.folds))] if scores.held_out else []
    return [
        *([("scores", str(scores.published))] if scores.published else []),
        ("metrics", ", ".join(sorted(scores.metrics))),
        ("members", str(len(scores.seeds))),
        *folds,
        ("seed of the ensemble", str(scores.ensemble)),
        ("seeds of the members", ", ".join(map(str, scores.seeds))),
        ("recipe", _recipe(scores.recipe)),
        ("computed", ", ".join(dict.fromkeys(map(str, scores.arithmetic)))),
        ("training", f"{scores.seconds.sum():,.0f} s in all"),
        ("right about the training samples", ", ".join(percent(each) for each in scores.train_accuracy)),
        ("versions", _versions(scores.versions)),
        ("digest", scores.digest),
    ]


def _of_subset(subset: Subset) -> list[tuple[str, str]]:
    options = dict(subset.options)
    for name in ("force_keep", "force_drop"):
        if name in options:
            options[name] = f"{len(options[name]):,} samples: {', '.join(options[name])}"
    options["settings"] = ", ".join(f"{name}={value}" for name, value in options.get("settings", {}).items())
    return [
        ("strategy", subset.strategy),
        ("ratio removed", f"{subset.ratio:g}"),
        *((name, str(value)) for name, value in options.items() if value not in (None, "", {})),
        ("digest of the kept ids", subset.digest),
    ]


def _of_runs(same: Sequence[PlannedRun], data: str, by_subset: Mapping[str, str]) -> Made:
    """Runs that differ in nothing but the seed, and the command of the first."""
    first = same[0]
    results = [run for run in same if isinstance(run, TrainResult)]
    versions = list(dict.fromkeys(_versions(result.versions) for result in results))
    every = every_setting(first)
    spec = first.spec
    named = by_subset.get(str(spec.subset_digest), SUBSET) if spec.strategy else "none"
    label = pruned_by({"strategy": spec.strategy, "metric": spec.metric, "keep": spec.keep, "within": spec.within})
    return {
        "title": f"runs: {spec.method}, {label}" + (f", {percent(spec.ratio)} removed" if spec.strategy else ""),
        "facts": [
            ("seeds", ", ".join(str(run.seed) for run in same)),
            ("stages", "2" if spec.first else "1"),
            ("settings", ", ".join(f"{name}={value}" for name, value in every.items())),
            ("versions", "; ".join(versions)),
        ],
        "command": train_again(first, every, data, named),
    }


def _recipe(recipe: Any) -> str:
    return ", ".join(f"{name}={value}" for name, value in asdict(recipe).items()) if recipe else ""


def _versions(found: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in found.items())
