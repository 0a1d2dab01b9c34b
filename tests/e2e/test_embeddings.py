"""Embeddings go the whole way that images go."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.stats import spearmanr
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

import lt_prune as lp
from lt_prune.cli import main
from lt_prune.errors import ArgumentError

SMALL = {"epochs": 3, "compute": lp.Compute(device="cpu", n_threads=1)}


@pytest.fixture
def archive(in_tmp) -> str:
    """The digits as 64 numbers each, the last 300 to test."""
    x, y = load_digits(return_X_y=True)
    np.savez("digits.npz", x_train=x[:-300], y_train=y[:-300], x_test=x[-300:], y_test=y[-300:])
    return "features:digits.npz"


@pytest.fixture
def data(archive) -> lp.LongTailedSet:
    return lp.build(f"features-lt10:{archive.partition(':')[2]}")


@pytest.mark.slow
def test_the_commands_do_all_of_it(archive):
    def done(*args: str) -> dict:
        result = CliRunner().invoke(main, [*args, "--json"], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    place = "features-lt10:digits.npz"
    told = done("build", "--data", place)
    assert (told["kind"], told["shape"], told["name"]) == ("embeddings", [64], "digits-lt10")
    scored = done("score", "--data", told["file"], "--members", "2", "--epochs", "2", "--workers", "1")
    members = ("--members", "2", "--score-epochs", "2", "--workers", "1")
    assert scored["recipe"]["model"] == "linear"
    pruned = done("prune", "--data", told["file"], "--ratio", "0.3")
    trained = done("train", "--data", told["file"], "--subset", pruned["file"], "--epochs", "3", "--model", "mlp")
    assert trained["spec"]["recipe"]["model"] == "mlp"
    assert done("evaluate", trained["folder"], "--prediction", "angular")["n_test"] == 300
    swept = done("sweep", "--data", told["file"], "--ratios", "0.5", "--seeds", "0", "--epochs", "2", *members)
    assert [row["n"] for row in swept["rows"]] == [1] * 5
    assert done("plot", trained["folder"], "--figure", "logits")["figures"]
    assert done("results", "runs")["rows"]


def test_a_set_file_holds_them(data):
    lp.write_set("set.h5", data)
    again = lp.read_set("set.h5")
    assert again.kind == "embeddings"
    assert np.array_equal(again.pixels, data.pixels)
    assert again.index.digest == data.index.digest


def test_archive_and_folder_are_the_same_set(data, in_tmp):
    (in_tmp / "digits").mkdir()
    for name, array in np.load("digits.npz").items():
        np.save(f"digits/{name}.npy", array)
    again = lp.build("features-lt10:digits")
    assert again.index.digest == data.index.digest
    assert np.array_equal(again.pixels, data.pixels)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_scores_are_the_same_whoever_computes_them(data, workers):
    here = lp.score(data, members=2, epochs=2)
    there = lp.score(data, members=2, epochs=2, compute=lp.Compute(device="cpu", workers=workers))
    assert np.array_equal(here.metric("el2n").per_member, there.metric("el2n").per_member)


@pytest.mark.slow
def test_a_linear_ensemble_ranks_as_logistic_regression_does(data):
    standard, labels = StandardScaler().fit_transform(data.pixels), data.index.labels
    fitted = LogisticRegression(C=1 / (5e-4 * len(labels)), max_iter=1000).fit(standard, labels)
    errors = np.linalg.norm(fitted.predict_proba(standard) - np.eye(10)[labels], axis=1)
    scores = lp.score(data, members=3, epochs=60, batch_size=32)
    assert spearmanr(errors, scores.metric("el2n").mean)[0] > 0.9


def test_training_by_mixup_a_method_of_two_stages_and_on_a_subset_works(data):
    subset = lp.prune(data, strategy="class-random", ratio=0.4)
    result = lp.train(data, subset=subset, method="atl", stage2_epochs=1, **SMALL)
    assert (result.spec.first.recipe.model, result.spec.first.recipe.mixup) == ("linear", 1.0)
    assert result.evaluation.overall > 0.5


def test_torch_takes_a_subset_of_them(data):
    subset = lp.prune(data, strategy="random", ratio=0.5)
    torch_set = lp.torch_subset(subset, data)
    sample, label = torch_set[0]
    row = np.flatnonzero(subset.kept)[0]
    assert (sample.numpy().tolist(), int(label)) == (data.pixels[row].tolist(), data.index.labels[row])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"model": "resnet8"}, "model 'resnet8' takes images, and digits-lt10 holds embeddings: leave out --model, or name"),
        ({"flip": True}, "flip is for images that are shown anew in each epoch, not for embeddings: leave it out"),
        ({"padding": 2}, "padding is for images that are shown anew in each epoch, not for embeddings: leave it out"),
        ({"freeze": True}, "freeze keeps a backbone as its weights file has it: name that by --weights FILE"),
    ],
)
def test_what_is_for_images_is_refused(data, given, says):
    with pytest.raises(ArgumentError, match=f"^{says}"):
        lp.train(data, **given)
    with pytest.raises(ArgumentError, match=f"^{says}"):
        lp.score(data, **given)


def test_what_is_for_embeddings_is_refused_for_images(blobs):
    with pytest.raises(ArgumentError, match=r"^model 'mlp' takes embeddings, and blobs holds images"):
        lp.train(blobs(), model="mlp")
