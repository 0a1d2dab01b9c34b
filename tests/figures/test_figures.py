from __future__ import annotations

import io

import numpy as np
import pytest
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
