"""The recipe of a run: the method's defaults, what the data asks for, and what the user overrides."""

from __future__ import annotations

from typing import Any

from lt_prune.types import LongTailedSet, Recipe

STAGE_ONE: dict[str, Any] = {}
"""Wang & Yan's stage one is `Recipe`'s own defaults."""

MEMBER: dict[str, Any] = {"epochs": 10, "warmup": 1, "schedule": "cosine"}
"""A short run of the scoring ensemble (Wang & Yan, section 3.4)."""


def resolve_recipe(data: LongTailedSet, defaults: dict[str, Any], overrides: dict[str, Any]) -> Recipe:
    """Recipe for `data`: crops are padded by an eighth of the image (4 pixels of 32), and mirrored where the data allows.

    Args:
        defaults: `STAGE_ONE` or `MEMBER`.
        overrides: fields of `Recipe`; None leaves a field at its default.
    """
    by_data = {"padding": data.pixels.shape[1] // 8, "flip": data.flip}
    chosen = {name: value for name, value in overrides.items() if value is not None}
    return Recipe(**{**by_data, **defaults, **chosen})
