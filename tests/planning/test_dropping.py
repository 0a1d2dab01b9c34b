"""What a pruning takes out first, by hand."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import lt_prune as lp
from lt_prune.data.identity import mix
from lt_prune.errors import ArgumentError
from lt_prune.planning.dropping import SIMILARITY, Drop


def index_of(labels: list[int], ids: np.ndarray | None = None) -> lp.SampleIndex:
    n = len(labels)
    return lp.SampleIndex(
        name="by-hand",
        ids=np.arange(n, dtype=np.uint64) if ids is None else ids,
        labels=np.array(labels),
        class_names=tuple("abc"[: max(labels) + 1]),
        groups=(1, max(labels)),
        source="npz:by-hand.npz",
        source_size=n,
        source_index=np.arange(n),
    )


def scores_of(index: lp.SampleIndex, noise: list[float] | None = None, near: list[list[float]] | None = None) -> lp.ScoreSet:
    """By two members."""
    found = {"label-noise": [noise, noise] if noise else None, "near-duplicate": near}
    metrics = {
        name: lp.MetricScores(per_member=np.array(rows, dtype=np.float32), higher_is_harder=False, equation="")
        for name, rows in found.items()
        if rows
    }
    made: dict[str, Any] = {"train_accuracy": np.ones(2), "seconds": np.ones(2), "recipe": lp.Recipe(), "versions": {}}
    return lp.ScoreSet(index=index, metrics=metrics, seeds=(1, 2), **made)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, Drop()),
        ("noisy:0.01", Drop(noisy=0.01)),
        ("duplicates", Drop(duplicates=SIMILARITY)),
        (" noisy:0.5, duplicates:0.9", Drop(noisy=0.5, duplicates=0.9)),
        (["duplicates:1", "noisy:0.1"], Drop(noisy=0.1, duplicates=1.0)),
        ((), Drop()),
    ],
)
def test_it_is_named_as_text_or_as_parts(given, expected):
    assert Drop.of(given) == expected
    assert bool(Drop.of(given)) is (expected != Drop())
    assert not expected or Drop.of(str(expected)) == expected


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("noise:0.1", "drop must be of noisy:SHARE and duplicates[:SIMILARITY], not 'noise:0.1'"),
        ("noisy", "drop must be of noisy:SHARE and duplicates[:SIMILARITY], not 'noisy'"),
        ("", "drop must be of noisy:SHARE and duplicates[:SIMILARITY], not ''"),
        ("noisy:", "noisy must be the share of the set that goes, in (0, 1), such as noisy:0.01, not ''"),
        ("noisy:1", "noisy must be the share of the set that goes, in (0, 1), such as noisy:0.01, not '1'"),
        ("noisy:nan", "noisy must be the share of the set that goes, in (0, 1), such as noisy:0.01, not 'nan'"),
        ("duplicates:0", "duplicates must be a cosine of near-copies, in (0, 1], such as duplicates:0.99, not '0'"),
        ("duplicates:high", "duplicates must be a cosine of near-copies, in (0, 1], such as duplicates:0.99, not 'high'"),
        ("noisy:0.1,noisy:0.2", "drop names noisy twice: give it once"),
        (3, "drop must be text such as 'noisy:0.01,duplicates', not 3"),
    ],
)
def test_what_is_no_drop_is_refused(given, says):
    with pytest.raises(ArgumentError, match=f"^{re.escape(says)}$"):
        Drop.of(given)


def test_the_most_doubtful_go_and_the_least_doubtful_of_each_class_stays():
    index = index_of([0, 0, 0, 0, 1, 1, 2])
    scores = scores_of(index, noise=[0.9, -0.5, 0.8, 0.7, -0.9, -0.8, -0.99])
    for number, expected in ((1, [4]), (2, [1, 4]), (3, [1, 3, 4]), (4, [1, 2, 3, 4])):
        taken = Drop(noisy=number / 7).taken(index, scores, None)
        assert np.flatnonzero(taken.rows).tolist() == expected
        assert taken.numbers == {"noisy": number}
    with pytest.raises(ArgumentError, match=r"^5 noisy samples are to be taken out, and 4 can be without emptying a class"):
        Drop(noisy=5 / 7).taken(index, scores, None)


def test_the_later_id_goes_where_doubts_are_the_same():
    index = index_of([0, 0, 0, 0, 1])
    taken = Drop(noisy=0.4).taken(index, scores_of(index, noise=[0.5] * 5), None)
    assert np.flatnonzero(taken.rows).tolist() == [2, 3]


def test_near_copies_go_where_every_member_finds_them_near():
    index = index_of([0, 0, 0, 0, 1, 1])
    near = [[-1, 0.999, 0.99, 0.5, -1, 0.2], [-1, 0.997, 0.999, 0.999, -1, 0.2]]
    taken = Drop(duplicates=SIMILARITY).taken(index, scores_of(index, near=near), None)
    assert np.flatnonzero(taken.rows).tolist() == [1]
    assert taken.numbers == {"duplicates": 1}
    wider = Drop(duplicates=0.5).taken(index, scores_of(index, near=near), None)
    assert np.flatnonzero(wider.rows).tolist() == [1, 2, 3]


@pytest.mark.parametrize("near_too", [False, True], ids=["exact alone", "near, too"])
def test_one_of_exact_copies_stays_whichever_has_the_least_id(near_too):
    """Three copies of one picture, and two of another."""
    digests = np.array([11, 12, 13], dtype=np.uint64)
    ids = np.r_[digests, mix(digests[:1], 1), mix(digests[:1], 2), mix(digests[1:2], 1)]
    picture = np.array([0, 1, 2, 0, 0, 1])
    order = np.argsort(ids)
    index = index_of([0] * 6, ids[order])
    near = np.full((2, 6), -1.0)
    if near_too:
        for place, own in enumerate(picture[order]):
            near[:, place] = 1.0 if own in picture[order][:place] else -1.0
    taken = Drop(duplicates=0.9).taken(index, scores_of(index, near=near.tolist()), None)
    assert sorted(picture[order][~taken.rows].tolist()) == [0, 1, 2]
    assert taken.numbers == {"duplicates": 3}


def test_copies_go_first_and_the_share_of_noise_is_that_of_the_set():
    index = index_of([0, 0, 0, 0, 0, 1])
    scores = scores_of(index, noise=[0.1, -0.9, -0.5, 0.2, 0.3, -0.7], near=[[-1, 1, 0, 0, 0, -1]] * 2)
    taken = Drop(noisy=2 / 6, duplicates=0.9).taken(index, scores, None)
    assert np.flatnonzero(taken.rows).tolist() == [0, 1, 2]
    assert taken.numbers == {"duplicates": 1, "noisy": 2}


def test_what_the_scores_lack_is_said_with_the_command_that_adds_it():
    index = index_of([0, 0, 1])
    with pytest.raises(
        ArgumentError, match=r"^drop reads scores by 'label-noise': give a score file, which `lt-prune score"
    ):
        Drop(noisy=0.4).taken(index, None, None)
    scores = scores_of(index, near=[[-1, 0, -1]] * 2)
    with pytest.raises(
        ArgumentError, match=r"has no 'label-noise' scores, only near-duplicate: .* --metric label-noise --folds 5"
    ):
        Drop(noisy=0.4).taken(index, scores, "mine.h5")
    with pytest.raises(ArgumentError, match=r"mine.h5 has no 'near-duplicate' scores, only label-noise: add them by"):
        Drop(duplicates=0.9).taken(index, scores_of(index, noise=[0.1, 0.2, 0.3]), "mine.h5")
