"""Killed, terminated or interrupted: the same command again ends at the very numbers of an uninterrupted run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import lt_prune as lp
from lt_prune.store.weights import read_weights, write_weights

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")]

TRAIN = ("train", "--epochs", "12", "--model", "resnet8", "--device", "cpu")
SCORE = ("score", "--members", "2", "--epochs", "8", "--model", "resnet8", "--device", "cpu")
RUN = Path("runs/digits-lt10-ce")
SCORES = Path("scores/digits-lt10.h5")
WORKED_BEFORE = 1000.0
"""Seconds, put into a checkpoint to know it again in the result."""

# A job in the background may have been told to ignore SIGINT, and its children with it.
PROGRAM = "import signal; signal.signal(2, signal.default_int_handler); from lt_prune.cli import main; main()"

TRAIN_ENDINGS = {
    "SIGKILL": (-9, None),
    "SIGTERM": (143, "lt-prune: terminated; what was finished is kept, and the same command goes on from there"),
    "SIGINT": (130, "lt-prune: interrupted; what was finished is kept, and the same command goes on from there"),
}
"""Exit status, and the last line on stderr."""


def start(folder: Path, command: tuple[str, ...]) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *command],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(folder: Path, command: tuple[str, ...]) -> Path:
    process = start(folder, command)
    _, said = process.communicate()
    assert process.returncode == 0, said
    return folder


def stop(folder: Path, command: tuple[str, ...], when: Callable[[], bool], by: str) -> tuple[int, list[str]]:
    """Start the command, send it a signal as soon as `when` is true; its exit status and what it said on stderr."""
    process = start(folder, command)
    while not when():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.005)
    process.send_signal(signal.Signals[by])
    _, said = process.communicate()
    return process.returncode, said.splitlines()


def weights(file: Path) -> dict[str, Any]:
    return read_weights(file, torch.device("cpu"))


def stop_train_and_go_on(folder: Path, by: str, uninterrupted: Future[Path]) -> None:
    checkpoint, result = folder / RUN / "model.pt", folder / RUN / "result.json"
    status, last_line = TRAIN_ENDINGS[by]
    ended, said = stop(folder, TRAIN, checkpoint.exists, by)
    assert ended == status, said
    assert not result.exists()
    assert [line for line in said if line.startswith("lt-prune: ")] == said[-1:] * (last_line is not None)
    if last_line:
        assert said[-1] == last_line
        assert not list(folder.rglob("*.part"))
    state = weights(checkpoint)
    assert 1 <= len(state["loss"]) < 12
    write_weights(checkpoint, {**state, "seconds": WORKED_BEFORE})

    finish(folder, TRAIN)
    one, other = (lp.read_result(f / RUN / "result.json") for f in (folder, uninterrupted.result()))
    assert one.seconds > WORKED_BEFORE > other.seconds, "it went on, and did not begin again"
    assert one.loss == other.loss
    assert one.evaluation == other.evaluation
    of_one, of_other = (weights(f / RUN / "model.pt")["network"] for f in (folder, uninterrupted.result()))
    assert of_one.keys() == of_other.keys()
    assert all(torch.equal(of_one[name], of_other[name]) for name in of_one)


def kill_score_and_go_on(folder: Path, uninterrupted: Future[Path]) -> None:
    members = (folder / SCORES).with_suffix(".members")
    # One worker, so that the members are trained one after the other; `uninterrupted` had one for each core.
    one_by_one = (*SCORE, "--workers", "1")
    ended, _ = stop(folder, one_by_one, lambda: len(list(members.glob("*.pt"))) == 2, "SIGKILL")
    assert ended == -9
    assert not (folder / SCORES).exists()
    first, second = sorted(members.glob("*.pt"), key=lambda file: -len(weights(file)["loss"]))
    assert 1 <= len(weights(second)["loss"]) < len(weights(first)["loss"]) == 8, "one member whole, the other in part"
    before = first.read_bytes()
    write_weights(second, {**weights(second), "seconds": WORKED_BEFORE})

    finish(folder, SCORE)
    assert first.read_bytes() == before
    one, other = (lp.read_scores(f / SCORES) for f in (folder, uninterrupted.result()))
    assert one.seconds[1] > WORKED_BEFORE > other.seconds[1], "the second member went on, and did not begin again"
    assert one.seeds == other.seeds
    assert np.array_equal(one.train_accuracy, other.train_accuracy)
    assert set(one.metrics) == set(other.metrics) >= {"el2n", "avh"}
    for name in one.metrics:
        assert np.array_equal(one.metrics[name].per_member, other.metrics[name].per_member), name


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[None]]]:
    """What is told below, two at a time, as most of it is waiting for torch to load."""
    root = tmp_path_factory.mktemp("stories")
    with ThreadPoolExecutor(2) as pool:
        train, score = (pool.submit(finish, root / command[0], command) for command in (TRAIN, SCORE))
        told = {by: pool.submit(stop_train_and_go_on, root / by, by, train) for by in TRAIN_ENDINGS}
        yield {**told, "score": pool.submit(kill_score_and_go_on, root / "killed-score", score)}


@pytest.mark.parametrize("by", TRAIN_ENDINGS)
def test_train_goes_on_bit_for_bit_after(by, stories):
    stories[by].result()


def test_score_goes_on_bit_for_bit_after_a_kill(stories):
    stories["score"].result()
