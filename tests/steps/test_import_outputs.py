from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typed import lt, ok

import lt_prune as lp
from lt_prune.errors import ArgumentError, DataError, MemberError, MismatchError

N, M, D, K = 45, 4, 6, 3


@pytest.fixture
def data(blobs) -> lp.LongTailedSet:
    return blobs(order=np.random.default_rng(5).permutation(N))


@pytest.fixture
def arrays(data) -> dict[str, np.ndarray]:
    """Outputs of three networks, in the order of the source."""
    random = np.random.default_rng(0)
    features, weight = random.normal(size=(K, N, D)), random.normal(size=(K, M, D))
    labels = np.empty(N, int)
    labels[data.index.source_index] = data.index.labels
    return {"logits": features @ weight.transpose(0, 2, 1), "features": features, "weight": weight, "labels": labels}


def imported(arrays: dict[str, object], data: lp.LongTailedSet, **options: object) -> lp.ScoreSet:
    with pytest.warns(UserWarning, match="gives no scores by"):
        return lp.import_outputs(arrays, data, **options)


def expected(arrays: dict[str, np.ndarray], data: lp.LongTailedSet) -> dict[str, np.ndarray]:
    """By the equations, in float64, and in the order of the set."""
    place, labels = data.index.source_index, data.index.labels
    logits, features, weight = arrays["logits"][:, place], arrays["features"][:, place], arrays["weight"]
    p = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    error = p - np.eye(M)[labels]
    own = np.take_along_axis(logits, labels[None, :, None], axis=2)[..., 0]
    others = np.where(np.eye(M, dtype=bool)[labels], -np.inf, logits).max(axis=2)
    lengths = np.linalg.norm(features, axis=2)[..., None] * np.linalg.norm(weight, axis=2)[:, None]
    angles = np.arccos(np.clip(features @ weight.transpose(0, 2, 1) / lengths, -1, 1))
    return {
        "el2n": np.linalg.norm(error, axis=2),
        "margin": own - others,
        "loss": -np.log(np.take_along_axis(p, labels[None, :, None], axis=2)[..., 0]),
        "avh": np.take_along_axis(angles, labels[None, :, None], axis=2)[..., 0] / angles.sum(axis=2),
        "grand-last": np.linalg.norm(error, axis=2) * np.sqrt(1 + np.square(features).sum(axis=2)),
    }


def test_every_metric_of_outputs_and_of_features_is_scored(arrays, data):
    scores = imported(arrays, data)
    of_outputs = {member.name for member in lp.members("metrics") if member.needs in (("outputs",), ("features",))}
    assert set(scores.metrics) == of_outputs
    for name, values in expected(arrays, data).items():
        np.testing.assert_allclose(scores.metric(name).per_member, values, rtol=2e-4, atol=2e-5, err_msg=name)
    assert (scores.seeds, scores.recipe) == ((), None)
    assert scores.metric("typicality").per_member.shape == (K, N)


def test_the_others_say_what_they_lack(arrays, data):
    with pytest.warns(UserWarning, match="gives no scores by") as warned:
        scores = lp.import_outputs({name: arrays[name] for name in ("logits", "labels")}, data)
    [said] = [str(each.message) for each in warned]
    assert said.startswith("a table gives no scores by avh, grand-last, for want of features among the outputs; or by ")
    assert "grand, for want of the trained network itself" in said
    assert "forgetting, aum, mean-confidence, variability, dyn-unc, dual, tdds, for want of a record of the member's" in said
    assert "typicality, near-duplicate, near-other, for want of features of the whole set" in said
    assert {"el2n", "margin", "loss", "entropy", "confidence", "self-confidence"} == set(scores.metrics)


def test_what_is_named_must_be_had(arrays, data):
    only = {"logits": arrays["logits"], "features": arrays["features"], "labels": arrays["labels"]}
    assert set(lp.import_outputs(only, data, metric=["loss", "grand-last"]).metrics) == {"loss", "grand-last"}
    with pytest.raises(MemberError, match=r"^metric 'avh' needs weight among the outputs, and there is none$"):
        lp.import_outputs(only, data, metric="avh")
    with pytest.raises(MemberError, match=r"^metric 'aum' needs a record of the member's training, and there is none$"):
        lp.import_outputs(only, data, metric="aum")


def test_features_alone_are_scored_by_what_needs_no_more(arrays, data):
    only = {"features": arrays["features"][0], "labels": arrays["labels"]}
    scores = imported(only, data)
    assert "knn-density" in scores.metrics
    assert "el2n" not in scores.metrics
    own = only["features"][data.index.source_index]
    distances = np.sort(np.linalg.norm(own[:, None] - own[None], axis=2), axis=1)
    np.testing.assert_allclose(scores.metric("knn-density").mean, distances[:, 10], rtol=1e-4)
    with_weight = imported({**only, "weight": arrays["weight"]}, data)
    assert with_weight.metric("avh").per_member.shape == (K, N)
    assert np.array_equal(with_weight.metric("typicality").per_member[0], with_weight.metric("typicality").per_member[2])


def test_one_network_needs_no_axis_of_networks(arrays, data):
    first = {name: array if name == "labels" else array[0] for name, array in arrays.items()}
    one, all_ = imported(first, data), imported(arrays, data)
    for name, metric in one.metrics.items():
        np.testing.assert_allclose(metric.per_member, all_.metric(name).per_member[:1], rtol=1e-5, atol=1e-6)


def test_rows_are_joined_by_id(arrays, data):
    order = np.random.default_rng(1).permutation(N)
    place = data.index.source_index[order]
    table = {"logits": arrays["logits"][:, place], "id": data.index.ids[order]}
    scores = lp.import_outputs(table, data, metric="margin")
    np.testing.assert_allclose(scores.metric("margin").per_member, expected(arrays, data)["margin"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "kind", "says"),
    [
        (
            {"logits": np.zeros((N, M + 1))},
            ArgumentError,
            r"must have logits \(K, N, 4\), .* not logits \(1, 45, 5\)",
        ),
        ({"features": np.zeros((K + 1, N, D))}, ArgumentError, r"of the same K, N and D, not logits \(3, 45, 4\), features"),
        ({"weight": np.zeros((K, M, D + 1))}, ArgumentError, "of the same K, N and D, not "),
        ({"logits": np.zeros(N)}, ArgumentError, r"logits in a table must be numbers \(N, M\) or \(K, N, M\), not float64"),
        ({"logits": np.full((N, M), np.nan)}, DataError, "logits in a table must be finite, and 180 of 180 numbers are not"),
        ({"features": np.full((N, D), 1e300)}, DataError, "features in a table must be finite"),
        ({"id": np.arange(3)}, DataError, r"a table has 45 rows and a column id of \(3,\)"),
        ({"labels": np.zeros(N, int)}, MismatchError, "a table has other classes: 21 of 45 samples"),
    ],
)
def test_what_does_not_fit_is_refused(arrays, data, change, kind, says):
    with pytest.raises(kind, match=says):
        lp.import_outputs({**arrays, **change}, data, metric="loss")


def test_outputs_of_nothing_are_refused(arrays, data, in_tmp):
    with pytest.raises(ArgumentError, match="a table must have logits or features, and has weight, labels"):
        lp.import_outputs({"weight": arrays["weight"], "labels": arrays["labels"]}, data)
    with pytest.raises(ArgumentError, match=r"outputs must be an .npz file, not logits.npy: save"):
        lp.import_outputs("logits.npy", data)


def test_a_metric_that_fails_is_left_out_with_its_reason(arrays, data):
    lp.register("metric", "mine", lambda logits, labels: logits)
    with pytest.warns(UserWarning, match="by mine, for want of mending .metric 'mine' must give one number a sample"):
        lp.import_outputs(arrays, data)
    with pytest.raises(MemberError, match="metric 'mine' must give one number a sample"):
        lp.import_outputs(arrays, data, metric="mine")


def test_the_command_scores_a_file(in_tmp):
    data = lp.build("digits")
    logits = np.random.default_rng(0).normal(size=(2, 503, 10))
    np.savez("logits.npz", logits=logits, id=data.index.ids)
    said = json.loads(ok("import-outputs logits.npz --metric margin,loss --json").stdout)
    assert (said["file"], said["metric"], said["rows"]) == ("scores/digits-lt10-outputs.h5", "margin", 2)
    assert said["std"] > 0
    assert said["origin"]["file"] == "logits.npz"
    shown = ok("import-outputs logits.npz --out all.h5")
    assert "2 rows" in shown.stdout
    assert "gives no scores by avh, grand-last" in " ".join(shown.stderr.split())
    ok("prune --scores all.h5 --metric entropy --ratio 0.3")
    assert lt("import-outputs logits.npz --metric avh").exit_code == 1
    assert Path("scores/digits-lt10-outputs.h5").exists()
