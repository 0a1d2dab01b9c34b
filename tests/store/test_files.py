from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from documents import read_document

from lt_prune.config.compute import Arithmetic
from lt_prune.config.recipe import Recipe
from lt_prune.errors import FileError, MismatchError
from lt_prune.store.files import read_scores, read_set, read_set_index, read_subset, write_scores, write_set, write_subset
from lt_prune.store.hdf5 import Document, write_document
from lt_prune.types import LongTailedSet, MetricScores, ScoreSet, Subset

READERS = {"set": read_set, "scores": read_scores, "subset": read_subset}
WRITERS = {"set": write_set, "scores": write_scores, "subset": write_subset}
NAMES = ("Käse", "猫", "with space", "Ω")


@pytest.fixture(params=[False, True], ids=["no names", "file names"])
def small(blobs, request) -> LongTailedSet:
    """A set with class names beyond ASCII, with and without file names."""
    data = blobs((8, 6, 4, 2))
    files = tuple(f"train/Käse/{i}.png" for i in range(20)) if request.param else None
    built = {"profile": "exp", "imbalance": 2.5, "largest": 8, "seed": 3, "selection": "content"}
    return replace(data, index=replace(data.index, class_names=NAMES, file_names=files, built=built), flip=False)


def scores_of(data: LongTailedSet) -> ScoreSet:
    random = np.random.default_rng(0)
    return ScoreSet(
        index=data.index,
        metrics={
            "easy": MetricScores(per_member=random.random((3, 20), dtype=np.float32), higher_is_harder=False, equation=""),
            "el2n": MetricScores(
                per_member=random.random((3, 20), dtype=np.float32), higher_is_harder=True, equation="Eq. 11"
            ),
        },
        seeds=(5, 2**62, 7),
        train_accuracy=np.array([0.5, 0.25, 1 / 3]),
        seconds=np.array([1.5, 2.5, 0.0]),
        recipe=Recipe(epochs=10, lr=0.05, schedule="cosine", flip=False),
        versions={"python": "3.11.7", "torch": "2.15.0"},
        ensemble=2**62,
        arithmetic=(Arithmetic(), Arithmetic(device="cuda", precision="bf16", compiled=True), Arithmetic()),
    )


def subset_of(data: LongTailedSet) -> Subset:
    options = {"metric": "avh", "keep": "hard", "within": "set", "seed": 0, "allow_empty_class": False, "members": 3}
    return Subset(index=data.index, kept=np.arange(20) % 3 > 0, strategy="ranked", ratio=0.35, options=options)


MAKERS = {"set": lambda data: data, "scores": scores_of, "subset": subset_of}


def written(kind: str, data: LongTailedSet, folder: Path) -> Path:
    path = folder / f"{kind}.h5"
    WRITERS[kind](path, MAKERS[kind](data))
    return path


def assert_equal(one: object, other: object) -> None:
    """Every field of two dataclasses is equal, arrays with their types, and so on below."""
    assert type(one) is type(other)
    for item in fields(one):
        mine, its = getattr(one, item.name), getattr(other, item.name)
        if isinstance(mine, np.ndarray):
            assert (mine.dtype, mine.shape) == (its.dtype, its.shape), item.name
            assert np.array_equal(mine, its), item.name
        elif item.name == "metrics":
            assert mine.keys() == its.keys()
            for name in mine:
                assert_equal(mine[name], its[name])
        elif hasattr(mine, "__dataclass_fields__"):
            assert_equal(mine, its)
        else:
            assert mine == its, item.name
            assert type(mine) is type(its), item.name


@pytest.mark.parametrize("kind", READERS)
def test_every_field_comes_back(small, tmp_path, kind):
    assert_equal(READERS[kind](written(kind, small, tmp_path)), MAKERS[kind](small))


@pytest.mark.parametrize("kind", READERS)
def test_a_path_may_be_text(small, tmp_path, kind):
    path = str(tmp_path / "new" / "a.h5")
    WRITERS[kind](path, MAKERS[kind](small))
    assert_equal(READERS[kind](path), MAKERS[kind](small))


@pytest.mark.parametrize("kind", READERS)
def test_what_is_read_writes_the_same_file_again(small, tmp_path, kind):
    path = written(kind, small, tmp_path)
    WRITERS[kind](tmp_path / "again.h5", READERS[kind](path))
    assert (tmp_path / "again.h5").read_bytes() == path.read_bytes()


def test_a_set_without_test_images_comes_back(small, tmp_path):
    data = replace(small, test_pixels=small.test_pixels[:0], test_labels=small.test_labels[:0])
    write_set(tmp_path / "a.h5", data)
    assert_equal(read_set(tmp_path / "a.h5"), data)


@pytest.mark.parametrize("kept", [np.ones(20, bool), np.arange(20) == 7])
def test_a_subset_of_all_or_one_comes_back(small, tmp_path, kept):
    subset = replace(subset_of(small), kept=kept)
    write_subset(tmp_path / "a.h5", subset)
    assert_equal(read_subset(tmp_path / "a.h5"), subset)


def test_what_is_read_can_be_trained_on(small, tmp_path):
    data = read_set(written("set", small, tmp_path))
    assert data.pixels.flags.writeable
    assert data.index.labels.flags.writeable


def test_a_score_file_has_the_documented_layout(small, tmp_path):
    scores = scores_of(small)
    write_scores(tmp_path / "a.h5", scores)
    with h5py.File(tmp_path / "a.h5") as file:
        assert file.attrs["format"] == "lt-prune scores"
        assert file.attrs["data_digest"] == small.index.digest
        assert json.loads(file.attrs["built"]) == small.index.built
        assert json.loads(file.attrs["recipe"])["epochs"] == 10
        assert json.loads(file.attrs["groups"]) == list(small.index.groups)
        assert [name.decode() for name in file["class_names"]] == list(NAMES)
        assert file["members/seeds"][:].tolist() == [5, 2**62, 7]
        assert file["metrics/easy"].attrs["higher_is_harder"] == 0
        per_member = file["metrics/el2n/per_member"][:]
        assert per_member.shape == (3, 20)
        np.testing.assert_allclose(file["metrics/el2n/mean"], per_member.astype(np.float64).mean(0), rtol=1e-6)
        np.testing.assert_allclose(file["metrics/el2n/std"], per_member.astype(np.float64).std(0), rtol=1e-5)


@pytest.mark.parametrize("computed", [{}, {"device": "cuda", "precision": "tf32", "compiled": True}], ids=["none", "one"])
def test_scores_of_schema_1_were_computed_alike_and_where_nothing_says_it_by_the_cpu(small, tmp_path, computed):
    path = written("scores", small, tmp_path)
    document = read_document(path, "scores")
    attributes = {place: dict(of) for place, of in document.attributes.items()}
    del attributes["members"]["arithmetic"]
    attributes["/"] |= {"computed": computed} if computed else {}
    write_document(path, "scores", replace(document, attributes=attributes))
    assert read_scores(path).arithmetic == (Arithmetic(**computed),) * 3


def test_a_subset_file_lists_kept_and_removed_ids(small, tmp_path):
    write_subset(tmp_path / "a.h5", subset_of(small))
    with h5py.File(tmp_path / "a.h5") as file:
        kept, removed = file["kept_ids"][:].tolist(), file["removed_ids"][:].tolist()
        assert file.attrs["ratio"] == 0.35
    ids = small.index.ids.tolist()
    assert kept == [i for k, i in enumerate(ids) if k % 3 > 0]
    assert sorted(kept + removed) == ids


@pytest.mark.parametrize("kind", READERS)
def test_a_truncated_file_is_refused(small, tmp_path, kind):
    path = written(kind, small, tmp_path)
    content = path.read_bytes()
    for length in (0, 1, 511, 512, 513, len(content) // 2, len(content) - 512, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(FileError):
            READERS[kind](path)


@pytest.mark.parametrize("kind", READERS)
def test_a_flipped_bit_is_refused(small, tmp_path, kind):
    path = written(kind, small, tmp_path)
    content = path.read_bytes()
    for k, i in enumerate(np.linspace(0, len(content) - 1, 60).astype(int)):
        path.write_bytes(content[:i] + bytes([content[i] ^ 1 << k % 8]) + content[i + 1 :])
        with pytest.raises(FileError):
            READERS[kind](path)


@pytest.mark.parametrize(("kind", "other"), [("set", "scores"), ("scores", "subset"), ("subset", "set")])
def test_a_file_of_another_kind_is_refused(small, tmp_path, kind, other):
    with pytest.raises(FileError, match=f"is an lt-prune {kind} file, and a {other} file was expected"):
        READERS[other](written(kind, small, tmp_path))


@pytest.mark.parametrize("kind", READERS)
def test_an_interrupted_write_leaves_the_old_file_readable(small, tmp_path, monkeypatch, kind):
    path = written(kind, small, tmp_path)
    changed = replace(small, index=replace(small.index, name="other"))

    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(KeyboardInterrupt):
        WRITERS[kind](path, MAKERS[kind](changed), overwrite=True)
    assert_equal(READERS[kind](path), MAKERS[kind](small))
    assert list(tmp_path.iterdir()) == [path]


def test_scores_of_the_first_versions_do_not_name_their_ensemble(small, tmp_path):
    write_scores(tmp_path / "a.h5", replace(scores_of(small), ensemble=None))
    with h5py.File(tmp_path / "a.h5") as file:
        assert "ensemble" not in file.attrs
    assert read_scores(tmp_path / "a.h5").ensemble is None


def test_samples_of_a_set_are_read_alone(small, tmp_path):
    write_set(tmp_path / "a.h5", small)
    assert_equal(read_set_index(tmp_path / "a.h5"), small.index)


def test_samples_of_a_set_are_refused_where_its_images_are_others(small, tmp_path):
    write_set(tmp_path / "a.h5", small)
    document = read_document(tmp_path / "a.h5", "set")
    own = {name: value for name, value in document.attributes["/"].items() if name not in ("format", "schema_version")}
    others = {**document.arrays, "pixels": document.arrays["pixels"] ^ 1}
    write_document(tmp_path / "b.h5", "set", Document(others, {"/": own}))
    with pytest.raises(FileError, match="ids must be those of the images"):
        read_set_index(tmp_path / "b.h5")


def test_a_set_is_compared_with_the_whole_of_what_a_file_holds(small, tmp_path):
    write_set(tmp_path / "a.h5", small)
    tests = small.test_pixels.copy()
    tests[-1, -1, -1, -1] ^= 1
    with pytest.raises(MismatchError, match="with test images"):
        write_set(tmp_path / "a.h5", replace(small, test_pixels=tests))
