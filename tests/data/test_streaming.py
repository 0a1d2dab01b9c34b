from __future__ import annotations

import multiprocessing.context
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from lt_prune.data.batches import Sampling, TrainingBatches
from lt_prune.data.image_files import ImageFiles
from lt_prune.data.streaming import StreamedBatches
from lt_prune.errors import DataError

N = 11
IMAGES = np.random.default_rng(0).integers(1, 256, (N, 6, 5, 3)).astype(np.uint8)
LABELS = np.arange(N)
SAMPLING = Sampling(padding=2, flip=True, batch_size=4, seed=3)
WORKERS = pytest.param(2, marks=pytest.mark.skipif(os.name != "posix", reason="processes do not fork here"))


@pytest.fixture
def files(tmp_path) -> ImageFiles:
    names = [f"{i:02}.png" for i in range(N)]
    for name, image in zip(names, IMAGES):
        Image.fromarray(image).save(tmp_path / name)
    return ImageFiles.of(tmp_path, names)


def assert_same_epochs(files: ImageFiles, rows: np.ndarray | None = None, n_workers: int = 0, **changes) -> None:
    sampling = replace(SAMPLING, **changes)
    streamed = StreamedBatches.of(files, LABELS, sampling, rows, n_workers=n_workers)
    held = TrainingBatches.of(IMAGES, LABELS, sampling, rows)
    assert streamed.bounds == held.bounds
    assert torch.equal(streamed.rows, held.rows)
    for epoch in (0, 1, 5):
        ours, theirs = list(streamed.epoch(epoch)), list(held.epoch(epoch))
        assert len(ours) == len(theirs)
        for (pixels, labels, drawn), (expected, *others) in zip(ours, theirs):
            assert torch.equal(pixels, expected)
            assert all(map(torch.equal, (labels, drawn), others))
            assert (pixels.dtype, labels.dtype) == (torch.uint8, torch.int64)
            assert pixels.stride() == expected.stride()


@pytest.mark.parametrize("flip", [True, False])
@pytest.mark.parametrize("padding", [0, 1, 2, 7])
def test_batches_are_those_of_images_held_in_memory(files, padding, flip):
    assert_same_epochs(files, padding=padding, flip=flip)


@pytest.mark.parametrize("batch_size", [2, 3, 5, 10, 11, 40])
def test_so_they_are_whatever_is_left_for_the_last_one(files, batch_size):
    assert_same_epochs(files, batch_size=batch_size)


@pytest.mark.parametrize("rows", [[9, 2, 5], [4], [10, 3, 0, 1, 7]])
def test_so_they_are_of_a_part_of_the_images(files, rows):
    assert_same_epochs(files, np.array(rows))


@pytest.mark.parametrize("n_workers", [WORKERS])
def test_so_they_are_where_other_processes_read(files, n_workers):
    assert_same_epochs(files, n_workers=n_workers)


@pytest.mark.skipif(os.name != "posix", reason="processes do not fork here")
def test_readers_are_forked_once_for_all_epochs(files, monkeypatch):
    started = []
    plain = multiprocessing.context.ForkProcess.start
    monkeypatch.setattr(multiprocessing.context.ForkProcess, "start", lambda self: (started.append(self), plain(self))[1])
    batches = StreamedBatches.of(files, LABELS, SAMPLING, n_workers=2)
    assert [len(list(batches.epoch(epoch))) for epoch in range(3)] == [3, 3, 3]
    assert len(started) == 2
    assert all(reader.is_alive() for reader in started)
    del batches
    assert not any(reader.is_alive() for reader in started)


def test_no_more_than_a_batch_is_read_at_once(files, monkeypatch):
    read = []
    plain = ImageFiles.__getitem__

    def note(self: ImageFiles, index: np.ndarray) -> np.ndarray:
        read.append(len(index))
        return plain(self, index)

    monkeypatch.setattr(ImageFiles, "__getitem__", note)
    epoch = StreamedBatches.of(files, LABELS, SAMPLING).epoch(0)
    assert read == []
    next(epoch)
    assert read == [4]
    assert len(list(epoch)) == 2
    assert read == [4, 4, 3]


def test_batches_across_epochs_are_those_of_images_held_in_memory(files):
    bounds = [(7, 13), (13, 20), (20, 30)]  # of 11 images an epoch
    ours, theirs = (
        list(batches.between(bounds))
        for batches in (StreamedBatches.of(files, LABELS, SAMPLING), TrainingBatches.of(IMAGES, LABELS, SAMPLING))
    )
    assert [len(rows) for *_, rows in ours] == [6, 7, 10]
    assert all(torch.equal(*pair) for both in zip(ours, theirs) for pair in zip(*both))


@pytest.mark.parametrize("n_workers", [0, WORKERS])
def test_a_file_that_vanished_is_an_error_of_one_line_that_names_it(files, tmp_path: Path, n_workers):
    (tmp_path / "06.png").unlink()
    with pytest.raises(DataError, match=r"^.*06\.png is gone since its folder was listed: .*$") as caught:
        list(StreamedBatches.of(files, LABELS, SAMPLING, n_workers=n_workers).epoch(0))
    assert "\n" not in str(caught.value)
