"""How fast a run trains and what memory it takes, measured in another process: one that leaves training to workers does not
load torch for it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import cloudpickle
import numpy as np

from lt_prune.config.compute import Compute
from lt_prune.engine.runs import Run

_ENOUGH = 2048
"""Samples that are sent: more of them make no step slower."""
_MEASURE = """
import sys
sys.path[:] = sys.argv[1:]
import cloudpickle, psutil
from lt_prune.engine.speed import images_per_second
found = images_per_second(*cloudpickle.load(sys.stdin.buffer))
memory = psutil.Process().memory_info()
print(found, getattr(memory, "peak_wset", memory.rss)) if found else None
"""


def speed_of(run: Run, compute: Compute) -> float | None:
    """`lt_prune.engine.speed.images_per_second` for a run on the CPU; None also where that fails, as the run itself says
    why."""
    found = measured(run, compute)
    return found and found[0]


def measured(run: Run, compute: Compute) -> tuple[float, int] | None:
    """The same, with the bytes of memory that a process takes which trains such a network, few samples included."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, *(entry or os.getcwd() for entry in sys.path)],
        input=cloudpickle.dumps((_on_few(run), compute)),
        capture_output=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    if done.returncode or not done.stdout.split():
        return None
    speed, memory = done.stdout.split()
    return float(speed), int(memory)


def _on_few(run: Run) -> Run:
    """The run on some of its samples, without what belongs to its end; files are read where they are."""
    alone = replace(run, on_trained=None, checkpoint=None)
    if not isinstance(run.pixels, np.ndarray):
        return alone
    few = run.rows[:_ENOUGH]
    return replace(alone, pixels=run.pixels[few], labels=run.labels[few], rows=np.arange(len(few)))
