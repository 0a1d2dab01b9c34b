from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lt_prune.data.batches import EpochPlan, Sampling, TrainingBatches, batch_bounds, plain_batches
from lt_prune.randomness import generator


def images(n: int, height: int = 6, width: int = 5, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(1, 256, (n, height, width, channels)).astype(np.uint8)


def batches_of(
    n: int = 11, padding: int = 2, flip: bool = True, batch_size: int = 4, seed: int = 0, **shape
) -> TrainingBatches:
    labels = np.arange(n) % 3
    sampling = Sampling(padding=padding, flip=flip, batch_size=batch_size, seed=seed)
    return TrainingBatches.of(images(n, **shape), labels.astype(np.int64), sampling)


def pixels_of(batches: TrainingBatches, epoch: int) -> torch.Tensor:
    return torch.cat([pixels for pixels, *_ in batches.epoch(epoch)])


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 300), st.integers(2, 40))
def test_bounds_cover_every_sample_once_in_order(n, batch_size):
    bounds = batch_bounds(n, batch_size)
    assert [i for start, end in bounds for i in range(start, end)] == list(range(n))


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 300), st.integers(2, 40))
def test_no_batch_has_one_sample_or_more_than_one_too_many(n, batch_size):
    sizes = [end - start for start, end in batch_bounds(n, batch_size)]
    assert min(sizes) >= 2
    assert set(sizes[:-1]) <= {batch_size}
    assert max(sizes) <= batch_size + 1


def test_a_short_last_batch_is_kept():
    assert batch_bounds(10, 4) == [(0, 4), (4, 8), (8, 10)]


def test_a_last_batch_of_one_is_joined_to_its_neighbour():
    assert batch_bounds(9, 4) == [(0, 4), (4, 9)]


def test_a_single_sample_is_a_batch():
    assert batch_bounds(1, 4) == [(0, 1)]


@pytest.mark.parametrize("flip", [True, False])
@pytest.mark.parametrize("padding", [0, 1, 4])
@pytest.mark.parametrize("channels", [1, 3])
def test_an_epoch_is_a_plain_loop_of_pad_crop_and_flip(padding, flip, channels):
    pixels = images(11, channels=channels)
    batches = batches_of(11, padding, flip, seed=5, channels=channels)
    order = torch.randperm(11, generator=generator(5, "order", 3)).tolist()
    draws = generator(5, "augmentation", 3)
    offsets = torch.randint(0, 2 * padding + 1, (2, 11), generator=draws).tolist()
    coins = torch.rand(11, generator=draws).tolist() if flip else [1.0] * 11
    expected = np.zeros((11, channels, 6, 5), np.uint8)
    for k, sample in enumerate(order):
        for row in range(6):
            for column in range(5):
                from_row = row + offsets[0][k] - padding
                from_column = (4 - column if coins[k] < 0.5 else column) + offsets[1][k] - padding
                if 0 <= from_row < 6 and 0 <= from_column < 5:
                    expected[k, :, row, column] = pixels[sample, from_row, from_column]
    assert np.array_equal(pixels_of(batches, 3).numpy(), expected)


def test_labels_follow_their_images():
    batches = batches_of(padding=0, flip=False)
    by_image = {image.tobytes(): i % 3 for i, image in enumerate(images(11))}
    for pixels, labels, _ in batches.epoch(0):
        assert [by_image[image.permute(1, 2, 0).numpy().tobytes()] for image in pixels] == labels.tolist()


def test_without_padding_and_flip_an_epoch_is_the_images_permuted():
    found = sorted(image.permute(1, 2, 0).numpy().tobytes() for image in pixels_of(batches_of(padding=0, flip=False), 0))
    assert found == sorted(image.tobytes() for image in images(11))


def test_an_epoch_is_in_another_order_than_the_images():
    found = [image.permute(1, 2, 0).numpy().tobytes() for image in pixels_of(batches_of(padding=0, flip=False), 0)]
    assert found != [image.tobytes() for image in images(11)]


def test_every_sample_comes_once_an_epoch():
    batches = TrainingBatches.of(images(25), np.arange(25), Sampling(padding=2, flip=True, batch_size=4, seed=0))
    assert sorted(torch.cat([labels for _, labels, _ in batches.epoch(7)]).tolist()) == list(range(25))


def test_batches_have_the_announced_bounds():
    batches = batches_of(13)
    assert [len(labels) for _, labels, _ in batches.epoch(0)] == [4, 4, 5] == [end - start for start, end in batches.bounds]


def test_the_same_epoch_gives_the_same_batches():
    assert torch.equal(pixels_of(batches_of(), 2), pixels_of(batches_of(), 2))


def test_an_epoch_does_not_depend_on_those_drawn_before():
    batches = batches_of()
    pixels_of(batches, 0)
    assert torch.equal(pixels_of(batches, 1), pixels_of(batches_of(), 1))


def test_another_epoch_differs_in_order_and_crops():
    first, second = ([labels.tolist() for _, labels, _ in batches_of().epoch(epoch)] for epoch in (0, 1))
    assert first != second
    assert not torch.equal(pixels_of(batches_of(), 0), pixels_of(batches_of(), 1))


def test_another_seed_differs():
    assert not torch.equal(pixels_of(batches_of(seed=0), 0), pixels_of(batches_of(seed=1), 0))


def test_the_batch_size_does_not_change_what_is_drawn():
    assert torch.equal(pixels_of(batches_of(batch_size=3), 0), pixels_of(batches_of(batch_size=11), 0))


def test_crops_reach_every_offset_and_both_sides():
    # A single bright pixel in the middle tells where each crop was taken from.
    pixels = np.zeros((400, 5, 5, 1), np.uint8)
    pixels[:, 2, 2] = 255
    batches = TrainingBatches.of(pixels, np.zeros(400, np.int64), Sampling(padding=2, flip=False, batch_size=400, seed=0))
    found = {tuple(place) for place in pixels_of(batches, 0)[:, 0].nonzero()[:, 1:].tolist()}
    assert found == {(row, column) for row in range(5) for column in range(5)}


def test_about_half_of_the_images_are_mirrored():
    pixels = np.zeros((1000, 2, 2, 1), np.uint8)
    pixels[:, :, 0] = 1
    batches = TrainingBatches.of(pixels, np.zeros(1000, np.int64), Sampling(padding=0, flip=True, batch_size=100, seed=0))
    mirrored = int(pixels_of(batches, 0)[:, 0, 0, 1].sum())
    assert 420 < mirrored < 580  # 5 standard deviations


@pytest.mark.parametrize("padding", [0, 2])
def test_batches_are_uint8_in_channels_last_order(padding):
    for pixels, labels, _ in batches_of(padding=padding).epoch(0):
        assert pixels.dtype == torch.uint8
        assert labels.dtype == torch.int64
        assert pixels.shape[1:] == (3, 6, 5)
        assert pixels.is_contiguous(memory_format=torch.channels_last)


def test_only_the_images_of_the_rows_come():
    rows = np.array([9, 2, 5])
    batches = TrainingBatches.of(images(11), np.arange(11), Sampling(padding=0, flip=False, batch_size=2, seed=0), rows)
    pixels, labels, _ = (torch.cat(parts) for parts in zip(*batches.epoch(0)))
    assert sorted(labels.tolist()) == [2, 5, 9]
    assert np.array_equal(pixels.permute(0, 2, 3, 1).numpy(), images(11)[labels.numpy()])


def test_rows_are_those_of_the_set():
    rows = np.array([9, 2, 5])
    sampling = Sampling(padding=0, flip=False, batch_size=2, seed=0)
    for pixels, labels, drawn in TrainingBatches.of(images(11), np.arange(11) % 3, sampling, rows).epoch(0):
        assert np.array_equal(pixels.permute(0, 2, 3, 1).numpy(), images(11)[drawn.numpy()])
        assert labels.tolist() == (drawn % 3).tolist()
        assert set(drawn.tolist()) <= set(rows.tolist())


@pytest.mark.parametrize("start", [0, 3, 22, 25])
def test_batches_go_on_from_epoch_to_epoch_without_a_gap(start):
    batches = batches_of(11)
    through = torch.cat([rows for epoch in range(5) for *_, rows in batches.epoch(epoch)])
    bounds = [(start, start + 4), (start + 4, start + 5), (start + 5, start + 29)]
    found = list(batches.between(bounds))
    assert [rows.tolist() for *_, rows in found] == [through[slice(*each)].tolist() for each in bounds]
    pixels = torch.cat([pixels_of(batches, epoch) for epoch in range(5)])
    assert torch.equal(torch.cat([each for each, *_ in found]), pixels[start : start + 29])


def test_views_are_of_the_same_images_in_the_same_order_and_cropped_otherwise():
    first, second = (
        list(replace(batches_of(40), sampling=replace(batches_of().sampling, view=view)).epoch(1)) for view in (0, 1)
    )
    for ours, theirs in zip(first, second, strict=True):
        assert all(map(torch.equal, ours[1:], theirs[1:]))
        assert not torch.equal(ours[0], theirs[0])
    again = list(replace(batches_of(40), sampling=replace(batches_of().sampling, view=1)).epoch(1))
    assert all(torch.equal(ours[0], theirs[0]) for ours, theirs in zip(second, again, strict=True))


@pytest.mark.parametrize(("height", "width", "padding"), [(6, 5, 2), (3, 4, 5), (8, 8, 1)])
def test_crops_are_those_of_a_zero_padded_image(height, width, padding):
    pixels = images(30, height, width)
    batches = TrainingBatches.of(pixels, np.arange(30), Sampling(padding=padding, flip=True, batch_size=7, seed=3))
    plan = EpochPlan.draw(np.arange(30), batches.sampling, epoch=4)
    for (found, *_), start in zip(batches.epoch(4), range(0, 30, 7)):
        for crop, i in zip(found, range(start, 30)):
            padded = np.pad(pixels[plan.order[i]], ((padding, padding), (padding, padding), (0, 0)))
            plain = padded[plan.top[i] : plan.top[i] + height, plan.left[i] : plan.left[i] + width]
            plain = plain[:, ::-1] if plan.mirrored[i] else plain
            assert np.array_equal(crop.permute(1, 2, 0).numpy(), plain)


def test_plain_batches_are_the_images_in_order():
    found = list(plain_batches(images(10), 4, torch.device("cpu")))
    assert [len(batch) for batch in found] == [4, 4, 2]
    assert np.array_equal(torch.cat(found).permute(0, 2, 3, 1).numpy(), images(10))
    assert all(batch.is_contiguous(memory_format=torch.channels_last) for batch in found)


def test_plain_batches_of_no_images_are_none():
    assert list(plain_batches(images(0), 4, torch.device("cpu"))) == []


@pytest.fixture
def every_warning():
    """PyTorch gives each warning, not only the first of a process."""
    torch.set_warn_always(True)
    yield
    torch.set_warn_always(False)


def test_plain_batches_of_unwritable_images_give_no_warning(every_warning):
    # Fashion-MNIST's images are read so.
    pixels = images(3)
    pixels.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(list(plain_batches(pixels, 2, torch.device("cpu")))) == 2
