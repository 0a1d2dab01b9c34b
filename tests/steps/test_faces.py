"""Records in notebooks, data frames and pictures."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

import lt_prune as lp
from lt_prune.errors import ArgumentError
from lt_prune.reports.html import html_table

SMALL = {"epochs": 1, "model": "resnet8", "compute": lp.Compute(device="cpu", executor="session")}
KINDS = ("set", "scores", "subset", "result", "sweep")


@pytest.fixture(scope="module")
def records(tmp_path_factory) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("records"))
        data = lp.build("digits", imbalance=10, largest=40)
        scores = lp.score(data, metric=["avh", "el2n"], members=2, **SMALL)
        subset = lp.prune(data, scores=scores, ratio=0.4)
        grid = lp.Grid(strategies=["random"], ratios=[0.4], seeds=[0])
        return {
            "set": data,
            "scores": scores,
            "subset": subset,
            "result": lp.train(data, subset=subset, **SMALL),
            "sweep": lp.sweep(data, grid, **SMALL),
            "index": data.index,
            "metric": scores.metric("avh"),
        }


@pytest.fixture
def frames(monkeypatch) -> None:
    """A pandas whose data frames are dictionaries of columns, as `DataFrame.to_dict("list")` gives them."""

    def frame(given: Any) -> dict[str, list[Any]]:
        if isinstance(given, list):
            return {key: [row.get(key) for row in given] for key in dict.fromkeys(key for row in given for key in row)}
        return {key: list(column) for key, column in given.items()}

    pandas = ModuleType("pandas")
    pandas.DataFrame = frame
    monkeypatch.setitem(sys.modules, "pandas", pandas)


def test_a_repr_is_a_line(records):
    for record in records.values():
        assert "\n" not in repr(record)
        assert len(repr(record)) < 500
    n = records["index"].n_samples
    kept = int(records["subset"].kept.sum())
    assert repr(records["set"]).startswith(f"<LongTailedSet {records['index'].name}: {n} training and ")
    assert repr(records["scores"]).startswith(f"<ScoreSet {records['index'].name}: {n} samples, 2 members, metrics ")
    assert f"{kept} of {n} samples kept, {1 - kept / n:.1%} removed" in repr(records["subset"])
    assert repr(records["sweep"]) == f"<Sweep {records['index'].name}: 2 of 2 runs done, 0 failed>"
    assert repr(records["index"]) == f"<SampleIndex {records['index'].name}: {n} samples, 10 classes>"
    overall = records["result"].evaluation.overall
    assert f"seed 0: {kept} samples, {overall:.1%} overall" in repr(records["result"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_notebook_shows_a_line_and_a_table(records, kind):
    html = records[kind]._repr_html_()
    assert html.startswith(f"<div><strong>{repr(records[kind]).strip('<>')}</strong></div><table>")
    assert "<tr>" in html


def test_the_table_of_a_subset_says_what_goes_of_each_group(records):
    subset = records["subset"]
    of_tail = subset.index.class_groups[subset.index.labels] == 2
    n_classes = (subset.index.class_groups == 2).sum()
    before, kept = of_tail.sum(), subset.kept[of_tail].sum()
    cells = [f"<td style='text-align:right'>{number}</td>" for number in (n_classes, before, kept, before - kept)]
    assert f"<td style='text-align:left'>tail</td>{''.join(cells)}" in subset._repr_html_()


def test_names_are_escaped_and_long_tables_cut():
    html = html_table("<script>", [{"class": f"<b>{number}", "count": 1000 * number} for number in range(20)])
    assert "<script>" not in html
    assert "<b>" not in html
    assert "&lt;script&gt;" in html
    assert "<td style='text-align:right'>1,000</td>" in html
    assert html.endswith("<div>and 8 more</div>")


def test_scores_as_a_data_frame_are_those_of_score_rows(records, frames):
    scores = records["scores"]
    frame = scores.to_pandas()
    assert list(frame)[:8] == ["id", "file", "source_index", "class", "group", *list(frame)[5:8]]
    for metric in ("avh", "el2n"):
        by_id = {row["id"]: row for row in lp.score_rows(scores, metric)}
        for place, name in enumerate(frame["id"]):
            row = by_id[name]
            told = frame[metric][place], frame[f"{metric}_std"][place], frame[f"{metric}_rank"][place]
            assert told == (row["mean"], row["std"], row["rank"])
            assert (frame["class"][place], frame["source_index"][place]) == (row["class"], row["source_index"])
    assert set(frame["group"]) == {"head", "middle", "tail"}


def test_scores_made_elsewhere_have_no_deviation(records, frames):
    index = records["index"]
    ids = [f"{each:016x}" for each in index.ids.tolist()]
    frame = lp.import_scores({"id": ids, "el2n": np.arange(index.n_samples)}, index).to_pandas()
    assert list(frame)[-2:] == ["el2n", "el2n_rank"]
    assert frame["el2n_rank"] == list(range(index.n_samples, 0, -1))


def test_other_records_as_data_frames(records, frames):
    n = records["index"].n_samples
    assert len(records["set"].to_pandas()["id"]) == n
    assert records["subset"].to_pandas()["kept"] == records["subset"].kept.tolist()
    result = records["result"].to_pandas()
    assert result["accuracy"] == list(records["result"].evaluation.per_class)
    assert sum(result["n_train"]) == records["result"].n_train
    sweep = records["sweep"].to_pandas()
    assert sweep["state"] == ["result"] * 2
    assert sweep["overall"] == [run.evaluation.overall for run in records["sweep"].runs]
    assert sweep["ratio"] == [0.0, 0.4]


def test_pandas_own_frames_hold_them(records):
    pandas = pytest.importorskip("pandas")
    for kind in KINDS:
        assert isinstance(records[kind].to_pandas(), pandas.DataFrame)
    assert records["scores"].to_pandas()["avh"].to_numpy() == pytest.approx(records["scores"].metric("avh").mean)


def test_without_pandas_it_says_how_to_get_it(records, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ArgumentError, match=r"pip install 'lt-prune\[pandas\]'$"):
        records["scores"].to_pandas()


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_drawn_as_a_picture_that_a_notebook_shows(records, kind):
    shown = Image.open(io.BytesIO(records[kind].plot()._repr_png_()))
    assert shown.format == "PNG"
    assert shown.width > 1000


def test_a_picture_is_saved(records, in_tmp):
    picture = records["subset"].plot()
    assert picture.save("subset") == ("subset.png", "subset.pdf")
    assert Path("subset.png").read_bytes() == picture._repr_png_()


def test_a_sweep_of_whole_sets_alone_draws_nothing(records):
    whole = [run for run in records["sweep"].runs if not run.strategy]
    from dataclasses import replace

    with pytest.raises(ArgumentError, match="no run is on a pruned set"):
        replace(records["sweep"], runs=tuple(whole)).plot()
