from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from lt_prune.figures.by_class import Drawing, Panel, class_rows, render

NAMES = ("ant", "bee", "cat", "dog", "emu")


def drawing(n_classes: int = 5, bars: bool = False, **columns: list[float | None]) -> Drawing:
    """One panel of as many series as there are columns; classes are of decreasing size."""
    names = [NAMES[c] if n_classes == 5 else f"class{c}" for c in range(n_classes)]
    rows = class_rows(names, [None] * n_classes, (2, 4), columns, sizes=np.arange(n_classes)[::-1])
    panel = Panel("height of it", {name: f"series {name}" for name in columns}, bars=bars)
    return Drawing(title="what it shows", rows=rows, panels=(panel,))


def words(drawn: Drawing) -> set[str]:
    """The texts in a figure, which Matplotlib notes in an SVG beside their outlines."""
    lines = render(drawn, "svg").decode().splitlines()
    return {line.strip()[5:-4] for line in lines if line.strip().startswith("<!-- ")}


def pixels(drawn: Drawing) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(render(drawn, "png"))).convert("RGB"))


def has_colour(image: np.ndarray, colour: str) -> bool:
    return bool((image == [int(colour[i : i + 2], 16) for i in (1, 3, 5)]).all(axis=-1).any())


def test_rows_are_sorted_by_decreasing_size_and_grouped_by_rank():
    rows = class_rows(NAMES, [3, 9, 5, 9, 1], (1, 4), {"x": [0.0, 0.1, 0.2, 0.3, 0.4]}, sizes=np.array([3, 9, 5, 9, 1]))
    assert [tuple(row.values()) for row in rows] == [
        (1, "bee", 9, "head", 0.1),
        (3, "dog", 9, "middle", 0.3),
        (2, "cat", 5, "middle", 0.2),
        (0, "ant", 3, "middle", 0.0),
        (4, "emu", 1, "tail", 0.4),
    ]
    assert list(rows[0]) == ["class", "name", "count", "group", "x"]


def test_a_figure_names_classes_groups_values_and_series():
    said = words(drawing(a=[1, 2, 3, 4, 5], b=[5, 4, 3, 2, 1]))
    assert {*NAMES, "head", "middle", "tail", "what it shows", "height of it", "series a", "series b"} <= said


def test_a_class_name_is_no_formula():
    rows = class_rows(["$1", r"$\bad$"], [None] * 2, (1, 2), {"a": [1.0, 2.0]}, sizes=np.arange(2))
    assert {"$1", r"$\bad$"} <= words(Drawing(title="", rows=rows, panels=(Panel("a", {"a": "a"}),)))


def test_a_single_series_needs_no_legend():
    assert "series a" not in words(drawing(a=[1, 2, 3, 4, 5]))


@pytest.mark.parametrize(("n_classes", "named"), [(20, True), (21, False)])
def test_many_classes_are_reported_by_rank(n_classes, named):
    said = words(drawing(n_classes, a=[1.0] * n_classes))
    assert ("class7" in said) is named
    assert ("rank of the class by decreasing training count" in said) is not named


@pytest.mark.parametrize("bars", [False, True])
def test_a_class_without_a_value_is_a_gap(bars):
    whole, gap = (pixels(drawing(bars=bars, a=[1, 2, middle, 2, 1])) for middle in (3, None))
    blue = [np.count_nonzero((image == [0x00, 0x72, 0xB2]).all(axis=-1)) for image in (whole, gap)]
    assert 0 < blue[1] < blue[0]


def test_nothing_but_gaps_is_still_a_figure():
    assert {"ant", "head"} <= words(drawing(a=[None] * 5))


def test_series_have_the_colours_of_okabe_and_ito():
    image = pixels(drawing(a=[1, 2, 3, 4, 5], b=[5, 4, 3, 2, 1], c=[2, 2, 2, 2, 2]))
    assert all(has_colour(image, colour) for colour in ("#0072B2", "#E69F00", "#009E73"))
    assert not has_colour(image, "#CC79A7")


def test_a_series_has_the_same_colour_in_every_panel():
    rows = drawing(a=[1, 2, 3, 4, 5], b=[5, 4, 3, 2, 1]).rows
    panels = Panel("one", {"a": "first"}, bars=True), Panel("other", {"b": "first"}, bars=True)
    image = pixels(Drawing(title="", rows=rows, panels=panels))
    assert has_colour(image, "#0072B2")
    assert not has_colour(image, "#E69F00")


@pytest.mark.parametrize(("format", "start"), [("png", b"\x89PNG\r\n"), ("pdf", b"%PDF-")])
def test_the_same_figure_is_the_same_file(format, start):
    drawn = drawing(a=[1, 2, 3, 4, 5])
    assert render(drawn, format).startswith(start)
    assert render(drawn, format) == render(drawn, format)


# Counts, shares, and zeros


def axes_of(drawn: Drawing, monkeypatch: pytest.MonkeyPatch) -> list[Axes]:
    """The panels of a figure."""
    kept: list[Figure] = []
    monkeypatch.setattr("lt_prune.figures.by_class.as_file", lambda figure, format: kept.append(figure) or b"")
    render(drawn, "png")
    return kept[0].axes


def heights(axes: Axes) -> list[float]:
    return [bar.get_height() for bar in axes.patches]


def test_counts_before_and_after_stand_beside_one_another(monkeypatch):
    rows = class_rows(NAMES[:3], [50, 0, 1], (1, 2), {"before": [100.0, 9.0, 1.0]}, sizes=np.array([100, 9, 1]))
    panels = Panel("a", {"before": "value"}), Panel("n", {"before": "before", "count": "after"}, bars=True, counts=True)
    _, counts = axes_of(Drawing(title="", rows=rows, panels=panels, sorted_by="count before pruning"), monkeypatch)
    assert heights(counts) == [100, 9, 1, 50, 0, 1]
    before, after = counts.patches[:3], counts.patches[3:]
    assert [bar.get_x() + bar.get_width() for bar in before] == pytest.approx([bar.get_x() for bar in after])
    assert counts.get_yscale() == "symlog"  # logarithmic, with a place for 0
    assert counts.get_ylim()[0] == 0
    assert counts.get_ylim()[1] > 100
    assert [text.get_text() for text in counts.texts] == ["0"]  # the class that lost all
    assert counts.texts[0].xy[0] == pytest.approx(1.2)
    assert counts.get_xlabel() == "class, by decreasing count before pruning"


def test_counts_have_the_same_colours_whatever_else_is_drawn(monkeypatch):
    rows = drawing(a=[1, 2, 3, 4, 5], b=[5, 4, 3, 2, 1]).rows
    counts = Panel("n", {"a": "before", "b": "after"}, bars=True, counts=True)
    colours = []
    for others in ({"a": "one"}, {"a": "one", "b": "two"}):
        *_, last = axes_of(Drawing(title="", rows=rows, panels=(Panel("x", others), counts)), monkeypatch)
        colours.append([bar.get_facecolor() for bar in last.patches])
    assert colours[0] == colours[1]


def test_the_legend_names_the_series_of_every_panel():
    rows = drawing(a=[1, 2, 3, 4, 5], b=[5, 4, 3, 2, 1]).rows
    panels = Panel("x", {"a": "alone"}), Panel("y", {"a": "first", "b": "second"}, bars=True, counts=True)
    said = words(Drawing(title="", rows=rows, panels=panels))
    assert {"first", "second"} <= said
    assert "alone" not in said


@pytest.mark.parametrize(("bars", "top"), [(True, 100), (False, 84)])
def test_shares_are_in_percent_from_zero(bars, top, monkeypatch):
    drawn = drawing(a=[0.8, 0.5, 0.25, 0.1, 0.0])
    panel = Panel("share (%)", {"a": "a"}, bars=bars, percent=True)
    [axes] = axes_of(Drawing(title="", rows=drawn.rows, panels=(panel,)), monkeypatch)
    shown = heights(axes) if bars else axes.lines[0].get_ydata().tolist()
    assert shown == pytest.approx([80, 50, 25, 10, 0])
    assert axes.get_ylim() == pytest.approx((0, top))
    assert [row["a"] for row in drawn.rows] == [0.8, 0.5, 0.25, 0.1, 0.0]  # exports are of fractions


def test_lengths_start_at_zero(monkeypatch):
    panel = Panel("length", {"a": "a"}, from_zero=True)
    [axes] = axes_of(Drawing(title="", rows=drawing(a=[2.0, 1.9, 1.8, 2.1, 2.0]).rows, panels=(panel,)), monkeypatch)
    assert axes.get_ylim() == pytest.approx((0, 2.1 * 1.05))
