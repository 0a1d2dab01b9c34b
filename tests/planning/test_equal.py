from __future__ import annotations

import numpy as np
import pytest
import torch

import lt_prune as lp
from lt_prune.errors import ArgumentError, MismatchError
from lt_prune.planning.equal import check_equal, with_equal_steps


def labels(*counts: int) -> np.ndarray:
    return np.repeat(np.arange(len(counts)), counts)


@pytest.mark.parametrize(
    ("whole", "kept", "changes", "expected"),
    [
        ((300,), (150,), {"epochs": 10}, 15),  # 3 steps of 128 an epoch, and 2
        ((503,), (277,), {"epochs": 60}, 80),  # 4 and 3
        ((257,), (128,), {"epochs": 10}, 20),  # a last batch of one image joins its neighbour: 2 and 1
        ((300,), (299,), {"epochs": 10}, 10),
        ((600,), (400,), {"epochs": 1}, 1),  # 5 and 4: 4 steps are nearer to 5 than 8 are
        (
            (24, 12, 6, 3),
            (5, 3, 2, 1),
            {"epochs": 2, "batch_size": 8, "sampler": "balanced", "draws": "oversampled"},
            8,
        ),  # 96 and 20 draws
    ],
)
def test_epochs_are_scaled_by_the_steps_of_an_epoch(whole, kept, changes, expected):
    assert with_equal_steps(lp.Recipe(**changes), labels(*whole), labels(*kept)).epochs == expected


def test_no_other_number_of_epochs_is_nearer():
    random = np.random.default_rng(0)
    for _ in range(200):
        batch, epochs = int(random.integers(2, 40)), int(random.integers(1, 50))
        whole = int(random.integers(2, 500))
        kept = int(random.integers(1, whole + 1))
        found = with_equal_steps(lp.Recipe(batch_size=batch, epochs=epochs), labels(whole), labels(kept)).epochs

        def steps(n: int, batch: int = batch) -> int:
            return max(1, n // batch if n % batch in (0, 1) else n // batch + 1)

        off = {k: abs(k * steps(kept) - epochs * steps(whole)) for k in range(1, 60 * epochs)}
        assert off[found] == min(off.values())


def test_what_is_counted_in_epochs_is_scaled_with_them():
    whole, kept = labels(512), labels(256)
    fractions = with_equal_steps(lp.Recipe(epochs=10), whole, kept)
    assert (fractions.epochs, fractions.warmup, fractions.milestones) == (20, 10, (0.8, 0.9))
    epochs = with_equal_steps(lp.Recipe(epochs=10, warmup=3, milestones=(0.5, 8, 9)), whole, kept)
    assert (epochs.epochs, epochs.warmup, epochs.milestones) == (20, 6, (0.5, 16, 18))


def test_a_stage_that_trains_nothing_stays_so():
    recipe = lp.Recipe(epochs=0, warmup=0, trained="nothing")
    assert with_equal_steps(recipe, labels(512), labels(256)) == recipe


def test_runs_are_compared_at_epochs_or_steps():
    with pytest.raises(ArgumentError, match="equal must be epochs or steps, not 'time'"):
        check_equal("time")


SMALL = {"epochs": 3, "model": "resnet8", "batch_size": 8, "compute": lp.Compute(device="cpu")}


@pytest.fixture
def steps(monkeypatch) -> list[torch.optim.SGD]:
    """A growing list with an item for each step that an optimizer takes."""
    taken: list[torch.optim.SGD] = []
    step = torch.optim.SGD.step
    monkeypatch.setattr(torch.optim.SGD, "step", lambda self, *args: (taken.append(self), step(self, *args))[1])
    return taken


def test_the_optimizer_takes_as_many_steps_as_on_the_whole_set(blobs, steps):
    subset = lp.prune(blobs(), strategy="random", ratio=0.45)  # 45 images are 6 batches of 8, 25 are 3
    lp.train(blobs(), **SMALL)
    assert len(steps) == 3 * 6
    steps.clear()
    result = lp.train(blobs(), subset=subset, equal="steps", **SMALL)
    assert (len(steps), len(result.loss)) == (6 * 3, 6)
    assert (result.spec.equal, result.spec.recipe.epochs, result.spec.unscaled["epochs"]) == ("steps", 6, 3)


def test_so_in_both_stages(blobs, steps):
    subset = lp.prune(blobs(), strategy="class-random", ratio=0.5)
    options = {"method": "crt", "stage2_epochs": 4, "stage2_draws": "oversampled", **SMALL}
    counts = {}
    for name, own in {"whole": {}, "subset": {"subset": subset, "equal": "steps"}}.items():
        steps.clear()
        result = lp.train(blobs(), **options, **own)
        optimizers = list(dict.fromkeys(map(id, steps)))
        counts[name] = [sum(id(one) == optimizer for one in steps) for optimizer in optimizers]
    half = subset.kept_counts.max() * 4  # draws of a balanced epoch
    for stage, (before, now) in enumerate(zip(counts["whole"], counts["subset"], strict=True)):
        an_epoch = -(-(int(subset.kept.sum()), half)[stage] // 8)
        assert abs(before - now) <= an_epoch / 2
    assert result.spec.unscaled.keys() == {"epochs", "warmup", "stage2_epochs"}
    assert (result.spec.unscaled["epochs"], result.spec.unscaled["stage2_epochs"]) == (3, 4)


def test_equal_steps_need_a_subset(blobs):
    with pytest.raises(ArgumentError, match="equal steps are for training on a subset"):
        lp.train(blobs(), equal="steps", **SMALL)


def test_neither_answers_for_the_other(blobs, in_tmp):
    """Even where the epochs come out the same."""
    subset = lp.prune(blobs(), strategy="random", ratio=0.1)
    options = {**SMALL, "batch_size": 64, "subset": subset, "out": "run"}
    whole = lp.train(blobs(), **options), lp.train(blobs(), equal="steps", **{**options, "out": "other"})
    assert whole[0].spec.recipe == whole[1].spec.recipe
    with pytest.raises(MismatchError, match="holds a finished run with equal epochs, not steps: give another --out"):
        lp.train(blobs(), equal="steps", **options)
    with pytest.raises(MismatchError, match="run was trained at equal epochs, not steps"):
        lp.train(blobs(), method="crt", from_run="run", subset=subset, equal="steps", compute=lp.Compute(device="cpu"))
