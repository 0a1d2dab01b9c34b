"""A sampler draws exactly a budget in each epoch, the same samples whenever and wherever it is asked."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

import lt_prune as lp
from lt_prune.errors import ArgumentError, MismatchError

COUNTS = (30, 15, 10, 5)


@pytest.fixture
def data(blobs) -> lp.LongTailedSet:
    return blobs(COUNTS, order=np.random.default_rng(3).permutation(60))


def scores_of(index: lp.SampleIndex, **more: np.ndarray) -> lp.ScoreSet:
    """Losses by two members, higher in small classes."""
    random = np.random.default_rng(0)
    loss = random.gamma(1.0, size=(2, index.n_samples)) + 0.3 * index.labels
    metrics = {
        name: lp.MetricScores(per_member=rows.astype(np.float32), higher_is_harder=name == "loss", equation="")
        for name, rows in {"loss": loss, **more}.items()
    }
    made: dict[str, Any] = {"train_accuracy": np.ones(2), "seconds": np.ones(2), "recipe": lp.Recipe(), "versions": {}}
    return lp.ScoreSet(index=index, metrics=metrics, seeds=(1, 2), **made)


@pytest.fixture
def scores(data) -> lp.ScoreSet:
    return scores_of(data.index)


def each_of(sampler: lp.Sampler, numbers: range) -> Iterator[list[int]]:
    for epoch in numbers:
        sampler.set_epoch(epoch)
        yield list(sampler)


def epochs(sampler: lp.Sampler, numbers: range) -> list[list[int]]:
    return list(each_of(sampler, numbers))


HOW: list[dict[str, Any]] = [
    {},
    {"budget": "rcap", "select": "weighted"},
    {"budget": "proportional", "select": "random"},
    {"budget": "sqrt", "select": "infobatch"},
    {"budget": "equal", "select": "hard"},
    {"select": "weighted", "temperature": 0.25},
]
every_way = pytest.mark.parametrize("how", HOW, ids=lambda how: "+".join(map(str, how.values())) or "usual")


@every_way
@pytest.mark.parametrize("ratio", [0, 0.01, 0.45, 0.9])
def test_each_epoch_has_exactly_as_many_each_once(scores, how, ratio):
    sampler = lp.Sampler(scores, ratio=ratio, **how)
    for order in each_of(sampler, range(3)):
        assert len(order) == len(set(order)) == 60 - round(ratio * 60)
        assert len(sampler) == len(order)
        assert sampler.weights.shape == (len(order),)
        labels = scores.index.labels[np.argsort(scores.index.source_index)][order]
        assert set(labels) == {0, 1, 2, 3}, "no class is left out of an epoch"


@every_way
def test_the_draw_depends_on_seed_and_epoch_alone(data, how):
    one, other = (lp.Sampler(scores_of(data.index), ratio=0.5, seed=7, **how) for _ in range(2))
    first = epochs(one, range(4))
    assert [epochs(other, range(epoch, epoch + 1))[0] for epoch in (2, 0, 3, 1)] == [first[epoch] for epoch in (2, 0, 3, 1)]
    assert len({tuple(order) for order in first}) == 4
    assert epochs(lp.Sampler(scores_of(data.index), ratio=0.5, seed=8, **how), range(1)) != first[:1]


def test_each_class_has_its_budget_in_every_epoch(scores):
    pruned = lp.prune(scores.index, scores=scores, metric="loss", budget="rcap", select="weighted", ratio=0.5)
    labels = scores.index.labels[np.argsort(scores.index.source_index)]
    for order in each_of(lp.Sampler(scores, ratio=0.5, budget="rcap", select="weighted"), range(3)):
        assert np.bincount(labels[order]).tolist() == pruned.kept_counts.tolist()


def test_infobatch_shows_the_harder_ones_and_weighs_the_others(scores):
    """r is the share of the others that goes."""
    loss = scores.metric("loss").mean
    harder = {*scores.index.source_index[loss >= loss.mean(dtype=np.float64)].tolist()}
    sampler = lp.Sampler(scores, ratio=0.3)
    seen = set()
    for order in each_of(sampler, range(20)):
        assert harder <= set(order)
        n_others, n_kept = 60 - len(harder), 42 - len(harder)
        expected = [1.0 if place in harder else n_others / n_kept for place in order]
        assert sampler.weights.tolist() == pytest.approx(expected)
        assert sampler.weights.sum().item() == pytest.approx(60)
        seen |= set(order)
    assert len(seen) == 60, "all have their turn"


@pytest.mark.parametrize("how", HOW[:4], ids=lambda how: "+".join(how.values()) or "usual")
def test_weighted_sums_are_those_of_all_samples_on_average(scores, how):
    """Were no sample of a class kept in any case, which moves them by little here."""
    values = np.random.default_rng(5).normal(2, 1, 60)
    sampler, sums = lp.Sampler(scores, ratio=0.4, **how), []
    for order in each_of(sampler, range(400)):
        sums.append(float((sampler.weights.numpy() * values[order]).sum()))
    error = np.std(sums) / np.sqrt(400)
    assert abs(np.mean(sums) - values.sum()) < 4 * error + 1e-3


def test_a_subset_is_shown_whole_in_a_new_order_each_epoch(data):
    subset = lp.prune(data, strategy="random", ratio=0.4)
    orders = epochs(sampler := lp.Sampler(subset, data), range(3))
    rows = np.flatnonzero(subset.kept).tolist()
    assert [sorted(order) for order in orders] == [rows] * 3
    assert len({tuple(order) for order in orders}) == 3
    assert sampler.weights.tolist() == [1.0] * 36


# What it draws from


def test_by_default_indices_are_places_in_the_source(data, scores):
    of_source, of_set = lp.Sampler(scores, ratio=0.5), lp.Sampler(scores, data, ratio=0.5)
    assert list(of_source) == data.index.source_index[list(of_set)].tolist()
    assert of_source.dataset is None


def test_a_dataloader_shows_the_samples_that_were_drawn(data, scores):
    sampler = lp.Sampler(scores, data, ratio=0.5)
    shown = [label for _, labels in DataLoader(sampler.dataset, batch_size=8, sampler=sampler) for label in labels.tolist()]
    assert shown == data.index.labels[list(sampler)].tolist()
    assert len(DataLoader(sampler.dataset, batch_size=8, sampler=sampler)) == 4


def test_a_dataset_of_ones_own_is_checked(data, scores):
    place = np.argsort(data.index.source_index)
    own = TensorDataset(torch.from_numpy(data.pixels[place]), torch.from_numpy(data.index.labels[place]))
    sampler = lp.Sampler(scores, own, ratio=0.5)
    assert sampler.dataset is own
    assert list(sampler) == list(lp.Sampler(scores, ratio=0.5))
    with pytest.raises(MismatchError, match="the dataset has 59 samples"):
        lp.Sampler(scores, TensorDataset(own.tensors[0][:59], own.tensors[1][:59]), ratio=0.5)


# Going on


def batches(sampler: lp.Sampler, size: int = 4) -> DataLoader:
    return DataLoader(torch.arange(60), batch_size=size, sampler=sampler)


@every_way
@pytest.mark.parametrize("stop", [0, 1, 3])
def test_it_goes_on_in_the_middle_of_an_epoch_bit_for_bit(scores, how, stop):
    whole, interrupted = (lp.Sampler(scores, ratio=0.5, **how) for _ in range(2))
    expected = epochs(whole, range(3))
    interrupted.set_epoch(1)
    loader = iter(batches(interrupted))
    seen = [index for _ in range(stop) for index in next(loader).tolist()]
    kept = io.BytesIO()
    torch.save(interrupted.state_dict(), kept)
    kept.seek(0)
    again = lp.Sampler(scores, ratio=0.5, **how)
    again.load_state_dict(torch.load(kept, weights_only=True))
    again.set_epoch(again.epoch)  # as a loop over the epochs that are left does
    weights = again.weights
    whole.set_epoch(1)
    assert torch.equal(weights, whole.weights[4 * stop :])
    assert len(again) == 30 - 4 * stop
    assert seen + torch.cat(list(batches(again))).tolist() == expected[1]
    again.set_epoch(2)
    assert list(again) == expected[2]


def test_where_a_loader_reads_ahead_it_is_told_how_many_were_trained_on(scores):
    sampler = lp.Sampler(scores, ratio=0.5)
    list(zip(range(20), sampler))
    again = lp.Sampler(scores, ratio=0.5)
    again.load_state_dict(sampler.state_dict(drawn=8))
    assert list(again) == list(lp.Sampler(scores, ratio=0.5))[8:]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"ratio": 0.4}, "ratio 0.5, not 0.4"),
        ({"seed": 1}, "seed 0, not 1"),
        ({"select": "random"}, r"pruning global\+infobatch, not global\+random"),
        ({"num_replicas": 2}, "num_replicas 1, not 2"),
    ],
)
def test_a_state_of_another_sampler_is_refused(scores, other, said):
    state = lp.Sampler(scores, ratio=0.5).state_dict()
    with pytest.raises(MismatchError, match=f"^the state is of a sampler with {said}.*: make this one as that was made$"):
        lp.Sampler(scores, **{"ratio": 0.5, **other}).load_state_dict(state)


def test_a_state_of_other_scores_is_refused(scores, blobs):
    state = lp.Sampler(scores, ratio=0.5).state_dict()
    with pytest.raises(MismatchError, match=r"^the state is of a sampler with samples of digest "):
        lp.Sampler(scores_of(blobs(COUNTS, seed=9).index), ratio=0.5).load_state_dict(state)


# Several processes


@pytest.mark.parametrize("num_replicas", [2, 4, 7])
def test_processes_share_an_epoch(scores, num_replicas):
    whole = list(lp.Sampler(scores, ratio=0.5))
    parts = [list(lp.Sampler(scores, ratio=0.5, num_replicas=num_replicas, rank=rank)) for rank in range(num_replicas)]
    assert {len(part) for part in parts} == {30 // num_replicas}
    together = [index for step in zip(*parts) for index in step]
    assert together == whole[: len(together)]


def test_the_weights_of_a_process_are_those_of_its_samples(scores):
    parts = [lp.Sampler(scores, ratio=0.5, num_replicas=3, rank=rank) for rank in range(3)]
    whole = lp.Sampler(scores, ratio=0.5)
    assert torch.equal(torch.stack([part.weights for part in parts]).T.reshape(-1), whole.weights)


# Scores that follow the training


def losses_of(order: list[int], epoch: int) -> torch.Tensor:
    return torch.tensor([(7 * place + 13 * epoch) % 60 / 10 for place in order], requires_grad=True)


def followed(sampler: lp.Sampler, numbers: range) -> list[list[int]]:
    found = []
    for epoch in numbers:
        sampler.set_epoch(epoch)
        order = list(sampler)
        for start in range(0, len(order), 8):
            sampler.update(losses_of(order[start : start + 8], epoch))
        found.append(order)
    return found


def test_losses_are_the_scores_of_the_next_epoch(data):
    """InfoBatch shows those of the mean loss or more; of what was not shown the loss is as it was."""
    scores = scores_of(data.index)
    orders = followed(sampler := lp.Sampler(scores, data, ratio=0.3), range(4))
    current = scores.metric("loss").mean.copy()
    for epoch, order in enumerate(orders):
        harder = {*np.flatnonzero(current >= current.mean(dtype=np.float64)).tolist()}
        assert harder <= set(order) or len(harder) > 42
        current[order] = losses_of(order, epoch).detach().numpy()
    assert orders[1:] != epochs(lp.Sampler(scores, data, ratio=0.3), range(1, 4))
    assert orders[0] == epochs(lp.Sampler(scores, data, ratio=0.3), range(1))[0]
    assert sampler.state_dict()["told"] == 42


def test_it_goes_on_with_the_scores_as_they_were(scores):
    how: dict[str, Any] = {"ratio": 0.5, "budget": "rcap", "select": "weighted"}
    expected = followed(lp.Sampler(scores, **how), range(4))
    sampler = lp.Sampler(scores, **how)
    followed(sampler, range(1))
    sampler.set_epoch(1)
    handed = iter(sampler)
    first = [next(handed) for _ in range(16)]
    for start in (0, 8):
        sampler.update(losses_of(first[start : start + 8], 1))
    again = lp.Sampler(scores, **how)
    again.load_state_dict(sampler.state_dict())
    again.set_epoch(1)
    rest = list(again)
    assert first + rest == expected[1]
    for start in range(0, len(rest), 8):
        again.update(losses_of(rest[start : start + 8], 1))
    assert followed(again, range(2, 4)) == expected[2:]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda s, sub: lp.Sampler(3), "^of must be a ScoreSet or a Subset, not 3$"),
        (lambda s, sub: lp.Sampler(s), r"^ratio is missing: give the fraction to remove, in \[0, 1\)$"),
        (lambda s, sub: lp.Sampler(s, ratio=1.2), r"must be in \[0, 1\), not 1\.2"),
        (lambda s, sub: lp.Sampler(s, ratio=0.5, temperatur=1), "^unknown setting 'temperatur'.*: there are none$"),
        (lambda s, sub: lp.Sampler(s, ratio=0.5, metric="el2n"), "has no 'el2n' scores, only loss: add them by"),
        (lambda s, sub: lp.Sampler(s, ratio=0.99), "would empty a class"),
        (lambda s, sub: lp.Sampler(s, ratio=0.5, rank=1), "^rank must be below num_replicas, 1, not 1$"),
        (lambda s, sub: lp.Sampler(s, ratio=0.5).set_epoch("one"), "^epoch must be a whole number, not 'one'$"),
        (lambda s, sub: lp.Sampler(sub, ratio=0.5), "^a subset is drawn already: leave out ratio, or give scores$"),
        (lambda s, sub: lp.Sampler(sub).update(torch.ones(2)), "^a subset has no scores that could follow the training"),
        (
            lambda s, sub: lp.Sampler(s, ratio=0.5).update(torch.ones(31)),
            "^losses of 31 samples were given, and an epoch has 30",
        ),
        (lambda s, sub: lp.Sampler(s, ratio=0.5).update(torch.tensor([torch.nan])), "^losses must be finite numbers, one a"),
        (
            lambda s, sub: lp.Sampler(s, ratio=0.5, budget="equal", select="random").update(torch.ones(2)),
            "^neither budget nor selection reads scores, which could follow the training: leave it out$",
        ),
        (
            lambda s, sub: lp.Sampler(s, ratio=0.5, num_replicas=2).update(torch.ones(2)),
            "^scores cannot follow the training of several processes",
        ),
    ],
)
def test_what_cannot_be_is_refused(data, scores, call, says):
    subset = lp.prune(data, strategy="random", ratio=0.4)
    with pytest.raises(ArgumentError, match=says):
        call(scores, subset)
