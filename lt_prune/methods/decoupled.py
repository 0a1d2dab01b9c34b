"""Decoupled training (Kang et al. 2020): cross-entropy first, then the classifier alone, on class-balanced data."""

from lt_prune.methods.ce import CrossEntropy
from lt_prune.methods.method import Method, Stage
from lt_prune.methods.second import SECOND

crt = Method(
    summary="a new classifier, trained on class-balanced data",
    paper="Kang et al. 2020, section 4.1 (cRT)",
    first="ce",
    stage=Stage(
        loss=CrossEntropy, equation="-sum q log softmax(z)", recipe={**SECOND, "trained": "classifier", "fresh": True}
    ),
)

lws = Method(
    summary="one learned factor a class, trained on class-balanced data",
    paper="Kang et al. 2020, section 4.1 (LWS)",
    first="ce",
    stage=Stage(loss=CrossEntropy, equation="-sum q log softmax(scale z)", recipe={**SECOND, "trained": "scale"}),
)
