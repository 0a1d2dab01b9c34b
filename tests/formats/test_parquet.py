"""Parquet as pandas writes and reads it, where both are installed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lt_prune as lp
from lt_prune.errors import DataError

pytest.importorskip("pyarrow")
pd = pytest.importorskip("pandas")


@pytest.fixture
def index(blobs, in_tmp) -> lp.SampleIndex:
    return blobs().index


def frame(index: lp.SampleIndex, **more: Any) -> Any:
    return pd.DataFrame({"id": [f"{each:016x}" for each in index.ids], "hard": hard(index), **more})


def hard(index: lp.SampleIndex) -> np.ndarray:
    return np.random.default_rng(0).permutation(index.n_samples).astype(np.float64)


def read(table: Any, index: lp.SampleIndex) -> list[float]:
    table.to_parquet("scores.parquet")
    found = lp.import_scores("scores.parquet", index, metric="hard", higher_is_harder=True)
    return found.metric("hard").mean.tolist()


FRAMES = {
    "text": lambda index: frame(index),
    "of Arrow": lambda index: frame(index).convert_dtypes(dtype_backend="pyarrow"),
    "shuffled": lambda index: frame(index).iloc[np.random.default_rng(1).permutation(index.n_samples)],
    "ids as numbers": lambda index: frame(index).assign(id=index.ids),
    "labelled by id": lambda index: frame(index).set_index("id"),
    "categories": lambda index: frame(index, **{"class": pd.Categorical([f"class{each}" for each in index.labels])}),
    "labels": lambda index: frame(index, label=pd.array(index.labels, dtype="Int64")),
    "decimals": lambda index: frame(index).assign(hard=[Decimal(each) for each in hard(index)]),
    "others besides": lambda index: frame(
        index,
        seen=hard(index) > 3,
        when=pd.date_range("2020", periods=index.n_samples),
        where=[list(range(i % 3)) for i in range(index.n_samples)],
    ),
}


@pytest.mark.parametrize("made", FRAMES)
def test_what_pandas_writes_is_joined(index, made):
    assert read(FRAMES[made](index), index) == hard(index).tolist()


@pytest.mark.parametrize("lacking", [None, float("nan"), float("inf")])
def test_a_number_that_is_missing_is_named(index, lacking):
    table = frame(index)
    table.loc[3, "hard"] = lacking
    with pytest.raises(DataError, match=r"^hard in scores.parquet has 1 of 45 numbers that are not finite, such as that of"):
        read(table, index)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"PAR1 nonsense", "is not a readable parquet file"), (None, "must have a number a sample")],
    ids=["damaged", "empty"],
)
def test_what_is_no_table_is_refused(index, content, says):
    if content is None:
        frame(index).iloc[:0].to_parquet("scores.parquet")
    else:
        Path("scores.parquet").write_bytes(content)
    with pytest.raises(DataError, match=f"^scores.parquet {says}"):
        lp.import_scores("scores.parquet", index, metric="hard", higher_is_harder=True)


def test_pandas_reads_what_is_exported(index):
    scores = lp.import_scores(frame(index), index, higher_is_harder=True)
    subset = lp.prune(scores=scores, ratio=0.4)
    lp.export(subset, "all.parquet", scores=scores)
    table = pd.read_parquet("all.parquet").set_index("id").loc[[f"{each:016x}" for each in index.ids]]
    assert table.kept.tolist() == subset.kept.tolist()
    assert table.label.tolist() == index.labels.tolist()
    assert table.source_index.tolist() == index.source_index.tolist()
    assert table.hard.tolist() == scores.metric("hard").mean.tolist()
    assert (table.kept.dtype, table.label.dtype, table.hard.dtype) == (bool, np.int64, np.float64)
    again = lp.import_scores("all.parquet", index, metric="hard", higher_is_harder=True)
    assert np.array_equal(again.metric("hard").mean, scores.metric("hard").mean)


def test_frames_and_columns_are_taken_as_they_are(index):
    scores = lp.import_scores(frame(index), index, higher_is_harder=True)
    assert scores.metric("hard").mean.tolist() == hard(index).tolist()
    column = pd.Series(np.arange(45.0), index=list(range(100, 145)))
    with pytest.warns(UserWarning, match="nothing but its length tells"):
        by_place = lp.import_scores(column, index, metric="hard", higher_is_harder=True)
    assert by_place.metric("hard").mean.tolist() == index.source_index.tolist()
