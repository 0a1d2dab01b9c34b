"""Small data that every test may use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lt_prune.data.assemble import assemble
from lt_prune.data.cut import Cut
from lt_prune.data.sources import Source
from lt_prune.steps.register import FAMILIES
from lt_prune.types import LongTailedSet

COUNTS = (24, 12, 6, 3)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--battery",
        choices=("drawn", "whole"),
        default="drawn",
        help="how much of tests/battery to run: a drawn part, or all",
    )


def blob_images(counts: tuple[int, ...], seed: int = 0, side: int = 8, channels: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Noisy images whose brightness tells the class: uint8 (N, side, side, channels) and int64 (N,), sorted by class."""
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(counts)), counts)
    centre = np.linspace(40, 215, len(counts))[labels]
    noise = random.normal(0, 30, (len(labels), side, side, channels))
    return np.clip(centre[:, None, None, None] + noise, 0, 255).astype(np.uint8), labels.astype(np.int64)


@pytest.fixture(scope="session")
def blobs() -> Callable[..., LongTailedSet]:
    """A maker of long-tailed sets of blobs: blobs(counts=(24, 12, 6, 3), seed=0, order=None)."""

    def make(
        counts: tuple[int, ...] = COUNTS,
        seed: int = 0,
        order: np.ndarray | None = None,
        groups: tuple[int, int] | None = None,
    ) -> LongTailedSet:
        pixels, labels = blob_images(counts, seed)
        test_pixels, test_labels = blob_images((10,) * len(counts), seed + 1)
        order = np.arange(len(labels)) if order is None else order
        source = Source(
            pixels=pixels[order],
            labels=labels[order],
            test_pixels=test_pixels,
            test_labels=test_labels,
            class_names=tuple(f"class{c}" for c in range(len(counts))),
        )
        return assemble(source, Cut(profile="none"), name="blobs", spec="blobs", groups=groups)

    return make


@pytest.fixture
def blob_folder(tmp_path: Path) -> Callable[..., Path]:
    """A maker of folders of blobs, as PNG files: blob_folder(counts=(24, 12, 6, 3)) and 5 test images a class."""

    def make(counts: tuple[int, ...] = COUNTS) -> Path:
        for split, n_images, seed in (("train", counts, 0), ("test", (5,) * len(counts), 1)):
            for i, (image, label) in enumerate(zip(*blob_images(n_images, seed))):
                path = tmp_path / "photos" / split / f"class{label}" / f"{i:04}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(image).save(path)
        return tmp_path / "photos"

    return make


@pytest.fixture
def in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory is an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def registered_for_one_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers ends with it."""
    for family in FAMILIES.values():
        monkeypatch.setattr(family, "registered", {})


@pytest.fixture(autouse=True, scope="session")
def one_at_a_time() -> Iterator[None]:
    """Networks are trained in this process, which spares starting others, unless a test asks for `workers`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lt_prune.engine.devices.available_cores", lambda: 1)
        yield
