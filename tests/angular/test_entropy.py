from __future__ import annotations

import math

import pytest
import torch

from lt_prune.angular import AngularEntropyLoss

EVERY_FORM = [
    {"entropy": entropy, "cross_entropy": cross_entropy, "rows": rows, "weight": weight}
    for entropy in ("maximised", "minimised")
    for cross_entropy in ("linear", "angular")
    for rows in ("detached", "attached")
    for weight in (1.0, 0.3)
]
PRINTED = {"entropy": "minimised", "cross_entropy": "angular", "rows": "attached"}
"""Eq. 6 as the paper has it."""
SOFT = [[0.7, 0.3, 0.0], [0.0, 1.0, 0.0], [0.2, 0.2, 0.6], [1 / 3, 1 / 3, 1 / 3]]


def draw(dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Features (4, 5), rows (3, 5) and linear logits (4, 3) of a classifier with a bias."""
    random = torch.Generator().manual_seed(0)
    features, weight = (torch.randn(n, 5, generator=random, dtype=torch.float64) for n in (4, 3))
    return features.to(dtype), weight.to(dtype), (features @ weight.T + torch.tensor([0.5, 0.0, -1.0])).to(dtype)


def softmax(row: list[float]) -> list[float]:
    powers = [math.exp(z) for z in row]
    return [power / sum(powers) for power in powers]


def angular(feature: list[float], weight: list[list[float]]) -> list[float]:
    return [
        math.pi - math.acos(sum(map(math.prod, zip(feature, w))) / math.hypot(*feature) / math.hypot(*w)) for w in weight
    ]


def plain(features, weight, logits, target, entropy="maximised", cross_entropy="linear", rows="detached", weight_of=1.0):
    """Written out, sample by sample."""
    total = 0.0
    for feature, z, q in zip(features.tolist(), logits.tolist(), target):
        p = softmax(angular(feature, weight.tolist()))
        fitted = p if cross_entropy == "angular" else softmax(z)
        total -= sum(q_i * math.log(p_i) for q_i, p_i in zip(q, fitted))
        total -= (weight_of if entropy == "minimised" else -weight_of) * sum(p_i * math.log(p_i) for p_i in p)
    return total / len(target)


@pytest.mark.parametrize("form", EVERY_FORM, ids=str)
def test_is_the_plain_sum(form):
    found = AngularEntropyLoss(**form)(*draw(), torch.tensor(SOFT, dtype=torch.float64))
    settings = {**form, "weight_of": form["weight"]}
    del settings["weight"]
    assert found.item() == pytest.approx(plain(*draw(), SOFT, **settings), rel=1e-12)


def test_the_default_takes_entropy_away_from_the_linear_cross_entropy():
    found = AngularEntropyLoss()(*draw(), torch.tensor(SOFT, dtype=torch.float64))
    assert found.item() == pytest.approx(plain(*draw(), SOFT), rel=1e-12)


def test_indices_are_one_hot_targets():
    one_hot = [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    found = AngularEntropyLoss()(*draw(), torch.tensor([2, 0, 1, 2]))
    assert found.item() == pytest.approx(plain(*draw(), one_hot), rel=1e-12)


@pytest.mark.parametrize("form", EVERY_FORM, ids=str)
def test_gradients_of_the_features_are_those_of_finite_differences(form):
    _, weight, logits = draw()
    target = torch.tensor(SOFT, dtype=torch.float64)
    loss = AngularEntropyLoss(**form)
    assert torch.autograd.gradcheck(lambda f: loss(f, weight, logits, target), draw()[0].requires_grad_())


def gradient_of_rows(**form) -> torch.Tensor | None:
    features, weight, logits = draw()
    weight.requires_grad_()
    target = torch.tensor(SOFT, dtype=torch.float64)
    return torch.autograd.grad(AngularEntropyLoss(**form)(features, weight, logits, target), weight, allow_unused=True)[0]


def test_detached_rows_get_no_gradient_of_the_entropy():
    features, weight, _ = draw()
    weight.requires_grad_()
    target = torch.tensor(SOFT, dtype=torch.float64)
    found, alone = (
        torch.autograd.grad(AngularEntropyLoss(weight=w)(features, weight, features @ weight.T, target), weight)[0]
        for w in (1.0, 0.0)
    )
    assert torch.equal(found, alone), "what reaches them is the cross-entropy's alone"
    attached = AngularEntropyLoss(rows="attached")(features, weight, features @ weight.T, target)
    assert not torch.allclose(torch.autograd.grad(attached, weight)[0], alone)


def test_an_angular_cross_entropy_reaches_the_rows_whether_the_entropy_does_or_not():
    detached, attached = (gradient_of_rows(cross_entropy="angular", rows=rows) for rows in ("detached", "attached"))
    assert detached.abs().max() > 0
    assert not torch.allclose(detached, attached)


def test_as_printed_the_entropy_is_minimised():
    # Of two predictions with the same angle to the true class, the one that spreads the rest less has less entropy.
    axes = torch.eye(3, dtype=torch.float64)
    even = torch.tensor([[1.0, 0.5, 0.5]], dtype=torch.float64)
    uneven = torch.tensor([[1.0, math.sqrt(0.5), 0.0]], dtype=torch.float64)
    costs = {
        sign: [
            AngularEntropyLoss(entropy=sign)(f, axes, torch.zeros(1, 3), torch.tensor([0])).item() for f in (even, uneven)
        ]
        for sign in ("minimised", "maximised")
    }
    assert costs["minimised"][1] < costs["minimised"][0]
    assert costs["maximised"][1] > costs["maximised"][0]


def test_permuting_classes_changes_nothing():
    order = torch.tensor([2, 0, 1])
    features, weight, logits = draw()
    target = torch.tensor(SOFT, dtype=torch.float64)
    loss = AngularEntropyLoss(**PRINTED)
    permuted = loss(features, weight[order], logits[:, order], target[:, order])
    torch.testing.assert_close(permuted, loss(features, weight, logits, target), rtol=1e-12, atol=0)


@pytest.mark.parametrize("form", [{}, PRINTED], ids=str)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(dtype, form):
    found = AngularEntropyLoss(**form)(*draw(dtype), torch.tensor(SOFT))
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(plain(*(part.double() for part in draw(dtype)), SOFT, **form), rel=1e-5)


def test_zero_features_have_finite_gradients():
    features = torch.zeros(4, 5, requires_grad=True)
    _, weight, _ = draw(torch.float32)
    AngularEntropyLoss()(features, weight, features @ weight.T, torch.tensor([0, 1, 2, 0])).backward()
    assert features.grad.isfinite().all()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"entropy": "ignored"}, "entropy must be maximised or minimised, not 'ignored'"),
        ({"cross_entropy": "both"}, "cross_entropy must be linear or angular, not 'both'"),
        ({"rows": "frozen"}, "rows must be detached or attached, not 'frozen'"),
        ({"weight": -1.0}, "weight must be a number of 0 or more, not -1.0"),
        ({"weight": float("nan")}, "weight must be a number of 0 or more, not nan"),
        ({"weight": float("inf")}, "weight must be a number of 0 or more, not inf"),
    ],
)
def test_another_form_is_refused(given, said):
    with pytest.raises(ValueError, match=said):
        AngularEntropyLoss(**given)
