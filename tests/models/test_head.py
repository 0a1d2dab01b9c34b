from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from lt_prune.errors import MemberError
from lt_prune.models import find_model
from lt_prune.models.cosine import COSINE
from lt_prune.models.head import LINEAR, Head
from lt_prune.models.network import Network, build_network, folded, frozen, try_out, upon_features

SHAPE = (8, 8, 3)


def network_of(head: Head, model: str = "resnet8", seed: int = 0) -> Network:
    return build_network(find_model(model), SHAPE, n_classes=4, seed=seed, head=head).eval()


def images() -> torch.Tensor:
    return torch.randint(0, 256, (6, 3, 8, 8), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


def test_a_head_is_named_without_loading_torch():
    code = "import sys; from lt_prune.methods import METHODS, Head, Stage; METHODS.names; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_linear_head_is_drawn_as_a_linear_layer_with_kaimings_rows():
    torch.manual_seed(3)
    made = LINEAR.make(64, 10)
    torch.manual_seed(3)
    plain = nn.Linear(64, 10)
    nn.init.kaiming_normal_(plain.weight)
    assert torch.equal(made.weight, plain.weight)
    assert torch.equal(made.bias, plain.bias)


def test_a_head_is_of_the_kind_of_another_whatever_its_settings():
    assert COSINE.is_kind_of(COSINE.with_settings({"scale": 3.0}))
    assert not COSINE.is_kind_of(LINEAR)


def test_a_network_has_the_head_that_it_is_asked_for():
    network = network_of(COSINE.with_settings({"scale": 5.0}))
    out = network(images())
    assert out.how.scale == 5.0
    assert out.weight is network.weight
    torch.testing.assert_close(out.logits, network.classifier(out.features))
    assert network_of(LINEAR)(images()).how is None


def test_what_is_made_of_a_network_keeps_its_head():
    network = network_of(COSINE.with_settings({}))
    out = network(images())
    torch.testing.assert_close(folded(network)(images()).logits, out.logits, rtol=1e-4, atol=1e-4)
    assert frozen(network).classifier is network.classifier
    assert torch.equal(upon_features(network)(out.features).logits, out.logits)
    for same in (out.cpu(), out.float(), type(out).joined([out], len(out.logits)), next(out.split())):
        assert same.how == out.how


def test_a_new_classifier_is_of_the_same_kind():
    network = network_of(COSINE.with_settings({"num_heads": 4}))
    before = network.weight
    network.new_classifier()
    assert network.classifier.how.num_heads == 4
    assert before.shape == network.weight.shape
    assert not torch.equal(before, network.weight)


def test_scores_and_probabilities_are_of_any_head():
    from lt_prune.engine.predict import probabilities
    from lt_prune.predictors import PREDICTORS
    from lt_prune.predictors.promised import Promised

    network = network_of(COSINE.with_settings({}))
    pixels = images().permute(0, 2, 3, 1).numpy()
    fitted = Promised("linear", PREDICTORS.load("linear").fit(None, None, torch.ones(4)))
    (found,) = probabilities(network, pixels, [fitted])
    with torch.no_grad():
        np.testing.assert_allclose(found, network(images()).logits.softmax(1), rtol=1e-4)


class Tilted(nn.Linear):
    def forward(self, features):
        return super().forward(features)[:, :-1]


@pytest.mark.parametrize(
    ("module", "says"),
    [
        (lambda n_features, n_classes: 1 / 0, "what makes mine fails: ZeroDivisionError"),
        (lambda n_features, n_classes: nn.Identity(), r"must give a module with rows `weight` \(4, 64\), and gave Identity"),
        (lambda n_features, n_classes: nn.Linear(n_classes, n_features), r"`weight` \(4, 64\), and gave Linear of 64 x 4"),
        (Tilted, r"must give logits \(2, 4\) of two samples, and gave \(2, 3\)"),
    ],
    ids=["fails", "no rows", "turned", "too few"],
)
def test_a_head_that_breaks_its_promise_is_refused(module, says):
    with pytest.raises(MemberError, match=says):
        try_out(network_of(Head(summary="mine", module=module)), find_model("resnet8"), SHAPE)
