"""Bad input in a process of its own: one sentence, the right exit status, nothing left behind.

Refusals that need torch, which takes seconds to load, are in test_cli.py.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import lt_prune as lp


def made_up_scores(data: lp.LongTailedSet) -> lp.ScoreSet:
    """Scores of one member, such as no network gave."""
    random = np.random.default_rng(0)
    per_member = random.random((1, data.index.n_samples), dtype=np.float32)
    metrics = {
        name: lp.MetricScores(per_member=per_member, higher_is_harder=True, equation="made up") for name in ("avh", "el2n")
    }
    one = np.ones(1)
    return lp.ScoreSet(
        index=data.index, metrics=metrics, seeds=(1,), train_accuracy=one, seconds=one, recipe=lp.Recipe(), versions={}
    )


def write_archive(file: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    labels = np.repeat([0, 1, 2], [20, 10, 5])
    pixels = random.integers(0, 256, (38, 8, 8), dtype=np.uint8)
    np.savez(file, x_train=pixels[:35], y_train=labels, x_test=pixels[35:], y_test=np.arange(3))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of good files and bad ones."""
    folder = tmp_path_factory.mktemp("template")
    for seed, name in enumerate(("mine", "other")):
        write_archive(folder / f"{name}.npz", seed)
        data = lp.build(f"npz:{folder / name}.npz")
        lp.write_scores(folder / f"{name}.h5", made_up_scores(data))
    lp.prune(scores=lp.read_scores(folder / "mine.h5"), ratio=0.2, out=folder / "subset.h5")
    whole = (folder / "mine.h5").read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    (folder / "truncated.h5").write_bytes(whole[:-1])
    (folder / "flipped.h5").write_bytes(flipped)
    (folder / "empty.h5").write_bytes(b"")
    (folder / "text.h5").write_text("not HDF5")
    (folder / "file").write_text("not a folder")
    return folder


@pytest.fixture
def folder(template, tmp_path, monkeypatch) -> Path:
    """A copy of the template, which is the working directory."""
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lt(args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lt_prune", *args.split()]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})


def contents(folder: Path) -> dict[Path, bytes]:
    """Files and folders."""
    return {path: path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


RANKED = "prune --ratio 0.3 --scores"

USAGE = [
    ("nonsense", "No such command 'nonsense'."),
    ("prune --ratio abc", "Invalid value for '--ratio': 'abc' is not a valid float."),
    ("prune", "ratio is missing: give the fraction to remove, in [0, 1)"),
    ("train --epochs many", "Invalid value for '--epochs': 'many' is not a valid integer."),
    ("train --device tpu", "Invalid value for '--device': 'tpu' is not one of 'auto', 'cpu', 'cuda'."),
    ("train --device cuda:one", "device must be one of auto, cpu, cuda, or a GPU such as cuda:1, not 'cuda:one'"),
    ("train --executor nonsense", "unknown executor 'nonsense': there are session, processes, cuda"),
    ("train --device cpu --executor cuda", "executor 'cuda' cannot be used, as it trains on GPUs"),
    ("train --method nonsense", "unknown training method 'nonsense': there are ce"),
    ("train --method cee", "(did you mean 'ce'?)"),
    ("score --metric nonsense", "unknown metric 'nonsense': there are el2n, avh"),
    ("score --metric avhh", "(did you mean 'avh'?)"),
    ("prune --ratio 0.3 --strategy nonsense", "unknown strategy 'nonsense': there are random, class-random, ranked"),
    ("prune --ratio 0.3 --strategy rankd", "(did you mean 'ranked'?)"),
    ("score --data nonsense", "unknown data source 'nonsense': there are digits, fashion-mnist, cifar10, cifar100, list"),
    ("score --data npz:mine.npz --out .", "out must be the name of a file, not ."),
    ("score --data npz:mine.npz --out ..", "out must be the name of a file, not .."),
    ("build --data cifar01", "(did you mean 'cifar10'?)"),
    ("build --data npz", "the npz source needs a path: --data npz:PATH"),
    ("build --data npz-lt0:mine.npz", "imbalance must be a number of 1 or more"),
    ("build --data npz:mine.npz --imbalance nan", "imbalance must be a number of 1 or more"),
    ("build --data npz-lt2:mine.npz --imbalance 2", "names its cut already"),
    ("build --data npz:mine.npz --groups 9,3", "0 < A <= B <= 3"),
    ("build --data npz:mine.npz --groups 1", "'1' is not two whole numbers A,B"),
    ("build --data npz:mine.npz --imbalance 2 --selection mislas --seed -1", "needs a seed in [0, 2^32), not -1"),
    ("build --data mine.h5", "names a set that is built already"),
    *(
        (f"prune --scores mine.h5 --ratio {ratio}", f"in [0, 1), not {ratio}")
        for ratio in ("1.0", "1.5", "nan", "-0.1", "inf")
    ),
    ("prune --scores mine.h5 --ratio 0.99", "would remove all 35 samples"),
    ("prune --scores mine.h5 --ratio 0.95", "would empty a class"),
    (f"{RANKED} mine.h5 --metric nonsense", "unknown metric 'nonsense': there are el2n, avh"),
    ("prune --data npz:mine.npz --ratio 0.3 --strategy random --metric avh", "takes no --metric"),
    (
        "prune --data npz:mine.npz --ratio 0.3 --metric avh",
        "run `lt-prune score --data npz:mine.npz` first, or give --scores",
    ),
    (
        "export subset.h5 --out kept.xml",
        "cleanlab, copies, links, not 'xml': name one, or end the file's name in it",
    ),
]

THE_REST = [
    (f"{RANKED} truncated.h5", "truncated.h5 is damaged"),
    (f"{RANKED} flipped.h5", "flipped.h5 is damaged"),
    (f"{RANKED} empty.h5", "empty.h5 is not a file that lt-prune wrote"),
    (f"{RANKED} text.h5", "text.h5 is not a file that lt-prune wrote"),
    (f"{RANKED} missing.h5", "missing.h5 does not exist"),
    (f"{RANKED} subset.h5", "subset.h5 is an lt-prune subset file, and a scores file was expected"),
    (f"{RANKED} other.h5 --data npz:mine.npz", "0 of its 35 sample ids are among the 35 of mine"),
    ("scores subset.h5", "a scores file was expected"),
    ("export mine.h5 --out kept.npy", "a subset file was expected"),
    ("train --data npz:mine.npz --subset mine.h5", "a subset file was expected"),
    ("score --data mine.h5", "mine.h5 is an lt-prune scores file, and a set file was expected"),
    ("score --data missing.h5", "missing.h5 does not exist"),
    ("build --data npz:missing.npz", "missing.npz does not exist"),
    ("build --data npz:file", "file is not a readable .npz archive"),
    ("build --data folder:missing", "there is no folder missing: name one that holds"),
    ("build --data npz:mine.npz --out file/set.h5", "file"),
    (f"{RANKED} mine.h5 --out file/below/subset.h5", "file/below"),
    ("export subset.h5 --out file/kept.npy", "file"),
]


@pytest.mark.parametrize(
    ("args", "status", "says"),
    [
        *(pytest.param(args, 2, says, id=args) for args, says in USAGE),
        *(pytest.param(args, 1, says, id=args) for args, says in THE_REST),
    ],
)
def test_bad_input_is_answered_by_one_sentence(folder, args, status, says):
    before = contents(folder)
    done = lt(args)
    # On a machine that is busy a progress says that nothing has begun yet, before what is wrong is known.
    lines = [line for line in done.stderr.splitlines() if line != "no epoch has begun yet"]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("lt-prune: ")
    assert says in lines[0]
    assert done.returncode == status
    assert done.stdout == ""
    assert contents(folder) == before


@pytest.mark.parametrize("seed", ["-1", "18446744073709551616"])
def test_any_whole_number_is_a_seed(folder, seed):
    done = lt(f"build --data npz:mine.npz --imbalance 2 --seed {seed}")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, f"wrote sets/mine-lt2-s{seed}.h5")


def test_a_file_of_class_names_that_are_no_list_is_refused(folder):
    with np.load("mine.npz") as arrays:
        np.savez("odd.npz", **arrays, class_names=np.array("cat"))
    done = lt("build --data npz:odd.npz")
    assert done.returncode == 1
    assert done.stderr.startswith("lt-prune: ")
    assert "class_names" in done.stderr


def test_a_target_that_is_a_folder_is_named_and_not_the_file_written_aside(folder):
    Path("kept.npy").mkdir()
    done = lt("export subset.h5 --out kept.npy")
    assert done.returncode == 1
    assert done.stderr.startswith("lt-prune: cannot use kept.npy: Is a directory; ")
    assert not list(folder.rglob("*.part"))


def test_tables_print_where_the_terminal_knows_only_ascii(folder):
    done = lt("scores mine.h5", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "35 samples, 1 member" in done.stdout


def test_a_reader_that_goes_away_is_no_failure_to_tell_of(folder):
    command = f"{sys.executable} -m lt_prune scores mine.h5 | true"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_good_input_goes_through(folder):
    done = lt(f"{RANKED} mine.h5 --out kept.h5")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "wrote kept.h5")


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit is one of Linux")
@pytest.mark.parametrize("command", ["train --epochs 1 --out run", "score --members 2 --workers 2 --epochs 1 --out s.h5"])
def test_torch_that_has_no_room_is_told_of_in_a_sentence(tmp_path, command):
    """Loaded by the command's own process, and by the one that workers are forked from."""
    limited = "import resource; resource.setrlimit(resource.RLIMIT_AS, (1_200_000_000, 1_200_000_000))\n"
    code = f"{limited}from lt_prune.cli import main; main({[*command.split(), '--data', 'digits']})"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("lt-prune: out of memory while a library was loaded (lib")
