from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lt_prune.store.atomic import replacing, write_bytes


@pytest.fixture
def umask():
    """Set the umask for one test."""
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_written_file_holds_the_bytes_and_stands_alone(tmp_path):
    write_bytes(tmp_path / "a.h5", b"\0\1\2" * 1000)
    assert (tmp_path / "a.h5").read_bytes() == b"\0\1\2" * 1000
    assert names(tmp_path) == ["a.h5"]


def test_missing_folders_are_made(tmp_path):
    write_bytes(tmp_path / "x" / "y" / "a.h5", b"1")
    assert (tmp_path / "x" / "y" / "a.h5").read_bytes() == b"1"


def test_a_file_there_is_replaced(tmp_path):
    write_bytes(tmp_path / "a", b"old and longer")
    write_bytes(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"


@pytest.mark.parametrize("step", ["replace", "fsync", "chmod"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["OSError", "Ctrl-C"])
def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, step, error):
    write_bytes(tmp_path / "a", b"old")

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(type(error)):
        write_bytes(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_an_interrupted_first_write_leaves_nothing(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError):  # noqa: PT011
        write_bytes(tmp_path / "a", b"new")
    assert names(tmp_path) == []


def test_content_is_synced_before_it_is_renamed(tmp_path, monkeypatch):
    order = []
    for step in ("fsync", "replace"):
        real = getattr(os, step)
        monkeypatch.setattr(os, step, lambda *given, step=step, real=real: order.append(step) or real(*given))
    write_bytes(tmp_path / "a", b"1")
    assert order[:2] == ["fsync", "replace"]


def test_a_reader_sees_the_old_file_or_the_new_one(tmp_path):
    path = tmp_path / "a"
    wanted = [bytes([k]) * 200_000 for k in range(2)]
    write_bytes(path, wanted[0])
    seen, done = set(), threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for k in range(30):
        write_bytes(path, wanted[k % 2])
    done.set()
    reader.join()
    assert seen <= set(wanted)


def test_a_killed_write_leaves_the_old_file(tmp_path):
    """kill -9 in the middle of the write, when the new content stands aside and is not yet renamed."""
    write_bytes(tmp_path / "a", b"old")
    code = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from lt_prune.store.atomic import write_bytes\n"
        "def wait(*_):\n"
        "    print('aside', flush=True)\n"
        "    time.sleep(60)\n"
        "os.replace = wait\n"
        "write_bytes(Path(sys.argv[1]), b'new')\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "a")], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "aside\n"
    process.kill()
    process.communicate()
    assert (tmp_path / "a").read_bytes() == b"old"


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_follow_the_umask(tmp_path, umask, mask, mode):
    umask(mask)
    write_bytes(tmp_path / "a", b"1")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == mode


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_the_umask_is_left_as_it_was(tmp_path, umask):
    umask(0o027)
    write_bytes(tmp_path / "a", b"1")
    assert umask(0o022) == 0o027


def test_two_writers_leave_one_whole_file(tmp_path):
    wanted = [bytes([k]) * 100_000 for k in range(4)]
    threads = [threading.Thread(target=write_bytes, args=(tmp_path / "a", content)) for content in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "a").read_bytes() in wanted
    assert names(tmp_path) == ["a"]


def test_an_error_of_whoever_writes_leaves_the_old_file(tmp_path):
    write_bytes(tmp_path / "a", b"old")
    with pytest.raises(TypeError), replacing(tmp_path / "a") as file:
        file.writelines([b"new", 3])
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_what_is_written_aside_can_be_read_and_changed(tmp_path):
    with replacing(tmp_path / "a") as file:
        file.write(b"....new")
        file.seek(4)
        word = file.read()
        file.seek(0)
        file.write(word)
    assert (tmp_path / "a").read_bytes() == b"new.new"
