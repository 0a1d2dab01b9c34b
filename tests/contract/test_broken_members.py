"""A member of a family that breaks a promise is refused by a sentence that names it, ours or not."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

import lt_prune as lp
from lt_prune.data.sources import Source
from lt_prune.errors import ArgumentError, MemberError
from lt_prune.methods import METHODS, Method, Setting, Stage, Stream
from lt_prune.methods.loss import Loss
from lt_prune.metrics import METRICS, Metric
from lt_prune.models.cosine import COSINE
from lt_prune.models.head import Head
from lt_prune.models.network import Outputs
from lt_prune.predictors import PREDICTORS, Predictor
from lt_prune.strategies import STRATEGIES, strategy

SMALL = {"epochs": 1, "model": "resnet8", "batch_size": 16}


def margin(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return -logits.gather(1, labels[:, None]).squeeze(1)


def raises(*_: object, **__: object) -> None:
    raise ValueError("what is wrong\nand more")


def keep_first(request) -> np.ndarray:
    """Keeps the mask's promise of a type and a number, whatever the classes."""
    return np.arange(len(request.labels)) < len(request.labels) - request.n_remove


def source_of(**changes: object) -> Source:
    random = np.random.default_rng(0)
    source = Source(
        pixels=random.integers(0, 256, (12, 8, 8, 1), dtype=np.uint8),
        labels=np.arange(12) % 3,
        test_pixels=random.integers(0, 256, (6, 8, 8, 1), dtype=np.uint8),
        test_labels=np.arange(6) % 3,
        class_names=("a", "b", "c"),
    )
    return replace(source, **changes)


class Mean(Loss):
    """A loss that keeps its promises."""

    def forward(self, outputs, target):
        return (outputs.logits * target).mean()


def loss_that_gives(value) -> type[Loss]:
    class Broken(Loss):
        def forward(self, outputs, target):
            return value(outputs)

    return Broken


def method_of(**changes: object) -> Method:
    stage = Stage(loss=changes.pop("loss", Mean), equation="by hand", **changes.pop("stage", {}))
    return Method(summary="by hand", paper="none", stage=stage, **changes)


def head_of(setting: Setting, name: str) -> Head:
    return replace(COSINE, settings={name: setting})


# Metrics


@pytest.mark.parametrize(
    ("metric", "says"),
    [
        (
            lambda logits, labels: logits,
            r"one number a sample, a tensor \(45,\) of this batch, and gave torch.float32 \(45, 4\)",
        ),
        (lambda logits, labels: logits.mean(), r"one number a sample, .* and gave torch.float32 \(\)"),
        (lambda logits, labels: logits[:-1, 0], r"one number a sample, .* and gave torch.float32 \(44,\)"),
        (lambda logits, labels: logits.detach().numpy()[:, 0], "one number a sample, .* and gave ndarray"),
        (lambda logits, labels: logits[:, 0].to(torch.complex64), "one number a sample, .* and gave torch.complex64"),
        (lambda logits, labels: logits[:, 0] / 0, "must give finite numbers, and those of 45 samples"),
        (raises, "fails: ValueError: what is wrong$"),
    ],
    ids=["a row a class", "a number in all", "a sample less", "an array", "complex", "infinite", "raises"],
)
def test_a_metric_gives_one_finite_number_a_sample(blobs, metric, says):
    lp.register("metric", "mine", metric)
    with pytest.raises(MemberError, match=f"^metric 'mine' .*{says}"):
        lp.score(blobs(), metric="mine", members=1, **SMALL)


def test_a_metric_that_was_not_asked_for_stops_only_itself(blobs):
    lp.register("metric", "broken", raises)
    lp.register("metric", "mine", margin)
    with pytest.warns(UserWarning, match=r"^metric 'broken' fails: ValueError: what is wrong; this metric is left out$"):
        scores = lp.score(blobs(), metric="avh", members=2, **SMALL)
    assert "broken" not in scores.metrics
    assert {"el2n", "avh", "mine"} < {*scores.metrics}
    assert {len(metric.per_member) for metric in scores.metrics.values()} == {2}


def test_a_metric_that_cannot_be_loaded_stops_only_itself(blobs, monkeypatch):
    monkeypatch.setitem(METRICS._offered, "absent", ["no_such_module:metric"])
    with pytest.warns(UserWarning, match=r"^metric 'absent' cannot be loaded from no_such_module:metric: ModuleNotFound"):
        scores = lp.score(blobs(), members=1, **SMALL)
    assert "absent" not in scores.metrics
    with pytest.raises(MemberError, match=r"^metric 'absent' cannot be loaded"):
        lp.score(blobs(), metric="absent", members=1, **SMALL)


def test_a_metric_whose_scores_are_stored_is_not_left_out(blobs, tmp_path):
    """A file has as many rows of each metric as there are members."""
    lp.register("metric", "mine", margin)
    lp.score(blobs(), members=1, out=tmp_path / "scores.h5", **SMALL)
    lp.register("metric", "mine", raises)
    with pytest.raises(MemberError, match=r"^metric 'mine' fails"):
        lp.score(blobs(), members=2, out=tmp_path / "scores.h5", **SMALL)


@pytest.mark.parametrize(
    ("metric", "says"),
    [
        ("margin", "must be a function of logits"),
        (Metric(margin, "up", "by hand"), "must declare higher_is_harder, True or False, not 'up'"),
        (
            Metric(margin, True, "by hand", needs="weights"),
            "must need outputs or record or features or test or network or held-out, not 'weights'",
        ),
        (Metric(margin, True, "by hand", needs="record"), "must name the observer whose record it needs"),
    ],
)
def test_a_metric_is_a_function_that_declares_whether_higher_is_harder(metric, says):
    with pytest.raises(MemberError, match=rf"^metric 'mine' \(what was registered\) {says}"):
        lp.register("metric", "mine", metric)


# Strategies


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda request: np.flatnonzero(keep_first(request)), r"a mask, bool \(45,\), .* and gave int64 \(35,\)"),
        (lambda request: keep_first(request).astype(int), r"a mask, bool \(45,\), .* and gave int64 \(45,\)"),
        (lambda request: keep_first(request)[1:], r"a mask, bool \(45,\), .* and gave bool \(44,\)"),
        (lambda request: keep_first(request).tolist(), "a mask, .* and gave list"),
        (lambda request: None, "a mask, .* and gave NoneType"),
        (lambda request: ~keep_first(request), "must remove exactly 10 of 45 samples, and removed 35"),
        (lambda request: np.isin(request.ids, request.ids), "must remove exactly 10 of 45 samples, and removed 0"),
        (lambda request: np.arange(45) != np.arange(45), "must remove exactly 10 of 45 samples, and removed 45"),
        (raises, "fails: ValueError: what is wrong$"),
    ],
    ids=["indices", "numbers", "a sample less", "a list", "nothing", "removed", "all", "none", "raises"],
)
def test_a_strategy_answers_with_a_mask_of_the_right_size(blobs, answer, says):
    lp.register("strategy", "mine", answer)
    with pytest.raises(MemberError, match=f"^strategy 'mine' .*{says}"):
        lp.prune(blobs(), strategy="mine", ratio=10 / 45)


def empty_the_rarest(request) -> np.ndarray:
    order = np.argsort(request.labels, kind="stable")
    kept = np.zeros(len(order), dtype=bool)
    kept[order[: len(order) - request.n_remove]] = True
    return kept


def test_a_strategy_empties_no_class_unless_it_may(blobs):
    lp.register("strategy", "mine", empty_the_rarest)
    with pytest.raises(MemberError, match=r"^strategy 'mine' must empty no class, and emptied 3$"):
        lp.prune(blobs(), strategy="mine", ratio=3 / 45)
    assert lp.prune(blobs(), strategy="mine", ratio=3 / 45, allow_empty_class=True).kept_counts.tolist() == [24, 12, 6, 0]


def test_a_sweep_refuses_a_broken_strategy_before_it_trains(blobs, in_tmp):
    lp.register("strategy", "mine", lambda request: np.flatnonzero(keep_first(request)))
    with pytest.raises(MemberError, match=r"^strategy 'mine' must answer with a mask"):
        lp.sweep(blobs(), lp.Grid(strategies=["mine"], ratios=[0.2], seeds=[0]), epochs=1, model="resnet8")
    assert not list(in_tmp.rglob("*.pt"))


def test_a_strategy_is_a_function():
    with pytest.raises(MemberError, match=r"^strategy 'mine' \(what was registered\) must be a function of a request"):
        lp.register("strategy", "mine", "ranked")


# Methods


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"prediction": "cosine"}, f"must predict by {' or '.join(PREDICTORS.names)}, not 'cosine'"),
        ({"first": "alas"}, "must start from a method of one stage that there is, not 'alas'"),
        ({"first": "nonsense"}, "must start from a method of one stage that there is, not 'nonsense'"),
        ({"stage": {"recipe": {"epoch": 3}}}, "must name fields of a recipe, and 'epoch' is none"),
        ({"stage": {"tuned": ("rate",)}}, "must name fields of a recipe, and 'rate' is none"),
        ({"stage": {"settings": {"lr": Setting(1.0, "")}}}, "must not call a setting 'lr'"),
        ({"stage": {"settings": {"stage2_tau": Setting(1.0, "")}}}, "must not call a setting 'stage2_tau'"),
        ({"stage": {"head": head_of(Setting(1.0, ""), "lr")}}, "must not call a setting 'lr'"),
        (
            {"stage": {"head": COSINE, "settings": {"scale": Setting(1.0, "")}}},
            "must not call a setting of its loss 'scale', as its head has one of that name",
        ),
        ({"stage": {"head": COSINE}, "first": "ce"}, "must leave out the head of its second stage, which has that of 'ce'"),
        ({"prediction": "tde"}, "must not predict by 'tde', which is for a cosine classifier of several heads"),
        ({"prediction": "tde", "first": "ce"}, "must not predict by 'tde'"),
        ({"stage": {"views": 0}}, "must have 1 view of each image or more, not 0"),
        ({"stage": {"views": True}}, "must have 1 view of each image or more, not True"),
        ({"stage": {"step": None}}, "must have a function as its step, not None"),
        ({"stage": {"after_step": "project"}}, "must have a function as its after_step, not 'project'"),
        ({"stage": {"after_epoch": 1}}, "must have a function as its after_epoch, not 1"),
        ({"stage": {"streams": [Stream()]}}, "must have its streams in a tuple, not [Stream("),
        ({"stage": {"streams": ("balanced",)}}, "must have a Stream as each of its streams, not 'balanced'"),
        (
            {"stage": {"streams": (Stream(sampler="rare"),)}},
            "must draw a stream by the sampler instance or balanced",
        ),
        ({"stage": {"streams": (Stream(batch_size=1),)}}, "must have batches of 2 samples or more in a stream, not of 1"),
        ({"stage": {"streams": (Stream(held_out=-1),)}}, "must hold out 0 samples of each class or more, not -1"),
    ],
)
def test_a_method_describes_a_training_that_there_can_be(changes, says):
    with pytest.raises(MemberError, match=rf"^training method 'mine' \(what was registered\) {re.escape(says)}"):
        lp.register("method", "mine", method_of(**changes))


def without_the_first(outputs: Outputs) -> Outputs:
    return Outputs(outputs.features[1:], outputs.logits[1:], outputs.weight)


def gives(value) -> Callable[..., object]:
    return lambda forward, loss, batches: value(forward(batches[0].pixels))


@pytest.mark.parametrize(
    ("stage", "says"),
    [
        ({"step": raises}, "the step of training method 'mine' fails: ValueError: what is wrong"),
        ({"after_step": raises}, "the after_step of training method 'mine' fails: ValueError: what is wrong"),
        ({"after_epoch": raises}, "the after_epoch of training method 'mine' fails: ValueError: what is wrong"),
        ({"step": gives(lambda outputs: None)}, "must give Outputs and the loss, a tensor (), and gave NoneType"),
        ({"step": gives(lambda outputs: (outputs, 0.5))}, "Outputs and the loss, a tensor (), and gave Outputs, float"),
        ({"step": gives(lambda outputs: (outputs.logits.mean(), outputs))}, "and gave Tensor, Outputs"),
        ({"step": gives(lambda outputs: outputs.logits.mean())}, "and gave Tensor"),
        ({"step": gives(lambda outputs: (outputs, outputs.logits.mean(1)))}, "loss, a tensor (), and gave a tensor (16,)"),
        ({"step": gives(lambda outputs: (outputs, outputs.logits.detach().mean()))}, "passes gradients on to the network"),
        (
            {"step": gives(lambda outputs: (without_the_first(outputs), outputs.logits.mean()))},
            "outputs for the main batch, logits (16, 4), and gave (15, 4)",
        ),
    ],
)
def test_what_a_methods_own_functions_do_wrong_is_said_in_the_first_step(blobs, stage, says):
    lp.register("method", "mine", method_of(stage=stage))
    with pytest.raises(MemberError) as refusal:
        lp.train(blobs(), method="mine", **SMALL)
    assert str(refusal.value).endswith(says)
    assert refusal.value.member == "mine"


def test_a_step_that_runs_out_of_memory_is_no_fault_of_the_method(blobs):
    def step(forward, loss, batches):
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:66] DefaultCPUAllocator: can't allocate memory")

    lp.register("method", "mine", method_of(stage={"step": step}))
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        lp.train(blobs(), method="mine", **SMALL)


def test_a_method_is_a_method():
    with pytest.raises(MemberError, match=r"^training method 'mine' \(what was registered\) must be a Method, not "):
        lp.register("method", "mine", Mean)


@pytest.mark.parametrize(
    ("loss", "says"),
    [
        (lambda counts: torch.nn.CrossEntropyLoss(), "must be a Loss, not CrossEntropyLoss"),
        (loss_that_gives(lambda outputs: outputs.logits.mean(dim=1)), r"must give the mean .* and gave a tensor \(2,\)"),
        (loss_that_gives(lambda outputs: 1.0), "must give the mean of a batch, a tensor (), and gave float"),
        (loss_that_gives(lambda outputs: outputs.logits.mean() / 0), "must give a finite mean, and gave "),
        (loss_that_gives(lambda outputs: outputs.logits.detach().mean()), "must pass gradients on"),
        (loss_that_gives(raises), "fails: ValueError: what is wrong"),
        (lambda counts, tau: Mean(counts), "fails: TypeError: "),
    ],
    ids=["no loss", "a number a sample", "no tensor", "infinite", "no gradients", "raises", "other settings"],
)
def test_a_methods_loss_gives_the_finite_mean_of_a_batch(blobs, loss, says):
    lp.register("method", "mine", method_of(loss=loss))
    with pytest.raises(MemberError) as refusal:
        lp.train(blobs(), method="mine", **SMALL)
    assert re.match(f"the loss of training method 'mine' {says.replace('()', '[(][)]')}", str(refusal.value))


def test_trying_a_loss_changes_nothing_of_it(blobs):
    """By the same numbers as the method whose loss it has."""
    lp.register("method", "mine", replace(METHODS.load("ldam-drw"), summary="the same"))
    by_name = [
        lp.train(blobs(), method=name, compute=lp.Compute(n_threads=1), **SMALL).loss for name in ("ldam-drw", "mine")
    ]
    assert by_name[0] == by_name[1]


def test_a_method_that_cannot_be_loaded_stops_only_itself(monkeypatch):
    from lt_prune.steps.describe import describe_methods

    monkeypatch.setitem(METHODS._offered, "absent", ["no_such_module:method"])
    with pytest.warns(UserWarning, match=r"^training method 'absent' cannot be loaded from no_such_module:method"):
        assert [row["name"] for row in describe_methods()] == [name for name in METHODS.names if name != "absent"]


def test_a_setting_of_a_method_is_none_of_its_prediction():
    says = "must not call a setting 'tau', as its prediction 'tau-norm' has one of that name"
    with pytest.raises(MemberError, match=says):
        lp.register("method", "mine", method_of(prediction="tau-norm", stage={"settings": {"tau": Setting(0.5, "")}}))


# Predictors


def predictor_of(answer, **changes: object) -> Predictor:
    """Its fit keeps nothing."""
    return Predictor(**{"fit": lambda outputs, labels, counts: answer, "equation": "by hand", "paper": "none", **changes})


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda outputs: outputs.logits, r"must give probabilities of 0 or more that sum to 1, and those of \d+ samples"),
        (lambda outputs: 2 * outputs.logits.softmax(1), "sum to 1, and those of 40 samples in a batch of 40 do not"),
        (lambda outputs: outputs.logits.softmax(1) / 0, "finite probabilities, and those of 40 samples in a batch of 40"),
        (lambda outputs: outputs.logits.argmax(1), r"a tensor \(40, 4\) of this batch, and gave torch.int64 \(40,\)"),
        (lambda outputs: (outputs.logits > 0).long(), r"and gave torch.int64 \(40, 4\)"),
        (lambda outputs: outputs.logits.numpy(), "and gave ndarray"),
        (raises, "fails: ValueError: what is wrong$"),
        (3, "must be fitted to a function of outputs, not to 3"),
    ],
    ids=["logits", "twice", "infinite", "classes", "whole numbers", "an array", "raises", "no function"],
)
def test_a_predictor_gives_probabilities(blobs, in_tmp, answer, says):
    lp.train(blobs(), out="run", **SMALL)
    lp.register("predictor", "mine", predictor_of(answer))
    with pytest.raises(MemberError, match=f"^predictor 'mine' .*{says}") as refusal:
        lp.evaluate("run", blobs(), prediction="mine")
    assert refusal.value.member == "mine"


def test_a_run_whose_predictor_breaks_a_promise_is_tested_again_without_training(blobs, in_tmp):
    lp.register("predictor", "mine", predictor_of(None, fit=raises, needs_outputs=True))
    with pytest.raises(MemberError, match=r"^predictor 'mine' cannot be fitted: ValueError: what is wrong$"):
        lp.train(blobs(), out="run", prediction="mine", **SMALL)
    weights = (in_tmp / "run" / "model.pt").read_bytes()
    lp.register("predictor", "mine", predictor_of(lambda outputs: outputs.logits.softmax(1)))
    mended = lp.train(blobs(), out="run", prediction="mine", **SMALL)
    assert mended.evaluation == lp.evaluate("run", blobs(), prediction="linear")
    assert (in_tmp / "run" / "model.pt").read_bytes() == weights


@pytest.mark.parametrize(
    "member",
    [predictor_of(None, fit=raises), predictor_of(lambda outputs: outputs.logits)],
    ids=["fit", "prediction"],
)
def test_a_predictor_that_needs_no_outputs_is_tried_before_training(blobs, in_tmp, member):
    lp.register("predictor", "mine", member)
    with pytest.raises(MemberError, match=r"^predictor 'mine' "):
        lp.train(blobs(), out="run", prediction="mine", **SMALL)
    assert not list(in_tmp.rglob("*.pt"))


@pytest.mark.parametrize(
    ("member", "says"),
    [
        (raises, "must be a Predictor, not a function"),
        (predictor_of(None, fit=3), "must have a function as its fit, not 3"),
        (predictor_of(None, needs_outputs="yes"), "must declare needs_outputs, True or False, not 'yes'"),
        (predictor_of(None, settings={"lr": Setting(1.0, "")}), "must not call a setting 'lr'"),
        (predictor_of(None, head="cosine"), "must be for a Head, or for any .None., not for 'cosine'"),
    ],
)
def test_a_predictor_declares_what_it_needs(member, says):
    with pytest.raises(MemberError, match=rf"^predictor 'mine' \(what was registered\) {says}"):
        lp.register("predictor", "mine", member)


def warmed(outputs, labels, counts):
    """A temperature, found by gradients."""
    heat = torch.zeros((), requires_grad=True)
    optimizer = torch.optim.SGD([heat], lr=1.0)
    for _ in range(5):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(outputs.logits * heat.exp(), labels).backward()
        optimizer.step()
    return lambda others: torch.softmax(others.logits * heat.exp(), dim=1)


def test_a_predictor_may_be_fitted_by_gradients(blobs, in_tmp):
    lp.train(blobs(), out="run", **SMALL)
    lp.register("predictor", "warmed", predictor_of(None, fit=warmed, needs_outputs=True))
    found, plain = (lp.evaluate("run", blobs(), prediction=name) for name in ("warmed", "linear"))
    assert found.confusion == plain.confusion
    assert found.ece != plain.ece


# Sources


@pytest.mark.parametrize(
    ("give", "says"),
    [
        (lambda request: (1, 2), "must give a Source, and gave tuple"),
        (
            lambda request: source_of(pixels=np.zeros((12, 8, 8, 1))),
            r"must give pixels as uint8 .* gave float64 \(12, 8, 8, 1\)",
        ),
        (
            lambda request: source_of(test_pixels=np.zeros((6, 8, 8), np.uint8)),
            r"must give test_pixels as .* gave uint8 \(6, 8, 8\)",
        ),
        (
            lambda request: source_of(labels=np.arange(12) % 3 / 1),
            r"must give labels as int64 \(N,\), and gave float64 \(12,\)",
        ),
        (lambda request: source_of(test_labels=np.eye(6, dtype=np.int64)), r"must give test_labels .* gave int64 \(6, 6\)"),
        (lambda request: source_of(class_names=(1, 2, 3)), r"must give class names as text, and gave \(1, 2, 3\)"),
        (
            lambda request: source_of(pixels=np.zeros((12, 5)), test_pixels=np.zeros((6, 5))),
            r"or embeddings as float32 \(N, D\), and gave float64 \(12, 5\)",
        ),
        (
            lambda request: source_of(pixels=np.full((12, 5), np.nan, "f4"), test_pixels=np.zeros((6, 5), "f4")),
            "training embeddings must be finite float32 numbers, and those of row 0 are not",
        ),
        (lambda request: source_of(labels=np.arange(11) % 3), "12 training images have 11 labels"),
        (lambda request: source_of(labels=np.arange(12) % 4), "labels must lie in "),
        (lambda request: source_of(class_names=("a", "b", "a")), "class names must differ"),
        (raises, "fails: ValueError: what is wrong$"),
    ],
    ids=[
        "a tuple",
        "floats",
        "no channels",
        "float labels",
        "one-hot",
        "numbers",
        "wide embeddings",
        "not finite",
        "too few",
        "out of range",
        "twice",
        "raises",
    ],
)
def test_a_source_gives_images_and_labels_of_the_right_kind(give, says):
    lp.register("source", "mine", give)
    with pytest.raises(MemberError, match=f"^data source 'mine'.* {says}"):
        lp.build("mine")


def test_a_source_is_a_function():
    with pytest.raises(MemberError, match=r"^data source 'mine' \(what was registered\) must be a function of a request"):
        lp.register("source", "mine", source_of())


# What keeps its promises is taken like any other


def test_plain_functions_are_members(blobs, in_tmp):
    lp.register("metric", "mine", lambda logits, labels: -logits.gather(1, labels[:, None]).squeeze(1))
    lp.register("strategy", "first", keep_first)
    lp.register("strategy", "hardest", strategy(needs_scores=True)(STRATEGIES.load("ranked")))
    lp.register(
        "method",
        "mean",
        method_of(stage={"settings": {"strength": Setting(1.0, "")}}, loss=lambda counts, strength: Mean(counts)),
    )
    lp.register("source", "three", lambda request: source_of())
    assert lp.build("three").index.counts.tolist() == [4, 4, 4]
    data = blobs()
    scores = lp.score(data, metric="mine", members=2, **SMALL)
    assert scores.metric("mine").higher_is_harder
    assert lp.prune(data, strategy="first", ratio=0.2).kept[:36].all()
    subset = lp.prune(scores=scores, strategy="hardest", metric="mine", ratio=0.2)
    assert (subset.options["metric"], subset.kept.tolist()) == (
        "mine",
        lp.prune(scores=scores, metric="mine", ratio=0.2).kept.tolist(),
    )
    assert lp.train(data, subset=subset, method="mean", strength=2.0, **SMALL).spec.settings == {"strength": 2.0}


@pytest.mark.slow
def test_a_plain_function_is_known_in_worker_processes(blobs, in_tmp):
    factor = 2.0
    lp.register("metric", "twice", lambda logits, labels: factor * -logits.gather(1, labels[:, None]).squeeze(1))
    lp.register("metric", "once", margin)
    scores = lp.score(blobs(), metric="twice", members=2, compute=lp.Compute(workers=2), **SMALL)
    assert np.array_equal(scores.metric("twice").mean, 2 * scores.metric("once").mean)
    lp.register("method", "local", method_of(loss=loss_that_gives(lambda outputs: factor * outputs.logits.square().mean())))
    grid = lp.Grid(strategies=["random"], ratios=[0.2], seeds=[0])
    done = lp.sweep(blobs(), replace(grid, methods=["local"]), compute=lp.Compute(workers=2), epochs=1, model="resnet8")
    assert not done.failures
    lp.register("predictor", "shifted", predictor_of(lambda outputs: torch.softmax(factor * outputs.logits, dim=1)))
    by_own, by_linear = (
        lp.sweep(
            blobs(),
            grid,
            prediction=prediction,
            out=prediction,
            compute=lp.Compute(workers=2),
            epochs=1,
            model="resnet8",
        )
        for prediction in ("shifted", "linear")
    )
    assert [run.evaluation.confusion for run in by_own.runs] == [run.evaluation.confusion for run in by_linear.runs]
    assert [run.evaluation.ece for run in by_own.runs] != [run.evaluation.ece for run in by_linear.runs]


@pytest.mark.slow
def test_a_worker_process_refuses_a_member_by_the_same_sentence(blobs):
    lp.register("metric", "mine", raises)
    with pytest.raises(MemberError, match=r"^metric 'mine' fails: ValueError: what is wrong$") as refusal:
        lp.score(blobs(), metric="mine", members=2, compute=lp.Compute(workers=2), **SMALL)
    assert refusal.value.member == "mine"


def test_there_is_no_other_family():
    with pytest.raises(
        ArgumentError, match=r"^family must be metric, strategy, budget, selection, method, .*, not 'metrics'$"
    ):
        lp.register("metrics", "mine", margin)
