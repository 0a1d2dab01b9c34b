from __future__ import annotations

import math
import os
from pathlib import Path

import pytest

from lt_prune.data.loading import available_memory, streams


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
def test_images_that_take_half_of_the_memory_are_streamed_unless_told(memory_of_1000, loading, n_bytes, expected):
    assert streams(loading, n_bytes) is expected


def meminfo(monkeypatch, text: str | None) -> None:
    def read_text(path: Path) -> str:
        assert path.as_posix() == "/proc/meminfo"
        if text is None:
            raise FileNotFoundError(path)
        return text

    monkeypatch.setattr(Path, "read_text", read_text)


def test_memory_that_linux_can_give_back_is_available(monkeypatch):
    meminfo(monkeypatch, "MemTotal:  8000 kB\nMemFree:  10 kB\nMemAvailable:    3000 kB\nBuffers:  1 kB\n")
    assert available_memory() == 3000 * 1024


@pytest.mark.parametrize("text", [None, "MemTotal:  8000 kB\n"])
def test_elsewhere_it_is_all_there_is(monkeypatch, text):
    meminfo(monkeypatch, text)
    sizes = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 77}
    monkeypatch.setattr(os, "sysconf", sizes.__getitem__, raising=False)
    assert available_memory() == 4096 * 77


def test_where_nothing_is_known_there_is_no_limit(monkeypatch):
    meminfo(monkeypatch, None)
    monkeypatch.delattr(os, "sysconf", raising=False)
    assert available_memory() == math.inf
