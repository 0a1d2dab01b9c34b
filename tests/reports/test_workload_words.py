from __future__ import annotations

import pytest

from lt_prune.reports.workload import Workload

MEMBERS = {f"member {k}": (10, 1000) for k in range(4)}
RUNS = {"whole": (300, 1000), "half": (300, 500)}


def test_work_is_summed_up():
    work = Workload.of(MEMBERS, RUNS, speed=500.0)
    assert (work.members, work.runs, work.epochs, work.images) == (4, 2, 640, 490_000)
    assert work.seconds == 980
    assert str(work) == "4 members and 2 runs, 640 epochs, 490,000 images: about 16.3 minutes at 500 images/s"


def test_one_of_each_is_said_so():
    work = Workload.of({"member": (1, 1000)}, {"whole": (0, 1000)}, speed=None)
    assert str(work).startswith("1 member and 1 run, 1 epoch, 1,000 images; ")


def test_a_speed_that_was_not_measured_is_not_invented():
    work = Workload.of({}, RUNS, speed=None)
    assert work.seconds is None
    assert str(work) == "2 runs, 600 epochs, 450,000 images; the time left is told once the speed is measured"


def test_nothing_to_do_is_said():
    assert str(Workload.of({}, {}, speed=None)) == "nothing, as all of it is there"


@pytest.mark.parametrize(
    ("speed", "said"),
    [(10.0, "12.5 hours"), (1.0, "5.2 days"), (100.0, "1.2 hours"), (450.0, "16.7 minutes"), (45e3, "10 s")],
)
def test_durations_are_in_the_unit_that_fits(speed, said):
    assert f"about {said}" in str(Workload.of({}, RUNS, speed=speed))
