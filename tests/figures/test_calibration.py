from __future__ import annotations

import pytest
from matplotlib.figure import Figure

import lt_prune as lp
from lt_prune.figures.calibration import Reliability, bin_rows, reliability_figure

BINS = lp.Calibration(
    count=(0,) * 13 + (4, 100),
    right=(0,) * 13 + (0, 90),
    confidence=(None,) * 13 + (0.9, 0.98),
)
DRAWN = Reliability(title="ce on $blobs: calibration", rows=bin_rows(BINS))


@pytest.fixture
def figure(monkeypatch) -> Figure:
    kept: list[Figure] = []
    monkeypatch.setattr("lt_prune.figures.calibration.as_file", lambda figure, format: kept.append(figure) or b"")
    reliability_figure(DRAWN, "png")
    return kept[0]


def test_rows_have_the_edges_and_numbers_of_each_bin():
    assert len(DRAWN.rows) == 15
    assert DRAWN.rows[14] == {
        "bin": 14,
        "from": pytest.approx(14 / 15),
        "to": 1.0,
        "count": 100,
        "right": 90,
        "confidence": 0.98,
        "accuracy": 0.9,
    }
    assert (DRAWN.rows[0]["confidence"], DRAWN.rows[0]["accuracy"]) == (None, None)


def test_bars_are_accuracies_in_percent_beside_the_diagonal(figure):
    upper, lower = figure.axes
    heights = [bar.get_height() for bar in upper.patches]
    assert heights[13:] == [0.0, 90.0]
    assert [(text.xy[0], text.get_text()) for text in upper.texts] == [(pytest.approx(90.0), "0")], "a zero is seen as one"
    diagonal, points = upper.lines
    assert (list(diagonal.get_xdata()), list(diagonal.get_ydata())) == ([0, 100], [0, 100])
    assert list(points.get_xdata())[13:] == [90.0, 98.0]
    assert [bar.get_height() for bar in lower.patches] == [0] * 13 + [4, 100]
    assert (upper.get_xlim(), upper.get_ylim()) == ((0, 100), (0, 100))
    assert upper.patches[14].get_x() + upper.patches[14].get_width() == pytest.approx(100)


@pytest.mark.parametrize(("format", "start"), [("png", b"\x89PNG\r\n"), ("pdf", b"%PDF-")])
def test_the_same_figure_is_the_same_file(format, start):
    assert reliability_figure(DRAWN, format).startswith(start)
    assert reliability_figure(DRAWN, format) == reliability_figure(DRAWN, format)
