"""What each figure of a trained run shows, most of them class by class: a function a figure, in the table `FIGURES`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy import stats
from torch import Tensor

from lt_prune.engine.fitting import Fitting
from lt_prune.engine.opened import OpenRun
from lt_prune.engine.predict import outputs_of
from lt_prune.errors import ArgumentError
from lt_prune.figures.by_class import Drawing, Panel, class_rows
from lt_prune.figures.calibration import Reliability, bin_rows
from lt_prune.models.network import Outputs
from lt_prune.percent import percent
from lt_prune.planning.commands import require_metric, score_command
from lt_prune.planning.paths import scores_path, trained_rows
from lt_prune.planning.recipes import prediction_settings
from lt_prune.predictors.angular import angular_of
from lt_prune.reports.words import at_equal
from lt_prune.runs import TrainResult
from lt_prune.types import Array, SampleIndex, ScoreSet, Subset
from lt_prune.types import label_of as label_of_pruning

Values = list[float | None]
"""One a class, None where it has no sample."""


class Logits(NamedTuple):
    """Of N samples, on the CPU."""

    outputs: Outputs
    labels: Array
    """int64 (N,)."""

    @property
    def linear(self) -> Tensor:
        """float32 (N, M)."""
        return self.outputs.logits

    @property
    def angular(self) -> Tensor:
        """float32 (N, M)."""
        return angular_of(self.outputs)


@dataclass(frozen=True, eq=False)
class Subject:
    """What figures are drawn of; what is computed of it is computed once."""

    run: OpenRun
    first: OpenRun | None
    """The stage that the run started from, where that is known."""
    compared: OpenRun | None
    compared_as: str
    """What the legend calls it."""
    scores: ScoreSet | None
    subset: Subset | Path | str | None
    """What the run was trained on, None where that is to be found."""

    @property
    def index(self) -> SampleIndex:
        return self.run.data.index

    @cached_property
    def rows(self) -> Array:
        """int64 (N,): what it was trained on."""
        return trained_rows(self.run.result, self.index, self.run.folder, self.subset)

    @cached_property
    def train(self) -> Logits:
        """Of the training samples, as they are: without augmentation."""
        return Logits(outputs_of(self.run.network, self.run.data.pixels, self.rows), self.index.labels[self.rows])

    @cached_property
    def test(self) -> Logits:
        return test_logits(self.run)

    def drawing(self, what: str, panels: Sequence[Panel], columns: Mapping[str, Sequence[float | None]]) -> Drawing:
        """A drawing of columns of M values each, in the order of the classes, under a title that says `what` they are."""
        result, counts = self.run.result, self.index.counts
        told: dict[str, Any] = {"panels": tuple(panels)}
        if result.strategy:
            columns = {**columns, "before": counts.tolist()}
            told = {"panels": (*panels, COUNTS_PANEL), "sorted_by": "count before pruning"}
        rows = class_rows(self.index.class_names, result.class_counts, self.index.groups, columns, sizes=counts)
        return Drawing(title=self.title(what), rows=rows, **told)

    def title(self, what: str) -> str:
        """Of a figure of this, which says `what` it shows."""
        result = self.run.result
        return f"{result.method} on {result.name}: {what}\n{in_words(result)}"


COUNTS_PANEL = Panel("training samples", {"before": "before pruning", "count": "after pruning"}, bars=True, counts=True)


def test_logits(run: OpenRun) -> Logits:
    """Logits of the test samples of a run's data."""
    run.data.require_test()
    return Logits(outputs_of(run.network, run.data.test_pixels), run.data.test_labels)


def class_means(values: Array, labels: Array, n_classes: int) -> Values:
    """Mean of values (N,) over the samples of each class."""
    counts = np.bincount(labels, minlength=n_classes)
    sums = np.bincount(labels, weights=values.astype(np.float64), minlength=n_classes)
    return [float(total / n) if n else None for total, n in zip(sums, counts)]


def of_true_class(outputs: Tensor, labels: Array) -> Values:
    """Mean over the samples of each class of what outputs (N, M) say of that class."""
    return class_means(outputs.numpy()[np.arange(len(labels)), labels], labels, outputs.shape[1])


def label_of(result: TrainResult) -> str:
    """What a legend calls a run: its method, and the stage where that has two."""
    return f"{result.method}, stage two" if result.spec.first else result.method


def classifier(run: OpenRun) -> tuple[Array, Array]:
    """Weight (M, D) and bias (M,) of a run's classifier, float64, times the scale of each class; a bias of 0 where it has
    none."""
    network = run.network
    has_bias = getattr(network.classifier, "bias", None)
    every = network.scale, network.weight, torch.zeros_like(network.scale) if has_bias is None else has_bias
    scale, weight, bias = (t.detach().cpu().double().numpy() for t in every)
    return scale[:, None] * weight, scale * bias


def in_words(result: TrainResult) -> str:
    """What a run was trained on and how: a run by itself has no deviation."""
    spec = result.spec
    stages = [spec.first.recipe.epochs] if spec.first else []
    epochs = " + ".join(str(each) for each in (*stages, spec.recipe.epochs) if each) or "0"
    parts = [f"one run (seed {result.seed}), so no deviation", f"{epochs} epochs" if epochs != "1" else "1 epoch"]
    if result.strategy:
        pruned = label_of_pruning(result.strategy, result.metric)
        parts = [f"pruned by {pruned}, {percent(result.ratio, None)} removed", at_equal(spec.equal), *parts]
    return ", ".join(parts)


def weight_norms(subject: Subject) -> Drawing:
    """Figure 1: length of each class's classifier row, of the run, of its first stage, and of the run compared."""
    runs = {"weight_norm": (subject.run, label_of(subject.run.result))}
    if subject.first:
        runs["weight_norm_first"] = subject.first, f"{subject.first.result.method}, stage one"
    if subject.compared:
        runs["weight_norm_compared"] = subject.compared, subject.compared_as
    columns = {column: np.linalg.norm(classifier(run)[0], axis=1).tolist() for column, (run, _) in runs.items()}
    panel = Panel("norm of the classifier's row", {column: label for column, (_, label) in runs.items()}, from_zero=True)
    return subject.drawing("classifier weights", [panel], columns)


def logits(subject: Subject) -> Drawing:
    """Figures 3 and 7: mean linear and angular logit of the true class, on training and test samples."""
    return _true_class(subject, "mean logit of the true class", "logit", Tensor.double, percent=False)


def probabilities(subject: Subject) -> Drawing:
    """Figures 4 and 9: mean linear and angular probability of the true class, on training and test samples."""
    return _true_class(subject, "mean probability of the true class", "probability (%)", _softmax, percent=True)


def _true_class(subject: Subject, what: str, short: str, transform: Callable[[Tensor], Tensor], *, percent: bool) -> Drawing:
    columns, panels = {}, []
    for kind in ("linear", "angular"):
        series = {f"{kind}_train": "training samples", f"{kind}_test": "test samples"}
        panels.append(Panel(f"{kind} {short}", series, percent=percent))
        for column, of in zip(series, (subject.train, subject.test)):
            columns[column] = of_true_class(transform(getattr(of, kind)), of.labels)
    return subject.drawing(what, panels, columns)


def _softmax(outputs: Tensor) -> Tensor:
    return torch.softmax(outputs.double(), dim=1)


def before_and_after_abs(subject: Subject) -> Drawing:
    """Figures 5 and 8: mean angular test probability of the true class as it is, by ABS, and of the run compared."""
    run, test = subject.run, subject.test
    how = prediction_settings(run.data, run.result.spec, "abs", {})
    counts = np.array(run.result.class_counts)
    (smoothed,) = Fitting.of(run.data, "abs", counts, subject.rows)(run.network, [how])
    columns = {
        "before_abs": of_true_class(_softmax(test.angular), test.labels),
        "after_abs": of_true_class(smoothed(test.outputs), test.labels),
    }
    series = {"before_abs": "before ABS", "after_abs": f"after ABS ({how['abs_form']}, s = {how['s']:g})"}
    if subject.compared:
        compared = test_logits(subject.compared)
        columns["compared"] = of_true_class(_softmax(compared.angular), compared.labels)
        series["compared"] = subject.compared_as
    panel = Panel("angular probability (%)", series, percent=True)
    return subject.drawing("mean test probability of the true class", [panel], columns)


def head(subject: Subject) -> Drawing:
    """Figures 10 and 12, of the run's own classifier."""
    columns = head_columns(*classifier(subject.run))
    return subject.drawing("classifier weights and biases", HEAD_PANELS, columns)


HEAD_PANELS = Panel("mean |weight|", {"weight": "weight"}, bars=True), Panel("bias", {"bias": "bias"}, bars=True)


def head_columns(weight: Array, bias: Array) -> dict[str, Values]:
    """Mean absolute weight of each row of (M, D), and bias (M,)."""
    return {"weight": np.abs(weight).mean(axis=1).tolist(), "bias": bias.tolist()}


def hardness(subject: Subject) -> Drawing:
    """Figure 11: mean AVH of the scored samples of each class, against its test accuracy."""
    index = subject.index
    if subject.scores is None:
        raise ArgumentError(
            f"there are no scores of {index.name} at {scores_path(index)}: run "
            f"`{score_command(subject.run.data.origin, index.reading)}` first, or give --scores"
        )
    index.require_same(subject.scores.index, "the score file")
    require_metric(subject.scores, "avh", None)
    avh = class_means(subject.scores.metric("avh").mean, index.labels, index.n_classes)
    accuracy = subject.run.result.evaluation.per_class
    panels = (
        Panel("mean AVH", {"avh": "AVH"}, bars=True),
        Panel("test accuracy (%)", {"accuracy": "accuracy"}, bars=True, percent=True),
    )
    what = f"AVH and accuracy, {_correlations(avh, accuracy)}"
    return subject.drawing(what, panels, {"avh": avh, "accuracy": accuracy})


def _correlations(one: Sequence[float | None], other: Sequence[float | None]) -> str:
    """Pearson's and Spearman's coefficients over the classes that have both values."""
    both = np.array([pair for pair in zip(one, other) if None not in pair], dtype=np.float64).reshape(-1, 2).T
    if both.shape[1] < 2 or np.ptp(both, axis=1).min() == 0:
        return "Pearson nan, Spearman nan"
    return f"Pearson {stats.pearsonr(*both).statistic:.2f}, Spearman {stats.spearmanr(*both).statistic:.2f}"


def calibration(subject: Subject) -> Reliability:
    """A reliability diagram of the test, as the run predicted it (Guo et al. 2017, Fig. 1)."""
    evaluation = subject.run.result.evaluation
    if evaluation.calibration is None:
        raise ArgumentError(NO_BINS)
    what = f"calibration, expected error {percent(evaluation.ece)}, {evaluation.n_test:,} test samples"
    return Reliability(title=subject.title(what), rows=bin_rows(evaluation.calibration))


NO_BINS = "the result is of an earlier version, which kept no bins of calibration: train it again to have them"

FIGURES: dict[str, Callable[[Subject], Drawing | Reliability]] = {
    "weight-norms": weight_norms,
    "logits": logits,
    "probabilities": probabilities,
    "abs": before_and_after_abs,
    "head": head,
    "hardness": hardness,
    "calibration": calibration,
}
"""By name; `lt_prune.choices` has the names."""
