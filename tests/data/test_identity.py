from __future__ import annotations

import hashlib
import struct
from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lt_prune.data.identity import content_digests, mix, occurrences, originals, sample_ids
from lt_prune.types import CHUNK


def images(n: int, height: int = 4, width: int = 5, channels: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, height, width, channels)).astype(np.uint8)


def digest_by_hand(image: np.ndarray, label: int) -> int:
    content = struct.pack("<4i", *image.shape, label) + bytes(int(value) for value in image.reshape(-1))
    return struct.unpack("<Q", hashlib.blake2b(content, digest_size=8).digest())[0]


def splitmix64(state: int) -> int:
    """The first output of Steele et al.'s generator from a state, as published by Vigna."""
    z = (state + 0x9E3779B97F4A7C15) % 2**64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    return z ^ (z >> 31)


def test_a_digest_is_blake2b_of_shape_label_and_pixels():
    pixels = images(3)
    labels = np.array([0, 2, 70_000])
    expected = [digest_by_hand(image, int(label)) for image, label in zip(pixels, labels)]
    assert content_digests(pixels, labels).tolist() == expected


def test_a_digest_of_embeddings_is_of_their_type_too():
    values, labels = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32), np.array([0, 2, 1])
    contents = [b"<f4" + struct.pack("<2i5f", 5, label, *row) for row, label in zip(values.tolist(), labels.tolist())]
    expected = [struct.unpack("<Q", hashlib.blake2b(each, digest_size=8).digest())[0] for each in contents]
    assert content_digests(values, labels).tolist() == expected


def test_every_sample_has_a_digest_however_many_there_are():
    # One more than two chunks of a pass.
    pixels, labels = images(2 * CHUNK + 1, 1, 2, 1), np.arange(2 * CHUNK + 1) % 3
    expected = [digest_by_hand(image, int(label)) for image, label in zip(pixels, labels)]
    assert content_digests(pixels, labels).tolist() == expected


def test_digests_do_not_depend_on_the_memory_layout():
    pixels = images(3)
    labels = np.zeros(3, np.int64)
    strided = np.asfortranarray(pixels)
    assert np.array_equal(content_digests(strided, labels), content_digests(pixels, labels))


def test_digests_do_not_depend_on_the_label_type():
    pixels = images(3)
    wide, narrow = np.array([1, 2, 3], np.int64), np.array([1, 2, 3], np.uint8)
    assert np.array_equal(content_digests(pixels, wide), content_digests(pixels, narrow))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 59), st.integers(1, 255))
def test_any_change_of_a_pixel_changes_the_digest(where, by):
    pixels = images(1)
    changed = pixels.copy()
    changed.reshape(-1)[where] ^= by
    label = np.array([1])
    assert content_digests(changed, label) != content_digests(pixels, label)


def test_another_label_changes_the_digest():
    pixels = images(1)
    assert content_digests(pixels, np.array([0])) != content_digests(pixels, np.array([1]))


def test_another_shape_of_the_same_bytes_changes_the_digest():
    pixels = images(1, height=4, width=5)
    label = np.array([0])
    assert content_digests(pixels.reshape(1, 5, 4, 3), label) != content_digests(pixels, label)


def test_no_samples_have_no_digests():
    assert content_digests(images(0), np.zeros(0, np.int64)).shape == (0,)
    assert occurrences(np.zeros(0, np.uint64)).shape == (0,)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 5), max_size=30))
def test_occurrences_count_the_equal_ones_before(values):
    seen: Counter[int] = Counter()
    expected = []
    for value in values:
        expected.append(seen[value])
        seen[value] += 1
    assert occurrences(np.array(values, dtype=np.uint64)).tolist() == expected


def test_a_first_occurrence_is_known_by_its_digest():
    digests = np.array([5, 2**64 - 1], dtype=np.uint64)
    assert np.array_equal(sample_ids(digests, np.zeros(2, np.int64)), digests)


def test_repeats_of_one_sample_have_ids_of_their_own():
    digests = np.full(100, 12345, dtype=np.uint64)
    assert len(np.unique(sample_ids(digests, np.arange(100)))) == 100


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**64 - 1))
def test_mix_with_key_0_is_splitmix64(value):
    assert int(mix(np.array([value], np.uint64), 0)[0]) == splitmix64(value)


def test_mix_matches_the_published_splitmix64_sequence():
    # The first three outputs from state 1234567, a test vector that the generator's ports share.
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert [int(mix(np.array([1234567], np.uint64), key)[0]) for key in range(3)] == published


def test_mix_gives_distinct_values_for_distinct_keys():
    assert len({int(mix(np.array([7], np.uint64), key)[0]) for key in range(200)}) == 200


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=25))
def test_repeats_are_known_by_their_ids_again(values):
    digests = mix(np.array(values, dtype=np.uint64), 7)  # far apart, as digests are
    ids = sample_ids(digests, occurrences(digests))
    order = np.argsort(ids)
    first = {value: values.index(value) for value in values}
    expected = [order.tolist().index(first[values[i]]) for i in order]
    assert originals(ids[order]).tolist() == expected


def test_of_no_samples_there_are_no_repeats():
    assert originals(np.zeros(0, dtype=np.uint64)).tolist() == []
