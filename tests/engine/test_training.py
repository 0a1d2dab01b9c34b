from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from stepping import StoppedError, train

from lt_prune.config.recipe import Recipe
from lt_prune.data.batches import Sampling, TrainingBatches
from lt_prune.engine.runs import Run, Trained
from lt_prune.errors import DivergenceError, FileError, MismatchError
from lt_prune.methods.ce import CrossEntropy
from lt_prune.models import find_model
from lt_prune.models.network import build_network
from lt_prune.randomness import derive_seed
from lt_prune.store.weights import read_weights, write_weights

CPU = torch.device("cpu")
RECIPE = Recipe(epochs=3, batch_size=23, warmup=1, padding=1, model="resnet8")
"""45 samples in batches of 23 and 22."""


@pytest.fixture
def make(blobs, tmp_path) -> Callable[..., Run]:
    """make(**recipe) gives a run on blobs; `field` names other fields of the run."""

    def make(field: dict | None = None, **recipe) -> Run:
        data = blobs()
        given = {
            "title": "blobs",
            "rows": np.arange(45),
            "seed": 3,
            "identity": {"method": "ce", "samples": "blobs"},
            "checkpoint": None,
            "loss": partial(CrossEntropy, [24, 12, 6, 3]),
            **(field or {}),
        }
        how = replace(RECIPE, **recipe)
        given |= {"recipe": how, "model": find_model(how.model)}
        return Run(pixels=data.pixels, labels=data.index.labels, n_classes=4, **given)

    return make


def train_until(run: Run, epoch: int) -> None:
    """Train and be interrupted when so many epochs are done."""
    with pytest.raises(StoppedError):
        train(run, stop_at=epoch)


def assert_same_network(first: Trained, second: Trained) -> None:
    ours, theirs = first.network.state_dict(), second.network.state_dict()
    assert list(ours) == list(theirs)
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []
    assert first.loss == second.loss


def plain_training(run: Run, lrs: list[float]) -> tuple[dict[str, torch.Tensor], list[float]]:
    """SGD with momentum and weight decay by hand, at the given rate of each step; parameters and mean loss of each epoch."""
    recipe = run.recipe
    network = build_network(find_model(recipe.model), (8, 8, 3), n_classes=4, seed=derive_seed(run.seed, "weights")).train()
    values = run.pixels.astype(np.float64)
    network.mean.copy_(torch.tensor(values.mean((0, 1, 2))).reshape(3, 1, 1))
    network.std.copy_(torch.tensor(values.std((0, 1, 2))).reshape(3, 1, 1))
    parameters = dict(network.named_parameters())
    velocity = {name: torch.zeros_like(p) for name, p in parameters.items()}
    sampling = Sampling(padding=recipe.padding, flip=recipe.flip, batch_size=recipe.batch_size, seed=run.seed)
    batches = TrainingBatches.of(run.pixels, run.labels, sampling)
    remaining, losses = iter(lrs), []
    for epoch in range(recipe.epochs):
        total = 0.0
        for pixels, labels, _ in batches.epoch(epoch):
            lr = next(remaining)
            log_p = network(pixels).logits.log_softmax(1)
            loss = -log_p[torch.arange(len(labels)), labels].mean()
            gradients = torch.autograd.grad(loss, list(parameters.values()))
            with torch.no_grad():
                for (name, p), gradient in zip(parameters.items(), gradients):
                    velocity[name] = recipe.momentum * velocity[name] + gradient + recipe.weight_decay * p
                    p -= lr * velocity[name]
            total += loss.item() * len(labels)
        losses.append(total / len(run.labels))
    assert next(remaining, None) is None
    return {name: p.detach() for name, p in parameters.items()}, losses


@pytest.mark.parametrize(
    ("recipe", "lrs"),
    [
        ({"epochs": 1, "warmup": 0, "schedule": "constant"}, [0.1, 0.1]),
        ({"epochs": 1, "warmup": 0, "schedule": "constant", "momentum": 0.5, "weight_decay": 0.1, "lr": 0.02}, [0.02] * 2),
        ({"epochs": 1, "warmup": 0, "schedule": "constant", "flip": False, "padding": 0}, [0.1, 0.1]),
        ({"epochs": 2, "warmup": 1, "schedule": "constant", "lr": 0.02}, [0.01, 0.02, 0.02, 0.02]),
        ({"epochs": 2, "warmup": 0, "milestones": [1], "lr": 0.02}, [0.02, 0.02, 0.002, 0.002]),
        ({"epochs": 1, "warmup": 0, "schedule": "cosine"}, [0.1, 0.05]),
        ({"epochs": 1, "warmup": 0, "schedule": "constant", "batch_size": 18}, [0.1] * 3),
    ],
    ids=["steps", "decay", "plain-images", "warm-up", "milestone", "cosine", "short-last-batch"],
)
def test_equals_a_plain_loop(make, recipe, lrs):
    run = make(**recipe)
    expected, losses = plain_training(run, lrs)
    found = train(run)
    for name, p in found.network.named_parameters():
        torch.testing.assert_close(p, expected[name], rtol=2e-4, atol=2e-5, msg=lambda text, name=name: f"{name}: {text}")
    assert found.loss == pytest.approx(losses, rel=1e-4)


def test_loss_is_the_mean_over_samples_not_over_batches(make):
    # Without learning, the loss of each batch is known from a network that only saw that batch.
    run = make(epochs=1, batch_size=40, lr=0.0)
    network = build_network(find_model("resnet8"), (8, 8, 3), n_classes=4, seed=derive_seed(3, "weights")).train()
    network.normalise_by(run.pixels)
    batches = TrainingBatches.of(run.pixels, run.labels, Sampling(padding=1, flip=True, batch_size=40, seed=3))
    losses = [(torch.nn.functional.cross_entropy(network(x).logits, y).item(), len(y)) for x, y, _ in batches.epoch(0)]
    assert [n for _, n in losses] == [40, 5]
    assert train(run).loss[0] == pytest.approx(sum(loss * n for loss, n in losses) / 45, rel=1e-5)


@pytest.mark.parametrize("mixup", [0.0, 1.0])
def test_repeated_runs_are_equal_bit_for_bit(make, mixup):
    assert_same_network(train(make(mixup=mixup)), train(make(mixup=mixup)))


def test_global_randomness_plays_no_part(make):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        np.random.seed(1)
        first, state = train(make(mixup=1.0)), torch.get_rng_state()
        torch.manual_seed(1)
        assert torch.equal(torch.get_rng_state(), state)
        torch.manual_seed(2)
        np.random.seed(2)
        assert_same_network(train(make(mixup=1.0)), first)


@pytest.mark.parametrize("change", [{"field": {"seed": 4}}, {"mixup": 1.0}, {"lr": 0.05}, {"flip": False}, {"padding": 2}])
def test_every_setting_matters(make, change):
    assert train(make(**change)).loss != train(make()).loss


def test_training_lowers_the_loss(make):
    loss = train(make(epochs=6)).loss
    assert len(loss) == 6
    assert loss[-1] < loss[0] / 1.5


def test_mixup_trains_on_soft_targets(make):
    targets = []

    class Spy(CrossEntropy):
        def forward(self, outputs, target):
            targets.append(target)
            return super().forward(outputs, target)

    train(make(field={"loss": partial(Spy, [24, 12, 6, 3])}, epochs=1, mixup=1.0))
    assert all(torch.allclose(target.sum(1), torch.ones(len(target))) for target in targets)
    assert all(((target > 0) & (target < 1)).any() for target in targets)


def test_without_mixup_targets_are_one_hot(make):
    targets = []

    class Spy(CrossEntropy):
        def forward(self, outputs, target):
            targets.append(target)
            return super().forward(outputs, target)

    train(make(field={"loss": partial(Spy, [24, 12, 6, 3])}, epochs=1))
    assert torch.cat(targets).sum(0).tolist() == [24, 12, 6, 3]
    assert torch.cat(targets).unique().tolist() == [0, 1]


def test_a_trained_network_is_in_evaluation_mode(make):
    assert not any(module.training for module in train(make()).network.modules())


def test_epochs_are_counted_from_none_to_all(make):
    seen = []
    train(make(), on_epoch=lambda *, done: seen.append(done))
    assert seen == [0, 1, 2, 3]


@pytest.mark.parametrize("mixup", [0.0, 1.0])
@pytest.mark.parametrize("epoch", [0, 1, 2, 3])
def test_an_interrupted_run_ends_as_an_uninterrupted_one(make, tmp_path, epoch, mixup):
    run = make(field={"checkpoint": tmp_path / "model.pt"}, mixup=mixup)
    train_until(run, epoch)
    assert run.checkpoint.exists() == (epoch > 0)
    assert_same_network(train(run), train(make(mixup=mixup)))


def test_a_run_interrupted_after_every_epoch_ends_as_an_uninterrupted_one(make, tmp_path):
    run = make(field={"checkpoint": tmp_path / "model.pt"})
    for epoch in (1, 2, 3):
        train_until(run, epoch)
    assert_same_network(train(run), train(make()))


def test_a_run_goes_on_where_it_was(make, tmp_path):
    run, seen = make(field={"checkpoint": tmp_path / "model.pt"}), []
    train_until(run, 2)
    train(run, on_epoch=lambda *, done: seen.append(done))
    assert seen == [2, 3]


def test_a_finished_run_is_not_trained_again(make, tmp_path):
    run, seen = make(field={"checkpoint": tmp_path / "model.pt"}), []
    first = train(run)
    again = train(run, on_epoch=lambda *, done: seen.append(done))
    assert seen == [3]
    assert_same_network(again, first)
    assert again.seconds == first.seconds


def test_training_time_is_summed_over_interruptions(make, tmp_path):
    run = make(field={"checkpoint": tmp_path / "model.pt"})
    train_until(run, 2)
    before = read_weights(run.checkpoint, CPU)["seconds"]
    assert 0 < before < train(run).seconds


def test_the_optimizers_state_is_kept_until_the_last_epoch(make, tmp_path):
    run = make(field={"checkpoint": tmp_path / "model.pt"})
    train_until(run, 2)
    assert read_weights(run.checkpoint, CPU)["momentum"] is not None
    train(run)
    assert read_weights(run.checkpoint, CPU)["momentum"] is None


@pytest.mark.parametrize("done", [1, 3])
@pytest.mark.parametrize(
    "change",
    [
        {"field": {"seed": 4}},
        {"field": {"identity": {"method": "ce", "samples": "other blobs"}}},
        {"epochs": 4},
        {"lr": 0.2},
        {"mixup": 1.0},
        {"model": "resnet14"},
        {"batch_size": 20},
        {"flip": False},
    ],
    ids=lambda change: "-".join(change.get("field", change)),
)
def test_a_checkpoint_of_another_run_is_refused(make, tmp_path, change, done):
    mine = {"checkpoint": tmp_path / "model.pt"}
    train_until(make(field=mine), done)
    before = mine["checkpoint"].read_bytes()
    with pytest.raises(MismatchError, match=r"model.pt is of a run with \w+ .+, not .+: give another --out, or remove"):
        train(make(**{**change, "field": {**mine, **change.get("field", {})}}))
    assert mine["checkpoint"].read_bytes() == before


def test_a_checkpoint_from_before_it_said_how_it_was_computed_is_of_the_cpu(make, tmp_path):
    run = make(field={"checkpoint": tmp_path / "model.pt"})
    train_until(run, 1)
    saved = read_weights(run.checkpoint, CPU)
    assert saved.pop("computed") == {"device": "cpu", "precision": "fp32", "compiled": False}
    write_weights(run.checkpoint, saved)
    assert_same_network(train(run), train(make()))


def test_a_checkpoint_that_was_computed_otherwise_is_refused(make, tmp_path):
    run = make(field={"checkpoint": tmp_path / "model.pt"})
    train_until(run, 1)
    saved = read_weights(run.checkpoint, CPU)
    write_weights(run.checkpoint, {**saved, "computed": {"device": "cuda", "precision": "bf16", "compiled": True}})
    with pytest.raises(
        MismatchError, match=r"was trained with bf16 on cuda, compiled, not fp32 on cpu: .*give another --out, or remove"
    ):
        train(run)


@pytest.mark.parametrize("position", [10, 5000, -10])
def test_a_damaged_checkpoint_is_refused(make, tmp_path, position):
    run = make(field={"checkpoint": tmp_path / "model.pt"})
    train_until(run, 1)
    content = bytearray(run.checkpoint.read_bytes())
    content[position] ^= 1
    run.checkpoint.write_bytes(content)
    with pytest.raises(FileError, match="damaged"):
        train(run)


def test_a_truncated_checkpoint_is_refused(make, tmp_path):
    run = make(field={"checkpoint": tmp_path / "model.pt"})
    train_until(run, 1)
    run.checkpoint.write_bytes(run.checkpoint.read_bytes()[:-1])
    with pytest.raises(FileError, match="damaged"):
        train(run)


def test_divergence_is_an_error_that_says_what_to_do(make):
    with pytest.raises(DivergenceError, match=r"diverged in epoch \d+ .* lower the learning rate"):
        train(make(lr=1e6, epochs=20, warmup=0))


def test_a_diverged_epoch_leaves_the_checkpoint_of_the_epoch_before(make, tmp_path):
    run = make(field={"checkpoint": tmp_path / "model.pt"}, lr=1e6, epochs=20, warmup=0)
    with pytest.raises(DivergenceError):
        train(run)
    if run.checkpoint.exists():
        assert all(np.isfinite(read_weights(run.checkpoint, CPU)["loss"]))


@pytest.mark.parametrize("batch_size", [2, 4, 11, 22, 44])
def test_a_batch_of_one_sample_is_left_over_by_no_size(make, batch_size):
    # 45 leaves 1 over by each of these.
    sizes = []

    class Spy(CrossEntropy):
        def forward(self, outputs, target):
            sizes.append(len(target))
            return super().forward(outputs, target)

    trained = train(make(field={"loss": partial(Spy, [24, 12, 6, 3])}, epochs=1, batch_size=batch_size))
    assert sum(sizes) == 45
    assert min(sizes) > 1
    assert np.isfinite(trained.loss[0])


def test_normalisation_is_that_of_the_images_trained_on(make):
    run = make(epochs=1)
    network = train(run).network
    np.testing.assert_allclose(network.mean.ravel(), run.pixels.astype(float).mean((0, 1, 2)), rtol=1e-6)
    np.testing.assert_allclose(network.std.ravel(), run.pixels.astype(float).std((0, 1, 2)), rtol=1e-6)


def test_a_run_without_a_checkpoint_writes_nothing(make, in_tmp: Path):
    train(make(epochs=1))
    assert list(in_tmp.iterdir()) == []


def test_a_long_epoch_tells_how_far_it_is_and_changes_no_number(make, monkeypatch):
    seen: list[float] = []
    quiet = train(make())
    monkeypatch.setattr("lt_prune.engine.train.TOLD_EVERY", 0.0)
    told = train(make(), on_epoch=lambda *, done: seen.append(done))
    assert seen == [0, 0.5, 1, 1.5, 2, 2.5, 3]  # two steps an epoch, of which the last is the next epoch's beginning
    assert told.loss == quiet.loss
