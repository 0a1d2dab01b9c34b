from __future__ import annotations

import pytest

from lt_prune.data.loading import streams


@pytest.fixture
def memory_of_1000(monkeypatch):
    monkeypatch.setattr("lt_prune.data.loading.available_memory", lambda: 1000)


@pytest.mark.parametrize(
    ("loading", "n_bytes", "expected"),
    [
        ("auto", 0, False),
        ("auto", 499, False),
        ("auto", 500, True),
        ("auto", 10**9, True),
        ("memory", 10**9, False),
        ("stream", 0, True),
    ],
)
def test_images_that_take_half_of_the_memory_are_streamed_unless_asked(memory_of_1000, loading, n_bytes, expected):
    assert streams(loading, n_bytes) is expected
