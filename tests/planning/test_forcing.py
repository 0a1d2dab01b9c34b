"""Lists of samples to keep or to remove in any case, by hand."""

from __future__ import annotations

import re

import numpy as np
import pytest

import lt_prune as lp
from lt_prune.errors import ArgumentError, LtPruneError, MismatchError
from lt_prune.planning.dropping import Taken
from lt_prune.planning.forcing import Forced

N = 6


@pytest.fixture
def index() -> lp.SampleIndex:
    """Ids 10, 11, ... 15."""
    return lp.SampleIndex(
        name="by-hand",
        ids=np.arange(10, 10 + N, dtype=np.uint64),
        labels=np.array([0, 0, 0, 1, 1, 2]),
        class_names=("a", "b", "c"),
        groups=(1, 2),
        source="npz:by-hand.npz",
        source_size=N,
        source_index=np.arange(N),
    )


@pytest.mark.parametrize(
    "given",
    [
        ["000000000000000a", "000000000000000D"],
        ("000000000000000d", "000000000000000a", "000000000000000a"),
        np.array([10, 13], dtype=np.uint64),
        [10, np.int64(13)],
    ],
    ids=["texts", "one twice", "an array", "numbers"],
)
def test_ids_are_texts_or_numbers(index, given):
    forced = Forced.of(given, None, index)
    assert forced.keep.tolist() == [True, False, False, True, False, False]
    assert not forced.drop.any()


def test_a_file_has_an_id_a_line_and_remarks(index, tmp_path):
    file = tmp_path / "drop.txt"
    file.write_text("\ufeff# 2 samples to remove\n000000000000000f\n\n  000000000000000b  # blurred\n", encoding="utf-8")
    for given in (file, str(file)):
        assert Forced.of(None, given, index).drop.tolist() == [False, True, False, False, False, True]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["10"], "force_keep must be ids of 16 hexadecimal digits, one a line in a file, not '10'"),
        (["zzzzzzzzzzzzzzzz"], "not 'zzzzzzzzzzzzzzzz'"),
        ([1.5], "not 1.5"),
        ([True], "not True"),
        ([-1], "not -1"),
        ([2**64], f"not {2**64}"),
        ([None], "not None"),
        (3, "force_keep must be a file of ids, or a list of them, not 3"),
        ("nowhere.txt", "force_keep nowhere.txt cannot be read"),
    ],
)
def test_what_is_no_id_is_refused(index, in_tmp, given, says):
    with pytest.raises(ArgumentError, match=re.escape(says)):
        Forced.of(given, None, index)


def test_a_file_that_is_no_text_is_refused(index, in_tmp):
    (in_tmp / "keep.txt").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ArgumentError, match=r"force_keep keep\.txt cannot be read"):
        Forced.of("keep.txt", None, index)


def test_samples_of_another_set_are_refused_with_their_number(index):
    with pytest.raises(MismatchError, match="force_drop names 2 samples that by-hand has not, such as 0000000000000001: "):
        Forced.of(None, [10, 1, 2], index)


def test_a_sample_is_not_both_kept_and_removed(index):
    with pytest.raises(ArgumentError, match="both name 1 samples, such as 000000000000000b"):
        Forced.of([10, 11], [11, 12], index)


@pytest.mark.parametrize(("n_remove", "fits"), [(3, True), (4, True), (5, False)])
def test_no_more_is_kept_than_is_asked_for(index, n_remove, fits):
    forced = Forced.of([10, 11], None, index)
    if fits:
        forced.require_room(n_remove)
        return
    with pytest.raises(LtPruneError, match=r"the ratio keeps 1 of 6: ask for a ratio of 0\.6666 or less"):
        forced.require_room(n_remove)


@pytest.mark.parametrize("number", [1, 333, 6203, 12000])
def test_the_ratio_that_is_advised_has_room(number):
    most = np.arange(12406) < number
    none = np.zeros_like(most)
    for refused, n_remove in ((Forced(most, none), 12406), (Taken(most, {"forced": number}), 0)):
        with pytest.raises(ArgumentError, match=f"{number:,} ") as said:
            refused.require_room(n_remove)
        [ratio] = re.findall(r"ratio of ([0-9.]+) or (?:less|more)", str(said.value))
        refused.require_room(round(float(ratio) * 12406))


def test_a_list_is_told_by_its_ids_and_known_by_its_digest(index):
    forced, other = Forced.of([13, 10], None, index), Forced.of([10, 13], [12], index)
    assert forced.told(index) == {"force_keep": ["000000000000000a", "000000000000000d"]}
    assert other.told(index)["force_drop"] == ["000000000000000c"]
    assert forced.digests(index)["force_keep"] == other.digests(index)["force_keep"]
    assert Forced.of(None, [], index).digests(index) == {}
