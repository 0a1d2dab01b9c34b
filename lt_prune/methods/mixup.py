"""Cross-entropy with mixup: stage one of MiSLAS (Zhong et al. 2021)."""

from lt_prune.methods.ce import CrossEntropy
from lt_prune.methods.method import Method, Stage

mixup = Method(
    summary="cross-entropy with mixup, stage one of MiSLAS",
    paper="Zhang et al. 2018; Zhong et al. 2021, section 3.2",
    stage=Stage(loss=CrossEntropy, equation="-sum q log softmax(z), q mixed by Beta(mixup, mixup)", tuned=("mixup",)),
)
