"""The class whose mean feature is nearest (Kang et al. 2020, section 4.1)."""

from dataclasses import dataclass

import torch

from lt_prune.predictors import Predictor, Setting


@dataclass(frozen=True, eq=False)
class NearestMean:
    means: torch.Tensor
    temperature: float

    def __call__(self, outputs):
        return torch.softmax(-torch.cdist(outputs.features, self.means) / (self.temperature + 1e-3), dim=1)


def fit(outputs, labels, counts, *, drill_temperature):
    sums = torch.zeros_like(outputs.weight).index_add(0, labels, outputs.features)
    return NearestMean(sums / counts.clamp(min=1)[:, None], drill_temperature)


nearest_mean = Predictor(
    fit=fit,
    equation="softmax(-|phi - mean_i| / temperature)",
    paper="Kang et al. 2020, section 4.1 (NCM)",
    needs_outputs=True,
    settings={"drill_temperature": Setting(1.0, "how flat the probabilities are")},
)
