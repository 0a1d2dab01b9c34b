from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lt_prune.strategies import Request
from lt_prune.strategies.presets import class_random, random

COUNTS = (60, 30, 9, 1)


def ask(n_remove: int, counts: tuple[int, ...] = COUNTS, seed: int = 0, **more) -> Request:
    ids = np.random.default_rng(sum(counts)).choice(2**62, sum(counts), replace=False).astype(np.uint64)
    labels = np.repeat(np.arange(len(counts)), counts)
    return Request(ids=ids, labels=labels, n_classes=len(counts), n_remove=n_remove, seed=seed, **more)


GOLDEN = 0x9E3779B97F4A7C15


def splitmix64(state: int) -> int:
    """The first output of Steele et al.'s generator from a state, as published by Vigna."""
    z = (state + GOLDEN) % 2**64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    return z ^ (z >> 31)


def share_removed(strategy, requests: list[Request]) -> np.ndarray:
    """How often each sample is removed."""
    return np.mean([~strategy(request) for request in requests], axis=0)


@given(st.integers(0, 96), st.integers(0, 96), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_random_removes_a_superset_at_a_larger_ratio(one, other, seed):
    less, more = (~random(ask(n, seed=seed)) for n in sorted((one, other)))
    assert not (less & ~more).any()


@pytest.mark.parametrize(("less", "more"), [(0.1, 0.25), (0.25, 0.45), (0.45, 0.5), (0.5, 0.9)])
def test_class_random_removes_a_superset_at_a_larger_ratio(less, more):
    counts = (5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50)
    smaller, larger = (~class_random(ask(round(ratio * sum(counts)), counts)) for ratio in (less, more))
    assert not (smaller & ~larger).any()


@given(st.integers(0, 96), st.integers(0, 96), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_class_random_removes_a_superset_within_each_class_that_loses_more(one, other, seed):
    requests = [ask(n, seed=seed) for n in (one, other)]
    first, second = (~class_random(request) for request in requests)
    for c in range(len(COUNTS)):
        own = requests[0].labels == c
        less, more = sorted((first[own], second[own]), key=np.sum)
        assert not (less & ~more).any()


def test_class_random_may_give_one_sample_back_by_rounding():
    # The Alabama paradox of largest remainders: shares 4.3 4.3 1.4 of ten become 4.7 4.7 1.6 of eleven.
    counts = (60, 60, 20)
    ten, eleven = (np.bincount(ask(n, counts).labels[~class_random(ask(n, counts))]).tolist() for n in (10, 11))
    assert (ten, eleven) == ([4, 4, 2], [5, 5, 1])


def test_random_removes_every_sample_of_a_large_class_equally_often():
    share = share_removed(random, [ask(50, (100, 100), seed) for seed in range(400)])
    assert share.mean() == pytest.approx(0.25)
    assert np.abs(share - 0.25).max() < 0.1  # 4.6 standard deviations


def test_random_removes_heads_and_tails_alike():
    share = share_removed(random, [ask(45, (80, 20), seed) for seed in range(400)])
    assert share[:80].mean() == pytest.approx(0.45, abs=0.02)
    assert share[80:].mean() == pytest.approx(0.45, abs=0.02)


def test_class_random_removes_every_sample_of_a_class_equally_often():
    share = share_removed(class_random, [ask(50, (100, 100), seed) for seed in range(400)])
    assert np.abs(share - 0.25).max() < 0.1


def test_class_random_removes_the_same_share_of_each_class_each_time():
    for seed in range(5):
        request = ask(45, (60, 30, 10), seed)
        lost = np.bincount(request.labels[~class_random(request)])
        assert lost.tolist() in ([27, 14, 4], [27, 13, 5])  # 27, 13.5 and 4.5


@pytest.mark.parametrize(("strategy", "use"), [(random, "random"), (class_random, "class-random")])
def test_the_order_is_that_of_splitmix64_from_a_digest_of_the_strategys_name(strategy, use):
    key = int.from_bytes(hashlib.blake2b(f"7/{use}".encode(), digest_size=8).digest(), "little") // 2
    request = ask(40, (100,), seed=7)
    order = sorted(range(100), key=lambda i: splitmix64((int(request.ids[i]) + key * GOLDEN) % 2**64))
    assert set(np.flatnonzero(~strategy(request))) == set(order[:40])


def test_neither_needs_scores():
    assert not random.needs
    assert not class_random.needs


def test_both_draw_independently():
    request = ask(50, (100,))
    assert not np.array_equal(random(request), class_random(request))


def test_a_sample_keeps_its_place_when_others_join():
    # What is removed of a part follows the same order as in the whole.
    whole = ask(50, (100,))
    part = Request(ids=whole.ids[:40], labels=whole.labels[:40], n_classes=1, n_remove=int((~random(whole))[:40].sum()))
    assert np.array_equal(random(part), random(whole)[:40])
