"""Trained run -> the figures of Wang & Yan, as PNG, PDF and CSV."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np

from lt_prune.config.compute import Compute
from lt_prune.config.reading import Reading
from lt_prune.data.groups import check_groups, default_groups
from lt_prune.engine.opened import OpenRun
from lt_prune.errors import ArgumentError
from lt_prune.figures.by_class import ClassRow, Drawing, class_rows, render
from lt_prune.figures.calibration import Reliability, reliability_figure
from lt_prune.figures.of_run import FIGURES, HEAD_PANELS, NO_BINS, Subject, head_columns, label_of
from lt_prune.given import known_keywords
from lt_prune.planning.commands import score_command
from lt_prune.planning.joining import check_match, joined_scores
from lt_prune.planning.paths import named, scores_of, scores_path, trained_rows
from lt_prune.steps.build import Data
from lt_prune.steps.evaluate import open_run
from lt_prune.store.pictures import write_picture
from lt_prune.store.results import RESULT, STAGE_ONE
from lt_prune.types import Array, SampleIndex, ScoreSet, Subset

USES = {
    "compare": ("weight-norms", "abs"),
    "scores": ("hardness",),
    "subset": ("logits", "probabilities", "abs"),
    "match": ("hardness",),
}
"""The figures that take these arguments."""


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A figure that was drawn."""

    title: str
    series: Mapping[str, str]
    """Columns of the rows that were drawn, and what the figure calls each."""
    rows: tuple[ClassRow, ...]
    """One a class, by decreasing count: its index, name, count of samples trained on, group, and the values drawn, of a
    pruned run also its count before; None where a class has no sample. Of "calibration" one a bin."""
    files: tuple[str, ...]
    """PNG, PDF and, of the rows, CSV."""


@known_keywords
def plot(
    run: Annotated[Path | str, "the folder of a run"],
    figure: str = "all",
    *,
    data: Data | None = None,
    compare: Path | str | None = None,
    scores: ScoreSet | Path | str | None = None,
    subset: Subset | Path | str | None = None,
    match: str = "ids",
    compute: Compute | None = None,
    reading: Reading | None = None,
    out: Path | str | None = None,
    overwrite: bool = False,
) -> dict[str, Plot]:
    """Draw a trained run class by class, classes sorted by decreasing count (Wang & Yan, Figures 1 to 12).

    - "weight-norms" (Figure 1): length of each class's classifier row, times the class's scale, also of the first stage.
    - "logits" (Figures 3, 7): mean linear and angular logit of the true class, on training and test samples.
    - "probabilities" (Figures 4, 9): the same of the probability.
    - "abs" (Figures 5, 8): mean angular test probability of the true class, before and after ABS.
    - "head" (Figures 10, 12): mean absolute classifier weight of each class, and its bias, both times the class's scale.
    - "hardness" (Figure 11): mean AVH of the samples of each class, and the accuracy on its test samples.
    - "calibration" (Guo et al. 2017, Figure 1): how often predictions are right by how sure they are, in the 15 bins of the
      expected calibration error, with the test samples of each.

    Args:
        run: folder of the run.
        figure: one of these, or "all"; then hardness is left out where there are no scores, and calibration where the result
            is of an earlier version.
        data: the data it was trained on; by default what the run was given.
        compare: folder of another run on the same data, drawn beside it in "weight-norms" and "abs"; there it is the
            second stage, say, of a run of one.
        scores: of the data, or their file, for "hardness"; by default scores/NAME.h5.
        subset: what the run was trained on, where that is a part of its data; by default looked for where it lay then, and
            in subsets/.
        match: as for `prune`, of scores and data.
        compute: names the device, see `lt_prune.Compute`.
        reading: as for `build`.
        out: path of the files without ending, RUN/FIGURE by default; the figure's name is added where there are several.
        overwrite: replace what is there; in the run's own folder, where pictures can be of this run alone, it always is.

    Returns:
        What was drawn and written, by figure.

    Raises:
        ArgumentError: there is no such figure, an argument that it does not take was given, or no scores or bins are there.
        FileError: a run is not finished, or a file is damaged.
        MismatchError: data, subset, scores or the run compared do not belong to the run, or a file holds something else.

    Example:
        >>> import lt_prune as lp
        >>> result = lp.train("digits", epochs=1, model="resnet8", out="runs/first")
        >>> drawn = lp.plot("runs/first", "logits")["logits"]
        >>> drawn.files
        ('runs/first/logits.png', 'runs/first/logits.pdf', 'runs/first/logits.csv')
        >>> list(drawn.rows[0])
        ['class', 'name', 'count', 'group', 'linear_train', 'linear_test', 'angular_train', 'angular_test']
    """
    check_match(match)
    joined = None if match == "ids" else match
    names = _chosen(figure, {"compare": compare, "scores": scores, "subset": subset, "match": joined})
    opened = open_run(run, data, compute=compute, reading=reading)
    if subset is not None:
        trained_rows(opened.result, opened.data.index, opened.folder, subset)
    compared = open_run(compare, opened.data, compute=compute) if compare else None
    subject = Subject(
        run=opened,
        first=_first_of(Path(run), opened, compute),
        compared=compared,
        compared_as=f"{label_of(compared.result)} ({compare})" if compared else "",
        scores=_scores(scores, opened.data.index, match) if "hardness" in names else None,
        subset=subset,
    )
    if figure == "all" and not subject.scores:
        names.remove("hardness")
        command = score_command(opened.data.origin, opened.data.index.reading)
        warnings.warn(f"the figure hardness is left out: run `{command}` first, or give --scores", stacklevel=3)
    if figure == "all" and opened.result.evaluation.calibration is None:
        names.remove("calibration")
        warnings.warn(f"the figure calibration is left out: {NO_BINS}", stacklevel=3)
    drawn = {name: FIGURES[name](subject) for name in names}
    stems = {name: _stem(run, name, out, alone=len(names) == 1) for name in drawn}
    return {name: _write(drawing, stems[name], overwrite or out is None) for name, drawing in drawn.items()}


@known_keywords
def plot_head(
    weight: Array,
    bias: Array,
    *,
    counts: Sequence[int] | None = None,
    class_names: Sequence[str] | None = None,
    groups: tuple[int, int] | None = None,
    title: str = "classifier weights and biases",
    out: Path | str = "head",
    overwrite: bool = False,
) -> Plot:
    """Draw the head of any network, such as a vision transformer's (Wang & Yan, Figures 10 and 12).

    Args:
        weight: (M, D), a row a class.
        bias: (M,).
        counts: training samples of each class, which the classes are sorted by; by default they stay in their order.
        class_names: M names, by default the indices.
        groups: (end of head, start of tail) over the sorted classes; by default the first 36% are head, the last 29% tail.
        title: above the figure.
        out: path of the files without ending.
        overwrite: replace what they hold.

    Returns:
        What was drawn and written: mean absolute weight and bias of each class.

    Raises:
        ArgumentError: the shapes do not fit, or the groups are no ranges over the classes.
        MismatchError: a file holds something else.

    Example:
        >>> import lt_prune as lp
        >>> from torchvision.models import VisionTransformer
        >>> vit = VisionTransformer(8, 4, num_layers=1, num_heads=1, hidden_dim=8, mlp_dim=8, num_classes=5)
        >>> head = vit.heads.head
        >>> lp.plot_head(head.weight.detach().numpy(), head.bias.detach().numpy(), out="vit").files
        ('vit.png', 'vit.pdf', 'vit.csv')
    """
    weight, bias = (_numbers(name, values) for name, values in (("weight", weight), ("bias", bias)))
    n_classes = bias.size
    names = [str(c) for c in range(n_classes)] if class_names is None else list(class_names)
    known = [None] * n_classes if counts is None else [int(count) for count in counts]
    if weight.ndim != 2 or bias.ndim != 1 or not len(weight) == n_classes == len(names) == len(known):
        raise ArgumentError(
            f"weight must be (M, D) and bias (M,), with M counts and names where they are given, not {weight.shape}, "
            f"{bias.shape}, {len(known)} counts and {len(names)} names"
        )
    ranges = check_groups(groups, n_classes) if groups else default_groups(n_classes)
    sizes = np.zeros(n_classes) if counts is None else np.array(known)
    rows = class_rows(names, known, ranges, head_columns(weight, bias), sizes=sizes)
    return _write(Drawing(title=title, rows=rows, panels=HEAD_PANELS), str(out), overwrite)


def _numbers(name: str, given: object) -> Array:
    """An array of numbers, float64."""
    try:
        return np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise ArgumentError(f"{name} must be an array of numbers, not a {type(given).__name__}") from None


def _chosen(figure: str, given: Mapping[str, object]) -> list[str]:
    """Names of the figures to draw, which take what is given."""
    if figure != "all" and figure not in FIGURES:
        raise ArgumentError(f"unknown figure {figure!r}: there are {', '.join(FIGURES)} and all")
    for argument, value in given.items():
        if value is not None and figure not in ("all", *USES[argument]):
            raise ArgumentError(
                f"{argument} is for the figure {' or '.join(USES[argument])}, not for {figure}: leave it out"
            )
    return list(FIGURES) if figure == "all" else [figure]


def _first_of(folder: Path, opened: OpenRun, compute: Compute | None) -> OpenRun | None:
    """The first stage in a run's folder, where the second changed anything."""
    first = folder / STAGE_ONE
    if opened.result.spec.recipe.trained == "nothing" or not (first / RESULT).exists():
        return None
    return open_run(first, opened.data, compute=compute)


def _scores(given: ScoreSet | Path | str | None, index: SampleIndex, match: str) -> ScoreSet | None:
    """The scores given, or else those at their usual place, if there are any; those of other samples are refused."""
    if given is None and scores_path(index).exists():
        given = scores_path(index)
    return None if given is None else joined_scores(scores_of(given), index, named(given, "the score file"), match)


def _stem(run: Path | str, name: str, out: Path | str | None, alone: bool) -> str:
    if out is None:
        return str(Path(run) / name)
    return str(out) if alone else f"{out}-{name}"


def _write(drawing: Drawing | Reliability, stem: str, overwrite: bool) -> Plot:
    draw = partial(reliability_figure, drawing) if isinstance(drawing, Reliability) else partial(render, drawing)
    files = write_picture(stem, draw, drawing.rows, overwrite)
    return Plot(title=drawing.title, series=drawing.series, rows=drawing.rows, files=files)
