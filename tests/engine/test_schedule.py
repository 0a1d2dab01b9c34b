from __future__ import annotations

import math

import pytest

from lt_prune.config.recipe import Recipe
from lt_prune.engine.schedule import learning_rate

SCHEDULES = ("step", "cosine", "constant")
every_schedule = pytest.mark.parametrize("schedule", SCHEDULES)


def rates(n_steps: int = 4, **recipe) -> list[float]:
    """The rate of every step."""
    chosen = Recipe(**recipe)
    return [learning_rate(chosen, epoch, step, n_steps) for epoch in range(chosen.epochs) for step in range(n_steps)]


def of_epochs(**recipe) -> list[float]:
    """The rate of every epoch's first step."""
    return rates(1, **recipe)


def mislas(epoch: int) -> float:
    """Rate of an epoch, counted from 0, of the 200 of MiSLAS's stage one, as its code has them."""
    epoch = epoch + 1
    if epoch <= 5:
        return 0.1 * epoch / 5
    return 0.001 if epoch > 180 else 0.01 if epoch > 160 else 0.1


def test_the_step_schedule_is_that_of_the_reference_epoch_by_epoch():
    expected = [mislas(epoch) for epoch in range(200)]
    assert of_epochs(epochs=200) == pytest.approx(expected, rel=1e-12)
    assert of_epochs(epochs=200, milestones=(160, 180)) == pytest.approx(expected, rel=1e-12)


def test_within_an_epoch_the_step_schedule_stays():
    found = rates(7, epochs=20, warmup=3)
    assert [set(found[7 * epoch : 7 * epoch + 7]) for epoch in range(20)] == [
        {rate} for rate in of_epochs(epochs=20, warmup=3)
    ]


@pytest.mark.parametrize("schedule", ["cosine", "constant"])
def test_the_other_warm_ups_rise_with_each_step_from_above_0_to_the_peak(schedule):
    found = rates(4, epochs=10, warmup=2, lr=0.8, schedule=schedule)
    assert found[:9] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.8], rel=1e-12)


@every_schedule
def test_without_warm_up_the_first_step_is_at_the_peak(schedule):
    assert rates(epochs=10, warmup=0, lr=0.3, schedule=schedule)[0] == pytest.approx(0.3)


@pytest.mark.parametrize("epochs", [10, 20, 50, 60, 70, 100, 200, 300, 1000])
def test_milestones_below_1_are_shares_of_the_epochs(epochs):
    found = of_epochs(epochs=epochs, warmup=0)
    first, second = epochs * 80 // 100, epochs * 90 // 100
    assert found == pytest.approx([0.1] * first + [0.01] * (second - first) + [0.001] * (epochs - second), rel=1e-12)


def test_milestones_from_1_on_are_epochs():
    assert of_epochs(epochs=5, warmup=0, milestones=(1, 3)) == pytest.approx([0.1, 0.01, 0.01, 0.001, 0.001])
    assert of_epochs(epochs=3, warmup=0, milestones=()) == [0.1] * 3
    assert of_epochs(epochs=3, warmup=0, milestones=(160,)) == [0.1] * 3


def test_cosine_is_half_way_in_the_middle_and_near_0_at_the_end():
    found = rates(1000, epochs=10, warmup=2, schedule="cosine", lr=0.1)
    assert found[2000] == pytest.approx(0.1)
    assert found[6000] == pytest.approx(0.05)
    assert found[4000] == pytest.approx(0.1 * (1 + math.sqrt(0.5)) / 2)
    assert 0 < found[-1] < 1e-7


def test_constant_stays():
    assert set(rates(epochs=10, warmup=1, schedule="constant", lr=0.3)[4:]) == {0.3}


@every_schedule
@pytest.mark.parametrize("warmup", [0, 1, 5])
@pytest.mark.parametrize("epochs", [1, 2, 3, 9, 40])
def test_the_rate_lies_between_0_and_the_peak_and_never_rises_after_reaching_it(schedule, warmup, epochs):
    found = rates(10, epochs=epochs, warmup=warmup, schedule=schedule)
    top = found.index(max(found))
    assert min(found) > 0
    assert max(found) == pytest.approx(0.1)
    assert found[: top + 1] == sorted(found[: top + 1])
    assert found[top:] == sorted(found[top:], reverse=True)


def test_a_warm_up_takes_half_of_the_epochs_at_most():
    assert of_epochs(epochs=8, warmup=5)[:5] == pytest.approx([0.025, 0.05, 0.075, 0.1, 0.1])
    assert of_epochs(epochs=5, warmup=5)[:3] == pytest.approx([0.04, 0.08, 0.1])
    assert of_epochs(epochs=1, warmup=5) == pytest.approx([0.1])
    assert rates(4, epochs=1, warmup=5, schedule="constant") == pytest.approx([0.05, 0.1, 0.1, 0.1])
    # Half an epoch ends within the second of three steps, which does not go above the peak.
    assert rates(3, epochs=1, warmup=5, schedule="constant") == pytest.approx([0.1 * 2 / 3, 0.1, 0.1])
