"""Small data, every kind of file made of it, and what these files say."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import lt_prune as lp
from lt_prune.store.results import read_failure, read_grid
from lt_prune.store.weights import read_weights

SMALL = ("--model", "resnet8", "--epochs", "2", "--device", "cpu")
DATA = ("--data", "sets/mine-lt3.h5")
SUBSET = "subsets/mine-lt3-ranked-avh-0.3.h5"
COMMANDS = {
    "build": ("build", "--data", "npz-lt3:mine.npz"),
    "score": ("score", *DATA, "--members", "1", *SMALL),
    "members": ("score", *DATA, "--members", "2", *SMALL),
    "prune": ("prune", *DATA, "--ratio", "0.3", "--metric", "avh"),
    "train": ("train", *DATA, "--subset", "none", *SMALL),
    "stages": ("train", *DATA, "--subset", SUBSET, "--method", "alas", "--set", "stage2_epochs=1", *SMALL),
    "again": ("train", *DATA, "--subset", "none", "--out", "runs/again", "--overwrite", *SMALL),
    "evaluate": ("evaluate", "runs/mine-lt3-ce"),
    "plot": ("plot", "runs/mine-lt3-ce", "--figure", "head"),
    "names": ("export", SUBSET, "--out", "kept.txt"),
    "rows": ("export", SUBSET, "--out", "kept.npy"),
    "export": ("export", SUBSET, "--out", "kept.json"),
    "samples": ("scores", "scores/mine-lt3.h5", "--csv", "avh.csv"),
    "report": ("report", "scores/mine-lt3.h5", SUBSET),
    "gallery": ("gallery", SUBSET, "--sheet", "removed"),
    "sweep": ("sweep", *DATA, "--strategies", "random", "--ratios", "0.3", "--seeds", "0", *SMALL, "--out", "grid"),
    "run": ("run", *DATA, "--members", "1", "--score-epochs", "1", "--ratio", "0.3", *SMALL, "--out", "compared"),
    "results": ("results", "grid", "--out", "rows.csv"),
}
"""Every command that writes, in an order in which each finds what it needs."""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    writes: int
    stdout: str
    stderr: str

    @property
    def refused(self) -> bool:
        """Whether it ended by one sentence, warnings and what is said of good work apart."""
        said = [line for line in self.stderr.splitlines() if not line.startswith(("training on ", "lt-prune: warning: "))]
        return self.code in (1, 2) and len(said) == 1 and said[0].startswith("lt-prune: ") and "Traceback" not in self.stderr


class Server:
    """Runs commands; see `server.py`."""

    def __init__(self) -> None:
        root = Path(lp.__file__).parents[1]
        path = f"{root}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("server.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": path},
        )
        assert self._process.stdout.readline() == "ready\n"

    def run(self, place: Path, args: tuple[str, ...], kill: int | None = None) -> Ended:
        """A command in the folder `work` of a place; temporary files are in its folder `tmp`."""
        request = {"args": list(args), "folder": str(place / "work"), "temporary": str(place / "tmp"), "kill": kill}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return Ended(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate()


def new_place(place: Path) -> Path:
    """A place with the source alone."""
    for name in ("work", "tmp"):
        (place / name).mkdir(parents=True)
    random = np.random.default_rng(0)
    labels, tested = np.repeat([0, 1, 2], [30, 20, 12]), np.repeat([0, 1, 2], 4)
    names = np.array(["cat", "dog", "猫"])

    def images(labels: np.ndarray) -> np.ndarray:
        return np.clip(random.normal(60 + 60 * labels[:, None, None], 30, (len(labels), 8, 8)), 0, 255).astype(np.uint8)

    np.savez(
        place / "work" / "mine.npz",
        x_train=images(labels),
        y_train=labels,
        x_test=images(tested),
        y_test=tested,
        class_names=names,
    )
    return place


def copied(place: Path, to: Path) -> Path:
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(place, to)
    return to


def listed(place: Path) -> dict[str, bytes]:
    """Every file below a folder, with its content."""
    return {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()}


def left_behind(place: Path) -> list[Path]:
    """What no command should leave."""
    return [*place.rglob("*.part"), *(place / "tmp").glob("lt-prune-*")]


def make_old(place: Path) -> None:
    """As if what was left behind had been there for two minutes."""
    for left in left_behind(place):
        os.utime(left, (time.time() - 120,) * 2)


def said_by(work: Path) -> dict[str, str]:
    """What every file says, times apart: equal for two folders where nothing was lost and nothing is wrong.

    Raises:
        FileError: one is damaged.
    """
    return {
        str(path.relative_to(work)): said(path) for path in sorted(work.rglob("*")) if path.is_file() and path.name[0] != "."
    }


def said(path: Path) -> str:
    """What a file says, as a digest."""
    return hashlib.sha256(repr(_read(path)).encode()).hexdigest()


def _read(path: Path) -> Any:
    if path.suffix == ".h5":
        reader = {"sets": lp.read_set, "scores": lp.read_scores, "subsets": lp.read_subset}[path.parent.name]
        return plain(reader(path))
    if path.suffix == ".pt":
        return plain(read_weights(path, torch.device("cpu")))
    if path.suffix in (".png", ".pdf", ".npz"):
        return len(path.read_bytes()) > 0
    if path.suffix == ".csv":
        return [plain(row) for row in csv.DictReader(path.read_text().splitlines())]
    if path.name == "result.json":
        return plain(lp.read_result(path))
    if path.name == "failure.json":
        return plain(read_failure(path))
    if path.name.endswith("-sweep.json"):
        return [(folder.name, plain(run)) for folder, run in read_grid(path).items()]
    if path.suffix == ".json":
        return plain(checked(json.loads(path.read_text())))
    return path.read_bytes()


def checked(content: dict[str, Any]) -> dict[str, Any]:
    """JSON whose seal is right, as docs/formats.md says how to see it."""
    seal = content.pop("sha256")
    assert hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest() == seal
    return content


UNTOLD = ("seconds", "seconds_mean", "seconds_std", "sha256", "data_place", "subset_place", "root_place")


def plain(value: Any) -> Any:
    """Values by name, without times, and without where things lie."""
    if is_dataclass(value):
        told = (field.name for field in fields(value) if field.name not in UNTOLD)
        return {name: plain(getattr(value, name)) for name in told}
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items() if name not in UNTOLD}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, torch.Tensor):
        return str(value.dtype), plain(value.float().numpy())
    if isinstance(value, np.ndarray):
        return str(value.dtype), value.shape, hashlib.sha256(value.tobytes()).hexdigest()
    return value
