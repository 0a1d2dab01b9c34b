from __future__ import annotations

import pytest

import lt_prune as lp
from lt_prune.errors import ArgumentError


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"resize": 0}, "resize must be a side of 1 to 1,024 pixels, not 0"),
        ({"resize": 1025}, "resize must be a side of 1 to 1,024 pixels, not 1025"),
        ({"class_order": "size"}, "class_order must be text, natural, count, not 'size'"),
        ({"holdout": 1.0}, r"holdout must be the share to test on, in \[0, 1\), such as 0.2, not 1.0"),
        ({"holdout": -0.1}, "holdout must be the share to test on"),
        ({"holdout": float("nan")}, "holdout must be the share to test on"),
        ({"loading": "lazy"}, "loading must be auto, memory, stream, not 'lazy'"),
    ],
)
def test_unusable_options_are_refused(options, said):
    with pytest.raises(ArgumentError, match=said):
        lp.Reading(**options)
