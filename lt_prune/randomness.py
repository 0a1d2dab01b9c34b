"""Named randomness: every use draws from a generator of its own, seeded by (seed, use, keys) and by nothing else.

So a member trained alone, among others, or after an interruption is the same member, and no global state is touched.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def derive_seed(seed: int, use: str, *keys: int) -> int:
    """A 63-bit seed for one use, for example derive_seed(0, "order", epoch)."""
    text = "/".join([str(seed), use, *map(str, keys)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


def generator(seed: int, use: str, *keys: int) -> torch.Generator:
    """A CPU generator for one use."""
    import torch

    return torch.Generator().manual_seed(derive_seed(seed, use, *keys))
