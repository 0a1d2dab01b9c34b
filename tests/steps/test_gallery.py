"""Contact sheets: which samples are on them, against the scores themselves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typed import lt, ok

import lt_prune as lp
from lt_prune.errors import ArgumentError, LtPruneError, MismatchError
from lt_prune.figures.contact import Line

COUNTS = (24, 12, 6, 3)
N = sum(COUNTS)


@pytest.fixture
def place(blobs, in_tmp) -> lp.LongTailedSet:
    """A set, scores by two metrics and a subset where commands leave them."""
    data = blobs(COUNTS)
    random = np.random.default_rng(0)
    rows = {"avh": random.random(N), "margin": random.random(N), "label-noise": np.where(np.arange(N) % 4 == 0, -0.5, 0.5)}
    metrics = {
        name: lp.MetricScores(per_member=np.array([each], np.float32), higher_is_harder=name == "avh", equation="")
        for name, each in rows.items()
    }
    made: dict[str, Any] = {"train_accuracy": np.ones(1), "seconds": np.ones(1), "recipe": lp.Recipe(), "versions": {}}
    lp.write_set("sets/blobs.h5", data)
    lp.write_scores("scores/blobs.h5", lp.ScoreSet(index=data.index, metrics=metrics, seeds=(1,), **made))
    lp.prune(data, strategy="random", ratio=0.4, out="subsets/blobs-random-0.4.h5")
    return data


def expected(data: lp.LongTailedSet, chosen: np.ndarray, first: np.ndarray, columns: int) -> list[str]:
    """Ids class by class, the largest class first, those first with the highest numbers."""
    found = []
    for label in range(len(COUNTS)):
        rows = [row for row in range(N) if data.index.labels[row] == label and chosen[row]]
        found += sorted(rows, key=lambda row: -first[row])[:columns]
    return [f"{data.index.ids[row]:016x}" for row in found]


def labels_of(data: lp.LongTailedSet, ids: tuple[str, ...]) -> list[int]:
    rows = np.searchsorted(data.index.ids, np.array([int(each, 16) for each in ids], dtype=np.uint64))
    return [int(label) for label in data.index.labels[rows]]


def test_a_sheet_shows_the_first_of_each_class(place):
    drawn = lp.gallery(columns=5)
    scores, subset = lp.read_scores("scores/blobs.h5"), lp.read_subset("subsets/blobs-random-0.4.h5")
    hard, every = scores.metrics["avh"].mean, np.ones(N, dtype=bool)
    ranks = [np.argsort(np.argsort(each)) for each in (hard, -scores.metrics["margin"].mean)]
    noise = scores.metrics["label-noise"].mean
    other = [np.argsort(np.argsort(each, kind="stable")) for each in (hard, -noise)]
    assert list(drawn) == ["removed", "kept", "hardest", "easiest", "disagreements", "noisy"]
    assert list(drawn["removed"].ids) == expected(place, ~subset.kept, hard, 5)
    assert list(drawn["kept"].ids) == expected(place, subset.kept, hard, 5)
    assert list(drawn["hardest"].ids) == expected(place, every, hard, 5)
    assert list(drawn["easiest"].ids) == expected(place, every, -hard, 5)
    named = sorted(scores.metrics)
    second = ranks[1] if next(name for name in named if name != "avh") == "margin" else other[1]
    assert set(drawn["disagreements"].ids) == set(expected(place, every, np.abs(ranks[0] - second), 5))
    assert set(drawn["noisy"].ids) == set(expected(place, noise < 0, -noise, 5))


def test_a_sheet_is_a_picture_and_the_same_each_time(place):
    first = Path(lp.gallery(sheet="kept")["kept"].file)
    content = first.read_bytes()
    with Image.open(first) as picture:
        assert picture.format == "PNG"
        assert picture.width > 1000
        colours = picture.convert("RGB").getcolors(2**24)
    assert colours
    assert len(colours) > 100, "there are pictures on it"
    lp.gallery(sheet="kept")
    assert first.read_bytes() == content
    with pytest.raises(MismatchError, match=r"gallery-kept\.png exists and holds something else"):
        lp.gallery(sheet="kept", columns=3)


def test_exact_copies_have_a_sheet(in_tmp):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), dtype=np.uint8)
    pixels[7], labels = pixels[3], np.arange(20) // 10
    np.savez("mine.npz", x_train=pixels, y_train=labels, x_test=pixels, y_test=labels)
    with pytest.warns(UserWarning, match="exact copies"):
        drawn = lp.gallery(data="mine.npz")
    assert {name: len(each.ids) for name, each in drawn.items()} == {"copies": 2}


def test_a_copy_stands_before_what_it_is_a_copy_of(place, monkeypatch):
    shown: list[Line] = []
    monkeypatch.setattr("lt_prune.steps.gallery.contact_sheet", lambda title, lines: shown.extend(lines) or b"")
    alike, nearest = np.zeros(N, np.float32), np.full(N, -1, np.int32)
    (a, b, c, d), (e, *_) = (np.flatnonzero(place.index.labels == label)[:4] for label in (0, 1))
    for row, other, cosine in ((a, c, 0.996), (d, b, 0.999), (e, a, 0.997)):
        alike[row], nearest[row] = cosine, other
    scores = lp.read_scores("scores/blobs.h5")
    near = lp.MetricScores(per_member=alike[None], higher_is_harder=True, equation="", nearest=nearest)
    lp.write_scores("near.h5", replace(scores, metrics={**scores.metrics, "near-duplicate": near}))
    (drawn,) = lp.gallery("near.h5", data=place, sheet="copies").values()
    pairs = (d, b, a, c, e, a)  # class by class, the more alike first
    assert list(drawn.ids) == [f"{place.index.ids[row]:016x}" for row in pairs]
    avh = scores.metrics["avh"].mean
    assert [list(line.captions) for line in shown] == [
        [f"{avh[row]:.3g}" for row in (d, b, a, c)],
        [f"{avh[e]:.3g}", f"{avh[a]:.3g} class0"],  # of another class than the row
    ]


def test_classes_are_those_named_in_this_order_of_size(place):
    drawn = lp.gallery(sheet="hardest", classes=["class3", "class1"], columns=2)
    labels = labels_of(place, drawn["hardest"].ids)
    assert labels == [1, 1, 3, 3]


def test_of_many_classes_some_are_shown_from_the_largest_to_the_smallest(monkeypatch, place):
    monkeypatch.setattr("lt_prune.steps.gallery.MOST_CLASSES", 2)
    drawn = lp.gallery(sheet="hardest", columns=1)
    labels = labels_of(place, drawn["hardest"].ids)
    assert labels == [0, 3]


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"sheet": "nonsense"}, "unknown sheet 'nonsense': there are removed, kept, hardest"),
        ({"columns": 0}, "columns must be at least 1, not 0"),
        ({"metric": "el2n"}, "has no 'el2n' scores"),
        ({"classes": ["cat"]}, "there is no class 'cat' in blobs: there are class0, class1"),
    ],
)
def test_what_there_is_not_is_refused(place, how, says):
    with pytest.raises(ArgumentError, match=says):
        lp.gallery(**how)
    assert not list(Path().glob("*.png"))


def test_what_a_sheet_is_made_of_must_be_there(place):
    Path("scores/blobs.h5").unlink()
    with pytest.raises(ArgumentError, match="the sheet hardest is made of scores, and there is none"):
        lp.gallery(sheet="hardest")
    with pytest.raises(ArgumentError, match="metric 'avh' is of scores, and there are none"):
        lp.gallery(metric="avh")
    lp.prune(place, strategy="random", ratio=0.2, out="subsets/second.h5")
    with pytest.raises(ArgumentError, match=r"there are 2 subsets \(subsets/.*\): name one of them"):
        lp.gallery()
    Path("sets/blobs.h5").unlink()
    with pytest.warns(UserWarning, match="left out"), pytest.raises(LtPruneError, match="blobs has no pictures to show"):
        lp.gallery("subsets/second.h5")


def test_a_set_with_nothing_to_show_says_so(blobs, in_tmp):
    with pytest.raises(ArgumentError, match="there is nothing to show"):
        lp.gallery(data=blobs(COUNTS))


def test_the_command_writes_them(place):
    told = json.loads(ok("gallery --sheet removed --columns 3 --classes class0,class2 --out sheets/mine --json").stdout)
    sheet = told["sheets"]["removed"]
    assert sheet["file"] == "sheets/mine-removed.png"
    assert Path(sheet["file"]).exists()
    assert "wrote sheets/mine-removed.png" in ok("gallery --sheet removed --out sheets/mine --overwrite").stderr
    refused = lt("gallery nowhere")
    assert refused.exit_code == 1
    assert refused.stderr.startswith("lt-prune: nowhere does not exist")
