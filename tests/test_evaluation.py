from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from torchmetrics.classification import MulticlassCalibrationError, MulticlassF1Score

from lt_prune.evaluation import evaluate_probabilities, expected_calibration_error

GROUPS = np.array([0, 0, 1, 1, 2])
"""Groups of five classes."""


def draw(seed: int, n: int = 300, m: int = 5, sharpness: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Predictions that are right more often than chance, and labels of every class, in unequal numbers."""
    random = np.random.default_rng(seed)
    labels = np.r_[np.arange(m), random.choice(m, n - m, p=np.arange(m, 0, -1) / (m * (m + 1) / 2))]
    logits = random.normal(0, sharpness, (n, m))
    logits[np.arange(n), labels] += 1
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return probabilities.astype(np.float32), labels


def sure_of(predicted: list[int], m: int = 5) -> np.ndarray:
    """Probabilities 0.9 on the predicted class, the rest shared."""
    rest = np.full((len(predicted), m), 0.1 / (m - 1))
    rest[np.arange(len(predicted)), predicted] = 0.9
    return rest


@pytest.mark.parametrize("seed", range(3))
def test_overall_and_balanced_are_those_of_scikit_learn(seed):
    probabilities, labels = draw(seed)
    found = evaluate_probabilities(probabilities, labels, GROUPS)
    assert found.overall == accuracy_score(labels, probabilities.argmax(1))
    assert found.balanced == pytest.approx(balanced_accuracy_score(labels, probabilities.argmax(1)), abs=1e-12)
    assert found.n_test == 300


def test_balanced_leaves_out_a_class_without_a_test_sample():
    found = evaluate_probabilities(sure_of([0, 1, 2, 4]), np.array([0, 0, 2, 2]), GROUPS)
    assert found.balanced == 0.5


@pytest.mark.parametrize("sharpness", [0.3, 2.0, 5.0])
@pytest.mark.parametrize("m", [2, 5, 40])
def test_calibration_error_is_that_of_torchmetrics(m, sharpness):
    probabilities, labels = draw(m, m=m, sharpness=sharpness)
    oracle = MulticlassCalibrationError(num_classes=m, n_bins=15, norm="l1")
    expected = oracle(torch.from_numpy(probabilities), torch.from_numpy(labels)).item()
    assert expected > 0.01
    assert evaluate_probabilities(probabilities, labels, np.zeros(m, dtype=int)).ece == pytest.approx(expected, abs=1e-6)


def test_calibration_error_of_certainty_is_the_share_of_errors():
    probabilities = np.eye(3, dtype=np.float32)[[0, 0, 1, 2]]
    assert expected_calibration_error(probabilities, np.array([0, 1, 1, 0])) == 0.5


def test_calibration_error_of_honest_confidence_is_0():
    probabilities = np.full((4, 2), [0.75, 0.25])
    assert expected_calibration_error(probabilities, np.array([0, 0, 0, 1])) == 0


def test_calibration_error_weighs_bins_by_their_size():
    # Three samples at 0.9, all wrong: a gap of 0.9; one at 0.6, right: a gap of 0.4.
    probabilities = np.array([[0.9, 0.1]] * 3 + [[0.6, 0.4]])
    assert expected_calibration_error(probabilities, np.array([1, 1, 1, 0])) == pytest.approx(0.75 * 0.9 + 0.25 * 0.4)


def test_calibration_error_keeps_bins_separate():
    # 0.65 lies in (9/15, 10/15] and 0.68 in (10/15, 11/15]: gaps of opposite signs do not cancel.
    probabilities = np.array([[0.65, 0.35], [0.68, 0.32]])
    assert expected_calibration_error(probabilities, np.array([0, 1])) == pytest.approx((0.35 + 0.68) / 2)


def test_calibration_error_joins_what_lies_in_one_bin():
    # 0.61 and 0.66 both lie in (9/15, 10/15]: the gaps -0.39 and 0.66 are summed before their size is taken.
    probabilities = np.array([[0.61, 0.39], [0.66, 0.34]])
    assert expected_calibration_error(probabilities, np.array([0, 1])) == pytest.approx((0.66 - 0.39) / 2)


def test_a_confidence_on_an_edge_belongs_to_the_bin_below():
    # With four bins, 0.75 closes (0.5, 0.75] and so shares a bin with 0.6.
    probabilities = np.array([[0.75, 0.25], [0.6, 0.4]])
    assert expected_calibration_error(probabilities, np.array([0, 1]), bins=4) == pytest.approx(abs(-0.25 + 0.6) / 2)


def confident(confidence: list[float], m: int = 16) -> np.ndarray:
    """Probabilities of 16 classes that are so large for class 0, the rest shared."""
    first = np.array(confidence)[:, None]
    return np.hstack([first, (1 - first).repeat(m - 1, axis=1) / (m - 1)])


@pytest.mark.parametrize("k", range(1, 15))
def test_calibration_error_has_fifteen_bins_of_which_no_two_are_mixed(k):
    # A sample on each side of the edge k / 15, one right and one wrong: in one bin their gaps would cancel.
    below, above = k / 15 - 1e-3, k / 15 + 1e-3
    found = expected_calibration_error(confident([below, above]), np.array([0, 1]))
    assert found == pytest.approx((1 - below + above) / 2)


@pytest.mark.parametrize("k", range(1, 15))
def test_calibration_error_has_fifteen_bins_that_reach_from_edge_to_edge(k):
    first, last = k / 15 + 1e-3, (k + 1) / 15 - 1e-3
    found = expected_calibration_error(confident([first, last]), np.array([0, 1]))
    assert found == pytest.approx(abs(first - 1 + last) / 2)


def test_a_confidence_that_rounding_left_above_1_belongs_to_the_last_bin():
    probabilities = np.array([[np.nextafter(np.float32(1), np.float32(2)), 0], [0.97, 0.03]])
    assert expected_calibration_error(probabilities, np.array([1, 0])) == pytest.approx((1 - 0.03) / 2)


def test_nothing_to_test_on_is_refused():
    with pytest.raises(ValueError, match="empty"):
        evaluate_probabilities(np.zeros((0, 5)), np.zeros(0, dtype=int), GROUPS)


@given(st.integers(0, 10**6), st.integers(2, 8), st.integers(1, 60))
@settings(max_examples=25, deadline=None)
def test_every_result_is_a_fraction(seed, m, n):
    random = np.random.default_rng(seed)
    probabilities, labels = random.dirichlet(np.full(m, 0.2), n), random.integers(0, m, n)
    found = evaluate_probabilities(probabilities, labels, random.integers(0, 3, m))
    values = (found.overall, found.balanced, found.head, found.middle, found.tail, found.ece, *found.per_class)
    assert all(value is None or 0 <= value <= 1 for value in values)


def test_group_accuracies_by_hand():
    labels = np.array([0, 0, 0, 1, 2, 2, 3, 4, 4, 4])
    predicted = [0, 0, 1, 1, 2, 0, 0, 4, 0, 0]
    found = evaluate_probabilities(sure_of(predicted), labels, GROUPS)
    assert (found.head, found.middle, found.tail) == pytest.approx((3 / 4, 1 / 3, 1 / 3))
    assert found.per_class == pytest.approx((2 / 3, 1, 1 / 2, 0, 1 / 3))


def test_groups_are_those_of_the_classes_not_of_the_labels_order():
    found = evaluate_probabilities(sure_of([0, 0, 0]), np.array([0, 3, 4]), np.array([2, 0, 0, 1, 0]))
    assert (found.head, found.middle, found.tail) == (0, 0, 1)


def test_groups_of_a_set_follow_the_rank_of_its_counts(blobs):
    # Class 1 is the largest and class 2 the smallest; only class 1 is predicted right.
    index = blobs(counts=(6, 24, 3, 12), groups=(1, 3)).index
    found = evaluate_probabilities(sure_of([1, 1, 1, 1], m=4), np.arange(4), index.class_groups)
    assert (found.head, found.middle, found.tail) == (1, 0, 0)


def test_a_class_missing_from_the_test_set_has_no_accuracy():
    found = evaluate_probabilities(sure_of([0, 2, 3]), np.array([0, 2, 2]), GROUPS)
    assert found.per_class == (1.0, None, 0.5, None, None)


def test_a_group_missing_from_the_test_set_has_no_accuracy():
    found = evaluate_probabilities(sure_of([0, 2, 3]), np.array([0, 2, 2]), GROUPS)
    assert (found.head, found.middle, found.tail) == (1.0, 0.5, None)


@pytest.mark.parametrize("seed", range(3))
def test_macro_f1_is_that_of_torchmetrics(seed):
    probabilities, labels = draw(seed)
    expected = MulticlassF1Score(num_classes=5, average="macro")(torch.from_numpy(probabilities), torch.from_numpy(labels))
    assert evaluate_probabilities(probabilities, labels, GROUPS).macro_f1 == pytest.approx(expected.item(), abs=1e-6)


def test_macro_f1_leaves_out_a_class_that_is_neither_there_nor_predicted():
    # 2 TP / (true + predicted) of classes 0 to 2, of which the last is only predicted; classes 3 and 4 have no part.
    found = evaluate_probabilities(sure_of([0, 0, 1, 1, 2]), np.array([0, 0, 0, 1, 1]), GROUPS)
    assert found.macro_f1 == pytest.approx((2 * 2 / (3 + 2) + 2 * 1 / (2 + 2) + 2 * 0 / (0 + 1)) / 3)


def test_the_confusion_matrix_has_a_row_for_each_true_class():
    found = evaluate_probabilities(sure_of([0, 1, 1, 4]), np.array([0, 0, 1, 2]), GROUPS)
    rows = [[1, 1, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 0, 0, 1], [0] * 5, [0] * 5]
    assert np.asarray(found.confusion).tolist() == rows


def bins_by_hand(probabilities: np.ndarray, labels: np.ndarray) -> list[tuple[int, int, float | None]]:
    """Of each of 15 bins its samples, how many are right, and their mean confidence, in exact fractions."""
    found: list[list[tuple[Fraction, bool]]] = [[] for _ in range(15)]
    for row, label in zip(probabilities.tolist(), labels.tolist()):
        sure = Fraction(max(row))
        [number] = [k for k in range(15) if Fraction(k, 15) < sure <= Fraction(k + 1, 15)]
        found[number].append((sure, row.index(max(row)) == label))
    return [
        (len(each), sum(right for _, right in each), float(sum(sure for sure, _ in each) / len(each)) if each else None)
        for each in found
    ]


@pytest.mark.parametrize("sharpness", [0.3, 2.0, 5.0])
def test_bins_of_calibration_are_those_counted_one_by_one(sharpness):
    probabilities, labels = draw(1, sharpness=sharpness)
    found = evaluate_probabilities(probabilities, labels, GROUPS)
    bins, wanted = found.calibration, bins_by_hand(probabilities, labels)
    assert list(zip(bins.count, bins.right)) == [(count, right) for count, right, _ in wanted]
    known = [(ours, theirs) for ours, (_, _, theirs) in zip(bins.confidence, wanted)]
    assert all((ours is None) == (theirs is None) for ours, theirs in known)
    assert all(ours == pytest.approx(theirs, abs=1e-12) for ours, theirs in known if theirs is not None)
    gaps = [abs(count * sure - right) for count, right, sure in wanted if sure is not None]
    assert found.ece == pytest.approx(sum(gaps) / len(labels), abs=1e-12)
    assert sum(bins.right) == round(found.overall * len(labels))


def test_an_empty_bin_has_neither_confidence_nor_accuracy():
    bins = evaluate_probabilities(sure_of([0, 1, 2, 4]), np.array([0, 0, 2, 2]), GROUPS).calibration
    assert bins.count == (0,) * 13 + (4, 0)
    assert bins.accuracy == (None,) * 13 + (0.5, None)
    assert bins.confidence == (None,) * 13 + (pytest.approx(0.9), None)


def test_a_confidence_that_rounding_leaves_above_1_is_in_the_last_bin():
    probabilities = np.array([[1 + 1e-7, 0.0, 0.0, 0.0, 0.0]], dtype=np.float32)
    assert evaluate_probabilities(probabilities, np.array([0]), GROUPS).calibration.count == (0,) * 14 + (1,)
