"""The causal classifier of Tang et al. (2020): a cosine classifier, predicted by the total direct effect.

Classifier and prediction are those of the paper's code (two heads, scale 16, gamma 1/32; alpha 1 on CIFAR-10, 1.5 on
CIFAR-100, 3 on ImageNet). The rest is what every method here has, where that code trains the two branches of BBN's ResNet32,
128 features in all, in batches of 256 at a rate of 0.2 for 200 epochs, times 0.01 after 120 and 160.
"""

from __future__ import annotations

from lt_prune.methods.ce import CrossEntropy
from lt_prune.methods.method import Method, Stage
from lt_prune.models.cosine import COSINE

tde = Method(
    summary="cosine classifier, predicted without the mean direction of the features",
    paper="Tang et al. 2020, section 4.2",
    stage=Stage(loss=CrossEntropy, equation="-sum q log softmax(z)", head=COSINE),
    prediction="tde",
)
