from __future__ import annotations

import numpy as np
import pytest
import torch

from lt_prune.methods import make_loss
from lt_prune.methods.loss import Loss, at_least_one, effective_number_weights
from lt_prune.models.network import Outputs

COUNTS = [5000, 387, 20, 2, 1]


@pytest.mark.parametrize("beta", [0.9, 0.99, 0.9999])
def test_weights_are_those_of_cui_et_al_rounded_to_float32_once(beta):
    effective = np.array([(1 - beta**n) / (1 - beta) for n in COUNTS])
    expected = 1 / effective
    found = effective_number_weights(COUNTS, beta)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found, expected * len(COUNTS) / expected.sum(), rtol=1e-7)


def test_weights_are_equal_where_further_samples_count_nothing():
    assert effective_number_weights(COUNTS, 0.0).tolist() == [1] * 5


def test_weights_are_inverse_counts_where_each_sample_counts_fully():
    inverse = 1 / np.array(COUNTS)
    np.testing.assert_allclose(effective_number_weights(COUNTS, 0.9999999), inverse * 5 / inverse.sum(), rtol=1e-3)


def test_a_class_without_samples_weighs_as_one_with_a_single_one():
    assert at_least_one([0, 1, 2, 7]).tolist() == [1, 1, 2, 7]
    assert torch.equal(effective_number_weights([40, 0], 0.99), effective_number_weights([40, 1], 0.99))


def test_a_loss_of_ones_own_must_say_what_it_is():
    nothing = torch.zeros(2, 3)
    loss = Loss([1, 2, 3])
    loss.begin_epoch(0, 1)
    loss.end_epoch()
    with pytest.raises(NotImplementedError):
        loss(Outputs(nothing, nothing, nothing), nothing)


def test_a_loss_is_made_by_name_with_settings():
    outputs = Outputs(torch.zeros(2, 4), torch.tensor([[1.0, 0.0, -1.0], [0.0, 2.0, 0.0]]), torch.zeros(3, 4))
    target = torch.eye(3)[[0, 2]]
    expected = torch.nn.functional.cross_entropy(outputs.logits, torch.tensor([0, 2]))
    torch.testing.assert_close(make_loss("focal", [1, 2, 3], gamma=0.0)(outputs, target), expected)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_the_focal_loss_of_what_is_certain_has_a_finite_gradient(gamma):
    # Where 1 - p is 0, the slope of its root is without bound.
    logits = torch.tensor([[200.0, 0.0, 0.0]], requires_grad=True)
    loss = make_loss("focal", [1, 2, 3], gamma=gamma)(
        Outputs(torch.zeros(1, 4), logits, torch.zeros(3, 4)), torch.eye(3)[:1]
    )
    loss.backward()
    assert loss.item() == 0
    assert logits.grad.isfinite().all()


def test_deferred_weights_weigh_samples_by_their_class():
    features = torch.eye(4, dtype=torch.float64)[[0, 1, 2, 0]]
    weight = torch.eye(4, dtype=torch.float64)[:2]
    labels = torch.tensor([0, 1, 0, 1])
    loss = make_loss("ldam-drw", [81, 16], max_margin=0.5, scale=2.0, beta=0.9, defer=0.5)
    loss.begin_epoch(1, 2)
    margin = np.array([0.5 * 2 / 3, 0.5])  # 81 and 16 to the power of -1/4 are 1/3 and 1/2
    z = 2 * (features @ weight.T).numpy()
    z[range(4), labels] -= 2 * margin[labels]
    log_p = (z - np.log(np.exp(z).sum(axis=1, keepdims=True)))[range(4), labels]
    per_class = np.array([1 / (1 - 0.9**81), 1 / (1 - 0.9**16)])[labels]
    expected = -(per_class * log_p).sum() / per_class.sum()
    target = torch.eye(2, dtype=torch.float64)[labels]
    assert loss(Outputs(features, features @ weight.T, weight), target).item() == pytest.approx(expected, rel=1e-6)


def test_a_checkpoint_keeps_of_deferred_margins_what_changes():
    assert set(make_loss("ldam-drw", COUNTS).state_dict()) == {"margin", "weight"}
