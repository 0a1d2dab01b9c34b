"""Self-supervised prototypes: how far a sample is from the nearest centre that k-means finds, without labels."""

import warnings

import torch
from torch import Tensor

from lt_prune.angular.logits import cosines
from lt_prune.metrics import LARGE, metric
from lt_prune.metrics.features import Features

_AT_ONCE = 2**25
"""Cosines held at once: 128 MiB."""


@metric(
    higher_is_harder=True,
    equation="1 - max_k cos(phi, c_k), c_k the centres of k-means, as many as there are classes",
    paper="Sorscher et al. 2022",
    needs="features",
    unasked=LARGE,
)
def prototypes(features: Features, labels: Tensor) -> Tensor:
    """In [0, 2]. Of the labels their number alone takes part. Drawn by a fixed seed, and by what the samples are.

    Args:
        features: of a set, (N, D).
        labels: int64 (N,).

    Returns:
        (N,).
    """
    centres = _centres(features.values[features.order], len(torch.unique(labels)))
    # In even parts, as a product of a few rows may be rounded otherwise.
    parts = features.values.tensor_split(-(-len(labels) * len(centres) // _AT_ONCE))
    return torch.cat([1 - cosines(part, centres).amax(dim=1) for part in parts])


def _centres(values: Tensor, number: int) -> Tensor:
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    k_means = KMeans(number, n_init=1, random_state=0)
    with threadpool_limits(1), warnings.catch_warnings():  # no sum may depend on how many threads there are
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer samples that differ than centres are no harm
        return torch.from_numpy(k_means.fit(values.cpu().numpy()).cluster_centers_).to(values.device, values.dtype)
