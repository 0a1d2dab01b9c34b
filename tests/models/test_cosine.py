"""The cosine classifier of several heads, against a plain loop over heads, classes and samples."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import torch

from lt_prune.errors import ArgumentError
from lt_prune.models.cosine import COSINE, CosineClassifier

B, M, D = 7, 5, 12


def logits_of(features: np.ndarray, weight: np.ndarray, num_heads: int, scale: float, gamma: float) -> np.ndarray:
    found = np.zeros((len(features), len(weight)))
    for b, f in enumerate(features):
        for c, w in enumerate(weight):
            for f_k, w_k in zip(np.split(f, num_heads), np.split(w, num_heads)):
                found[b, c] += scale / num_heads * (f_k @ w_k) / (np.linalg.norm(f_k) * (np.linalg.norm(w_k) + gamma))
    return found


@pytest.mark.parametrize(
    ("num_heads", "scale", "gamma"), [(2, 16.0, 1 / 32), (1, 30.0, 0.0), (3, 5.0, 0.5), (12, 1.0, 0.1)], ids=str
)
def test_logits_are_mean_cosines_of_the_slices_times_the_scale(num_heads, scale, gamma):
    head = CosineClassifier(D, M, num_heads=num_heads, scale=scale, gamma=gamma).double()
    features = torch.rand(B, D, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    expected = logits_of(features.numpy(), head.weight.detach().numpy(), num_heads, scale, gamma)
    np.testing.assert_allclose(head(features).detach().numpy(), expected, rtol=1e-12)


def test_its_defaults_are_those_of_the_papers_code():
    assert COSINE.with_settings({}).given == {"num_heads": 2, "scale": 16.0, "gamma": 0.03125}
    assert COSINE.with_settings({"scale": 30.0, "alpha": 1.5}).given == {"num_heads": 2, "scale": 30.0, "gamma": 0.03125}


def test_its_rows_start_uniformly():
    torch.manual_seed(0)
    weight = COSINE.with_settings({}).make(64, 4000).weight
    assert 0.124 < weight.max() <= 1 / 8
    assert -0.124 > weight.min() >= -1 / 8
    assert weight.std().item() == pytest.approx(1 / 8 / math.sqrt(3), rel=0.01)
    assert not getattr(COSINE.with_settings({}).make(64, 4), "bias", None)


@pytest.mark.parametrize("num_heads", [3, 0, 2.5, 128])
def test_features_are_cut_evenly(num_heads):
    says = re.escape(f"num_heads must divide the 64 features evenly, and {num_heads:g} does not")
    with pytest.raises(ArgumentError, match=f"^{says}$"):
        COSINE.with_settings({"num_heads": num_heads}).make(64, 4)


@pytest.mark.parametrize("gamma", [0.0, 1 / 32])
def test_features_and_rows_of_zeros_say_nothing_and_have_a_finite_gradient(gamma):
    head = CosineClassifier(D, M, num_heads=2, scale=16.0, gamma=gamma)
    head.weight.data[0] = 0
    features = torch.rand(B, D)
    features[0, : D // 2] = 0
    features.requires_grad_()
    logits = head(features)
    torch.nn.functional.cross_entropy(logits, torch.arange(B) % M).backward()
    assert torch.equal(logits[:, 0], torch.zeros(B))
    assert features.grad.isfinite().all()
    assert head.weight.grad.isfinite().all()


def test_cosines_are_in_float32_where_the_network_is_in_bfloat16():
    head, features = COSINE.with_settings({}).make(D, M), torch.rand(B, D)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(head(features), head(features))
        assert head(features).dtype == torch.float32
    rounded = features.bfloat16()
    torch.testing.assert_close(head(rounded), head(rounded.float()))
