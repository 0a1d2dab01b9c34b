from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lt_prune.store import leftovers
from lt_prune.store.atomic import write_bytes
from lt_prune.store.folders import locked
from lt_prune.store.leftovers import clear_leftovers, scratch_folder

WRITE = """
import os, sys, time
from pathlib import Path
from lt_prune.store.atomic import write_bytes
os.replace = lambda *_: (print("aside", flush=True), time.sleep(60))
write_bytes(Path(sys.argv[1]), b"new")
"""
HOLD = """
import time
from lt_prune.store.leftovers import scratch_folder
with scratch_folder() as folder:
    (folder / "0.npy").write_bytes(b"1")
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def started():
    """Start another process, and wait for the first line that it prints."""
    running = []

    def start(code: str, *args: str) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen([sys.executable, "-c", code, *args], stdout=subprocess.PIPE, text=True)
        running.append(process)
        return process, process.stdout.readline().strip()

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def temporary(tmp_path, monkeypatch) -> Path:
    """The system's temporary place."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return tmp_path


def killed(started: Callable, code: str, *args: str) -> None:
    process, _ = started(code, *args)
    process.kill()
    process.wait()


def age(folder: Path, seconds: float) -> None:
    for entry in folder.iterdir():
        if entry.name != "a":
            os.utime(entry, (time.time() - seconds,) * 2, follow_symlinks=False)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_what_a_killed_write_left_is_cleared_by_the_next_one_a_minute_later(tmp_path, started):
    killed(started, WRITE, str(tmp_path / "a"))
    write_bytes(tmp_path / "b", b"")
    assert len(names(tmp_path)) == 2
    age(tmp_path, 61)
    write_bytes(tmp_path / "b", b"")
    assert names(tmp_path) == ["b"]


def test_whoever_holds_the_folder_clears_it_at_once(tmp_path, started):
    killed(started, WRITE, str(tmp_path / "a"))
    with locked(tmp_path):
        assert names(tmp_path) == [".lock"]


def test_what_a_living_process_writes_is_left_alone(tmp_path, started):
    _, said = started(WRITE, str(tmp_path / "a"))
    assert said == "aside"
    clear_leftovers(tmp_path, age=0)
    assert len(names(tmp_path)) == 1


def test_a_process_that_began_after_it_was_written_is_another_of_that_number(tmp_path, started):
    process, _ = started("import time; print('', flush=True); time.sleep(60)")
    left = tmp_path / f".a.{leftovers.mark().replace(str(os.getpid()), str(process.pid))}x.part"
    left.write_bytes(b"")
    age(tmp_path, 3600)
    write_bytes(tmp_path / "b", b"")
    assert names(tmp_path) == ["b"]


def test_what_another_machine_writes_is_left_alone_for_a_day(tmp_path, started, monkeypatch):
    killed(started, WRITE, str(tmp_path / "a"))
    monkeypatch.setattr("socket.gethostname", lambda: "elsewhere")
    for seconds, left in ((3600, 2), (25 * 3600, 1)):
        age(tmp_path, seconds)
        write_bytes(tmp_path / "b", b"")
        assert len(names(tmp_path)) == left


@pytest.mark.parametrize("name", [".film.mkv.part", "lt-prune-notes", ".a.lt-prune-00000000-1-x.part.bak", "lt-prune-0-1-x"])
def test_what_is_not_ours_is_left_alone(tmp_path, name):
    (tmp_path / name).write_bytes(b"")
    age(tmp_path, 1e6)
    write_bytes(tmp_path / "b", b"")
    assert names(tmp_path) == sorted(["b", name])


def test_a_part_of_the_first_version_is_cleared_by_whoever_holds_the_folder(tmp_path):
    (tmp_path / ".model.pt.q3x_8k1a.part").write_bytes(b"")
    with locked(tmp_path):
        assert names(tmp_path) == [".lock"]


def test_a_scratch_folder_is_gone_afterwards(temporary):
    with scratch_folder() as folder:
        assert folder.parent == temporary
        (folder / "x").write_bytes(b"1")
    assert names(temporary) == []


def test_a_folder_that_a_kill_left_is_cleared_by_the_next_one(temporary, started):
    killed(started, HOLD)
    age(temporary, 61)
    with scratch_folder() as folder:
        assert names(temporary) == [folder.name]


def test_the_folder_of_a_living_process_is_left_alone(temporary, started):
    _, other = started(HOLD)
    clear_leftovers(temporary, age=0)
    assert (Path(other) / "0.npy").exists()


def test_a_link_that_bears_such_a_name_is_cleared_and_not_what_it_leads_to(temporary, tmp_path_factory, started):
    killed(started, HOLD)
    (left,) = temporary.iterdir()
    precious = tmp_path_factory.mktemp("precious")
    (precious / "x").write_bytes(b"")
    left.rename(precious / "y")
    left.symlink_to(precious)
    age(temporary, 61)
    with scratch_folder():
        pass
    assert names(precious) == ["x", "y"]
