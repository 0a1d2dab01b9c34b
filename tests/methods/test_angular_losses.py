"""The settings of a method reach the loss of `lt_prune.angular` that it is made of."""

from __future__ import annotations

import pytest
import torch

from lt_prune.angular import ActiveLabelAwareSmoothing, AngularEntropyLoss, LabelAwareSmoothing, angular_logits
from lt_prune.methods import METHODS
from lt_prune.methods.loss import Loss
from lt_prune.models.network import Outputs

COUNTS = [40, 20, 10, 5, 2]


def draw() -> tuple[Outputs, torch.Tensor]:
    """Outputs and soft targets."""
    random = torch.Generator().manual_seed(0)
    features = torch.randn(9, 8, generator=random, dtype=torch.float64)
    weight = torch.randn(5, 8, generator=random, dtype=torch.float64)
    return Outputs(features, features @ weight.T, weight), torch.rand(9, 5, generator=random, dtype=torch.float64).softmax(1)


def loss_of(name: str, **settings) -> Loss:
    stage = METHODS.load(name).stage
    return stage.loss(COUNTS, **{**{key: setting.default for key, setting in stage.settings.items()}, **settings})


@pytest.mark.parametrize("name", ["mislas", "l2a"])
@pytest.mark.parametrize("form", ["concave", "linear", "convex"])
@pytest.mark.parametrize("spread", ["others", "all"])
def test_label_aware_smoothing_is_as_set(name, form, spread):
    outputs, target = draw()
    loss = loss_of(name, smooth_head=0.4, smooth_tail=0.1, smooth_form=form, smooth_spread=spread)
    expected = LabelAwareSmoothing(COUNTS, smooth_head=0.4, smooth_tail=0.1, form=form, spread=spread)
    assert loss(outputs, target) == expected(outputs.logits, target)


@pytest.mark.parametrize("name", ["alas", "atl"])
@pytest.mark.parametrize("form", ["concave", "linear", "convex"])
@pytest.mark.parametrize("update", ["batch", "epoch"])
@pytest.mark.parametrize("logits", ["linear", "angular"])
def test_active_smoothing_is_as_set(name, form, update, logits):
    outputs, target = draw()
    angular = angular_logits(outputs.features, outputs.weight)
    loss = loss_of(name, tau=0.25, alas_form=form, alas_update=update, alas_logits=logits)
    expected = ActiveLabelAwareSmoothing(COUNTS, tau=0.25, form=form, update=update)
    for _ in range(3):
        assert loss(outputs, target) == expected(outputs.logits if logits == "linear" else angular, target, angular)
        loss.end_epoch()
        expected.end_epoch()


@pytest.mark.parametrize("entropy", ["maximised", "minimised"])
@pytest.mark.parametrize("logits", ["linear", "angular"])
@pytest.mark.parametrize("rows", ["detached", "attached"])
def test_the_entropy_is_as_set(entropy, logits, rows):
    (outputs, target), gradients = draw(), []
    outputs.weight.requires_grad_()
    outputs = Outputs(outputs.features, outputs.features @ outputs.weight.T, outputs.weight)
    plain = AngularEntropyLoss(entropy=entropy, cross_entropy=logits, rows=rows, weight=0.3)
    for loss in (
        loss_of("aem", entropy=entropy, aem_logits=logits, aem_rows=rows, entropy_weight=0.3)(outputs, target),
        plain(outputs.features, outputs.weight, outputs.logits, target),
    ):
        gradients.append((loss.detach(), torch.autograd.grad(loss, outputs.weight, retain_graph=True)[0]))
    assert torch.equal(gradients[0][0], gradients[1][0])
    assert torch.equal(gradients[0][1], gradients[1][1])
