"""What of the machine this process may use, the limits of a container included."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

_CGROUPS, _OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
"""Where Linux shows the limits of containers, in files of version 2 or 1, and in which of them this process is."""
_NO_LIMIT = 1 << 60
"""What version 1 says instead of no limit is larger than any memory."""


def available_cores() -> int:
    """CPU cores that this process may use: those it may run on, at most as many as its container has the time of."""
    process = psutil.Process()
    usable = len(process.cpu_affinity()) if hasattr(process, "cpu_affinity") else psutil.cpu_count() or 1
    return max(1, math.floor(min(usable, container_cores())))


def available_memory() -> float:
    """Bytes that this process can still take: of the machine, of its container and of its address space (ulimit -v)."""
    return max(0, min(float(psutil.virtual_memory().available), container_memory(), _left_of_addresses()))


def container_cores() -> float:
    """CPU cores whose time a container has, infinity where it has no limit."""
    quotas = [math.inf]
    for folder in _groups("cpu"):
        with suppress(OSError, ValueError):
            quota, period = (folder / "cpu.max").read_text().split()
            quotas.append(int(quota) / int(period))  # "max" is no number, and no limit
        with suppress(OSError, ValueError):
            quota, period = ((folder / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
            quotas.append(int(quota) / int(period) if int(quota) > 0 else math.inf)
    return min(quotas)


def container_memory() -> float:
    """Bytes that the containers around this process leave it, infinity where none has a limit."""
    return min(_left_in_containers())


def _left_in_containers() -> Iterator[float]:
    """Bytes below each limit of the containers around this process; what the system can drop does not count as used."""
    for limit, usage, droppable in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        for folder in _groups("memory"):
            with suppress(OSError, ValueError, StopIteration):
                most = int((folder / limit).read_text())
                lines = (folder / "memory.stat").read_text().splitlines()
                cache = next(int(line.split()[1]) for line in lines if line.split()[0] == droppable)
                if most < _NO_LIMIT:
                    yield float(most - int((folder / usage).read_text()) + cache)
    yield math.inf


def _groups(controller: str) -> Iterator[Path]:
    """Folders of this process's control groups, from its own one up to the root, which is its own within a container."""
    with suppress(OSError):
        for line in _OWN.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers and controller not in controllers.split(","):
                continue
            root = _CGROUPS / controller if controllers else _CGROUPS
            own = root / path.lstrip("/")
            yield from (folder for folder in (own, *own.parents) if folder.is_relative_to(root))


def _left_of_addresses() -> float:
    """Bytes of address space that are left to this process, infinity where it has no limit."""
    if not sys.platform.startswith("linux"):
        return math.inf
    import resource

    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    return math.inf if most == resource.RLIM_INFINITY else float(most - psutil.Process().memory_info().vms)
