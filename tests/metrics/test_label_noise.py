"""Confident learning beside its definition, sample by sample in float64."""

from __future__ import annotations

import numpy as np

from lt_prune.metrics.label_noise import flagged, label_noise

N, M = 200, 4


def draw(noise: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of a good network, float32 (N, M), and labels of a long tail of which some are wrong."""
    random = np.random.default_rng(0)
    true = random.choice(M, N, p=[0.5, 0.3, 0.15, 0.05])
    logits = random.normal(size=(N, M)) + 2 * np.eye(M)[true]
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = np.where(random.random(N) < noise, random.integers(0, M, N), true)
    return probabilities.astype(np.float32), labels


def reference(probabilities: np.ndarray, labels: np.ndarray) -> list[bool]:
    """Which samples are off the diagonal of the confident joint (Northcutt et al. 2021, Eq. 1 and 2), and have a label that
    is not the likeliest."""
    p = probabilities.astype(np.float64)
    known = [i for i in range(len(labels)) if not np.isnan(p[i, 0])]
    own = {j: [p[i, j] for i in known if labels[i] == j] for j in range(p.shape[1])}
    thresholds = {j: sum(those) / len(those) for j, those in own.items() if those}
    found = []
    for i in range(len(labels)):
        confident = {j: p[i, j] for j, t in thresholds.items() if i in known and p[i, j] >= t}
        likeliest = {max(some, key=some.get) for some in (confident, dict(enumerate(p[i]))) if some}
        found.append(bool(confident) and labels[i] not in likeliest)
    return found


def test_labels_are_flagged_off_the_diagonal_of_the_confident_joint():
    probabilities, labels = draw()
    found = flagged(probabilities, labels)
    assert found.tolist() == reference(probabilities, labels)
    assert 0 < found.sum() < N / 2


def test_scores_are_self_confidence_and_below_0_where_flagged():
    probabilities, labels = draw()
    own = probabilities[np.arange(N), labels]
    found, doubtful = label_noise(probabilities, labels), np.array(reference(probabilities, labels))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[~doubtful], own[~doubtful])
    np.testing.assert_allclose(found[doubtful], own[doubtful] - 1, atol=1e-7)
    assert ((found < 0) == doubtful).all()


def test_what_every_network_trained_on_is_beyond_doubt_and_takes_no_part():
    probabilities, labels = draw()
    unknown = labels == 3
    probabilities[unknown] = np.nan
    found = label_noise(probabilities, labels)
    assert (found[unknown] == 1).all()
    assert (found < 0).tolist() == reference(probabilities, labels)
    without, other = label_noise(probabilities[~unknown], labels[~unknown]), found[~unknown]
    assert np.array_equal(without, other), "no sample is confidently of a class that has no threshold"


def test_a_label_that_is_the_likeliest_stays_though_a_rare_class_has_a_low_threshold():
    """Of class 0 the mean is 0.8 and of class 1 it is 0.3: the last sample is confidently of class 1 alone."""
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.7, 0.3], [0.6, 0.4]], dtype=np.float32)
    labels = np.array([0, 0, 1, 0])
    assert flagged(probabilities, labels).tolist() == [False] * 4


def test_the_answer_is_cleanlabs():
    """Beside what cleanlab 2.9.0 gives of these: find_label_issues(labels, probabilities, filter_by="confident_learning").

    It differs where several classes are confident and the likeliest of all is not one of them.
    """
    theirs = [2, 9, 10, 18, 40, 72, 76, 80, 82, 86, 95, 101, 116, 117, 120, 128, 135, 146, 161, 170, 188, 194, 199]
    assert np.flatnonzero(flagged(*draw())).tolist() == theirs
