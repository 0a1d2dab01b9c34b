"""What a prediction is worth: overall, by class, by head, middle and tail, and how well it is calibrated."""

from __future__ import annotations

import numpy as np

from lt_prune.runs import BINS, Calibration, Confusion, Evaluation
from lt_prune.types import GROUPS, Array


def evaluate_probabilities(probabilities: Array, labels: Array, class_groups: Array) -> Evaluation:
    """Evaluate test predictions.

    Args:
        probabilities: (T, M), rows sum to 1; the prediction is the largest.
        labels: int64 (T,).
        class_groups: int64 (M,), 0 for head, 1 for middle, 2 for tail.

    Returns:
        Fractions in [0, 1]. A group's accuracy is that over the test samples of its classes; where a class or a group has
        no test sample its accuracy is None.

    Raises:
        ValueError: there are no test samples.
    """
    from sklearn.metrics import accuracy_score, f1_score, recall_score

    predicted = probabilities.argmax(axis=1)
    classes = np.arange(probabilities.shape[1])
    per_class = recall_score(labels, predicted, labels=classes, average=None, zero_division=np.nan)
    by_group: dict[str, float | None] = {}
    for number, group in enumerate(GROUPS):
        own = class_groups[labels] == number
        by_group[group] = float(accuracy_score(labels[own], predicted[own])) if own.any() else None
    return Evaluation(
        overall=float(accuracy_score(labels, predicted)),
        balanced=float(np.nanmean(per_class)),
        per_class=tuple(None if np.isnan(accuracy) else float(accuracy) for accuracy in per_class),
        ece=expected_calibration_error(probabilities, labels),
        macro_f1=float(f1_score(labels, predicted, average="macro")),
        confusion=Confusion.of(labels, predicted, len(classes)),
        n_test=len(labels),
        calibration=calibration_of(probabilities, labels),
        **by_group,
    )


def expected_calibration_error(probabilities: Array, labels: Array, bins: int = BINS) -> float:
    """Expected calibration error (Guo et al. 2017, Eq. 3): the mean gap between confidence and accuracy over equal-width
    bins (k/bins, (k+1)/bins] of the confidence, weighted by their sizes.

    Args:
        probabilities: (T, M), with T of at least 1.
        labels: int64 (T,).

    Returns:
        A fraction in [0, 1].
    """
    confidence, right, place = _by_confidence(probabilities, labels, bins)
    gap = np.bincount(place, weights=confidence - right)
    return float(np.abs(gap).sum() / len(labels))


def calibration_of(probabilities: Array, labels: Array) -> Calibration:
    """The bins that the expected calibration error is of.

    Args:
        probabilities: (T, M).
        labels: int64 (T,).
    """
    confidence, right, place = _by_confidence(probabilities, labels, BINS)
    place = np.maximum(place, 1) - 1  # probabilities that are all 0 have a confidence of 0
    count = np.bincount(place, minlength=BINS)
    sums = np.bincount(place, weights=confidence, minlength=BINS)
    return Calibration(
        count=tuple(count.tolist()),
        right=tuple(np.bincount(place[right], minlength=BINS).tolist()),
        confidence=tuple(float(total / n) if n else None for total, n in zip(sums, count)),
    )


def _by_confidence(probabilities: Array, labels: Array, bins: int) -> tuple[Array, Array, Array]:
    """Of each sample, (T,): confidence, float64, whether the prediction is right, and the number of its bin, from 1 on."""
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    return confidence, right, np.minimum(np.ceil(confidence * bins).astype(int), bins)  # rounding may leave one above 1
