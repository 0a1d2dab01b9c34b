from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import lt_prune as lp
from lt_prune.errors import ArgumentError, MismatchError, UnknownNameError
from lt_prune.progress import ALL_RUNS
from lt_prune.steps.run import EPOCHS

SMALL = {"epochs": 1, "members": 1, "score_epochs": 1, "model": "resnet8", "compute": lp.Compute(device="cpu")}


def run(data, **options) -> lp.Comparison:
    return lp.run(data, **{**SMALL, **options})


def digests(folder: str) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(Path(folder).rglob("*")) if path.is_file()}


def test_every_file_named_is_written_and_none_other_at_the_top(blobs, in_tmp):
    comparison = run(blobs(), out="here")
    assert all(Path(file).exists() for file in comparison.files)
    assert sorted(path.name for path in Path("here").iterdir()) == ["runs", "scores", "sets", "subsets"]
    named = {Path(file) for file in comparison.files}
    assert set(Path("here/sets").iterdir()) | set(Path("here/subsets").iterdir()) <= named
    assert set(Path("here/runs").iterdir()) <= named


def test_files_are_below_the_working_directory_by_default(blobs, in_tmp):
    assert "scores/blobs.h5" in run(blobs()).files
    assert Path("scores/blobs.h5").exists()


def test_compares_the_whole_set_with_five_subsets(blobs, in_tmp):
    comparison = run(blobs())
    assert [result.subset for result in comparison.results] == [
        None,
        "random 0.45",
        "class-random 0.45",
        "equal+random 0.45",
        "el2n 0.45",
        "avh 0.45",
    ]
    assert [result.n_train for result in comparison.results] == [45, 25, 25, 25, 25, 25]
    assert (comparison.name, comparison.ratio) == ("blobs", 0.45)


def test_subsets_are_those_of_the_scores_written(blobs, in_tmp):
    run(blobs(), ratio=0.3)
    for metric in ("el2n", "avh"):
        subset = lp.prune(blobs(), scores="scores/blobs.h5", metric=metric, ratio=0.3)
        assert lp.read_subset(f"subsets/blobs-ranked-{metric}-0.3.h5").digest == subset.digest
        assert lp.read_result(f"runs/blobs-ranked-{metric}-0.3-ce/result.json").spec.subset_digest == subset.digest


def test_results_are_those_of_the_steps_one_by_one(blobs, in_tmp):
    comparison = run(blobs())
    scores = lp.score(blobs(), members=1, epochs=1, model="resnet8", compute=lp.Compute(device="cpu"))
    subset = lp.prune(blobs(), scores=scores, ratio=0.45)
    result = lp.train(blobs(), subset=subset, epochs=1, model="resnet8", compute=lp.Compute(device="cpu", n_threads=1))
    assert comparison.results[-1].loss == result.loss
    assert comparison.results[-1].evaluation == result.evaluation


def test_the_comparison_written_is_the_one_returned(blobs, in_tmp):
    comparison = run(blobs())
    said = json.loads(Path("runs/blobs-0.45-ce-comparison.json").read_text())
    assert [row["evaluation"]["overall"] for row in said["results"]] == [r.evaluation.overall for r in comparison.results]
    assert [row["n_train"] for row in said["results"]] == [45, 25, 25, 25, 25, 25]
    assert tuple(said["files"]) == comparison.files
    assert said["schema"] == 4


def test_the_figure_is_a_png(blobs, in_tmp):
    run(blobs())
    assert Path("runs/blobs-0.45-ce-comparison.png").read_bytes().startswith(b"\x89PNG\r\n")


def test_the_same_call_again_trains_nothing_and_says_the_same(blobs, in_tmp, monkeypatch):
    first = run(blobs())
    before = digests(".")

    def refuse(*args, **options):
        raise AssertionError("trained again")

    monkeypatch.setattr("lt_prune.engine.session.training", refuse)
    assert run(blobs()) == first
    after = digests(".")
    assert {path for path in before if before[path] != after[path]} == set()


def test_an_interrupted_call_goes_on_where_it_was(blobs, in_tmp):
    class StoppedError(Exception):
        pass

    def stop(what, done, total):
        if "class-random" in what and done == 1:
            raise StoppedError

    with pytest.raises(StoppedError):
        run(blobs(), progress=stop)
    started = []
    comparison = run(blobs(), progress=lambda what, done, total: started.append(what) if done < total else None)
    left = [f"blobs, {label} 0.45, ce" for label in ("equal+random", "el2n", "avh")]
    assert [what for what in started if what != ALL_RUNS] == left
    assert [r.loss for r in comparison.results] == [r.loss for r in run(blobs(), out="other").results]


def test_another_ratio_shares_scores_and_the_whole_set(blobs, in_tmp):
    run(blobs())
    started = []
    run(blobs(), ratio=0.2, progress=lambda what, done, total: started.append(what) if done == 0 else None)
    started = [what for what in started if what != ALL_RUNS]
    assert started == [f"blobs, {label} 0.2, ce" for label in ("random", "class-random", "equal+random", "el2n", "avh")]


def test_overwrite_starts_again(blobs, in_tmp):
    run(blobs())
    started = []
    run(blobs(), overwrite=True, progress=lambda what, done, total: started.append(what) if done == 0 else None)
    assert len(set(started) - {ALL_RUNS}) == 7


def test_runs_of_two_seeds_stand_side_by_side(blobs, in_tmp):
    # More than one member and epoch, so that the two ensembles rank differently.
    first = run(blobs(), seed=0, score_epochs=3)
    before = digests("subsets")
    run(blobs(), seed=1, score_epochs=3)
    after = digests("subsets")
    assert {path for path in before if before[path] != after[path]} == set()
    assert lp.read_subset("subsets/blobs-ranked-avh-0.45.h5").digest == first.results[-1].spec.subset_digest


@pytest.mark.parametrize("ratio", [1.0, -0.1, float("nan")])
def test_a_ratio_that_is_no_fraction_is_refused_before_anything_is_written(blobs, in_tmp, ratio):
    with pytest.raises(ArgumentError, match="ratio is the fraction to remove"):
        run(blobs(), ratio=ratio)
    assert list(in_tmp.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"method": "ec"}, UnknownNameError),
        ({"epochs": 0}, ArgumentError),
        ({"model": "resnet33"}, ArgumentError),
        ({"members": 0}, ArgumentError),
        ({"lr": -1}, ArgumentError),
        ({"tau": 0.5}, ArgumentError),
        ({"stage2_epochs": 1}, ArgumentError),
    ],
    ids=["method", "epochs", "model", "members", "lr", "another method's", "a second stage's"],
)
def test_unusable_arguments_are_refused_before_anything_is_written(blobs, in_tmp, options, kind):
    with pytest.raises(kind):
        run(blobs(), **options)
    assert list(in_tmp.iterdir()) == []


@pytest.mark.parametrize(
    "make",
    [
        lambda data: (replace(data, test_pixels=data.test_pixels[:0], test_labels=np.zeros(0, np.int64)), 0.45),
        lambda data: (data, 0.95),
    ],
    ids=["no test images", "a class would be emptied"],
)
def test_what_cannot_end_well_is_refused_before_the_scoring(blobs, in_tmp, make):
    data, ratio = make(blobs())
    started = []
    with pytest.raises(lp.LtPruneError):
        run(data, ratio=ratio, progress=lambda what, done, total: started.append(what))
    assert started == []


def test_at_equal_steps_runs_have_other_folders_but_for_the_whole_set(blobs, in_tmp):
    settings = {"epochs": 2, "method": "mixup"}
    run(blobs(), **settings)
    comparison = run(blobs(), equal="steps", **settings)
    assert comparison.equal == "steps"
    assert [result.spec.equal for result in comparison.results] == ["epochs", *["steps"] * 5]
    names = [Path(file).name for file in comparison.files if Path(file).is_dir()]
    kept = ("random", "class-random", "equal+random", "ranked-el2n", "ranked-avh")
    assert names == ["blobs-mixup", *(f"blobs-{label}-0.45-mixup-equal-steps" for label in kept)]
    assert all((Path("runs") / name.removesuffix("-equal-steps")).exists() for name in names)
    assert json.loads(Path("runs/blobs-0.45-mixup-equal-steps-comparison.json").read_text())["equal"] == "steps"


def test_settings_are_those_of_every_run_and_the_network_is_also_the_ensembles(blobs, in_tmp):
    settings = {"method": "alas", "stage2_epochs": 2, "tau": 0.5, "lr": 0.05, "batch_size": 16}
    comparison = run(blobs(), **settings)
    for result in comparison.results:
        spec = result.spec
        assert spec.settings["tau"] == 0.5
        assert (spec.recipe.epochs, spec.first.recipe.epochs) == (2, 1)
        assert (spec.first.recipe.lr, spec.first.recipe.batch_size) == (0.05, 16)
    scored = lp.read_scores("scores/blobs.h5").recipe
    assert (scored.model, scored.lr, scored.batch_size) == ("resnet8", lp.Recipe().lr, lp.Recipe().batch_size)


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, {"epochs": None, "lr": None}], ids=["left out", "None"])
def test_what_is_left_out_is_at_its_default(blobs, in_tmp, monkeypatch, settings):
    monkeypatch.setattr("lt_prune.steps.run.EPOCHS", 2)
    comparison = lp.run(blobs(), members=1, score_epochs=1, model="resnet8", compute=SMALL["compute"], **settings)
    assert {(each.spec.recipe.epochs, each.spec.recipe.lr) for each in comparison.results} == {(2, 0.1)}


def test_the_default_is_60_epochs():
    assert EPOCHS == 60


def test_another_setting_in_the_same_folder_is_refused_before_the_scoring(blobs, in_tmp):
    run(blobs())
    Path("scores/blobs.h5").unlink()
    with pytest.raises(MismatchError, match=r"^runs/blobs-ce holds a finished run with lr 0\.1, not 0\.05: give another"):
        run(blobs(), lr=0.05, progress=lambda what, done, total: pytest.fail("something was trained"))
    assert not Path("scores/blobs.h5").exists()
