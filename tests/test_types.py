from __future__ import annotations

import hashlib
import struct
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from lt_prune.config.recipe import Recipe
from lt_prune.errors import ArgumentError, MismatchError
from lt_prune.types import MetricScores, SampleIndex, ScoreSet, Subset


def index_of(ids: list[int], labels: list[int], groups: tuple[int, int] = (1, 2), name: str = "mine") -> SampleIndex:
    return SampleIndex(
        name=name,
        ids=np.array(ids, dtype=np.uint64),
        labels=np.array(labels, dtype=np.int64),
        class_names=tuple("abcdefgh"[: max(labels) + 1]),
        groups=groups,
        source="npz:x.npz",
        source_size=len(ids),
        source_index=np.arange(len(ids)),
    )


def test_require_same_says_how_many_ids_match():
    mine = index_of([1, 2, 3, 4, 5], [0, 0, 1, 1, 2])
    other = index_of([4, 5, 6], [0, 1, 2])
    with pytest.raises(MismatchError, match=r"^scores.h5 was made from other data: 2 of its 3 sample ids .* 5 of mine;"):
        mine.require_same(other, "scores.h5")


def test_require_same_refuses_a_part_of_the_same_data():
    mine = index_of([1, 2, 3], [0, 1, 2])
    with pytest.raises(MismatchError, match=r"2 of its 2 sample ids are among the 3"):
        mine.require_same(index_of([1, 3], [0, 1]), "the file")


def test_require_same_lets_equal_ids_through_under_another_name():
    mine = index_of([1, 2, 3], [0, 1, 2])
    mine.require_same(index_of([1, 2, 3], [0, 1, 2], name="yours"), "the file")


def test_digest_is_sha256_of_little_endian_ids():
    ids = [1, 2**40, 2**64 - 1]
    expected = hashlib.sha256(b"".join(struct.pack("<Q", i) for i in ids)).hexdigest()
    assert index_of(ids, [0, 1, 2]).digest == expected


def test_counts_include_classes_without_a_sample():
    assert index_of([1, 2, 3], [0, 2, 2]).counts.tolist() == [1, 0, 2]


def test_class_groups_follow_the_rank_of_counts_not_the_label():
    # Class 0 has 1 sample, class 1 has 3, class 2 has 2: by rank 1, 2, 0.
    index = index_of([1, 2, 3, 4, 5, 6], [0, 1, 1, 1, 2, 2], groups=(1, 2))
    assert index.class_groups.tolist() == [2, 0, 1]


def test_class_groups_of_equal_counts_follow_the_label():
    index = index_of([1, 2, 3, 4], [3, 2, 1, 0], groups=(1, 3))
    assert index.class_groups.tolist() == [0, 1, 1, 2]


def test_class_groups_without_a_middle():
    index = index_of([1, 2, 3], [0, 0, 1], groups=(1, 1))
    assert index.class_groups.tolist() == [0, 2]


def test_a_set_is_streamed_where_any_of_its_images_are_no_array(blobs):
    class Files:
        shape = (45, 8, 8, 3)

    assert not blobs().streamed
    assert replace(blobs(), pixels=Files()).streamed
    assert replace(blobs(), test_pixels=Files()).streamed


def test_kept_and_removed_ids_are_the_two_parts_of_the_index():
    index = index_of([1, 2, 3, 4], [0, 1, 2, 2])
    subset = Subset(index=index, kept=np.array([1, 0, 0, 1], bool), strategy="random", ratio=0.5, options={})
    assert subset.kept_ids.tolist() == [1, 4]
    assert subset.removed_ids.tolist() == [2, 3]
    assert subset.kept_counts.tolist() == [1, 0, 1]


def test_subset_digest_is_that_of_the_kept_ids():
    index = index_of([1, 2, 3], [0, 1, 2])
    subset = Subset(index=index, kept=np.array([0, 1, 1], bool), strategy="random", ratio=0.3, options={})
    assert subset.digest == hashlib.sha256(struct.pack("<2Q", 2, 3)).hexdigest()


@pytest.mark.parametrize(
    ("strategy", "options", "label"),
    [
        ("ranked", {"metric": "avh"}, "avh"),
        ("ranked", {"metric": None}, "ranked"),
        ("random", {}, "random"),
        ("other", {"metric": "avh"}, "other avh"),
    ],
)
def test_subset_is_labelled_by_its_metric_or_its_strategy_or_both(strategy, options, label):
    index = index_of([1, 2], [0, 1])
    assert Subset(index=index, kept=np.ones(2, bool), strategy=strategy, ratio=0.0, options=options).label == label


def test_mean_and_std_are_over_members():
    scores = MetricScores(per_member=np.array([[1, 5], [3, 5]], np.float32), higher_is_harder=True, equation="Eq. 11")
    assert scores.mean.tolist() == [2, 5]
    assert scores.std.tolist() == [1, 0]


def test_mean_of_many_members_is_the_double_precision_one_rounded_once():
    values = np.random.default_rng(0).random((1000, 3)).astype(np.float32)
    expected = [np.float32(sum(float(v) for v in column) / 1000) for column in values.T]
    scores = MetricScores(per_member=values, higher_is_harder=True, equation="")
    np.testing.assert_allclose(scores.mean, expected, rtol=1e-7)


def test_an_absent_metric_lists_those_there_are(blobs):
    metric = MetricScores(per_member=np.ones((1, 45), np.float32), higher_is_harder=True, equation="")
    scores = ScoreSet(
        index=blobs().index,
        metrics={"el2n": metric},
        seeds=(1,),
        train_accuracy=np.ones(1),
        seconds=np.ones(1),
        recipe=Recipe(),
        versions={},
    )
    assert scores.metric("el2n") is metric
    assert scores.shown == "el2n", "what is meant where none is named, AVH, is not there"
    with pytest.raises(ArgumentError, match=r"no 'avh' scores here, only el2n"):
        scores.metric("avh")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("batch_size", 1),
        ("warmup", -1),
        ("padding", -1),
        ("lr", float("nan")),
        ("lr", -0.1),
        ("momentum", float("inf")),
        ("weight_decay", float("nan")),
        ("mixup", -1.0),
        ("schedule", "linear"),
    ],
)
def test_a_recipe_refuses_values_no_run_could_have(name, value):
    with pytest.raises(ArgumentError, match=f"^{name} must be"):
        Recipe(**{name: value})


@pytest.mark.parametrize(("name", "value"), [("sampler", "fair"), ("trained", "backbone"), ("lr_factor", -1.0)])
def test_a_recipe_refuses_stages_there_are_not(name, value):
    with pytest.raises(ArgumentError, match=f"^{name} must be"):
        Recipe(**{name: value})


def test_nothing_is_trained_in_no_epoch():
    assert Recipe(trained="nothing", epochs=0).epochs == 0
    with pytest.raises(ArgumentError, match="epochs must be 0 where nothing is trained, not 2"):
        Recipe(trained="nothing", epochs=2)


def test_a_recipe_checks_changes_too():
    with pytest.raises(ArgumentError):
        replace(Recipe(), epochs=0)


def test_what_flows_cannot_be_changed(blobs):
    with pytest.raises(FrozenInstanceError):
        blobs().index.name = "other"


def test_recipe_defaults_are_the_published_stage_one():
    recipe = Recipe()
    assert (recipe.epochs, recipe.batch_size, recipe.lr, recipe.momentum, recipe.weight_decay) == (300, 128, 0.1, 0.9, 5e-4)
    assert (recipe.warmup, recipe.schedule, recipe.model, recipe.padding, recipe.flip) == (5, "step", "resnet32", 4, True)
