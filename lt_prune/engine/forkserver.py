"""The process that workers are forked from, and what a worker does; see `lt_prune.engine.executors.processes`.

It loads torch once, starts no thread, and forks a worker for each connection that it is sent.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import shutil
import signal
import socket
import sys
import threading
from multiprocessing.connection import Connection
from typing import NoReturn

import torch

from lt_prune.config.compute import Arithmetic
from lt_prune.engine.memory import keep_heap
from lt_prune.engine.runs import Outcome, Run
from lt_prune.engine.turns import run_alone
from lt_prune.registry import described


def main(handle: int, shared: str) -> None:
    """Fork a worker for each connection that comes, until the other end is closed; then remove the folder they shared."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the caller too, which decides
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    torch.set_num_threads(1)
    keep_heap()
    with socket.socket(fileno=handle) as caller:
        while True:
            _, handles, _, _ = socket.recv_fds(caller, 1, 1)
            if not handles:
                break
            if os.fork() == 0:
                caller.close()
                _work(Connection(handles[0]))
            os.close(handles[0])
    with contextlib.suppress(ChildProcessError):  # raised when the last of them has ended
        os.wait()
    shutil.rmtree(shared, ignore_errors=True)  # the caller may have been killed


def _work(connection: Connection) -> NoReturn:
    """Train the runs that come, one after the other, until the connection closes."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, inbox), daemon=True).start()
    try:
        while True:
            connection.send(_outcome(inbox.get(), connection))
    finally:
        os._exit(0)


def _listen(connection: Connection, inbox: queue.SimpleQueue[bytes]) -> None:
    """Take what comes while the main thread trains; the end of the caller is the end of the worker."""
    try:
        while True:
            inbox.put(connection.recv_bytes())
    except (EOFError, OSError):
        os.kill(os.getpid(), signal.SIGTERM)


def _outcome(pickled: bytes, connection: Connection) -> Outcome | str:
    """How the run ended; in words where it ended by an unexpected error."""

    try:
        sent: tuple[Run, Arithmetic] = pickle.loads(pickled)
        run, arithmetic = sent
        return run_alone(run, arithmetic, _Sent(connection))
    except Exception as error:
        return described(error)


class _Sent:
    """The progress of one run, sent to the caller: epochs done, and what is known of one that has ended."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __call__(self, what: str, done: float, total: int) -> None:
        self._connection.send(done)

    def follow(self, what: str, known: object) -> None:
        """Send it."""
        self._connection.send(known)
