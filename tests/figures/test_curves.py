from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer

import lt_prune as lp
from lt_prune.figures.curves import Curves, curves, figure, render
from lt_prune.reports.aggregate import aggregate

PANELS = ("overall", "balanced", "head", "middle", "tail")
RATIOS = (0.2, 0.4, 0.6)
SEEDS = (0, 1, 2)
RANDOM: dict[str, Any] = {"strategy": "random"}
AVH: dict[str, Any] = {"strategy": "ranked", "metric": "avh", "keep": "hard", "within": "set", "ensemble": 0}
EL2N: dict[str, Any] = {**AVH, "metric": "el2n"}


def accuracy(measure: str, label: str, ratio: float, seed: int) -> float:
    """A made-up one, in which all of these differ."""
    return 0.9 - 0.1 * PANELS.index(measure) - 0.3 * ratio - 0.02 * len(label) + 0.01 * seed**2


def planned(**changes: Any) -> lp.PlannedRun:
    plan = dict.fromkeys(("strategy", "metric", "keep", "within", "first"))
    plan |= {"name": "blobs", "data_digest": "0", "ratio": 0.0, "method": "ce", "settings": {}, "prediction": "linear"}
    return lp.PlannedRun(spec=lp.TrainSpec(**{**plan, "recipe": lp.Recipe(epochs=60), "seed": 0, **changes}))


def result(values: dict[str, float | None] | None = None, **changes: Any) -> lp.TrainResult:
    run = planned(**changes)
    label = run.metric or run.strategy or "unpruned"
    reached = {measure: accuracy(measure, label, run.ratio, run.seed) for measure in PANELS} | (values or {})
    evaluation = lp.Evaluation(**reached, per_class=(), ece=0.1, macro_f1=0.4, confusion=(), n_test=10)
    others: dict[str, Any] = {"data": None, "subset": None, "n_train": 1, "class_counts": (1,)}
    return lp.TrainResult(**vars(run), **others, evaluation=evaluation, loss=(), seconds=1.0, versions={})


def grid(*prunings: dict[str, Any], seeds: Sequence[int] = SEEDS, **changes: Any) -> list[lp.PlannedRun]:
    """An unpruned run of each seed, and one of each pruning, ratio and seed."""
    runs: list[lp.PlannedRun] = [result(seed=seed, **{**changes, "equal": "epochs"}) for seed in seeds]
    return runs + [
        result(**pruning, ratio=ratio, seed=seed, **changes) for pruning in prunings for ratio in RATIOS for seed in seeds
    ]


def only(runs: list[lp.PlannedRun]) -> Curves:
    [drawn] = curves(aggregate(runs))
    return drawn


def panels(drawn: Curves) -> dict[str, Axes]:
    return {axes.get_title(): axes for axes in figure(drawn).axes if axes.get_title()}


def errorbars(axes: Axes) -> list[ErrorbarContainer]:
    return [each for each in axes.containers if isinstance(each, ErrorbarContainer)]


def lines(axes: Axes) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """What is drawn of each strategy: x, y, and the lower and upper ends of the bars, NaN where there is none."""
    found = {}
    for drawn in axes.containers:
        assert isinstance(drawn, ErrorbarContainer)
        line, _, (bars,) = drawn.lines
        x, y = (np.asarray(values, dtype=float) for values in line.get_data())
        ends = np.full((len(x), 2), np.nan)
        for segment in bars.get_segments():
            if len(segment) and np.isfinite(segment).all():
                ends[np.flatnonzero(x == segment[0, 0])] = segment[:, 1]
        found[drawn.get_label()] = x, y, ends
    return found


def words(drawn: Curves) -> str:
    made = figure(drawn)
    own = [text.get_text() for axes in made.axes for text in axes.texts]
    return "\n".join([made.get_suptitle(), *own])


def test_each_panel_shows_means_and_deviations_over_seeds():
    found = panels(only(grid(RANDOM, AVH)))
    assert tuple(found) == PANELS
    for measure, axes in found.items():
        drawn = lines(axes)
        assert drawn.keys() == {"random", "avh"}
        for label, (x, y, ends) in drawn.items():
            values = [[100 * accuracy(measure, label, ratio, seed) for seed in SEEDS] for ratio in RATIOS]
            mean, deviation = np.mean(values, axis=1), np.std(values, axis=1, ddof=1)
            assert x == pytest.approx([20, 40, 60])
            assert y == pytest.approx(mean)
            assert ends == pytest.approx(np.stack([mean - deviation, mean + deviation], axis=1))


def test_the_unpruned_runs_are_a_line_with_a_band():
    for measure, axes in panels(only(grid(RANDOM))).items():
        values = [100 * accuracy(measure, "unpruned", 0, seed) for seed in SEEDS]
        [line] = [line for line in axes.lines if line.get_label() == "unpruned"]
        assert line.get_ydata() == pytest.approx([np.mean(values)] * 2)
        [band] = axes.patches
        low, high = (np.mean(values) + sign * np.std(values, ddof=1) for sign in (-1, 1))
        box = band.get_path().get_extents(band.get_patch_transform())
        assert (box.y0, box.y1) == pytest.approx((low, high))


def test_everything_drawn_is_within_its_panel():
    for axes in panels(only(grid(RANDOM, AVH, EL2N))).values():
        low, high = axes.get_ylim()
        for _, y, ends in lines(axes).values():
            assert low < ends.min() < y.min()
            assert y.max() < ends.max() < high
        assert axes.get_xlim() == (0, 100)


def test_a_run_alone_has_no_deviation_and_that_is_said():
    drawn = only(grid(RANDOM, seeds=[0]))
    for axes in panels(drawn).values():
        assert np.isnan(lines(axes)["random"][2]).all()
        assert not axes.patches
    assert "one seed" in drawn.title
    assert "one run a point, so no deviation" in words(drawn)
    assert "standard deviation" not in words(drawn)


def test_long_remarks_stay_beside_the_panels():
    strategies = [{"strategy": f"like+random+as={name}"} for name in ("one", "another")]
    drawn = figure(only([*grid(RANDOM), *grid(*strategies, seeds=[0])]))
    drawn.canvas.draw()
    [aside] = [axes for axes in drawn.axes if axes.texts and not axes.get_title()]
    assert "one run, so no deviation: random like another 20%" in " ".join(aside.texts[0].get_text().split())
    assert aside.texts[0].get_window_extent().x1 < drawn.bbox.x1


def test_what_has_no_result_is_a_cross_and_no_zero():
    runs = [run for run in grid(RANDOM, AVH) if not (run.metric and run.ratio == 0.4)]
    spec = planned(**AVH, ratio=0.4).spec
    runs += [lp.FailedRun(spec=spec, reason="it diverged"), planned(**AVH, ratio=0.4, seed=1)]
    drawn = only(runs)
    for axes in panels(drawn).values():
        x, y, _ = lines(axes)["avh"]
        assert np.isnan(y[x == 40]).all()
        [cross] = [line for line in axes.lines if line.get_marker() == "x"]
        assert cross.get_xdata() == pytest.approx([40])
    assert "×: no result: avh 40%" in words(drawn)
    assert "mean of 3 seeds" in drawn.title


def test_a_zero_is_a_zero():
    runs = [result({"tail": 0.0}, **RANDOM, ratio=0.4, seed=seed) for seed in SEEDS]
    _, y, ends = lines(panels(only([*grid(), *runs]))["tail"])["random"]
    assert (y.tolist(), ends.tolist()) == ([0], [[0, 0]])


def test_a_group_without_test_samples_is_reported():
    runs = [result({"tail": None}, **pruning, seed=seed) for pruning in ({}, {**RANDOM, "ratio": 0.4}) for seed in SEEDS]
    drawn = only(runs)
    found = panels(drawn)
    assert "no test samples" in [text.get_text() for text in found["tail"].texts]
    assert not found["head"].texts
    assert np.isnan(lines(found["tail"])["random"][1]).all()


@pytest.mark.parametrize("equal", ["epochs", "steps"])
def test_the_title_says_what_is_compared(equal):
    title = only(grid(RANDOM, AVH, equal=equal)).title
    for part in ("blobs", "ce", "60 epochs", f"at equal {equal}", "3 seeds", "ranked by one ensemble for all seeds"):
        assert part in title
    assert ("60 epochs of the unpruned run" in title) is (equal == "steps")


def test_a_name_is_no_formula_and_an_epoch_no_plural():
    drawn = only(grid(RANDOM, name=r"$\bad$", recipe=lp.Recipe(epochs=1)))
    assert (r"$\bad$" in drawn.title, "\n1 epoch, at" in drawn.title) == (True, True)
    assert render(drawn, "png")


def test_the_title_says_when_each_seed_has_its_ensemble():
    runs = grid() + [result(**{**AVH, "ensemble": seed}, ratio=0.4, seed=seed) for seed in SEEDS]
    assert "ranked by an ensemble a seed" in only(runs).title
    assert "ranked" not in only(grid(RANDOM)).title


def test_both_kinds_of_ensembles_are_lines_of_their_own():
    runs = grid(AVH) + [result(**{**AVH, "ensemble": seed}, ratio=0.4, seed=seed) for seed in SEEDS[1:]]
    drawn = only(runs)
    assert set(drawn.lines) == {"avh (one ensemble for all seeds)", "avh (an ensemble a seed)"}
    assert "ranked" not in drawn.title


def test_methods_predictions_and_what_is_equal_are_figures_of_their_own():
    runs = grid(RANDOM, method="crt", prediction="angular") + grid(RANDOM)
    runs += [result(**RANDOM, ratio=0.2, seed=seed, equal="steps") for seed in SEEDS]
    found = {drawn.part: drawn for drawn in curves(aggregate(runs))}
    assert found.keys() == {"ce-linear-equal-epochs", "ce-linear-equal-steps", "crt-angular-equal-epochs"}
    assert all(drawn.unpruned for drawn in found.values())
    assert found["crt-angular-equal-epochs"].unpruned["method"] == "crt"
    assert found["ce-linear-equal-steps"].unpruned == found["ce-linear-equal-epochs"].unpruned


def test_a_strategy_has_the_same_colour_in_every_figure():
    runs = grid(RANDOM, AVH, EL2N) + grid(EL2N, method="cb")
    colours = [
        {drawn.get_label(): drawn.lines[0].get_color() for drawn in panels(one)["tail"].containers}
        for one in curves(aggregate(runs))
    ]
    assert len({colour for each in colours for colour in each.values()}) == 3
    assert all(each["el2n"] == colours[0]["el2n"] for each in colours)


def test_a_matched_control_is_dotted_and_has_the_colour_of_what_it_is_beside():
    within, other = {**AVH, "within": "class"}, {"strategy": "like+random+as=1a2b3c4d"}
    controls = ({"strategy": "like+random+as=avh"}, {"strategy": "like+random+as=avh-within-class"}, other)
    drawn = only(grid(AVH, within, *controls))
    found = {each.get_label(): each.lines[0] for each in panels(drawn)["overall"].containers}
    for label in ("avh", "avh, within class"):
        own, control = found[label], found["random like " + label.replace(", ", "-").replace(" ", "-")]
        assert (control.get_color(), control.get_marker()) == (own.get_color(), own.get_marker())
        assert [own.get_linestyle(), control.get_linestyle()] == ["-", ":"]
    assert found["random like 1a2b3c4d"].get_color() not in (
        found["avh"].get_color(),
        found["avh, within class"].get_color(),
    )
    assert "dotted, random like ...: as many of each class, at random" in words(drawn)


def test_many_lines_can_be_distinguished():
    names = [f"strategy{number}" for number in range(9)]
    axes = panels(only(grid(*({"strategy": name} for name in names))))["overall"]
    looks = {(line.get_color(), line.get_linestyle()) for line in (drawn.lines[0] for drawn in axes.containers)}
    assert len(looks) == 9


@pytest.mark.parametrize("n", [1, 2, 3, 24])
def test_lines_stand_side_by_side_around_their_ratios(n):
    prunings = [{"strategy": f"s{number:02}"} for number in range(n)]
    axes = panels(only(grid(*prunings, seeds=(0,))))["balanced"]
    to_points = 72 / axes.figure.dpi
    at = [each.lines[0].get_transform().transform((20, 0))[0] * to_points for each in errorbars(axes)]
    middle = axes.transData.transform((20, 0))[0] * to_points
    assert len(at) == n
    assert np.mean(at) == pytest.approx(middle)
    assert max(at) - min(at) == pytest.approx(min(2.5 * (n - 1), 15))
    assert np.diff(at) == pytest.approx((max(at) - min(at)) / max(n - 1, 1))


def test_without_pruned_runs_there_is_no_figure():
    assert curves(aggregate(grid())) == []


@pytest.mark.parametrize(("format", "start"), [("png", b"\x89PNG\r\n"), ("pdf", b"%PDF-")])
def test_the_same_rows_give_the_same_file(format, start):
    content = render(only(grid(RANDOM, AVH)), format)
    assert content.startswith(start)
    assert content == render(only(grid(RANDOM, AVH)), format)


def test_an_axis_of_accuracy_starts_at_zero_and_shows_one():
    low = dict.fromkeys(PANELS, 0.0)
    drawn = only([*grid(), *(result(low, **RANDOM, ratio=0.4, seed=seed) for seed in SEEDS)])
    for axes in panels(drawn).values():
        assert -5 < axes.get_ylim()[0] < 0
    assert "does not start at 0" not in words(drawn)


def test_where_all_are_near_to_each_other_the_axis_is_cut_and_says_so():
    near = dict.fromkeys(PANELS, 0.9)
    drawn = only([result(near, seed=seed) for seed in SEEDS] + [result(near, **RANDOM, ratio=0.4, seed=s) for s in SEEDS])
    assert panels(drawn)["overall"].get_ylim()[0] > 45
    assert "an axis of accuracy does not start at 0" in words(drawn)


def test_the_title_says_how_many_runs_there_are():
    assert "12 runs in all" in only(grid(RANDOM)).title  # three seeds of three ratios, and of the whole set
