"""The battery: kills, damage and nonsense, a drawn part of it in every run of the tests, and the whole by

pytest tests/battery --battery whole
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from workshop import COMMANDS, Server, copied, new_place

from lt_prune.runs import FailedRun
from lt_prune.store.results import read_result, write_failure
from lt_prune.store.weights import read_weights

TALLY = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def whole(request: pytest.FixtureRequest) -> bool:
    """Whether all of it was asked for."""
    return request.config.getoption("--battery") == "whole"


@pytest.fixture
def draw(whole: bool) -> random.Random:
    """What the drawn part is drawn by: another in every run, but the same where all is run and in continuous integration, so
    that what failed fails again."""
    return random.Random(0 if whole or os.environ.get("CI") else None)


@pytest.fixture
def tell(request: pytest.FixtureRequest):
    """Have a line of figures shown after the tests."""
    return request.config.stash.setdefault(TALLY, []).append


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    for line in config.stash.get(TALLY, []):
        terminalreporter.write_line(f"battery: {line}")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture(scope="session")
def before(server: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """By command, a place as the command finds it; "end" is what all of them leave."""
    root = tmp_path_factory.mktemp("battery")
    place, places = new_place(root / "made"), {}
    for name, args in COMMANDS.items():
        places[name] = copied(place, root / name)
        ended = server.run(place, args)
        assert ended.code == 0, ended.stderr
    _leave_unfinished(server, place)
    return {**places, "end": place}


def _leave_unfinished(server: Server, place: Path) -> None:
    """A run that was killed after its first epoch, and one that failed."""
    args = (*COMMANDS["train"], "--out", "runs/unfinished")
    for kill in range(0, 5000, 25):  # torch writes weights in some hundred pieces
        server.run(place, args, kill=kill)
        file = place / "work" / "runs" / "unfinished" / "model.pt"
        if file.exists():
            break
    for part in file.parent.glob(".*.part"):  # which a later command would clear, when it is a minute old
        part.unlink()
    assert len(read_weights(file, torch.device("cpu"))["loss"]) == 1
    spec = read_result(place / "work" / "runs" / "mine-lt3-ce" / "result.json").spec
    write_failure(place / "work" / "runs" / "failed" / "failure.json", FailedRun(spec=spec, reason="it diverged"))
