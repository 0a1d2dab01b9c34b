from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import lt_prune as lp
from lt_prune.errors import ArgumentError, FileError, UnknownNameError


@pytest.fixture
def archive(in_tmp) -> str:
    """An archive with 40, 30 and 20 images of three classes."""
    random = np.random.default_rng(0)
    labels = random.permutation(np.repeat(np.arange(3), (40, 30, 20)))
    pixels = random.integers(0, 256, (90, 8, 8, 3), dtype=np.uint8)
    np.savez("mine.npz", x_train=pixels, y_train=labels, x_test=pixels[:6], y_test=np.arange(6) % 3)
    return "npz:mine.npz"


def test_digits_are_cut_by_the_exponential_profile():
    # The smallest class of the training split gives n_max; n_c = floor(n_max * 10^(-c / 9)).
    counts = lp.build("digits", imbalance=10).index.counts
    assert counts.tolist() == [int(124 * 10 ** (-c / 9)) for c in range(10)]


def test_an_archive_is_taken_as_it_is(archive):
    data = lp.build(archive)
    assert data.index.counts.tolist() == [40, 30, 20]
    assert data.index.built == {"profile": "none"}


def test_an_imbalance_asks_for_the_exponential_profile(archive):
    assert lp.build(archive, imbalance=4).index.counts.tolist() == [40, 20, 10]


def test_a_cut_in_the_name_is_the_cut_by_options(archive):
    named, asked = lp.build("npz-lt4:mine.npz"), lp.build(archive, imbalance=4)
    assert named.index.digest == asked.index.digest


def test_the_step_profile_keeps_the_first_half(archive):
    assert lp.build(archive, profile="step", imbalance=10).index.counts.tolist() == [40, 4, 4]


def test_the_largest_class_may_be_named(archive):
    assert lp.build(archive, imbalance=4, largest=20).index.counts.tolist() == [20, 10, 5]


def test_seeds_select_other_samples(archive):
    zero, again, one = (lp.build(archive, imbalance=4, seed=seed).index.digest for seed in (0, 0, 1))
    assert zero == again != one


def test_groups_may_be_named(archive):
    assert lp.build(archive, groups=(1, 3)).index.class_groups.tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("spec", "options", "name"),
    [
        ("digits", {}, "digits-lt10"),
        ("digits-lt5", {}, "digits-lt5"),
        ("digits-step2", {}, "digits-step2"),
        ("digits-full", {}, "digits-full"),
        ("digits", {"profile": "none"}, "digits-full"),
        ("digits", {"imbalance": 2.5}, "digits-lt2.5"),
        ("digits", {"seed": 3}, "digits-lt10-s3"),
        ("digits", {"largest": 50}, "digits-lt10-n50"),
        ("digits", {"selection": "mislas"}, "digits-lt10-mislas"),
        ("npz:mine.npz", {}, "mine"),
        ("npz-lt4:mine.npz", {}, "mine-lt4"),
    ],
)
def test_a_set_is_named_after_its_cut(archive, spec, options, name):
    assert lp.build(spec, **options).index.name == name


def test_different_cuts_have_different_names(archive):
    options = [{}, {"imbalance": 4}, {"imbalance": 4, "seed": 1}, {"imbalance": 4, "largest": 30}, {"imbalance": 2}]
    sets = [lp.build(archive, **chosen).index for chosen in options]
    assert len({index.name for index in sets}) == len({index.digest for index in sets}) == len(options)


@pytest.mark.parametrize(
    ("spec", "options", "said"),
    [
        ("npz-lt4:mine.npz", {"imbalance": 5}, "names its cut already"),
        ("npz-full:mine.npz", {"profile": "exp"}, "names its cut already"),
        ("npz:mine.npz", {"profile": "none", "imbalance": 5}, "profile none takes every image"),
        ("npz:mine.npz", {"largest": 5}, "profile none takes every image"),
        ("npz:mine.npz", {"profile": "exp"}, "needs an imbalance ratio"),
        ("npz:mine.npz", {"imbalance": 0.5}, "imbalance must be a number of 1 or more"),
        ("npz:mine.npz", {"imbalance": float("nan")}, "imbalance must be a number of 1 or more"),
        ("npz:mine.npz", {"imbalance": 4, "largest": 50}, "has 40 images but the exp profile asks it for 50"),
        ("npz:mine.npz", {"imbalance": 50}, "so the smallest would get none"),
        ("npz:mine.npz", {"groups": (2, 1)}, "groups must be two numbers"),
        ("sets/mine.h5", {}, "names a set that is built already"),
    ],
)
def test_unusable_arguments_are_refused(archive, spec, options, said):
    with pytest.raises(ArgumentError, match=said):
        lp.build(spec, **options)


def test_an_unknown_source_is_refused():
    with pytest.raises(UnknownNameError, match=r"unknown data source 'digit'.*did you mean 'digits'"):
        lp.build("digit")


def test_the_file_written_is_the_set_returned(archive):
    data = lp.build(archive, imbalance=4, out="sets/cut.h5")
    again = lp.read_set("sets/cut.h5")
    assert again.index.digest == data.index.digest
    assert np.array_equal(again.pixels, data.pixels)
    assert np.array_equal(again.test_labels, data.test_labels)


def test_without_out_nothing_is_written(archive):
    lp.build(archive)
    assert [path.name for path in Path().iterdir()] == ["mine.npz"]


def test_open_set_takes_a_set_a_file_and_a_source(archive):
    built = lp.build(archive, out="cut.h5")
    assert lp.open_set(built) is built
    assert {lp.open_set(data).index.digest for data in ("cut.h5", Path("cut.h5"), archive)} == {built.index.digest}


def test_open_set_says_how_to_get_the_set_again(archive):
    lp.build(archive, out="cut.h5")
    assert (lp.open_set("cut.h5").origin, lp.open_set(archive).origin) == ("cut.h5", archive)


def test_open_set_refuses_a_missing_file(in_tmp):
    with pytest.raises(FileError, match=r"none.h5 does not exist"):
        lp.open_set("none.h5")


@pytest.mark.parametrize(("asked", "kept"), [({"imbalance": 4}, 70), ({"imbalance": 20}, 50)])
def test_what_a_cut_takes_of_a_long_tailed_set_is_said(archive, asked, kept):
    with pytest.warns(
        UserWarning,
        match=rf"^mine-lt\d+ keeps {kept} of 90 training images, of class '\d' \d+ of \d+, to have an imbalance of \d+: "
        r"as it is, it has one of 2.0, and is kept whole without --imbalance$",
    ):
        assert lp.build(archive, **asked).index.n_samples == kept


@pytest.mark.parametrize("data", ["npz:mine.npz", "digits"])
def test_a_set_that_is_taken_as_it_is_or_is_balanced_is_cut_without_a_word(archive, data, recwarn):
    lp.build(data)
    assert [str(warning.message) for warning in recwarn if "imbalance" in str(warning.message)] == []


def test_the_largest_class_stays_the_largest(in_tmp):
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), (7, 100, 30, 55))
    np.savez("mine.npz", x_train=random.integers(0, 256, (len(labels), 8, 8, 3), dtype=np.uint8), y_train=labels)
    counts = lp.build("npz:mine.npz", imbalance=10, reading=lp.Reading(holdout=0)).index.counts
    assert np.argsort(counts).tolist() == [0, 2, 3, 1]
    # 79 is the most: floor(80 / 10) = 8 is more than the 7 of class 0.
    assert counts.tolist() == [7, 79, 17, 36]  # 79 * 10 ** (-c / 3): 79, 36.7, 17.0, 7.9


@pytest.mark.parametrize(("option", "value"), [("holdout", 0.3), ("class_order", "count")])
def test_a_set_file_stays_as_it_was_built(archive, option, value):
    lp.build(archive, out="cut.h5")
    told = f"--{option.replace('_', '-')} {value}"
    with pytest.raises(ArgumentError, match=f"^cut.h5 is read as it was built: leave out {told}, or build it again$"):
        lp.open_set("cut.h5", reading=lp.Reading(**{option: value}))
