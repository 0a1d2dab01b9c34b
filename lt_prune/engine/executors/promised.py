"""An executor that keeps its promises, or an error that names it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager

from lt_prune.config.compute import Compute
from lt_prune.engine.executors import EXECUTORS, Executor, Outcomes
from lt_prune.engine.run_queue import RunQueue
from lt_prune.engine.runs import Outcome
from lt_prune.errors import ArgumentError, LtPruneError, MemberError
from lt_prune.progress import Progress
from lt_prune.registry import described


def find_executor(name: str, compute: Compute) -> Executor:
    """The executor called `name`, which can train so.

    Raises:
        UnknownNameError: there is none.
        ArgumentError: it cannot train on the device, or on this system.
        MemberError: another package's executor cannot be loaded, or does not say whether it can.
    """
    executor = EXECUTORS.load(name)
    with _failing(name):
        why = executor.refuses(compute)
    if not isinstance(why, str):
        raise MemberError(f"executor {name!r} must say in words why it cannot be used, and gave {why!r}", name)
    if why:
        raise ArgumentError(f"executor {name!r} cannot be used, as {why}: name another, or leave out --executor")
    return executor


def promised_outcomes(name: str, runs: RunQueue, compute: Compute, progress: Progress) -> Outcomes:
    """Outcomes of runs by the executor called `name`, one of each that it takes.

    Raises:
        LtPruneError: as `find_executor` does.
        MemberError: it fails, or gives anything else.
    """
    execute = find_executor(name, compute).execute
    with _failing(name), closing(_begun(name, execute(runs, compute, progress))) as outcomes:
        for given in outcomes:
            if broken := _broken(given, runs):
                raise MemberError(
                    f"executor {name!r} must give the outcome of each run that it took, once, and gave {broken}", name
                )
            yield given
        if runs.n_left:
            raise MemberError(f"executor {name!r} has ended without the outcome of {runs.n_left} runs", name)


def _begun(name: str, outcomes: object) -> Outcomes:
    if not isinstance(outcomes, Generator):
        raise MemberError(f"executor {name!r} must be a generator function, and gave {type(outcomes).__name__}", name)
    return outcomes


def _broken(given: object, runs: RunQueue) -> str:
    """What it gave in place of an outcome; "" where all is well."""
    if not (isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], Outcome)):
        return f"{type(given).__name__} in place of an index and an Outcome"
    return "" if isinstance(given[0], int) and given[0] in runs.at_work else f"that of {given[0]!r}"


@contextmanager
def _failing(name: str) -> Iterator[None]:
    """What is raised within by ours is the caller's, as an error in a run on the CPU, or in a progress, is."""
    try:
        yield
    except Exception as error:
        if isinstance(error, LtPruneError) or EXECUTORS.is_own(name):
            raise
        raise MemberError(f"executor {name!r} fails: {described(error)}", name) from error
