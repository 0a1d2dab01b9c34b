from __future__ import annotations

import pytest

import lt_prune as lp
from lt_prune.errors import ArgumentError


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"resize": 0}, "resize must be a side of 1 to 1,024 pixels, not 0"),
        ({"resize": 1025}, "resize must be a side of 1 to 1,024 pixels, not 1025"),
        ({"loading": "lazy"}, "loading must be auto, memory, stream, not 'lazy'"),
    ],
)
def test_unusable_options_are_refused(options, said):
    with pytest.raises(ArgumentError, match=said):
        lp.Reading(**options)
