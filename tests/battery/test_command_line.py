"""Nonsense given to every option and argument of a command: taken, or refused in a sentence that leaves nothing behind."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest
from typed import lt, ok
from workshop import new_place

import lt_prune as lp
from lt_prune.cli import main

NONSENSE = (
    "nonsense",
    "-1",
    "nan",
    "",
    "1e999",
    "9" * 30,
    "0",
    "0,1,x",
    "a\nb",
    "/dev/null",
    "../../x",
    "--",
    "[red]x[/red]",
    "sets",
    "n" * 400,
    "~nobody/x",
    "mine.npz",
    ".",
)
SMALL = ("--model", "resnet8", "--epochs", "1", "--device", "cpu")
DATA = ("--data", "sets/mine.h5")
SUBSET = "subsets/mine-ranked-avh-0.3.h5"
GRID = ("--strategies", "random", "--ratios", "0.3", "--seeds", "0", "--dry-run")
COMMANDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "build": ((), ("--data", "mine.npz", "--out", "new.h5")),
    "score": ((), (*DATA, "--members", "1", *SMALL, "--out", "new.h5")),
    "scores": (("scores/mine.h5",), ()),
    "import-scores": (("avh.csv",), (*DATA, "--out", "new.h5")),
    "import-outputs": (("avh.csv",), (*DATA, "--out", "new.h5")),
    "prune": ((), (*DATA, "--ratio", "0.3", "--out", "new.h5")),
    "audit": ((SUBSET,), ()),
    "export": ((SUBSET,), ("--out", "new.csv")),
    "train": ((), (*DATA, "--subset", "none", *SMALL, "--out", "new")),
    "evaluate": (("run",), ()),
    "plot": (("run",), ("--figure", "head", "--out", "new")),
    "sweep": ((), (*DATA, *GRID, *SMALL)),
    "run": ((), (*DATA, *SMALL, "--members", "1")),
    "results": (("run",), ()),
    "report": (("sets", "subsets"), ("--out", "new.html")),
    "gallery": (("sets", SUBSET), ("--out", "new")),
    "advise": (("run", "pruned"), ()),
    "doctor": ((), (*DATA, *SMALL)),
    "methods": ((), ()),
    "list": ((), ()),
}
"""Of each command, its arguments and options, by which it ends well."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = new_place(tmp_path_factory.mktemp("place") / "outer") / "work"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(work)
        ok("build --data mine.npz")
        ok(f"score {' '.join((*DATA, *SMALL))} --members 1")
        ok("scores scores/mine.h5 --csv avh.csv")
        ok(f"prune {' '.join(DATA)} --ratio 0.3 --metric avh")
        ok(f"train {' '.join((*DATA, *SMALL))} --subset none --out run")
        ok(f"train {' '.join((*DATA, *SMALL))} --subset {SUBSET} --out pruned")
    return work


@pytest.fixture
def untrained(monkeypatch) -> None:
    """What would be trained ends where that begins."""

    def enough(*_: object, **__: object) -> None:
        raise lp.LtPruneError("this would be trained now")

    for module in ("gathering", "train"):
        monkeypatch.setattr(f"lt_prune.steps.{module}.run_all", enough)
    monkeypatch.setattr("lt_prune.steps.workload.speed_of", lambda run, compute: 100.0)
    monkeypatch.setattr("lt_prune.steps.doctor.measured", lambda run, compute: (100.0, 1000))


def cases() -> list[list[str]]:
    """Every command with each of its options and arguments as nonsense."""
    found = []
    for name, (arguments, options) in COMMANDS.items():
        for parameter in main.commands[name].params:
            for what in NONSENSE:
                if parameter.param_type_name == "argument":
                    found.append([name, what, *options])
                elif not parameter.is_flag:
                    found.append([name, *arguments, *options, parameter.opts[0], what])
    return found


def state(place: Path) -> dict[Path, int]:
    """Files and folders, with when files were changed."""
    return {path: path.stat().st_mtime_ns if path.is_file() else 0 for path in place.rglob("*") if path.name != ".lock"}


def complaint(args: list[str], place: Path) -> str:
    """What is wrong with how a command ends; "" where nothing is. What it made is removed."""
    before = state(place)
    ended = lt(shlex.join(args))
    after = state(place)
    logs = [path for path in after if path.is_file() and path.read_bytes().startswith(b'{"event": ')]  # of what had begun
    new = [path for path in after if path not in before]
    for path in sorted(new, reverse=True):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    if not isinstance(ended.exception, SystemExit | None) or ended.exit_code not in (0, 1, 2):
        return f"ends with {ended.exit_code} by {ended.exception!r}"
    if not ended.exit_code:
        return ""
    if set(new) - set(logs) or any(after.get(path) != before[path] for path in before):
        return f"is refused, and leaves {new or 'other files than there were'}"
    said = ended.stderr.splitlines()
    in_a_sentence = said and said[-1].startswith("lt-prune: ") and len(said[-1].split()) > 3 and not ended.stdout
    return "" if in_a_sentence else f"says {said}"


def test_every_command_is_given_nonsense():
    assert COMMANDS.keys() == main.commands.keys()
    assert all(len(case) > 1 for case in cases())


def test_nonsense_on_the_command_line_is_taken_or_refused_in_a_sentence(place, untrained, monkeypatch, whole, draw, tell):
    monkeypatch.chdir(place)
    every = cases()
    drawn = every if whole else draw.sample(every, 60)
    outer = place.parents[1]
    wrong = [f"{args}: {said}" for args in drawn if (said := complaint(args, outer))]
    tell(
        f"{len(drawn)} kinds of nonsense on the command line: {len(drawn) - len(wrong)} taken or refused, {len(wrong)} wrong"
    )
    assert not wrong, "\n".join(wrong)
