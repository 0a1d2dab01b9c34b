"""AVH, angular visual hardness: how far the feature points from its class, among all classes (Chen et al. 2020)."""

from torch import Tensor

from lt_prune.angular import angles
from lt_prune.metrics import metric
from lt_prune.models.network import Outputs


@metric(
    higher_is_harder=True,
    equation="A_y / sum_i A_i with A_i = arccos(cos(phi, W_i)), Wang & Yan Eq. 12 (Chen et al. 2020)",
    paper="Chen et al. 2020",
)
def avh(outputs: Outputs, labels: Tensor) -> Tensor:
    """Angle to the label's weight vector over the sum of the angles to all, in [0, 1].

    Args:
        outputs: of one member; features (B, D), weight (M, D).
        labels: int64 (B,).

    Returns:
        (B,).
    """
    all_angles = angles(outputs.features, outputs.weight)
    own = all_angles.gather(1, labels[:, None]).squeeze(1)
    return own / all_angles.sum(dim=1)
