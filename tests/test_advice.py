"""Advice that is followed works: each message that names a command or an option is provoked, and what it says is done."""

from __future__ import annotations

import ast
import gzip
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock
from PIL import Image
from torchvision.datasets import ImageFolder
from torchvision.transforms import Compose, Normalize, RandomCrop, ToTensor
from typed import lt, ok

import lt_prune as lp
from lt_prune.metrics import Metric
from lt_prune.metrics.observer import Observer
from lt_prune.models import find_model
from lt_prune.models.network import build_network
from lt_prune.steps.evaluate import open_run
from lt_prune.store.sealed_json import sealed
from lt_prune.types import Published

PACKAGE = Path(lp.__file__).parent
SMALL = "--epochs 1 --model resnet8"
SWEEP = f"sweep --strategies random --ratios 0.4 --seeds 0 {SMALL} --executor session"
SCORE = f"score --members 1 {SMALL}"
TRAIN = f"train {SMALL}"
RANDOM = "prune --strategy random --ratio 0.4"
ON_PHOTOS = "--data folder:photos"
FORCED = f"{RANDOM} {ON_PHOTOS}"


@dataclass(frozen=True)
class Case:
    """A message, how to get it, and what to do then."""

    advice: str
    """A part of the message's text in the source."""
    refused: str
    """The command that says it."""
    says: str
    then: tuple[str | Callable[[], object], ...]
    """Commands that do what it says, one after the other."""
    before: tuple[str | Callable[[], object], ...] = ()
    """Commands and other preparations."""
    code: int = 2
    """Exit code of the refused command; 0 where it only tells."""
    not_followed: str = ""
    """Why nothing is done then."""


def damaged(path: str) -> Callable[[], None]:
    def damage() -> None:
        content = bytearray(Path(path).read_bytes())
        content[len(content) // 2] ^= 1
        Path(path).write_bytes(content)

    return damage


def foreign(path: str) -> Callable[[], None]:
    def write() -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(b"of another program")

    return write


def sealed_nonsense(path: str) -> Callable[[], None]:
    def write() -> None:
        Path(path).write_bytes(sealed("sweep", {"runs": [{"folder": "a", "spec": 1}]}))

    return write


def odd_sizes() -> None:
    Image.new("RGB", (9, 9)).save("photos/train/class0/zz.png")


def odd_test_sizes() -> None:
    for path in Path("photos/test").rglob("*.png"):
        Image.new("RGB", (9, 9)).save(path)


def other_pixels() -> None:
    """The same files, decoded a little otherwise."""
    for path in Path("photos/train").rglob("*.png"):
        Image.fromarray(np.asarray(Image.open(path)) ^ 1).save(path)


def other_photos() -> None:
    shutil.copytree("photos", "elsewhere/photos")
    for path in Path("elsewhere/photos/train").rglob("*.png"):
        Image.fromarray(255 - np.asarray(Image.open(path))).save(path)


def npz() -> None:
    random = np.random.default_rng(0)
    pixels, labels = random.integers(0, 256, (40, 8, 8, 3), dtype=np.uint8), np.arange(40) % 2
    np.savez("mine.npz", x_train=pixels, y_train=labels, x_test=pixels, y_test=labels)
    tail = (np.arange(40) < 4).astype(int)
    np.savez("tailed.npz", x_train=pixels, y_train=tail, x_test=pixels, y_test=tail)


def embeddings() -> None:
    values, labels = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32), np.arange(40) % 2
    np.savez("vectors.npz", x_train=values, y_train=labels, x_test=values, y_test=labels)


def unpacked(archive: str, folder: str) -> Callable[[], None]:
    def unpack() -> None:
        Path(folder).mkdir()
        for name, array in np.load(archive).items():
            np.save(Path(folder, f"{name}.npy"), array)

    return unpack


def weights() -> None:
    """A file of a backbone of another seed."""
    network = build_network(find_model("resnet8"), (8, 8, 3), n_classes=3, seed=5)
    torch.save(network.backbone.state_dict(), "given.pt")


def in_lists() -> None:
    """Files of ids: all of the smallest class, one of it, and the others."""
    index = lp.build("folder:photos").index
    ids = [f"{each:016x}" for each in index.ids[index.labels == 2]]
    for name, some in {"all": ids, "one": ids[:1], "others": ids[1:]}.items():
        Path(f"{name}.txt").write_text("\n".join(some))


def uneven_npz() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)
    np.savez("mine.npz", x_train=pixels, y_train=(np.arange(40) < 4).astype(int))


def on_a_gpu(path: str) -> Callable[[], None]:
    """A result that says that it was computed on CUDA."""

    def change() -> None:
        content = json.loads(Path(path).read_text())
        content["spec"]["arithmetic"] = {"device": "cuda", "precision": "tf32", "compiled": False}
        del content["schema"], content["sha256"]
        Path(path).write_bytes(sealed("result", content))

    return change


def scored_on_a_gpu(path: str) -> Callable[[], None]:
    """Scores that say that they were computed on CUDA."""

    def change() -> None:
        scores = lp.read_scores(path)
        lp.write_scores(path, replace(scores, arithmetic=(lp.Arithmetic(device="cuda", precision="tf32"),)), overwrite=True)

    return change


def refuses(command: str) -> Callable[[], None]:
    def check() -> None:
        assert lt(command).exit_code == 1

    return check


def many_classes() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (63, 8, 8, 3), dtype=np.uint8)
    np.savez("many.npz", x_train=pixels, y_train=np.arange(63) % 21, x_test=pixels, y_test=np.arange(63) % 21)


def moved(old: str, new: str) -> Callable[[], object]:
    return lambda: (Path(new).parent.mkdir(parents=True, exist_ok=True), shutil.move(old, new))


def fashion() -> None:
    """The four files of a very small Fashion-MNIST."""
    Path("fashion").mkdir()
    for split, n_images in (("train", 60), ("t10k", 10)):
        for what, shape, content in (
            ("images-idx3", (n_images, 28, 28), np.random.default_rng(0).bytes(n_images * 784)),
            ("labels-idx1", (n_images,), bytes(i % 10 for i in range(n_images))),
        ):
            head = bytes([0, 0, 8, len(shape)]) + b"".join(size.to_bytes(4, "big") for size in shape)
            Path(f"fashion/{split}-{what}-ubyte.gz").write_bytes(gzip.compress(head + content))


def of_no_place() -> None:
    data = lp.build("folder:photos")
    lp.train(data, epochs=1, model="resnet8", out="runs/nowhere")


def one_metric(path: str) -> Callable[[], None]:
    """Leave scores of one metric alone in a file."""

    def drop() -> None:
        scores = lp.read_scores(path)
        lp.write_scores(path, replace(scores, metrics={"el2n": scores.metrics["el2n"]}), overwrite=True)

    return drop


def listed(root: str = "photos/train") -> Callable[[], None]:
    """Lists of the photos, with paths that begin in a folder; they lie beside the photos."""

    def write() -> None:
        for split in ("train", "test"):
            files = sorted(Path("photos", split).rglob("*.png"))
            lines = [f"{Path(os.path.relpath(path, root)).as_posix()} {path.parent.name[-1]}" for path in files]
            Path("lists").mkdir(exist_ok=True)
            Path("lists", f"{split}.txt").write_text("\n".join(lines))

    return write


def others() -> None:
    """Scores of photos that others have made: two in a table, and numbers alone."""
    names = [path.relative_to("photos").as_posix() for path in sorted(Path("photos/train").rglob("*.png"))]
    rows = [f"{name},{place / 24},{place % 5}" for place, name in enumerate(names)]
    Path("mine.csv").write_text("\n".join(["file,a-b,other", *rows, ""]))
    np.save("mine.npy", np.arange(len(names)))


IMPORT = f"import-scores mine.csv {ON_PHOTOS}"


class Counted(Observer):
    """How often each sample came."""

    def __init__(self, n_samples: int, n_classes: int) -> None:
        super().__init__(n_samples, n_classes)
        self.register_buffer("times", torch.zeros(n_samples, dtype=torch.int64))

    def forward(self, rows: torch.Tensor, outputs: object, target: torch.Tensor) -> None:
        self.times.index_add_(0, rows, torch.ones_like(rows))


def metric_of_a_record() -> None:
    lp.register("metric", "counted", Metric(lambda record, labels: record.times, True, "by hand", Counted))


OVERWRITE = "give another --out, or start again with --overwrite"
REPLACE = "give another --out, or replace it by --overwrite"
CASES = {
    "a run's file": Case(
        advice="a folder that `lt-prune train` made, with {} and {}",
        before=(f"{TRAIN} {ON_PHOTOS} --out run",),
        refused="plot run/result.json --figure head",
        says="name its folder, run",
        then=("plot run --figure head",),
        code=1,
    ),
    "a record of a sweep": Case(
        advice="`lt-prune results --figure STEM` draws the rows of many runs",
        before=(f"{SWEEP} {ON_PHOTOS}",),
        refused="plot runs/photos-sweep.json",
        says="`lt-prune results --figure STEM` draws the rows of many runs",
        then=("results --figure accuracy",),
        code=1,
    ),
    "a score file": Case(
        advice="{}; `lt-prune scores` shows a score file",
        before=(f"score {ON_PHOTOS} --members 1 {SMALL}",),
        refused="plot scores/photos.h5",
        says="`lt-prune scores` shows a score file",
        then=("scores scores/photos.h5",),
        code=1,
    ),
    "two files of one name": Case(
        advice="two of --out, --runs and --figure would write",
        before=(f"{SWEEP} {ON_PHOTOS}",),
        refused="results --out mine.csv --figure mine",
        says="two of --out, --runs and --figure would write mine.csv: give one of them another name",
        then=("results --out mine.csv --figure other",),
    ),
    "no scores": Case(
        advice="there are no scores of {} at {}{}: run `{}` first, or give --scores",
        refused="prune --data folder:photos --ratio 0.4 --metric avh --seed 1",
        says="run `lt-prune score --data folder:photos --seed 1` first",
        then=(
            f"score --data folder:photos --seed 1 --members 1 {SMALL}",
            "prune --data folder:photos --ratio 0.4 --metric avh --seed 1",
        ),
    ),
    "no scores, resized": Case(
        advice="--data {}",
        refused="prune --data folder:photos --ratio 0.4 --metric avh --resize 6",
        says="run `lt-prune score --data folder:photos --resize 6` first",
        then=(
            f"score --data folder:photos --resize 6 --members 1 {SMALL}",
            "prune --data folder:photos --ratio 0.4 --metric avh",
        ),
    ),
    "a setting of two": Case(
        advice="train with another prediction, and test by this one with `lt-prune evaluate --prediction {}`",
        refused=f"{TRAIN} {ON_PHOTOS} --method alas --prediction tau-norm --out run",
        says="test by this one with `lt-prune evaluate --prediction tau-norm`",
        then=(f"{TRAIN} {ON_PHOTOS} --method alas --out run", "evaluate run --prediction tau-norm"),
    ),
    "no GPU": Case(
        advice="use --device cpu or auto",
        refused=f"{TRAIN} --device cuda",
        says="use --device cpu or auto",
        then=(f"{TRAIN} --device cpu --out run", f"{TRAIN} --device auto --out run"),
        code=1,
    ),
    "an executor of GPUs": Case(
        advice="executor {} cannot be used, as {}: name another, or leave out --executor",
        refused=f"{TRAIN} {ON_PHOTOS} --device cpu --executor cuda",
        says="executor 'cuda' cannot be used, as it trains on GPUs, and the device is the CPU: name another, or leave out",
        then=(
            f"{TRAIN} {ON_PHOTOS} --device cpu --executor session --out run",
            f"{TRAIN} {ON_PHOTOS} --device cpu --out other",
        ),
    ),
    "another device": Case(
        advice="ask for the former by --device, --precision and --compiled, {}",
        before=(f"{TRAIN} {ON_PHOTOS} --out run", on_a_gpu("run/result.json")),
        refused=f"{TRAIN} {ON_PHOTOS} --out run",
        says=OVERWRITE,
        then=(f"{TRAIN} {ON_PHOTOS} --out other", f"{TRAIN} {ON_PHOTOS} --out run --overwrite"),
        code=1,
    ),
    "a grid of another device": Case(
        advice="mix the two by --mix-compute, or ",
        before=(
            f"{SWEEP} {ON_PHOTOS}",
            on_a_gpu("runs/photos-ce/result.json"),
        ),
        refused=f"{SWEEP} {ON_PHOTOS}",
        says=f"mix the two by --mix-compute, or {OVERWRITE}",
        then=(
            f"{SWEEP} {ON_PHOTOS} --mix-compute",
            f"{SWEEP} {ON_PHOTOS} --out other",
            f"{SWEEP} {ON_PHOTOS} --overwrite",
        ),
        code=1,
    ),
    "test images of another size": Case(
        advice="(a folder's become so by --resize SIDE)",
        before=(odd_test_sizes,),
        refused=f"build {ON_PHOTOS}",
        says="a folder's become so by --resize SIDE",
        then=(f"build {ON_PHOTOS} --resize 8",),
        code=1,
    ),
    "a profile alone": Case(
        advice="needs an imbalance ratio: add --imbalance, for example 100",
        refused=f"build {ON_PHOTOS} --profile step",
        says="add --imbalance",
        then=(f"build {ON_PHOTOS} --profile step --imbalance 2",),
    ),
    "too few": Case(
        advice="classes fall short: ask for --largest {} or fewer",
        before=(uneven_npz,),
        refused="build --data npz:mine.npz --imbalance 2 --largest 20",
        says="ask for --largest",
        then=("build --data npz:mine.npz --imbalance 2 --largest 4",),
    ),
    "images of several sizes": Case(
        advice="add --resize SIDE to bring them to one",
        before=(odd_sizes,),
        refused=f"build {ON_PHOTOS}",
        says="add --resize SIDE to bring them to one",
        then=(f"build {ON_PHOTOS} --resize 8",),
        code=1,
    ),
    "an imbalance beyond the images": Case(
        advice="ask for less, or take the set as it is by --profile none without --imbalance and --largest",
        refused=f"build {ON_PHOTOS} --imbalance 1000",
        says="take the set as it is by --profile none without --imbalance and --largest",
        then=(f"build {ON_PHOTOS} --profile none", f"build {ON_PHOTOS} --imbalance 2"),
    ),
    "digits resized": Case(
        advice="are taken in their own size: leave out --resize",
        refused="build --resize 8",
        says="leave out --resize",
        then=("build",),
    ),
    "digits streamed": Case(
        advice="images of {} are held in memory: leave out --loading stream",
        refused="build --loading stream",
        says="leave out --loading stream",
        then=("build",),
    ),
    "digits of a place": Case(
        advice="are built in and take no path, but {} was given: --data digits",
        refused="build --data digits:photos",
        says=": --data digits",
        then=("build --data digits",),
    ),
    "a folder of no place": Case(
        advice="the folder source needs a path: --data folder:PATH",
        refused="build --data folder",
        says="--data folder:PATH",
        then=("build --data folder:photos",),
    ),
    "an archive of no place": Case(
        advice="the npz source needs a path: --data npz:PATH",
        before=(npz,),
        refused="build --data npz",
        says="--data npz:PATH",
        then=("build --data npz:mine.npz",),
    ),
    "a checkpoint of another run": Case(
        advice="give another --out, or remove {}",
        before=(f"{TRAIN} {ON_PHOTOS} --out run", lambda: Path("run/result.json").unlink()),
        refused=f"{TRAIN} {ON_PHOTOS} --seed 1 --out run",
        says="give another --out, or remove run/model.pt",
        then=(f"{TRAIN} {ON_PHOTOS} --seed 1 --out other", "rm run/model.pt", f"{TRAIN} {ON_PHOTOS} --seed 1 --out run"),
        code=1,
    ),
    "a figure without scores": Case(
        advice="there are no scores of {} at {}: run `{}` first, or give --scores",
        before=(f"{TRAIN} {ON_PHOTOS} --resize 6 --out run",),
        refused="plot run --figure hardness",
        says="run `lt-prune score --data folder:photos --resize 6` first",
        then=(f"{SCORE} --data folder:photos --resize 6", "plot run --figure hardness"),
    ),
    "all figures but one": Case(
        advice="the figure hardness is left out: run `{}` first, or give --scores",
        before=(f"{TRAIN} {ON_PHOTOS} --out run",),
        refused="plot run --out mine",
        says="hardness is left out: run `lt-prune score --data folder:photos` first, or give --scores",
        then=(f"{SCORE} --data folder:photos --out mine.h5", "plot run --scores mine.h5 --out mine"),
        code=0,
    ),
    "scores without the metric": Case(
        advice="--metric {}",
        before=(f"{SCORE} {ON_PHOTOS}", one_metric("scores/photos.h5")),
        refused=f"prune {ON_PHOTOS} --ratio 0.4 --metric avh",
        says="add them by `lt-prune score --data folder:photos --epochs 1 --model resnet8 --metric avh`",
        then=(
            "score --data folder:photos --epochs 1 --model resnet8 --metric avh --members 1",
            f"prune {ON_PHOTOS} --ratio 0.4 --metric avh",
        ),
    ),
    "scores of doubt without folds": Case(
        advice="say in how many parts the samples are left out, such as --folds 5",
        refused=f"{SCORE} {ON_PHOTOS} --metric label-noise",
        says="say in how many parts the samples are left out, such as --folds 5",
        then=(f"{SCORE} {ON_PHOTOS} --metric label-noise --folds 5",),
    ),
    "noise to drop without scores of it": Case(
        advice="--folds {}",
        before=(f"{SCORE} {ON_PHOTOS}",),
        refused=f"prune {ON_PHOTOS} --ratio 0.4 --metric avh --drop noisy:0.1",
        says="add them by `lt-prune score --data folder:photos --epochs 1 --model resnet8 --metric label-noise --folds 5`",
        then=(
            "score --data folder:photos --epochs 1 --model resnet8 --metric label-noise --folds 5 --members 1",
            f"prune {ON_PHOTOS} --ratio 0.4 --metric avh --drop noisy:0.1",
        ),
    ),
    "a ratio of members that are counted": Case(
        advice="decides how many members are enough: ask for --members auto, or leave it out",
        refused=f"score {ON_PHOTOS} --members 2 --ratio 0.3 {SMALL}",
        says="ask for --members auto, or leave it out",
        then=(f"score {ON_PHOTOS} --members auto --ratio 0.3 --stable 0.1 {SMALL}",),
    ),
    "members that are not enough": Case(
        advice="ask for more by --members {}, or for less by --stable",
        refused=f"score {ON_PHOTOS} --members auto --stable 1 {SMALL}",
        says="ask for more by --members 20, or for less by --stable",
        then=(f"score {ON_PHOTOS} --members auto --stable 0.1 {SMALL}", f"score {ON_PHOTOS} --members 11 {SMALL}"),
        code=0,
    ),
    "members without a record": Case(
        advice="give another --out, or train the members again, for all metrics, with --overwrite",
        before=(f"{SCORE} {ON_PHOTOS}", metric_of_a_record),
        refused=f"{SCORE} {ON_PHOTOS} --metric counted",
        says="give another --out, or train the members again, for all metrics, with --overwrite",
        then=(
            f"{SCORE} {ON_PHOTOS} --metric counted --out other.h5",
            f"{SCORE} {ON_PHOTOS} --metric counted --overwrite",
            f"prune {ON_PHOTOS} --metric counted --ratio 0.4",
        ),
        code=1,
    ),
    "scores elsewhere without the metric": Case(
        advice="--out {}",
        before=(f"{SCORE} {ON_PHOTOS} --out mine.h5", one_metric("mine.h5")),
        refused="scores mine.h5 --metric avh",
        says="lt-prune score --data folder:photos --epochs 1 --model resnet8 --metric avh --out mine.h5`",
        then=(
            "score --data folder:photos --epochs 1 --model resnet8 --metric avh --members 1 --out mine.h5",
            "scores mine.h5 --metric avh",
        ),
    ),
    "nothing to compare a metric with": Case(
        advice="{} has scores by {} alone: add others by `{}`",
        before=(f"{SCORE} {ON_PHOTOS} --out mine.h5", one_metric("mine.h5")),
        refused="scores mine.h5 --correlations alike",
        says="has scores by el2n alone: add others by `lt-prune score --data folder:photos --epochs 1 --model resnet8 "
        "--metric avh --out mine.h5`",
        then=(
            "score --data folder:photos --epochs 1 --model resnet8 --metric avh --members 1 --out mine.h5",
            "scores mine.h5 --correlations alike",
        ),
    ),
    "scores of a frozen backbone without the metric": Case(
        advice="--weights FILE",
        before=(weights, f"{SCORE} {ON_PHOTOS} --weights given.pt --freeze", one_metric("scores/photos.h5")),
        refused=f"prune {ON_PHOTOS} --ratio 0.4 --metric avh",
        says="score --data folder:photos --epochs 1 --model resnet8 --freeze --weights FILE --metric avh`",
        then=(
            "score --data folder:photos --epochs 1 --model resnet8 --freeze --weights given.pt --metric avh --members 1",
            f"prune {ON_PHOTOS} --ratio 0.4 --metric avh",
        ),
    ),
    "a backbone that is frozen as drawn": Case(
        advice="freeze keeps a backbone as its weights file has it: name that by --weights FILE",
        before=(weights,),
        refused=f"{TRAIN} {ON_PHOTOS} --freeze",
        says="name that by --weights FILE",
        then=(f"{TRAIN} {ON_PHOTOS} --freeze --weights given.pt",),
    ),
    "a model of images on embeddings": Case(
        advice="leave out --model, or name one for {}",
        before=(embeddings,),
        refused=f"{TRAIN} --data features:vectors.npz",
        says="leave out --model, or name one for embeddings",
        then=(
            "train --epochs 1 --data features:vectors.npz",
            "train --epochs 1 --data features:vectors.npz --model mlp --out run",
        ),
    ),
    "embeddings of no place": Case(
        advice="the features source needs a path: --data features:PATH",
        before=(embeddings,),
        refused="build --data features",
        says="the features source needs a path: --data features:PATH",
        then=("build --data features:vectors.npz",),
    ),
    "embeddings taken for images": Case(
        advice="; embeddings are read by --data features:{}",
        before=(embeddings,),
        refused="build --data vectors.npz",
        says="not float32 (40, 5); embeddings are read by --data features:vectors.npz",
        then=("build --data features:vectors.npz",),
        code=1,
    ),
    "images taken for embeddings": Case(
        advice="; images are read by --data npz:{}",
        before=(npz,),
        refused="build --data features:mine.npz",
        says="images are read by --data npz:mine.npz",
        then=("build --data npz:mine.npz",),
        code=1,
    ),
    "a folder of embeddings taken for pictures": Case(
        advice="{} holds arrays such as x_train.npy: embeddings are read by --data features:{}",
        before=(embeddings, unpacked("vectors.npz", "vectors")),
        refused="build --data vectors",
        says="vectors holds arrays such as x_train.npy: embeddings are read by --data features:vectors",
        then=("build --data features:vectors",),
        code=1,
    ),
    "files decoded otherwise": Case(
        advice=", or join the two by --match names",
        before=(f"{SCORE} {ON_PHOTOS}", other_pixels),
        refused=f"prune {ON_PHOTOS} --ratio 0.4 --metric avh",
        says="join the two by --match names",
        then=(f"prune {ON_PHOTOS} --ratio 0.4 --metric avh --match names", f"{TRAIN} {ON_PHOTOS}"),
        code=1,
    ),
    "no names to match by": Case(
        advice="has no file names to match by: leave out --match names",
        before=(SCORE,),
        refused="prune --ratio 0.4 --metric avh --match names",
        says="leave out --match names",
        then=("prune --ratio 0.4 --metric avh",),
    ),
    "several subsets": Case(
        advice="name one with --subset FILE, or train on the whole set with --subset none",
        before=(f"{RANDOM} {ON_PHOTOS}", f"{RANDOM} {ON_PHOTOS} --seed 1"),
        refused=f"{TRAIN} {ON_PHOTOS}",
        says="name one with --subset FILE, or train on the whole set with --subset none",
        then=(
            f"{TRAIN} {ON_PHOTOS} --subset subsets/photos-random-0.4.h5",
            f"{TRAIN} {ON_PHOTOS} --subset none",
        ),
    ),
    "a subset that is nowhere": Case(
        advice="the run was trained on a pruned set ({}){}: name its file with --subset",
        before=(
            f"{RANDOM} {ON_PHOTOS}",
            f"{TRAIN} {ON_PHOTOS} --out run",
            moved("subsets/photos-random-0.4.h5", "kept.h5"),
        ),
        refused="evaluate run --prediction abs",
        says="name its file with --subset",
        then=("evaluate run --prediction abs --subset kept.h5",),
    ),
    "another subset": Case(
        advice="the run was trained on another subset than {}: name that one with --subset",
        before=(f"{RANDOM} {ON_PHOTOS}", f"{TRAIN} {ON_PHOTOS} --out run", f"{RANDOM} {ON_PHOTOS} --seed 1 --out other.h5"),
        refused="evaluate run --prediction abs --subset other.h5",
        says="another subset than other.h5: name that one with --subset",
        then=("evaluate run --prediction abs --subset subsets/photos-random-0.4.h5",),
        code=1,
    ),
    "another run": Case(
        advice=OVERWRITE,
        before=(f"{TRAIN} {ON_PHOTOS} --out run",),
        refused=f"{TRAIN} {ON_PHOTOS} --seed 1 --out run",
        says=OVERWRITE,
        then=(f"{TRAIN} {ON_PHOTOS} --seed 1 --out other", f"{TRAIN} {ON_PHOTOS} --seed 1 --out run --overwrite"),
        code=1,
    ),
    "one stage": Case(
        advice="has one stage: leave out --stages and --from-run",
        refused=f"{TRAIN} {ON_PHOTOS} --stages 2",
        says="leave out --stages and --from-run",
        then=(f"{TRAIN} {ON_PHOTOS}",),
    ),
    "a first stage at equal steps": Case(
        advice="was trained at equal {}, not {}: name another run, or give --equal {}",
        before=(f"{RANDOM} {ON_PHOTOS}", f"{TRAIN} {ON_PHOTOS} --equal steps --method mixup --out first"),
        refused=f"train {ON_PHOTOS} --method mislas --from-run first --set stage2_epochs=1 --out run",
        says="give --equal steps",
        then=(f"train {ON_PHOTOS} --method mislas --from-run first --set stage2_epochs=1 --out run --equal steps",),
        code=1,
    ),
    "a cut twice": Case(
        advice="names its cut already: leave out --profile and --imbalance, or name the bare source",
        refused="build --data folder-lt2:photos --imbalance 2",
        says="leave out --profile and --imbalance, or name the bare source",
        then=("build --data folder-lt2:photos", "build --data folder:photos --imbalance 2 --out bare.h5"),
    ),
    "a whole set of an imbalance": Case(
        advice="profile none takes every image: leave out --imbalance, --largest and --selection",
        refused=f"build {ON_PHOTOS} --profile none --imbalance 2 --largest 4 --selection mislas",
        says="leave out --imbalance, --largest and --selection",
        then=(f"build {ON_PHOTOS} --profile none",),
    ),
    "a set file streamed": Case(
        advice="images of {} are held in memory: leave out --loading stream, or name their folder",
        before=(f"build {ON_PHOTOS} --out set.h5",),
        refused=f"{TRAIN} --data set.h5 --loading stream",
        says="leave out --loading stream, or name their folder",
        then=(f"{TRAIN} --data set.h5", f"{TRAIN} {ON_PHOTOS} --loading stream"),
    ),
    "a run of no place": Case(
        advice="does not say where its data, {}, is: give --data",
        before=(of_no_place,),
        refused="evaluate runs/nowhere",
        says="give --data",
        then=("evaluate runs/nowhere --data folder:photos",),
    ),
    "data that are nowhere": Case(
        advice="was trained on {}, and {}: name it with --data",
        before=(f"{TRAIN} {ON_PHOTOS} --out run", moved("photos", "away/photos")),
        refused="evaluate run",
        says="name it with --data",
        then=("evaluate run --data folder:away/photos",),
        code=1,
    ),
    "weights that are damaged": Case(
        advice="{}: restore a copy, or train the run again with --overwrite",
        before=(f"{TRAIN} {ON_PHOTOS} --out run", damaged("run/model.pt")),
        refused="evaluate run",
        says="train the run again with --overwrite",
        then=(f"{TRAIN} {ON_PHOTOS} --out run --overwrite", "evaluate run"),
        code=1,
    ),
    "other data of a run": Case(
        advice=": name its data with --data",
        before=(other_photos, f"{TRAIN} {ON_PHOTOS} --out run"),
        refused="evaluate run --data folder:elsewhere/photos",
        says="name its data with --data",
        then=("evaluate run --data folder:photos",),
        code=1,
    ),
    "a table of what was removed": Case(
        advice="tells of every sample whether it was kept: leave out --removed",
        before=(f"{RANDOM} {ON_PHOTOS}",),
        refused="export subsets/photos-random-0.4.h5 --out kept.csv --removed",
        says="leave out --removed",
        then=("export subsets/photos-random-0.4.h5 --out kept.csv",),
    ),
    "scores where there is no place for them": Case(
        advice="has no place for scores, which {} have: leave out --scores",
        before=(f"{RANDOM} {ON_PHOTOS}", others, f"{IMPORT} --metric el2n --column other --out mine.h5"),
        refused="export subsets/photos-random-0.4.h5 --out kept.npy --scores mine.h5",
        says="leave out --scores",
        then=(
            "export subsets/photos-random-0.4.h5 --out kept.npy",
            "export subsets/photos-random-0.4.h5 --out all.csv --scores mine.h5",
        ),
    ),
    "an export of nothing": Case(
        advice="what to write is not said: name a format by --format, or a file by --out",
        before=(f"{RANDOM} {ON_PHOTOS}",),
        refused="export subsets/photos-random-0.4.h5",
        says="name a format by --format, or a file by --out",
        then=(
            "export subsets/photos-random-0.4.h5 --format list",
            "export subsets/photos-random-0.4.h5 --out kept.npy",
        ),
    ),
    "scores that are elsewhere": Case(
        advice="are here: name those that chose it by --scores",
        before=(
            others,
            f"{IMPORT} --metric el2n --column other --out mine.h5",
            f"prune {ON_PHOTOS} --scores mine.h5 --metric el2n --ratio 0.4",
        ),
        refused="export subsets/photos-ranked-el2n-0.4.h5 --format csv",
        says="no scores of photos-ranked-el2n-0.4.h5 are here: name those that chose it by --scores",
        then=("export subsets/photos-ranked-el2n-0.4.h5 --out with.csv --scores mine.h5",),
        code=0,
    ),
    "names in the order of a loader": Case(
        advice="gives names, which are in no loader's order: leave out --for, or choose npy",
        before=(f"{RANDOM} {ON_PHOTOS}",),
        refused="export subsets/photos-random-0.4.h5 --out kept.txt --for imagefolder",
        says="leave out --for, or choose npy",
        then=(
            "export subsets/photos-random-0.4.h5 --out kept.txt",
            "export subsets/photos-random-0.4.h5 --out kept.npy --for imagefolder",
        ),
    ),
    "whose order": Case(
        advice="ImageFolder takes other files, and has indices of its own (--for imagefolder)",
        before=(f"{RANDOM} {ON_PHOTOS}",),
        refused="export subsets/photos-random-0.4.h5 --out kept.npy",
        says="has indices of its own (--for imagefolder)",
        then=("export subsets/photos-random-0.4.h5 --out theirs.npy --for imagefolder",),
        code=0,
    ),
    "digits in the order of a loader": Case(
        advice="is no folder of images, and ImageFolder lists folders: leave out --for",
        before=(RANDOM,),
        refused="export subsets/digits-lt10-random-0.4.h5 --out kept.npy --for imagefolder",
        says="leave out --for",
        then=("export subsets/digits-lt10-random-0.4.h5 --out kept.npy",),
    ),
    "scores of other settings": Case(
        advice=OVERWRITE,
        before=(f"{SCORE} {ON_PHOTOS}",),
        refused=f"{SCORE} {ON_PHOTOS} --seed 1 --out scores/photos.h5",
        says=OVERWRITE,
        then=(
            f"{SCORE} {ON_PHOTOS} --seed 1 --out other.h5",
            f"{SCORE} {ON_PHOTOS} --seed 1 --out scores/photos.h5 --overwrite",
        ),
        code=1,
    ),
    "scores of other data": Case(
        advice=OVERWRITE,
        before=(other_photos, f"{SCORE} {ON_PHOTOS}"),
        refused=f"{SCORE} --data folder:elsewhere/photos",
        says=OVERWRITE,
        then=(
            f"{SCORE} --data folder:elsewhere/photos --out other.h5",
            f"{SCORE} --data folder:elsewhere/photos --overwrite",
        ),
        code=1,
    ),
    "scores read otherwise": Case(
        advice=OVERWRITE,
        before=(f"{SCORE} {ON_PHOTOS} --resize 6",),
        refused=f"{SCORE} {ON_PHOTOS} --resize 7",
        says="scores/photos.h5 was made with --resize 6, now 7: give --resize 6, or give another --out, or start again",
        then=(f"{SCORE} {ON_PHOTOS} --resize 6", f"{SCORE} {ON_PHOTOS} --resize 7 --overwrite"),
        code=1,
    ),
    "a streamed set to build": Case(
        advice="name the folder as --data instead of a set file, or read it with --loading memory",
        refused=f"build {ON_PHOTOS} --loading stream",
        says="name the folder as --data",
        then=(f"build {ON_PHOTOS} --loading memory", f"{TRAIN} {ON_PHOTOS} --loading stream"),
    ),
    "scores that are damaged": Case(
        advice="make it again with --overwrite",
        before=(f"{SCORE} {ON_PHOTOS}", damaged("scores/photos.h5")),
        refused=f"prune {ON_PHOTOS} --ratio 0.4 --metric avh",
        says="scores/photos.h5 is damaged (its checksum does not match): make it again with --overwrite, or restore a copy",
        then=(f"{SCORE} {ON_PHOTOS} --overwrite", f"prune {ON_PHOTOS} --ratio 0.4 --metric avh"),
        code=1,
    ),
    "a subset that is damaged": Case(
        advice="make it again with --overwrite",
        before=(f"{RANDOM} {ON_PHOTOS}", damaged("subsets/photos-random-0.4.h5")),
        refused=f"{TRAIN} {ON_PHOTOS}",
        says="make it again with --overwrite",
        then=(f"{RANDOM} {ON_PHOTOS} --overwrite", f"{TRAIN} {ON_PHOTOS}"),
        code=1,
    ),
    "a truncated set": Case(
        advice="make it again with --overwrite",
        before=(f"build {ON_PHOTOS}", lambda: Path("sets/photos.h5").write_bytes(Path("sets/photos.h5").read_bytes()[:900])),
        refused=f"{TRAIN} --data sets/photos.h5",
        says="make it again with --overwrite",
        then=(f"build {ON_PHOTOS} --overwrite", f"{TRAIN} --data sets/photos.h5"),
        code=1,
    ),
    "what a run starts from": Case(
        advice="{} is what the run starts from, and --overwrite would remove it: give another --out",
        before=(f"{TRAIN} {ON_PHOTOS} --out run",),
        refused=f"train {ON_PHOTOS} --method crt --set stage2_epochs=1 --from-run run --out run --overwrite",
        says="run/model.pt is what the run starts from, and --overwrite would remove it: give another --out",
        then=(f"train {ON_PHOTOS} --method crt --set stage2_epochs=1 --from-run run --out other --overwrite",),
    ),
    "a result of another program": Case(
        advice="{} exists and is of no run of ours: give another --out, or remove it",
        before=(foreign("run/result.json"),),
        refused=f"{TRAIN} {ON_PHOTOS} --out run --overwrite",
        says="run/result.json exists and is of no run of ours: give another --out, or remove it",
        then=(f"{TRAIN} {ON_PHOTOS} --out other", "rm run/result.json", f"{TRAIN} {ON_PHOTOS} --out run"),
        code=1,
    ),
    "a subset of a prediction that reads none": Case(
        advice="subset is for a prediction that is fitted to it, as abs is, not for {}: leave it out",
        before=(f"{TRAIN} {ON_PHOTOS} --out run",),
        refused="evaluate run --subset mine.h5",
        says="subset is for a prediction that is fitted to it, as abs is, not for linear: leave it out",
        then=("evaluate run",),
    ),
    "a subset of a run on the whole set": Case(
        advice="subset is for a run on a part of its data, and this one was trained on all: leave it out",
        before=(f"{TRAIN} {ON_PHOTOS} --out run",),
        refused="plot run --figure logits --subset mine.h5",
        says="and this one was trained on all: leave it out",
        then=("plot run --figure logits",),
    ),
    "a match without a subset": Case(
        advice="match joins a subset and the data, and there is no subset: name one, or leave out --match",
        before=(f"{RANDOM} {ON_PHOTOS} --out mine.h5",),
        refused=f"{TRAIN} {ON_PHOTOS} --match names --out run",
        says="there is no subset: name one, or leave out --match",
        then=(f"{TRAIN} {ON_PHOTOS} --match names --subset mine.h5 --out run", f"{TRAIN} {ON_PHOTOS} --out other"),
    ),
    "a match without scores": Case(
        advice="match joins scores, or another subset, and the data: give --scores, or leave out --match",
        before=(f"{SCORE} {ON_PHOTOS}",),
        refused=f"{RANDOM} {ON_PHOTOS} --match names",
        says="give --scores, or leave out --match",
        then=(f"{RANDOM} {ON_PHOTOS} --match names --scores scores/photos.h5 --out mine.h5", f"{RANDOM} {ON_PHOTOS}"),
    ),
    "a file of another program": Case(
        advice="exists and is no {} file of ours: give another --out, or remove it",
        before=(foreign("subsets/photos-random-0.4.h5"),),
        refused=f"{RANDOM} {ON_PHOTOS}",
        says="exists and is no subset file of ours: give another --out, or remove it",
        then=(f"{RANDOM} {ON_PHOTOS} --out mine.h5", "rm subsets/photos-random-0.4.h5", f"{RANDOM} {ON_PHOTOS}"),
        code=1,
    ),
    "a subset of other data": Case(
        advice=REPLACE,
        before=(other_photos, f"{RANDOM} {ON_PHOTOS}"),
        refused=f"{RANDOM} --data folder:elsewhere/photos",
        says="holds the subset of other samples (folder:photos, not folder:elsewhere/photos): " + REPLACE,
        then=(
            f"{RANDOM} --data folder:elsewhere/photos --out other.h5",
            f"{RANDOM} --data folder:elsewhere/photos --overwrite",
        ),
        code=1,
    ),
    "an export of something else": Case(
        advice=REPLACE,
        before=(f"{RANDOM} {ON_PHOTOS}", foreign("kept.npy")),
        refused="export subsets/photos-random-0.4.h5 --out kept.npy",
        says="kept.npy exists and holds something else: " + REPLACE,
        then=(
            "export subsets/photos-random-0.4.h5 --out other.npy",
            "export subsets/photos-random-0.4.h5 --out kept.npy --overwrite",
        ),
        code=1,
    ),
    "class folders that look alike": Case(
        advice="{}: give them names that differ, or leave out --strict",
        before=(lambda: shutil.copytree("photos/train/class0", "photos/train/class0 "),),
        refused=f"build {ON_PHOTOS} --strict",
        says="give them names that differ, or leave out --strict",
        then=(
            f"build {ON_PHOTOS} --out alike.h5",
            lambda: shutil.rmtree("photos/train/class0 "),
            f"build {ON_PHOTOS} --strict",
        ),
        code=1,
    ),
    "what is no picture": Case(
        advice="{} holds what is neither class nor picture: {}: remove it, or leave out --strict",
        before=(foreign("photos/train/class0/notes.txt"),),
        refused=f"build {ON_PHOTOS} --strict",
        says="remove it, or leave out --strict",
        then=(f"build {ON_PHOTOS}", "rm photos/train/class0/notes.txt", f"build {ON_PHOTOS} --strict"),
        code=1,
    ),
    "test images held out of a set that has some": Case(
        advice="test images of its own: leave out --holdout",
        refused=f"build {ON_PHOTOS} --holdout 0.2",
        says="leave out --holdout",
        then=(f"build {ON_PHOTOS}",),
    ),
    "no test images": Case(
        advice="has no test images to report on",
        before=(lambda: shutil.rmtree("photos/test"),),
        refused=f"{TRAIN} {ON_PHOTOS} --holdout 0",
        says="or have one held out with --holdout 0.2",
        then=(f"{TRAIN} {ON_PHOTOS} --holdout 0.2",),
        code=1,
    ),
    "a cut of what is long-tailed already": Case(
        advice="and is kept whole without --imbalance",
        before=(npz,),
        refused="build --data npz:tailed.npz --imbalance 2 --out cut.h5",
        says="is kept whole without --imbalance",
        then=("build --data npz:tailed.npz --out whole.h5",),
        code=0,
    ),
    "digits in another order": Case(
        advice="have their own order: leave out --class-order",
        refused="build --class-order natural",
        says="leave out --class-order",
        then=("build",),
    ),
    "a broken picture": Case(
        advice="repair or remove them, or leave them out with --skip-broken",
        before=(foreign("photos/train/class0/zz.png"),),
        refused=f"build {ON_PHOTOS}",
        says="repair or remove them, or leave them out with --skip-broken",
        then=(f"build {ON_PHOTOS} --skip-broken --out skipped.h5", "rm photos/train/class0/zz.png", f"build {ON_PHOTOS}"),
        code=1,
    ),
    "files of a list that are not there": Case(
        advice="the folder that its paths begin in by --root, or put them there",
        before=(listed(),),
        refused="build --data list:lists/train.txt",
        says="lists/train.txt names 24 of 24 files that are not below lists, such as class0/0000.png: name the folder",
        then=("build --data list:lists/train.txt --root photos/train --holdout 0",),
        code=1,
    ),
    "a root of a folder": Case(
        advice="{} is no list of files: leave out --root",
        refused=f"build {ON_PHOTOS} --root photos",
        says="a folder is no list of files: leave out --root",
        then=(f"build {ON_PHOTOS}",),
    ),
    "a list without its place": Case(
        advice="the list source needs a path: --data list:FILE",
        before=(listed(),),
        refused="build --data list",
        says="the list source needs a path: --data list:FILE",
        then=("build --data list:lists/train.txt --root photos/train --holdout 0",),
    ),
    "files of a list that are elsewhere": Case(
        advice="begin in by --root",
        before=(listed("lists"),),
        refused="build --data list:lists/train.txt",
        says="names 24 files outside of lists, such as ../photos/train/class0/0000.png: name the folder that its paths",
        then=(listed(), "build --data list:lists/train.txt --root photos/train --holdout 0"),
        code=1,
    ),
    "scores in several columns": Case(
        advice="{} has {}: name one by --metric, or by --column what it is called there",
        before=(others,),
        refused=IMPORT,
        says="has several columns with scores, a-b, other: name one by --metric, or by --column what it is called there",
        then=(f"{IMPORT} --metric other --higher-is-harder", f"{IMPORT} --metric el2n --column other"),
    ),
    "a column of several metrics": Case(
        advice="a column is of one metric, and {} are several: leave out --column",
        before=(others,),
        refused=f"{IMPORT} --metric other,el2n --column other",
        says="leave out --column",
        then=(f"{IMPORT} --metric other --higher-is-harder",),
    ),
    "scores under a name that files cannot have": Case(
        advice="scores cannot be called {}, as {}: give them another name by --metric",
        before=(others,),
        refused=f"{IMPORT} --metric a-b --higher-is-harder",
        says="give them another name by --metric",
        then=(f"{IMPORT} --metric ab --column a-b --higher-is-harder",),
    ),
    "scores of which either end may be hard": Case(
        advice="is hard is not known: say --higher-is-harder or --lower-is-harder",
        before=(others,),
        refused=f"{IMPORT} --metric other",
        says="say --higher-is-harder or --lower-is-harder",
        then=(f"{IMPORT} --metric other --higher-is-harder", f"{IMPORT} --metric other --lower-is-harder --out low.h5"),
    ),
    "scores without a name": Case(
        advice="{} has numbers without a name: say what they are called by --metric",
        before=(others,),
        refused=f"import-scores mine.npy {ON_PHOTOS}",
        says="say what they are called by --metric",
        then=(f"import-scores mine.npy {ON_PHOTOS} --metric el2n",),
    ),
    "scores of more samples than the data have": Case(
        advice="rows of {} are of no sample of {}, {}; leave them out, or name the data that it is of",
        before=(others, lambda: Path("photos/train/class0/0000.png").rename("0000.png")),
        refused=f"{IMPORT} --metric el2n --column other",
        says="1 of 24 rows of mine.csv are of no sample of photos, such as train/class0/0000.png; leave them out",
        then=(
            lambda: Path("0000.png").rename("photos/train/class0/0000.png"),
            f"{IMPORT} --metric el2n --column other",
            lambda: Path("photos/train/class0/0000.png").unlink(),
            lambda: Path("mine.csv").write_text(re.sub(".*0000.png.*\n", "", Path("mine.csv").read_text(), count=1)),
            f"{IMPORT} --metric el2n --column other --out fewer.h5",
        ),
        code=1,
    ),
    "members of another device": Case(
        advice="mix the two by --mix-compute, {}",
        before=(f"{SCORE} {ON_PHOTOS}", scored_on_a_gpu("scores/photos.h5")),
        refused=f"score {ON_PHOTOS} --members 2 {SMALL}",
        says=f"mix the two by --mix-compute, {OVERWRITE}",
        then=(
            f"score {ON_PHOTOS} --members 2 {SMALL} --mix-compute",
            f"{SCORE} {ON_PHOTOS} --out other.h5",
            f"{SCORE} {ON_PHOTOS} --overwrite",
        ),
        code=1,
    ),
    "a setting without a value": Case(
        advice="--set",
        refused=f"{TRAIN} {ON_PHOTOS} --method alas --set tau",
        says="Invalid value for --set: 'tau' is not NAME=VALUE, such as tau=0.5",
        then=(f"{TRAIN} {ON_PHOTOS} --method alas --set tau=0.5 --set stage2_epochs=1",),
    ),
    "class folders that look alike, taken": Case(
        advice="{}; --strict refuses them instead",
        before=(lambda: shutil.copytree("photos/train/class0", "photos/train/class0 "),),
        refused=f"build {ON_PHOTOS}",
        says="look alike and are 2 classes; --strict refuses them instead",
        then=(refuses(f"build {ON_PHOTOS} --strict"),),
        code=0,
    ),
    "what is no picture, passed over": Case(
        advice="passed over in {}: {}; --strict refuses it instead",
        before=(foreign("photos/train/class0/notes.txt"),),
        refused=f"build {ON_PHOTOS}",
        says="passed over in photos: 1 of no format that is read (train/class0/notes.txt); --strict refuses it instead",
        then=(refuses(f"build {ON_PHOTOS} --strict"),),
        code=0,
    ),
    "a confusion matrix of many classes": Case(
        advice="the confusion matrix of {} classes is in the output of --json",
        before=(many_classes, f"{TRAIN} --data many.npz --out run"),
        refused="evaluate run",
        says="the confusion matrix of 21 classes is in the output of --json",
        then=("evaluate run --json",),
        code=0,
    ),
    "no copy of CIFAR": Case(
        advice="add --download, or name its place as {}:PATH",
        refused="build --data cifar10",
        says="add --download, or name its place as cifar10:PATH",
        then=(),
        not_followed="it needs a network, or a copy of CIFAR",
        code=1,
    ),
    "no copy of CIFAR in a place": Case(
        advice="add --download, or name the folder that torchvision has kept it in",
        refused="build --data cifar10:photos",
        says="add --download, or name the folder that torchvision has kept it in",
        then=(),
        not_followed="it needs a network, or a copy of CIFAR",
        code=1,
    ),
    "an end of a random draw": Case(
        advice="takes no --{}: leave it out, or use ranked",
        before=(f"{SCORE} {ON_PHOTOS}",),
        refused=f"{RANDOM} {ON_PHOTOS} --keep easy",
        says="takes no --keep: leave it out, or use ranked",
        then=(f"{RANDOM} {ON_PHOTOS}", f"prune --strategy ranked --ratio 0.4 {ON_PHOTOS} --keep easy"),
    ),
    "an end of random draws": Case(
        advice="keep and within are for strategies that rank by scores: leave them out, or add ranked",
        refused=f"{SWEEP} {ON_PHOTOS} --keep easy",
        says="leave them out, or add ranked",
        then=(
            f"{SWEEP} {ON_PHOTOS}",
            f"{SWEEP} {ON_PHOTOS} --keep easy --strategies random,ranked --members 1 --score-epochs 1 --out other",
        ),
    ),
    "ensembles of random draws": Case(
        advice="ensembles are for strategies that rank by scores: leave them out, or add ranked",
        refused=f"{SWEEP} {ON_PHOTOS} --seeds 0,1 --ensembles 2",
        says="leave them out, or add ranked",
        then=(
            f"{SWEEP} {ON_PHOTOS} --seeds 0,1",
            f"{SWEEP} {ON_PHOTOS} --seeds 0,1 --ensembles 2 --strategies ranked --members 1 --score-epochs 1 --out other",
        ),
    ),
    "scores for random draws": Case(
        advice="scores are for strategies that rank by them: leave them out, or add ranked",
        before=(f"{SCORE} {ON_PHOTOS} --out mine.h5",),
        refused=f"{SWEEP} {ON_PHOTOS} --scores mine.h5",
        says="leave them out, or add ranked",
        then=(f"{SWEEP} {ON_PHOTOS}", f"{SWEEP} {ON_PHOTOS} --scores mine.h5 --strategies ranked --out other"),
    ),
    "scores beside how to make some": Case(
        advice="{} is for ensembles that the sweep trains, and scores are given: leave out one of the two",
        before=(f"{SCORE} {ON_PHOTOS} --out mine.h5",),
        refused=f"{SWEEP} {ON_PHOTOS} --strategies ranked --scores mine.h5 --members 1",
        says="leave out one of the two",
        then=(
            f"{SWEEP} {ON_PHOTOS} --strategies ranked --scores mine.h5",
            f"{SWEEP} {ON_PHOTOS} --strategies ranked --members 1 --score-epochs 1 --out other",
        ),
    ),
    "recall for a random draw": Case(
        advice="strategy {} does not read {}: leave it out",
        refused=f"{RANDOM} {ON_PHOTOS} --recall recall.csv",
        says="does not read recall: leave it out",
        then=(f"{RANDOM} {ON_PHOTOS}",),
    ),
    "a budget like nothing": Case(
        advice="budget 'like' takes the class counts of another subset: name its file, like:SUBSET",
        before=(f"{RANDOM} {ON_PHOTOS}",),
        refused=f"prune {ON_PHOTOS} --budget like --select random --seed 1",
        says="name its file, like:SUBSET",
        then=(f"prune {ON_PHOTOS} --budget like:subsets/photos-random-0.4.h5 --select random --seed 1",),
    ),
    "another ratio than that of the other subset": Case(
        advice="samples, and {} are asked for: leave out the ratio, or ask for {}",
        before=(f"{RANDOM} {ON_PHOTOS}",),
        refused=f"prune {ON_PHOTOS} --budget like:subsets/photos-random-0.4.h5 --select random --ratio 0.7",
        says="leave out the ratio, or ask for 0.416667",
        then=(
            f"prune {ON_PHOTOS} --budget like:subsets/photos-random-0.4.h5 --select random --out mine.h5",
            f"prune {ON_PHOTOS} --budget like:subsets/photos-random-0.4.h5 --select random --ratio 0.416667 --out other.h5",
        ),
    ),
    "settings of a first stage that is there": Case(
        advice="the first stage is that of {}: leave out {}",
        before=(f"{TRAIN} {ON_PHOTOS} --method mixup --out first",),
        refused=f"{TRAIN} {ON_PHOTOS} --method mislas --from-run first --set stage2_epochs=1 --out run",
        says="the first stage is that of first: leave out epochs, model",
        then=(f"train {ON_PHOTOS} --method mislas --from-run first --set stage2_epochs=1 --out run",),
    ),
    "another recipe than that of the first stage": Case(
        advice="the first stage, {}, has the recipe {}: leave out {}",
        before=(f"{TRAIN} {ON_PHOTOS} --method mixup --out first",),
        refused=f"train {ON_PHOTOS} --method mislas --from-run first --set stage2_epochs=1 --out run --recipe released",
        says="the first stage, first, has the recipe paper: leave out released",
        then=(f"train {ON_PHOTOS} --method mislas --from-run first --set stage2_epochs=1 --out run",),
    ),
    "branches of a frozen backbone": Case(
        advice="trains branches of the backbone: leave it out",
        before=(weights,),
        refused=f"{TRAIN} {ON_PHOTOS} --method bbn --weights given.pt --freeze",
        says="freeze trains a classifier alone, and method 'bbn' trains branches of the backbone: leave it out",
        then=(f"{TRAIN} {ON_PHOTOS} --method bbn --weights given.pt",),
    ),
    "a frozen backbone that is to see mirrored images": Case(
        advice="{} is for images that are shown anew in each epoch, not for {}: leave it out",
        before=(weights,),
        refused=f"{TRAIN} {ON_PHOTOS} --weights given.pt --freeze --flip",
        says="flip is for images that are shown anew in each epoch, not for a frozen backbone, whose features are computed "
        "once: leave it out",
        then=(f"{TRAIN} {ON_PHOTOS} --weights given.pt --freeze",),
    ),
    "a model of a library that is none": Case(
        advice="model {} is one alone: leave out :{}",
        refused=f"{TRAIN} {ON_PHOTOS} --model resnet8:wide",
        says="model 'resnet8' is one alone: leave out :wide",
        then=(f"{TRAIN} {ON_PHOTOS}",),
    ),
    "a damaged record of a sweep": Case(
        advice="record of a sweep: run the sweep again, after removing it",
        before=(f"{SWEEP} {ON_PHOTOS}", sealed_nonsense("runs/photos-sweep.json")),
        refused="results runs/photos-sweep.json",
        says="run the sweep again, after removing it",
        then=("rm runs/photos-sweep.json", f"{SWEEP} {ON_PHOTOS}", "results runs/photos-sweep.json"),
        code=1,
    ),
    "a checkpoint that is damaged": Case(
        advice="{} is damaged, or no weights of ours: remove it and run the command again",
        before=(f"{TRAIN} {ON_PHOTOS} --out run", lambda: Path("run/result.json").unlink(), damaged("run/model.pt")),
        refused=f"{TRAIN} {ON_PHOTOS} --out run",
        says="run/model.pt is damaged, or no weights of ours: remove it and run the command again",
        then=("rm run/model.pt", f"{TRAIN} {ON_PHOTOS} --out run"),
        code=1,
    ),
    "scores for a figure without any": Case(
        advice="{} is for the figure {}, not for {}: leave it out",
        before=(f"{TRAIN} {ON_PHOTOS} --out run",),
        refused="plot run --figure head --scores mine.h5",
        says="scores is for the figure hardness, not for head: leave it out",
        then=("plot run --figure head",),
    ),
    "a set file resized": Case(
        advice="{}: leave out {}, or build it again",
        before=(f"build {ON_PHOTOS} --out set.h5",),
        refused=f"{TRAIN} --data set.h5 --resize 6",
        says="set.h5 is read as it was built: leave out --resize 6, or build it again",
        then=(
            f"{TRAIN} --data set.h5",
            f"build {ON_PHOTOS} --resize 6 --out set.h5 --overwrite",
            f"{TRAIN} --data set.h5 --out other",
        ),
    ),
    "a report of nothing": Case(
        advice="name files that other commands wrote, or --data",
        refused="report",
        says="there is nothing to tell of in sets/, scores/, subsets/, runs/: name files that other commands wrote",
        then=(f"report {ON_PHOTOS}", f"{RANDOM} {ON_PHOTOS} --out mine.h5", "report mine.h5 --out other.html"),
        code=1,
    ),
    "a report of two sets": Case(
        advice="one is told of at a time: name the files of one, or the set with --data",
        before=(f"{RANDOM} {ON_PHOTOS}", f"{RANDOM} --data digits"),
        refused="report",
        says="these are files of 2 sets (digits-lt10, photos), and one is told of at a time",
        then=(f"report {ON_PHOTOS}", "report subsets/digits-lt10-random-0.4.h5 --out other.html"),
    ),
    "a report of a set with a file of another": Case(
        advice="is of another set than the one asked for: leave it out, or name its set",
        before=(f"{RANDOM} --data digits",),
        refused=f"report subsets/digits-lt10-random-0.4.h5 {ON_PHOTOS}",
        says="subsets/digits-lt10-random-0.4.h5 is of another set than the one asked for",
        then=(f"report {ON_PHOTOS}", "report subsets/digits-lt10-random-0.4.h5 --data digits --out other.html"),
        code=1,
    ),
    "a report without pictures": Case(
        advice="the pictures of {} are left out ({}): name them with --data",
        before=("build --data digits --imbalance 4 --out mine.h5", f"{RANDOM} --data mine.h5"),
        refused="report subsets",
        says="the pictures of mine are left out",
        then=("report subsets --data mine.h5 --overwrite",),
        code=0,
    ),
    "a report of runs whose data are gone": Case(
        advice="nothing here says which samples the runs were trained on: name them with --data",
        before=(f"{TRAIN} {ON_PHOTOS} --out run", lambda: shutil.move("photos", "moved")),
        refused="report run",
        says="nothing here says which samples the runs were trained on: name them with --data",
        then=("report run --data folder:moved",),
        code=1,
    ),
    "a class that would be emptied by force": Case(
        advice="name one of them in --force-keep and not in --force-drop, or allow it by `lt-prune prune --allow-",
        before=(in_lists,),
        refused=f"{FORCED} --force-drop all.txt",
        says="what is forced leaves none of the 4 samples of class 'class2': name one of them in --force-keep",
        then=(
            f"{FORCED} --force-drop others.txt --force-keep one.txt",
            f"{FORCED} --force-drop all.txt --allow-empty-class --out emptied.h5",
        ),
    ),
    "a class that would be emptied": Case(
        advice="ask for a smaller ratio, or allow it by `lt-prune prune --allow-empty-class`",
        refused=f"prune {ON_PHOTOS} --strategy random --ratio 0.96",
        says="allow it by `lt-prune prune --allow-empty-class`",
        then=(
            f"prune {ON_PHOTOS} --strategy random --ratio 0.5",
            f"prune {ON_PHOTOS} --strategy random --ratio 0.96 --allow-empty-class",
        ),
    ),
}
WORKERS = "a limit of memory is one of each process, so that fewer of them do not help below it"
AGAIN = "a part of the commands that make things again, which tests/planning/test_again.py runs"
HUGGING_FACE = "it needs the package datasets, see tests/data/sources"
INSTALLS = "it needs a package index"
SEALED = "as that of a damaged checkpoint; what else a sealed file may hold is in tests/battery"
NOT_PROVOKED = {
    "--allow-empty-class": AGAIN,
    "--freeze": AGAIN,
    "data sets of Hugging Face are read by datasets, which is not installed: pip install 'lt-prune[datasets]'": INSTALLS,
    "{} needs pyarrow, which is not installed: pip install 'lt-prune[pyarrow]', or use csv": INSTALLS,
    "the huggingface source needs a name or a folder: --data huggingface:NAME": HUGGING_FACE,
    "{} is no data set of Hugging Face that can be read ({}): name a folder that save_to_disk made, or one of parquet "
    "files or images, or add --download": HUGGING_FACE,
    "train fewer networks at once (--workers 1)": WORKERS,
    "give another --out": "that of scripts/paper.py, which tests/test_paper.py runs",
    "--seed {}": "a part of the commands above",
    "--{}": "a part of the options above",
    "leave out {}": "a part of the messages above",
    "{} has no {} scores, only {}: add them by `{}`": "its parts are tried above",
    "the process that starts workers ended: run the command again": "nothing else that a test does ends it",
    "must leave out the head of its second stage, which has that of {}": "of a method that is written: tests/contract",
    "is more than is free: train fewer at once with --workers": "of a measured speed: tests/steps/test_doctor.py follows it",
    "scalars are written by tensorboard, which is not installed: pip install 'lt-prune[tensorboard]'": INSTALLS,
    "data frames are pandas', which is not installed: pip install 'lt-prune[pandas]'": INSTALLS,
    "is one of timm's, which is not installed: pip install 'lt-prune[timm]'": INSTALLS,
    "{} is read by safetensors, which is not installed: pip install 'lt-prune[safetensors]'": INSTALLS,
    "{} has changed since the run was planned: run the command again": "it changes between two steps of one command",
    "{} holds no {} of this run: remove it and run the command again": SEALED,
    "{} holds no momentum of this run: remove it and run the command again": SEALED,
    "{} holds no state of a training: remove it and run the command again": SEALED,
    "{} is sealed, but holds no weights ({}): remove it and run the command again": SEALED,
    "\nexact copies among the test samples and under two labels were not looked for: name the data with --data": "it stands "
    "below a table, and is followed in tests/steps/test_audit.py",
}
BELOW = {
    "item {} of {} differs when it is read again: leave out random transforms",
    "{} is no image of Pillow, and is taken in its own size: leave out resize",
    "{} must be of bytes, or of bytes over 255 as ToTensor gives them, not {}: leave out Normalize and whatever else "
    "changes images",
    "a subset is drawn already: leave out {}, or give scores",
    "neither budget nor selection reads scores, which could follow the training: leave it out",
    "install Debian's dataset-fashion-mnist, or give the folder of its four gzip files as fashion-mnist:PATH",
    "{} is gone since its folder was listed: put it back and run the same command again",
    "{}: put a sound copy in its place and run the same command again",
    "set LT_PRUNE_DATA to a folder, or name one as SOURCE:PATH",
    'the dataset or the subset has no file names to match by: leave out match="names"',
    "the run is opened already: leave out {}, or give it to open_run",
    "drop reads scores by {}: give a score file, which `lt-prune score --folds 5` makes with all of them",
    "read a folder's images as they are needed (--loading stream) or make them smaller (--resize)",
    "take smaller steps (--batch-size)",
    "train fewer networks at once with --workers, or smaller batches with --batch-size",
    "another process is at work in {}: wait for it, or give another --out",
    "strategy {} ranks by scores: give a score file, which `lt-prune score` makes",
    "those published are by the ensemble of seed {}: name them by --scores {}",
    "score the set by `lt-prune score`, or name the one that they are of",
    "are not among the published, only {}: make your own by `{}`",
    "give it by --recall, or name a score file of every member by --scores",
    "torch.compile fails here ({}): leave out --compiled, or give torch a C++ compiler and a folder to write to "
    "(TORCHINDUCTOR_CACHE_DIR)",
}
"""Provoked by the tests below."""


@pytest.fixture
def world(in_tmp, blob_folder, monkeypatch) -> Path:
    blob_folder((12, 8, 4))
    monkeypatch.setenv("LT_PRUNE_DATA", str(in_tmp / "nothing"))
    return in_tmp


def follow(step: str | Callable[[], object]) -> None:
    if callable(step):
        step()
    elif step.startswith("rm "):
        Path(step.removeprefix("rm ")).unlink()
    else:
        ok(step)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_what_a_message_says_to_do_works(world, name):
    case = CASES[name]
    for step in case.before:
        follow(step)
    refused = lt(case.refused)
    assert refused.exit_code == case.code, refused.stderr
    assert case.says in " ".join((refused.stderr + refused.stdout).split())
    assert bool(case.then) != bool(case.not_followed)
    for step in case.then:
        follow(step)


def test_another_out_is_free_where_a_process_is_at_work(world):
    Path("run").mkdir()
    with FileLock("run/.lock"):
        refused = lt(f"{TRAIN} {ON_PHOTOS} --out run")
        assert refused.exit_code == 1
        assert "another process is at work in run: wait for it, or give another --out" in refused.stderr
        follow(f"{TRAIN} {ON_PHOTOS} --out other")
    follow(f"{TRAIN} {ON_PHOTOS} --out run")


def test_a_score_file_is_made_by_the_command_that_python_names(world):
    with pytest.raises(lp.LtPruneError, match="give a score file, which `lt-prune score` makes"):
        lp.prune("folder:photos", ratio=0.4, metric="avh")
    follow(f"{SCORE} {ON_PHOTOS}")
    assert lp.prune("folder:photos", ratio=0.4, scores="scores/photos.h5").kept.sum() == 14


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (Path.unlink, "0003.png is gone since its folder was listed: put it back and run the same command again"),
        (lambda path: path.write_bytes(b"junk"), "put a sound copy in its place and run the same command again"),
    ],
    ids=["gone", "broken"],
)
def test_a_picture_that_is_lost_during_a_training_is_put_back(world, harm, says):
    picture = Path("photos/train/class0/0003.png")
    content, reading = picture.read_bytes(), lp.Reading(loading="stream")
    small = {"epochs": 9, "batch_size": 4, "model": "resnet8", "reading": reading, "compute": lp.Compute(device="cpu")}
    whole = lp.train("photos", **small)

    def lose(what: str, done: float, total: int) -> None:
        if done == 1:
            harm(picture)

    with pytest.raises(lp.LtPruneError, match=f"{re.escape(says)}$"):
        lp.train("photos", out="run", progress=lose, **small)
    picture.write_bytes(content)
    assert lp.train("photos", out="run", **small).loss == whole.loss


def test_fashion_mnist_is_given_by_its_folder(world, monkeypatch):
    fashion()
    monkeypatch.setattr("lt_prune.data.sources.fashion_mnist.DEBIAN", world / "nowhere")
    refused = lt("build --data fashion-mnist")
    assert refused.exit_code == 1
    assert "or give the folder of its four gzip files as fashion-mnist:PATH" in refused.stderr
    follow("build --data fashion-mnist-lt2:fashion")


def test_without_a_home_folder_a_place_is_named(world, monkeypatch):
    monkeypatch.delenv("LT_PRUNE_DATA")
    monkeypatch.setattr(Path, "expanduser", lambda path: (_ for _ in ()).throw(RuntimeError("no home")))
    refused = lt("build --data cifar10")
    assert refused.exit_code == 2
    assert "set LT_PRUNE_DATA to a folder, or name one as SOURCE:PATH" in refused.stderr
    monkeypatch.setenv("LT_PRUNE_DATA", "elsewhere")
    assert "add --download, or name its place" in lt("build --data cifar10").stderr


def test_what_has_no_file_names_is_not_matched_by_them(world):
    data = lp.build("digits")
    subset = lp.prune(data, strategy="random", ratio=0.4)
    whole = torch.utils.data.TensorDataset(torch.zeros(1797, 1, 8, 8), torch.zeros(1797))
    with pytest.raises(lp.LtPruneError, match='has no file names to match by: leave out match="names"'):
        lp.torch_subset(subset, whole, match="names")
    assert len(lp.torch_subset(subset, data)) == subset.kept.sum()


@pytest.mark.parametrize(
    ("transforms", "reading", "says"),
    [
        ([RandomCrop(6)], {}, "differs when it is read again: leave out random transforms"),
        ([ToTensor(), Normalize([0.5] * 3, [0.5] * 3)], {}, "leave out Normalize and whatever else changes images"),
        ([ToTensor()], {"resize": 6}, "is no image of Pillow, and is taken in its own size: leave out resize"),
    ],
    ids=["random", "Normalize", "resize"],
)
def test_a_dataset_is_taken_without_what_changes_its_images(world, transforms, reading, says):
    with pytest.raises(lp.LtPruneError, match=f"{says}$"):
        lp.build(ImageFolder("photos/train", Compose(transforms)), reading=lp.Reading(**reading))
    kept = [each for each in transforms if isinstance(each, ToTensor)]
    assert lp.build(ImageFolder("photos/train", Compose(kept) if kept else None)).index.source == "dataset:ImageFolder"


def test_a_sampler_is_drawn_and_followed_without_what_it_refuses(world):
    follow(f"{SCORE} {ON_PHOTOS}")
    scores = lp.read_scores("scores/photos.h5")
    subset = lp.prune(scores=scores, strategy="random", ratio=0.4)
    with pytest.raises(lp.LtPruneError, match=r"drawn already: leave out ratio, or give scores$"):
        lp.Sampler(subset, ratio=0.4)
    how = {"ratio": 0.4, "budget": "equal", "select": "random"}
    sampler = lp.Sampler(scores, **how)
    with pytest.raises(lp.LtPruneError, match=r"reads scores, which could follow the training: leave it out$"):
        sampler.update(torch.ones(1))
    assert len(lp.Sampler(subset)) == len(sampler) == 14


def test_a_run_that_is_opened_takes_no_data_again(world):
    follow(f"{TRAIN} {ON_PHOTOS} --out run")
    opened = open_run("run", "folder:photos")
    with pytest.raises(lp.LtPruneError, match="the run is opened already: leave out data, or give it to open_run"):
        lp.evaluate(opened, "folder:photos")
    assert lp.evaluate(opened) == lp.evaluate("run")


LIMITED = """
import resource, sys
import psutil, torch, lt_prune.engine.train, lt_prune.engine.testing
from lt_prune.cli import main
torch.set_num_threads(1)
most = psutil.Process().memory_info().vms + int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_AS, (most, most))
main(sys.argv[2:])
"""
"""A command with so many bytes left to it."""


def apart(command: list[str], **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, env={**os.environ, **env})


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit is one of Linux")
@pytest.mark.parametrize(
    ("command", "says", "ways"),
    [
        (
            f"{TRAIN} --n-threads 1 --out run",
            "take smaller steps (--batch-size), read a folder's images as they are needed (--loading stream) or make them "
            "smaller (--resize), or free some for this command",
            ("--batch-size 2", "--resize 32"),
        ),
        (
            f"score --members 2 --workers 2 {SMALL}",
            "train fewer networks at once with --workers, or smaller batches with --batch-size",
            ("--batch-size 2",),
        ),
    ],
    ids=["train", "score"],
)
def test_less_memory_is_needed_by_smaller_steps_or_images(world, command, says, ways):
    for folder, number in [*product(("train/a", "train/b"), range(7)), ("test/a", 0), ("test/b", 0)]:
        path = Path("large", folder, f"{number}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.effect_noise((384, 384), 50).convert("RGB").save(path)
    limited = ["-c", LIMITED, str(3 << 29), *shlex.split(command), "--data", "large"]
    refused = apart(limited)
    assert refused.returncode == 1
    assert "out of memory" in refused.stderr.splitlines()[-1]
    assert says in refused.stderr.splitlines()[-1]
    assert "Traceback" not in refused.stderr
    for way in ways:
        done = apart([*limited, *way.split(), "--overwrite"])
        assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_what_cannot_be_compiled_is_trained_without(world):
    embeddings()
    command = "train --data features:vectors.npz --epochs 1 --out run"
    compiled = ["-m", "lt_prune", *command.split(), "--compiled"]
    refused = apart(compiled, CXX="/nowhere/g++", TORCHINDUCTOR_CACHE_DIR=str(world / "cache"))
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert refused.stderr.splitlines()[-1].startswith("lt-prune: torch.compile fails here (")
    assert "leave out --compiled" in refused.stderr.splitlines()[-1]
    follow(command)


def test_scores_to_drop_by_are_made_by_the_command_that_python_names(world):
    with pytest.raises(lp.LtPruneError, match="give a score file, which `lt-prune score --folds 5` makes with all of them"):
        lp.prune("folder:photos", ratio=0.4, strategy="random", drop="noisy:0.1,duplicates:0.5")
    follow(f"{SCORE} {ON_PHOTOS} --folds 5")
    how = {"strategy": "random", "drop": "noisy:0.1,duplicates:1"}
    assert lp.prune("folder:photos", ratio=0.4, scores="scores/photos.h5", **how).kept.sum() == 14


@pytest.fixture
def published(world, monkeypatch) -> lp.ScoreSet:
    """Means by two members are published of photos/; the scores of each lie in whole.h5."""
    follow(f"score {ON_PHOTOS} --members 2 {SMALL} --metric avh,margin --out whole.h5")
    scores = lp.read_scores("whole.h5")
    metrics = {name: replace(metric, per_member=metric.mean[None], nearest=None) for name, metric in scores.metrics.items()}
    means = replace(scores, metrics=metrics, published=Published(file="scores/photos.h5", sha256=""))
    lp.write_scores("package/photos.h5", means)
    monkeypatch.setattr("lt_prune.planning.published_scores.FOLDER", Path("package"))
    return means


@pytest.mark.slow
def test_published_scores_of_another_ensemble_are_named(published):
    refused = lt(f"prune {ON_PHOTOS} --ratio 0.4 --metric avh --seed 1")
    assert "those published are by the ensemble of seed 0: name them by --scores published" in refused.stderr
    assert "run `lt-prune score --data folder:photos --seed 1` first" in refused.stderr
    ok(f"prune {ON_PHOTOS} --ratio 0.4 --seed 1 --scores published")
    follow(f"{SCORE} {ON_PHOTOS} --seed 1")
    ok(f"prune {ON_PHOTOS} --ratio 0.4 --metric avh --seed 1 --out own.h5")


@pytest.mark.slow
def test_a_set_that_none_are_published_of_is_scored(published):
    shutil.copytree("photos", "more")
    shutil.copy("more/train/class0/0000.png", "more/train/class1/more.png")
    refused = lt("prune --data folder:more --ratio 0.4 --scores published")
    assert "24 of its 24 ids are among the 25 of more" in refused.stderr
    assert "score the set by `lt-prune score`, or name the one that they are of" in refused.stderr
    ok(f"prune {ON_PHOTOS} --ratio 0.4 --scores published")
    follow(f"{SCORE} --data folder:more")
    ok("prune --data folder:more --ratio 0.4 --metric avh")


@pytest.mark.slow
def test_a_metric_that_is_not_published_is_scored(published):
    refused = lt(f"prune {ON_PHOTOS} --ratio 0.4 --metric grand")
    command = "score --data folder:photos --epochs 1 --model resnet8 --metric grand"
    assert f"make your own by `lt-prune {command}`" in refused.stderr
    follow(f"{command} --members 1")
    ok(f"prune {ON_PHOTOS} --ratio 0.4 --metric grand")


@pytest.mark.slow
def test_recall_that_means_do_not_tell_is_given_or_read_of_members(published):
    drop = f"prune {ON_PHOTOS} --ratio 0.4 --budget drop"
    assert "give it by --recall, or name a score file of every member by --scores" in lt(drop).stderr
    Path("recall.csv").write_text("class,recall\nclass0,0.5\nclass1,0.5\nclass2,0.5\n")
    ok(f"{drop} --recall recall.csv")
    ok(f"{drop} --scores whole.h5")


def test_a_sampler_of_a_subset_takes_no_ratio_and_one_of_scores_does(world):
    follow(f"{SCORE} {ON_PHOTOS}")
    scores = lp.read_scores("scores/photos.h5")
    subset = lp.prune(scores=scores, ratio=0.4)
    with pytest.raises(lp.LtPruneError, match=r"^a subset is drawn already: leave out ratio, or give scores$"):
        lp.Sampler(subset, ratio=0.4)
    assert len(lp.Sampler(subset)) == len(lp.Sampler(scores, ratio=0.4)) == 14


def test_a_sampler_that_reads_no_scores_draws_without_losses(world):
    follow(f"{SCORE} {ON_PHOTOS}")
    sampler = lp.Sampler(lp.read_scores("scores/photos.h5"), ratio=0.4, budget="equal", select="random")
    with pytest.raises(lp.LtPruneError, match=r"which could follow the training: leave it out$"):
        sampler.update(torch.ones(4))
    assert len(list(sampler)) == 14


# Every message is among these


OPTION = re.compile(
    r"(?<![\w-])--[a-z{]|`lt-prune |`{}`|(?<!\[):PATH|:SUBSET|pip install|leave (out|it|them)\b|(command|sweep) again"
)


def texts(tree: ast.Module) -> Iterator[str]:
    """What a module says; values in it are {}. Docstrings and the help of options are left out."""
    passed: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            passed.add(id(node.value))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("option", "argument", "group"):
            passed |= {id(each) for each in ast.walk(node)}
        if isinstance(node, ast.JoinedStr):
            passed |= {id(each) for each in ast.walk(node)} - {id(node)}
    for node in ast.walk(tree):
        if id(node) in passed:
            continue
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_message_that_names_a_command_or_an_option_is_tried():
    said = {text for file in PACKAGE.rglob("*.py") for text in texts(ast.parse(file.read_text())) if OPTION.search(text)}
    tried = {case.advice for case in CASES.values()} | BELOW
    assert not {text for text in said - NOT_PROVOKED.keys() if not any(advice in text for advice in tried)}
    assert not {advice for advice in tried if not any(advice in text for text in said)}
    assert not NOT_PROVOKED.keys() - said
