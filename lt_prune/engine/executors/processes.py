"""Many runs at once on the CPU: a queue of runs over single-threaded worker processes.

One thread a run, so that a run's numbers do not depend on how many others there are. The workers are forked from one process
that has loaded torch (`lt_prune.engine.forkserver`), so the next one starts at once and shares its memory; the caller's own
program is neither forked nor imported again, so a script needs no `if __name__ == "__main__"`.
"""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, cast

import cloudpickle
import numpy as np

from lt_prune.config.compute import Arithmetic, Compute
from lt_prune.engine.devices import n_workers
from lt_prune.engine.executors import Executor, Outcomes
from lt_prune.engine.run_queue import RunQueue
from lt_prune.engine.runs import Outcome, Run
from lt_prune.errors import LtPruneError
from lt_prune.progress import Epoch, Progress, tell
from lt_prune.store.leftovers import scratch_folder
from lt_prune.store.mapped import place_in_file
from lt_prune.types import Array

_FORKSERVER = """
import sys
sys.path[:] = sys.argv[3:]
try:
    from lt_prune.engine.forkserver import main
except Exception as error:
    from lt_prune.errors import not_loaded
    open(sys.argv[2] + "/not_loaded", "w").write(not_loaded(error))
    sys.exit(1)
main(int(sys.argv[1]), sys.argv[2])
"""
_SHARED_FROM = 1 << 16
"""Bytes from which an array goes to the workers as a mapped file instead of through the socket: below, a file costs more
than it saves."""


def execute(runs: RunQueue, compute: Compute, progress: Progress) -> Outcomes:
    """Train every run in worker processes, and yield (index, outcome) as each ends.

    A run whose worker dies (killed, or out of memory) is tried once more, from its checkpoint where it has one; the others
    go on. Closing the iterator ends the workers.
    """
    n_processes = n_workers(runs, compute)
    # The forkserver removes the folder, too, so that none is left where this process is killed.
    with scratch_folder() as folder, _forkserver(str(folder)) as forkserver:
        sharing = _ArraySharing(folder)
        busy: dict[Connection, tuple[int, Run]] = {}
        idle: list[Connection] = []
        try:
            while True:
                while len(busy) < n_processes and (taken := runs.take()):
                    # A worker that has ended a run takes the next one, as its heap is warm.
                    connection = idle.pop() if idle else _new_worker(forkserver)
                    busy[connection] = taken
                    connection.send_bytes(sharing.dumps((taken[1], compute.arithmetic)))
                if not busy:
                    break
                for connection in cast("list[Connection]", wait(list(busy))):
                    index, run = busy[connection]
                    message = _receive(connection)
                    if isinstance(message, (int, float)):  # epochs done: the run goes on
                        progress(run.title, message, run.recipe.epochs)
                        continue
                    if isinstance(message, Epoch):
                        tell(progress, run.title, message)
                        continue
                    del busy[connection]
                    if isinstance(message, Outcome):
                        idle.append(connection)
                        yield index, message
                        continue
                    # The worker is dead, or met an unexpected error and may have little memory left: it gets no further run.
                    connection.close()
                    _refuse_not_loaded(folder)
                    if failure := runs.died(index, message):
                        yield index, failure
        finally:
            for connection in [*busy, *idle]:  # a worker ends when its connection does, in the middle of a run, too
                connection.close()


def _refuse_not_loaded(folder: Path) -> None:
    """Say why the process that workers are forked from did not begin."""
    if (said := folder / "not_loaded").exists():
        raise LtPruneError(said.read_text())


def _refuses(compute: Compute) -> str:
    if compute.device != "cpu":
        return f"its processes train on the CPU, and device is {compute.device!r}"
    return "" if os.name == "posix" else "its processes are forked, which this system cannot do"


processes = Executor(execute=execute, refuses=_refuses)


def _receive(connection: Connection) -> float | Epoch | Outcome | str:
    """Epochs done, what is known of one, the outcome, or in words why the worker is of no more use."""
    try:
        return cast("float | Epoch | Outcome | str", connection.recv())
    except (EOFError, ConnectionResetError):
        return "its worker process ended before it did (it was killed, or the system ran out of memory)"


@contextmanager
def _forkserver(shared: str) -> Iterator[socket.socket]:
    """The process that workers are forked from, seen as the socket that it takes their connections by."""
    ours, theirs = socket.socketpair()
    with theirs:  # closed here once the child has it, so that each end notices when the other one's process is gone
        # By -c and with the caller's search path, so that a file in the working directory shadows nothing.
        process = subprocess.Popen(
            [sys.executable, "-c", _FORKSERVER, str(theirs.fileno()), shared, *(entry or os.getcwd() for entry in sys.path)],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            # Read by OpenMP when torch is loaded, before any worker could ask for one thread.
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
    try:
        with ours:
            yield ours
    finally:
        process.wait()  # it ends with its last worker, after `ours` is closed


def _new_worker(forkserver: socket.socket) -> Connection:
    """A connection to a new worker."""
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            socket.send_fds(forkserver, [b"+"], [theirs.fileno()])
        except OSError:
            ours.close()
            raise LtPruneError("the process that starts workers ended: run the command again") from None
    return Connection(ours.detach())


class _ArraySharing:
    """Pickles what workers are sent; an array in several of these is written once, for every worker to map."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[int, tuple[Array, Path]] = {}
        """By identity; the array is held so that its identity stays its own."""

    def dumps(self, sent: tuple[Run, Arithmetic]) -> bytes:
        memory = io.BytesIO()
        pickler = _Pickler(memory)
        pickler.sharing = self
        pickler.dump(sent)
        return memory.getvalue()

    def place(self, array: Array) -> Path:
        if id(array) not in self._held:
            path = self._folder / f"{len(self._held)}.npy"
            np.save(path, array)
            self._held[id(array)] = array, path
        return self._held[id(array)][1]


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Takes functions of a notebook along by what they are, those of modules by name."""

    sharing: _ArraySharing

    def reducer_override(self, value: Any) -> Any:
        if type(value) is np.ndarray and value.nbytes >= _SHARED_FROM and not value.dtype.hasobject:
            # Copied on write: workers share the pages, and none can change another's array.
            place = place_in_file(value)
            return (np.memmap, place) if place else (np.load, (self.sharing.place(value), "c"))
        return super().reducer_override(value)
