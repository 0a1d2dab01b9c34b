from __future__ import annotations

import hashlib

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lt_prune.randomness import derive_seed, generator


def test_a_seed_is_63_bits_of_blake2b_of_its_name():
    digest = hashlib.blake2b(b"7/order/3", digest_size=8).digest()
    assert derive_seed(7, "order", 3) == int.from_bytes(digest, "little") // 2


@settings(max_examples=30, deadline=None)
@given(st.integers(), st.text("abc", min_size=1), st.lists(st.integers(0, 1000), max_size=3))
def test_a_seed_fits_every_generator(seed, use, keys):
    assert 0 <= derive_seed(seed, use, *keys) < 2**63
    assert 0 <= torch.rand(1, generator=generator(seed, use, *keys)).item() < 1


def test_every_part_of_the_name_counts():
    names = [
        (0, "order"),
        (1, "order"),
        (0, "mixup"),
        (0, "order", 0),
        (0, "order", 1),
        (0, "order", 0, 1),
        (0, "order", 1, 0),
    ]
    assert len({derive_seed(*name) for name in names}) == len(names)


def test_neighbouring_keys_are_not_confused():
    assert derive_seed(0, "order", 1, 23) != derive_seed(0, "order", 12, 3)


def test_the_same_name_gives_the_same_draws():
    draws = [torch.rand(5, generator=generator(0, "order", 2)) for _ in range(2)]
    assert torch.equal(*draws)


def test_no_global_state_is_touched():
    torch.manual_seed(0)
    np.random.seed(0)
    before = torch.random.get_rng_state(), np.random.get_state()[1].copy()
    torch.rand(3, generator=generator(0, "order"))
    assert torch.equal(before[0], torch.random.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])
