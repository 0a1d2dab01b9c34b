"""Files that other programs read, by these programs themselves, where they are installed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import lt_prune as lp

pytestmark = pytest.mark.slow


@pytest.fixture
def scores(blob_folder, in_tmp) -> lp.ScoreSet:
    blob_folder()
    index = lp.build("folder:photos").index
    table = {"id": index.ids, "el2n": np.random.default_rng(0).random(index.n_samples)}
    return lp.import_scores(table, index, metric="el2n")


def test_fiftyone_reads_tags_and_classes(scores, monkeypatch):
    monkeypatch.setenv("FIFTYONE_DO_NOT_TRACK", "1")
    csv = pytest.importorskip("fiftyone.utils.csv")
    subset = lp.prune(scores=scores, metric="el2n", ratio=0.4)
    lp.export(subset, "labels.csv", "fiftyone")
    fields = {"tags": lambda tags: tags.split(","), "class": None}  # as README.md has it
    with csv.CSVDatasetImporter(data_path="photos", labels_path="labels.csv", fields=fields) as importer:
        found = {Path(each.filepath).relative_to(Path("photos").absolute()).as_posix(): each for each in importer}
    index = subset.index
    assert {name: each.tags for name, each in found.items()} == {
        name: ["kept" if kept else "removed"] for name, kept in zip(index.file_names, subset.kept)
    }
    assert {name: each["class"] for name, each in found.items()} == {
        name: index.class_names[label] for name, label in zip(index.file_names, index.labels)
    }


def test_datalab_has_issues_of_the_same_columns(scores):
    pytest.importorskip("datasets")  # which Datalab needs
    datalab = pytest.importorskip("cleanlab.datalab.datalab")
    pd = pytest.importorskip("pandas")
    subset = lp.prune(scores=scores, metric="el2n", ratio=0.4)
    lp.export(subset, "issues.csv", "cleanlab", scores=scores)
    ours = pd.read_csv("issues.csv")
    lab = datalab.Datalab({"label": ours.given_label}, label_name="label", verbosity=0)
    lab.find_issues(pred_probs=np.random.default_rng(0).dirichlet(np.ones(4), len(ours)), issue_types={"label": {}})
    theirs = lab.get_issues()
    together = theirs.join(ours[["is_removed_issue", "removed_score"]])
    kinds = {name: str(kind) for name, kind in together.dtypes.items()}
    assert kinds["is_removed_issue"] == kinds["is_label_issue"] == "bool"
    assert kinds["removed_score"] == kinds["label_score"] == "float64"
    worst = ours.sort_values("removed_score").file[:18]
    assert set(worst) == {name for name, kept in zip(subset.index.file_names, subset.kept) if not kept}
    assert together.removed_score.between(0, 1).all()
    labelled = lab.get_issues("label").given_label  # by the classes' names
    assert labelled.tolist() == ours.given_label.tolist()
