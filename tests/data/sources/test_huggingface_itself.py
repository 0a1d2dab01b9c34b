"""What the package `datasets` itself writes, where it is installed; nothing is fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import lt_prune as lp
from lt_prune.errors import DataError

pytestmark = pytest.mark.slow
datasets = pytest.importorskip("datasets")

PIXELS = np.random.default_rng(0).integers(0, 256, (18, 6, 5, 3), dtype=np.uint8)
LABELS = [i % 3 for i in range(18)]
NAMES = ["cat", "dog", "eel"]
READING = lp.Reading(holdout=0)


@pytest.fixture(autouse=True)
def _alone(in_tmp, monkeypatch):
    """Without the Hub, and with a cache of its own."""
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", Path("cache"))
    datasets.disable_progress_bars()


def split_of(rows: range, **more: Any) -> Any:
    images = [Image.fromarray(PIXELS[i]) for i in rows]
    kinds = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=NAMES)})
    return datasets.Dataset.from_dict({"image": images, "label": [LABELS[i] for i in rows], **more}, features=kinds)


def both() -> Any:
    return datasets.DatasetDict({"train": split_of(range(12)), "test": split_of(range(12, 18))})


def in_parquet(folder: str) -> None:
    Path(folder).mkdir(parents=True)
    for name, split in both().items():
        split.to_parquet(f"{folder}/{name}-00000-of-00001.parquet")


def in_folders() -> None:
    for i in range(18):
        place = Path("photos", "train" if i < 12 else "test", NAMES[LABELS[i]], f"{i:02}.png")
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(PIXELS[i]).save(place)


MADE = {
    "saved": lambda: both().save_to_disk("photos"),
    "parquet": lambda: in_parquet("photos"),
    "parquet as on the Hub": lambda: in_parquet("photos/data"),
    "imagefolder": in_folders,
}


@pytest.mark.parametrize("made", MADE)
def test_what_it_writes_is_read(made):
    MADE[made]()
    data = lp.build("huggingface:photos")
    assert data.index.class_names == tuple(NAMES)
    assert sorted(map(bytes, data.pixels)) == sorted(map(bytes, PIXELS[:12]))
    assert sorted(map(bytes, data.test_pixels)) == sorted(map(bytes, PIXELS[12:]))
    label = {bytes(image): each for image, each in zip(PIXELS, LABELS)}
    assert data.index.labels.tolist() == [label[bytes(image)] for image in data.pixels]


@pytest.mark.parametrize(
    ("images", "labels", "kinds"),
    [
        ([Image.fromarray(each) for each in PIXELS], LABELS, None),
        ([Image.fromarray(each) for each in PIXELS], [NAMES[each] for each in LABELS], None),
        (PIXELS, LABELS, lambda: {"image": datasets.Array3D((6, 5, 3), "uint8"), "label": datasets.Value("int64")}),
    ],
    ids=["numbers", "words", "arrays of bytes"],
)
def test_columns_of_other_kinds_are_read(images, labels, kinds):
    features = datasets.Features(kinds()) if kinds else None
    datasets.Dataset.from_dict({"image": images, "label": labels}, features=features).save_to_disk("other")
    data = lp.build("huggingface:other", reading=READING)
    assert np.array_equal(data.pixels[np.argsort(data.index.source_index)], PIXELS)
    assert data.index.labels[np.argsort(data.index.source_index)].tolist() == LABELS


@pytest.mark.parametrize("unknown", [-1, None])
def test_hidden_classes_are_not_tested_on(unknown):
    hidden = split_of(range(12, 18)).remove_columns("label").add_column("label", [unknown] * 6)
    hidden = hidden.cast_column("label", datasets.ClassLabel(names=NAMES))
    datasets.DatasetDict({"train": split_of(range(9)), "test": hidden, "validation": split_of(range(9, 12))}).save_to_disk(
        "hidden"
    )
    assert lp.build("huggingface:hidden").test_labels.tolist() == LABELS[9:12]


def test_what_was_kept_is_chosen_by_place():
    both().save_to_disk("photos")
    subset = lp.prune("huggingface:photos", strategy="class-random", ratio=0.25)
    lp.export(subset, "kept.npy")
    kept = both()["train"].select(np.load("kept.npy"))
    assert {np.asarray(each["image"]).tobytes() for each in kept} == {
        PIXELS[i].tobytes() for i in subset.index.source_index[subset.kept]
    }


def test_one_in_memory_is_saved_and_named():
    with pytest.raises(DataError, match=r": save it by save_to_disk\(FOLDER\), and name huggingface:FOLDER instead$"):
        lp.build(split_of(range(12)))
    split_of(range(12)).save_to_disk("folder")
    assert lp.build("huggingface:folder", reading=READING).index.n_samples == 12


def test_what_is_not_there_is_said():
    says = r"^no/such is no data set of Hugging Face that can be read \(.+\): name a folder that save_to_disk made"
    with pytest.raises(DataError, match=says):
        lp.build("huggingface:no/such")
