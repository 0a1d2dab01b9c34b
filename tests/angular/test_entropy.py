from __future__ import annotations

import math

import pytest
import torch

from lt_prune.angular import AngularEntropyLoss


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * math.pi


def plain(logits: torch.Tensor, target: list[list[float]]) -> float:
    """-sum q log p - sum p log p, mean over samples, written out."""
    total = 0.0
    for row, q in zip(logits.tolist(), target):
        powers = [math.exp(a) for a in row]
        p = [power / sum(powers) for power in powers]
        total -= sum(q_i * math.log(p_i) for q_i, p_i in zip(q, p)) + sum(p_i * math.log(p_i) for p_i in p)
    return total / len(target)


SOFT = [[0.7, 0.3, 0.0], [0.0, 1.0, 0.0], [0.2, 0.2, 0.6], [1 / 3, 1 / 3, 1 / 3]]


def test_is_cross_entropy_plus_entropy():
    found = AngularEntropyLoss()(draw(4, 3), torch.tensor(SOFT, dtype=torch.float64))
    assert found.item() == pytest.approx(plain(draw(4, 3), SOFT), rel=1e-12)


def test_indices_are_one_hot_targets():
    one_hot = [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    found = AngularEntropyLoss()(draw(2, 3), torch.tensor([2, 0]))
    assert found.item() == pytest.approx(plain(draw(2, 3), one_hot), rel=1e-12)


def test_the_entropy_is_minimised_and_not_maximised():
    # Of two predictions that give the true class the same share, the one that spreads the rest less costs less.
    p = torch.tensor([[0.5, 0.25, 0.25], [0.5, 0.45, 0.05]], dtype=torch.float64)
    even, sharp = (AngularEntropyLoss()(row[None].log(), torch.tensor([0])) for row in p)
    assert sharp < even


def test_gradients_are_those_of_finite_differences():
    target = torch.tensor(SOFT, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda a: AngularEntropyLoss()(a, target), draw(4, 3).requires_grad_())


def test_permuting_classes_changes_nothing():
    order = torch.tensor([2, 0, 1])
    target = torch.tensor(SOFT, dtype=torch.float64)
    loss = AngularEntropyLoss()
    torch.testing.assert_close(loss(draw(4, 3)[:, order], target[:, order]), loss(draw(4, 3), target), rtol=1e-12, atol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(dtype):
    logits = draw(4, 3).to(dtype)
    found = AngularEntropyLoss()(logits, torch.tensor(SOFT))
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(plain(logits.double(), SOFT), rel=1e-5)


def test_another_reading_of_the_entropy_is_refused():
    with pytest.raises(ValueError, match="entropy must be minimised or maximised, not 'ignored'"):
        AngularEntropyLoss("ignored")
