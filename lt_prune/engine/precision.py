"""How CUDA multiplies. On the CPU nothing is set: it computes in float32."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


@contextmanager
def multiplying(device: torch.device, precision: str) -> Iterator[None]:
    """While the context lasts, CUDA multiplies in TF32, unless "fp32" is asked for, and by algorithms that repeat."""
    wanted = _wanted(precision != "fp32") if device.type == "cuda" else []
    before = [(where, name, getattr(where, name)) for where, name, _ in wanted]
    try:
        for where, name, value in wanted:
            setattr(where, name, value)
        yield
    finally:
        for where, name, value in before:
            setattr(where, name, value)


def _wanted(tf32: bool) -> list[tuple[Any, str, Any]]:
    """Settings of torch: of what, by what name, and to what."""
    matmul: Any = torch.backends.cuda.matmul
    cudnn: Any = torch.backends.cudnn
    repeating = [(cudnn, "deterministic", True), (cudnn, "benchmark", False)]
    if not hasattr(matmul, "fp32_precision"):  # torch before 2.9
        return [(matmul, "allow_tf32", tf32), (cudnn, "allow_tf32", tf32), *repeating]
    # From then on the older names cannot even be read where the caller has used the newer ones.
    precision = "tf32" if tf32 else "ieee"
    return [(matmul, "fp32_precision", precision), (cudnn.conv, "fp32_precision", precision), *repeating]
