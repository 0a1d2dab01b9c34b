from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, balanced_accuracy_score

import lt_prune as lp
from lt_prune.engine import predict
from lt_prune.errors import ArgumentError, DataError, FileError, MismatchError
from lt_prune.models import find_model
from lt_prune.models.network import build_network
from lt_prune.store.weights import read_weights

SMALL = {"epochs": 3, "model": "resnet8", "batch_size": 16, "warmup": 0, "compute": lp.Compute(device="cpu")}


@pytest.fixture
def run(blobs, in_tmp) -> lp.TrainResult:
    return lp.train(blobs(), out="mine", **SMALL)


def outputs(data: lp.LongTailedSet) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Test features, classifier weight and bias of the kept run."""
    network = build_network(find_model("resnet8"), (8, 8, 3), n_classes=4, seed=0)
    network.load_state_dict(read_weights(Path("mine/model.pt"), torch.device("cpu"))["network"])
    with torch.no_grad():
        features = network.eval().features(torch.from_numpy(data.test_pixels).permute(0, 3, 1, 2))
    return tuple(t.detach().double().numpy() for t in (features, network.classifier.weight, network.classifier.bias))


def test_equals_the_stored_evaluation(run, blobs):
    assert lp.evaluate("mine", blobs(), compute=lp.Compute(device="cpu")) == run.evaluation


def test_linear_accuracy_is_that_of_the_kept_weights(run, blobs):
    features, weight, bias = outputs(blobs())
    predicted = (features @ weight.T + bias).argmax(1)
    found = lp.evaluate("mine", blobs(), prediction="linear")
    assert found.overall == accuracy_score(blobs().test_labels, predicted)
    assert found.balanced == pytest.approx(balanced_accuracy_score(blobs().test_labels, predicted))


def test_angular_accuracy_is_that_of_the_nearest_class(run, blobs):
    features, weight, _ = outputs(blobs())
    nearest = (features @ weight.T / np.linalg.norm(weight, axis=1)).argmax(1)
    assert lp.evaluate("mine", blobs(), prediction="angular").overall == accuracy_score(blobs().test_labels, nearest)


def test_angular_differs_from_linear(run, blobs):
    assert lp.evaluate("mine", blobs(), prediction="angular") != lp.evaluate("mine", blobs(), prediction="linear")


def test_the_runs_own_prediction_is_the_default(blobs, in_tmp):
    result = lp.train(blobs(), out="mine", prediction="angular", **SMALL)
    assert lp.evaluate("mine", blobs()) == result.evaluation == lp.evaluate("mine", blobs(), prediction="angular")


def test_the_runs_own_data_is_the_default(blobs, in_tmp):
    lp.write_set("data.h5", blobs())
    result = lp.train("data.h5", out="mine", **SMALL)
    assert result.data == "data.h5"
    assert lp.evaluate("mine") == result.evaluation


def test_a_run_on_data_without_a_name_asks_for_it(run):
    with pytest.raises(ArgumentError, match="mine does not say where its data, blobs, is: give --data"):
        lp.evaluate("mine")


def test_a_run_on_a_subset_is_tested_with_the_whole_sets_groups(blobs, in_tmp):
    data = blobs()
    result = lp.train(data, subset=lp.prune(data, ratio=0.45, strategy="random"), out="mine", **SMALL)
    assert lp.evaluate("mine", data) == result.evaluation


def test_data_in_another_order_is_the_same_data(run, blobs):
    shuffled = blobs(order=np.random.default_rng(5).permutation(45))
    assert lp.evaluate("mine", shuffled) == run.evaluation


def test_other_data_is_refused(run, blobs):
    with pytest.raises(MismatchError, match="mine was trained on blobs, and blobs holds other samples"):
        lp.evaluate("mine", blobs(seed=7))


def test_data_without_test_images_is_refused(run, blobs):
    data = replace(blobs(), test_pixels=np.zeros((0, 8, 8, 3), np.uint8), test_labels=np.zeros(0, np.int64))
    with pytest.raises(DataError, match="no test images"):
        lp.evaluate("mine", data)


def test_an_unfinished_run_is_refused(blobs, in_tmp):
    with pytest.raises(FileError, match=r"^there is no run at mine: name a folder that `lt-prune train` made"):
        lp.evaluate("mine", blobs())


def test_damaged_weights_are_refused(run, blobs):
    content = bytearray(Path("mine/model.pt").read_bytes())
    content[len(content) // 2] ^= 1
    Path("mine/model.pt").write_bytes(content)
    with pytest.raises(FileError, match="damaged"):
        lp.evaluate("mine", blobs())


def test_other_predictions_are_refused(run, blobs):
    with pytest.raises(
        ArgumentError, match="unknown predictor 'cosine': there are linear, angular, abs, logit-adjusted, tau-norm"
    ):
        lp.evaluate("mine", blobs(), prediction="cosine")


def test_evaluating_writes_nothing(run, blobs):
    before = {path: path.read_bytes() for path in Path("mine").iterdir()}
    lp.evaluate("mine", blobs(), prediction="angular")
    assert {path: path.read_bytes() for path in Path("mine").iterdir()} == before


def test_abs_without_strength_predicts_by_angle(run, blobs):
    by_angle, unweighed = (
        lp.evaluate("mine", blobs(), **how) for how in ({"prediction": "angular"}, {"prediction": "abs", "s": 0})
    )
    assert unweighed.confusion == by_angle.confusion
    assert unweighed.ece == pytest.approx(by_angle.ece, abs=1e-6)


def test_several_strengths_are_each_that_of_one(run, blobs):
    found = lp.evaluate_each("mine", blobs(), prediction="abs", s=[0.0, 0.3, 1.0], abs_form="linear")
    assert [how for how, _ in found] == [{"s": s, "abs_form": "linear"} for s in (0.0, 0.3, 1.0)]
    for how, evaluation in found:
        assert evaluation == lp.evaluate("mine", blobs(), prediction="abs", **how)
    assert len({evaluation.confusion for _, evaluation in found}) > 1


@pytest.fixture
def passes(monkeypatch) -> list[int]:
    """Images of each pass through a network."""
    seen, batches = [], predict.plain_batches

    def counted(pixels, batch_size, device, rows=None):
        seen.append(len(pixels) if rows is None else len(rows))
        return batches(pixels, batch_size, device, rows)

    monkeypatch.setattr(predict, "plain_batches", counted)
    return seen


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({"prediction": "abs", "s": [0, 0.1, 0.2], "abs_form": ["concave", "linear"]}, [45, 40]),
        ({"prediction": "tau-norm", "tau": [0, 0.5, 1]}, [40]),
        ({"prediction": "logit-adjusted", "tau": [0, 0.5, 1]}, [40]),
        ({"prediction": "angular"}, [40]),
        ({}, [40]),
    ],
    ids=lambda value: str(value),
)
def test_images_are_passed_over_once_whatever_the_number_of_settings(run, blobs, passes, how, expected):
    """45 to train on, which only a prediction that is fitted to them reads, and 40 to test on."""
    lp.evaluate_each("mine", blobs(), **how)
    assert passes == expected


def test_every_combination_of_settings_is_tested(run, blobs):
    found = lp.evaluate_each("mine", blobs(), prediction="abs", s=[0.2, 0.5], abs_form=["concave", "linear"])
    combinations = [(0.2, "concave"), (0.2, "linear"), (0.5, "concave"), (0.5, "linear")]
    assert [(how["s"], how["abs_form"]) for how, _ in found] == combinations
    assert (
        lp.evaluate_each("mine", blobs(), prediction="abs", s=np.array([0.2, 0.5]), abs_form=["concave", "linear"]) == found
    )


def test_what_is_no_list_of_values_is_refused(run, blobs):
    with pytest.raises(ArgumentError, match=r"^tau must be a number of 0 to 10, not array"):
        lp.evaluate_each("mine", blobs(), prediction="tau-norm", tau=np.array(0.5))
    with pytest.raises(ArgumentError, match=r"^tau is empty: give at least one value$"):
        lp.evaluate_each("mine", blobs(), prediction="tau-norm", tau=[])


def test_predictors_after_training_are_those_of_the_kept_weights(run, blobs):
    features, weight, bias = outputs(blobs())
    labels, counts = blobs().test_labels, np.array(run.class_counts)
    by_hand = {
        "logit-adjusted": features @ weight.T + bias - 0.7 * np.log(counts / counts.sum()),
        "tau-norm": features @ (weight / np.linalg.norm(weight, axis=1, keepdims=True) ** 0.7).T,
    }
    for name, logits in by_hand.items():
        assert lp.evaluate("mine", blobs(), prediction=name, tau=0.7).overall == accuracy_score(labels, logits.argmax(1))


def test_the_prior_is_that_of_what_was_trained_on_and_needs_no_subset(blobs, in_tmp):
    data = blobs()
    subset = lp.prune(data, ratio=0.45, strategy="random", seed=0)
    lp.train(data, subset=subset, out="mine", **SMALL)
    counts = subset.kept_counts
    assert not np.allclose(counts / counts.sum(), data.index.counts / data.index.counts.sum())
    features, weight, bias = outputs(data)
    adjusted = features @ weight.T + bias - 2 * np.log(counts / counts.sum())
    expected = np.zeros((4, 4), int)
    np.add.at(expected, (data.test_labels, adjusted.argmax(1)), 1)
    found = lp.evaluate("mine", data, prediction="logit-adjusted", tau=2.0)
    assert np.array_equal(found.confusion, expected)


def test_a_setting_of_a_stage_is_none_of_a_prediction(blobs, in_tmp):
    """ALAS has a tau, too, and the table publishes one for it."""
    lp.train(blobs(), method="alas", tau=0.3, stage2_epochs=1, out="mine", **SMALL)
    for prediction in ("tau-norm", "logit-adjusted"):
        ((how, _),) = lp.evaluate_each("mine", blobs(), prediction=prediction)
        assert how == {"tau": 1.0}
    with pytest.raises(ArgumentError, match=r"^unknown setting 'tau': there are none$"):
        lp.evaluate("mine", blobs(), tau=0.3)


def test_a_runs_own_settings_are_the_defaults_of_its_own_prediction(blobs, in_tmp):
    lp.train(blobs(), prediction="tau-norm", tau=0.25, out="mine", **SMALL)
    by = {name: lp.evaluate_each("mine", blobs(), prediction=name)[0][0] for name in (None, "tau-norm", "logit-adjusted")}
    assert by == {None: {"tau": 0.25}, "tau-norm": {"tau": 0.25}, "logit-adjusted": {"tau": 1.0}}


def test_a_result_of_the_first_version_predicts_by_abs_as_it_did(blobs, in_tmp):
    """Its fields stood among the others, and the settings of ABS among those of the method."""
    result = lp.train(blobs(), prediction="abs", s=0.8, abs_form="linear", out="mine", **SMALL)
    content = json.loads(Path("mine/result.json").read_text())
    later = "schema", "spec", "sha256"
    flat = {**{name: value for name, value in content.items() if name not in later}, **content["spec"]}
    Path("mine/result.json").write_text(json.dumps({**flat, **flat.pop("arithmetic")}))
    ((how, evaluation),) = lp.evaluate_each("mine", blobs())
    assert how == {"s": 0.8, "abs_form": "linear"}
    assert evaluation == result.evaluation


def test_abs_takes_what_is_published_for_data_like_it(run, blobs):
    own = lp.evaluate("mine", blobs(), prediction="abs")
    assert own == lp.evaluate("mine", blobs(), prediction="abs", s=0.25, abs_form="concave")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"prediction": "abs", "s": -0.1}, "s must be a number of 0 to 1, not -0.1"),
        ({"prediction": "abs", "s": float("nan")}, "s must be a number of 0 to 1, not nan"),
        ({"prediction": "abs", "abs_form": "cubic"}, "abs_form must be concave or linear, not 'cubic'"),
        ({"prediction": "angular", "s": 0.1}, "unknown setting 's': there are none"),
        ({"s": 0.1, "tau": 1.0}, "unknown setting 's': there are none"),
        ({"prediction": "tau-norm", "tua": 1}, r"unknown setting 'tua' \(did you mean 'tau'\?\): there are tau"),
        ({"prediction": "tau-norm", "tau": [1, 2]}, r"tau must be a number of 0 to 10, not \[1, 2\]"),
    ],
)
def test_settings_there_are_not_are_refused(run, blobs, options, said):
    with pytest.raises(ArgumentError, match=said):
        lp.evaluate("mine", blobs(), **options)


def test_abs_of_a_run_on_a_subset_needs_the_subset(blobs, in_tmp):
    data = blobs()
    subset, other = (lp.prune(data, ratio=0.45, strategy="random", seed=seed) for seed in (0, 1))
    lp.train(data, subset=subset, out="mine", **SMALL)
    with pytest.raises(ArgumentError, match=r"was trained on a pruned set \(random 0.45\): name its file with --subset"):
        lp.evaluate("mine", data, prediction="abs")
    with pytest.raises(MismatchError, match="trained on another subset"):
        lp.evaluate("mine", data, prediction="abs", subset=other)
    found = lp.evaluate("mine", data, prediction="abs", subset=subset)
    lp.write_subset("subsets/any.h5", subset)
    lp.write_subset("subsets/before.h5", other)
    assert lp.evaluate("mine", data, prediction="abs") == found


def test_a_subset_that_nothing_would_read_is_refused(run, blobs):
    with pytest.raises(
        ArgumentError, match=r"^subset is for a prediction that is fitted to it, .*, not for linear: leave it out"
    ):
        lp.evaluate("mine", blobs(), subset="none.h5")
    with pytest.raises(ArgumentError, match=r"^subset is for a run on a part of its data, and .* on all: leave it out$"):
        lp.evaluate("mine", blobs(), prediction="abs", subset="none.h5")


def test_the_confusion_matrix_counts_every_test_sample(run):
    confusion = np.array(run.evaluation.confusion)
    assert confusion.sum(axis=1).tolist() == [10] * 4
    assert run.evaluation.per_class == tuple(np.diag(confusion) / 10)
