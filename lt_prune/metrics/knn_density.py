"""k-nearest-neighbour density: how far the tenth nearest sample is."""

from torch import Tensor

from lt_prune.metrics import LARGE, metric
from lt_prune.metrics.features import Features

K = 10


@metric(
    higher_is_harder=True,
    equation="r_k, the distance to the k-th nearest other sample, k = 10: the density is k / (N V_D r_k^D)",
    paper="Loftsgaarden & Quesenberry 1965",
    needs="features",
    unasked=LARGE,  # N^2 distances
)
def knn_density(features: Features, labels: Tensor) -> Tensor:
    """The radius itself, which is low where samples are dense: the density to the power -1/D, but for a factor.

    Args:
        features: of a set, (N, D).
        labels: int64 (N,), which take no part.

    Returns:
        (N,); of fewer than k others, the distance to the farthest, and 0 of a sample alone.
    """
    distances = features.neighbours[:, :K]
    return distances[:, -1] if distances.shape[1] else features.values.new_zeros(len(labels))
