#!/usr/bin/env python
"""Run the long trainings of the benchmark, one after another; stopped at any time, it goes on where it was.

    lt-prune build --data folder:cifar10 --imbalance 100 --groups 3,7 --out bench/cifar10-lt100.h5     # and 50, 10
    lt-prune build --data folder:cifar100 --imbalance 100 --groups 36,71 --out bench/cifar100-lt100.h5 # and 50, 10
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
SETS = ("cifar10-lt100", "digits-lt10", "fashion-mnist-lt100", "cifar100-lt100")
SETS += ("cifar10-lt50", "cifar10-lt10", "cifar100-lt50", "cifar100-lt10")
"""Those that scores are published of."""
CURVES_OF = ("cifar10-lt100", "fashion-mnist-lt100", "digits-lt10")
NETWORK = ["--model", "resnet20", "--epochs", "30"]
RATIOS = "0.1,0.3,0.45,0.6,0.8"
STRATEGIES = "random,class-random,equal+random,sqrt+random,ranked,proportional+hard"
"""What every set is pruned by. Each pruning at random is a control itself, and class-random that of a metric within
classes."""
OTHER_METRICS = (
    "margin,entropy,loss,confidence,self-confidence,grand-last,forgetting,aum,mean-confidence,variability,dyn-unc,dual,tdds,"
    "class-median,prototypes,zcore,knn-density,typicality,near-duplicate,near-other"
)
OTHER_STRATEGIES = (
    "ccs,ccs-cp,nucs,rcap,dual,equal+hard,sqrt+hard,floor+hard,floor+random,rcap+random,nucs+random,equal+strata,sqrt+strata,"
    "equal+window"
)
"""What is tried besides, at one ratio with one seed."""
BEST = "rcap+random,equal+strata,equal+hard"
"""The best three of these by balanced accuracy on CIFAR-10-LT."""
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
    for data in SETS:
        for members in MEMBERS:
            yield Job(f"scores/{data}/{members}", data, ("score", "--members", str(members)))
    yield from paper_on("cifar10-lt100")
    for data in CURVES_OF:
        yield from curves_of(data)
    for data in ENSEMBLES:
        yield from scoring_of(data)


def paper_on(data: str) -> Iterator[Job]:
    """The paper at full length: stage ones, and second stages on them."""
    for name, method in STAGE_ONE.items():
        yield Job(f"paper/{data}/{name}", data, ("train", "--recipe", "released", *method, "--out", f"runs/{data}-{name}"))
    for method, first in (("mislas", "mixup"), ("l2a", "mixup"), ("abs", "mixup"), ("alas", "mixup"), ("atl", "aem")):
        start = ("--from-run", f"runs/{data}-{first}")
        yield Job(f"paper/{data}/{method}", data, ("train", "--method", method, *start, "--out", f"runs/{data}-{method}"))


def curves_of(data: str) -> Iterator[Job]:
    """Accuracy against the fraction pruned: the usual prunings, one seed of everything first, then the others."""
    ranked = ("sweep", *NETWORK, "--scores", "published")
    usual = (*ranked, "--strategies", STRATEGIES, "--metrics", "el2n,avh", "--controls", "--ratios", RATIOS)
    for seeds in ("0", "0-2"):
        for equal in ("epochs", "steps"):
            how = ("--seeds", seeds, "--equal", equal, "--out", "curves")
            yield Job(f"curves/{data}/{equal}/{seeds}", data, (*usual, *how))
    once = ("--ratios", "0.45", "--seeds", "0")
    by_metric = ("--strategies", "ranked", "--metrics", OTHER_METRICS, *once, "--out", "screen/metrics")
    by_strategy = ("--strategies", OTHER_STRATEGIES, "--metrics", "avh", *once, "--out", "screen/strategies")
    best = ("--strategies", BEST, "--metrics", "avh", "--ratios", "0.3,0.45,0.6", "--seeds", "0-2", "--out", "best")
    yield Job(f"screen/{data}/metrics", data, (*ranked, *by_metric))
    yield Job(f"screen/{data}/strategies", data, (*ranked, *by_strategy))
    yield Job(f"best/{data}", data, (*ranked, *best))


def scoring_of(data: str) -> Iterator[Job]:
    """Ensembles whose members are trained in other ways, and what pruning by them costs."""
    model, members = ENSEMBLES[data]
    how = ("--strategies", "ranked,proportional+hard", "--metrics", "el2n,avh", "--ratios", "0.45", *NETWORK)
    for name, recipe in SCORING.items():
        scores = f"scoring/{data}-{name}.h5"
        train = ("score", "--model", model, "--members", members, *recipe, "--out", scores)
        yield Job(f"scoring/{data}/{name}/members", data, train)
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
