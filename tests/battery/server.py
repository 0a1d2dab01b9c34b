"""Runs commands in forked processes that have loaded everything already, and kills them at the write that it is told.

    python server.py        # one request a line on stdin, one answer a line on stdout, as JSON

A request names the arguments, the working folder, and `kill`: the number of the write to die at, or none. A write is
whatever changes the disk: half of a file's content, a sync, a rename, a folder made or removed, a permission. An answer
tells the exit status (negative: the signal), what was said, and how many writes there were.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

STEPS = ("fsync", "replace", "chmod", "unlink", "mkdir", "rmdir")


class Writes:
    """Counts the writes of this process, and ends it in the middle of one."""

    def __init__(self, kill: int | None) -> None:
        self.number, self.kill = 0, kill
        for step in STEPS:
            setattr(os, step, self._counted(getattr(os, step)))
        self._open, os.fdopen = os.fdopen, self._opened  # type: ignore[assignment]

    def due(self) -> bool:
        self.number += 1
        return self.number - 1 == self.kill

    def _counted(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*args: Any, **options: Any) -> Any:
            if self.due():
                os.kill(os.getpid(), signal.SIGKILL)
            return step(*args, **options)

        return counting

    def _opened(self, *args: Any, **options: Any) -> Any:
        file = self._open(*args, **options)
        if "w" not in str(args[1:]):
            return file
        whole = file.write

        def write(content: bytes) -> int:
            if self.due():
                whole(content[: len(content) // 2])
                file.flush()
                os.kill(os.getpid(), signal.SIGKILL)
            return int(whole(content))

        return _Written(file, write)


class _Written:
    def __init__(self, file: Any, write: Callable[[bytes], int]) -> None:
        self._file, self.write = file, write

    def __enter__(self) -> _Written:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def work(request: dict[str, Any], told: Path) -> None:
    """Be the command, and end with its exit status; 99 where it ends by a traceback."""
    os.chdir(request["folder"])
    os.environ["TMPDIR"] = request["temporary"]
    tempfile.tempdir = None
    for handle, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(told / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), handle)
    from lt_prune.cli import main

    writes = Writes(request["kill"])
    code = 0
    try:
        main.main(args=request["args"])
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
        code = 99
    sys.stdout.flush()
    sys.stderr.flush()
    (told / "writes").write_text(str(writes.number))
    os._exit(code)


def main() -> None:
    import matplotlib.pyplot  # noqa: F401
    import torch

    import lt_prune as lp
    import lt_prune.cli
    import lt_prune.engine
    import lt_prune.steps.run

    lt_prune.engine._usual_executor = lambda *_: "session"  # networks are trained in the process that is killed
    torch.set_num_threads(1)
    lp.train("digits", epochs=1, model="resnet8", compute=lp.Compute(device="cpu"))  # loads what takes seconds to load
    print("ready", flush=True)
    with tempfile.TemporaryDirectory() as place:
        told = Path(place)
        for line in sys.stdin:
            for name in ("stdout", "stderr", "writes"):
                (told / name).write_text("0")
            if (pid := os.fork()) == 0:
                work(json.loads(line), told)
            _, status = os.waitpid(pid, 0)
            said = {name: (told / name).read_text(errors="replace") for name in ("stdout", "stderr")}
            answer = {"code": os.waitstatus_to_exitcode(status), "writes": int((told / "writes").read_text()), **said}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
