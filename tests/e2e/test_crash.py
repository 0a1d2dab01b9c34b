"""A sweep that is killed at any moment goes on, and ends at the very numbers of one that was not."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import lt_prune as lp
from lt_prune.store.weights import read_weights

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are found in /proc"),
]

GRID = ("--strategies", "random", "--ratios", "0.5", "--seeds", "0,1", "--epochs", "40")
SWEEP = ("sweep", *GRID, "--model", "resnet8", "--device", "cpu", "--workers", "2")


def start(folder: Path) -> subprocess.Popen[str]:
    """The sweep in a session of its own, so that all of it can be killed at once."""
    folder.mkdir(exist_ok=True)
    (folder / "tmp").mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", "lt_prune", *SWEEP],
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder / "tmp")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(folder: Path) -> str:
    """What the sweep, run to its end, says on stderr."""
    process = start(folder)
    _, said = process.communicate()
    assert process.returncode == 0, said
    return said


def below(root: int) -> dict[int, str]:
    """Every process below `root`, with its command."""
    parents, commands = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                commands[int(entry.name)] = (entry / "cmdline").read_text()
            except OSError:
                continue
    found, size = {root}, 0
    while len(found) > size:
        size = len(found)
        found |= {child for child, parent in parents.items() if parent in found}
    return {pid: commands[pid] for pid in found - {root}}


def kept(folder: Path) -> set[tuple[Path, int]]:
    """Every checkpoint, with when it was written."""
    return {(file, file.stat().st_mtime_ns) for file in folder.glob("runs/*/model.pt")}


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    """The processes that the forkserver has forked."""
    forkserver = [pid for pid, command in below(process.pid).items() if "forkserver" in command]
    return sorted(below(min(forkserver))) if forkserver else []


def wait_until(true: Callable[[], object], limit: float = 60) -> None:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < limit
        time.sleep(0.02)


def gone(pids: list[int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


def numbers(folder: Path) -> dict[str, object]:
    """Every number of every result and network, but for times."""
    found: dict[str, object] = {}
    for file in sorted(folder.glob("runs/*/result.json")):
        result = lp.read_result(file)
        network = read_weights(file.with_name("model.pt"), torch.device("cpu"))["network"]
        found[file.parent.name] = (
            result.loss,
            result.evaluation,
            result.class_counts,
            {name: value.numpy().tobytes() for name, value in network.items()},
        )
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("undisturbed")
    finish(folder)
    found = numbers(folder)
    assert len(found) == 4
    return found


def test_killed_at_random_moments_it_ends_as_if_it_had_not_been(tmp_path, undisturbed, request):
    moments = random.Random(0)
    epochs_seen: list[int] = []
    for kill in range(20 if request.config.getoption("--battery") == "whole" else 6):
        before = kept(tmp_path)
        process = start(tmp_path)
        if kill % 4:  # at work: a while after the first epoch of this start was kept
            wait_until(lambda before=before: kept(tmp_path) != before)
            time.sleep(moments.uniform(0, 0.5))
        else:  # at any moment, that of starting among them
            time.sleep(moments.uniform(0, 5))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        files = [*tmp_path.glob("runs/*/model.pt")]
        epochs_seen.append(sum(len(read_weights(file, torch.device("cpu"))["loss"]) for file in files))
        for file in tmp_path.glob("runs/*/result.json"):
            lp.read_result(file)
        for file in tmp_path.glob("subsets/*.h5"):
            lp.read_subset(file)
        for file in tmp_path.glob("runs/*-sweep.json"):
            json.loads(file.read_text())
    assert epochs_seen == sorted(epochs_seen), "no epoch was lost that had been kept"
    assert len(set(epochs_seen)) > 2, "it was killed at work"
    finish(tmp_path)
    assert numbers(tmp_path) == undisturbed


def test_killed_alone_it_leaves_no_process_and_no_shared_file(tmp_path):
    process = start(tmp_path)
    wait_until(lambda: list(tmp_path.glob("runs/*/model.pt")))
    left = list(below(process.pid))
    assert len(left) == 3, "the forkserver and two workers"
    process.kill()
    process.communicate()
    wait_until(lambda: gone(left), 5)
    wait_until(lambda: not list((tmp_path / "tmp").glob("lt-prune-*")), 5)


def test_terminated_it_ends_within_5_seconds_and_goes_on_afterwards(tmp_path, undisturbed):
    process = start(tmp_path)
    wait_until(lambda: list(tmp_path.glob("runs/*/model.pt")))
    left = list(below(process.pid))
    began = time.monotonic()
    process.terminate()
    _, said = process.communicate()
    assert time.monotonic() - began < 5
    assert process.returncode == 143
    assert (
        said.splitlines()[-1] == "lt-prune: terminated; what was finished is kept, and the same command goes on from there"
    )
    assert gone(left)
    assert not list(tmp_path.rglob("*.part"))
    assert not list((tmp_path / "tmp").glob("lt-prune-*"))
    finish(tmp_path)
    assert numbers(tmp_path) == undisturbed


def test_a_killed_worker_costs_nothing_but_time(tmp_path, undisturbed):
    process = start(tmp_path)
    wait_until(lambda: list(tmp_path.glob("runs/*/model.pt")))
    os.kill(workers_of(process)[0], signal.SIGKILL)
    _, said = process.communicate()
    assert process.returncode == 0, said
    assert "its worker process ended before it did" in said
    assert "tried once more" in said
    assert numbers(tmp_path) == undisturbed
