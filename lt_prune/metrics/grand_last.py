"""GraNd of the last layer: the norm of the loss's gradient with respect to the classifier, in closed form."""

import torch
from torch import Tensor
from torch.nn import functional as F

from lt_prune.metrics import metric
from lt_prune.metrics.of_class import probabilities
from lt_prune.models.network import Outputs


@metric(
    higher_is_harder=True,
    equation="||(p - onehot(y)) (phi, 1)^T||_F = ||p - onehot(y)||_2 ||(phi, 1)||_2, p = softmax(z)",
    paper="Paul et al. 2021, Definition 2.1, of the classifier alone",
)
def grand_last(outputs: Outputs, labels: Tensor) -> Tensor:
    """The gradient of z = W phi + b is the outer product of error and input, whose norm is the product of theirs.

    Variants: `grand` is of all parameters; `el2n` is the first factor alone.

    Args:
        outputs: of one member; features (B, D), logits (B, M), scale (M,) or None.
        labels: int64 (B,).

    Returns:
        (B,).
    """
    found = probabilities(outputs)
    error = found - F.one_hot(labels, found.shape[1])
    error = error if outputs.scale is None else error * outputs.scale
    length = torch.linalg.vector_norm(outputs.float().features, dim=1)
    norm: Tensor = torch.linalg.vector_norm(error, dim=1) * torch.hypot(length, torch.ones_like(length))
    return norm
