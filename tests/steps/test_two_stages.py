"""Methods of two stages: what they start from, what they share, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import lt_prune as lp
from lt_prune.engine import session
from lt_prune.engine.predict import outputs_of
from lt_prune.errors import ArgumentError, DivergenceError, FileError, MismatchError
from lt_prune.methods import METHODS
from lt_prune.predictors.angular import angular_of
from lt_prune.progress import ALL_RUNS
from lt_prune.steps.evaluate import open_run
from lt_prune.store.weights import read_weights

HERE = lp.Compute(device="cpu", executor="session")
"""Where `titles` sees what is trained."""
SMALL = {"epochs": 2, "model": "resnet8", "batch_size": 16, "warmup": 0, "compute": HERE}
SECOND = {"stage2_epochs": 2, "stage2_lr": 0.3}
TWO = [name for name in METHODS.names if METHODS.load(name).first]


def train(data, method: str, **options) -> lp.TrainResult:
    second = SECOND if METHODS.load(method).first and options.get("stages") != 1 and method != "abs" else {}
    return lp.train(data, method=method, **{**SMALL, **second, **options})


def weights(folder: str) -> dict[str, torch.Tensor]:
    return read_weights(Path(folder) / "model.pt", torch.device("cpu"))["network"]


def go_on(data, method: str, **options) -> lp.TrainResult:
    """A second stage on the run in the folder first."""
    second = SECOND if method != "abs" else {}
    return lp.train(data, method=method, from_run="first", compute=lp.Compute(device="cpu"), **{**second, **options})


@pytest.fixture
def titles(monkeypatch) -> list[str]:
    """The trainings that there were, by title."""
    seen = []
    original = session.training

    def noted(run, *args, **options):
        seen.append(run.title)
        return original(run, *args, **options)

    monkeypatch.setattr(session, "training", noted)
    return seen


@pytest.mark.slow
@pytest.mark.parametrize("method", TWO)
def test_a_whole_run_is_that_of_its_stages_one_by_one(blobs, in_tmp, method):
    data = blobs()
    whole = train(data, method, out="whole")
    first = train(data, METHODS.load(method).first, out="first")
    second = go_on(data, method, out="second")
    assert whole == replace(second, seconds=whole.seconds)
    assert whole.spec.first == first.spec
    assert lp.read_result("whole/stage1/result.json").evaluation == first.evaluation
    for ours, theirs in (("whole", "second"), ("whole/stage1", "first")):
        assert all(torch.equal(value, weights(theirs)[name]) for name, value in weights(ours).items())


def test_seconds_count_both_stages(blobs, in_tmp):
    first = train(blobs(), "mixup", out="first")
    assert go_on(blobs(), "alas").seconds > first.seconds
    assert go_on(blobs(), "abs").seconds == pytest.approx(first.seconds)


def test_without_a_folder_both_stages_are_trained_and_nothing_is_left(blobs, in_tmp):
    result = train(blobs(), "alas")
    assert result == replace(train(blobs(), "alas", out="kept"), seconds=result.seconds)
    assert [path.name for path in in_tmp.iterdir()] == ["kept"]


def test_one_stage_alone_is_the_first_under_the_methods_prediction(blobs, in_tmp):
    alone = train(blobs(), "l2a", stages=1, out="one")
    first = train(blobs(), "mixup", prediction="angular", out="first")
    assert alone.spec.prediction == "angular"
    assert alone.evaluation == first.evaluation
    assert alone.spec.recipe.trained == "nothing"
    assert all(torch.equal(value, weights("first")[name]) for name, value in weights("one").items())


def test_a_finished_run_is_not_trained_again(blobs, in_tmp, titles):
    first = train(blobs(), "alas", out="mine")
    assert titles == ["blobs, whole, mixup", "blobs, whole, alas"]
    assert train(blobs(), "alas", out="mine") == first
    assert len(titles) == 2


def test_overwriting_trains_both_stages_again(blobs, in_tmp, titles):
    train(blobs(), "alas", out="mine")
    other = train(blobs(), "alas", out="mine", seed=1, overwrite=True)
    assert titles[4:] == titles[2:4] == [f"blobs, whole, {method}, seed 1" for method in ("mixup", "alas")]  # begun, trained
    assert other == lp.read_result("mine/result.json")
    assert lp.read_result("mine/stage1/result.json").seed == 1


def test_a_run_of_another_number_of_stages_is_told_apart_by_nothing_else(blobs, in_tmp):
    train(blobs(), "alas", out="two")
    says = r"^two holds a finished run with method alas, not ce, and first stage mixup, not none: give another --out"
    with pytest.raises(MismatchError, match=says):
        train(blobs(), "ce", out="two", epochs=3)
    Path("two/result.json").unlink()
    with pytest.raises(MismatchError, match=r"^two/model.pt is of a run with method alas, not ce, and first stage mixup, "):
        train(blobs(), "ce", out="two")


def test_another_setting_is_another_run(blobs, in_tmp):
    train(blobs(), "alas", out="mine")
    with pytest.raises(MismatchError, match=r"mine holds a finished run with tau 0.75, not 0.5: give another --out"):
        train(blobs(), "alas", out="mine", tau=0.5)


def test_settings_of_either_stage_reach_it(blobs):
    result = train(blobs(), "atl", tau=0.25, entropy="minimised", mixup=0.5, stage2_sampler="instance")
    assert result.spec.settings["tau"] == 0.25
    assert result.spec.first.settings == {
        "entropy": "minimised",
        "aem_logits": "linear",
        "aem_rows": "detached",
        "entropy_weight": 1.0,
    }
    assert (result.spec.first.recipe.mixup, result.spec.recipe.mixup) == (0.5, 0.0)
    assert (result.spec.first.recipe.epochs, result.spec.recipe.epochs) == (2, 2)
    assert (result.spec.first.recipe.sampler, result.spec.recipe.sampler) == ("instance", "instance")


def test_a_second_stage_takes_over_the_shape_of_the_first(blobs, in_tmp):
    train(blobs(), "mixup", out="first")
    recipe = go_on(blobs(), "mislas").spec.recipe
    assert (recipe.model, recipe.batch_size, recipe.padding) == ("resnet8", 16, 1)
    assert (recipe.schedule, recipe.sampler, recipe.trained, recipe.lr_factor) == (
        "cosine",
        "balanced",
        "classifier+scale",
        0.2,
    )


def test_any_run_of_one_stage_can_be_gone_out_from(blobs, in_tmp):
    first = train(blobs(), "focal", out="first", seed=4)
    result = go_on(blobs(), "mislas", seed=1)
    assert result.spec.first == first.spec


def test_the_first_stage_of_a_second_is_found_in_it(blobs, in_tmp):
    train(blobs(), "mislas", out="first")
    assert go_on(blobs(), "alas").spec.first.method == "mixup"


def test_a_second_stage_whose_first_is_elsewhere_is_no_first(blobs, in_tmp):
    train(blobs(), "mixup", out="first")
    go_on(blobs(), "mislas", out="second")
    with pytest.raises(ArgumentError, match="second is a second stage: name the run that it started from"):
        lp.train(blobs(), method="alas", from_run="second")


def test_a_first_stage_on_other_samples_is_refused(blobs, in_tmp):
    data = blobs()
    train(data, "mixup", out="first")
    with pytest.raises(MismatchError, match="first was trained on other samples than blobs: name a run on the same"):
        go_on(blobs(seed=7), "alas")
    with pytest.raises(MismatchError, match="than blobs pruned so"):
        go_on(data, "alas", subset=lp.prune(data, ratio=0.5, strategy="random"))


@pytest.mark.parametrize("given", ["epochs", "mixup", "model"])
def test_settings_of_a_first_stage_that_is_there_are_refused(blobs, in_tmp, given):
    train(blobs(), "mixup", out="first")
    with pytest.raises(ArgumentError, match=f"the first stage is that of first: leave out {given}"):
        go_on(blobs(), "alas", **{given: 8})


def test_settings_of_its_method_are_refused_too(blobs, in_tmp):
    train(blobs(), "aem", out="first")
    with pytest.raises(ArgumentError, match="the first stage is that of first: leave out entropy"):
        go_on(blobs(), "atl", entropy="maximised")


def test_a_missing_first_stage_is_refused(blobs, in_tmp):
    with pytest.raises(FileError, match=r"first/result.json does not exist"):
        go_on(blobs(), "alas", out="mine")
    assert not Path("mine").exists()


def test_a_second_stage_on_a_subset(blobs, in_tmp):
    data = blobs()
    subset = lp.prune(data, ratio=0.4, strategy="class-random")
    result = train(data, "alas", subset=subset)
    assert result.class_counts == tuple(subset.kept_counts.tolist())


def unpruned(*methods: str) -> lp.Grid:
    return lp.Grid(ratios=[0], methods=methods, seeds=[0])


def test_a_first_stage_that_fails_is_the_reason(blobs, in_tmp):
    with pytest.raises(DivergenceError, match="lower the learning rate"):
        train(blobs(), "mixup", lr=1e30, schedule="constant")
    done = lp.sweep(
        blobs(),
        unpruned("ce", "alas"),
        **{**SMALL, **SECOND, "lr": 1e30, "schedule": "constant"},
    )
    reasons = {run.method: run.reason for run in done.failures}
    assert reasons.keys() == {"ce", "alas"}
    assert reasons["alas"].startswith("its first stage failed: training diverged")
    assert json.loads(Path("runs/blobs-alas/failure.json").read_text())["spec"]["first"]["method"] == "mixup"


def test_methods_of_a_sweep_share_their_first_stage(blobs, in_tmp, titles):
    methods = ["mislas", "alas", "mixup", "l2a", "ce"]
    done = lp.sweep(blobs(), unpruned(*methods), **SMALL, **SECOND)
    assert sorted(titles) == sorted(f"blobs, whole, {name}" for name in methods)
    assert [run.method for run in done.runs] == methods
    for run in done.runs:
        alone = train(blobs(), run.method, compute=lp.Compute(n_threads=1))
        assert replace(run, seconds=0, data=None) == replace(alone, seconds=0, data=None)
    before = len(titles)
    lp.sweep(blobs(), unpruned(*methods, "abs"), **SMALL, **SECOND)
    assert titles[before:] == ["blobs, whole, abs"]


def all_runs() -> tuple[list[tuple[int, int]], Callable[[str, int, int], None]]:
    """What is told of all runs together, and what it is told to."""
    told = []
    return told, lambda what, done, total: told.append((done, total)) if what == ALL_RUNS else None


def test_what_is_left_of_a_run_counts_its_second_stage(blobs, in_tmp):
    told, progress = all_runs()
    train(blobs(), "mislas", out="mine", progress=progress)  # 45 images, 2 epochs of each stage
    assert told[0] == (0, 4 * 45)
    assert (90, 180) in told
    assert told[-1] == (180, 180)


def test_what_is_left_of_a_sweep_is_what_it_will_train(blobs, in_tmp):
    lp.sweep(blobs(), unpruned("mislas"), **SMALL, **SECOND)
    told, progress = all_runs()
    lp.sweep(blobs(), unpruned("ce", "mislas", "alas"), progress=progress, **SMALL, **SECOND)  # mixup and mislas are there
    assert told[0] == (0, 4 * 45)
    assert told[-1] == (180, 180)


def test_what_a_failed_first_stage_leaves_undone_is_not_left(blobs, in_tmp):
    broken = Path("runs/blobs-mixup/model.pt")
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"junk")
    told, progress = all_runs()
    done = lp.sweep(blobs(), unpruned("mixup", "mislas", "alas", "ce"), progress=progress, **SMALL, **SECOND)
    assert [run.method for run in done.failures] == ["mixup", "mislas", "alas"]
    assert told[-1] == (90, 90)


def test_predictions_by_abs_need_no_second_stage(blobs, in_tmp):
    """gamma softmax(a), with the bias measured on what was trained on (Wang & Yan, Eq. 7 and 8)."""
    data = blobs()
    subset = lp.prune(data, ratio=0.4, strategy="random")
    result = train(data, "mixup", subset=subset, prediction="abs", s=0.3, out="mine")
    assert result.spec.settings == {"s": 0.3, "abs_form": "concave"}
    network = open_run("mine", data, compute=lp.Compute(device="cpu")).network

    def softmax(images):
        a = angular_of(outputs_of(network, images)).double().numpy()
        return np.exp(a) / np.exp(a).sum(1, keepdims=True)

    p, labels = softmax(data.pixels[subset.kept]), data.index.labels[subset.kept]
    lowest = np.min([p[labels == c].mean(0) for c in range(4)], axis=0)
    share = (lowest - lowest.min()) / (lowest.max() - lowest.min())
    predicted = ((1 - 0.3 * np.sin(np.pi / 2 * share)) * softmax(data.test_pixels)).argmax(1)
    assert result.evaluation.overall == np.mean(predicted == data.test_labels)
    assert result.evaluation == lp.evaluate("mine", data, subset=subset, compute=lp.Compute(device="cpu"))
