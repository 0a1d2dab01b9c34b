"""Metrics of a record of training, each beside the plain formula in float64 on the whole history."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch

from lt_prune.metrics import METRICS
from lt_prune.metrics.observer import Observer
from lt_prune.models.network import Outputs

N, M = 17, 4
LABELS = np.arange(N) % M
EPOCHS = [1, 2, 3, 9, 10, 11, 12, 29, 30, 31, 45]


def history(epochs: int) -> np.ndarray:
    """Logits (E, N, M) of a training: noise that drifts to the label, sooner for some; the last two are never right."""
    random = np.random.default_rng(3)
    drift = np.linspace(0, 3, epochs)[:, None] * np.linspace(0.2, 2, N)
    logits = random.normal(0, 1, (epochs, N, M)).astype(np.float32)
    logits[:, np.arange(N), LABELS] += drift.astype(np.float32)
    logits[:, -2:, :] = 0
    logits[:, [-2, -1], (LABELS[-2:] + 1) % M] = 5
    return logits


def shown(kind: type[Observer], logits: np.ndarray, batch: int = 5) -> Observer:
    """What it records of such a training, in batches, in an order of its own in each epoch."""
    observer, target = kind(N, M), torch.eye(M)
    for epoch, each in enumerate(torch.from_numpy(logits)):
        observer.begin_epoch(epoch, len(logits))
        for rows in torch.from_numpy(np.random.default_rng(epoch).permutation(N)).split(batch):
            outputs = Outputs(torch.zeros(len(rows), 1), each[rows], torch.zeros(M, 1))
            observer(rows, outputs, target[torch.from_numpy(LABELS)[rows]])
        observer.end_epoch()
    return observer


def probabilities(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits.astype(np.float64))
    return powers / powers.sum(-1, keepdims=True)


def own(logits: np.ndarray) -> np.ndarray:
    """(E, N): p_y."""
    return probabilities(logits)[:, np.arange(N), LABELS]


def windows(values: np.ndarray, length: int) -> list[np.ndarray]:
    """Of so many epochs each; one of all there are where there are fewer."""
    return [values[start : start + length] for start in range(max(1, len(values) - length + 1))]


def std(values: np.ndarray) -> np.ndarray:
    return values.std(0, ddof=1) if len(values) > 1 else np.zeros(N)


def forgetting(logits: np.ndarray) -> list[int]:
    right = logits.argmax(-1) == LABELS
    found = []
    for each in right.T.tolist():
        forgotten = sum(1 for before, after in pairwise(each) if before and not after)
        found.append(forgotten if any(each) else len(logits))
    return found


def margins(logits: np.ndarray) -> np.ndarray:
    others = logits.astype(np.float64).copy()
    others[:, np.arange(N), LABELS] = -np.inf
    return (logits[:, np.arange(N), LABELS] - others.max(-1)).mean(0)


def tdds(logits: np.ndarray) -> np.ndarray:
    """As its code has it: of each window the norm of the differences from their mean, beta (1 - beta)^(windows to come)."""
    p = probabilities(logits)
    moved = np.abs(p[1:] * (np.log(p[1:] + 1e-8) - np.log(p[:-1] + 1e-8))).sum(-1)
    norms = [np.linalg.norm(each - each.mean(0), axis=0) for each in windows(moved, 9) if len(each)]
    return sum((0.9 * 0.1 ** (len(norms) - 1 - k) * norm for k, norm in enumerate(norms)), np.zeros(N))


PLAIN: dict[str, Callable[[np.ndarray], object]] = {
    "forgetting": forgetting,
    "aum": margins,
    "mean-confidence": lambda logits: own(logits).mean(0),
    "variability": lambda logits: own(logits).std(0),
    "dyn-unc": lambda logits: np.mean([std(each) for each in windows(own(logits), 10)], 0),
    "dual": lambda logits: np.mean([10 * std(each) * (1 - each.mean(0)) for each in windows(own(logits)[:30], 10)], 0),
    "tdds": tdds,
}
every_metric = pytest.mark.parametrize("name", PLAIN)


def found(name: str, logits: np.ndarray) -> torch.Tensor:
    metric = METRICS.load(name)
    return metric(shown(metric.observer, logits), torch.from_numpy(LABELS))


@every_metric
@pytest.mark.parametrize("epochs", EPOCHS)
def test_equals_the_plain_formula_of_the_whole_history(name, epochs):
    logits = history(epochs)
    np.testing.assert_allclose(found(name, logits), PLAIN[name](logits), rtol=2e-5, atol=2e-6)


@every_metric
def test_memory_does_not_grow_with_the_epochs(name):
    kind = METRICS.load(name).observer
    sizes = [sum(each.numel() for each in shown(kind, history(epochs)).buffers()) for epochs in (1, 45)]
    assert sizes[0] == sizes[1]


def test_what_was_never_learned_counts_as_hardest():
    scores = found("forgetting", history(20))
    assert scores[-2:].tolist() == [20, 20]
    assert scores[:-2].max() < 20


def test_a_sample_that_was_always_right_was_never_forgotten():
    logits = np.tile(5 * np.eye(M, dtype=np.float32)[LABELS], (6, 1, 1))
    assert found("forgetting", logits).tolist() == [0] * N


def test_metrics_of_one_record_share_its_observer():
    shared = {METRICS.load(name).observer for name in ("mean-confidence", "variability", "dyn-unc", "dual")}
    assert len(shared) == 1


def test_directions():
    assert {name for name in PLAIN if not METRICS.load(name).higher_is_harder} == {"aum", "mean-confidence"}


@pytest.mark.parametrize("name", ["mean-confidence", "variability", "dyn-unc", "dual"])
def test_a_sample_that_an_epoch_passed_over_keeps_its_last_value(name):
    """As one of a balanced order may be."""
    metric, logits = METRICS.load(name), history(12)
    logits[5, 0] = logits[4, 0]
    observer, target = metric.observer(N, M), torch.eye(M)[torch.from_numpy(LABELS)]
    for epoch, each in enumerate(torch.from_numpy(logits)):
        rows = torch.arange(1 if epoch == 5 else 0, N)
        observer.begin_epoch(epoch, 12)
        observer(rows, Outputs(torch.zeros(len(rows), 1), each[rows], torch.zeros(M, 1)), target[rows])
        observer.end_epoch()
    np.testing.assert_allclose(metric(observer, torch.from_numpy(LABELS)), PLAIN[name](logits), rtol=2e-5, atol=2e-6)
