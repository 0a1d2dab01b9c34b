"""What the tests of this folder train, on virtual CUDA: they need no GPU, and find one of no use."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from virtual_cuda import VirtualCuda

from lt_prune.config.compute import Compute
from lt_prune.config.recipe import Recipe
from lt_prune.engine import Outcome, Run, run_all
from lt_prune.engine.runs import Trained
from lt_prune.methods import make_loss
from lt_prune.models import find_model

COUNTS = [24, 12, 6, 3]


@pytest.fixture(autouse=True)
def cuda_is_virtual(monkeypatch) -> None:
    """There seems to be a driver; one step of each shape comes before its capture, which spares epochs."""
    if torch.version.cuda is None:
        pytest.skip("virtual CUDA needs a torch that was built for CUDA, though no GPU")
    monkeypatch.setattr("lt_prune.config.compute.driver_present", lambda: True)
    monkeypatch.setattr("lt_prune.engine.step.WARM_UP", 1)


def state(trained: Trained) -> dict[str, torch.Tensor]:
    """A copy on the CPU of every parameter and buffer."""
    return {name: value.detach().clone().cpu() for name, value in trained.network.state_dict().items()}


@pytest.fixture
def make(blobs) -> Callable[..., Run]:
    """make(seed, method="ce", field={}, **recipe) is a run on 45 blobs, in batches of 11, 11, 11 and 12."""
    data = blobs()

    def make(seed: int = 0, method: str = "ce", field: dict[str, Any] | None = None, **recipe: Any) -> Run:
        given = {"epochs": 2, "batch_size": 11, "model": "resnet8", "warmup": 0, "padding": 1, **recipe}
        fields = {
            "title": f"run {seed}",
            "pixels": data.pixels,
            "labels": data.index.labels,
            "rows": np.arange(45),
            "n_classes": 4,
            "model": find_model(given["model"]),
            "recipe": Recipe(**given),
            "loss": partial(make_loss, method, COUNTS),
            "seed": seed,
            "identity": {"samples": "blobs"},
            "on_trained": state,
        }
        return Run(**{**fields, **(field or {})})

    return make


@pytest.fixture
def on_cuda() -> Callable[..., tuple[list[Outcome], VirtualCuda]]:
    """on_cuda(*runs, device="cuda", workers=4, **options of `run_all`) trains on virtual CUDA; `gpu` has options of that."""

    def on_cuda(
        *runs: Run, device: str = "cuda", workers: int | None = 4, gpu: dict[str, Any] | None = None, **options: Any
    ) -> Any:
        virtual = VirtualCuda()
        for name, value in (gpu or {}).items():
            setattr(virtual, name, value)
        with virtual:
            outcomes = dict(run_all(runs, Compute(device=device, workers=workers, n_threads=1), **options))
        return [outcomes[index] for index in range(len(runs))], virtual

    return on_cuda


@pytest.fixture
def assert_same() -> Callable[[Outcome, Outcome], None]:
    """Refuses outcomes that differ in a bit."""

    def assert_same(found: Outcome, expected: Outcome) -> None:
        assert found.failure is None, found.failure
        assert found.loss == expected.loss
        assert [n for n, value in expected.value.items() if not torch.equal(found.value[n], value)] == []

    return assert_same
