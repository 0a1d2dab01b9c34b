"""The margin: how far the own class's logit is above the largest other one."""

from torch import Tensor

from lt_prune.metrics import metric
from lt_prune.metrics.of_class import over_others
from lt_prune.models.network import Outputs


@metric(higher_is_harder=False, equation="z_y - max_{i != y} z_i", paper="Toneva et al. 2019")
def margin(outputs: Outputs, labels: Tensor) -> Tensor:
    """Negative where another class is predicted; in float32 or better.

    Variants: its mean over the training is `aum`; active learning, without labels, takes the two largest probabilities.

    Args:
        outputs: of one member; logits (B, M).
        labels: int64 (B,).

    Returns:
        (B,).
    """
    return over_others(outputs.float().logits, labels)
