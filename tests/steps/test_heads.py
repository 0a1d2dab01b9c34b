"""Runs whose networks have a head of their own: trained, gone on with, tested again, started from, and refused."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import lt_prune as lp
from lt_prune.errors import ArgumentError, UnknownNameError
from lt_prune.methods import METHODS
from lt_prune.methods.loss import Loss
from lt_prune.models import Model, find_model
from lt_prune.models.cosine import COSINE
from lt_prune.models.network import build_network
from lt_prune.store.weights import read_weights

ONE = lp.Compute(device="cpu", n_threads=1)
SMALL = {"epochs": 3, "model": "resnet8", "batch_size": 16, "warmup": 0, "compute": ONE}
OWN = ("tde", "bbn")


def weights(folder: str) -> dict[str, torch.Tensor]:
    return read_weights(Path(folder) / "model.pt", torch.device("cpu"))["network"]


def stop_after(epochs: int):
    def progress(what: str, done: int, total: int) -> None:
        if done == epochs:
            raise InterruptedError

    return progress


@pytest.fixture
def embeddings(in_tmp) -> Path:
    random = np.random.default_rng(0)
    labels, test = np.repeat(np.arange(3), (30, 12, 5)), np.repeat(np.arange(3), 6)
    centres = 3 * random.normal(size=(3, 6))
    values = {
        name: (centres[y] + random.normal(size=(len(y), 6))).astype(np.float32)
        for name, y in (("x_train", labels), ("x_test", test))
    }
    np.savez("vectors.npz", y_train=labels, y_test=test, **values)
    return Path("features:vectors.npz")


@pytest.mark.parametrize("method", OWN)
def test_it_learns_and_is_tested_again(method, blobs, in_tmp):
    result = lp.train(blobs(), method=method, out="run", **{**SMALL, "epochs": 12})
    assert result.loss[-1] < result.loss[0]
    assert result.evaluation.overall > 0.5
    assert lp.evaluate("run", blobs()) == result.evaluation


@pytest.mark.parametrize("method", OWN)
def test_interrupted_it_ends_at_the_same_numbers(method, blobs, in_tmp):
    whole = lp.train(blobs(), method=method, out="whole", **SMALL)
    for epochs in (1, 2):
        with pytest.raises(InterruptedError):
            lp.train(blobs(), method=method, out="run", progress=stop_after(epochs), **SMALL)
    again = lp.train(blobs(), method=method, out="run", **SMALL)
    assert (again.loss, again.evaluation) == (whole.loss, whole.evaluation)
    assert all(torch.equal(value, weights("whole")[name]) for name, value in weights("run").items())


@pytest.mark.slow
@pytest.mark.parametrize("method", OWN)
def test_in_worker_processes_it_ends_at_the_same_numbers(method, blobs, in_tmp):
    alone = lp.train(blobs(), method=method, **SMALL)
    grid = {**SMALL, "compute": lp.Compute(device="cpu", workers=2)}
    done = lp.sweep(blobs(), lp.Grid(methods=[method], strategies=["random"], ratios=[0.3], seeds=[0]), **grid)
    assert not done.failures
    (unpruned,) = [run for run in done.runs if run.ratio == 0]
    assert (unpruned.loss, unpruned.evaluation) == (alone.loss, alone.evaluation)


@pytest.mark.slow
@pytest.mark.parametrize("method", OWN)
def test_its_classifier_is_drawn(method, blobs, in_tmp):
    lp.train(blobs(), method=method, out="run", **SMALL)
    saved = weights("run")
    rows, bias = saved["classifier.weight"].double(), saved.get("classifier.bias", torch.zeros(4)).double()
    drawn = lp.plot("run", "head", data=blobs())["head"].rows
    assert [row["weight"] for row in drawn] == pytest.approx(rows.abs().mean(1).tolist())
    assert [row["bias"] for row in drawn] == pytest.approx(bias.tolist())
    assert set(lp.plot("run", data=blobs())) >= {"weight-norms", "logits", "probabilities", "abs", "head"}


@pytest.mark.parametrize("method", OWN)
def test_streamed_it_ends_at_the_same_numbers(method, blob_folder, in_tmp):
    folder = blob_folder()
    held, streamed = (
        lp.train(folder, method=method, reading=lp.Reading(loading=loading), **SMALL) for loading in ("memory", "stream")
    )
    assert (held.loss, held.evaluation) == (streamed.loss, streamed.evaluation)


# The cosine classifier


class Margin(Loss):
    """It is made of what the classifier says of itself."""

    def forward(self, outputs, target):
        return F.cross_entropy(outputs.logits - 0.1 * outputs.how.scale * target, target)


@pytest.mark.parametrize("num_heads", [2, 5])
def test_a_loss_may_be_for_the_head_of_its_method(num_heads, blobs):
    stage = replace(METHODS.load("tde").stage, loss=Margin)
    lp.register("method", "mine", replace(METHODS.load("tde"), stage=stage))
    backbone = find_model("resnet8").backbone

    def wide(shape):  # 5 heads have no place in the 64 features that losses are tried on
        made = backbone(shape)
        return replace(made, module=nn.Sequential(made.module, nn.Linear(64, 70)), n_features=70)

    lp.register("model", "wide", Model(summary="70 features", backbone=wide))
    result = lp.train(blobs(), method="mine", num_heads=num_heads, **{**SMALL, "model": "wide"})
    assert np.isfinite(result.loss).all()


def test_settings_of_the_head_are_kept_and_used(blobs, in_tmp):
    result = lp.train(blobs(), method="tde", num_heads=4, scale=8.0, out="run", **SMALL)
    assert result.spec.settings == {"num_heads": 4, "scale": 8.0, "gamma": 1 / 32, "alpha": 1.0}
    head = COSINE.with_settings(result.spec.settings)
    network = build_network(find_model("resnet8"), (8, 8, 3), n_classes=4, seed=0, head=head).eval()
    network.load_state_dict(weights("run"))
    with torch.no_grad():
        logits = network(torch.from_numpy(blobs().test_pixels).permute(0, 3, 1, 2)).logits.numpy()
    found = lp.evaluate("run", blobs(), prediction="linear")
    assert found.overall == pytest.approx(np.mean(logits.argmax(1) == blobs().test_labels))
    assert lp.evaluate("run", blobs(), alpha=0.0) == found, "at alpha 0 it is the softmax of the logits trained on"


def test_another_setting_of_the_head_is_another_run(blobs, in_tmp):
    lp.train(blobs(), method="tde", out="run", **SMALL)
    with pytest.raises(lp.LtPruneError, match="scale"):
        lp.train(blobs(), method="tde", scale=8.0, out="run", **SMALL)


def test_alpha_is_swept_in_one_pass(blobs, in_tmp):
    lp.train(blobs(), method="tde", out="run", **{**SMALL, "epochs": 6})
    found = lp.evaluate_each("run", blobs(), alpha=[0, 0.5, 1, 1.5])
    assert [how["alpha"] for how, _ in found] == [0, 0.5, 1, 1.5]
    assert found[2][1] == lp.evaluate("run", blobs())
    assert len({test.ece for _, test in found}) == 4


def test_features_that_cannot_be_cut_so_are_refused_before_anything_is_lost_or_made(blobs, in_tmp):
    says = r"^num_heads must divide the 64 features evenly, and 3 does not$"
    with pytest.raises(ArgumentError, match=says):
        lp.train(blobs(), method="tde", num_heads=3, out="runs/first", **SMALL)
    with pytest.raises(ArgumentError, match=says):
        lp.run(blobs(), method="tde", num_heads=3, **SMALL)
    assert not [*in_tmp.iterdir()]
    result = lp.train(blobs(), method="tde", out="run", **SMALL)
    with pytest.raises(ArgumentError, match=says):
        lp.train(blobs(), method="tde", num_heads=3, out="run", overwrite=True, **SMALL)
    assert lp.evaluate("run", blobs()) == result.evaluation


@pytest.mark.parametrize(
    ("method", "changed"),
    [
        ("crt", {"classifier.weight"}),
        ("lws", {"scale"}),
        ("mislas", {"classifier.weight", "scale"}),
        ("alas", {"classifier.weight"}),
    ],
)
@pytest.mark.parametrize("first", OWN)
def test_a_second_stage_has_the_head_of_its_first(first, method, changed, blobs, in_tmp):
    lp.train(blobs(), method=first, out="first", **SMALL)
    result = lp.train(blobs(), method=method, from_run="first", out="second", stage2_epochs=2, compute=ONE)
    before, after = weights("first"), weights("second")
    differing = {name for name, value in before.items() if not torch.equal(value, after[name])}
    statistics = {name for name in before if "running" in name or "num_batches" in name}
    assert differing - statistics == changed | ({"classifier.bias"} & set(before) if method != "lws" else set())
    assert lp.evaluate("second", blobs()) == result.evaluation
    if first == "tde":
        told = lp.train(blobs(), method=method, from_run="first", prediction="tde", stage2_epochs=2, compute=ONE)
        assert told.spec.settings["alpha"] == 1.0


def test_a_fresh_classifier_starts_as_one_of_its_kind(blobs, in_tmp):
    lp.train(blobs(), method="tde", out="first", **SMALL)
    lp.train(blobs(), method="crt", from_run="first", out="second", stage2_epochs=1, stage2_lr=0.0, compute=ONE)
    rows = weights("second")["classifier.weight"]
    assert 0.1 < rows.abs().max() <= 1 / 8, "Kaiming's would be larger"
    assert not torch.equal(rows, weights("first")["classifier.weight"])


def test_the_total_direct_effect_is_for_its_own_classifier(blobs, in_tmp):
    says = re.escape(
        "prediction 'tde' is for networks with a cosine classifier of several heads, and those of method 'ce' have a linear "
        "classifier: choose another prediction"
    )
    with pytest.raises(ArgumentError, match=f"^{says}$"):
        lp.train(blobs(), method="ce", prediction="tde", out="run", **SMALL)
    assert not Path("run").exists()
    lp.train(blobs(), method="ce", out="run", **SMALL)
    with pytest.raises(ArgumentError, match=f"^{says}$"):
        lp.evaluate("run", blobs(), prediction="tde")
    with pytest.raises(ArgumentError, match=f"^{says}$"):
        lp.train(blobs(), method="crt", from_run="run", prediction="tde", out="second")
    with pytest.raises(ArgumentError, match=r"^prediction 'tde' is for .*'bbn' have a linear classifier on two branches"):
        lp.train(blobs(), method="bbn", prediction="tde", **SMALL)


def test_rows_of_a_cosine_classifier_have_no_length_to_divide_by(blobs, in_tmp):
    says = re.escape(
        "prediction 'tau-norm' is for networks with a linear classifier, and those of method 'tde' have a cosine classifier "
        "of several heads: choose another prediction"
    )
    with pytest.raises(ArgumentError, match=f"^{says}$"):
        lp.train(blobs(), method="tde", prediction="tau-norm", out="run", **SMALL)
    lp.train(blobs(), method="tde", out="run", **SMALL)
    with pytest.raises(ArgumentError, match=f"^{says}$"):
        lp.evaluate("run", blobs(), prediction="tau-norm")
    lp.train(blobs(), method="bbn", out="two", **SMALL)
    assert 0 <= lp.evaluate("two", blobs(), prediction="tau-norm", tau=0.5).overall <= 1, "that of two branches is linear"


@pytest.mark.parametrize("model", ["linear", "mlp"])
def test_embeddings_have_a_cosine_classifier_too(model, embeddings):
    result = lp.train(embeddings, method="tde", model=model, epochs=20, out="run", compute=ONE)
    assert lp.evaluate("run", embeddings) == result.evaluation
    assert result.evaluation.overall > 0.6


def test_a_frozen_backbone_has_a_cosine_classifier_too(blobs, in_tmp):
    backbone = build_network(find_model("resnet8"), (8, 8, 3), n_classes=4, seed=9).backbone.state_dict()
    torch.save(backbone, "given.pt")
    result = lp.train(blobs(), method="tde", weights="given.pt", freeze=True, out="run", **SMALL)
    saved = weights("run")
    assert all(torch.equal(value, saved[f"backbone.{name}"]) for name, value in backbone.items())
    assert lp.evaluate("run", blobs()) == result.evaluation


# Branches


def test_branches_are_trained_from_a_file_but_not_frozen(blobs, in_tmp):
    torch.save(build_network(find_model("resnet8"), (8, 8, 3), n_classes=4, seed=9).backbone.state_dict(), "given.pt")
    lp.train(blobs(), method="bbn", weights="given.pt", **SMALL)
    with pytest.raises(ArgumentError, match=r"^freeze trains .*, and method 'bbn' trains branches of .*: leave it out$"):
        lp.train(blobs(), method="bbn", weights="given.pt", freeze=True, out="run", **SMALL)
    assert not Path("run").exists()


def test_a_model_that_cannot_be_branched_is_refused_before_anything_is_trained(embeddings):
    says = "^method 'bbn' needs a model that can be branched, and 'linear' cannot: none for embeddings can, so train by"
    with pytest.raises(ArgumentError, match=says):
        lp.train(embeddings, method="bbn", out="run")
    with pytest.raises(ArgumentError, match=says):
        lp.sweep(embeddings, lp.Grid(methods=["ce", "bbn"], strategies=["random"], ratios=[0.3], seeds=[0]), epochs=1)
    assert not Path("runs").exists()


# Methods that are not there


def test_a_run_of_a_method_that_is_not_there_any_more_is_tested_where_it_is_linear(blobs, in_tmp, monkeypatch):
    for name, like in (("plain", "ce"), ("cosine", "tde")):
        lp.register("method", name, replace(METHODS.load(like), summary="by hand"))
        lp.train(blobs(), method=name, out=name, **SMALL)
    monkeypatch.setattr(METHODS, "registered", {})
    assert lp.evaluate("plain", blobs()) == lp.read_result("plain/result.json").evaluation
    with pytest.raises(UnknownNameError, match=r"^unknown training method 'cosine'"):
        lp.evaluate("cosine", blobs(), prediction="linear")


def test_a_result_without_settings_of_the_head_has_its_defaults(blobs, in_tmp):
    from lt_prune.methods import head_of

    spec = lp.train(blobs(), method="tde", **SMALL).spec
    assert head_of(replace(spec, settings={"alpha": 1.0})) == head_of(spec)
    assert json.loads(json.dumps(dict(spec.settings))) == spec.settings
