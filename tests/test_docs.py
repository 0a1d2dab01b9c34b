"""What README.md and docs/ say: their commands are run in order, where a reader would run them; links lead somewhere."""

from __future__ import annotations

import csv
import glob
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.models import resnet18
from typed import ok

import lt_prune as lp
from lt_prune.cli import main

ROOT = Path(__file__).parents[1]
PAGES = {page.relative_to(ROOT).as_posix(): page for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]}
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", flags=re.DOTALL | re.MULTILINE)
NETWORK = "--epochs 1 --model resnet8"
SHORT = {
    "score": f"{NETWORK} --members 2",
    "train": NETWORK,
    "sweep": f"{NETWORK} --members 2 --score-epochs 1 --seeds 0",
    "run": f"{NETWORK} --members 2 --score-epochs 1",
}
"""What comes after the options of the page, in place of the same ones there, so that a command ends in seconds."""
NOT_RUN = {
    "pip": "it needs the network",
    "scripts/quickstart.sh": "it installs; tests/e2e runs its command",
    "scripts/test.sh": "it runs the tests",
    ".venv/bin/python": "scripts have tests of their own",
}
OPTIONAL = {"timm:": "timm", "--weights vit.safetensors": "safetensors"}
"""What needs an extra, by a part of the command."""


def typed_in(page: Path) -> Iterator[tuple[str, str]]:
    """Language and text of each command and each block of Python, in order."""
    for language, text in BLOCK.findall(page.read_text()):
        if language == "python":
            yield language, text
            continue
        for line in text.replace("\\\n", " ").replace(" && ", "\n").splitlines():
            if shlex.split(line, comments=True):
                yield language, shlex.join(shlex.split(line, comments=True))


def shortened(command: str) -> str:
    """The command, as far as `lt-prune`'s own, with the options that make it short and its patterns filled in."""
    _, name, *options = shlex.split(command)
    found = [file for option in options for file in (sorted(glob.glob(option)) if "*" in option else [option])]
    other = "--model" in options and not options[options.index("--model") + 1].startswith("resnet")
    embeddings = any(option.startswith("features:") for option in options)
    short = "" if "--from-run" in options else SHORT.get(name, "")
    short = short.replace(" --model resnet8", "") if other or embeddings else short
    short = short.replace(" --members 2 --score-epochs 1", "") if name == "sweep" and "--scores" in options else short
    return shlex.join([name, *found, *short.split()])


def pictures(folder: Path, counts: tuple[int, ...], side: int, seed: int = 0) -> None:
    random = np.random.default_rng(seed)
    for label, count in enumerate(counts):
        place = folder / f"class{label}"
        place.mkdir(parents=True)
        for k in range(count):
            pixels = random.normal(40 + 20 * label, 30, (side, side, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(place / f"{k:03}.png")


@pytest.fixture
def reader(in_tmp: Path) -> Path:
    """A folder with all that the pages take for granted."""
    pictures(in_tmp / "photos", (24, 12, 8), 16)
    labels = np.repeat(np.arange(3), (30, 15, 9))
    vectors = np.random.default_rng(0).normal(size=(54, 6)).astype(np.float32) + labels[:, None]
    np.savez("clip.npz", x_train=vectors, y_train=labels, x_test=vectors[::3], y_test=labels[::3])
    with open("el2n.csv", "w", newline="") as opened:
        files = sorted(Path("photos").rglob("*.png"))
        csv.writer(opened).writerows([("file", "el2n"), *((f.relative_to("photos"), k / 7) for k, f in enumerate(files))])
    return in_tmp


def prepare_measurements(folder: Path) -> None:
    pictures(folder / "cifar10/train", (100,) * 10, 8)
    pictures(folder / "cifar10/test", (2,) * 10, 8, seed=1)


def prepare_benchmark(folder: Path) -> None:
    prepare_measurements(folder)
    for name in ("cifar10-lt100", "fashion-mnist-lt100"):  # of the same pictures
        ok(f"build --data folder:cifar10 --imbalance 5 --out {name}.h5")
        ok(f"score --data {name}.h5 --metric el2n,avh {SHORT['score']} --out scores/{name}.h5")
    ok(f"train --data cifar10-lt100.h5 --method mixup {SHORT['train']} --out paper/runs/cifar10-lt100-mixup")


def prepare_training(folder: Path) -> None:
    torch.manual_seed(0)
    torch.save(resnet18().state_dict(), "resnet18.pth")


def prepare_tutorial(folder: Path) -> None:
    """The page makes its own pictures, of which a person has marked one."""
    shutil.rmtree("photos")
    exec(next(text for language, text in typed_in(PAGES["docs/tutorial.md"]) if language == "python"), {})
    Path("keep.txt").write_text(f"{lp.build('photos').index.ids[0]:016x}\n")
    shutil.rmtree("photos")


def prepare_formats(folder: Path) -> None:
    ok(f"score --metric avh {SHORT['score']}")
    ok(f"train {SHORT['train']}")


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(PAGES.keys() - {"docs/python.md", "docs/angular.md"}))  # which test_examples.py runs
def test_what_a_page_says_to_type_works(reader, name):
    prepare = globals().get(f"prepare_{Path(name).stem}".replace("-", "_"))
    if prepare:
        prepare(reader)
    names: dict[str, Any] = {}
    for language, text in typed_in(PAGES[name]):
        if language == "python":
            exec(compile(text, name, "exec"), names)
        elif text.split()[0] == "lt-prune":
            if all(part not in text or extra in sys.modules for part, extra in OPTIONAL.items()):
                ok(shortened(text))
        else:
            assert text.split()[0] in NOT_RUN, text


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_says_to_type_is_what_commands_take(name):
    for language, text in typed_in(PAGES[name]):
        if language == "sh" and text.startswith("lt-prune "):
            _, command, *options = shlex.split(text)
            main.commands[command].make_context(command, options)


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name):
    for target in re.findall(r"\]\(([^)\s]+)\)", PAGES[name].read_text()):
        path, _, section = target.partition("#")
        if target.startswith("http"):
            continue
        page = (PAGES[name].parent / path).resolve() if path else PAGES[name]
        assert page.exists(), target
        titles = re.findall(r"^#+ (.*)$", page.read_text(), flags=re.MULTILINE) if section else []
        assert not section or section in {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}, (
            target
        )
