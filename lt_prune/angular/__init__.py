"""Angles between features and classifier weights, and the losses and predictions that Wang & Yan build on them.

Drop-ins for any PyTorch code: none needs the rest of lt-prune. Every function computes in float32 or better whatever it is
given, under autocast too, and has finite gradients for zero and for parallel vectors.
"""

from lt_prune.angular.bias import AngularBiasSmoothing
from lt_prune.angular.entropy import AngularEntropyLoss
from lt_prune.angular.logits import AngularLinear, angles, angular_logits
from lt_prune.angular.smoothing import ActiveLabelAwareSmoothing, LabelAwareSmoothing, normalised

__all__ = [
    "ActiveLabelAwareSmoothing",
    "AngularBiasSmoothing",
    "AngularEntropyLoss",
    "AngularLinear",
    "LabelAwareSmoothing",
    "angles",
    "angular_logits",
    "normalised",
]
