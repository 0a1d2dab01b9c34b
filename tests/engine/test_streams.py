"""What the parts of a stage get and do in a training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from stepping import StoppedError, train

from lt_prune.config.recipe import Recipe
from lt_prune.engine.runs import Run
from lt_prune.methods.ce import CrossEntropy
from lt_prune.methods.parts import Batch, Parts, Stream, plain
from lt_prune.models import find_model
from lt_prune.store.pretrained import digest_of_weights

COUNTS = [24, 12, 6, 3]
LABELS = np.repeat(np.arange(4), COUNTS)
Steps = list[tuple[Batch, ...]]


@pytest.fixture
def make(blobs) -> Callable[..., tuple[Run, Steps]]:
    """make(parts, field={}, **recipe) is a run on 45 blobs in batches of 16, 16 and 13, and what its steps will get."""
    data = blobs()

    def make(field: dict[str, Any] | None = None, parts: dict[str, Any] | None = None, **recipe: Any) -> tuple[Run, Steps]:
        how = Recipe(**{"epochs": 3, "batch_size": 16, "warmup": 0, "padding": 1, "model": "resnet8", **recipe})
        seen: Steps = []

        def step(forward, loss, batches):
            seen.append(tuple(batches))
            return plain(forward, loss, batches)

        given = {"rows": np.arange(45), "seed": 3, "identity": {}, "loss": partial(CrossEntropy, COUNTS), **(field or {})}
        common = {
            "title": "blobs",
            "n_classes": 4,
            "model": find_model(how.model),
            "parts": Parts(step=step, **(parts or {})),
        }
        return Run(pixels=data.pixels, labels=data.index.labels, recipe=how, **common, **given), seen

    return make


def drawn(steps: Steps, stream: int) -> list[int]:
    """Rows that a stream shows, one after the other."""
    return [row for batches in steps for row in batches[stream].rows.tolist()]


def test_a_batch_is_of_its_rows(make):
    run, seen = make(parts={"streams": (Stream(sampler="balanced", batch_size=5),)}, padding=0, flip=False, epochs=1)
    train(run)
    for batches in seen:
        for batch in batches:
            assert np.array_equal(batch.pixels.permute(0, 2, 3, 1).numpy(), run.pixels[batch.rows.numpy()])
            assert batch.target.argmax(1).tolist() == run.labels[batch.rows.numpy()].tolist()
            assert (batch.target.dtype, batch.rows.dtype) == (torch.float32, torch.int64)


def test_a_stream_has_batches_of_one_size_that_go_on_from_epoch_to_epoch(make):
    run, seen = make(parts={"streams": (Stream(batch_size=7),)})
    train(run)
    assert [len(batches[1].rows) for batches in seen] == [7] * 9
    through = drawn(seen, 1)
    assert sorted(through[:45]) == list(range(45)), "its first epoch, in 6.4 batches"
    assert len(set(through[45:])) == 63 - 45


def test_a_stream_without_a_size_has_that_of_the_main_one(make):
    run, seen = make(parts={"streams": (Stream(sampler="balanced"), Stream(held_out=1))}, batch_size=10)
    train(run)
    sizes = {tuple(len(batch.rows) for batch in batches) for batches in seen}
    assert sizes == {(10, 10, 10), (11, 11, 11)}  # 41 samples, of which a last one alone would be no batch


@pytest.mark.parametrize("numbers", [(2,), (1, 5), (100,)])
def test_what_a_stream_holds_out_is_its_alone(make, numbers):
    run, seen = make(parts={"streams": tuple(Stream(held_out=number, batch_size=8) for number in numbers)}, epochs=8)
    train(run)
    of_streams = [set(drawn(seen, stream)) for stream in range(1 + len(numbers))]
    assert sum(map(len, of_streams)) == 45
    assert set.union(*of_streams) == set(range(45))
    left = np.array(COUNTS)
    for number, rows in zip(numbers, of_streams[1:]):
        taken = np.minimum(number, left - 1)
        assert np.bincount(run.labels[list(rows)], minlength=4).tolist() == taken.tolist()
        left = left - taken
    assert np.bincount(run.labels[list(of_streams[0])]).tolist() == left.tolist()


def test_streams_differ_in_their_draws(make):
    run, seen = make(parts={"streams": (Stream(), Stream())}, epochs=1)
    train(run)
    assert len({tuple(drawn(seen, stream)) for stream in range(3)}) == 3


@pytest.mark.parametrize("recipe", [{}, {"mixup": 1.0}])
def test_parts_change_nothing_of_the_main_stream(make, recipe):
    (run, seen), (other, theirs) = make(**recipe), make(parts={"streams": (Stream(batch_size=4),), "views": 3}, **recipe)
    assert train(run).loss == train(other).loss
    for ours, batches in zip(seen, theirs, strict=True):
        assert len(batches) == 4
        assert all(map(torch.equal, ours[0], batches[0]))


@pytest.mark.parametrize("mixup", [0.0, 1.0])
def test_views_are_of_the_same_images_with_the_same_target(make, mixup):
    run, seen = make(parts={"views": 2}, mixup=mixup)
    train(run)
    for first, second in seen:
        assert torch.equal(first.rows, second.rows)
        assert torch.equal(first.target, second.target)
        assert not torch.equal(first.pixels, second.pixels)


def test_streams_are_not_mixed(make):
    run, seen = make(parts={"streams": (Stream(),)}, mixup=1.0, epochs=1)
    train(run)
    assert all(batches[1].target.unique().tolist() == [0, 1] for batches in seen)
    assert any(len(batches[0].target.unique()) > 2 for batches in seen)


@pytest.mark.parametrize("epoch", [1, 2])
def test_an_interrupted_run_gets_the_same_batches(make, tmp_path, epoch):
    parts = {"streams": (Stream(sampler="balanced", batch_size=5), Stream(held_out=2, batch_size=3)), "views": 2}
    whole, expected = make(parts=parts)
    train(whole)
    run, seen = make(parts=parts, field={"checkpoint": tmp_path / "model.pt"})
    with pytest.raises(StoppedError):
        train(run, stop_at=epoch)
    train(run)
    for ours, theirs in zip(seen, expected, strict=True):
        assert all(torch.equal(*pair) for both in zip(ours, theirs) for pair in zip(*both))


def test_a_frozen_backbone_gives_features_of_the_rows_that_are_named(make, tmp_path):
    file = tmp_path / "backbone.pt"
    torch.save(train(make(epochs=1)[0]).network.backbone.state_dict(), file)
    frozen = {"freeze": True, "weights": digest_of_weights(file), "trained": "classifier", "padding": 0, "flip": False}
    rows = np.arange(45)[1::2]
    run, seen = make(field={"weights": file, "rows": rows}, parts={"streams": (Stream(held_out=1),)}, epochs=1, **frozen)
    network = train(run).network.eval()
    assert {*drawn(seen, 0), *drawn(seen, 1)} <= set(rows.tolist())
    for batches in seen:
        for batch in batches:
            pixels = torch.from_numpy(run.pixels[batch.rows.numpy()]).permute(0, 3, 1, 2)
            torch.testing.assert_close(batch.pixels, network.features(pixels), rtol=1e-3, atol=1e-4)


def test_a_step_may_be_followed_by_a_change_of_the_weights(make):
    """As MaxNorm projects them; what is trained from then on is what was changed."""
    lengths: list[float] = []

    def shorten(network):
        weight = network.classifier.weight
        weight.mul_((0.5 / weight.norm(dim=1, keepdim=True)).clamp(max=1))

    def look(network):
        lengths.append(network.classifier.weight.norm(dim=1).max().item())

    run, seen = make(parts={"after_step": shorten, "after_epoch": look})
    trained = train(run)
    assert len(seen) == 9
    assert len(lengths) == 3
    assert max(lengths) <= 0.5 * (1 + 1e-6)
    assert trained.loss != train(make()[0]).loss


def test_an_epoch_may_be_followed_by_one(make, tmp_path):
    def empty(network):
        network.classifier.weight.zero_()

    run, _ = make(parts={"after_epoch": empty}, field={"checkpoint": tmp_path / "model.pt"})
    assert not train(run).network.classifier.weight.any()
    assert not torch.load(tmp_path / "model.pt", weights_only=True)["network"]["classifier.weight"].any()


def test_a_step_of_its_own_decides_what_is_minimised(make):
    """That of both streams as one batch, say."""

    def both(forward, loss, batches):
        joined = [torch.cat(parts) for parts in zip(*batches)]
        outputs = forward(joined[0].contiguous(memory_format=torch.channels_last))
        sizes = [len(batch.rows) for batch in batches]
        main = type(outputs)(outputs.features[: sizes[0]], outputs.logits[: sizes[0]], outputs.weight, outputs.scale)
        return main, loss(outputs, joined[1])

    run, _ = make(parts={"streams": (Stream(held_out=1),)}, epochs=1)
    found = train(replace(run, parts=Parts(streams=run.parts.streams, step=both)))
    assert np.isfinite(found.loss).all()
    assert found.loss != train(run).loss
