"""What a stage with streams and views needs of the data, and how much work it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import lt_prune as lp
from lt_prune.data.assemble import assemble
from lt_prune.data.cut import Cut
from lt_prune.data.sources import Source
from lt_prune.errors import ArgumentError
from lt_prune.methods import Method, Stage, Stream
from lt_prune.methods.ce import CrossEntropy
from lt_prune.methods.parts import plain
from lt_prune.planning.plan import Asked, plan

SETTINGS: dict[str, Any] = {"epochs": 2, "batch_size": 16}
SMALL: dict[str, Any] = {**SETTINGS, "compute": lp.Compute(device="cpu", n_threads=1)}


def register(**parts: Any) -> None:
    stage = Stage(loss=parts.pop("loss", CrossEntropy), equation="by hand", **parts)
    lp.register("method", "mine", Method(summary="by hand", paper="none", stage=stage))


def embeddings() -> lp.LongTailedSet:
    labels, random = np.repeat(np.arange(3), (20, 10, 5)), np.random.default_rng(0)
    values = random.normal(size=(35, 4)).astype(np.float32)
    source = Source(pixels=values, labels=labels, test_pixels=values, test_labels=labels, class_names=("a", "b", "c"))
    return assemble(source, Cut(profile="none"), name="vectors", spec="vectors", groups=None)


def test_embeddings_have_no_views():
    register(views=2)
    says = "^method 'mine' trains on 2 views of each image, and embeddings are not augmented: name another method$"
    with pytest.raises(ArgumentError, match=says):
        lp.train(embeddings(), method="mine", **SMALL)


def test_a_frozen_backbone_has_no_views(blobs, in_tmp):
    lp.train(blobs(), model="resnet8", out="run", **SMALL)
    state = torch.load("run/model.pt", weights_only=True)["network"]
    backbone = {name.removeprefix("backbone."): value for name, value in state.items() if name.startswith("backbone.")}
    torch.save(backbone, "backbone.pt")
    register(views=2)
    with pytest.raises(ArgumentError, match=r"^method 'mine' .* and features of a frozen backbone are not augmented: name"):
        lp.train(blobs(), method="mine", model="resnet8", weights="backbone.pt", freeze=True, **SMALL)
    assert not Path("mine").exists()


def test_where_no_class_has_two_samples_none_can_be_held_out(blobs):
    register(streams=(Stream(held_out=4),))
    says = (
        "^method 'mine' holds samples of each class out of its training, and no class of blobs has more than one to train on"
    )
    with pytest.raises(ArgumentError, match=says):
        lp.train(blobs((1, 1, 1)), method="mine", model="resnet8", **SMALL)


def test_streams_work_on_embeddings():
    register(streams=(Stream(sampler="balanced"), Stream(held_out=2, batch_size=4)))
    result = lp.train(embeddings(), method="mine", **SMALL)
    assert np.isfinite(result.loss).all()
    assert result.n_train == 35


@pytest.mark.parametrize(
    ("parts", "images"),
    [
        ({}, 45),
        ({"views": 3}, 3 * 45),
        ({"streams": (Stream(),)}, 2 * 45),
        ({"streams": (Stream(batch_size=5),)}, 45 + 3 * 5),
        ({"streams": (Stream(held_out=2, batch_size=6), Stream()), "views": 2}, 3 * (45 - 8) + 3 * 6),
    ],
    ids=["plain", "views", "stream", "size", "held out"],
)
def test_work_counts_what_every_stream_shows(blobs, parts, images):
    shown = []

    def step(forward, loss, batches):
        shown.extend(len(batch.rows) for batch in batches)
        return plain(forward, loss, batches)

    register(**parts, step=step)
    job = plan(blobs(), None, Asked(arithmetic=lp.Arithmetic(), method="mine", settings={**SETTINGS, "model": "resnet8"}))
    assert job.work == (2, images)
    lp.train(blobs(), method="mine", model="resnet8", **SMALL)
    assert sum(shown) == 2 * images


def test_the_loss_counts_what_the_main_stream_shows(blobs):
    given = []

    def loss(counts):
        given.append(list(counts))
        return CrossEntropy(counts)

    register(loss=loss, streams=(Stream(held_out=4),))
    result = lp.train(blobs(), method="mine", model="resnet8", **SMALL)
    assert given == [[20, 8, 2, 1]]
    assert result.class_counts == (24, 12, 6, 3)


def test_equal_steps_are_those_of_the_main_stream(blobs):
    register(streams=(Stream(held_out=2),))
    data = blobs()
    subset = lp.prune(data, strategy="random", ratio=0.4)
    given = {**SMALL, "batch_size": 4, "epochs": 10}
    result = lp.train(data, method="mine", model="resnet8", subset=subset, equal="steps", **given)
    left = np.maximum(subset.kept_counts - 2, np.minimum(subset.kept_counts, 1)).sum()
    whole = 24 + 12 + 6 + 3 - 8
    steps = [n // 4 if n % 4 in (0, 1) else n // 4 + 1 for n in (whole, left)]
    assert result.spec.recipe.epochs == round(10 * steps[0] / steps[1])
