from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, balanced_accuracy_score

import lt_prune as lp
from lt_prune.errors import ArgumentError, DataError, FileError, MismatchError
from lt_prune.models.network import build_network
from lt_prune.store.weights import read_weights

SMALL = {"epochs": 3, "depth": 8, "batch_size": 16, "warmup": 0, "device": "cpu"}


@pytest.fixture
def run(blobs, in_tmp) -> lp.TrainResult:
    return lp.train(blobs(), out="mine", **SMALL)


def outputs(data: lp.LongTailedSet) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Test features, classifier weight and bias of the kept run."""
    network = build_network(depth=8, channels=3, n_classes=4, seed=0)
    network.load_state_dict(read_weights(Path("mine/model.pt"), torch.device("cpu"))["network"])
    with torch.no_grad():
        features = network.eval().features(torch.from_numpy(data.test_pixels).permute(0, 3, 1, 2))
    return tuple(t.detach().double().numpy() for t in (features, network.classifier.weight, network.classifier.bias))


def test_equals_the_stored_evaluation(run, blobs):
    assert lp.evaluate("mine", blobs(), device="cpu") == run.evaluation


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
    with pytest.raises(FileError, match=r"mine/result.json does not exist: name the folder of a finished run"):
        lp.evaluate("mine", blobs())


def test_damaged_weights_are_refused(run, blobs):
    content = bytearray(Path("mine/model.pt").read_bytes())
    content[len(content) // 2] ^= 1
    Path("mine/model.pt").write_bytes(content)
    with pytest.raises(FileError, match="damaged"):
        lp.evaluate("mine", blobs())


def test_other_predictions_are_refused(run, blobs):
    with pytest.raises(ArgumentError, match="prediction must be linear or angular"):
        lp.evaluate("mine", blobs(), prediction="cosine")


def test_evaluating_writes_nothing(run, blobs):
    before = {path: path.read_bytes() for path in Path("mine").iterdir()}
    lp.evaluate("mine", blobs(), prediction="angular")
    assert {path: path.read_bytes() for path in Path("mine").iterdir()} == before
