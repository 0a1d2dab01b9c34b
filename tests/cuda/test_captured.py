"""A captured step is the eager one bit for bit, whatever the method; and virtual CUDA sees it where one is not."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import virtual_cuda
from virtual_cuda import VirtualCuda

import lt_prune as lp
from lt_prune.engine.runs import Trained
from lt_prune.engine.step import GraphedStep, Step, _Captured
from lt_prune.engine.train import _State
from lt_prune.methods import METHODS, Method, Stage, Stream
from lt_prune.methods.ce import CrossEntropy
from lt_prune.methods.ldam_drw import DeferredMargins
from lt_prune.methods.parts import Parts
from lt_prune.metrics.observer import Observer
from lt_prune.models.network import Network, Outputs


def trained(data: lp.LongTailedSet, out: Path, how: str, method: str, **options: Any) -> tuple[Any, VirtualCuda]:
    """Everything that a training on virtual CUDA leaves, "captured", "eager", or by the "fallback" where a capture fails."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings(), VirtualCuda(eager=how == "fallback") as gpu:
        warnings.simplefilter("ignore" if how == "fallback" else "error")
        if how == "eager":
            patch.setattr("lt_prune.engine.train.GraphedStep", lambda step: step)
        compute = lp.Compute(device="cuda", precision=options.pop("precision", "tf32"), n_threads=1)
        result = lp.train(data, method=method, compute=compute, out=out, model="resnet8", warmup=0, **options)
    left: dict[str, Any] = {"loss": result.loss, "evaluation": result.evaluation}
    for file in sorted(out.rglob("model.pt")):
        saved = torch.load(file, weights_only=True)
        for part in ("network", "criterion"):
            left |= {f"{file.relative_to(out)} {part} {name}": value for name, value in saved[part].items()}
    return left, gpu


def differing(found: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    assert list(found) == list(expected)
    same = {name: torch.equal if isinstance(value, torch.Tensor) else lambda a, b: a == b for name, value in found.items()}
    return [name for name, value in expected.items() if not same[name](found[name], value)]


@pytest.fixture
def compare(blobs, tmp_path) -> Callable[..., VirtualCuda]:
    """compare(method, **options) trains by captured steps and otherwise, and gives back the virtual GPU of the former."""

    def compare(method: str, *others: str, **options: Any) -> VirtualCuda:
        found, gpu = trained(blobs(), tmp_path / "captured", "captured", method, **options)
        for how in others:
            expected, _ = trained(blobs(), tmp_path / how, how, method, **options)
            assert differing(found, expected) == [], how
        return gpu

    return compare


def epochs_of(method: str) -> dict[str, int]:
    """Three epochs of each stage that is trained."""
    found = METHODS.load(method)
    second = found.first is not None and found.stage.recipe.get("trained") != "nothing"
    return {"epochs": 3, "batch_size": 23, **({"stage2_epochs": 3} if second else {})}


@pytest.mark.slow
@pytest.mark.parametrize(("method", "precision"), [*((name, "tf32") for name in METHODS.names), ("atl", "bf16")])
def test_every_method_captured_is_the_eager_one(compare, method, precision):
    gpu = compare(method, "eager", "fallback", precision=precision, **epochs_of(method))
    assert gpu.counts["graph launches"] >= 4, "both shapes of batch are captured"
    assert not gpu.races
    assert not gpu.frozen


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "settings"),
    [
        ("alas", {"alas_update": "epoch"}),
        ("alas", {"alas_logits": "angular"}),
        ("ce", {"mixup": 0.5}),
        ("ce", {"momentum": 0.0}),
        ("ce", {"schedule": "cosine"}),
        ("ldam-drw", {"defer": 0.3}),
        ("mislas", {"stage2_shift_batch_norm": True}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_every_kind_of_setting_captured_is_the_eager_one(compare, method, settings):
    gpu = compare(method, "eager", **epochs_of(method), **settings)
    assert not gpu.races
    assert not gpu.frozen


@pytest.mark.slow
def test_a_captured_run_is_the_eager_one(compare):
    gpu = compare("ce", "eager", "fallback", epochs=3, batch_size=23)
    assert gpu.counts["graph launches"] == 4
    assert not gpu.races


class Each(CrossEntropy):
    def each(self, outputs: Outputs, target: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(outputs.logits, target, reduction="none")


def weighed(forward: Any, loss: Any, batches: Any) -> tuple[Outputs, torch.Tensor]:
    """By the gradient of another batch (Ren et al. 2018), which takes a gradient of gradients, and by a second view."""
    main, view, other = batches
    outputs, trained = forward(main.pixels), [p for p in forward.network.parameters() if p.requires_grad]
    each = loss.each(outputs, main.target)
    share = torch.zeros_like(each, requires_grad=True)
    down = torch.autograd.grad(loss(forward(other.pixels), other.target), trained)
    moved = torch.autograd.grad((share * each).sum(), trained, create_graph=True)
    gained = sum((one * another).sum() for one, another in zip(moved, down))
    weight = torch.autograd.grad(gained, share)[0].clamp(min=0) + 1e-3
    return outputs, (weight / weight.sum() * each).sum() + loss(forward(view.pixels), view.target)


def shorten(network: Network) -> None:
    weight = network.classifier.weight
    weight.mul_((1.5 / weight.norm(dim=1, keepdim=True)).clamp(max=1))


@pytest.mark.slow
def test_a_stage_with_parts_captured_is_the_eager_one(compare):
    streams = (Stream(held_out=1, batch_size=6),)
    stage = Stage(loss=Each, equation="by hand", step=weighed, streams=streams, views=2, after_step=shorten)
    lp.register("method", "mine", Method(summary="by hand", paper="none", stage=stage))
    gpu = compare("mine", "eager", "fallback", epochs=3, batch_size=23)
    assert gpu.counts["graph launches"] == 4
    assert not gpu.races
    assert not gpu.frozen


class Summed(Observer):
    """Of each sample the logits that it had."""

    def __init__(self, n_samples: int, n_classes: int) -> None:
        super().__init__(n_samples, n_classes)
        self.register_buffer("logits", torch.zeros(n_samples, n_classes))
        self.register_buffer("epochs", torch.zeros((), dtype=torch.int64))

    def end_epoch(self) -> None:
        self.epochs += 1

    def forward(self, rows: torch.Tensor, outputs: Outputs, target: torch.Tensor) -> None:
        self.logits.index_add_(0, rows, outputs.logits)


def test_what_watches_a_captured_run_sees_what_it_sees_of_an_eager_one(make, on_cuda, assert_same, monkeypatch):
    def state(trained: Trained) -> dict[str, torch.Tensor]:
        return trained.observers.state()["summed"]

    run = make(epochs=3, field={"observers": lambda: {"summed": Summed}, "on_trained": state})
    (captured,), gpu = on_cuda(run)
    assert gpu.counts["graph launches"] > 4
    assert not gpu.races
    assert not gpu.frozen
    monkeypatch.setattr("lt_prune.engine.train.GraphedStep", lambda step: step)
    (eager,), _ = on_cuda(run)
    assert_same(captured, eager)
    assert captured.value["logits"].any(dim=1).all()
    assert captured.value["epochs"] == 3


def test_batches_cost_no_copy_from_the_host(make, on_cuda):
    """Which would wait for all that is launched: there is the same number of copies whatever the number of batches."""
    field = {"parts": Parts(streams=(Stream(held_out=1, batch_size=3),), views=2)}
    for given in ({"mixup": 1.0}, {"mixup": 1.0, "field": field}):
        copies = [on_cuda(make(batch_size=size, **given))[1].counts["H2D copies"] for size in (5, 23)]
        assert copies[0] == copies[1]


def rate_of_python(self: _State, rate: float) -> None:
    for group in self.optimizer.param_groups:
        group["lr"] = group["factor"] * rate


def weight_replaced(self: DeferredMargins, epoch: int, epochs: int) -> None:
    if epoch >= self.defer * epochs:
        self.weight = self._later.clone()


def inputs_kept(self: Any, batches: Any) -> torch.Tensor:
    self.graph.replay()
    return self.loss


@pytest.mark.parametrize(
    ("where", "name", "fault"),
    [(_State, "rate", rate_of_python), (_Captured, "__call__", inputs_kept)],
    ids=["rate", "inputs"],
)
def test_a_planted_fault_of_the_numbers_is_seen(blobs, tmp_path, monkeypatch, where, name, fault):
    options = {"method": "ce", "epochs": 3, "batch_size": 23, "schedule": "cosine"}
    expected, _ = trained(blobs(), tmp_path / "eager", "eager", **options)
    monkeypatch.setattr(where, name, fault)
    found, _ = trained(blobs(), tmp_path / "captured", "captured", **options)
    assert differing(found, expected)


def test_a_planted_replacement_of_what_a_graph_reads_is_seen(blobs, tmp_path, monkeypatch):
    monkeypatch.setattr(DeferredMargins, "begin_epoch", weight_replaced)
    with pytest.raises(UserWarning, match="USE AFTER FREE"):
        trained(blobs(), tmp_path, "captured", "ldam-drw", epochs=3, batch_size=23, defer=0.3)


def test_a_planted_synchronisation_hinders_the_capture(blobs, tmp_path, monkeypatch):
    eager = Step.__call__

    def read_by_host(self: Step, batches: Any) -> torch.Tensor:
        loss = eager(self, batches)
        loss.item()
        return loss

    monkeypatch.setattr(Step, "__call__", read_by_host)
    with pytest.raises(UserWarning, match="cannot be captured"):
        trained(blobs(), tmp_path, "captured", "ce", epochs=3, batch_size=23)


def test_a_planted_capture_on_another_stream_is_a_race(make, on_cuda, monkeypatch):
    """That is what the first release did: a stream of torch's pool for each capture, which nothing waited for."""
    own = GraphedStep._capture

    def aside(self: GraphedStep, *given: Any) -> None:
        with torch.cuda.stream(virtual_cuda.Stream()):
            own(self, *given)
            self.step.forward.network.mean.mul_(1)

    monkeypatch.setattr(GraphedStep, "_capture", aside)
    assert on_cuda(make())[1].races
