"""How fast the engine is, as ratios against a plain baseline measured in the same run on the same machine.

The baseline is what DeepCore and MiSLAS do: an eager loop over NCHW batches, images as PIL through torchvision's transforms
in a DataLoader with two workers, all threads, a test pass over 10,000 images after each epoch, one scoring pass a metric.
Ours goes through `lt_prune.engine.run_all`, as many runs at once as there are cores. Both see the same images (random
pixels: their content does not change the speed) in the class counts of CIFAR-10-LT at an imbalance of 100.

    python scripts/bench_engine.py                      # about a quarter of an hour on 2 cores
    python scripts/bench_engine.py --only training,loader
    python scripts/bench_engine.py --full               # 10 members x 10 epochs of all 12,406 images: hours

A row says: ours, the baseline, their ratio (median over repetitions run in turn, with the least and the largest), and the
floor and the goal that the project set itself. Time to start worker processes is not part of the rates, but of the wall
times ("10 members"). With `--device cuda` only the training rate is measured, by precision and number of runs at once.
"""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from torch.utils.flop_counter import FlopCounterMode
from torchvision import transforms

import lt_prune as lp
from lt_prune.data.batches import TrainingBatches
from lt_prune.data.longtail import exponential_counts
from lt_prune.engine import Run, available_cores, run_all
from lt_prune.engine.predict import Scoring
from lt_prune.engine.solo import threads
from lt_prune.methods import METHODS
from lt_prune.metrics import METRICS
from lt_prune.models.network import build_network
from lt_prune.steps.evaluate import Testing
from lt_prune.types import Recipe

MEAN, STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)


@dataclass(frozen=True)
class Sizes:
    """How much each part does."""

    name: str = "default"
    images: int = 12406
    test: int = 10000
    train: int = 3000
    pruned: int = 3722
    score: int = 4000
    members_images: int = 300
    members: int = 10
    epochs: int = 10
    memory_members: int = 4
    memory_epochs: int = 1
    growth_images: tuple[int, ...] = (1000, 2000, 5000, 10000, 20000, 50000)
    growth_members: tuple[int, ...] = (1, 2, 4, 6, 10)
    growth_base: int = 5000
    depth: int = 32
    repeats: int = 3


FULL = Sizes(name="full", train=12406, score=12406, members_images=12406, memory_members=10, memory_epochs=10)
SMOKE = Sizes("smoke", 300, 100, 130, 130, 100, 60, 2, 1, 2, 1, (130, 300), (1, 2), 130, 8, 1)


@dataclass
class Row:
    """One line of the result."""

    name: str
    ours: float
    baseline: float
    ratios: list[float]
    unit: str
    floor: float | None = None
    goal: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)


@dataclass
class Bench:
    """What every part needs."""

    sizes: Sizes
    rows: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        random = np.random.default_rng(0)
        most = max(self.sizes.images, self.sizes.test, *self.sizes.growth_images)
        self.pixels = random.integers(0, 256, (most, 32, 32, 3), dtype=np.uint8)
        counts = exponential_counts(5000, 100, 10)
        self.labels = random.permutation(np.resize(np.repeat(np.arange(10), counts), most)).astype(np.int64)
        self.cores = available_cores()

    def run(self, n: int, epochs: int = 1, finish: Any = None, seed: int = 0) -> Run:
        """One of our runs on the first n images."""
        return Run(
            title=f"run {seed}",
            pixels=self.pixels[: self.sizes.images],
            labels=self.labels[: self.sizes.images],
            positions=np.arange(n),
            n_classes=10,
            recipe=Recipe(epochs=epochs, warmup=0, depth=self.sizes.depth),
            method=METHODS.load("ce"),
            seed=seed,
            identity="bench",
            finish=finish,
        )

    def add(self, name: str, ours: list[float], baseline: list[float], unit: str, **more: Any) -> None:
        """A row of repetitions in turn; for rates more is better, for times less."""
        pairs = zip(ours, baseline)
        ratios = [b / o for o, b in pairs] if unit == "s" else [o / b for o, b in pairs]
        self.rows.append(Row(name, statistics.median(ours), statistics.median(baseline), ratios, unit, **more))


class Pictures(Dataset[tuple[torch.Tensor, int]]):
    """Images as torchvision's CIFAR10 holds them: an array, turned into PIL one by one."""

    def __init__(self, pixels: np.ndarray, labels: np.ndarray, train: bool) -> None:
        self.pixels, self.labels = pixels, labels
        augment = [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip()] if train else []
        self.transform = transforms.Compose(
            [transforms.ToPILImage(), *augment, transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
        )

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
        return self.transform(self.pixels[i]), int(self.labels[i])


class Plain:
    """The baseline."""

    def __init__(self, bench: Bench, device: str = "cpu") -> None:
        self.bench, self.device = bench, device
        self.network = build_network(depth=bench.sizes.depth, channels=3, n_classes=10, seed=0)
        self.network.to(device=device, memory_format=torch.contiguous_format)
        self.optimizer = torch.optim.SGD(self.network.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)

    def loader(self, n: int, train: bool) -> DataLoader[Any]:
        images = Pictures(self.bench.pixels[:n], self.bench.labels[:n], train)
        return DataLoader(images, batch_size=128, shuffle=train, num_workers=2)

    def train_epoch(self, n: int) -> None:
        self.network.train()
        for pixels, labels in self.loader(n, train=True):
            loss = F.cross_entropy(self.network(pixels.to(self.device)).logits, labels.to(self.device))
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            loss.item()

    @torch.no_grad()
    def forward(self, n: int, use: Callable[[Any, torch.Tensor], Any]) -> None:
        self.network.eval()
        for pixels, labels in self.loader(n, train=False):
            use(self.network(pixels.to(self.device)), labels.to(self.device))

    def test(self, n: int) -> None:
        self.forward(n, lambda outputs, labels: (outputs.logits.argmax(1) == labels).sum().item())


def seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def together(runs: list[Run], device: str = "cpu", **options: Any) -> float:
    """Training time of runs that work at once: the longest of them."""
    return max(outcome.seconds for _, outcome in run_all(runs, device, isolate=True, **options))


def training(bench: Bench) -> None:
    n, cores = bench.sizes.train, bench.cores
    ours, plain = [], []
    for _ in range(bench.sizes.repeats):
        ours.append(n * cores / together([bench.run(n, seed=k) for k in range(cores)]))
        baseline = Plain(bench)
        plain.append(n / seconds(lambda: baseline.train_epoch(n)))
    bench.add("training", ours, plain, "images/s", floor=1.35, goal=1.5, note=f"{n:,} images an epoch, {cores} runs at once")
    limits = [matrix_product_limit(bench) for _ in range(bench.sizes.repeats)]
    bench.add("share of the matrix-product limit, training", ours, limits, "images/s", floor=0.62, goal=0.70)


def matrix_product_limit(bench: Bench) -> float:
    """Images a second that could be trained if every operation ran as fast as a large product of float32 matrices."""
    network = build_network(depth=bench.sizes.depth, channels=3, n_classes=10, seed=0)
    with FlopCounterMode(display=False) as counter:
        network(torch.zeros(2, 3, 32, 32)).logits.sum().backward()
    a, b = torch.randn(2, 2048, 2048)
    a @ b
    rate = 10 * 2 * 2048**3 / seconds(lambda: [a @ b for _ in range(10)])
    return rate / (counter.get_total_flops() / 2)


def pruned(bench: Bench) -> None:
    n, cores, test = bench.sizes.pruned, bench.cores, bench.sizes.test
    groups = np.zeros(10, np.int64)
    testing = Testing(bench.pixels[:test], bench.labels[:test], groups, "linear")
    once, every, plain = [], [], []
    for _ in range(bench.sizes.repeats):
        runs = [bench.run(n, finish=testing, seed=k) for k in range(cores)]
        outcomes = [outcome for _, outcome in run_all(runs, "cpu", isolate=True)]
        once.append(max(outcome.seconds for outcome in outcomes) / cores)
        every.append(max(outcome.seconds + outcome.finishing for outcome in outcomes) / cores)
        baseline = Plain(bench)
        plain.append(seconds(lambda: (baseline.train_epoch(n), baseline.test(test))))
    note = f"{n:,} images kept, baseline tests {test:,} after each epoch"
    bench.add("epoch at 70 % pruned, test once", once, plain, "s", floor=2.2, goal=2.6, note=note)
    bench.add("epoch at 70 % pruned, test every epoch", every, plain, "s", floor=1.3, goal=1.5, note=note)


def scoring(bench: Bench) -> None:
    n, cores = bench.sizes.score, bench.cores
    finish = Scoring(bench.pixels[:n], bench.labels[:n], tuple(METRICS.names))
    functions = [METRICS.load(name) for name in METRICS.names]
    ours, two, one = [], [], []
    for _ in range(bench.sizes.repeats):
        runs = [bench.run(2, finish=finish, seed=k) for k in range(cores)]
        ours.append(n * cores / max(outcome.finishing for _, outcome in run_all(runs, "cpu", isolate=True)))
        baseline = Plain(bench)
        two.append(n / seconds(lambda: [baseline.forward(n, metric) for metric in functions]))
        one.append(n / seconds(lambda: baseline.forward(n, lambda out, y: [metric(out, y) for metric in functions])))
    bench.add("scoring by both metrics", ours, two, "images/s", floor=1.9, goal=2.3, note=f"{n:,} images, a pass a metric")
    bench.add("scoring by both metrics, baseline in one pass", ours, one, "images/s")


def loader(bench: Bench) -> None:
    n = bench.sizes.images
    ours, plain = [], []
    for epoch in range(bench.sizes.repeats):
        batches = TrainingBatches.of(bench.pixels[:n], bench.labels[:n], padding=4, flip=True, batch_size=128, seed=0)
        with threads(1):
            ours.append(n / seconds(lambda: [None for _ in batches.epoch(epoch)]))
        images = Plain(bench).loader(n, train=True)
        plain.append(n / seconds(lambda: [None for _ in images]))
    bench.add("loader alone, one thread against two workers", ours, plain, "images/s", floor=10, goal=20)


def long_tailed(bench: Bench, n: int, folder: Path) -> str:
    """A set of n images as `--data` names it."""
    file = folder / f"{n}.npz"
    test = {"x_test": bench.pixels[:20], "y_test": bench.labels[:20]}
    np.savez(file, x_train=bench.pixels[:n], y_train=np.concatenate([np.arange(10), bench.labels[10:n]]), **test)
    return f"npz:{file}"


def members(bench: Bench) -> None:
    sizes = bench.sizes
    with TemporaryDirectory() as folder:
        data = lp.open_set(long_tailed(bench, sizes.members_images, Path(folder)))
        ours = seconds(
            lambda: lp.score(data, members=sizes.members, epochs=sizes.epochs, depth=sizes.depth, device="cpu", flip=True)
        )
    functions = [METRICS.load(name) for name in METRICS.names]

    def in_a_row() -> None:
        for _ in range(sizes.members):
            baseline = Plain(bench)
            for _ in range(sizes.epochs):
                baseline.train_epoch(sizes.members_images)
            for metric in functions:
                baseline.forward(sizes.members_images, metric)

    note = f"{sizes.members_images:,} images, no test pass in either"
    name = f"{sizes.members} members x {sizes.epochs} epochs, wall time"
    bench.add(name, [ours], [seconds(in_a_row)], "s", floor=1.4, goal=1.55, note=note)


def memory(bench: Bench) -> None:
    sizes = bench.sizes
    with TemporaryDirectory() as folder:
        data = long_tailed(bench, sizes.images, Path(folder))
        pss, rss = peak_memory(data, sizes.memory_members, sizes.memory_epochs, sizes.depth, folder)
    note = f"{sizes.images:,} images, {sizes.memory_members} members x {sizes.memory_epochs} epochs; goal 1.2 GB, floor 2 GB"
    bench.rows.append(Row("peak memory, shared pages counted once", pss, float("nan"), [float("nan")], "GB", note=note))
    bench.rows.append(Row("peak memory, resident sizes summed", rss, float("nan"), [float("nan")], "GB"))


def peak_memory(data: str, n_members: int, epochs: int, depth: int, folder: str) -> tuple[float, float]:
    """Peak of the proportional and of the resident set sizes of a scoring command and its workers, in GB."""
    command = ["-m", "lt_prune", "score", "--data", data, "--members", n_members, "--epochs", epochs, "--depth", depth]
    process = subprocess.Popen(
        [sys.executable, *map(str, command), "--device", "cpu"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    peaks = [0.0, 0.0]
    while process.poll() is None:
        found = [sum(sizes) for sizes in zip(*(memory_of(pid) for pid in tree(process.pid)))] or [0, 0]
        peaks = [max(pair) for pair in zip(peaks, found)]
        time.sleep(0.2)
    if process.returncode:
        raise click.ClickException("the scoring whose memory was to be measured failed")
    return peaks[0] / 1e6, peaks[1] / 1e6


def tree(root: int) -> set[int]:
    """A process and all below it."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found, size = {root}, 0
    while len(found) > size:
        size = len(found)
        found |= {child for child, parent in parents.items() if parent in found}
    return found


def memory_of(pid: int) -> tuple[int, int]:
    """Proportional and resident set size in kB; nothing of a process that has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return 0, 0
    sizes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return sizes["Pss"], sizes["Rss"]


def growth(bench: Bench) -> None:
    """How cost grows with images and with members, at depth 8; the time to start is measured apart and taken off."""
    sizes = bench.sizes
    with TemporaryDirectory() as folder:
        start = growth_cost(bench, 128, 2, folder)[0]
        by_images = [(n, *growth_cost(bench, n, 2, folder)) for n in sizes.growth_images]
        by_members = [(k, *growth_cost(bench, sizes.growth_base, k, folder)) for k in sizes.growth_members]
    for what, points in (("images", by_images), ("members", by_members)):
        x, spent, peak = (np.array(column, dtype=float) for column in zip(*points))
        exponent = np.polyfit(np.log(x), np.log(np.maximum(spent - start, 1e-3)), 1)[0]
        slope = np.polyfit(x, peak, 1)[0] * 1e6
        shown = ", ".join(f"{int(n):,}: {s:.1f} s {p:.2f} GB" for n, s, p in points)
        note = f"{shown}; start {start:.1f} s; {slope:.1f} kB more for each of the {what}"
        bench.rows.append(Row(f"time grows with {what} to the power", exponent, float("nan"), [float("nan")], "", note=note))


def growth_cost(bench: Bench, n: int, n_members: int, folder: str) -> tuple[float, float]:
    """Wall time (s) and peak memory (GB) of a scoring at depth 8, one epoch."""
    data = long_tailed(bench, n, Path(folder))
    began = time.perf_counter()
    with TemporaryDirectory() as empty:
        pss, _ = peak_memory(data, n_members, 1, 8, empty)
    return time.perf_counter() - began, pss


def on_cuda(bench: Bench) -> None:
    n = bench.sizes.images
    baseline = Plain(bench, "cuda")
    baseline.train_epoch(n)
    plain = [n / seconds(lambda: (baseline.train_epoch(n), torch.cuda.synchronize())) for _ in range(bench.sizes.repeats)]
    for precision in ("tf32", "bf16"):
        for at_once in (1, 2, 4, 6, 10):
            ours = []
            for _ in range(bench.sizes.repeats):
                runs = [bench.run(n, epochs=bench.sizes.epochs, seed=k) for k in range(at_once)]
                spent = together(runs, "cuda", workers=at_once, precision=precision)
                ours.append(n * bench.sizes.epochs * at_once / spent)
            bench.add(f"training, {precision}, {at_once} at once", ours, plain, "images/s")


PARTS = {
    "training": training,
    "pruned": pruned,
    "scoring": scoring,
    "loader": loader,
    "members": members,
    "memory": memory,
    "growth": growth,
}


def machine() -> str:
    names = [line.partition(":")[2].strip() for line in lines_of("/proc/cpuinfo") if line.startswith("model name")]
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    return (
        f"{names[0] if names else platform.processor()}, {available_cores()} cores{gpu}, "
        f"Python {platform.python_version()}, torch {torch.__version__}"
    )


def lines_of(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def show(rows: list[Row]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("", "ours", "baseline", "unit", "ratio", "least..largest", "floor", "goal", "size"):
        table.add_column(column, overflow="fold")
    for row in rows:
        compared = np.isfinite(row.ratio)
        table.add_row(
            row.name,
            f"{row.ours:,.2f}",
            f"{row.baseline:,.2f}" if compared else "",
            row.unit,
            f"{row.ratio:.2f}" if compared else "",
            f"{min(row.ratios):.2f}..{max(row.ratios):.2f}" if compared else "",
            *("" if bound is None else f"{bound:g}" for bound in (row.floor, row.goal)),
            row.note,
        )
    return table


@click.command(help=__doc__)
@click.option("--only", help=f"Parts to run, with commas between: {', '.join(PARTS)}.")
@click.option("--device", type=click.Choice(("cpu", "cuda")), default="cpu", show_default=True)
@click.option("--full", "sizes", flag_value=FULL, type=click.UNPROCESSED, help="The real sizes.")
@click.option("--smoke", "sizes", flag_value=SMOKE, type=click.UNPROCESSED, help="Tiny sizes, which measure nothing.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write every figure to this file.")
def main(only: str | None, device: str, sizes: Sizes | None, file: Path | None) -> None:
    bench = Bench(sizes or Sizes())
    names = only.split(",") if only else list(PARTS)
    if unknown := set(names) - set(PARTS):
        raise click.UsageError(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    click.echo(f"{machine()}; sizes: {bench.sizes.name}")
    for part in [on_cuda] if device == "cuda" else [PARTS[name] for name in names]:
        click.echo(f"measuring {part.__name__} ...", err=True)
        part(bench)
    Console(width=200).print(show(bench.rows))
    if file:
        rows = [{**vars(row), "ratio": row.ratio} for row in bench.rows]
        file.write_text(json.dumps({"machine": machine(), "sizes": vars(bench.sizes), "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
