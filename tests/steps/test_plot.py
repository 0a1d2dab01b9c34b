from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import softmax
from scipy.stats import pearsonr, spearmanr

import lt_prune as lp
from lt_prune.errors import ArgumentError, DataError, FileError, MismatchError
from lt_prune.figures.of_run import FIGURES
from lt_prune.models import find_model
from lt_prune.models.network import build_network
from lt_prune.store.results import write_result
from lt_prune.store.weights import read_weights

SMALL = {
    "epochs": 3,
    "model": "resnet8",
    "batch_size": 16,
    "warmup": 0,
    "compute": lp.Compute(device="cpu", n_threads=1),
}
SCORED = {"epochs": 1, "model": "resnet8"}
ORDER = (1, 3, 0, 2)
"""Classes of `uneven` by decreasing count."""


@pytest.fixture
def uneven(blobs) -> lp.LongTailedSet:
    """Classes of 6, 24, 3 and 12 samples; the largest is head, the smallest tail."""
    return blobs(counts=(6, 24, 3, 12), groups=(1, 3))


@pytest.fixture
def run(uneven, in_tmp) -> lp.TrainResult:
    """A run of two stages, the second of which learns a scale for each class."""
    return lp.train(uneven, method="mislas", stage2_epochs=2, out="mine", **SMALL)


def classifier(folder: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weight, bias and scale of a run's classifier."""
    state = read_weights(Path(folder) / "model.pt", torch.device("cpu"))["network"]
    return tuple(state[name].double().numpy() for name in ("classifier.weight", "classifier.bias", "scale"))


def norms(folder: str) -> np.ndarray:
    weight, _, scale = classifier(folder)
    return np.linalg.norm(scale[:, None] * weight, axis=1)[list(ORDER)]


def outputs(folder: str, pixels: np.ndarray) -> dict[str, np.ndarray]:
    """Linear and angular logits of images, from the features and by NumPy; the angle is to the row without its scale."""
    network = build_network(find_model("resnet8"), (8, 8, 3), n_classes=4, seed=0)
    network.load_state_dict(read_weights(Path(folder) / "model.pt", torch.device("cpu"))["network"])
    with torch.no_grad():
        features = network.eval().features(torch.from_numpy(pixels).permute(0, 3, 1, 2)).double().numpy()
    weight, bias, scale = classifier(folder)
    cosine = features @ weight.T / np.linalg.norm(features, axis=1)[:, None] / np.linalg.norm(weight, axis=1)
    return {"linear": scale * (features @ weight.T + bias), "angular": np.pi - np.arccos(cosine)}


def mean_of_true_class(values: np.ndarray, labels: np.ndarray) -> list[float]:
    return [values[labels == c, c].mean() for c in ORDER]


def column(drawing: lp.Plot, name: str) -> list[float | None]:
    return [row[name] for row in drawing.rows]


def plot(data, figure, run="mine", **options) -> lp.Plot:
    return lp.plot(run, figure, data=data, compute=lp.Compute(device="cpu"), **options)[figure]


def test_rows_are_of_the_classes_by_decreasing_count(run, uneven):
    rows = plot(uneven, "head").rows
    assert [(row["class"], row["name"], row["count"], row["group"]) for row in rows] == [
        (1, "class1", 24, "head"),
        (3, "class3", 12, "middle"),
        (0, "class0", 6, "middle"),
        (2, "class2", 3, "tail"),
    ]


def test_weight_norms_are_of_the_scaled_rows_of_both_stages(run, uneven):
    drawn = plot(uneven, "weight-norms")
    own, first = norms("mine"), norms("mine/stage1")
    assert not np.allclose(classifier("mine")[2], 1)
    assert column(drawn, "weight_norm") == pytest.approx(own)
    assert column(drawn, "weight_norm_first") == pytest.approx(first)
    assert not np.allclose(own, first)


def test_a_second_stage_that_trained_nothing_stands_alone(uneven, in_tmp):
    lp.train(uneven, method="mislas", stages=1, out="mine", **SMALL)
    assert Path("mine/stage1/result.json").exists()
    assert "weight_norm_first" not in plot(uneven, "weight-norms").rows[0]


def test_weight_norms_are_compared_with_those_of_another_run(run, uneven):
    lp.train(uneven, out="other", **SMALL)
    drawn = plot(uneven, "weight-norms", compare="other")
    assert column(drawn, "weight_norm_compared") == pytest.approx(norms("other"))
    assert list(drawn.series.values()) == ["mislas, stage two", "mixup, stage one", "ce (other)"]


@pytest.mark.parametrize(
    ("figure", "of"), [("logits", lambda logits: logits), ("probabilities", lambda logits: softmax(logits, axis=1))]
)
def test_logits_and_probabilities_are_means_over_the_samples_of_the_class(run, uneven, figure, of):
    drawn = plot(uneven, figure)
    samples = {"train": (uneven.pixels, uneven.index.labels), "test": (uneven.test_pixels, uneven.test_labels)}
    for split, (pixels, labels) in samples.items():
        for kind, logits in outputs("mine", pixels).items():
            assert column(drawn, f"{kind}_{split}") == pytest.approx(mean_of_true_class(of(logits), labels), rel=1e-4)


def test_abs_is_drawn_before_and_after_and_beside_the_run_compared(run, uneven):
    drawn = plot(uneven, "abs", run="mine/stage1", compare="mine")
    train, test = (
        softmax(outputs("mine/stage1", pixels)["angular"], axis=1) for pixels in (uneven.pixels, uneven.test_pixels)
    )
    bias = np.min([train[uneven.index.labels == c].mean(axis=0) for c in range(4)], axis=0)
    gamma = 1 - 0.25 * np.sin(np.pi / 2 * (bias - bias.min()) / (bias.max() - bias.min()))
    after = gamma * test / (gamma * test).sum(axis=1, keepdims=True)
    second = softmax(outputs("mine", uneven.test_pixels)["angular"], axis=1)
    for name, values in (("before_abs", test), ("after_abs", after), ("compared", second)):
        assert column(drawn, name) == pytest.approx(mean_of_true_class(values, uneven.test_labels), rel=1e-4)
    assert list(drawn.series.values())[1:] == ["after ABS (concave, s = 0.25)", "mislas, stage two (mine)"]


def test_abs_is_as_the_run_has_it(uneven, in_tmp):
    lp.train(uneven, prediction="abs", s=0.1, abs_form="linear", out="mine", **SMALL)
    assert plot(uneven, "abs").series["after_abs"] == "after ABS (linear, s = 0.1)"


def test_head_is_mean_size_of_weights_and_bias(run, uneven):
    weight, bias, scale = classifier("mine")
    drawn = plot(uneven, "head")
    assert column(drawn, "weight") == pytest.approx(np.abs(scale[:, None] * weight).mean(axis=1)[list(ORDER)])
    assert column(drawn, "bias") == pytest.approx((scale * bias)[list(ORDER)])


def test_hardness_is_mean_avh_against_accuracy(run, uneven):
    scores = lp.score(uneven, members=2, epochs=1, model="resnet8", out="scores.h5")
    drawn = plot(uneven, "hardness", scores="scores.h5")
    avh = scores.metrics["avh"].per_member.mean(axis=0, dtype=float)
    avh = [avh[uneven.index.labels == c].mean() for c in ORDER]
    accuracy = [run.evaluation.per_class[c] for c in ORDER]
    assert column(drawn, "avh") == pytest.approx(avh)
    assert column(drawn, "accuracy") == accuracy
    assert len(set(accuracy)) > 1
    pearson, spearman = pearsonr(avh, accuracy).statistic, spearmanr(avh, accuracy).statistic
    assert drawn.title.splitlines()[0].endswith(f": AVH and accuracy, Pearson {pearson:.2f}, Spearman {spearman:.2f}")


def test_hardness_takes_the_scores_at_their_usual_place(run, uneven):
    lp.score(uneven, members=1, epochs=1, model="resnet8", out="scores/blobs.h5")
    assert column(plot(uneven, "hardness"), "avh") == column(plot(uneven, "hardness", scores="scores/blobs.h5"), "avh")


def test_a_pruned_run_is_drawn_of_what_it_was_trained_on(uneven, in_tmp):
    subset = lp.prune(uneven, strategy="random", ratio=0.4)
    lp.train(uneven, subset=subset, out="mine", **SMALL)
    drawn = plot(uneven, "logits", subset=subset)
    pixels, labels = uneven.pixels[subset.kept], uneven.index.labels[subset.kept]
    expected = mean_of_true_class(outputs("mine", pixels)["linear"], labels)
    assert column(drawn, "linear_train") == pytest.approx(expected, rel=1e-4)
    assert column(drawn, "count") == [np.count_nonzero(labels == c) for c in ORDER]
    assert drawn.title.splitlines() == [
        "ce on blobs: mean logit of the true class",
        "pruned by random, 40% removed, at equal epochs, one run (seed 0), so no deviation, 3 epochs",
    ]
    assert column(drawn, "before") == [uneven.index.counts[c] for c in ORDER]
    with pytest.raises(ArgumentError, match="name its file with --subset"):
        plot(uneven, "logits")


def test_a_class_without_test_samples_has_no_test_value(uneven, in_tmp):
    kept = uneven.test_labels != 3
    data = replace(uneven, test_pixels=uneven.test_pixels[kept], test_labels=uneven.test_labels[kept])
    lp.train(data, out="mine", **SMALL)
    values = column(plot(data, "logits"), "angular_test")
    assert [value is None for value in values] == [False, True, False, False]
    scores = lp.score(data, members=1, epochs=1, model="resnet8")
    assert [value is None for value in column(plot(data, "hardness", scores=scores), "accuracy")][1]


def test_calibration_has_a_row_a_bin_of_the_test(run, uneven):
    drawn = plot(uneven, "calibration")
    probabilities = softmax(outputs("mine", uneven.test_pixels)["linear"], axis=1)
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == uneven.test_labels
    assert len(drawn.rows) == 15
    gap = 0.0
    for row in drawn.rows:
        own = (sure > row["from"]) & (sure <= row["to"])
        assert (row["count"], row["right"]) == (own.sum(), right[own].sum())
        assert row["confidence"] == (pytest.approx(sure[own].mean(), abs=1e-5) if own.any() else None)
        assert row["accuracy"] == (right[own].mean() if own.any() else None)
        gap += abs(right[own].sum() - sure[own].sum())
    error = 100 * gap / len(right)
    assert f"calibration, expected error {error:.1f}%, {len(right)} test samples" in drawn.title
    assert Path("mine/calibration.png").read_bytes().startswith(b"\x89PNG")


def test_a_result_of_an_earlier_version_has_no_calibration_figure(run, uneven):
    evaluation = replace(run.evaluation, calibration=None)
    write_result(Path("mine/result.json"), replace(run, evaluation=evaluation))
    with pytest.raises(ArgumentError, match="of an earlier version, which kept no bins of calibration"):
        plot(uneven, "calibration")
    with pytest.warns(UserWarning, match="the figure calibration is left out: the result is of an earlier version"):
        drawn = lp.plot("mine", data=uneven, compute=lp.Compute(device="cpu"), scores=lp.score(uneven, members=1, **SCORED))
    assert list(drawn) == [name for name in FIGURES if name != "calibration"]


# Files


@pytest.mark.slow
def test_each_figure_is_three_files_in_the_folder_of_the_run(run, uneven):
    lp.score(uneven, members=1, epochs=1, model="resnet8", out="scores/blobs.h5")
    drawn = lp.plot("mine", data=uneven, compute=lp.Compute(device="cpu"))
    assert list(drawn) == list(FIGURES)
    for name, drawing in drawn.items():
        assert drawing.files == tuple(f"mine/{name}.{ending}" for ending in ("png", "pdf", "csv"))
        starts = [Path(file).read_bytes()[:4] for file in drawing.files]
        assert starts == [b"\x89PNG", b"%PDF", b"bin," if name == "calibration" else b"clas"]


def test_the_table_holds_the_rows(run, uneven):
    drawn = plot(uneven, "weight-norms", out="out/of.the/way-0.45")
    assert drawn.files[2] == "out/of.the/way-0.45.csv"
    with open(drawn.files[2], newline="") as file:
        assert list(csv.DictReader(file)) == [{name: str(value) for name, value in row.items()} for row in drawn.rows]


@pytest.mark.slow
def test_several_figures_add_their_names_to_the_path(run, uneven):
    with pytest.warns(UserWarning, match="hardness is left out"):
        drawn = lp.plot("mine", data=uneven, compute=lp.Compute(device="cpu"), out="there/mine")
    assert sorted(path.name for path in Path("there").glob("*.csv")) == sorted(f"mine-{name}.csv" for name in drawn)
    assert list(drawn) == [name for name in FIGURES if name != "hardness"]


# Refusals


@pytest.mark.parametrize(
    ("figure", "options", "kind", "says"),
    [
        ("nonsense", {}, ArgumentError, "unknown figure 'nonsense': there are weight-norms, logits, "),
        ("logits", {"compare": "mine"}, ArgumentError, "compare is for the figure weight-norms or abs, not for logits"),
        ("head", {"scores": "scores.h5"}, ArgumentError, "scores is for the figure hardness, not for head"),
        (
            "head",
            {"subset": "none.h5"},
            ArgumentError,
            "subset is for the figure logits or probabilities or abs, not",
        ),
        ("hardness", {"subset": "none.h5"}, ArgumentError, "subset is for the figure logits or"),
        ("logits", {"subset": "none.h5"}, ArgumentError, "subset is for a run on a part of its data, and this one was"),
        ("all", {"subset": "none.h5"}, ArgumentError, "subset is for a run on a part of its data, and this one was"),
        ("abs", {"match": "names"}, ArgumentError, "match is for the figure hardness, not for abs: leave it out"),
        ("abs", {"match": "nonsense"}, ArgumentError, "match must be ids or names, not 'nonsense'"),
        ("hardness", {}, ArgumentError, "there are no scores of blobs at scores/blobs.h5: run `lt-prune score` first"),
        ("hardness", {"scores": "none.h5"}, FileError, "none.h5"),
        ("weight-norms", {"compare": "none"}, FileError, "there is no run at none"),
    ],
)
def test_what_cannot_be_drawn_is_refused(run, uneven, figure, options, kind, says):
    before = sorted(Path().rglob("*"))
    with pytest.raises(kind, match=says):
        plot(uneven, figure, **options)
    assert sorted(Path().rglob("*")) == before


def test_a_run_or_scores_of_other_data_are_refused(run, uneven, blobs):
    other = blobs(seed=1)
    lp.train(other, out="other", **SMALL)
    with pytest.raises(MismatchError, match="other was trained on"):
        plot(uneven, "weight-norms", compare="other")
    with pytest.raises(MismatchError, match="the score file was made from other data"):
        plot(uneven, "hardness", scores=lp.score(other, members=1, epochs=1, model="resnet8"))


def test_test_images_are_needed_for_what_is_drawn_of_them(run, uneven):
    data = replace(uneven, test_pixels=uneven.test_pixels[:0], test_labels=uneven.test_labels[:0])
    with pytest.raises(DataError, match="has no test images"):
        plot(data, "logits")
    assert plot(data, "head").rows


# The head of another network


def test_a_head_is_sorted_by_counts_and_grouped(in_tmp):
    weight = np.array([[1.0, -3.0], [0.0, 0.5], [2.0, 2.0]])
    drawn = lp.plot_head(weight, np.array([0.1, -0.2, 0.3]), counts=[5, 1, 9], class_names=["a", "b", "c"], groups=(1, 2))
    assert [tuple(row.values()) for row in drawn.rows] == [
        (2, "c", 9, "head", 2.0, 0.3),
        (0, "a", 5, "middle", 2.0, 0.1),
        (1, "b", 1, "tail", 0.25, -0.2),
    ]
    assert drawn.files == ("head.png", "head.pdf", "head.csv")
    assert all(Path(file).exists() for file in drawn.files)


def test_without_counts_classes_stay_in_their_order(in_tmp):
    drawn = lp.plot_head(np.ones((4, 2)), np.arange(4.0))
    assert [(row["name"], row["count"], row["bias"]) for row in drawn.rows] == [(str(c), None, c) for c in range(4)]


@pytest.mark.parametrize(
    ("weight", "bias", "options"),
    [
        (np.ones((3, 2)), np.ones(2), {}),
        (np.ones(3), np.ones(3), {}),
        (np.ones((3, 2)), np.ones((3, 1)), {}),
        (np.ones((3, 2)), np.array(1.0), {}),
        (np.ones((3, 2)), np.ones(3), {"counts": [1, 2]}),
        (np.ones((3, 2)), np.ones(3), {"class_names": ["a"]}),
        (np.ones((3, 2)), np.ones(3), {"groups": (0, 9)}),
    ],
)
def test_a_head_that_does_not_fit_is_refused(in_tmp, weight, bias, options):
    with pytest.raises(ArgumentError):
        lp.plot_head(weight, bias, **options)
    assert list(in_tmp.iterdir()) == []
