"""Runs that start from a file of weights."""

from __future__ import annotations

import shutil

import pytest
import torch

import lt_prune as lp
from lt_prune.errors import ArgumentError, MismatchError
from lt_prune.models import find_model
from lt_prune.models.network import build_network

SMALL = {"model": "resnet8", "epochs": 2, "batch_size": 16, "warmup": 0, "compute": lp.Compute(device="cpu", n_threads=1)}


@pytest.fixture
def weights(in_tmp) -> str:
    """The file of a backbone of another seed."""
    torch.save(build_network(find_model("resnet8"), (8, 8, 3), n_classes=4, seed=5).backbone.state_dict(), "given.pt")
    return "given.pt"


def network(folder: str) -> dict[str, torch.Tensor]:
    return torch.load(f"{folder}/model.pt", weights_only=True)["network"]


def test_a_frozen_run_is_that_of_a_classifier_upon_features_that_do_not_change(blobs, weights):
    """Without augmentation features of each epoch are the same, so that computing them once changes roundings alone."""
    frozen = lp.train(blobs(), weights=weights, freeze=True, out="frozen", **SMALL)
    plain = lp.train(blobs(), weights=weights, trained="classifier", padding=0, flip=False, out="plain", **SMALL)
    assert frozen.loss == pytest.approx(plain.loss, rel=1e-4)
    for name, value in network("plain").items():
        torch.testing.assert_close(network("frozen")[name], value, rtol=1e-3, atol=1e-4)


def test_the_backbone_is_run_once_for_training(blobs, weights, monkeypatch):
    calls = []
    forward = torch.nn.Conv2d.forward

    def counted(self, x):
        calls.append(len(x))
        return forward(self, x)

    monkeypatch.setattr(torch.nn.Conv2d, "forward", counted)
    lp.train(blobs(), weights=weights, freeze=True, **{**SMALL, "epochs": 1})
    once = len(calls)
    calls.clear()
    lp.train(blobs(), weights=weights, freeze=True, **{**SMALL, "epochs": 9})
    assert len(calls) == once


def test_every_member_of_an_ensemble_starts_from_it(blobs, weights):
    scores = lp.score(blobs(), weights=weights, freeze=True, members=2, out="scores.h5", **SMALL)
    given = torch.load(weights)
    for seed in scores.seeds:
        saved = torch.load(f"scores.members/{seed}.pt", weights_only=True)["network"]
        assert all(torch.equal(saved[f"backbone.{name}"], value) for name, value in given.items())
    assert not (scores.metric("el2n").per_member[0] == scores.metric("el2n").per_member[1]).all()


def test_the_file_is_known_by_its_content_wherever_it_lies(blobs, weights):
    first = lp.train(blobs(), weights=weights, out="run", **SMALL)
    shutil.move(weights, "moved.pt")
    assert lp.train(blobs(), weights="moved.pt", out="run", **SMALL) == first


def test_another_file_makes_another_run(blobs, weights):
    lp.train(blobs(), weights=weights, out="run", **SMALL)
    lp.score(blobs(), weights=weights, members=1, out="scores.h5", **SMALL)
    torch.save({name: value + 1 for name, value in torch.load(weights).items()}, "other.pt")
    for other in ({"weights": "other.pt"}, {}, {"weights": weights, "freeze": True}):
        with pytest.raises(MismatchError, match=r"holds a finished run with (weights|freeze)"):
            lp.train(blobs(), out="run", **other, **SMALL)
        with pytest.raises(MismatchError, match=r"was made with (weights|freeze)"):
            lp.score(blobs(), members=1, out="scores.h5", **other, **SMALL)


def test_a_second_stage_keeps_a_frozen_backbone(blobs, weights):
    result = lp.train(blobs(), method="crt", weights=weights, freeze=True, stage2_epochs=1, out="run", **SMALL)
    second = result.spec.recipe
    assert (second.freeze, second.shift_batch_norm, second.padding, second.trained) == (True, False, 0, "classifier")
    given = torch.load(weights)
    assert all(torch.equal(network("run")[f"backbone.{name}"], value) for name, value in given.items())
    again = lp.train(blobs(), method="crt", from_run="run/stage1", stage2_epochs=1, compute=SMALL["compute"])
    assert again.loss == result.loss


@pytest.mark.slow
def test_all_runs_of_a_sweep_and_their_ensemble_start_from_it(blobs, weights):
    grid = lp.sweep(
        blobs(),
        lp.Grid(strategies=["ranked"], ratios=[0.2], seeds=[0], members=1, score_epochs=1),
        weights=weights,
        freeze=True,
        **SMALL,
    )
    assert not grid.failures
    assert all(run.spec.recipe.freeze for run in grid.runs)
    assert lp.read_scores("scores/blobs.h5").recipe.weights == grid.runs[0].spec.recipe.weights


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"flip": True}, "flip is for images that are shown anew in each epoch, not for a frozen backbone"),
        ({"shift_batch_norm": True}, "shift_batch_norm is for images that are shown anew"),
        ({"weights": 3}, "weights must be a path, not 3"),
        ({"model": 8}, "model must be a word, not 8"),
    ],
)
def test_what_cannot_go_with_it_is_refused(blobs, weights, given, says):
    with pytest.raises(ArgumentError, match=f"^{says}"):
        lp.train(blobs(), **{"weights": weights, "freeze": True, **SMALL, **given})
