"""What every registered model promises."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable

import numpy as np
import pytest
import torch

import lt_prune as lp
from lt_prune.config.recipe import Recipe
from lt_prune.data.assemble import assemble
from lt_prune.data.cut import Cut
from lt_prune.data.sources import Source
from lt_prune.errors import ArgumentError
from lt_prune.models import MODELS, find_model
from lt_prune.models.model import Library, Model
from lt_prune.models.network import Network, build_network, folded, try_out

OF_LIBRARIES = {"torchvision": "torchvision:resnet18", "timm": "timm:test_resnet"}
"""A small model of each library of ours. One without an entry here fails; of another package's it is the example."""
SHAPES = {"images": (16, 16, 3), "embeddings": (5,)}
LARGE = {f"resnet{depth}" for depth in (14, 20, 32, 44, 56, 110)}
"""They differ from resnet8 in depth alone, and need not all be trained."""
SMALL = {"epochs": 2, "batch_size": 16, "compute": lp.Compute(device="cpu", n_threads=1)}


def one_of(name: str) -> Model:
    """The model of this name, or one of the library."""
    if name == "timm" and importlib.util.find_spec("timm") is None:
        pytest.skip("timm is not installed")
    found = MODELS.load(name)
    return find_model(OF_LIBRARIES.get(name, found.example) if isinstance(found, Library) else name)


@pytest.fixture(params=MODELS.names)
def model(request) -> Model:
    return one_of(request.param)


@pytest.fixture(params=[name for name in MODELS.names if name not in LARGE])
def trained(request) -> Model:
    return one_of(request.param)


def samples_of(model: Model, n: int = 6) -> torch.Tensor:
    *sides, last = SHAPES[model.takes]
    values = torch.rand(n, last, *sides, generator=torch.Generator().manual_seed(0))
    return (255 * values).byte() if sides else values


def network_of(model: Model, seed: int = 0) -> Network:
    return build_network(model, SHAPES[model.takes], n_classes=3, seed=seed)


def shaken(network: Network) -> Network:
    """The network with statistics of batch normalisation as no new network has them."""
    random = torch.Generator().manual_seed(1)
    for name, buffer in network.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer.copy_(torch.rand(buffer.shape, generator=random) + 0.5)
    return network.eval()


@pytest.fixture
def data(trained) -> lp.LongTailedSet:
    """45 samples of three classes that can be told apart."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), (24, 15, 6))

    def draw(labels: np.ndarray) -> np.ndarray:
        noise = random.normal(0, 20, (len(labels), *SHAPES[trained.takes]))
        values = noise + 60 * (labels + 1).reshape(-1, *(1 for _ in SHAPES[trained.takes]))
        return values.clip(0, 255).astype(np.uint8) if trained.takes == "images" else values.astype(np.float32)

    test = np.repeat(np.arange(3), 5)
    source = Source(
        pixels=draw(labels), labels=labels, test_pixels=draw(test), test_labels=test, class_names=("a", "b", "c")
    )
    return assemble(source, Cut(profile="none"), name="mine", spec="mine", groups=None)


def test_its_seed_decides_its_weights(model):
    first, same, other = network_of(model), network_of(model), network_of(model, seed=1)
    assert all(torch.equal(*pair) for pair in zip(first.state_dict().values(), same.state_dict().values()))
    assert not all(torch.equal(*pair) for pair in zip(first.parameters(), other.parameters()))


def test_building_it_leaves_the_random_state_as_it_was(model):
    before = torch.get_rng_state()
    network_of(model)
    assert torch.equal(torch.get_rng_state(), before)


def test_its_features_are_as_many_as_it_says(model):
    network = network_of(model).eval()
    out = network(samples_of(model))
    assert out.features.shape == (6, network.made_by.n_features)
    assert out.logits.shape == (6, 3)
    assert out.features.isfinite().all()
    try_out(network, model, SHAPES[model.takes])


def test_folded_it_says_the_same(model):
    network = shaken(network_of(model))
    with torch.no_grad():
        mine, theirs = network(samples_of(model)).logits, folded(network)(samples_of(model)).logits
    torch.testing.assert_close(theirs, mine, rtol=1e-3, atol=1e-3 * mine.abs().max().item())


def test_a_sample_does_not_depend_on_its_batch(model):
    network, samples = network_of(model).eval(), samples_of(model)
    with torch.no_grad():
        whole, alone = network(samples).logits, torch.cat([network(sample[None]).logits for sample in samples])
    torch.testing.assert_close(alone, whole, rtol=1e-3, atol=1e-4)


def test_its_weights_fit_another_of_it(model):
    one, other = shaken(network_of(model)), network_of(model, seed=1).eval()
    other.load_state_dict(one.state_dict())
    assert torch.equal(one(samples_of(model)).logits, other(samples_of(model)).logits)


def test_grey_images_are_taken_too(model):
    if model.takes == "images":
        grey = build_network(model, (16, 16, 1), n_classes=3, seed=0).eval()
        assert grey(samples_of(model)[:, :1]).logits.isfinite().all()


def test_what_it_says_of_itself_is_usable(model):
    assert model.summary.strip()
    assert set(model.recipe) <= set(vars(Recipe())) - {"model", "weights", "freeze"}
    Recipe(**model.recipe)


def test_samples_of_another_kind_are_refused_by_a_sentence(model):
    other = next(kind for kind in SHAPES if kind != model.takes)
    with pytest.raises(
        ArgumentError, match=f"^model '{re.escape(model.name)}' takes {model.takes}, and mine holds {other}: "
    ):
        model.require(other, "mine")


def test_it_is_trained_tested_and_scores(trained, data, in_tmp):
    given = {"model": trained.name, **SMALL}
    result = lp.train(data, out="run", **given)
    assert result.spec.recipe.model == trained.name
    assert np.isfinite(result.loss).all()
    assert lp.evaluate("run", data) == result.evaluation
    scores = lp.score(data, members=1, **given)
    assert np.isfinite(scores.metric("avh").per_member).all()


def test_a_second_stage_starts_from_it(trained, data):
    result = lp.train(data, method="crt", stage2_epochs=1, model=trained.name, **SMALL)
    assert result.spec.recipe.model == trained.name


def stop_after(epochs: int) -> Callable[..., None]:
    def progress(what: str, done: int, total: int) -> None:
        if done == epochs:
            raise InterruptedError

    return progress


def test_interrupted_it_ends_at_the_same_numbers(trained, data, in_tmp, monkeypatch):
    monkeypatch.setattr("lt_prune.engine.train.EVERY", 0.0)
    whole = lp.train(data, model=trained.name, **SMALL)
    with pytest.raises(InterruptedError):
        lp.train(data, model=trained.name, out="run", progress=stop_after(1), **SMALL)
    assert len(torch.load("run/model.pt", weights_only=True)["loss"]) == 1
    again = lp.train(data, model=trained.name, out="run", **SMALL)
    assert (again.loss, again.evaluation) == (whole.loss, whole.evaluation)


@pytest.mark.parametrize("freeze", [False, True])
def test_its_backbone_starts_from_a_file_and_is_kept_where_it_is_frozen(trained, data, in_tmp, freeze):
    backbone = shaken(network_of(trained, seed=7)).backbone.state_dict()
    if not backbone:
        pytest.skip("it has no backbone")
    torch.save(backbone, "backbone.pt")
    given = {**SMALL, "epochs": 1, "model": trained.name, "weights": "backbone.pt", "freeze": freeze}
    result = lp.train(data, out="run", **given)
    saved = torch.load("run/model.pt", weights_only=True)["network"]
    kept = [torch.equal(value, saved[f"backbone.{name}"]) for name, value in backbone.items()]
    assert all(kept) if freeze else not all(kept)
    assert lp.evaluate("run", data) == result.evaluation


def test_a_file_of_other_weights_is_refused_by_the_first_that_does_not_fit(trained, data, in_tmp):
    backbone = {**network_of(trained).backbone.state_dict()}
    first = next(iter(backbone), "first")
    for changed, said in (
        ({**backbone, first: torch.zeros(2, 7)}, f"has {first}" + (" of 2 x 7, and" if backbone else ", which")),
        ({**backbone, "surplus": torch.zeros(1)}, "has surplus, which the model has not: name a file"),
    ):
        torch.save(changed, "wrong.pt")
        with pytest.raises(lp.LtPruneError, match=f"^wrong.pt, for {trained.name}, {re.escape(said)}"):
            lp.train(data, model=trained.name, weights="wrong.pt", **SMALL)


def test_every_library_has_a_small_model_here():
    ours = [name for name in MODELS.names if MODELS.is_own(name)]
    assert {name for name in ours if isinstance(MODELS.load(name), Library)} == set(OF_LIBRARIES)


def test_the_parts_that_it_is_split_into_make_the_whole(model):
    if model.split is None:
        pytest.skip("it cannot be split")
    network = shaken(network_of(model))
    names = set(network.backbone.state_dict())
    samples = (samples_of(model) - network.mean) / network.std
    with torch.no_grad():
        whole = network.backbone(samples)
        trunk, end = model.split(network.backbone)
        between = trunk(samples)
        assert torch.equal(end(between.clone()), whole)
        kept = between.clone()
        end(between)
    assert torch.equal(between, kept), "what branches share stays as it is"
    assert set(trunk.state_dict()).isdisjoint(end.state_dict())
    assert {*trunk.state_dict(), *end.state_dict()} == names
