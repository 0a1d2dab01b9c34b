from __future__ import annotations

import csv
import json
import pickle
import sys
from dataclasses import replace
from pathlib import Path

import fake_pyarrow
import h5py
import numpy as np
import pytest
import torch
from typed import lt, ok

import lt_prune as lp
from lt_prune.errors import ArgumentError, DataError, MismatchError
from lt_prune.store.schema import SCHEMAS

N = 45
CUT = 9
"""Samples of the source that the set lacks."""


@pytest.fixture
def data(blobs) -> lp.LongTailedSet:
    """A set of a source with an order of its own and some samples more, which the set lacks."""
    made = blobs(order=np.random.default_rng(5).permutation(N))
    places = np.sort(np.random.default_rng(6).permutation(N + CUT)[:N])[made.index.source_index]
    return replace(made, index=replace(made.index, source_index=places, source_size=N + CUT))


@pytest.fixture
def of_files(blobs) -> lp.LongTailedSet:
    made = blobs(order=np.random.default_rng(5).permutation(N))
    names = tuple(f"train/class{label}/{row:02}.png" for row, label in enumerate(made.index.labels))
    return replace(made, index=replace(made.index, file_names=names))


@pytest.fixture
def values(data) -> np.ndarray:
    """A score of every sample of the source, in its order."""
    return np.random.default_rng(0).random(data.index.source_size)


def refused(kind: type[Exception], says: str, *args: object, **options: object) -> None:
    with pytest.raises(kind) as refusal:
        lp.import_scores(*args, **options)
    assert says in str(refusal.value)


def shuffled(columns: dict[str, object], seed: int = 3) -> dict[str, np.ndarray]:
    """The same rows in another order."""
    arrays = {name: np.asarray(column) for name, column in columns.items()}
    order = np.random.default_rng(seed).permutation(len(next(iter(arrays.values()))))
    return {name: array[order] for name, array in arrays.items()}


def write_csv(path: str, columns: dict[str, np.ndarray]) -> None:
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*(column.tolist() for column in columns.values())))


# By place in the source, as data_diet has scores


@pytest.mark.filterwarnings("ignore:kept.npy is joined by place")
def test_scores_of_data_diet_prune_as_numpy_says(data, values, in_tmp):
    # data_diet keeps scores.argsort()[-size:] of np.load(FILE), here among those that the set has.
    np.save("kept.npy", values)
    scores = lp.import_scores("kept.npy", data, metric="el2n")
    subset = lp.prune(scores=scores, metric="el2n", ratio=0.4, allow_empty_class=True)
    own = np.sort(data.index.source_index)
    expected = own[values[own].astype(np.float32).argsort()[-27:]]
    assert sorted(data.index.source_index[subset.kept]) == sorted(expected)


def test_an_array_is_in_the_order_of_the_source_and_says_nothing_to_check(data, values):
    with pytest.warns(UserWarning, match=r"^an array is joined by place in the source, and names no sample and no class"):
        scores = lp.import_scores(values, data, metric="mine", higher_is_harder=True)
    assert np.array_equal(scores.metric("mine").mean, values[data.index.source_index].astype(np.float32))


@pytest.mark.parametrize("n", [N - 1, N + 1, N + CUT - 1, N + CUT + 1])
def test_an_array_of_another_length_is_refused(data, n):
    says = rf"^an array has {n} rows that name no sample, and the training split of blobs has 54, not even one for each of"
    with pytest.raises(MismatchError, match=says):
        lp.import_scores(np.zeros(n), data, metric="el2n")


def test_an_array_in_the_order_of_the_set_must_say_so(data):
    refused(
        MismatchError,
        "has 54: give a row for each in the order of the source, or a column id",
        np.zeros(N),
        data,
        metric="el2n",
    )
    scores = lp.import_scores({"id": data.index.ids, "el2n": np.arange(N)}, data)
    assert np.array_equal(scores.metric("el2n").mean, np.arange(N))


def test_labels_tell_of_another_order(data, values):
    labels = np.zeros(data.index.source_size, int)
    labels[data.index.source_index] = data.index.labels
    lp.import_scores({"el2n": values, "targets": labels}, data)
    by_class = np.argsort(labels, kind="stable")  # as code that sorts by class has them
    refused(
        MismatchError,
        "a table has other classes: 30 of 45 samples, such as one of class 0 that is of 2 in blobs; it is of other data, or",
        {"el2n": values[by_class], "targets": labels[by_class]},
        data,
    )


# By id, by file, by place


def keys_of(index: lp.SampleIndex) -> dict[str, object]:
    return {
        "id": [f"{each:016x}" for each in index.ids],
        "ids": index.ids,
        "file": index.file_names,
        "filepath": [f"/elsewhere/photos/{name}" for name in index.file_names],
        "path": [name.removeprefix("train/") for name in index.file_names],
        "source_index": index.source_index,
        "index": [str(place) for place in index.source_index],
    }


@pytest.mark.parametrize("key", ["id", "ids", "file", "filepath", "path", "source_index", "index"])
def test_rows_in_any_order_are_joined_by_a_key(of_files, key):
    index = replace(of_files.index, source="/elsewhere/photos/")
    if key == "filepath":
        index = replace(index, source="folder:/elsewhere/photos")
    scores = np.random.default_rng(1).random(N).astype(np.float32)
    table = shuffled({key: keys_of(index)[key], "el2n": scores, "label": index.labels})
    found = lp.import_scores(table, index)
    assert np.array_equal(found.metric("el2n").mean, scores)


def test_ids_go_before_files_unless_names_are_asked_for(of_files):
    index = of_files.index
    table = {"id": index.ids, "file": index.file_names[::-1], "el2n": np.arange(N)}
    assert np.array_equal(lp.import_scores(table, index).metric("el2n").mean, np.arange(N))
    assert np.array_equal(lp.import_scores(table, index, match="names").metric("el2n").mean, np.arange(N)[::-1])
    refused(
        ArgumentError, "a table has no file names to match by", {"id": index.ids, "el2n": np.arange(N)}, index, match="names"
    )


def test_a_table_of_files_is_none_of_a_set_without_any(data):
    refused(
        MismatchError,
        "a table names files, and blobs has none: give a column id or source_index",
        {"file": [f"{i}.png" for i in range(N)], "el2n": np.zeros(N)},
        data,
    )


def test_a_sample_that_is_missing_is_counted_and_named(of_files):
    names = list(of_files.index.file_names)
    refused(
        MismatchError,
        f"a table has no row for 2 of the 45 samples of blobs, such as {names[0]}; give",
        {"file": names[2:], "el2n": np.zeros(N - 2)},
        of_files,
    )


def test_a_sample_that_comes_twice_is_counted_and_named(of_files):
    names = list(of_files.index.file_names)
    refused(
        DataError,
        f"1 of 46 rows of a table are of a sample that came before, such as {names[7]}",
        {"file": [*names, names[7]], "el2n": np.zeros(N + 1)},
        of_files,
    )


def test_samples_that_the_source_does_not_have_are_refused(of_files):
    names = [*of_files.index.file_names, "train/class0/new.png"]
    refused(
        MismatchError,
        "1 of 46 rows of a table are of no sample of blobs, such as train/class0/new.png",
        {"file": names, "el2n": np.zeros(N + 1)},
        of_files,
    )


def test_samples_of_the_source_that_were_cut_are_left_out(of_files):
    index = replace(of_files.index, source_size=N + 1)
    names = [*index.file_names, "train/class0/cut.png"]
    found = lp.import_scores({"file": names, "el2n": np.arange(N + 1)}, index)
    assert np.array_equal(found.metric("el2n").mean, np.arange(N))


@pytest.mark.parametrize(
    ("key", "bad", "says"),
    [
        ("id", "zebra", "the column id of a table must be sample ids, 16 hexadecimal digits each"),
        ("source_index", 0.5, "the column source_index of a table must be whole numbers"),
        ("source_index", "first", "the column source_index of a table must be whole numbers"),
    ],
)
def test_keys_of_another_kind_are_refused(data, key, bad, says):
    refused(DataError, f"{says}", {key: [bad] * N, "el2n": np.zeros(N)}, data)


@pytest.mark.parametrize("column", ["class", "label"])
def test_classes_are_compared_by_name_too(data, column):
    names = np.array(data.index.class_names)[data.index.labels]
    table = {"id": data.index.ids, "el2n": np.zeros(N), column: names}
    assert lp.import_scores(table, data).metric("el2n").mean.shape == (N,)
    refused(MismatchError, "samples, such as one of class class", {**table, column: np.roll(names, 1)}, data)


# Numbers


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
def test_what_is_not_finite_is_counted_and_named(of_files, bad):
    scores = np.zeros(N)
    scores[[4, 9]] = bad
    says = rf"^el2n in a table has 2 of 45 numbers that are not finite, such as that of {of_files.index.file_names[4]}: give"
    with pytest.raises(DataError, match=says):
        lp.import_scores({"id": of_files.index.ids, "el2n": scores}, of_files)


@pytest.mark.parametrize("bad", ["", "hard"])
def test_what_is_no_number_is_shown(data, in_tmp, bad):
    write_csv("mine.csv", {"id": np.array(keys_of_ids(data)), "el2n": np.array(["0.5"] * (N - 1) + [bad])})
    refused(
        DataError,
        f"el2n in mine.csv must be numbers, and has '{bad}': give a finite number",
        "mine.csv",
        data,
        metric="el2n",
    )


def keys_of_ids(data: lp.LongTailedSet) -> list[str]:
    return [f"{each:016x}" for each in data.index.ids]


@pytest.mark.parametrize("scores", [[], np.zeros((2, N)), np.zeros(()), {}, {"a": np.zeros((2, 2))}, "no"])
def test_what_is_no_number_a_sample_is_refused(data, scores):
    with pytest.raises(lp.LtPruneError):
        lp.import_scores(scores, data, metric="el2n")


# In their order


CLOSE = {
    "near to 1": 1 + np.arange(N) * 2.0**-40,
    "tiny": np.arange(N) * 1e-60,
    "large": 2**40 + np.arange(N),
    "whole": np.arange(2**50, 2**50 + N),
}


@pytest.mark.parametrize("numbers", CLOSE.values(), ids=CLOSE)
def test_numbers_that_float32_cannot_tell_apart_keep_their_order(data, in_tmp, numbers):
    values = np.random.default_rng(2).permutation(numbers)
    assert len(np.unique(values.astype(np.float32))) < N
    scores = lp.import_scores({"id": data.index.ids, "mine": values}, data, higher_is_harder=True, out="mine.h5")
    assert np.array_equal(scores.metric("mine").difficulty, values)
    again = lp.read_scores("mine.h5")
    assert np.array_equal(again.metric("mine").mean, values)
    assert again.digest == scores.digest
    subset = lp.prune(scores="mine.h5", metric="mine", ratio=0.4, allow_empty_class=True)
    assert set(np.flatnonzero(subset.kept)) == set(values.argsort()[-27:])
    lp.export(subset, "all.csv", scores="mine.h5")
    assert np.array_equal(
        lp.import_scores("all.csv", data, metric="mine", higher_is_harder=True).metric("mine").mean, values
    )
    with h5py.File("mine.h5") as file:  # as versions before read it
        assert np.array_equal(file["metrics/mine/per_member"][0], values.astype(np.float32))
        assert file["metrics/mine/mean"].dtype == np.float32


def test_others_are_as_ours_are(data, in_tmp):
    scores = lp.import_scores({"id": data.index.ids, "mine": np.arange(N) / 7}, data, higher_is_harder=True, out="mine.h5")
    assert scores.metric("mine").per_member.dtype == np.float32
    with h5py.File("mine.h5") as file:
        assert "exact" not in file["metrics/mine"]


def test_whole_numbers_that_no_float_tells_apart_are_refused(data):
    table = {"id": data.index.ids, "mine": 2**60 + np.arange(N)}
    says = "mine in a table has whole numbers above 2^53, which are too near to be told apart: give their ranks instead"
    refused(DataError, says, table, data, higher_is_harder=True)
    alike = {"id": data.index.ids, "mine": np.full(N, 2**60)}
    assert len(np.unique(lp.import_scores(alike, data, higher_is_harder=True).metric("mine").mean)) == 1


def test_the_order_of_numbers_that_differ_decides_the_digest(data):
    one, other = (
        lp.import_scores({"id": data.index.ids, "mine": values}, data, higher_is_harder=True)
        for values in (CLOSE["tiny"], CLOSE["tiny"][::-1])
    )
    assert one.digest != other.digest


# Formats


def written_csv(path: Path, columns: dict[str, np.ndarray]) -> None:
    write_csv(str(path), columns)


def written_json_rows(path: Path, columns: dict[str, np.ndarray]) -> None:
    plain = [column.tolist() for column in columns.values()]
    path.write_text(json.dumps([dict(zip(columns, row)) for row in zip(*plain)]))


def written_json_columns(path: Path, columns: dict[str, np.ndarray]) -> None:
    path.write_text(json.dumps({name: column.tolist() for name, column in columns.items()}))


def written_npz(path: Path, columns: dict[str, np.ndarray]) -> None:
    np.savez(path, **columns)


def written_tensors(path: Path, columns: dict[str, np.ndarray]) -> None:
    torch.save({name: torch.tensor(column) for name, column in columns.items() if column.dtype.kind in "if"}, path)


def written_parquet(path: Path, columns: dict[str, np.ndarray]) -> None:
    path.write_text(json.dumps({name: column.tolist() for name, column in columns.items()}))


@pytest.fixture
def pyarrow(monkeypatch) -> None:
    for name, module in fake_pyarrow.modules().items():
        monkeypatch.setitem(sys.modules, name, module)


@pytest.mark.parametrize(
    ("ending", "write"),
    [
        ("csv", written_csv),
        ("json", written_json_rows),
        ("json", written_json_columns),
        ("npz", written_npz),
        ("pt", written_tensors),
        ("parquet", written_parquet),
    ],
)
def test_every_format_gives_the_same_scores(data, in_tmp, pyarrow, ending, write):
    scores = np.random.default_rng(1).random(N)
    index = data.index
    columns = {"source_index": index.source_index, "label": index.labels, "mine": scores, "note": np.array(["x"] * N)}
    write(Path(f"a.{ending}"), shuffled(columns))
    found = lp.import_scores(f"a.{ending}", data, metric="mine", higher_is_harder=False)
    np.testing.assert_array_equal(found.metric("mine").mean, scores.astype(np.float32))
    assert not found.metric("mine").higher_is_harder
    assert found.origin.file == f"a.{ending}"


def test_ids_may_be_whole_numbers_on_both_sides_of_2_63(data, in_tmp):
    ids = data.index.ids.tolist()
    assert min(ids) < 2**63 < max(ids)
    Path("a.json").write_text(json.dumps({"id": ids, "el2n": list(range(N))}))
    Path("b.json").write_text(json.dumps([{"id": each, "el2n": row} for row, each in enumerate(ids)]))
    for file in ("a.json", "b.json"):
        assert np.array_equal(lp.import_scores(file, data, metric="el2n").metric("el2n").mean, np.arange(N))


def test_json_may_be_numbers_by_file_name(of_files, in_tmp):
    scores = dict(zip(of_files.index.file_names, np.arange(N).tolist()))
    Path("a.json").write_text(json.dumps(dict(sorted(scores.items(), key=lambda item: -item[1]))))
    found = lp.import_scores("a.json", of_files, metric="el2n")
    assert np.array_equal(found.metric("el2n").mean, np.arange(N))


def test_scores_of_ccs_are_read_as_tensors_and_their_targets_compared(data, in_tmp):
    # As generate_importance_score.py makes them, with the pickle saved as tensors.
    n = data.index.source_size
    random = torch.Generator().manual_seed(0)
    targets = torch.zeros(n, dtype=torch.int32)
    targets[data.index.source_index] = torch.tensor(data.index.labels, dtype=torch.int32)
    importance = {
        "entropy": torch.rand(n, generator=random),
        "loss": torch.rand(n, generator=random),
        "targets": targets,
        "correctness": torch.randint(0, 9, (n,), generator=random, dtype=torch.int32),
        "accumulated_margin": torch.rand(n, generator=random),
    }
    torch.save(importance, "data-score-all-data.pt")
    found = lp.import_scores("data-score-all-data.pt", data, metric=["loss", "entropy"])
    assert np.array_equal(found.metric("loss").mean, importance["loss"].numpy()[data.index.source_index])
    assert found.metric("entropy").higher_is_harder
    margin = lp.import_scores("data-score-all-data.pt", data, metric="accumulated_margin", higher_is_harder=False)
    kept = lp.prune(scores=margin, ratio=0.4, allow_empty_class=True).kept
    assert importance["accumulated_margin"].numpy()[data.index.source_index][kept].max() < 1
    torch.save({**importance, "targets": targets.flip(0)}, "data-score-all-data.pt")
    refused(MismatchError, "data-score-all-data.pt has other classes", "data-score-all-data.pt", data, metric="loss")


@pytest.mark.filterwarnings("ignore:.*is joined by place")
@pytest.mark.parametrize("within", [True, False], ids=["checkpoint", "subset"])
def test_scores_of_deepcore_are_those_beside_its_indices(data, values, in_tmp, within):
    # As GraNd.select returns them, in a checkpoint of main.py or alone.
    subset = {"indices": np.argsort(values)[::-1][:20].copy(), "scores": values.astype(np.float32)}
    torch.save({"exp": 0, "state_dict": {"w": torch.zeros(3)}, "subset": subset} if within else subset, "deepcore.ckpt")
    found = lp.import_scores("deepcore.ckpt", data, metric="grand")
    assert np.array_equal(found.metric("grand").mean, values.astype(np.float32)[data.index.source_index])


class Evil:
    def __reduce__(self) -> tuple:
        return (open, ("ran", "w"))


def test_nothing_is_unpickled(data, in_tmp):
    for name, save in (
        ("a.pt", torch.save),
        ("a.npy", lambda what, path: np.save(path, np.array([what]), allow_pickle=True)),
    ):
        save(Evil(), name)
        refused(DataError, f"{name} is not a ", name, data, metric="el2n")
    for name in ("a.pickle", "a.pkl"):
        Path(name).write_bytes(pickle.dumps(Evil()))
        refused(
            DataError,
            f"{name} is a pickle, which may run any program when it is read: where you trust it, save its tensors by",
            name,
            data,
            metric="el2n",
        )
    assert not Path("ran").exists()


def test_the_advice_for_a_pickle_works(data, in_tmp):
    n = data.index.source_size
    Path("data-score.pickle").write_bytes(pickle.dumps({"el2n": torch.arange(n), "loss": torch.zeros(n)}))
    with pytest.raises(DataError) as refusal:
        lp.import_scores("data-score.pickle", data)
    advised = str(refusal.value).partition("tensors by ")[2].partition(", and give that file")[0]
    exec(advised, {"torch": torch, "pickle": pickle})
    with pytest.warns(UserWarning, match="joined by place"):
        found = lp.import_scores("data-score.pt", data, metric="el2n")
    assert np.array_equal(found.metric("el2n").mean, data.index.source_index)


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.csv", "a.json", "a.pt", "a.parquet"])
def test_a_file_that_is_missing_or_damaged_is_refused_by_name(data, in_tmp, pyarrow, name):
    refused(DataError, f"{name} does not exist", name, data, metric="el2n")
    for content in (b"", b"junk\x00\xff", b"[", b'{"a": [1, 2], "b": {}}'):
        Path(name).write_bytes(content)
        with pytest.raises(lp.LtPruneError, match=f"{name}"):
            lp.import_scores(name, data, metric="el2n")


def test_an_unknown_ending_lists_those_there_are(data):
    refused(ArgumentError, "a.xlsx ends in no format that is read: there are .npy, .npz, .csv, .json", "a.xlsx", data)


def test_parquet_needs_its_library(data, in_tmp, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    refused(
        ArgumentError, "a.parquet needs pyarrow, which is not installed: pip install 'lt-prune[pyarrow]'", "a.parquet", data
    )


def test_a_row_of_other_columns_is_named(data, in_tmp):
    Path("a.csv").write_text("id,el2n\n1,2\n1,2,3\n")
    refused(DataError, "line 3 of a.csv has another number of cells than the first", "a.csv", data)


# Names and directions


def test_a_direction_that_is_not_known_is_asked_for(data):
    table = {"id": data.index.ids, "mine": np.zeros(N)}
    refused(ArgumentError, "which end of 'mine' is hard is not known: say --higher-is-harder or --lower", table, data)
    assert lp.import_scores(table, data, higher_is_harder=True).metric("mine").higher_is_harder


def test_a_metric_of_ours_has_its_own_direction(data):
    table = {"id": data.index.ids, "aum": np.zeros(N)}
    assert not lp.import_scores(table, data).metric("aum").higher_is_harder
    refused(
        ArgumentError,
        "of the metric 'aum' lower is harder: give scores that count otherwise another",
        table,
        data,
        higher_is_harder=True,
    )


def test_a_column_is_chosen_where_there_are_several(data):
    table = {"id": data.index.ids, "a": np.zeros(N), "b": np.arange(N), "kept": np.zeros(N)}
    refused(ArgumentError, "a table has several columns with scores, a, b: name one by --metric, or by", table, data)
    by_column = lp.import_scores(table, data, column="b", metric="el2n")
    assert np.array_equal(by_column.metric("el2n").mean, np.arange(N))
    both = lp.import_scores(table, data, metric=["b", "a"], higher_is_harder=True)
    assert list(both.metrics) == ["b", "a"]
    refused(ArgumentError, "a table has no column 'c': there are id, a, b, kept", table, data, column="c")
    refused(ArgumentError, "a column is of one metric, and a, b are several", table, data, column="a", metric=["a", "b"])
    refused(ArgumentError, "a table has no column with scores", {"id": data.index.ids}, data)
    refused(
        ArgumentError, "an array has numbers without a name: say what they are called by --metric", np.zeros(N + CUT), data
    )


@pytest.mark.parametrize("name", ["a-b", "a/b", "seed3", "..", "a b", "label", "kept"])
def test_a_name_that_files_cannot_have_is_refused(data, name):
    refused(
        ArgumentError,
        f"scores cannot be called '{name}', as ",
        {"id": data.index.ids, "x": np.zeros(N)},
        data,
        metric=name,
        higher_is_harder=True,
    )


# What is said of them


@pytest.fixture
def mine(data, in_tmp) -> lp.ScoreSet:
    scores = np.random.default_rng(2).random(N)
    table = {"id": data.index.ids, "mine": scores}
    return lp.import_scores(table, data, higher_is_harder=True, made_by="a friend", out="mine.h5")


def test_no_members_recipe_or_seconds_are_made_up(mine):
    assert (mine.seeds, mine.recipe, mine.ensemble, mine.versions, mine.arithmetic) == ((), None, None, {}, ())
    assert len(mine.seconds) == len(mine.train_accuracy) == 0
    assert str(mine.origin).startswith("made elsewhere: a table, sha256 ")
    assert str(mine.origin).endswith(", by a friend")
    with h5py.File("mine.h5") as file:
        assert "members" not in file
        assert "recipe" not in file.attrs
        assert file.attrs["schema_version"] == SCHEMAS["scores"] == 4


def test_they_come_back_from_their_file(mine):
    again = lp.read_scores("mine.h5")
    assert again.origin == mine.origin
    assert np.array_equal(again.metric("mine").per_member, mine.metric("mine").per_member)
    lp.write_scores("mine.h5", again)  # the same is left as it is
    with pytest.raises(
        MismatchError, match=r"holds another scores, with origin made elsewhere: a table, .* not made elsewhere"
    ):
        lp.write_scores("mine.h5", replace(again, origin=replace(again.origin, made_by="another")))


def test_the_digest_is_that_of_the_file(data, values, in_tmp):
    import hashlib

    np.save("kept.npy", values)
    with pytest.warns(UserWarning, match="joined by place"):
        scores = lp.import_scores("kept.npy", data, metric="el2n")
    assert scores.origin.sha256 == hashlib.sha256(Path("kept.npy").read_bytes()).hexdigest()


def test_a_subset_says_where_its_scores_are_from(mine, in_tmp):
    subset = lp.prune(scores="mine.h5", ratio=0.4, out="subset.h5")
    assert subset.options["metric"] == "mine"
    assert subset.options["origin"] == str(mine.origin)
    assert not {"members", "ensemble"} & set(subset.options)
    assert lp.read_subset("subset.h5").options == subset.options
    assert subset.strategy == "ranked"


def test_scores_shows_where_they_are_from_and_nothing_of_members(mine):
    shown = ok("scores mine.h5")
    assert str(mine.origin) in " ".join(shown.stdout.split())
    assert "member" not in shown.stdout
    assert "std over" not in shown.stdout
    said = json.loads(ok("scores mine.h5 --json --csv mine.csv").stdout)
    assert said["origin"] == {"file": "a table", "sha256": mine.origin.sha256, "made_by": "a friend"}
    assert not {"members", "recipe", "seconds", "train_accuracy", "versions"} & set(said)
    assert said["std"] is None
    assert Path("mine.csv").read_text().splitlines()[1].split(",")[6] == ""


def test_no_member_is_added_to_them(mine, data):
    with pytest.raises(
        MismatchError, match=r"^mine.h5 holds scores that were made elsewhere: a table, .*no member can be added"
    ):
        lp.score(data, members=1, epochs=1, model="resnet8", out="mine.h5")


def test_another_metric_is_not_advised_to_be_added(mine, data):
    with pytest.raises(
        ArgumentError, match=r"^mine.h5 has no 'avh' scores, only mine, and was made elsewhere: name one of these"
    ):
        lp.prune(data, scores="mine.h5", ratio=0.4, metric="avh")
    assert lt("scores mine.h5 --metric other").exit_code == 2


def test_a_run_on_them_says_no_ensemble(mine, data):
    subset = lp.prune(data, scores=mine, ratio=0.4)
    result = lp.train(data, subset=subset, epochs=1, model="resnet8", compute=lp.Compute(device="cpu"), out="run")
    assert (result.metric, result.spec.ensemble) == ("mine", None)
    assert lp.results("run")[0]["ensembles"] is None
    table = {"id": data.index.ids, "avh": np.linspace(0, 1, N)}
    assert lp.plot("run", "hardness", data=data, scores=lp.import_scores(table, data))["hardness"].files


def test_the_command_takes_a_file_and_names_its_own(in_tmp):
    data = lp.build("digits")
    write_csv("mine.csv", {"id": np.array(keys_of_ids(data)), "score": data.pixels.mean(axis=(1, 2, 3))})
    done = ok("import-scores mine.csv --metric bright --lower-is-harder --made-by me --json")
    assert json.loads(done.stdout)["file"] == "scores/digits-lt10-bright.h5"
    assert "wrote scores/digits-lt10-bright.h5" in done.stderr
    ok("prune --scores scores/digits-lt10-bright.h5 --ratio 0.4")
    kept = lp.read_subset("subsets/digits-lt10-ranked-bright-0.4.h5").kept
    expected = np.argsort(data.pixels.mean(axis=(1, 2, 3)).astype(np.float32), kind="stable")[:302]
    assert np.isin(np.flatnonzero(kept), expected).mean() > 0.95  # but for the last of a class
    assert "left as it is" in ok("import-scores mine.csv --metric bright --lower-is-harder --made-by me").stderr
    assert lt("import-scores mine.csv --metric bright --higher-is-harder").exit_code == 1
    ok("import-scores mine.csv --metric bright --higher-is-harder --overwrite")


def test_the_csv_of_scores_comes_back(mine, data):
    lp.score_rows(mine, csv="rows.csv")
    again = lp.import_scores("rows.csv", data, metric="mine", column="mean", higher_is_harder=True)
    assert np.array_equal(again.metric("mine").mean, mine.metric("mine").mean)


# What others make of them


def test_an_audit_and_a_sampler_take_them(mine, data, recwarn):
    subset = lp.prune(data, scores=mine, ratio=0.4)
    audited = lp.audit(subset, scores=mine)
    [ranking] = audited["rankings"]
    assert (ranking["metric"], ranking["members"], ranking["stability"]) == ("mine", None, None)
    assert not any("member" in danger for danger in audited["dangers"])
    sampler = lp.Sampler(mine, data, ratio=0.4)
    sampler.set_epoch(0)
    assert len(list(sampler)) == 27


def test_noise_and_copies_are_dropped_by_them(data):
    doubt = np.linspace(-1, 1, N)
    table = {"id": data.index.ids, "label-noise": doubt, "el2n": doubt[::-1]}
    scores = lp.import_scores(table, data, metric=["label-noise", "el2n"])
    subset = lp.prune(scores=scores, metric="el2n", ratio=0.4, drop="noisy:0.1")
    assert subset.options["origin"] == str(scores.origin)
    assert subset.options["dropped"]["noisy"] == 4
    with pytest.raises(ArgumentError, match=r"no 'near-duplicate' scores, .* was made elsewhere"):
        lp.prune(scores=scores, metric="el2n", ratio=0.4, drop="duplicates")
