from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.datasets import ImageFolder
from typed import lt, ok

import lt_prune as lp
from lt_prune.errors import ArgumentError, MismatchError


@pytest.fixture
def photos(blob_folder, in_tmp) -> str:
    """24, 12, 6 and 3 training images; classes have names."""
    blob_folder()
    return "folder:photos"


@pytest.fixture
def scores(photos) -> lp.ScoreSet:
    """Scores of two metrics, made elsewhere."""
    index = lp.build(photos).index
    random = np.random.default_rng(0)
    table = {"id": index.ids, "el2n": random.random(index.n_samples), "aum": random.normal(size=index.n_samples)}
    return lp.import_scores(table, index, metric=["el2n", "aum"], out="scores/photos-both.h5")


@pytest.fixture
def subset(scores) -> lp.Subset:
    return lp.prune(scores=scores, metric="el2n", ratio=0.4, out="subsets/mine.h5")


def rows_of(path: str) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


# Tables


@pytest.fixture
def parquet(monkeypatch) -> list[tuple[dict, object]]:
    """What is given to pyarrow, which is not installed where tests run."""
    written: list[tuple[dict, object]] = []
    package, module = ModuleType("pyarrow"), ModuleType("pyarrow.parquet")
    package.table, package.parquet = dict, module
    module.write_table = lambda table, file: (written.append((table, file)), file.write(b"PAR1"))
    monkeypatch.setitem(sys.modules, "pyarrow", package)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", module)
    return written


def test_a_table_has_the_mean_of_every_metric(scores, subset):
    lp.export(subset, "all.csv", scores=scores)
    rows = {row["id"]: row for row in rows_of("all.csv")}
    for i, each in enumerate(scores.index.ids):
        row = rows[f"{each:016x}"]
        assert np.float32(row["el2n"]) == scores.metric("el2n").mean[i]
        assert np.float32(row["aum"]) == scores.metric("aum").mean[i]
        assert row["kept"] == str(int(subset.kept[i]))


def test_a_table_comes_back_as_the_scores_that_it_has(scores, subset):
    lp.export(subset, "all.csv", scores=scores)
    again = lp.import_scores("all.csv", scores.index, metric=["el2n", "aum"])
    for name in ("el2n", "aum"):
        assert np.array_equal(again.metric(name).mean, scores.metric(name).mean)
    for ratio in (0.2, 0.4, 0.6):
        one, other = (lp.prune(scores=each, metric="aum", ratio=ratio).kept for each in (scores, again))
        assert np.array_equal(one, other)
    by_name = lp.import_scores("all.csv", scores.index, metric="aum", match="names")
    assert np.array_equal(by_name.metric("aum").mean, scores.metric("aum").mean)


def test_json_has_them_too_and_the_places(scores, subset):
    lp.export(subset, "all.json", scores="scores/photos-both.h5")
    lp.export(subset, "kept.npy")
    said = json.loads(Path("all.json").read_text())
    assert said["kept"] == np.load("kept.npy").tolist()
    assert sorted(said["kept"] + said["removed"]) == list(range(45))
    again = lp.import_scores("all.json", scores.index, metric="el2n")
    assert np.array_equal(again.metric("el2n").mean, scores.metric("el2n").mean)


def test_parquet_gets_the_columns_of_csv(scores, subset, parquet):
    lp.export(subset, "all.parquet", scores=scores)
    lp.export(subset, "all.csv", scores=scores)
    [(columns, _)] = parquet
    rows = rows_of("all.csv")
    assert set(columns) == set(rows[0])
    for name, column in columns.items():
        assert [str(int(value)) if name == "kept" else str(value) for value in column] == [row[name] for row in rows]
    assert Path("all.parquet").read_bytes() == b"PAR1"


def test_parquet_needs_its_library(subset, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ArgumentError, match=r"^a parquet file needs pyarrow, which is not installed: pip install 'lt-prune"):
        lp.export(subset, "all.parquet")
    assert not Path("all.parquet").exists()


def test_scores_of_other_samples_and_for_other_formats_are_refused(scores, subset, blobs):
    data = blobs(seed=4)
    others = lp.import_scores({"id": data.index.ids, "el2n": np.zeros(45)}, data)
    with pytest.raises(MismatchError, match="the score file was made from other data"):
        lp.export(subset, "all.csv", scores=others)
    with pytest.raises(ArgumentError, match=r"^npy has no place for scores, which csv, json, parquet, cleanlab have"):
        lp.export(subset, "kept.npy", scores=scores)
    assert not list(Path().glob("*.csv"))


# Lists


def test_ids_are_those_of_the_samples(subset):
    lp.export(subset, "kept.txt", "ids")
    lp.export(subset, "removed.txt", "ids", removed=True)
    kept = [int(line, 16) for line in Path("kept.txt").read_text().split()]
    assert sorted(kept) == subset.kept_ids.tolist()
    assert sorted(int(line, 16) for line in Path("removed.txt").read_text().split()) == subset.removed_ids.tolist()


class Listed(torch.utils.data.Dataset):
    """As the code of OLTR, decoupling and others reads its lists."""

    def __init__(self, root: str, txt: str) -> None:
        self.img_path, self.labels = [], []
        with open(txt) as lines:
            for line in lines:
                self.img_path.append(str(Path(root, line.split()[0])))
                self.labels.append(int(line.split()[1]))


def test_path_label_lists_are_read_as_long_tailed_code_reads_them(subset):
    lp.export(subset, "lt.txt", "list")
    read = Listed("photos", "lt.txt")
    assert Counter(read.labels) == Counter(subset.index.labels[subset.kept].tolist())
    assert all(Path(path).parent.name == f"class{label}" for path, label in zip(read.img_path, read.labels))
    lp.export(subset, "kept.txt")
    assert read.img_path == [f"photos/{name}" for name in Path("kept.txt").read_text().split()]


def test_a_path_label_list_is_a_source(subset):
    lp.export(subset, "lt.txt", "list")
    again = lp.build("list:lt.txt", reading=lp.Reading(root="photos", holdout=0))
    assert again.index.ids.tolist() == subset.kept_ids.tolist()
    part = lp.prune(again, strategy="class-random", ratio=0.3)
    lp.export(part, "less.txt", "list")
    assert set(Path("less.txt").read_text().split("\n")) < set(Path("lt.txt").read_text().split("\n"))


def test_a_name_with_a_space_is_in_no_such_list(in_tmp):
    for i in range(6):
        path = Path("photos", f"class{i % 2}", f"a photo {i}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (i * 20, 0, 0)).save(path)
    subset = lp.prune("folder:photos", strategy="random", ratio=0.3, reading=lp.Reading(holdout=0))
    with pytest.raises(ArgumentError, match=r"splits them at spaces, and 'class0/a photo \d.png' has one: export csv$"):
        lp.export(subset, "lt.txt", "list")
    lp.export(subset, "kept.txt")


@pytest.mark.parametrize("format", ["list", "fiftyone", "copies", "links"])
def test_a_source_without_files_has_none_to_name(in_tmp, format):
    subset = lp.prune("digits", strategy="random", ratio=0.4)
    with pytest.raises(ArgumentError, match=f"^{format} names files, and digits has none: export npy, csv or json$"):
        lp.export(subset, "out", format)
    assert not Path("out").exists()


# Weights


def test_weights_draw_every_class_as_often(subset, photos):
    lp.export(subset, "weights.npy", "weights")
    weights = np.load("weights.npy")
    kept = lp.torch_subset(subset, ImageFolder("photos/train"))
    assert weights.dtype == np.float64
    assert len(weights) == len(kept)
    labels = np.array([label for _, label in kept])
    assert [float(weights[labels == c].sum()) for c in range(4)] == pytest.approx([1, 1, 1, 1])
    sampler = torch.utils.data.WeightedRandomSampler(weights, 4000, generator=torch.Generator().manual_seed(0))
    drawn = Counter(labels[list(sampler)].tolist())
    assert all(abs(drawn[c] - 1000) < 150 for c in range(4))


def test_weights_for_image_folder_are_in_its_order(subset):
    Image.new("RGB", (8, 8)).save("photos/train/class0/zz.gif")
    lp.export(subset, "weights.npy", "weights", for_="imagefolder")
    lp.export(subset, "kept.npy", for_="imagefolder")
    targets = np.array(ImageFolder("photos/train").targets)[np.load("kept.npy")]
    assert np.array_equal(np.load("weights.npy"), 1 / np.bincount(targets)[targets])


# Tags


def test_fiftyone_finds_each_file_and_its_tags(subset):
    lp.export(subset, "labels.csv", "fiftyone")
    rows = rows_of("labels.csv")
    assert list(rows[0]) == ["filepath", "tags", "class"]
    # As CSVDatasetImporter looks files up: by their paths below data_path.
    media = {path.relative_to("photos").as_posix() for path in Path("photos").rglob("*.png")}
    assert all(row["filepath"] in media for row in rows)
    kept = {row["filepath"] for row in rows if row["tags"].split(",") == ["kept"]}
    assert kept == {name for name, is_kept in zip(subset.index.file_names, subset.kept) if is_kept}
    assert {row["tags"] for row in rows} == {"kept", "removed"}


def test_cleanlab_has_an_issue_and_a_score(scores, subset):
    lp.export(subset, "plain.csv", "cleanlab")
    lp.export(subset, "issues.csv", "cleanlab", scores=scores)
    plain, issues = rows_of("plain.csv"), rows_of("issues.csv")
    assert list(issues[0]) == ["source_index", "file", "given_label", "is_removed_issue", "removed_score"]
    assert [int(row["source_index"]) for row in issues] == list(range(45))
    assert all((row["is_removed_issue"] == "True") == (row["removed_score"] == "0.0") for row in plain)
    by_file = {row["file"]: row for row in issues}
    own = np.array([float(by_file[name]["removed_score"]) for name in subset.index.file_names])
    assert np.array_equal(np.argsort(own), np.argsort(scores.metric("el2n").mean, kind="stable"))
    assert (own.min(), own.max()) == (0, 1)


def test_the_easy_that_are_kept_score_high(scores):
    easy = lp.prune(scores=scores, metric="aum", ratio=0.4, keep="easy")
    lp.export(easy, "issues.csv", "cleanlab", scores=scores)
    by_file = {row["file"]: float(row["removed_score"]) for row in rows_of("issues.csv")}
    own = np.array([by_file[name] for name in easy.index.file_names])
    assert np.array_equal(np.argsort(own), np.argsort(scores.metric("aum").mean, kind="stable"))


# Whose order, and what goes with what


@pytest.mark.parametrize("format", ["ids", "list", "fiftyone", "cleanlab", "copies", "links"])
def test_names_are_in_no_loaders_order(subset, format):
    with pytest.raises(ArgumentError, match=f"^{format} gives names, which are in no loader's order: leave out --for"):
        lp.export(subset, "out", format, for_="imagefolder")
    order = lp.export(subset, "out", format)
    assert order == ""


@pytest.mark.parametrize("format", ["csv", "json", "parquet", "fiftyone", "cleanlab"])
def test_tables_tell_of_all(subset, format):
    with pytest.raises(ArgumentError, match=f"^{format} tells of every sample whether it was kept: leave out --removed"):
        lp.export(subset, "out", format, removed=True)


# The command


@pytest.mark.parametrize(
    ("options", "file"),
    [
        ("--format npy", "mine-kept.npy"),
        ("--format npy --removed", "mine-removed.npy"),
        ("--format txt", "mine-kept.txt"),
        ("--format ids", "mine-kept-ids.txt"),
        ("--format list --removed", "mine-removed-list.txt"),
        ("--format csv", "mine-kept-and-removed.csv"),
        ("--format json", "mine-kept-and-removed.json"),
        ("--format weights", "mine-kept-weights.npy"),
        ("--format fiftyone", "mine-kept-and-removed-fiftyone.csv"),
        ("--format cleanlab", "mine-kept-and-removed-cleanlab.csv"),
    ],
)
def test_every_default_name_says_kept_or_removed(subset, options, file):
    said = ok(f"export subsets/mine.h5 {options}")
    assert Path("exports", file).is_file()
    assert f"wrote exports/{file}" in said.stderr


@pytest.mark.parametrize(("options", "folder"), [("copies", "mine-kept"), ("links --removed", "mine-removed")])
def test_a_folder_has_its_default_name_too(subset, options, folder):
    said = ok(f"export subsets/mine.h5 --format {options}")
    assert len(list(Path("exports", folder).rglob("*.png"))) == (27 if folder.endswith("kept") else 18)
    assert f"wrote exports/{folder}" in said.stderr
    assert "left as it is" in ok(f"export subsets/mine.h5 --format {options}").stderr


def test_the_scores_that_chose_it_are_found(subset, scores):
    ok("export subsets/mine.h5 --format csv")
    assert "aum" in rows_of("exports/mine-kept-and-removed.csv")[0]
    Path("scores/photos-both.h5").rename("elsewhere.h5")
    said = ok("export subsets/mine.h5 --out without.csv")
    assert "no scores of mine.h5 are here: name those that chose it by --scores" in said.stderr
    assert "aum" not in rows_of("without.csv")[0]
    ok("export subsets/mine.h5 --out with.csv --scores elsewhere.h5")
    assert Path("with.csv").read_bytes() == Path("exports/mine-kept-and-removed.csv").read_bytes()


def test_scores_of_an_ensemble_that_has_grown_are_not_those_that_chose(in_tmp):
    scores = lp.score("digits", members=1, epochs=1, model="resnet8", out="scores/digits-lt10.h5")
    lp.prune(scores=scores, ratio=0.4, out="mine.h5")
    ok("export mine.h5 --out one.csv")
    assert "avh" in rows_of("one.csv")[0]
    shifted = {name: replace(each, per_member=each.per_member + 1) for name, each in scores.metrics.items()}
    lp.write_scores("scores/digits-lt10.h5", replace(scores, metrics=shifted), overwrite=True)
    assert "no scores of mine.h5 are here" in ok("export mine.h5 --out other.csv").stderr


def test_what_to_write_must_be_said(subset):
    said = lt("export subsets/mine.h5")
    assert said.exit_code == 2
    assert "what to write is not said: name a format by --format, or a file by --out" in said.stderr
