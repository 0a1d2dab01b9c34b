"""Typicality: how near a sample's neighbours are on average."""

from torch import Tensor

from lt_prune.metrics import LARGE, metric
from lt_prune.metrics.features import Features


@metric(
    higher_is_harder=False,
    equation="1 / (mean distance to the 20 nearest other samples + 1e-5)",
    paper="Hacohen et al. 2022 (TypiClust), of the whole set and not of clusters",
    needs="features",
    unasked=LARGE,  # N^2 distances
)
def typicality(features: Features, labels: Tensor) -> Tensor:
    """In (0, 1e5]; the addend is that of its code, so that copies have a number.

    Args:
        features: of a set, (N, D).
        labels: int64 (N,), which take no part.

    Returns:
        (N,).
    """
    distances = features.neighbours
    return 1 / (distances.sum(dim=1) / max(1, distances.shape[1]) + 1e-5)
