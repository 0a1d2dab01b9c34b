"""How near a training sample is to one that it is tested by."""

import torch
from torch import Tensor

from lt_prune.angular.logits import products, unit
from lt_prune.metrics import Nearest, metric
from lt_prune.metrics.features import Features, blocks


@metric(
    higher_is_harder=False,
    equation="max cos(phi_i - m, phi_t - m) over the test samples t, m the mean of the training samples",
    paper="ciFAIR: Barz & Denzler 2020",
    needs="test",
    unasked=0,  # a pass over the test samples
)
def near_test(features: Features, labels: Tensor) -> Nearest:
    """Near 1 of what leaks into the test. It tells of the test set, so that nothing is ranked by it.

    Args:
        features: of a set, (N, D), and of its test samples, (T, D).
        labels: int64 (N,), which take no part.

    Returns:
        (N,), in [-1, 1], and the places of these test samples.
    """
    assert features.test is not None, "whoever needs it is given the test samples"
    test, n = unit(features.test.to(features.centred) - features.mean), len(labels)
    found, rows = test.new_empty(n), torch.empty_like(labels)
    for start, end in blocks(n, len(test)):
        found[start:end], rows[start:end] = products(features.directions[start:end], test).max(dim=1)
    return Nearest(found, rows)
