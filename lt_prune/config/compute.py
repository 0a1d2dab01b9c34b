"""How networks are computed: what is asked for, and the part of it that decides their numbers.

Torch is loaded only where it must be asked for a GPU: a process that leaves training to workers saves the hundreds
of megabytes that it takes.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from lt_prune.choices import DEVICES, PRECISIONS
from lt_prune.errors import ArgumentError, LtPruneError, MismatchError
from lt_prune.given import gathered_as

_DRIVERS = ("/dev/nvidiactl", "/dev/dxg", "/dev/nvmap", "/dev/kfd")
"""Where Linux shows the driver of a GPU: NVIDIA's, that of Windows below, that of embedded boards, and AMD's."""


@dataclass(frozen=True, kw_only=True)
class Arithmetic:
    """What decides a network's numbers besides what it is trained on and how. It is kept with checkpoints, results and each
    member of a score file; the defaults are those of files that do not say it."""

    device: str = "cpu"
    """Its kind: "cpu" or "cuda"."""
    precision: str = "fp32"
    """That of training: "fp32", on CUDA also "tf32" or "bf16"."""
    compiled: bool = False
    """By torch.compile."""

    def __str__(self) -> str:
        """In words, such as "tf32 on cuda"."""
        return f"{self.precision} on {self.device}{', compiled' if self.compiled else ''}"

    def require(self, was: Arithmetic, what: str, remedy: str) -> None:
        """Refuse what was computed otherwise.

        Raises:
            MismatchError: it was; `what` says what that is, and what was done with it, `remedy` what else to do.
        """
        if was != self:
            raise MismatchError(
                f"{what} with {was}, not {self}: ask for the former by --device, --precision and --compiled, {remedy}"
            )


@gathered_as("compute")
@dataclass(frozen=True, kw_only=True)
class Compute:
    """How networks are computed here: on what, how exactly, and how many at once. Nothing but `arithmetic` decides numbers,
    and `n_threads` their last bits.

    Args:
        device: "auto", "cpu", "cuda", which is every GPU that torch finds, or one of them, such as "cuda:1"; "auto" becomes
            "cuda" where torch finds a GPU, otherwise "cpu".
        precision: of training on CUDA, "tf32", "fp32" or "bf16" (by autocast); on the CPU it becomes "fp32". Predictions and
            scores are in float32 everywhere.
        compiled: by torch.compile, which takes half a minute before it gains anything.
        workers: networks trained at once; by default one a CPU core, or 4 on each GPU, fewer where images are large. On the
            CPU it changes no number of any result, nor did it on the one GPU where that was tried (docs/measurements.md).
        n_threads: CPU threads of a run that has this process to itself, as `lt_prune.train` trains it; None for as many as
            torch takes. The same number repeats such a run bit for bit. Runs of a sweep and members of an ensemble have one
            each.
        executor: what trains several networks, by name: "session" one after another in this process, "processes" in worker
            processes on the CPU, "cuda" side by side on each GPU, or another package's; None for the one that suits the
            device. It decides no number, but that a run elsewhere than in this process has one thread.

    Raises:
        ArgumentError: there is no such device or precision, or workers or n_threads is below 1.
        LtPruneError: a GPU where torch finds none, or not that one.

    Example:
        >>> import lt_prune as lp
        >>> str(lp.Compute(device="cpu", precision="bf16").arithmetic)
        'fp32 on cpu'
    """

    device: str = "auto"
    precision: str = "tf32"
    compiled: bool = False
    workers: int | None = None
    n_threads: int | None = None
    executor: str | None = None

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise ArgumentError(f"precision must be {', '.join(PRECISIONS)}, not {self.precision!r}")
        for name, value in (("workers", self.workers), ("n_threads", self.n_threads)):
            if value is not None and value < 1:
                raise ArgumentError(f"{name} must be at least 1, not {value}")
        object.__setattr__(self, "device", pick_device(self.device))
        if self.device == "cpu":
            object.__setattr__(self, "precision", "fp32")

    @property
    def arithmetic(self) -> Arithmetic:
        """The part that decides numbers, which files keep."""
        return Arithmetic(device=self.device.partition(":")[0], precision=self.precision, compiled=self.compiled)


def pick_device(name: str) -> str:
    """The device called "cpu", "cuda" or, of several GPUs, "cuda:1"; "auto" is CUDA where there is one.

    Raises:
        ArgumentError: another name.
        LtPruneError: a GPU where torch finds none, or not that one.
    """
    one = re.fullmatch(r"cuda:(\d+)", str(name))
    if name not in DEVICES and not one:
        raise ArgumentError(f"device must be one of {', '.join(DEVICES)}, or a GPU such as cuda:1, not {name!r}")
    if name == "cpu":
        return "cpu"
    found = (name != "auto" or driver_present()) and _cuda_available()
    if name != "auto" and not found:
        raise LtPruneError(f"device {name!r} was asked for, but torch finds no usable GPU here: use --device cpu or auto")
    if one:
        return _one_gpu(int(one[1]))
    return "cuda" if found else "cpu"


def _one_gpu(number: int) -> str:
    import torch

    if number >= (n_gpus := torch.cuda.device_count()):
        raise LtPruneError(f"device 'cuda:{number}' was asked for, but the last GPU that torch finds is cuda:{n_gpus - 1}")
    return f"cuda:{number}"


def driver_present() -> bool:
    """Whether there may be a GPU that torch can use; elsewhere than on Linux it always may."""
    return not sys.platform.startswith("linux") or any(Path(driver).exists() for driver in _DRIVERS)


def _cuda_available() -> bool:
    import torch

    return torch.cuda.is_available()
