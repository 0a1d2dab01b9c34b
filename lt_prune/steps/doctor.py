"""This installation and machine -> what they are, and what scoring a set would cost here."""

from __future__ import annotations

import math
import os
import platform
import shutil
import tempfile
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from lt_prune.choices import MOST_MEMBERS
from lt_prune.config.compute import Compute
from lt_prune.config.reading import Reading
from lt_prune.engine import check_executor
from lt_prune.engine.devices import devices_of, trained_at_once
from lt_prune.engine.runs import Run
from lt_prune.engine.speed_apart import measured
from lt_prune.given import expect_unread, expect_whole, keywords_of, known_kinds
from lt_prune.machine import available_cores, available_memory, container_cores, container_memory
from lt_prune.planning.recipes import MEMBER, check_fields, resolve_recipe, weights_of
from lt_prune.reports.workload import Workload
from lt_prune.steps.build import Data, open_set
from lt_prune.steps.ensemble import Ensemble
from lt_prune.steps.score import known_scores
from lt_prune.steps.workload import gain
from lt_prune.types import LongTailedSet
from lt_prune.versions import extras, versions

MEMBERS = 10
"""Of an ensemble that nothing else is said of."""


@known_kinds
def doctor(
    data: Data | None = None,
    *,
    members: int = MEMBERS,
    compute: Compute | None = None,
    reading: Reading | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """Say what there is to work with here, and what scoring a set would cost.

    Args:
        data: a set, a set file, or a source name; then one member is trained for three seconds, of which nothing is kept, to
            know its speed.
        members: of the ensemble that is asked about; this and what follows are for `data` alone.
        compute: device, precision and members trained at once, by default as `lt_prune.Compute()` says.
        reading: as for `build`.
        **settings: fields of `Recipe` to override, as for `score`.

    Returns:
        versions of what results depend on; extras, None where one is not installed; system; cores that may be used, of the
        machine, and that a container leaves, None where it has no limit; memory in bytes, likewise; disk, free bytes by
        folder; and devices, each with its free memory. With `data`, score: its samples, members, epochs, images trained on,
        images_per_second of all that are trained at once and seconds of training, without the start of processes and the
        scores (None where a member is too short to be measured),
        at_once, and bytes of its images (0 where they are streamed) and of a process that trains one member (None where that
        is not known, as on a GPU).

    Raises:
        ArgumentError: what only `data` have a use for is given without.
        LtPruneError: as `score` does.

    Example:
        >>> import lt_prune as lp
        >>> found = lp.doctor()
        >>> sorted(found), found["cores"]["usable"] >= 1
        (['cores', 'devices', 'disk', 'extras', 'memory', 'system', 'versions'], True)
    """
    check_fields(settings, besides=keywords_of(doctor))
    expect_whole("members", members, low=1, high=MOST_MEMBERS)
    if data is None:
        given = {"members": None if members == MEMBERS else members, "compute": compute, "reading": reading, **settings}
        expect_unread(given, "is for what scoring a set would cost: name the set by data")
        return _machine()
    compute = replace(compute or Compute(), n_threads=1)
    check_executor(compute)
    return {**_machine(), "score": _cost(open_set(data, reading=reading), members, compute, settings)}


def _machine() -> dict[str, Any]:
    return {
        "versions": versions(),
        "extras": extras(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": {"usable": available_cores(), "machine": os.cpu_count(), "container": _known(container_cores())},
        "memory": {
            "usable": int(available_memory()),
            "machine": psutil.virtual_memory().total,
            "container": _known(container_memory()),
        },
        "disk": {str(folder): shutil.disk_usage(folder).free for folder in (Path.cwd(), tempfile.gettempdir())},
        "devices": _devices(),
    }


def _known(limit: float) -> float | None:
    """JSON has no infinity."""
    return None if math.isinf(limit) else limit


def _devices() -> list[dict[str, Any]]:
    import torch

    found: list[dict[str, Any]] = [{"device": "cpu", "name": _processor(), "free": None}]
    for device in devices_of("cuda"):
        free, total = torch.cuda.mem_get_info(device)
        found.append({"device": device, "name": torch.cuda.get_device_name(device), "free": free, "total": total})
    return found


def _processor() -> str:
    """What the CPU calls itself, where the system says that, as Linux does."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _cost(data: LongTailedSet, members: int, compute: Compute, settings: dict[str, Any]) -> dict[str, Any]:
    """What `score` would cost, at a speed that is measured here."""
    recipe = resolve_recipe(data, MEMBER, settings)
    weights = weights_of(settings)
    ensemble = Ensemble(data=data, recipe=recipe, seed=0, folder=None, weights=weights, mix_compute=False)
    run = next(ensemble.members(known_scores(None, data, recipe, 0), (), members))
    speed, memory = _measured(run, compute)
    at_once = min(trained_at_once(compute, [data.pixels]), members)
    work = {str(k): (recipe.epochs, data.index.n_samples) for k in range(members)}
    found = Workload.of(work, {}, speed and speed * gain(data.pixels, compute, members))
    return {
        "name": data.index.name,
        "n_samples": data.index.n_samples,
        **{name: value for name, value in asdict(found).items() if name != "runs"},
        "model": recipe.model,
        "seconds": found.seconds,
        "at_once": at_once,
        "images_bytes": sum(each.nbytes for each in (data.pixels, data.test_pixels) if isinstance(each, np.ndarray)),
        "member_bytes": memory,
    }


def _measured(run: Run, compute: Compute) -> tuple[float | None, int | None]:
    """Images a second of one member, and bytes of its process; None where these are not known."""
    if compute.device == "cpu":
        return measured(run, compute) or (None, None)
    from lt_prune.engine.speed import images_per_second

    return images_per_second(run, compute), None
