from __future__ import annotations

import math

import numpy as np
import pytest

from lt_prune.engine.schedule import learning_rate
from lt_prune.types import Recipe

SCHEDULES = ("step", "cosine", "constant")
every_schedule = pytest.mark.parametrize("schedule", SCHEDULES)


def rate(epoch: float, **recipe) -> float:
    return learning_rate(Recipe(**recipe), epoch)


@every_schedule
def test_warm_up_rises_linearly_from_0_to_the_peak(schedule):
    found = [rate(epoch, epochs=300, lr=0.2, schedule=schedule) for epoch in (0, 1, 2.5, 4, 5)]
    assert found == pytest.approx([0, 0.04, 0.1, 0.16, 0.2], rel=1e-12)


@every_schedule
def test_without_warm_up_the_first_step_is_at_the_peak(schedule):
    assert rate(0, epochs=10, warmup=0, lr=0.3, schedule=schedule) == pytest.approx(0.3)


def test_steps_lie_at_80_and_90_percent():
    found = [rate(epoch, epochs=300, lr=0.1) for epoch in (6, 239.99, 240, 269.99, 270, 299.99)]
    assert found == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001, 0.001], rel=1e-12)


@pytest.mark.parametrize("epochs", [10, 20, 50, 60, 70, 100, 200, 300, 1000])
def test_steps_are_taken_with_the_first_batch_of_their_epoch(epochs):
    at = {share: epochs * share // 100 for share in (80, 90)}
    assert [rate(at[80], epochs=epochs), rate(at[90], epochs=epochs)] == pytest.approx([0.01, 0.001])
    assert [rate(at[80] - 1e-6, epochs=epochs), rate(at[90] - 1e-6, epochs=epochs)] == pytest.approx([0.1, 0.01])


def test_cosine_is_half_way_in_the_middle_and_near_0_at_the_end():
    recipe = {"epochs": 10, "warmup": 2, "schedule": "cosine", "lr": 0.1}
    assert rate(2, **recipe) == pytest.approx(0.1)
    assert rate(6, **recipe) == pytest.approx(0.05)
    assert rate(4, **recipe) == pytest.approx(0.1 * (1 + math.sqrt(0.5)) / 2)
    assert rate(9.999, **recipe) == pytest.approx(0, abs=1e-7)


def test_constant_stays():
    assert {rate(epoch, epochs=10, warmup=1, schedule="constant", lr=0.3) for epoch in (1, 5, 8, 9, 9.99)} == {0.3}


@every_schedule
@pytest.mark.parametrize("warmup", [0, 1, 5])
@pytest.mark.parametrize("epochs", [1, 2, 3, 9, 40])
def test_the_rate_lies_between_0_and_the_peak_and_never_rises_after_reaching_it(schedule, warmup, epochs):
    recipe = Recipe(epochs=epochs, warmup=warmup, schedule=schedule)
    rates = [learning_rate(recipe, epoch) for epoch in np.linspace(0, epochs, 401)[:-1]]
    top = int(np.argmax(rates))
    assert min(rates) >= 0
    assert max(rates) <= recipe.lr
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)


@every_schedule
def test_a_run_of_one_epoch_warms_up_over_half_of_it(schedule):
    found = [rate(epoch, epochs=1, warmup=5, schedule=schedule) for epoch in (0, 0.25, 0.5)]
    assert found == pytest.approx([0, 0.05, 0.1])


def test_a_warm_up_takes_half_of_the_epochs_at_most():
    found = [rate(epoch, epochs=8, warmup=5, schedule="constant") for epoch in (1, 2, 4)]
    assert found == pytest.approx([0.025, 0.05, 0.1])
