"""Benchmark of the training engine against a plain loop, both in this file's one run on one machine.

    .venv/bin/python scripts/bench_engine.py                          # sizes that end in minutes on 2 cores
    .venv/bin/python scripts/bench_engine.py --full --json full.json  # the real sizes; hours
    .venv/bin/python scripts/bench_engine.py --only training,loader --size repeats=5

How to read it. Each row gives medians over repetitions run in turn (ours, baseline, ours, baseline); a ratio is above 1
where ours is better, and stands with the least and the greatest of the repetitions. "ours" are as many runs at once as
there are cores, together, from the first one's first step to the last one's end: the start of processes is left out,
except in the ensemble's wall time. The baseline is what DeepCore and MiSLAS do: an eager NCHW ResNet, PIL images
through torchvision's transforms in a DataLoader with two workers, all threads, one run after the other. In "share of mm
limit" it is the images a second that one large matrix product's speed would give. Floor and goal are for 2 cores and
the real sizes (those of memory are upper bounds); the column "size" says what was used. Images are random: speed does
not depend on content. With --device cuda, training alone is measured, by precision and number of runs at once.
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from PIL import Image
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from torch.utils.flop_counter import FlopCounterMode
from torchvision import transforms

import lt_prune as lp
from lt_prune.config.recipe import Recipe
from lt_prune.data.assemble import assemble
from lt_prune.data.batches import Sampling, TrainingBatches
from lt_prune.data.cut import Cut
from lt_prune.data.longtail import exponential_counts
from lt_prune.data.sources import Source
from lt_prune.engine import Run, run_all
from lt_prune.engine.fitting import Fitting
from lt_prune.engine.scoring import Scoring
from lt_prune.engine.session import threads
from lt_prune.engine.testing import Testing
from lt_prune.machine import available_cores
from lt_prune.methods.ce import CrossEntropy
from lt_prune.models import find_model
from lt_prune.steps.build import open_set
from lt_prune.store.files import write_set
from lt_prune.types import Array, LongTailedSet

CLASSES = 10
BATCH = 128
SAMPLED = 0.2
"""Seconds between two looks at memory; a look costs some milliseconds of a core."""


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much each part does, in images where nothing else is said."""

    repeats: int = 3
    depth: int = 32
    train: int = 2048
    kept: int = 930
    tested: int = 2500
    scored: int = 3072
    loaded: int = 12_406
    ensemble: int = 768
    members: int = 4
    epochs: int = 2
    memory: int = 12_406
    memory_members: int = 2
    matrix: int = 2048
    """Side of the multiplied matrices."""
    growth_depth: int = 8
    growth: tuple[int, ...] = (1000, 2000, 5000, 10_000, 20_000, 50_000)
    growth_images: int = 1000
    growth_members: tuple[int, ...] = (1, 2, 4, 6, 10)
    cuda_epochs: int = 2
    """Timed, after one that is not."""
    cuda_runs: tuple[int, ...] = (1, 2, 4, 6, 10)


_REAL: dict[str, int] = {"train": 12_406, "kept": 3722, "tested": 10_000, "scored": 12_406, "ensemble": 12_406}
FULL = Sizes(**_REAL, members=10, epochs=10, memory_members=10)
_TINY: dict[str, int] = dict.fromkeys(("train", "kept", "tested", "scored", "loaded", "ensemble", "memory"), 200)
SMOKE = Sizes(
    **_TINY, repeats=1, depth=8, members=2, epochs=1, matrix=256, growth=(50, 200), growth_images=50, growth_members=(1, 2)
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table; a value for each repetition."""

    name: str
    size: str
    unit: str
    ours: list[float]
    baseline: list[float] | None = None
    floor: str = ""
    goal: str = ""

    @property
    def ratios(self) -> list[float]:
        """How many times better ours is, repetition by repetition."""
        lower_is_better = self.unit == "s"
        return [b / o if lower_is_better else o / b for o, b in zip(self.ours, self.baseline or [])]


# The data


def long_tailed_labels(n: int) -> Array:
    """int64 (n,): the class counts of CIFAR-10-LT at imbalance 100 (12,406 images), scaled."""
    counts = np.maximum(exponential_counts(5000, 100, CLASSES) * n // 12_406, 1)
    counts[0] += n - counts.sum()
    return np.repeat(np.arange(CLASSES), counts)


@dataclass(frozen=True)
class Images:
    """Where images come from: a set, from its beginning again where it is too short, or chance."""

    found: LongTailedSet | None

    def pixels(self, n: int, seed: int) -> Array:
        if self.found:
            return self.found.pixels[np.arange(n) % len(self.found.pixels)]
        return np.random.default_rng(seed).integers(0, 256, (n, 32, 32, 3), dtype=np.uint8)

    def long_tailed(self, n: int, tested: int = CLASSES) -> LongTailedSet:
        source = Source(
            pixels=self.pixels(n, seed=0),
            labels=long_tailed_labels(n),
            test_pixels=self.pixels(tested, seed=1),
            test_labels=np.arange(tested) % CLASSES,
            class_names=tuple(map(str, range(CLASSES))),
        )
        return assemble(source, Cut(profile="none"), name="benchmark", spec="benchmark")


# The baseline


class PlainImages(Dataset[tuple[Tensor, int]]):
    """Images one by one through PIL and torchvision, as torchvision's own CIFAR10 gives them."""

    def __init__(self, pixels: Array, labels: Array, augment: bool) -> None:
        self.pixels, self.labels = pixels, labels
        crop = [transforms.RandomCrop(pixels.shape[1], padding=4), transforms.RandomHorizontalFlip()] if augment else []
        normalise = transforms.Normalize([0.5] * pixels.shape[-1], [0.25] * pixels.shape[-1])
        self.transform = transforms.Compose([*crop, transforms.ToTensor(), normalise])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(self.pixels[index].squeeze())), int(self.labels[index])


def plain_loader(pixels: Array, labels: Array, augment: bool, workers: int = 2) -> DataLoader[tuple[Tensor, int]]:
    """Workers are forked where that can be: other ways, which newer Pythons prefer, would load torch again each epoch."""
    how = "fork" if workers and "fork" in multiprocessing.get_all_start_methods() else None
    images = PlainImages(pixels, labels, augment)
    return DataLoader(images, BATCH, shuffle=augment, num_workers=workers, multiprocessing_context=how)


class PlainBlock(nn.Module):
    """He et al.'s basic block with the option-A shortcut."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.stride, self.extra = stride, (channels_out - channels_in) // 2

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.extra:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.extra, self.extra))
        return F.relu(out + x)


class PlainNetwork(nn.Module):
    """CIFAR-style ResNet: features and logits."""

    def __init__(self, depth: int, channels: int) -> None:
        super().__init__()
        blocks = [
            PlainBlock(width // 2 if first and width > 16 else width, width, 2 if first and width > 16 else 1)
            for width in (16, 32, 64)
            for first in [True] + [False] * ((depth - 2) // 6 - 1)
        ]
        stem = [nn.Conv2d(channels, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
        self.backbone = nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.classifier = nn.Linear(64, CLASSES)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.backbone(x)
        return features, self.classifier(features)


def plain_train(network: PlainNetwork, pixels: Array, labels: Array, device: str = "cpu", epochs: int = 1) -> list[float]:
    """Seconds of each epoch."""
    network.to(device).train()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    loader = plain_loader(pixels, labels, augment=True)
    seconds = []
    for _ in range(epochs):
        began = time.perf_counter()
        for images, targets in loader:
            loss = F.cross_entropy(network(images.to(device))[1], targets.to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss.item()  # as their running means ask for
        seconds.append(time.perf_counter() - began)
    return seconds


def plain_el2n(network: PlainNetwork, features: Tensor, logits: Tensor, labels: Tensor) -> Tensor:
    return (logits.softmax(1) - F.one_hot(labels, CLASSES)).norm(dim=1)


def plain_avh(network: PlainNetwork, features: Tensor, logits: Tensor, labels: Tensor) -> Tensor:
    angles = torch.acos((F.normalize(features) @ F.normalize(network.classifier.weight).T).clamp(-1, 1))
    return angles.gather(1, labels[:, None])[:, 0] / angles.sum(1)


def plain_correct(network: PlainNetwork, features: Tensor, logits: Tensor, labels: Tensor) -> Tensor:
    return logits.argmax(1) == labels


@torch.no_grad()
def plain_pass(network: PlainNetwork, pixels: Array, labels: Array, *functions: Callable[..., Tensor]) -> float:
    """Seconds of one pass in evaluation mode that applies every function."""
    network.eval()
    began = time.perf_counter()
    for images, targets in plain_loader(pixels, labels, augment=False):
        features, logits = network(images)
        for function in functions:
            function(network, features, logits, targets)
    return time.perf_counter() - began


# Ours


@dataclass(frozen=True)
class Span:
    """Seconds of several runs together, as their progress told them; without the start of processes."""

    train: float
    """From the first one's first step to the last one's last."""
    finish: float
    """From the first one's last step to the last outcome."""
    whole: float


def together(
    data: LongTailedSet, depth: int, n: int, device: str = "cpu", *, warm_up: int = 0, epochs: int = 1, **settings: Any
) -> Span:
    """Train n runs at once, and time them after `warm_up` epochs.

    Args:
        settings: fields of `Run`, and `precision`, on CUDA only.
    """
    times: dict[int, list[float]] = defaultdict(list)

    def progress(what: str, done: int, total: int) -> None:
        times[done].append(time.perf_counter())

    compute = lp.Compute(device=device, precision=settings.pop("precision", "tf32"), workers=n, n_threads=1)
    labels = data.index.labels
    common: dict[str, Any] = {
        "rows": np.arange(len(labels)),
        "model": find_model(f"resnet{depth}"),
        "loss": partial(CrossEntropy, np.bincount(labels).tolist()),
        "identity": {},
        **settings,
    }
    recipe = Recipe(epochs=epochs, model=f"resnet{depth}")
    runs = [
        Run(title=f"run {k}", pixels=data.pixels, labels=labels, n_classes=CLASSES, recipe=recipe, seed=k, **common)
        for k in range(n)
    ]
    # Isolated, so that nothing that the engine sets for a process speeds up the baseline in this one.
    for _, outcome in run_all(runs, compute, isolate=device == "cpu", progress=progress):
        outcome.unwrap()
        ended = time.perf_counter()
    began, trained = min(times[warm_up]), times[epochs]
    return Span(max(trained) - began, ended - min(trained), ended - began)


PROGRAM = """
import json, sys, time
import lt_prune as lp
started = []
settings = json.loads(sys.argv[2])
compute = lp.Compute(device="cpu", workers=settings.pop("workers", None))
lp.score(sys.argv[1], compute=compute, progress=lambda *_, **__: started.append(time.perf_counter()), **settings)
print(time.perf_counter() - started[0])
"""
"""Scores a set file; prints the seconds from the first epoch's start to the end."""


def tree(root: int) -> list[int]:
    """A process and all below it."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has ended
            continue
    found = [root]
    for process in found:
        found += [child for child, parent in parents.items() if parent == process]
    return found


def memory(process: int) -> Array:
    """PSS and RSS in bytes."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return np.zeros(2)
    sizes = {line.split()[0]: int(line.split()[1]) * 1024 for line in lines[1:]}
    return np.array([sizes.get("Pss:", 0), sizes.get("Rss:", 0)], dtype=float)


def scoring(data: LongTailedSet, **options: Any) -> tuple[float, float, float]:
    """Score in a fresh process: seconds, and the peaks of PSS and RSS in bytes summed over it and the processes below it."""
    peak = np.zeros(2)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "set.h5"
        write_set(file, data)
        settings = json.dumps({"epochs": 1, **options})
        command = [sys.executable, "-c", PROGRAM, str(file), settings]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            while process.poll() is None:
                peak = np.maximum(peak, sum(memory(one) for one in tree(process.pid)))
                time.sleep(SAMPLED)
            said = process.communicate()[0]
    if process.returncode:
        raise click.ClickException("the process that scores failed")
    return float(said), *map(float, peak)


# The parts


def alternate(repeats: int, *measures: Callable[[], Any]) -> list[list[Any]]:
    """What each measure gives, run in turn."""
    rounds = [[measure() for measure in measures] for _ in range(repeats)]
    return [list(values) for values in zip(*rounds)]


def flops_an_image(depth: int, shape: tuple[int, ...]) -> int:
    """Floating-point operations of a forward and a backward pass."""
    network = PlainNetwork(depth, shape[-1])
    with FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, shape[-1], *shape[:2]))[1].sum().backward()
    return counter.get_total_flops()


def matmul_flops(side: int) -> float:
    """Floating-point operations a second of a large float32 matrix product on all cores."""
    a, b = torch.rand(2, side, side)
    seconds = []
    with threads(available_cores()):
        for _ in range(6):
            began = time.perf_counter()
            torch.mm(a, b)
            seconds.append(time.perf_counter() - began)
    return 2 * side**3 / statistics.median(seconds[1:])


def training(sizes: Sizes, images: Images) -> Iterator[Row]:
    data, cores = images.long_tailed(sizes.train), available_cores()
    pixels, labels = data.pixels, data.index.labels
    seconds, plain, peak = alternate(
        sizes.repeats,
        lambda: together(data, sizes.depth, cores).train,
        lambda: sum(plain_train(PlainNetwork(sizes.depth, pixels.shape[-1]), pixels, labels)),
        lambda: matmul_flops(sizes.matrix),
    )
    ours, baseline = [cores * sizes.train / s for s in seconds], [sizes.train / s for s in plain]
    size = f"{cores} runs, {sizes.train:,} images"
    yield Row(name="training", size=size, unit="images/s", ours=ours, baseline=baseline, floor="1.35x", goal="1.5x")
    per_image = flops_an_image(sizes.depth, pixels.shape[1:])
    limit = [p / per_image for p in peak]
    yield Row(name="share of mm limit", size=size, unit="images/s", ours=ours, baseline=limit, floor="0.62x", goal="0.7x")


def pruned(sizes: Sizes, images: Images) -> Iterator[Row]:
    data, cores = images.long_tailed(sizes.kept, sizes.tested), available_cores()

    def plain() -> float:
        network = PlainNetwork(sizes.depth, data.pixels.shape[-1])
        epoch = sum(plain_train(network, data.pixels, data.index.labels))
        return epoch + plain_pass(network, data.test_pixels, data.test_labels, plain_correct)

    test = Testing.of(data, Fitting.of(data, "linear", data.index.counts, None))
    spans, baseline = alternate(sizes.repeats, lambda: together(data, sizes.depth, cores, on_trained=test), plain)
    size = f"{sizes.kept:,} + {sizes.tested:,} images"
    epoch, whole = [s.train / cores for s in spans], [s.whole / cores for s in spans]
    yield Row(name="pruned epoch", size=size, unit="s", ours=epoch, baseline=baseline, floor="2.2x", goal="2.6x")
    yield Row(name="pruned epoch, both test", size=size, unit="s", ours=whole, baseline=baseline, floor="1.3x", goal="1.5x")


def forward(sizes: Sizes, images: Images) -> Iterator[Row]:
    data, cores = images.long_tailed(sizes.scored), available_cores()
    pixels, labels = data.pixels, data.index.labels
    network = PlainNetwork(sizes.depth, pixels.shape[-1])
    score = Scoring(pixels, labels, ("el2n", "avh"))
    seconds, two, one = alternate(
        sizes.repeats,
        lambda: together(data, sizes.depth, cores, rows=np.arange(2), on_trained=score).finish,
        lambda: sum(plain_pass(network, pixels, labels, function) for function in (plain_el2n, plain_avh)),
        lambda: plain_pass(network, pixels, labels, plain_el2n, plain_avh),
    )
    ours, size = [cores * sizes.scored / s for s in seconds], f"{cores} members, {sizes.scored:,} images"
    two, one = ([sizes.scored / s for s in plain] for plain in (two, one))
    yield Row(name="scoring pass", size=size, unit="images/s", ours=ours, baseline=two, floor="1.9x", goal="2.3x")
    yield Row(name="scoring pass, against one for both", size=size, unit="images/s", ours=ours, baseline=one)


def loader(sizes: Sizes, images: Images) -> Iterator[Row]:
    data = images.long_tailed(sizes.loaded)
    pixels, labels = data.pixels, data.index.labels
    batches = TrainingBatches.of(pixels, labels, Sampling(padding=4, flip=True, batch_size=BATCH, seed=0))

    def rate(epoch: Callable[[], Any]) -> float:
        began = time.perf_counter()
        with threads(1):
            for _ in epoch():
                pass
        return sizes.loaded / (time.perf_counter() - began)

    ours, two, none = alternate(
        sizes.repeats,
        lambda: rate(lambda: ((x.float() / 64 - 2, y) for x, y, _ in batches.epoch(0))),  # normalised, as the baseline's are
        lambda: rate(lambda: plain_loader(pixels, labels, augment=True)),
        lambda: rate(lambda: plain_loader(pixels, labels, augment=True, workers=0)),
    )
    size = f"{sizes.loaded:,} images"
    yield Row(name="loader", size=size, unit="images/s", ours=ours, baseline=two, floor="10x", goal="20x")
    yield Row(name="loader, against one process", size=size, unit="images/s", ours=ours, baseline=none)


def ensemble(sizes: Sizes, images: Images) -> Iterator[Row]:
    data = images.long_tailed(sizes.ensemble)
    pixels, labels = data.pixels, data.index.labels

    def ours() -> float:
        began = time.perf_counter()
        lp.score(
            data, members=sizes.members, epochs=sizes.epochs, model=f"resnet{sizes.depth}", compute=lp.Compute(device="cpu")
        )
        return time.perf_counter() - began

    def plain() -> float:
        began = time.perf_counter()
        for _ in range(sizes.members):
            network = PlainNetwork(sizes.depth, pixels.shape[-1])
            plain_train(network, pixels, labels, epochs=sizes.epochs)
            plain_pass(network, pixels, labels, plain_el2n, plain_avh)
        return time.perf_counter() - began

    wall, baseline = alternate(sizes.repeats, ours, plain)
    size = f"{sizes.members} members x {sizes.epochs} epochs, {sizes.ensemble:,} images"
    yield Row(name="ensemble, wall time", size=size, unit="s", ours=wall, baseline=baseline, floor="1.4x", goal="1.55x")


def peak_memory(sizes: Sizes, images: Images) -> Iterator[Row]:
    _, pss, rss = scoring(images.long_tailed(sizes.memory), members=sizes.memory_members, model=f"resnet{sizes.depth}")
    size = f"{sizes.memory_members} members x 1 epoch, {sizes.memory:,} images"
    yield Row(name="peak memory, PSS", size=size, unit="GB", ours=[pss / 1e9], floor="2 GB", goal="1.2 GB")
    yield Row(name="peak memory, RSS", size=size, unit="GB", ours=[rss / 1e9])


def exponent(x: tuple[int, ...], y: list[float]) -> float:
    """p of y = c x^p, by least squares on logarithms."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def growth(sizes: Sizes, images: Images) -> Iterator[Row]:
    """Samples with as many members as cores; members one after the other, so that it is cost that is measured."""
    cores, depth = available_cores(), sizes.growth_depth
    by_samples = [scoring(images.long_tailed(n), members=cores, model=f"resnet{depth}") for n in sizes.growth]
    data = images.long_tailed(sizes.growth_images)
    by_members = [scoring(data, members=k, workers=1, model=f"resnet{depth}") for k in sizes.growth_members]
    size = f"depth {depth}, {cores} members"
    for n, (seconds, pss, _) in zip(sizes.growth, by_samples):
        yield Row(name=f"scoring {n:,} samples", size=size, unit="s", ours=[seconds])
        yield Row(name=f"scoring {n:,} samples, PSS", size=size, unit="GB", ours=[pss / 1e9])
    p = exponent(sizes.growth, [seconds for seconds, _, _ in by_samples])
    yield Row(name="exponent over samples", size=size, unit="", ours=[p], goal="about 1")
    slope = float(np.polyfit(sizes.growth, [pss for _, pss, _ in by_samples], 1)[0])
    yield Row(name="memory a sample", size=size, unit="kB", ours=[slope / 1e3])
    size = f"depth {depth}, {sizes.growth_images:,} images, one worker"
    for k, (seconds, _, _) in zip(sizes.growth_members, by_members):
        yield Row(name=f"scoring with {k} members", size=size, unit="s", ours=[seconds])
    p = exponent(sizes.growth_members, [seconds for seconds, _, _ in by_members])
    yield Row(name="exponent over members", size=size, unit="", ours=[p], goal="about 1")


def on_cuda(sizes: Sizes, images: Images) -> Iterator[Row]:
    """Each after a first epoch. The baseline comes first, so that nothing that the engine sets for this process helps it."""
    data, timed = images.long_tailed(sizes.train), sizes.cuda_epochs
    pixels, labels = data.pixels, data.index.labels
    options = {"warm_up": 1, "epochs": 1 + timed}

    def plain() -> float:
        network = PlainNetwork(sizes.depth, pixels.shape[-1])
        return timed * sizes.train / sum(plain_train(network, pixels, labels, "cuda", 1 + timed)[1:])

    baseline = [plain() for _ in range(sizes.repeats)]
    for precision, n in itertools.product(("tf32", "bf16"), sizes.cuda_runs):
        spans = [together(data, sizes.depth, n, "cuda", precision=precision, **options) for _ in range(sizes.repeats)]
        ours, size = [n * timed * sizes.train / span.train for span in spans], f"{sizes.train:,} images x {timed} epochs"
        yield Row(name=f"training, {precision}, {n} at once", size=size, unit="images/s", ours=ours, baseline=baseline)


PARTS: dict[str, Callable[[Sizes, Images], Iterator[Row]]] = {
    "training": training,
    "pruned": pruned,
    "forward": forward,
    "loader": loader,
    "ensemble": ensemble,
    "memory": peak_memory,
    "growth": growth,
}


# The program


def machine() -> str:
    cpu = Path("/proc/cpuinfo")
    models = [line.partition(":")[2].strip() for line in cpu.read_text().splitlines() if line.startswith("model name")]
    name = models[0] if models else platform.processor()
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    return f"{name}, {available_cores()} cores{gpu}, Python {platform.python_version()}, torch {torch.__version__}"


def table(rows: list[Row]) -> Table:
    shown = Table("name", "size", box=None, pad_edge=False)
    for column in ("ours", "baseline", "unit", "ratio (min..max)", "floor", "goal"):
        shown.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        ours, baseline = (f"{statistics.median(values):,.4g}" if values else "" for values in (row.ours, row.baseline))
        ratios = row.ratios
        ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}..{max(ratios):.2f})" if ratios else ""
        shown.add_row(row.name, row.size, ours, baseline, row.unit, ratio, row.floor, row.goal)
    return shown


def resize(sizes: Sizes, changes: tuple[str, ...]) -> Sizes:
    """Apply NAME=VALUE, or NAME=VALUE,VALUE for the sizes that are several."""
    several = {field.name: isinstance(field.default, tuple) for field in fields(Sizes)}
    for change in changes:
        name, _, value = change.partition("=")
        try:
            numbers = tuple(int(number) for number in value.split(","))
            sizes = replace(sizes, **{name: numbers if several[name] else numbers[0]})
        except (KeyError, ValueError):
            raise click.BadParameter(f"{change!r} is not NAME=NUMBER with a name of {', '.join(several)}") from None
    return sizes


@click.command(help=__doc__.partition("\n")[0] if __doc__ else None)
@click.option("--only", help=f"Parts, separated by commas, of {','.join(PARTS)}.")
@click.option("--full", "preset", flag_value="full", help="The real sizes.")
@click.option("--smoke", "preset", flag_value="smoke", help="Tiny sizes, to see that it works.")
@click.option("--size", "changes", multiple=True, metavar="NAME=NUMBER", help="Change a size (a field of Sizes).")
@click.option("--data", help="Take the images of this set; labels stay long-tailed at 10 classes.")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu")
@click.option("--json", "file", type=click.Path(path_type=Path, dir_okay=False), help="Write all figures here.")
def main(
    only: str | None, preset: str | None, changes: tuple[str, ...], data: str | None, device: str, file: Path | None
) -> None:
    sizes = resize({"full": FULL, "smoke": SMOKE}.get(preset or "", Sizes()), changes)
    parts = {"cuda": on_cuda} if device == "cuda" else PARTS
    chosen = only.split(",") if only else list(parts)
    if unknown := [name for name in chosen if name not in parts]:
        raise click.BadParameter(f"there is no part {', '.join(unknown)}, only {', '.join(parts)}")
    click.echo(machine())
    rows: list[Row] = []
    images = Images(open_set(data) if data else None)
    for name in chosen:
        click.echo(f"{name} ...", err=True)
        rows += parts[name](sizes, images)
    Console(width=None if sys.stdout.isatty() else 160, highlight=False).print(table(rows))
    if file:
        found = [{**asdict(row), "ratios": row.ratios} for row in rows]
        file.write_text(json.dumps({"machine": machine(), "sizes": asdict(sizes), "rows": found}, indent=1))


if __name__ == "__main__":
    main()
