"""How numbers are computed on CUDA: by which settings of torch, and what is kept of it."""

from __future__ import annotations

import json

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
SMALL = {"depth": 8, "batch_size": 23, "n_threads": 1}


def settings() -> list[str]:
    return [torch.backends.cuda.matmul.fp32_precision, torch.backends.cudnn.conv.fp32_precision]


class StopError(Exception):
    pass


@pytest.fixture
def train(blobs, tmp_path):
    """train(device="cuda", stop=None, **options), interrupted when so many epochs are done."""

    def train(device: str = "cuda", stop: int | None = None, out: str = "run", **options) -> lp.TrainResult | None:
        def progress(what: str, done: int, total: int) -> None:
            if done == stop:
                raise StopError

        with VirtualCuda() as gpu:
            try:
                return lp.train(blobs(), device=device, out=tmp_path / out, progress=progress, **{**SMALL, **options})
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
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr("lt_prune.engine.train.time.monotonic", lambda: next(clock))
    train(epochs=6)
    assert written[-1] == 6
    assert 1 < len(written) < 6


@pytest.mark.parametrize("stop", [1, None], ids=["checkpoint", "result"])
@pytest.mark.parametrize(
    ("first", "then", "said"),
    [
        ({}, {"device": "cpu"}, "was trained with tf32 on cuda, now fp32 on cpu: "),
        ({"device": "cpu"}, {}, "was trained with fp32 on cpu, now tf32 on cuda: "),
        ({}, {"precision": "bf16"}, "was trained with tf32 on cuda, now bf16 on cuda: "),
        ({}, {"compiled": True}, "was trained with tf32 on cuda, now tf32 on cuda, compiled: "),
    ],
    ids=["cuda-cpu", "cpu-cuda", "bf16", "compiled"],
)
def test_what_was_computed_otherwise_is_refused(train, monkeypatch, tmp_path, first, then, said, stop):
    monkeypatch.setattr("lt_prune.engine.train.EVERY", 0)
    train(stop=stop, epochs=2, **first)
    with pytest.raises(MismatchError, match=said + ".*start again with --overwrite"):
        train(epochs=2, **then)
    monkeypatch.setattr("torch.compile", lambda network: network)
    result = train(epochs=2, overwrite=True, **then)
    assert read_result(tmp_path / "run" / "result.json") == result
    assert result.arithmetic in said


def test_a_second_stage_knows_how_its_first_was_computed(train, tmp_path):
    train(out="first", epochs=1, method="mixup")
    options = {"method": "crt", "from_run": tmp_path / "first", "stage2_epochs": 1, "device": "cpu"}
    options |= {"depth": None, "batch_size": None}  # those of the first stage
    assert train(**options).first.arithmetic == "tf32 on cuda"
    train(out="other", device="cpu", epochs=1, method="mixup")
    with pytest.raises(MismatchError, match="another first"):
        train(**{**options, "from_run": tmp_path / "other"})


@pytest.mark.parametrize(("device", "told"), [("cuda", True), ("cpu", False)])
def test_a_checkpoint_tells_how_the_first_stage_was_computed_but_for_the_cpu(train, tmp_path, device, told):
    """Of which those of older versions, too, are."""
    train(device=device, method="crt", epochs=1, stage2_epochs=1)
    identity = torch.load(tmp_path / "run" / "model.pt", weights_only=True)["run"]
    assert ('"precision"' in json.loads(identity)["what"]) == told


@pytest.mark.parametrize("prediction", ["linear", "angular", "abs"])
def test_a_run_tested_again_says_the_same(train, tmp_path, blobs, prediction):
    tested = train(precision="bf16", epochs=1, prediction=prediction).evaluation
    with VirtualCuda() as gpu:
        assert lp.evaluate(tmp_path / "run", blobs(), device="cuda") == tested
        assert not gpu.races


def test_scores_are_added_to_by_what_was_computed_alike(blobs, tmp_path):
    out, options = tmp_path / "scores.h5", {"epochs": 1, "depth": 8, "batch_size": 23}
    with VirtualCuda() as gpu:
        assert lp.score(blobs(), members=1, device="cuda", out=out, **options).arithmetic == "tf32 on cuda"
        assert len(lp.score(blobs(), members=2, device="cuda", out=out, **options).seeds) == 2
        for other in ({"device": "cpu"}, {"device": "cuda", "precision": "bf16"}):
            with pytest.raises(MismatchError, match=r"was made with tf32 on cuda, now .*fp?\d\d on"):
                lp.score(blobs(), members=3, out=out, **other, **options)
        assert not gpu.races
    assert lp.read_scores(out).arithmetic == "tf32 on cuda"


@pytest.mark.parametrize("method", ["ce", "crt"])
def test_a_sweep_goes_on_only_as_it_began(blobs, tmp_path, method):
    stages = {"stage2_epochs": 1} if method == "crt" else {}
    options = {
        "strategies": ["random"],
        "ratios": [0.5],
        "seeds": [0],
        "methods": [method],
        "epochs": 1,
        "depth": 8,
        **stages,
    }
    with VirtualCuda() as gpu:
        done = lp.sweep(blobs(), device="cuda", out=tmp_path, **options)
        assert not done.failures
        assert not gpu.races
        assert lp.sweep(blobs(), device="cuda", out=tmp_path, **options) == done
        with pytest.raises(MismatchError, match="was trained with tf32 on cuda, now bf16 on cuda"):
            lp.sweep(blobs(), device="cuda", precision="bf16", out=tmp_path, **options)
