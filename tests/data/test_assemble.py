from __future__ import annotations

import contextlib
import hashlib
import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lt_prune as lp
from lt_prune.data.assemble import assemble
from lt_prune.data.cut import Cut
from lt_prune.data.sources import Source
from lt_prune.errors import ArgumentError, DataError, LtPruneError


def noise(counts: tuple[int, ...] = (40, 30, 20), seed: int = 0, duplicates: int = 0) -> Source:
    """Random images of 4 x 5, the last few of each class the same image again and again."""
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(counts)), counts)
    pixels = random.integers(0, 256, (len(labels), 4, 5, 3)).astype(np.uint8)
    for end in np.cumsum(counts) if duplicates else []:
        pixels[end - duplicates : end] = pixels[end - 1]
    return Source(
        pixels=pixels,
        labels=labels,
        test_pixels=pixels[:6] ^ 1,
        test_labels=labels[:6],
        class_names=tuple(f"class{c}" for c in range(len(counts))),
        file_names=tuple(f"{i}.png" for i in range(len(labels))),
    )


def reordered(source: Source, order: np.ndarray) -> Source:
    names = tuple(source.file_names[i] for i in order)
    return replace(source, pixels=source.pixels[order], labels=source.labels[order], file_names=names)


def cut(source: Source, groups: tuple[int, int] | None = None, **changes) -> lp.LongTailedSet:
    wanted = replace(Cut(profile="exp", imbalance=10), **changes)
    return assemble(source, wanted, name="noise", spec="noise", groups=groups)


def whole(source: Source, **changes) -> lp.LongTailedSet:
    return cut(source, **{"profile": "none", "imbalance": None, **changes})


def id_by_hand(image: np.ndarray, label: int) -> int:
    content = struct.pack("<4i", *image.shape, label) + image.tobytes()
    return struct.unpack("<Q", hashlib.blake2b(content, digest_size=8).digest())[0]


def test_ids_are_the_digests_of_the_samples_beside_them():
    data = cut(noise())
    expected = [id_by_hand(image, int(label)) for image, label in zip(data.pixels, data.index.labels)]
    assert data.index.ids.tolist() == expected


def test_samples_come_in_ascending_order_of_id():
    ids = cut(noise(duplicates=5)).index.ids.tolist()
    assert ids == sorted(set(ids))


def test_source_indices_lead_back_to_the_source():
    source = noise()
    data = cut(source)
    assert np.array_equal(data.pixels, source.pixels[data.index.source_index])
    assert np.array_equal(data.index.labels, source.labels[data.index.source_index])
    assert data.index.file_names == tuple(f"{i}.png" for i in data.index.source_index)
    assert data.index.source_size == 90


def test_the_smallest_class_of_a_published_source_limits_the_largest_of_the_set():
    published = replace(noise((40, 30, 20)), imbalance=10)
    assert cut(published).index.counts.tolist() == [20, 6, 2]  # 20, 20 / sqrt(10), 20 / 10


def test_a_set_of_the_users_own_gives_what_the_profile_allows():
    assert cut(noise((40, 30, 20))).index.counts.tolist() == [40, 12, 4]  # 40, 40 / sqrt(10), 40 / 10
    assert cut(noise((40, 10, 20))).index.counts.tolist() == [40, 4, 12]  # the classes keep the order of their sizes
    assert cut(noise((9, 40, 5))).index.counts.tolist() == [9, 31, 3]  # 31 / sqrt(10) is 9.8, and 32 would ask 10 of 9


def test_the_largest_class_can_be_chosen():
    assert cut(noise((40, 30, 20)), largest=40).index.counts.tolist() == [40, 12, 4]


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(90)), st.sampled_from(["exp", "step", "none"]), st.integers(0, 2))
def test_the_same_set_comes_from_any_order_of_the_source(order, profile, seed):
    source = noise(duplicates=8)
    imbalance = None if profile == "none" else 10
    first = cut(source, profile=profile, imbalance=imbalance, seed=seed)
    second = cut(reordered(source, np.array(order)), profile=profile, imbalance=imbalance, seed=seed)
    assert np.array_equal(first.index.ids, second.index.ids)
    assert np.array_equal(first.pixels, second.pixels)
    assert np.array_equal(first.index.labels, second.index.labels)


def test_exact_duplicates_have_ids_of_their_own():
    source = noise(duplicates=15)
    assert len(np.unique(whole(source).index.ids)) == 90


def test_the_same_image_under_two_labels_is_two_samples():
    source = noise((4, 4))
    source.pixels[4:] = source.pixels[:4]
    assert len(np.unique(whole(source).index.ids)) == 8


def test_ratios_are_nested():
    source = noise((100, 100, 100), duplicates=7)
    small, middle, large = (set(cut(source, imbalance=ratio).index.ids.tolist()) for ratio in (100, 50, 10))
    assert small < middle < large


def test_another_seed_cuts_another_set():
    assert cut(noise(), seed=0).index.digest != cut(noise(), seed=1).index.digest


def test_the_whole_set_does_not_depend_on_the_seed():
    assert whole(noise(), seed=0).index.digest == whole(noise(), seed=1).index.digest


def test_mislas_takes_the_images_of_the_reference_code():
    source = noise((40, 30, 20))
    random = np.random.RandomState(0)
    expected = []
    for c, count in enumerate([40, 12, 4]):
        index = np.where(source.labels == c)[0]
        random.shuffle(index)
        expected += index[:count].tolist()
    assert sorted(cut(source, selection="mislas").index.source_index.tolist()) == sorted(expected)


@pytest.mark.parametrize("selection", ["content", "mislas"])
def test_a_cut_set_read_again_as_it_is_has_the_same_ids(selection):
    data = cut(noise(duplicates=15), selection=selection)
    again = whole(replace(noise(), pixels=data.pixels, labels=data.index.labels, file_names=None))
    assert again.index.digest == data.index.digest


def test_the_test_set_is_left_alone():
    source = noise()
    data = cut(source)
    assert np.array_equal(data.test_pixels, source.test_pixels)
    assert np.array_equal(data.test_labels, source.test_labels)


def test_how_the_set_was_cut_is_recorded():
    built = cut(noise(), imbalance=5.0, seed=3).index.built
    assert built == {"profile": "exp", "imbalance": 5.0, "largest": 40, "seed": 3, "selection": "content"}


def test_the_users_groups_come_before_the_published_ones():
    source = replace(noise(), groups=(1, 1))
    assert cut(source, groups=(2, 2)).index.groups == (2, 2)
    assert cut(source).index.groups == (1, 1)
    assert cut(replace(source, groups=None)).index.groups == (1, 2)


def test_groups_beyond_the_classes_are_refused():
    with pytest.raises(ArgumentError, match="groups must be"):
        cut(noise(), groups=(1, 4))


def test_a_class_with_too_few_images_is_refused_with_the_numbers():
    with pytest.raises(
        ArgumentError, match=r"class 'class1' has 1 images .* asks it for 2, and 1 of 3 classes .* --largest 11"
    ):
        cut(noise((12, 1, 9)), imbalance=6, largest=12)


def test_a_ratio_beyond_the_smallest_class_is_refused():
    with pytest.raises(ArgumentError, match=r"at least 100 images in the largest class, but it gets 40"):
        cut(noise((40, 30, 20)), imbalance=100)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"profile": "linear"}, "profile must be exp, step, none, not 'linear'"),
        ({"selection": "first"}, "selection must be content or mislas, not 'first'"),
        ({"imbalance": None}, "needs an imbalance ratio"),
        ({"imbalance": float("nan")}, "imbalance must be a number of 1 or more"),
        ({"largest": 0}, "the smallest would get none"),
        ({"largest": -5}, "the smallest would get none"),
    ],
)
def test_arguments_that_no_data_makes_right_are_refused(changes, says):
    with pytest.raises(ArgumentError, match=says):
        cut(noise(), **changes)


@pytest.mark.parametrize("seed", [-1, 2**63, 2**64, 10**30])
def test_a_seed_of_any_size_is_used_or_refused_with_a_sentence(seed):
    with contextlib.suppress(LtPruneError):
        assert cut(noise(), seed=seed).index.n_samples == 56


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_the_reference_shuffle_cannot_take_is_refused_with_a_sentence(seed):
    with pytest.raises(LtPruneError, match="seed"):
        cut(noise(), selection="mislas", seed=seed)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"class_names": ("only",), "labels": np.zeros(90, np.int64)}, "two classes or more, and this source has 1"),
        ({"class_names": ("a", "b", "c", "empty")}, "no training image: empty"),
        ({"class_names": ("a", "b")}, r"training labels must lie in \[0, 2\), but reach from 0 to 2"),
        ({"labels": np.arange(90) % 3 - 1}, r"training labels must lie in \[0, 3\), but reach from -1 to 1"),
        ({"test_labels": np.full(6, 3)}, r"test labels must lie in \[0, 3\), but reach from 3 to 3"),
        ({"labels": np.arange(89) % 3}, "90 training images have 89 labels"),
        ({"test_labels": np.zeros(5, np.int64)}, "6 test images have 5 labels"),
        ({"test_pixels": np.zeros((6, 5, 4, 3), np.uint8)}, r"\(4, 5, 3\) and test images \(5, 4, 3\)"),
        (
            {"pixels": np.zeros((0, 4, 5, 3), np.uint8), "labels": np.zeros(0, np.int64)},
            "no training image: class0, class1, class2",
        ),
    ],
)
def test_a_source_that_is_no_classification_set_is_refused(changes, says):
    source = replace(noise(), **changes)
    if len(source.labels) != len(noise().labels):
        source = replace(source, file_names=None)
    with pytest.raises(DataError, match=says):
        whole(source)


def test_a_source_without_test_images_is_taken():
    source = noise()
    data = whole(replace(source, test_pixels=source.pixels[:0], test_labels=source.labels[:0]))
    assert len(data.test_labels) == 0


@pytest.mark.parametrize("profile", ["lt4", "full"])
def test_an_archive_and_a_folder_in_another_order_give_one_set(tmp_path, profile):
    from PIL import Image

    source = noise((12, 10, 8), duplicates=3)
    order = np.random.default_rng(5).permutation(30)
    for i in range(30):
        place = tmp_path / "birds" / "train" / source.class_names[source.labels[i]]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(source.pixels[i]).save(place / f"{99 - i}.png")
    np.savez(tmp_path / "birds.npz", x_train=source.pixels[order], y_train=source.labels[order])
    archive = lp.build(f"npz-{profile}:{tmp_path / 'birds.npz'}")
    folder = lp.build(f"folder-{profile}:{tmp_path / 'birds'}")
    assert archive.index.digest == folder.index.digest
    assert np.array_equal(archive.pixels, folder.pixels)
    assert np.array_equal(archive.index.labels, folder.index.labels)
    assert not np.array_equal(archive.index.source_index, folder.index.source_index)
