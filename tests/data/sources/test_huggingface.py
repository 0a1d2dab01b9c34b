from __future__ import annotations

import io
import sys
from pathlib import Path

import fake_datasets
import numpy as np
import pytest
from PIL import Image
from typed import lt

import lt_prune as lp
from lt_prune.data.sources import Request
from lt_prune.data.sources.huggingface import huggingface
from lt_prune.errors import ArgumentError, DataError

PIXELS = np.random.default_rng(0).integers(0, 256, (18, 6, 5, 3), dtype=np.uint8)
LABELS = [i % 3 for i in range(18)]
NAMES = ["cat", "dog", "eel"]


def split_of(rows: range, image: str = "image", label: str = "label", **more: list) -> fake_datasets.Split:
    features = {image: fake_datasets.Image(), label: fake_datasets.ClassLabel(NAMES), **dict.fromkeys(more)}
    columns = {image: [Image.fromarray(PIXELS[i]) for i in rows], label: [LABELS[i] for i in rows], **more}
    return fake_datasets.Split(features, columns)


@pytest.fixture
def hub(monkeypatch):
    """A maker of the package with these data sets; gives what was asked of it."""

    def make(**known: object) -> list:
        asked: list = []
        monkeypatch.setitem(sys.modules, "datasets", fake_datasets.module(known, asked))
        return asked

    return make


def test_images_labels_and_names_are_read_by_split(hub):
    asked = hub(pets={"train": split_of(range(12)), "test": split_of(range(12, 18))})
    source = huggingface(Request(path=Path("pets")))
    assert np.array_equal(source.pixels, PIXELS[:12])
    assert np.array_equal(source.test_pixels, PIXELS[12:])
    assert (source.labels.tolist(), source.test_labels.tolist()) == (LABELS[:12], LABELS[12:])
    assert source.class_names == tuple(NAMES)
    assert asked == [("pets", None, True)], "nothing is fetched unasked"
    huggingface(Request(path=Path("pets"), download=True))
    assert asked[1] == ("pets", None, False)


@pytest.mark.parametrize("mark", ["dataset_dict.json", "dataset_info.json"])
def test_a_folder_that_was_saved_is_read_from_disk(hub, in_tmp, mark):
    Path("saved").mkdir()
    Path("saved", mark).write_text("{}")
    asked = hub(saved=split_of(range(12)))
    source = huggingface(Request(path=Path("saved")))
    assert np.array_equal(source.pixels, PIXELS[:12])
    assert (len(source.test_labels), asked) == (0, [])


def test_a_folder_of_parquet_files_is_read_as_one(hub, in_tmp):
    Path("tables/data").mkdir(parents=True)
    Path("tables/data/train.parquet").touch()
    asked = hub(tables={"train": split_of(range(12))})
    huggingface(Request(path=Path("tables")))
    assert asked == [("parquet", "tables", None)]


def test_a_folder_of_images_is_read_as_one(hub, in_tmp):
    Path("images").mkdir()
    asked = hub(images={"train": split_of(range(12))})
    huggingface(Request(path=Path("images")))
    assert asked == [("imagefolder", "images", None)]


def test_classes_that_are_words_are_numbered_by_name(hub):
    words = fake_datasets.Split(
        {"image": fake_datasets.Image(), "label": None},
        {"image": [Image.fromarray(each) for each in PIXELS], "label": [NAMES[i] for i in LABELS]},
    )
    hub(pets={"train": words, "test": words})
    source = huggingface(Request(path=Path("pets")))
    assert (source.class_names, source.labels.tolist(), source.test_labels.tolist()) == (tuple(NAMES), LABELS, LABELS)


def test_images_may_be_the_bytes_of_their_files(hub):
    def png(pixels: np.ndarray) -> dict[str, object]:
        memory = io.BytesIO()
        Image.fromarray(pixels).save(memory, "png")
        return {"bytes": memory.getvalue(), "path": None}

    raw = fake_datasets.Split({"image": None, "label": None}, {"image": [png(each) for each in PIXELS], "label": LABELS})
    hub(raw={"train": raw})
    source = huggingface(Request(path=Path("raw")))
    assert np.array_equal(source.pixels, PIXELS)
    assert source.class_names == ("0", "1", "2")


@pytest.mark.parametrize(
    ("image", "label", "more"),
    [
        ("img", "fine_label", {"note": ["x"] * 12}),
        ("picture", "species", {}),
        ("image", "labels", {"label_text": ["a"] * 12}),
    ],
)
def test_columns_are_found_by_what_they_are(hub, image, label, more):
    hub(pets={"train": split_of(range(12), image, label, **more)})
    assert huggingface(Request(path=Path("pets"))).labels.tolist() == LABELS[:12]


def test_of_several_classes_the_finer_are_taken(hub):
    split = split_of(range(12), label="fine_label")
    split.features["coarse_label"], split.columns["coarse_label"] = fake_datasets.ClassLabel(["a"]), [0] * 12
    hub(cifar100={"train": split})
    assert huggingface(Request(path=Path("cifar100"))).labels.tolist() == LABELS[:12]


@pytest.mark.parametrize("unknown", [-1, None])
def test_a_test_split_of_hidden_classes_is_none(hub, unknown):
    hidden = split_of(range(12, 18))
    hidden.columns["label"] = [unknown] * 6
    hub(pets={"train": split_of(range(9)), "test": hidden, "validation": split_of(range(9, 12))})
    assert huggingface(Request(path=Path("pets"))).test_labels.tolist() == LABELS[9:12]


def test_what_it_lacks_is_said(hub):
    hub(tests={"test": split_of(range(3))}, words={"train": fake_datasets.Split({"text": None}, {"text": ["a"]})})
    with pytest.raises(DataError, match=r"^tests has no split called train: it has test$"):
        huggingface(Request(path=Path("tests")))
    with pytest.raises(DataError, match=r"^words has no column image or img: it has text$"):
        huggingface(Request(path=Path("words")))
    with pytest.raises(DataError, match=r"^none is no data set of Hugging Face that can be read \(Couldn't find none in"):
        huggingface(Request(path=Path("none")))
    with pytest.raises(ArgumentError, match="the huggingface source needs a name or a folder"):
        huggingface(Request())


def test_without_the_package_one_sentence_says_so(monkeypatch, in_tmp):
    monkeypatch.setitem(sys.modules, "datasets", None)
    said = lt("build --data huggingface:cifar10")
    assert said.exit_code == 2
    says = "data sets of Hugging Face are read by datasets, which is not installed: pip install 'lt-prune[datasets]'"
    assert said.stderr == f"lt-prune: {says}\n"


def test_a_set_is_cut_and_named_as_any_other(hub):
    hub(**{"owner/pets": {"train": split_of(range(18)), "test": split_of(range(3))}})
    data = lp.build("huggingface-lt2:owner/pets")
    assert (data.index.name, data.index.source) == ("pets-lt2", "huggingface-lt2:owner/pets")
    assert data.index.counts.tolist() == [6, 4, 3]
    whole = lp.build("huggingface:owner/pets", reading=lp.Reading(resize=4))
    assert whole.pixels.shape == (18, 4, 4, 3)
