from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from lt_prune.errors import LtPruneError
from lt_prune.store.folders import clear, locked

HOLD = """
import sys
from pathlib import Path
from lt_prune.store.folders import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds tmp_path/run until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "run")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def take(folder) -> str:
    with locked(folder):
        return "taken"


def test_a_held_folder_is_refused_to_another_process(tmp_path, holder):
    with pytest.raises(
        LtPruneError, match=f"another process is at work in {tmp_path}/run: wait for it, or give another --out"
    ):
        take(tmp_path / "run")


def test_a_folder_is_free_once_its_holder_ends(tmp_path, holder):
    holder.communicate()
    assert take(tmp_path / "run") == "taken"


def test_a_folder_is_free_once_its_holder_is_killed(tmp_path, holder):
    holder.kill()
    holder.wait()
    assert take(tmp_path / "run") == "taken"


def test_another_folder_is_free(tmp_path, holder):
    assert take(tmp_path / "other") == "taken"


def test_a_held_folder_is_refused_to_another_thread(tmp_path):
    found = []

    def attempt() -> None:
        try:
            found.append(take(tmp_path))
        except LtPruneError as error:
            found.append(type(error))

    with locked(tmp_path):
        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join()
    assert found == [LtPruneError]


def test_a_held_folder_is_refused_to_its_own_thread(tmp_path):
    with locked(tmp_path), pytest.raises(LtPruneError, match="at work"):
        take(tmp_path)


def test_a_folder_is_free_after_an_error_inside(tmp_path):
    with pytest.raises(ZeroDivisionError), locked(tmp_path):
        1 / 0  # noqa: B018
    assert take(tmp_path) == "taken"


def test_a_missing_folder_is_made(tmp_path):
    with locked(tmp_path / "a" / "b"):
        (tmp_path / "a" / "b" / "file").write_text("x")
    assert (tmp_path / "a" / "b" / "file").exists()


def test_a_folder_that_was_made_for_nothing_is_removed(tmp_path):
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "a" / "b"), locked(tmp_path / "a" / "b" / "c"):
        1 / 0  # noqa: B018
    assert not [*tmp_path.iterdir()]


def test_a_folder_that_was_there_stays(tmp_path):
    (tmp_path / "a").mkdir()
    assert take(tmp_path / "a" / "b") == take(tmp_path / "a") == "taken"
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_no_folder_holds_nothing(in_tmp):
    with locked(None), locked(None):
        assert list(in_tmp.iterdir()) == []


def test_clear_removes_files_and_nothing_else(tmp_path):
    for name in (".lock", "model.pt", "thesis.txt"):
        (tmp_path / name).write_text("x")
    clear([tmp_path / "model.pt", tmp_path / "none"])
    assert {path.name for path in tmp_path.iterdir()} == {".lock", "thesis.txt"}


def test_clear_removes_a_link_and_not_what_it_leads_to(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "precious").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "data")
    clear([tmp_path / "link"])
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert (tmp_path / "data" / "precious").exists()
