"""One rule for every command that writes: the same content stays, other content is refused, and --overwrite replaces it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typed import lt, ok

import lt_prune as lp
from lt_prune.cli import main
from lt_prune.errors import MismatchError

SMALL = "--epochs 1 --model resnet8"
SAME = "was there already and holds the same: left as it is"


def inodes(folder: Path) -> dict[Path, tuple[int, int]]:
    """What is there, and when it was written."""
    files = {file: file.stat() for file in folder.rglob("*") if file.is_file() and file.name != ".lock"}
    return {file: (found.st_ino, found.st_mtime_ns) for file, found in files.items()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """photos/, in B/ a folder of the same name with other pictures, and what commands make of the former."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for place, seed in (("photos", 0), ("B/photos", 1)):
            random = np.random.default_rng(seed)
            for split, counts in (("train", (12, 8, 4)), ("test", (3, 3, 3))):
                for label, count in enumerate(counts):
                    Path(place, split, f"class{label}").mkdir(parents=True)
                    for i in range(count):
                        image = Image.fromarray(random.integers(0, 256, (8, 8, 3), dtype=np.uint8))
                        image.save(Path(place, split, f"class{label}", f"{i}.png"))
        _make()
        _made_elsewhere()
    return folder


@pytest.fixture
def world(made, in_tmp) -> Path:
    """A copy of it, to work in."""
    shutil.copytree(made, in_tmp, dirs_exist_ok=True)
    return in_tmp


def _make() -> None:
    ok(f"score --data folder:photos --members 1 {SMALL}")
    ok("prune --data folder:photos --ratio 0.4 --strategy random")
    ok(f"train --data folder:photos {SMALL} --out run")
    ok(f"sweep --data folder:photos --strategies random --ratios 0.4 --seeds 0 {SMALL} --out grid")


def _made_elsewhere() -> None:
    index = lp.build("folder:photos").index
    for name, numbers in (("theirs", range(index.n_samples)), ("other", reversed(range(index.n_samples)))):
        rows = [f"{file},{number}" for file, number in zip(index.file_names, numbers)]
        Path(f"{name}.csv").write_text("\n".join(["file,el2n", *rows]))
    for name, logits in (("theirs", np.eye(3)), ("other", np.ones((3, 3)))):
        np.savez(f"{name}.npz", id=index.ids, logits=logits[index.labels])


SUBSET = "subsets/photos-random-0.4.h5"
COMMANDS = {
    "build": ("build --data folder:photos", "sets/photos.h5", "build --data folder:B/photos"),
    "score": (
        f"score --data folder:photos --members 1 {SMALL}",
        "scores/photos.h5",
        f"score --data folder:photos --members 1 --lr 0.5 {SMALL}",
    ),
    "import-scores": (
        "import-scores theirs.csv --data folder:photos",
        "scores/photos-el2n.h5",
        "import-scores other.csv --data folder:photos",
    ),
    "import-outputs": (
        "import-outputs theirs.npz --data folder:photos --metric loss",
        "scores/photos-outputs.h5",
        "import-outputs other.npz --data folder:photos --metric loss",
    ),
    "prune": (
        "prune --data folder:photos --ratio 0.4 --strategy random",
        SUBSET,
        "prune --data folder:B/photos --ratio 0.4 --strategy random",
    ),
    "train": (
        f"train --data folder:photos {SMALL} --out mine",
        "mine",
        f"train --data folder:photos --seed 1 {SMALL} --out mine",
    ),
    "export": (f"export {SUBSET} --out kept.npy", "kept.npy", f"export {SUBSET} --out kept.npy --removed"),
    "plot": ("plot run --figure head --out mine", "mine.png", "plot run --figure logits --out mine"),
    "report": (f"report {SUBSET} --out mine.html", "mine.html", "report grid --out mine.html"),
    "gallery": (
        f"gallery {SUBSET} --sheet removed --out mine",
        "mine-removed.png",
        f"gallery {SUBSET} --sheet removed --columns 2 --out mine",
    ),
    "results": ("results grid --out mine.csv", "mine.csv", "results run --out mine.csv"),
    "run": (
        f"run --data folder:photos --ratio 0.4 --members 1 --score-epochs 1 {SMALL} --out all",
        "all/subsets/photos-random-0.4.h5",
        f"run --data folder:B/photos --ratio 0.4 --members 1 --score-epochs 1 {SMALL} --out all",
    ),
    "sweep": (
        f"sweep --data folder:photos --strategies random --ratios 0.4 --seeds 0 {SMALL} --out grid",
        "grid/subsets/photos-random-0.4.h5",
        f"sweep --data folder:B/photos --strategies random --ratios 0.4 --seeds 0 {SMALL} --out grid",
    ),
}
"""A command, what it writes, and one that would write something else there."""


def test_every_command_with_an_output_is_among_these():
    takes = {name for name, command in main.commands.items() if any(each.name == "out" for each in command.params)}
    assert takes == COMMANDS.keys() | {"advise"}, "which writes by the step of sweep"
    assert all(any(each.name == "overwrite" for each in main.commands[name].params) for name in takes)


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_there_is_kept_or_refused_or_replaced(world, name):
    command, output, other = COMMANDS[name]
    ok(command)
    there = inodes(world)
    kept = {file for file in there if output in str(file)}
    assert kept
    again = ok(command)
    assert all(inodes(world)[file] == there[file] for file in kept)
    assert SAME in again.stderr
    refused = lt(other)
    assert refused.exit_code == 1, refused.stderr
    assert "--overwrite" in refused.stderr
    assert all(inodes(world)[file] == there[file] for file in kept)
    ok(f"{other} --overwrite")
    assert any(inodes(world).get(file) != there[file] for file in kept)


def test_a_set_of_the_same_name_is_told_apart(world):
    refused = lt("prune --data folder:B/photos --ratio 0.4 --strategy random")
    says = "holds the subset of other samples (folder:photos, not folder:B/photos): give another --out, or replace it by"
    assert says in refused.stderr
    assert "training on subsets/photos-random-0.4.h5" in ok(f"train --data folder:photos {SMALL} --out next").stderr


def test_the_same_data_may_be_named_in_another_way(world):
    assert SAME in ok(f"prune --data folder:{world}/photos --ratio 0.4 --strategy random").stderr


def test_pictures_in_the_folder_of_their_run_are_made_again(world):
    ok("plot run --figure head")
    Path("run/head.png").write_bytes(b"of an earlier version")
    assert "wrote run/head.png" in ok("plot run --figure head").stderr


def test_functions_take_the_same_word(world):
    subset = lp.read_subset(SUBSET)
    other = lp.prune("folder:photos", ratio=0.2, strategy="random")
    for write in (
        lambda **how: lp.prune("folder:photos", ratio=0.2, strategy="random", out=SUBSET, **how),
        lambda **how: lp.write_subset(SUBSET, subset, **how),
        lambda **how: lp.write_subset(SUBSET, other, **how),
    ):
        with pytest.raises(MismatchError, match="give another --out, or replace it by --overwrite"):
            write()
        write(overwrite=True)
        write()


def test_a_subset_names_what_differs(world):
    says = f"^{SUBSET} holds another subset, with ratio 0.4, not 0.2, and kept samples .+, not .+: give another --out"
    with pytest.raises(MismatchError, match=says):
        lp.prune("folder:photos", ratio=0.2, strategy="random", out=SUBSET)


def test_a_set_is_called_as_its_file(world):
    ok("build --data folder:photos --out products.h5")
    assert lp.read_set("products.h5").index.name == "products"
    ok("prune --data products.h5 --ratio 0.4 --strategy random")
    assert Path("subsets/products-random-0.4.h5").exists()
