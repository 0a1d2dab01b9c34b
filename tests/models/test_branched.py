from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from lt_prune.errors import ArgumentError, MismatchError
from lt_prune.models import find_model, require_split
from lt_prune.models.head import LINEAR
from lt_prune.models.network import Network, build_network, folded, try_out

SHAPE = (8, 8, 3)
TWO = replace(LINEAR, branches=2)


def network_of(seed: int = 0, model: str = "resnet14") -> Network:
    return build_network(find_model(model), SHAPE, n_classes=4, seed=seed, head=TWO)


def images(side: int = 8) -> torch.Tensor:
    return torch.randint(0, 256, (6, 3, side, side), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


def test_a_branched_resnet32_has_one_block_more_and_twice_the_features():
    # Zhou et al.'s code: 4 blocks of the third stage are shared, and each branch has one of its own.
    plain, two = (build_network(find_model("resnet32"), (32, 32, 3), n_classes=10, seed=0, head=h) for h in (LINEAR, TWO))
    own = 2 * 9 * 64 * 64 + 4 * 64
    size = {head: sum(p.numel() for p in network.parameters()) for head, network in (("plain", plain), ("two", two))}
    assert size == {"plain": 464_154, "two": 464_154 + own + 64 * 10}
    assert sum(p.numel() for branch in two.backbone.branches for p in branch.parameters()) == 2 * own
    try_out(two, find_model("resnet32"), (32, 32, 3))


def test_branches_start_from_weights_of_their_own():
    first, second = network_of().backbone.branches
    pairs = dict(zip(first.state_dict(), zip(first.state_dict().values(), second.state_dict().values())))
    assert not any(torch.equal(*pair) for name, pair in pairs.items() if name.endswith(("conv1.weight", "conv2.weight")))


def test_the_seed_decides_all_of_them():
    same, other = network_of(), network_of(1)
    assert all(torch.equal(*pair) for pair in zip(network_of().parameters(), same.parameters()))
    assert not any(torch.equal(*p) for p in zip(network_of().parameters(), other.parameters()) if p[0].ndim == 4)


def test_features_of_all_branches_are_those_of_each_one_after_another():
    network = network_of().eval()
    with torch.no_grad():
        alone = [network(images(), branch=k) for k in range(2)]
        whole = network(images())
        shared = network.backbone.trunk((images() - network.mean) / network.std)
        expected = [branch(shared) for branch in network.backbone.branches]
    assert torch.equal(whole.features, torch.cat(expected, dim=1))
    assert all(torch.equal(out.features, features) for out, features in zip(alone, expected))
    sums = alone[0].logits + alone[1].logits - network.classifier.bias
    torch.testing.assert_close(whole.logits, sums, rtol=1e-4, atol=1e-4)


def test_folded_it_says_the_same():
    network = network_of()
    network(images())  # so that its statistics are not those of a new network
    network.eval()
    with torch.no_grad():
        torch.testing.assert_close(folded(network)(images()).logits, network(images()).logits, rtol=1e-4, atol=1e-4)
    norms = [module for module in folded(network).modules() if isinstance(module, torch.nn.BatchNorm2d)]
    assert not norms


def test_each_branch_starts_from_the_last_block_of_a_file():
    plain = build_network(find_model("resnet14"), SHAPE, n_classes=4, seed=5)
    network = network_of()
    network.start_from(plain.backbone.state_dict(), "it")
    plain.eval(), network.eval()
    with torch.no_grad():
        features = plain(images()).features
        assert torch.equal(network(images()).features, torch.cat([features, features], dim=1))


def test_a_file_that_does_not_fit_is_refused_as_for_a_network_without_branches():
    weights = build_network(find_model("resnet14"), SHAPE, n_classes=4, seed=5).backbone.state_dict()
    last = [name for name in weights if name.endswith("conv2.weight")][-1]
    with pytest.raises(MismatchError, match=f"^it has no {last}: name a file"):
        network_of().start_from({name: value for name, value in weights.items() if name != last}, "it")


def test_a_torchvision_resnet_is_split_before_its_last_block():
    model = find_model("torchvision:resnet18")
    network = build_network(model, (32, 32, 3), n_classes=4, seed=0, head=TWO).eval()
    out = network(images(32))
    assert out.features.shape == (6, 1024)
    assert len(network.backbone.trunk.layer4) == 1
    assert not find_model("torchvision:vgg11_bn").split


@pytest.mark.parametrize(
    ("model", "kind", "says"),
    [
        ("torchvision:vgg11", "images", "name one of resnet8, resnet14, resnet20, resnet32, resnet44, resnet56, resnet110$"),
        ("linear", "embeddings", "none for embeddings can, so train by another method$"),
    ],
)
def test_a_model_that_cannot_be_branched_is_refused(model, kind, says):
    with pytest.raises(
        ArgumentError, match=f"^method 'bbn' needs a model that can be branched, and '{model}' cannot: {says}"
    ):
        require_split(model, "method 'bbn'", kind)
    require_split("resnet32", "method 'bbn'", "images")
