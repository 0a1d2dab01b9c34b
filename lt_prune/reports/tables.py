"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lt_prune.percent import percent
from lt_prune.reports.aggregate import Row
from lt_prune.reports.plain import plain_ratio, plain_table
from lt_prune.reports.summary import (
    compare_results,
    summarise_scores,
    summarise_set,
    summarise_subset,
)
from lt_prune.reports.words import at_equal, kinds_of_equal, kinds_of_ranking, pruned_by, several
from lt_prune.runs import Evaluation, PlannedRun, TrainResult
from lt_prune.types import GROUPS, LongTailedSet, ScoreSet, Subset

BAR = 40
LARGEST_CONFUSION = 20
_MEASURES = [f">{name}" for name in (*GROUPS, "overall", "balanced", "macro F1", "ECE")]


def set_table(data: LongTailedSet) -> RenderableType:
    """Class counts of a set, with a bar a class."""
    summary = summarise_set(data)
    share = summary["built"].get("holdout")
    held_out = f"({share:g} of each class, held out) " if share else ""
    title = (
        f"{summary['name']}: {summary['n_samples']:,} training and {summary['n_test']:,} test {summary['kind']} "
        f"{held_out}of {' x '.join(map(str, summary['shape']))}, {len(summary['classes'])} classes, imbalance "
        f"{plain_ratio(summary['imbalance'])}"
    )
    table = plain_table("class", "group", ">samples", "")
    largest = max(row["count"] for row in summary["classes"])
    for row in summary["classes"]:
        table.add_row(row["class"], row["group"], f"{row['count']:,}", _bar(row["count"], largest))
    return Group(Text(title, style="bold"), table)


def scores_table(scores: ScoreSet, metric: str) -> RenderableType:
    """What a score file holds: summary, class means, histogram, hardest and easiest samples."""
    summary = summarise_scores(scores, metric)
    who, how = _made_by(scores, summary)
    head = f"{summary['name']}: {summary['n_samples']:,} samples, {who}, metrics {', '.join(summary['metrics'])}"
    over = "rows" if scores.origin else "members"
    spread = "" if summary["std"] is None else f", mean std over {over} {summary['std']:.4f}"
    details = (
        f"{how}\n{metric}: {summary['equation']}; {'higher' if summary['higher_is_harder'] else 'lower'} is harder; "
        f"mean {summary['mean']:.4f}{spread}"
    )
    return Group(
        Text(head, style="bold"),
        Text(details),
        _class_means(summary),
        _histogram(summary),
        _extremes("hardest", summary["hardest"]),
        _extremes("easiest", summary["easiest"]),
    )


def _made_by(scores: ScoreSet, summary: Mapping[str, Any]) -> tuple[str, str]:
    """Who made scores, in short, and all that is known of it."""
    if scores.origin:
        return several(summary["rows"], "row"), str(scores.origin)
    accuracy, one = summary["train_accuracy"], summary["members"] == 1
    reach = (
        f"the member reaches {percent(accuracy[0])}"
        if one
        else f"members reach {percent(min(accuracy))} to {percent(max(accuracy))}"
    )
    epochs, seconds = several(summary["recipe"]["epochs"], "epoch"), f"{summary['seconds']:.0f} s of training"
    each, summed = ("", "") if one else (" each", " summed over them")
    published = f"{scores.published}\n" if scores.published else ""
    members = several(summary["members"], "member")
    return f"means over {members} alone" if scores.published else members, (
        f"{published}{reach} on the training samples, {epochs}{each}, {seconds}{summed}"
    )


def subset_table(subset: Subset) -> RenderableType:
    """Class groups before and after a pruning."""
    summary = summarise_subset(subset)
    title = (
        f"{summary['name']} pruned by {subset.label}: removed {summary['n_removed']:,} of {summary['n_before']:,} "
        f"({subset.ratio:g}), kept {summary['n_kept']:,}"
    )
    table = plain_table("group", ">classes", ">before", ">kept", ">removed", ">removed %")
    rows = {
        **summary["groups"],
        "all": {"classes": len(summary["classes"]), "before": summary["n_before"], "kept": summary["n_kept"]},
    }
    for name, row in rows.items():
        removed = row["before"] - row["kept"]
        share = percent(removed / row["before"]) if row["before"] else "-"
        table.add_row(name, str(row["classes"]), f"{row['before']:,}", f"{row['kept']:,}", f"{removed:,}", share)
    imbalance = (
        f"imbalance {plain_ratio(summary['imbalance_before'])} before, {plain_ratio(summary['imbalance_after'])} after"
    )
    dropped = summary["options"].get("dropped", {})
    first = f"; taken out first: {', '.join(f'{number:,} {name}' for name, number in dropped.items())}" if dropped else ""
    return Group(Text(title, style="bold"), table, Text(imbalance + first))


def result_table(result: TrainResult) -> RenderableType:
    """Last-epoch results of one run."""
    spec, compared = result.spec, f", {at_equal(result.spec.equal)}" if result.subset else ""
    title = (
        f"{result.method} on {result.name} ({result.subset or 'whole set'}, {result.n_train:,} samples{compared}), "
        f"{_epochs(result)} of the recipe {spec.recipe.preset} in {result.seconds:.0f} s, {spec.prediction} prediction"
    )
    return Group(Text(title, style="bold"), evaluation_table(result.evaluation))


def evaluation_table(evaluation: Evaluation) -> Table:
    """Accuracy of head, middle, tail, all; balanced accuracy; macro F1; calibration error."""
    table = plain_table(*_MEASURES)
    table.add_row(*_accuracies(evaluation))
    return table


def settings_table(found: Sequence[tuple[Mapping[str, Any], Evaluation]]) -> Table:
    """The same by settings of the prediction."""
    table = plain_table(*(f">{name}" for name in found[0][0]), *_MEASURES)
    for settings, evaluation in found:
        table.add_row(*map(_plain, settings.values()), *_accuracies(evaluation))
    return table


def confusion_table(evaluation: Evaluation, class_names: Sequence[str]) -> RenderableType:
    """Test samples by true class (row) and predicted class (column); of more than 20 classes, only where it is written."""
    if len(class_names) > LARGEST_CONFUSION:
        return Text(f"the confusion matrix of {len(class_names)} classes is in the output of --json")
    table = plain_table("true class, predicted as", *(f">{number}" for number in range(len(class_names))))
    for number, (name, row) in enumerate(zip(class_names, np.asarray(evaluation.confusion))):
        table.add_row(f"{number} {name}", *(str(count) if count else "." for count in row))
    return table


def classes_pruned_table(rows: Sequence[dict[str, Any]]) -> Table:
    """A line for each row of `classes_pruned`."""
    table = plain_table("class", "group", ">before", ">kept", ">removed", ">removed %")
    for row in rows:
        share = percent(row["removed"] / row["before"]) if row["before"] else "-"
        table.add_row(row["class"], row["group"], *(f"{row[name]:,}" for name in ("before", "kept", "removed")), share)
    return table


def classes_tested_table(rows: Sequence[dict[str, Any]]) -> RenderableType:
    """A line for each row of `classes_tested`, or of `classes_compared`, with what each run had to train on."""
    names = list(rows[0]["accuracy"])
    kept = "kept" in rows[0]
    table = plain_table("class", "group", ">samples", *(f">{name}" for name in names))
    for row in rows:
        told = [_percent(row["accuracy"][name]) + (f" ({row['kept'][name]:,})" if kept else "") for name in names]
        table.add_row(row["class"], row["group"], f"{row['count']:,}", *told)
    title = "test accuracy (%) of each class" + (" (and its samples trained on)" if kept else "")
    return Group(Text(f"\n{title}", style="bold"), table)


def methods_table(rows: list[dict[str, Any]]) -> Table:
    """A line for each training method."""
    table = plain_table("method", "first stage", "prediction", "")
    for row in rows:
        table.add_row(row["name"], row["first"] or "-", row["prediction"], row["summary"])
    return table


def predictions_table(rows: list[dict[str, Any]]) -> Table:
    """A line for each predictor, with the defaults of its settings."""
    table = plain_table("prediction", "settings", "")
    for row in rows:
        table.add_row(row["name"], _defaults(row["settings"]) or "-", f"{row['equation']} ({row['paper']})")
    return table


def members_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """A line for each member of a family, rows as those of `members`; what none of them has is no column."""
    columns = {
        "name": [row["name"] for row in rows],
        "hard is": [{True: "high", False: "low"}.get(row["higher_is_harder"], "") for row in rows],
        "needs": [", ".join(row["needs"]) for row in rows],
        "settings": [_defaults(row["settings"]) for row in rows],
        "": [f"broken: {row['problem']}" if row["problem"] else row["what"] for row in rows],
        "paper": [row["paper"] for row in rows],
        "of": [row["origin"] for row in rows],
    }
    plain = {"lt-prune"} == set(columns["of"])
    told = {head: cells for head, cells in columns.items() if any(cells) and not (head == "of" and plain)}
    table = plain_table(*told)
    for cells in zip(*told.values()):
        table.add_row(*cells)
    return table


def _defaults(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_plain(setting['default'])}" for name, setting in settings.items())


def method_table(method: dict[str, Any]) -> RenderableType:
    """Stages and settings of a training method, and what was published."""
    parts: list[RenderableType] = [
        Text(f"{method['name']}: {method['summary']}", style="bold"),
        Text(f"{method['paper']}; {method['prediction']} prediction of {method['head']}"),
    ]
    for number, stage in enumerate(method["stages"], 1):
        fields = ", ".join(f"{name}={_plain(value)}" for name, value in stage["recipe"].items())
        parts += [Text(f"\nstage {number}: {stage['of']}", style="bold"), Text(f"loss: {stage['equation']}"), Text(fields)]
        parts += [_settings(stage["settings"])] * bool(stage["settings"])
    if method["prediction_settings"]:
        parts += [Text("\nprediction", style="bold"), _settings(method["prediction_settings"])]
    if method["published"]:
        names = list(method["published"][0])
        table = plain_table("data", *(f">{name}" for name in names[1:]))
        for row in method["published"]:
            table.add_row(*(_plain(row[name]) for name in names))
        parts += [Text("\npublished, and taken for the data most like one's own", style="bold"), table]
    return Group(*parts)


def _settings(settings: Mapping[str, Any]) -> Table:
    table = plain_table("setting", "default", "meaning")
    for name, setting in settings.items():
        choices = f" ({' or '.join(setting['choices'])})" if setting["choices"] else ""
        table.add_row(name, _plain(setting["default"]), setting["meaning"] + choices)
    return table


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ",".join(f"{number:g}" for number in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def comparison_table(name: str, results: tuple[TrainResult, ...], equal: str = "epochs") -> RenderableType:
    """Runs on the whole set and on its subsets, side by side; `equal` is what these have as many of."""
    table = plain_table(
        "trained on",
        ">kept",
        ">minimum class retention",
        *(f">{column}" for column in (*GROUPS, "overall", "balanced", "time saved")),
    )
    for row in compare_results(results):
        accuracies = [_percent(row[column]) for column in (*GROUPS, "overall", "balanced")]
        retention = percent(row["min_class_retention"], 0)
        table.add_row(row["trained_on"], f"{row['n_kept']:,}", retention, *accuracies, percent(row["time_saved"], 0))
    scaled = " on the whole set" if equal == "steps" else ""
    title = f"{name}: test accuracy (%) after the last of {_epochs(results[0])}{scaled}, {at_equal(equal)}"
    note = "minimum class retention: the share that the class which lost most has kept"
    return Group(Text(title, style="bold"), table, Text(note))


def results_table(rows: list[Row]) -> RenderableType:
    """Means over seeds, in percent but for the seconds, each with its deviation where there is one.

    What is the same in all rows stands in the title.
    """
    common = [name for name in ("name", "method", "prediction", "settings") if len({row[name] for row in rows}) == 1]
    own = [name for name in ("name", "method", "prediction", "settings") if name not in common]
    equals, rankings = kinds_of_equal(rows), kinds_of_ranking(rows)
    differing = ["at equal"] * (len(equals) > 1) + ["ensembles"] * (len(rankings) > 1)
    measures = (f">{name}" for name in (*GROUPS, "overall", "balanced", "ECE", "s"))
    table = plain_table("pruned by", ">ratio", *own, *differing, ">n", *measures, "")
    for row in rows:
        told = {"at equal": row["equal"] or "both", "ensembles": str(row["ensembles"] or "-")}
        accuracies = [_mean(row, name, 100, 2) for name in (*GROUPS, "overall", "balanced", "ece")]
        lacking = ", ".join(f"{row[name]} {name}" for name in ("failed", "missing") if row[name])
        known = [pruned_by(row), f"{row['ratio']:g}", *(row[name] for name in own), *(told[name] for name in differing)]
        table.add_row(*known, str(row["n"]), *accuracies, _mean(row, "seconds", 1, 1), lacking)
    parts = ["mean ± std over n runs (%, seconds)", *(rows[0][name] for name in common if rows[0][name])]
    parts += [at_equal(equals[0])] * (len(equals) == 1)
    notes = ["ratio: the fraction removed", *_ranking(rankings)]
    reasons = [Text(f"{row['name']}, {pruned_by(row)} {row['ratio']:g}, {why}") for row in rows for why in row["reasons"]]
    return Group(Text(", ".join(parts), style="bold"), table, Text("; ".join(notes)), *reasons)


def _ranking(kinds: Sequence[str]) -> list[str]:
    if len(kinds) > 1:
        return ["ensembles: how many ranked the runs of a row"]
    return [f"ranked by {kind}" for kind in kinds]


def _mean(row: Row, name: str, factor: int, digits: int) -> str:
    mean, deviation = row[f"{name}_mean"], row[f"{name}_std"]
    if mean is None:
        return "-"
    return f"{factor * mean:.{digits}f}" + ("" if deviation is None else f"±{factor * deviation:.{digits}f}")


def _class_means(summary: dict[str, Any]) -> Table:
    table = plain_table("class", "group", ">samples", f">mean {summary['metric']}", "")
    largest = max(row["mean"] or 0 for row in summary["classes"])
    for row in summary["classes"]:
        mean = "-" if row["mean"] is None else f"{row['mean']:.4f}"
        table.add_row(row["class"], row["group"], f"{row['count']:,}", mean, _bar(row["mean"] or 0, largest))
    return table


def _histogram(summary: dict[str, Any]) -> Table:
    table = plain_table(f">{summary['metric']} from", ">to", ">samples", "")
    edges, counts = summary["histogram"]["edges"], summary["histogram"]["counts"]
    for low, high, count in zip(edges, edges[1:], counts):
        table.add_row(f"{low:.4f}", f"{high:.4f}", f"{count:,}", _bar(count, max(counts)))
    return table


def _extremes(which: str, samples: list[dict[str, Any]]) -> Table:
    has_files = any("file" in sample for sample in samples)
    table = plain_table(which, "class", ">source index", ">score", ">std", *(["file"] if has_files else []))
    for sample in samples:
        table.add_row(
            sample["id"],
            sample["class"],
            str(sample["source_index"]),
            f"{sample['score']:.4f}",
            "-" if sample["std"] is None else f"{sample['std']:.4f}",
            *([sample["file"]] if has_files else []),
        )
    return table


def _accuracies(evaluation: Evaluation) -> list[str]:
    return [_percent(getattr(evaluation, name)) for name in (*GROUPS, "overall", "balanced", "macro_f1", "ece")]


def _bar(value: float, largest: float) -> str:
    return "█" * max(round(BAR * value / largest), 1) if largest and value > 0 else ""


def _epochs(run: PlannedRun) -> str:
    """For example 300 + 10 epochs, of two stages."""
    before = f"{run.spec.first.recipe.epochs:,} + " if run.spec.first else ""
    return before + several(run.spec.recipe.epochs, "epoch")


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f}"
