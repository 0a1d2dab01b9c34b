#!/usr/bin/env python
"""Run the long trainings of the benchmark, one after another; stopped at any time, it goes on where it was.

    lt-prune build --data folder:cifar10 --imbalance 100 --groups 3,7 --out bench/cifar10-lt100.h5
    lt-prune build --data folder:cifar100 --imbalance 100 --groups 36,71 --out bench/cifar100-lt100.h5
    lt-prune build --data fashion-mnist-lt100:FOLDER --out bench/fashion-mnist-lt100.h5
    lt-prune build --data digits --out bench/digits-lt10.h5
    .venv/bin/python scripts/benchmark.py --out bench              # everything, in this order
    .venv/bin/python scripts/benchmark.py --out bench --list       # what there is to do
    .venv/bin/python scripts/benchmark.py --out bench scores       # only jobs whose names begin so

Each job is a command of lt-prune that runs in the folder and that, given again, does what is missing. The folder holds the
set files; what is written lies in folders below it. hours.csv tells how long each job has taken. A job whose set file is
missing is passed over.
"""

from __future__ import annotations

import csv
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

MEMBERS = (2, 4, 6, 8, 10)
"""A score file is written after each of these, so that it can be used before the last member is there."""
STAGE_ONE = {"mixup": ["--method", "mixup"], "aem": ["--method", "aem"]}
STAGE_ONE["aem-minimised"] = ["--method", "aem", "--set", "entropy=minimised"]
NETWORK = ["--model", "resnet20", "--epochs", "30"]
CURVES = ["--ratios", "0.1,0.3,0.45,0.6,0.8", *NETWORK]
PRUNINGS = ["--strategies", "random,class-random,ranked,proportional+hard", "--metrics", "el2n,avh", "--controls"]
"""What every set is pruned by; a metric within classes has class-random as its control."""
EVEN = ["--strategies", "equal+random,sqrt+random"]
"""What it is pruned by besides, without scores: budgets at random, which are controls themselves."""
SCORING = {f"lr{lr}": ("--lr", lr) for lr in ("0.02", "0.05", "0.1", "0.2")}
SCORING |= {schedule: ("--schedule", schedule) for schedule in ("step", "constant")}
"""How the members of an ensemble may be trained; what is not said is the default, 0.1 and cosine."""
ENSEMBLES = {"digits-lt10": ("resnet32", "10"), "cifar10-lt100": ("resnet20", "4")}
"""Of an ensemble for each of these: the network, and how many."""


@dataclass(frozen=True)
class Job:
    """A command of lt-prune, and the set that it is about."""

    name: str
    data: str
    command: tuple[str, ...]

    @property
    def arguments(self) -> list[str]:
        command, *options = self.command
        return [command, "--data", f"{self.data}.h5", *options]


def jobs() -> Iterator[Job]:
    """Everything, in the order in which it is done."""
    for data in ("cifar10-lt100", "digits-lt10", "fashion-mnist-lt100", "cifar100-lt100"):
        for members in MEMBERS:
            yield Job(f"scores/{data}/{members}", data, ("score", "--members", str(members)))
    data = "cifar10-lt100"
    for name, method in STAGE_ONE.items():
        yield Job(f"paper/{data}/{name}", data, ("train", "--recipe", "released", *method, "--out", f"runs/{data}-{name}"))
    for method, first in (("mislas", "mixup"), ("l2a", "mixup"), ("abs", "mixup"), ("alas", "mixup"), ("atl", "aem")):
        start = ("--from-run", f"runs/{data}-{first}")
        yield Job(f"paper/{data}/{method}", data, ("train", "--method", method, *start, "--out", f"runs/{data}-{method}"))
    for data in ("cifar10-lt100", "fashion-mnist-lt100", "digits-lt10"):
        how = (*PRUNINGS, *CURVES, "--scores", f"scores/{data}.h5", "--out", "curves")
        for seeds in ("0", "0-2"):  # one seed of everything first
            for equal in ("epochs", "steps"):
                yield Job(f"curves/{data}/{equal}/{seeds}", data, ("sweep", *how, "--seeds", seeds, "--equal", equal))
                even = ("sweep", *EVEN, *CURVES, "--out", "even", "--seeds", seeds, "--equal", equal)
                yield Job(f"even/{data}/{equal}/{seeds}", data, even)
    for data, (model, members) in ENSEMBLES.items():
        for name, recipe in SCORING.items():
            scores = f"scoring/{data}-{name}.h5"
            train = ("score", "--model", model, "--members", members, *recipe, "--out", scores)
            yield Job(f"scoring/{data}/{name}/members", data, train)
            how = ("--strategies", "ranked,proportional+hard", "--metrics", "el2n,avh", "--ratios", "0.45", *NETWORK)
            prune = ("sweep", *how, "--scores", scores, "--seeds", "0-2", "--out", f"scoring/{data}-{name}")
            yield Job(f"scoring/{data}/{name}/runs", data, prune)


def run(job: Job, out: Path, workers: int) -> int:
    """Run a job to its end, or to that of this program; its exit code."""
    many = ["--workers", str(workers)] if job.command[0] in ("score", "sweep") else ["--n-threads", str(workers)]
    process = subprocess.Popen([sys.executable, "-m", "lt_prune", *job.arguments, *many], cwd=out)
    try:
        return process.wait()
    finally:
        process.terminate()  # does nothing where it has ended
        process.wait()


def note(out: Path, job: Job, seconds: float, code: int | str) -> None:
    """Add a line to hours.csv."""
    with (out / "hours.csv").open("a", newline="") as file:
        csv.writer(file).writerow([job.name, datetime.now().isoformat(timespec="seconds"), f"{seconds / 3600:.3f}", code])


def stop(signum: int, frame: object) -> None:
    raise SystemExit(128 + signum)


@click.command(help=__doc__.split("\n")[0])
@click.argument("names", nargs=-1)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder with the set files.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="CPU cores to use.")
@click.option("--list", "listed", is_flag=True, help="Print the jobs and leave.")
def main(names: tuple[str, ...], out: Path, workers: int, listed: bool) -> None:
    signal.signal(signal.SIGTERM, stop)
    for job in jobs():
        if names and not job.name.startswith(names):
            continue
        if listed:
            click.echo(f"{job.name}: lt-prune {' '.join(job.arguments)}")
        elif not (out / f"{job.data}.h5").exists():
            click.echo(f"{job.name}: no {out / job.data}.h5, passed over", err=True)
        else:
            began, code = time.perf_counter(), "stopped"
            try:
                code = str(run(job, out, workers))
            finally:
                note(out, job, time.perf_counter() - began, code)


if __name__ == "__main__":
    main()
