"""What a process that trains tells the allocator."""

from __future__ import annotations

import ctypes
import platform

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_NEVER = 2**31 - 1


def keep_heap() -> bool:
    """Tell glibc to keep freed blocks instead of handing them back to the system; whether it was told.

    Every step of training frees and takes the same hundreds of megabytes; without this, each time the system maps and clears
    them again. Elsewhere than on glibc nothing is done.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return all([mallopt(_M_MMAP_THRESHOLD, _NEVER), mallopt(_M_TRIM_THRESHOLD, _NEVER)])
