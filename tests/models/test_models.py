from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

import lt_prune as lp
from lt_prune.errors import ArgumentError, MemberError, UnknownNameError
from lt_prune.models import Backbone, Model, Normalisation, find_model
from lt_prune.models.network import Network, build_network, try_out, upon_features

IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])


def pooled(shape: tuple[int, ...]) -> Backbone:
    """The mean of each channel."""
    return Backbone(module=nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), n_features=shape[-1])


def network_of(shape: tuple[int, ...] = (6, 4, 3), **about) -> Network:
    backbone = pooled(shape)
    return Network(Backbone(**{**vars(backbone), **about}), 2, shape).eval()


def images(n: int = 5, channels: int = 3) -> torch.Tensor:
    return torch.randint(0, 256, (n, channels, 6, 4), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


# Names


@pytest.mark.parametrize(
    ("name", "error", "says"),
    [
        ("resnet33", UnknownNameError, r"unknown model 'resnet33' \(did you mean 'resnet32'\?\): there are resnet8, "),
        ("resnet8:3", ArgumentError, "model 'resnet8' is one alone: leave out :3"),
        ("torchvision", ArgumentError, "torchvision has many models: name one, such as torchvision:resnet50"),
        ("torchvision:resnet51", ArgumentError, "'torchvision:resnet51' is none of .*: the nearest are .*resnet50"),
        ("keras:resnet50", UnknownNameError, "unknown model 'keras'"),
    ],
)
def test_a_name_of_no_model_is_refused(name, error, says):
    with pytest.raises(error, match=f"^.*{says}"):
        find_model(name)


def test_without_timm_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ArgumentError, match=r"is one of timm's, which is not installed: pip install 'lt-prune\[timm\]'$"):
        find_model("timm:vit_small_patch16_224")


def test_what_is_asked_of_a_model_loads_no_torch():
    code = """
import sys
from lt_prune.models import find_model
for name in ("resnet32", "linear", "mlp"):
    find_model(name)
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


# Networks


def test_a_torchvision_model_gives_what_feeds_its_classifier():
    torch.manual_seed(0)
    whole = torchvision.models.resnet18(num_classes=7).eval()
    ours = build_network(find_model("torchvision:resnet18"), (32, 32, 3), n_classes=7, seed=0).eval()
    ours.start_from(whole.state_dict(), "it")
    ours.classifier.load_state_dict(whole.fc.state_dict())
    pixels = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)
    mean, std = (torch.tensor(each)[:, None, None] for each in IMAGENET)
    torch.testing.assert_close(ours(pixels).logits, whole((pixels / 255 - mean) / std), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["squeezenet1_0", "inception_v3"])
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_torchvision_model_that_cannot_serve_is_refused(name):
    model = find_model(f"torchvision:{name}")
    with pytest.raises(ArgumentError, match=r"no linear classifier|cannot take images of 32 x 32 x 3"):
        try_out(build_network(model, (32, 32, 3), n_classes=2, seed=0), model, (32, 32, 3))


def test_pretrained_weights_bring_the_normalisation_that_they_expect():
    network = network_of(pretrained=Normalisation(mean=(0.5, 0.25, 0.0), std=(0.5, 0.25, 1.0)))
    network.normalise_by(np.zeros((3, 6, 4, 3), np.uint8))
    network.start_from({}, "it")
    expected = (images() / 255 - torch.tensor([0.5, 0.25, 0.0])[:, None, None]) / torch.tensor([0.5, 0.25, 1])[:, None, None]
    torch.testing.assert_close(network(images()).features, expected.mean((2, 3)))


def test_without_one_it_is_that_of_the_training_images():
    network = network_of()
    network.normalise_by(images().permute(0, 2, 3, 1).numpy())
    network.start_from({}, "it")
    torch.testing.assert_close(network(images()).features.mean(0), torch.zeros(3), atol=1e-5, rtol=0)


def test_grey_images_fill_the_channels_of_a_backbone_that_has_its_own_number():
    network = network_of((6, 4, 1), channels=3, n_features=3, pretrained=Normalisation(mean=IMAGENET[0], std=IMAGENET[1]))
    network.start_from({}, "it")
    grey = images(channels=1)
    means = (grey.float().mean((2, 3)) / 255 - torch.tensor(IMAGENET[0])) / torch.tensor(IMAGENET[1])
    torch.testing.assert_close(network(grey).features, means)


def test_images_are_resized_to_the_side_of_a_backbone_that_has_its_own():
    seen = []
    network = network_of(size=8)
    network.backbone.register_forward_pre_hook(lambda _, given: seen.append(given[0].shape))
    network(images())
    assert seen == [(5, 3, 8, 8)]


def test_embeddings_are_standardised_dimension_by_dimension():
    values = np.random.default_rng(0).normal([1, -3, 5], [0.1, 1, 30], (1000, 3)).astype(np.float32)
    values[:, 1] = 7
    network = build_network(find_model("linear"), (3,), n_classes=2, seed=0)
    network.normalise_by(values)
    found = network(torch.from_numpy(values)).features.double().numpy()
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(found.std(0), [1, 0, 1], rtol=1e-5, atol=1e-5)


def test_upon_features_the_classifier_is_the_same():
    network = network_of()
    network.normalise_by(images().permute(0, 2, 3, 1).numpy())
    upon = upon_features(network)
    whole = network(images())
    assert torch.equal(upon(whole.features).logits, whole.logits)
    assert upon.classifier is network.classifier


def test_weights_of_older_versions_do_not_count_batches():
    network = build_network(find_model("resnet8"), (8, 8, 3), n_classes=2, seed=0)
    weights = network.backbone.state_dict()
    network.start_from({name: value for name, value in weights.items() if "num_batches" not in name}, "it")


# Promises


@pytest.mark.parametrize(
    ("backbone", "says"),
    [
        (lambda shape: nn.Flatten(), "must build a Backbone, and gave Flatten"),
        (lambda shape: 1 / 0, "cannot be built: ZeroDivisionError"),
        (lambda shape: Backbone(**{**vars(pooled(shape)), "n_features": 7}), r"must give features \(2, 7\) .*gave \(2, 3\)"),
        (lambda shape: Backbone(module=nn.Identity(), n_features=3), r"must give features \(2, 3\) .*gave \(2, 3, 8, 8\)"),
    ],
)
def test_a_model_that_breaks_its_promise_is_refused(blobs, backbone, says):
    lp.register("model", "mine", Model(summary="by hand", backbone=backbone))
    with pytest.raises(MemberError, match=f"^model 'mine' {says}"):
        lp.train(blobs(), model="mine", epochs=1)


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (pooled, "must be a Model, or a Library of them, not a function"),
        (Model(summary="", backbone=pooled, takes="sounds"), "must take images or embeddings, not 'sounds'"),
        (Model(summary="", backbone=pooled, recipe={"depth": 8}), "must name fields of a recipe, and 'depth' is none"),
    ],
)
def test_what_is_no_model_is_refused(model, says):
    with pytest.raises(MemberError, match=re.escape(says)):
        lp.register("model", "mine", model)


@pytest.mark.slow
def test_a_notebooks_model_is_known_in_worker_processes(blobs):
    lp.register("model", "mine", Model(summary="by hand", backbone=lambda shape: pooled(shape), recipe={"lr": 0.025}))
    scores = lp.score(blobs(), model="mine", members=2, epochs=1, compute=lp.Compute(workers=2))
    assert scores.metric("avh").per_member.shape == (2, 45)
    assert (scores.recipe.model, scores.recipe.lr) == ("mine", 0.025)
