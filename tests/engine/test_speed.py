from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

import lt_prune as lp
from lt_prune.engine import speed
from lt_prune.engine.runs import Run
from lt_prune.engine.speed import images_per_second
from lt_prune.engine.speed_apart import speed_of
from lt_prune.methods import make_loss
from lt_prune.models import find_model

CPU = lp.Compute(device="cpu", n_threads=1)


@pytest.fixture
def run(blobs, tmp_path) -> Run:
    """Of 45 images in steps of 15."""
    data = blobs()
    return Run(
        title="run",
        pixels=data.pixels,
        labels=data.index.labels,
        rows=np.arange(45),
        n_classes=4,
        model=find_model("resnet8"),
        recipe=lp.Recipe(epochs=4, batch_size=15, model="resnet8"),
        loss=partial(make_loss, "ce", data.index.counts.tolist()),
        seed=0,
        identity={},
        checkpoint=tmp_path / "kept.pt",
    )


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    """Each look at the clock of the measurement finds it half a second later."""
    looks: list[float] = []

    class Clock:
        @staticmethod
        def perf_counter() -> float:
            looks.append(0.5 * len(looks))
            return looks[-1]

    monkeypatch.setattr(speed, "time", Clock)
    return looks


def test_steps_after_the_warm_up_are_timed(run, clock):
    # It looks when the third step has ended, after the fourth, the fifth and the sixth (1.5 s), and once more at the end.
    assert images_per_second(run, CPU, seconds=1.5) == pytest.approx(3 * 15 / 2.0)


def test_a_last_smaller_batch_counts_for_what_it_holds(run, clock):
    uneven = replace(run, recipe=replace(run.recipe, batch_size=20))  # steps of 20, 20 and 5
    assert images_per_second(uneven, CPU, seconds=1.5) == pytest.approx(3 * 15 / 2.0)


def test_nothing_is_kept_and_numbers_stay(run, tmp_path):
    assert images_per_second(run, CPU, seconds=0.0)
    assert not list(tmp_path.iterdir())


def test_a_run_of_few_steps_cannot_be_measured(run):
    assert images_per_second(replace(run, recipe=replace(run.recipe, epochs=1)), CPU) is None


@pytest.mark.slow
def test_another_process_measures_it_as_well(run):
    many = np.tile(run.rows, 50)  # more than are sent
    long = replace(run, pixels=run.pixels[many], labels=run.labels[many], rows=np.arange(len(many)))
    assert speed_of(long, CPU) > 0


def test_a_process_that_fails_measures_nothing(run):
    assert speed_of(replace(run, model=None), CPU) is None
