"""What a stage that starts from another one's weights trains, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from stepping import StoppedError, train

from lt_prune.config.compute import Arithmetic
from lt_prune.config.recipe import Recipe
from lt_prune.engine.runs import Run, Trained
from lt_prune.engine.session import run_steps
from lt_prune.methods.alas import ActivelySmoothed
from lt_prune.methods.ce import CrossEntropy
from lt_prune.models import find_model
from lt_prune.models.network import build_network, frozen
from lt_prune.store.weights import read_weights, write_weights

CPU = torch.device("cpu")
COUNTS = [24, 12, 6, 3]
FIRST = Recipe(epochs=2, batch_size=16, warmup=0, padding=1, model="resnet8")
SECOND = replace(FIRST, schedule="cosine", sampler="balanced", trained="classifier", lr_factor=0.5)


@pytest.fixture
def make(blobs, tmp_path) -> Callable[..., Run]:
    """make(recipe, **fields) gives a run on blobs; without `start` it is a first stage."""
    data = blobs()

    def make(recipe: Recipe, **given) -> Run:
        fields = {"loss": partial(CrossEntropy, COUNTS), "seed": 3, "identity": {}, **given}
        common = {"title": "blobs", "rows": np.arange(45), "n_classes": 4, "model": find_model(recipe.model)}
        return Run(pixels=data.pixels, labels=data.index.labels, recipe=recipe, **common, **fields)

    return make


@pytest.fixture
def start(make, tmp_path) -> Path:
    train(make(FIRST, checkpoint=tmp_path / "first.pt"))
    return tmp_path / "first.pt"


def state_of(path: Path) -> dict[str, torch.Tensor]:
    return read_weights(path, CPU)["network"]


def changed(trained: Trained, start: Path) -> set[str]:
    """What differs from the weights that it started from: parts of the network."""
    before, after = state_of(start), trained.network.state_dict()
    return {
        name.partition(".")[0] if "running" not in name and "tracked" not in name else "batch statistics"
        for name in before
        if not torch.equal(before[name], after[name])
    }


@pytest.mark.parametrize(
    ("trained", "expected"),
    [
        ("classifier", {"classifier"}),
        ("scale", {"scale"}),
        ("classifier+scale", {"classifier", "scale"}),
        ("network", {"classifier", "backbone", "batch statistics"}),
    ],
)
def test_a_stage_trains_what_it_says(make, start, trained, expected):
    found = train(make(replace(SECOND, trained=trained), start=start))
    assert changed(found, start) == expected


def test_a_shifted_stage_moves_the_batch_statistics_too(make, start):
    found = train(make(replace(SECOND, shift_batch_norm=True), start=start))
    assert changed(found, start) == {"classifier", "batch statistics"}


def test_a_stage_that_trains_nothing_hands_its_start_on(make, start, tmp_path):
    nothing = replace(FIRST, trained="nothing", epochs=0)
    found = train(make(nothing, start=start, checkpoint=tmp_path / "second.pt"))
    assert changed(found, start) == set()
    assert found.loss == ()
    assert all(torch.equal(value, state_of(start)[name]) for name, value in state_of(tmp_path / "second.pt").items())


def test_a_stage_that_trains_nothing_reports_no_progress_as_0_of_0_would_mean_failure(make, start):
    assert train(make(replace(FIRST, trained="nothing", epochs=0), start=start), stop_at=0)


def test_a_fresh_classifier_owes_nothing_to_the_one_before(make, start):
    still = replace(SECOND, lr=0.0, fresh=True)
    found = train(make(still, start=start)).network.classifier
    again, other = (train(make(still, start=start, seed=seed)).network.classifier for seed in (3, 4))
    assert not torch.equal(found.weight, state_of(start)["classifier.weight"])
    assert torch.equal(found.weight, again.weight)
    assert not torch.equal(found.weight, other.weight)


def test_a_stage_keeps_the_normalisation_of_its_start(make, start):
    state = read_weights(start, CPU)
    state["network"]["mean"] += 1
    write_weights(start, state)
    assert torch.equal(train(make(SECOND, start=start)).network.mean, state["network"]["mean"])


@pytest.mark.parametrize(("trained", "factor"), [("classifier", 0.5), ("scale", 1.0)])
def test_the_factor_is_on_every_rate_but_the_scales(make, start, trained, factor):
    """One step of plain SGD, whose size tells the rate."""
    recipe = replace(SECOND, trained=trained, epochs=1, batch_size=96, weight_decay=0.0, schedule="constant")
    gradients = []

    class Spy(CrossEntropy):
        def forward(self, outputs, target):
            loss = super().forward(outputs, target)
            of = outputs.weight if trained == "classifier" else None
            gradients.extend(torch.autograd.grad(loss, [of], retain_graph=True) if of is not None else [])
            return loss

    found = train(make(recipe, start=start, loss=partial(Spy, COUNTS))).network
    before = state_of(start)
    if trained == "classifier":
        torch.testing.assert_close(before["classifier.weight"] - found.classifier.weight, 0.1 * factor * gradients[0])
    else:
        slow = train(make(replace(recipe, lr_factor=0.01), start=start)).network
        assert torch.equal(slow.scale, found.scale)


def test_a_balanced_stage_sees_every_class_equally_often(make, start):
    seen = torch.zeros(4)

    class Spy(CrossEntropy):
        def forward(self, outputs, target):
            seen.add_(target.sum(0))
            return super().forward(outputs, target)

    train(make(replace(SECOND, draws="oversampled"), start=start, loss=partial(Spy, COUNTS)))
    assert seen.tolist() == [48] * 4  # 2 epochs of 24 draws a class
    seen.zero_()
    train(make(SECOND, start=start, loss=partial(Spy, COUNTS)))
    assert seen.sum() == 2 * 45
    assert seen.max() - seen.min() <= 4, "no class is more than one turn ahead, over both epochs"


def test_an_interrupted_stage_goes_on_with_the_state_of_its_loss(make, start, tmp_path):
    settings = {"tau": 0.75, "alas_form": "concave", "alas_update": "batch", "alas_logits": "linear"}
    loss = partial(ActivelySmoothed, COUNTS, **settings)
    recipe = replace(SECOND, epochs=3)
    whole = train(make(recipe, start=start, loss=loss))
    in_pieces = make(recipe, start=start, loss=loss, checkpoint=tmp_path / "second.pt")
    with pytest.raises(StoppedError):
        train(in_pieces, stop_at=1)
    resumed = train(in_pieces)
    assert resumed.loss == whole.loss
    assert all(torch.equal(v, resumed.network.state_dict()[k]) for k, v in whole.network.state_dict().items())


def test_upon_a_frozen_backbone_the_outputs_are_the_same():
    network = build_network(find_model("resnet14"), (8, 8, 3), n_classes=4, seed=0).double()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-1, 1)
            module.running_var.uniform_(0.5, 2)
    network.train_only("classifier+scale")
    network.train().backbone.eval()
    pixels = torch.randint(0, 256, (5, 3, 8, 8)).to(torch.uint8)
    working = frozen(network)
    torch.testing.assert_close(working(pixels).logits, network(pixels).logits, rtol=1e-10, atol=1e-10)
    working(pixels).logits.sum().backward()
    assert network.classifier.weight.grad is not None
    assert network.scale.grad is not None
    assert [name for name, p in working.backbone.named_parameters() if p.requires_grad] == []


def test_missing_weights_to_start_from_are_an_outcome(make, tmp_path):
    steps = run_steps(make(SECOND, start=tmp_path / "none.pt"), Arithmetic(), lambda *, done: None)
    with pytest.raises(StopIteration) as end:
        next(steps)
    assert "none.pt does not exist" in str(end.value.value.failure)
