from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from rich.console import Console, RenderableType

import lt_prune as lp
from lt_prune.figures.comparison import comparison_figure
from lt_prune.reports.tables import (
    comparison_table,
    evaluation_table,
    result_table,
    scores_table,
    set_table,
    subset_table,
)

EVALUATION = lp.Evaluation(
    overall=0.71239,
    balanced=0.61118,
    head=0.95274,
    middle=0.7296,
    tail=None,
    per_class=(0.9, 0.8, 0.5, None),
    ece=0.08765,
    macro_f1=0.60553,
    confusion=((9, 1, 0, 0), (2, 8, 0, 0), (5, 0, 5, 0), (0, 0, 0, 0)),
    n_test=40,
)


def show(table: RenderableType) -> list[list[str]]:
    """The words of each printed line."""
    memory = io.StringIO()
    Console(file=memory, width=200, color_system=None).print(table)
    return [line.split() for line in memory.getvalue().splitlines()]


def row(table: RenderableType, name: str) -> list[str]:
    """The words of the one line that begins with a name, without the name and bars."""
    found = [line for line in show(table) if line[:1] == [name]]
    assert len(found) == 1, found
    return [word for word in found[0][1:] if set(word) != {"█"}]


def bars(table: RenderableType) -> list[int]:
    return [len(word) for line in show(table) for word in line if set(word) == {"█"}]


def text(table: RenderableType) -> str:
    return " ".join(word for line in show(table) for word in line)


@pytest.fixture
def scores(blobs) -> lp.ScoreSet:
    random = np.random.default_rng(1)
    return lp.ScoreSet(
        index=blobs().index,
        metrics={
            "avh": lp.MetricScores(
                per_member=random.random((3, 45), dtype=np.float32), higher_is_harder=True, equation="Eq. 12"
            )
        },
        seeds=(1, 2, 3),
        train_accuracy=np.array([0.25, 0.5, 0.755]),
        seconds=np.array([1.0, 2.0, 4.4]),
        recipe=lp.Recipe(epochs=7),
        versions={},
    )


@pytest.fixture
def result(blobs) -> lp.TrainResult:
    trained = lp.train(blobs(), epochs=1, model="resnet8", compute=lp.Compute(device="cpu"))
    return replace(trained, evaluation=EVALUATION, seconds=12.3)


def test_a_set_shows_its_counts(blobs):
    table = set_table(blobs())
    assert "blobs: 45 training and 40 test images of 8 x 8 x 3, 4 classes, imbalance 8.0" in text(table)
    for c, (count, group) in enumerate(zip((24, 12, 6, 3), ("head", "head", "middle", "tail"))):
        assert row(table, f"class{c}") == [group, str(count)]


def test_bars_are_in_proportion_to_counts(blobs):
    assert bars(set_table(blobs())) == [40, 20, 10, 5]


def test_class_names_are_shown_as_they_are(blobs):
    data = blobs()
    named = replace(data, index=replace(data.index, class_names=("[red]cat", "b", "c", "[/]")))
    assert row(set_table(named), "[red]cat") == ["head", "24"]
    assert row(set_table(named), "[/]") == ["tail", "3"]


def test_scores_show_their_ensemble(scores):
    shown = text(scores_table(scores, "avh"))
    assert "blobs: 45 samples, 3 members, metrics avh" in shown
    assert "members reach 25.0% to 75.5% on the training samples, 7 epochs each, 7 s of training summed over them" in shown
    assert "avh: Eq. 12; higher is harder" in shown


def test_scores_show_the_mean_and_std_of_the_metric(scores):
    values = scores.metric("avh").per_member.astype(float)
    shown = text(scores_table(scores, "avh"))
    assert f"mean {values.mean():.4f}, mean std over members {values.std(0).mean():.4f}" in shown


def test_scores_show_the_mean_of_each_class(scores):
    values = scores.metric("avh").per_member.astype(float).mean(0)
    for c in range(4):
        expected = f"{values[scores.index.labels == c].mean():.4f}"
        lines = [line for line in show(scores_table(scores, "avh")) if line[:1] == [f"class{c}"]]
        assert lines[0][3] == expected


def test_scores_show_the_hardest_and_easiest_samples(scores):
    values = scores.metric("avh").per_member.astype(float).mean(0)
    for i in (int(values.argmax()), int(values.argmin())):
        name = f"{scores.index.ids[i]:016x}"
        shown = row(scores_table(scores, "avh"), name)
        assert shown[:3] == [f"class{scores.index.labels[i]}", str(scores.index.source_index[i]), f"{values[i]:.4f}"]


def test_the_histogram_of_scores_counts_every_sample(scores):
    lines = show(scores_table(scores, "avh"))
    start = next(i for i, line in enumerate(lines) if line[:2] == ["avh", "from"])
    counts = [int(line[2]) for line in lines[start + 1 : start + 21]]
    assert sum(counts) == 45


def test_a_subset_shows_its_groups_before_and_after(blobs):
    data = blobs()
    kept = np.zeros(45, bool)
    for c, n in enumerate((12, 9, 5, 2)):
        kept[np.flatnonzero(data.index.labels == c)[:n]] = True
    table = subset_table(lp.Subset(index=data.index, kept=kept, strategy="random", ratio=0.38, options={"seed": 0}))
    assert "blobs pruned by random: removed 17 of 45 (0.38), kept 28" in text(table)
    assert row(table, "head") == ["2", "36", "21", "15", "41.7%"]
    assert row(table, "middle") == ["1", "6", "5", "1", "16.7%"]
    assert row(table, "tail") == ["1", "3", "2", "1", "33.3%"]
    assert row(table, "all") == ["4", "45", "28", "17", "37.8%"]
    assert "imbalance 8.0 before, 6.0 after" in text(table)


def test_a_subset_with_an_emptied_class_shows_no_ratio(blobs):
    data = blobs()
    subset = lp.Subset(index=data.index, kept=data.index.labels < 3, strategy="random", ratio=0.07, options={"seed": 0})
    assert "imbalance 8.0 before, with an empty class after" in text(subset_table(subset))


def test_a_group_without_classes_shows_no_share(blobs):
    subset = lp.prune(blobs(groups=(2, 4)), ratio=0.2, strategy="random")
    assert row(subset_table(subset), "tail") == ["0", "0", "0", "0", "-"]


def test_an_evaluation_shows_percentages():
    head, values = show(evaluation_table(EVALUATION))
    assert dict(zip(" ".join(head).replace("macro F1", "macro-F1").split(), values)) == {
        "head": "95.27",
        "middle": "72.96",
        "tail": "-",
        "overall": "71.24",
        "balanced": "61.12",
        "macro-F1": "60.55",
        "ECE": "8.77",
    }


def test_a_result_shows_what_was_trained(result):
    assert "ce on blobs (whole set, 45 samples), 1 epoch of the recipe paper in 12 s, linear prediction" in text(
        result_table(result)
    )
    assert "95.27 72.96 - 71.24 61.12" in text(result_table(result))


def test_the_title_of_a_comparison_lies_within_its_picture(result):
    drawn = Image.open(io.BytesIO(comparison_figure("a-folder-of-a-longer-name-holdout0.2", (result, result))))
    image = np.asarray(drawn.convert("L"))
    assert (image[:, [0, -1]] == 255).all()


def test_a_comparison_shows_each_run(result):
    pruned = replace(
        result,
        subset="avh 0.45",
        n_train=1234,
        class_counts=(6, 9, 6, 1),
        seconds=9.225,
        evaluation=replace(EVALUATION, overall=0.5, tail=0.25),
    )
    table = comparison_table("blobs", (result, pruned))
    lines = show(table)
    assert ["whole", "set", "45", "100%", "95.27", "72.96", "-", "71.24", "61.12", "0%"] in lines
    assert ["avh", "0.45", "1,234", "25%", "95.27", "72.96", "25.00", "50.00", "61.12", "25%"] in lines
    assert "blobs: test accuracy (%) after the last of 1 epoch" in text(table)
    assert ["trained", "on", "kept", "minimum", "class", "retention"] in [line[:6] for line in lines]


@pytest.mark.parametrize(
    ("name", "shown"),
    [(":smile:", ":smile:"), ("a:pill:b", "a:pill:b"), ("[red]x", "[red]x"), ("a\nb", r"a\nb"), ("x\\", "x\\")],
)
def test_names_are_shown_as_they_are(blobs, scores, name, shown):
    data = blobs()
    index = replace(data.index, class_names=(name, *data.index.class_names[1:]), file_names=(name,) * data.index.n_samples)
    assert row(set_table(replace(data, index=index)), shown)
    table = show(scores_table(replace(scores, index=index), "avh"))
    assert sum(line[-1:] == [shown] for line in table) == 20  # the file names of the hardest and the easiest


def test_a_held_out_test_set_is_said(blobs):
    data = blobs()
    held = replace(data, index=replace(data.index, built={"profile": "none", "holdout": 0.25}))
    assert "40 test images (0.25 of each class, held out) of 8 x 8 x 3" in text(set_table(held))
    assert "held out" not in text(set_table(data))
