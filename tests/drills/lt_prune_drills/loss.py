"""Poly-1 loss (Leng et al. 2022): cross-entropy, and a share of what the label lacks of certainty."""

from torch.nn import functional as F

from lt_prune.methods import Method, Setting, Stage
from lt_prune.methods.loss import Loss


class Poly(Loss):
    def __init__(self, counts, *, drill_epsilon=1.0):
        super().__init__(counts)
        self.epsilon = drill_epsilon

    def forward(self, outputs, target):
        lacking = 1 - (target * outputs.logits.softmax(dim=1)).sum(dim=1)
        return F.cross_entropy(outputs.logits, target) + self.epsilon * lacking.mean()


poly = Method(
    summary="cross-entropy that also counts what the label lacks of certainty",
    paper="Leng et al. 2022, Eq. 6",
    stage=Stage(
        loss=Poly,
        equation="-sum q log p + epsilon (1 - sum q p), p = softmax(z)",
        settings={"drill_epsilon": Setting(1.0, "how much that counts")},
    ),
)
