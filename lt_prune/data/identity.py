"""A sample is known by its content: pixels, label, and an occurrence number among exact duplicates.

The order differs between copies of a data set (CIFAR's pickles, a folder of PNGs, a shuffled archive); content does not.
"""

from __future__ import annotations

import hashlib

import numpy as np

from lt_prune.types import CHUNK, Array, Pixels, kind_of

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def content_digests(pixels: Pixels, labels: Array) -> Array:
    """64-bit BLAKE2b digest of each sample's shape, label and pixels; of other numbers than bytes their type, too.

    Args:
        pixels: uint8 (N, H, W, C), or float32 (N, D).
        labels: integers (N,).

    Returns:
        uint64 (N,); equal for exact duplicates.
    """
    shape = np.asarray(pixels.shape[1:], dtype="<i4").tobytes()
    if kind_of(pixels) == "embeddings":
        shape = b"<f4" + shape
    digests = np.empty(len(pixels), dtype="<u8")
    for start in range(0, len(pixels), CHUNK):
        some = slice(start, start + CHUNK)
        digests[some] = [
            _digest(shape + label.tobytes(), image)
            for image, label in zip(np.ascontiguousarray(pixels[some]), labels[some].astype("<i4"))
        ]
    return digests.astype(np.uint64)


def _digest(head: bytes, image: Array) -> int:
    content = hashlib.blake2b(head, digest_size=8)
    content.update(image.data)
    return int.from_bytes(content.digest(), "little")


def occurrences(digests: Array) -> Array:
    """int64 (N,): how many equal digests stand before each one (0 for the first)."""
    order = np.argsort(digests, kind="stable")
    new = np.r_[True, digests[order][1:] != digests[order][:-1]] if len(digests) else np.zeros(0, bool)
    run_start = np.maximum.accumulate(np.where(new, np.arange(len(digests)), 0))
    number = np.empty(len(digests), dtype=np.int64)
    number[order] = np.arange(len(digests)) - run_start
    return number


def sample_ids(digests: Array, occurrence: Array) -> Array:
    """uint64 (N,): the digest itself for a first occurrence, a mix of both for a repeat."""
    return np.where(occurrence == 0, digests, mix(digests, occurrence))


def originals(ids: Array) -> Array:
    """int64 (N,): of each exact repeat the row of the first occurrence, of all others their own row.

    Args:
        ids: uint64 (N,), ascending, those of repeats made by `sample_ids`.
    """
    found = np.arange(len(ids))
    rows, number = found.copy(), 0
    while len(rows):  # those with so many repeats, of which there are fewer each time
        number += 1
        repeats = mix(ids[rows], number)
        places = np.minimum(np.searchsorted(ids, repeats), len(ids) - 1)
        there = ids[places] == repeats
        found[places[there]], rows = rows[there], rows[there]
    return found


def mix(values: Array, key: Array | int) -> Array:
    """Pseudo-random uint64 of each value and a key, by SplitMix64 (Steele et al. 2014); the same on every machine."""
    key = key % 2**64 if isinstance(key, int) else key
    with np.errstate(over="ignore"):
        z = values + (np.asarray(key, dtype=np.uint64) + np.uint64(1)) * _GOLDEN
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(z ^ (z >> np.uint64(31)))
