"""How numbers are computed on CUDA: by which settings of torch, and what is kept of it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import torch
from virtual_cuda import VirtualCuda

import lt_prune as lp
from lt_prune.angular import angular_logits
from lt_prune.engine.precision import multiplying
from lt_prune.errors import MismatchError
from lt_prune.models.network import Network
from lt_prune.store.results import read_result

CUDA, CPU = torch.device("cuda"), torch.device("cpu")
SMALL = {"model": "resnet8", "batch_size": 23}


def settings() -> list[str]:
    return [torch.backends.cuda.matmul.fp32_precision, torch.backends.cudnn.conv.fp32_precision]


class StopError(Exception):
    pass


@pytest.fixture
def train(blobs, tmp_path):
    """train(stop=None, **options), interrupted when so many epochs are done; fields of `Compute` are among the options."""

    def train(stop: int | None = None, out: str = "run", **options) -> lp.TrainResult | None:
        def progress(what: str, done: int, total: int) -> None:
            if done == stop:
                raise StopError

        with VirtualCuda() as gpu:
            how = {name: options.pop(name) for name in ("device", "precision", "compiled") if name in options}
            compute = lp.Compute(**{"device": "cuda", "n_threads": 1, **how})
            try:
                return lp.train(blobs(), compute=compute, out=tmp_path / out, progress=progress, **{**SMALL, **options})
            except StopError:
                return None
            finally:
                assert not gpu.races

    return train


@pytest.mark.skipif(not hasattr(torch.backends.cuda.matmul, "fp32_precision"), reason="torch has no such setting yet")
@pytest.mark.parametrize(("precision", "expected"), [("tf32", "tf32"), ("bf16", "tf32"), ("fp32", "ieee")])
def test_training_multiplies_as_asked_and_prediction_in_float32(train, monkeypatch, precision, expected):
    seen = []
    forward = Network.forward

    def spy(self: Network, pixels: torch.Tensor) -> object:
        seen.append((self.training, *settings(), torch.backends.cudnn.deterministic))
        return forward(self, pixels)

    monkeypatch.setattr(Network, "forward", spy)
    before = settings()
    train(precision=precision, epochs=1)
    assert set(seen) == {(True, expected, expected, True), (False, "ieee", "ieee", True)}
    assert settings() == before


def test_on_the_cpu_no_setting_is_touched():
    before = settings()
    with multiplying(CPU, "tf32"):
        assert settings() == before


@pytest.mark.parametrize("name", ["allow_tf32", "fp32_precision"])
def test_whichever_setting_the_caller_used_is_his_again(monkeypatch, name):
    matmul = torch.backends.cuda.matmul
    before = matmul.fp32_precision
    try:
        setattr(matmul, name, True if name == "allow_tf32" else "tf32")
        with multiplying(CUDA, "fp32"):
            assert matmul.fp32_precision == "ieee"
        assert matmul.fp32_precision == "tf32"
        if name == "allow_tf32":
            assert matmul.allow_tf32
    finally:
        if name == "allow_tf32":
            matmul.allow_tf32 = False
        matmul.fp32_precision = before


def test_an_older_torch_has_older_settings(monkeypatch):
    class Old:
        allow_tf32 = True
        deterministic = benchmark = False

    old = Old()
    monkeypatch.setattr("torch.backends.cuda.matmul", old)
    monkeypatch.setattr("torch.backends.cudnn", old)
    with multiplying(CUDA, "fp32"):
        assert (old.allow_tf32, old.deterministic) == (False, True)
    assert (old.allow_tf32, old.deterministic) == (True, False)


def test_angles_are_not_those_of_tf32():
    with VirtualCuda():
        features, weight = torch.rand(5, 8, device="cuda").requires_grad_(), torch.rand(3, 8, device="cuda")
        types = []
        linear = torch.nn.functional.linear
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("torch.nn.functional.linear", lambda a, b: types.append(a.dtype) or linear(a, b))
            angles = angular_logits(features, weight)
        angles.sum().backward()
        assert types == [torch.float64], "of which there is no TF32"
        assert angles.dtype == features.grad.dtype == torch.float32


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"mixup": 1.0}, {"method": "ldam-drw", "defer": 0.3}], ids=["ce", "mixup", "drw"])
def test_a_resumed_run_is_the_whole_one(train, monkeypatch, tmp_path, options):
    monkeypatch.setattr("lt_prune.engine.train.EVERY", 0)
    whole = train(out="whole", epochs=4, **options)
    train(stop=2, epochs=4, **options)
    resumed = train(epochs=4, **options)
    assert (resumed.loss, resumed.evaluation) == (whole.loss, whole.evaluation)
    weights = [torch.load(tmp_path / out / "model.pt", weights_only=True)["network"] for out in ("run", "whole")]
    assert all(torch.equal(weights[0][name], value) for name, value in weights[1].items())


def test_a_resumed_second_stage_is_the_whole_one(train, monkeypatch):
    monkeypatch.setattr("lt_prune.engine.train.EVERY", 0)
    options = {"method": "atl", "epochs": 1, "stage2_epochs": 3, "alas_update": "epoch"}
    whole = train(out="whole", **options)
    train(stop=2, **options)
    resumed = train(**options)
    assert (resumed.loss, resumed.evaluation) == (whole.loss, whole.evaluation)


def test_a_checkpoint_is_written_every_so_often_and_at_the_end(train, monkeypatch, tmp_path):
    written = []
    monkeypatch.setattr("lt_prune.engine.train.write_weights", lambda path, state: written.append(len(state["loss"])))
    clock = iter(range(1000))
    monkeypatch.setattr("lt_prune.engine.train.EVERY", 12)
    monkeypatch.setattr("lt_prune.engine.train.time.monotonic", lambda: next(clock))
    train(epochs=6)
    assert written[-1] == 6
    assert 1 < len(written) < 6


@pytest.mark.slow
@pytest.mark.parametrize("stop", [1, None], ids=["checkpoint", "result"])
@pytest.mark.parametrize(
    ("first", "then", "said"),
    [
        ({}, {"device": "cpu"}, "was trained with tf32 on cuda, not fp32 on cpu: "),
        ({"device": "cpu"}, {}, "was trained with fp32 on cpu, not tf32 on cuda: "),
        ({}, {"precision": "bf16"}, "was trained with tf32 on cuda, not bf16 on cuda: "),
        ({}, {"compiled": True}, "was trained with tf32 on cuda, not tf32 on cuda, compiled: "),
    ],
    ids=["cuda-cpu", "cpu-cuda", "bf16", "compiled"],
)
def test_what_was_computed_otherwise_is_refused(train, monkeypatch, tmp_path, first, then, said, stop):
    monkeypatch.setattr("lt_prune.engine.train.EVERY", 0)
    train(stop=stop, epochs=2, **first)
    remedy = "give another --out, or start again with --overwrite" if stop is None else "give another --out, or remove"
    with pytest.raises(MismatchError, match=f"{said}ask for the former by .*, {remedy}"):
        train(epochs=2, **then)
    monkeypatch.setattr("torch.compile", lambda network: network)
    result = train(epochs=2, overwrite=True, **then)
    assert read_result(tmp_path / "run" / "result.json") == result
    assert str(result.spec.arithmetic) in said


def test_a_second_stage_knows_how_its_first_was_computed(train, tmp_path):
    train(out="first", epochs=1, method="mixup")
    options = {"method": "crt", "from_run": tmp_path / "first", "stage2_epochs": 1, "device": "cpu"}
    options |= {"model": None, "batch_size": None}  # those of the first stage
    assert str(train(**options).spec.first.arithmetic) == "tf32 on cuda"
    train(out="other", device="cpu", epochs=1, method="mixup")
    with pytest.raises(
        MismatchError, match="with first stage's device cuda, not cpu, and first stage's precision tf32, not fp32"
    ):
        train(**{**options, "from_run": tmp_path / "other"})


@pytest.mark.parametrize("device", ["cuda", "cpu"])
def test_a_checkpoint_says_how_the_first_stage_was_computed(train, tmp_path, device):
    train(device=device, method="crt", epochs=1, stage2_epochs=1)
    identity = torch.load(tmp_path / "run" / "model.pt", weights_only=True)["identity"]
    assert (identity["first"]["method"], identity["first"]["device"]) == ("ce", device)


@pytest.mark.parametrize("prediction", ["linear", "angular", "abs"])
def test_a_run_tested_again_says_the_same(train, tmp_path, blobs, prediction):
    tested = train(precision="bf16", epochs=1, prediction=prediction).evaluation
    with VirtualCuda() as gpu:
        assert lp.evaluate(tmp_path / "run", blobs(), compute=lp.Compute(device="cuda")) == tested
        assert not gpu.races


def how(scores: lp.ScoreSet) -> list[str]:
    return list(map(str, scores.arithmetic))


@pytest.mark.slow
def test_scores_are_added_to_by_what_was_computed_alike_unless_asked_to_mix(blobs, tmp_path):
    out = tmp_path / "scores.h5"
    score = partial(lp.score, blobs(), out=out, epochs=1, model="resnet8", batch_size=23)
    with VirtualCuda() as gpu:
        on_cuda, others = lp.Compute(device="cuda"), [lp.Compute(device="cpu"), lp.Compute(device="cuda", precision="bf16")]
        assert how(score(members=1, compute=on_cuda)) == ["tf32 on cuda"]
        before = score(members=2, compute=on_cuda)
        for other in others:
            said = f"members of {out} were trained with tf32 on cuda, not {other.arithmetic}: .*--mix-compute"
            with pytest.raises(MismatchError, match=said):
                score(members=3, compute=other)
            assert len(lp.read_scores(out).seeds) == 2
        mixed = score(members=3, compute=others[0], mix_compute=True)
        assert not gpu.races
    assert how(mixed) == how(lp.read_scores(out)) == ["tf32 on cuda", "tf32 on cuda", "fp32 on cpu"]
    for name, metric in before.metrics.items():
        assert (mixed.metric(name).per_member[:2] == metric.per_member).all()


def test_a_member_says_how_it_was_trained_and_not_how_it_is_scored(blobs, tmp_path):
    """Its weights are there, and its scores are not: as after an interruption, or for another metric."""
    out = tmp_path / "scores.h5"
    score = partial(lp.score, blobs(), out=out, members=1, epochs=1, model="resnet8", batch_size=23)
    with VirtualCuda():
        score(compute=lp.Compute(device="cuda", precision="bf16"))
        out.unlink()
        with pytest.raises(MismatchError, match="was trained with bf16 on cuda, not tf32 on cuda"):
            score(compute=lp.Compute(device="cuda"))
        assert how(score(compute=lp.Compute(device="cuda"), mix_compute=True)) == ["bf16 on cuda"]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["ce", "crt"])
def test_a_sweep_goes_on_only_as_it_began(blobs, tmp_path, method):
    stages = {"stage2_epochs": 1} if method == "crt" else {}
    grid = lp.Grid(strategies=["random"], ratios=[0.5], seeds=[0], methods=[method])

    def sweep(ratios: tuple[float, ...] = (0.5,), **options: Any) -> lp.Sweep:
        return lp.sweep(blobs(), replace(grid, ratios=ratios), out=tmp_path, epochs=1, model="resnet8", **stages, **options)

    with VirtualCuda() as gpu:
        bf16 = lp.Compute(device="cuda", precision="bf16")
        done = sweep(compute=lp.Compute(device="cuda"))
        assert not done.failures
        assert sweep(compute=lp.Compute(device="cuda")) == done
        for ratios in ((0.5,), (0.4,)):  # that of the runs that are there, and another one
            with pytest.raises(MismatchError, match="which was trained with tf32 on cuda, not bf16 on cuda") as refusal:
                sweep(compute=bf16, ratios=ratios)
            assert "--mix-compute" in str(refusal.value)
            assert "--overwrite" in str(refusal.value)
        mixed = sweep(compute=bf16, ratios=(0.5, 0.4), mix_compute=True)
        assert not mixed.failures
        assert not gpu.races
    assert [str(run.spec.arithmetic) for run in mixed.runs] == ["tf32 on cuda", "tf32 on cuda", "bf16 on cuda"]
    assert mixed.runs[:2] == done.runs
