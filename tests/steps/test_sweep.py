from __future__ import annotations

import json
import shutil
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import lt_prune as lp
from lt_prune.errors import ArgumentError, MismatchError, UnknownNameError
from lt_prune.reports.words import pruned_by
from lt_prune.store.results import read_grid, write_json
from lt_prune.strategies import STRATEGIES, strategy

HERE = lp.Compute(device="cpu", executor="session")
"""Spares starting processes."""
SMALL = {"epochs": 1, "model": "resnet8", "compute": HERE}
GRID = lp.Grid(strategies=["random", "ranked"], metrics=["el2n"], ratios=[0.2, 0.4], seeds=[0, 1], members=1, score_epochs=1)
AT_RANDOM = {"strategies": ["random"], "seeds": [0]}


def sweep(data, grid=None, **options) -> lp.Sweep:
    """A sweep of `GRID`, but for the fields in `grid`."""
    return lp.sweep(data, replace(GRID, **grid or {}), **{**SMALL, **options})


def test_the_grid_is_every_combination_and_an_unpruned_run_of_each_seed(blobs, in_tmp):
    done = sweep(blobs(), {"metrics": ["el2n", "avh"]})
    pruned = [("random", None), ("ranked", "el2n"), ("ranked", "avh")]
    expected = {(s, m, ratio, seed) for (s, m), ratio, seed in product(pruned, (0.2, 0.4), (0, 1))}
    expected |= {(None, None, 0.0, seed) for seed in (0, 1)}
    assert {(r.strategy, r.metric, r.ratio, r.seed) for r in done.runs} == expected
    assert len(done.runs) == len(expected)
    grid = read_grid(done.file)
    assert {(r.strategy, r.metric, r.ratio, r.seed) for r in grid.values()} == expected
    assert all((folder / "result.json").exists() for folder in grid)


def test_a_strategy_may_be_a_budget_and_a_selection_with_settings(blobs, in_tmp):
    asked = ["equal+random", "sqrt+window+window=0.2", "ccs", "ranked"]
    done = sweep(blobs(), {"strategies": asked, "ratios": [0.4], "seeds": [0], "keep": "easy"})
    assert [(run.strategy, run.metric, run.spec.keep) for run in done.runs if run.strategy] == [
        ("equal+random", None, None),
        ("sqrt+window+window=0.2", "el2n", None),
        ("ccs", "el2n", None),
        ("ranked", "el2n", "easy"),
    ]
    scores = lp.read_scores("scores/blobs.h5")
    for run in done.runs[1:]:
        how = {"scores": scores, "metric": "el2n"} if run.metric else {}
        alone = lp.prune(blobs(), strategy=run.strategy, ratio=0.4, keep=run.spec.keep, **how)
        assert run.spec.subset_digest == alone.digest


def test_controls_are_random_samples_as_many_of_each_class(blobs, in_tmp):
    asked = {"strategies": ["class-random", "ranked", "proportional+hard"], "ratios": [0.4], "controls": True}
    planned = sweep(blobs(), asked, dry_run=True)
    done = sweep(blobs(), asked)
    assert (planned.work.members, planned.work.runs) == (1, len(done.runs))
    of_seed = [[run for run in done.runs if run.seed == seed] for seed in (0, 1)]
    assert [[run.strategy for run in runs if run.strategy] for runs in of_seed] == [
        ["class-random", "ranked", "proportional+hard", "like+random+as=el2n"]  # class-random is the control of the third
    ] * 2
    drawn = [lp.read_subset(f"subsets/blobs-like+random+as=el2n-0.4{seed}.h5") for seed in ("", "-seed1")]
    ranked = lp.read_subset("subsets/blobs-ranked-el2n-0.4.h5")
    for control, runs in zip(drawn, of_seed):
        assert control.kept_counts.tolist() == ranked.kept_counts.tolist()
        assert control.options["like"] == ranked.digest
        assert runs[-1].spec.subset_digest == control.digest != ranked.digest
    assert drawn[0].digest != drawn[1].digest
    labels = [pruned_by(row) for row in lp.results()]
    assert sorted(labels) == ["class-random", "el2n", "proportional+hard el2n", "random like el2n", "unpruned"]
    again = sweep(blobs(), asked, dry_run=True).work
    assert (again.members, again.runs) == (0, 0)
    [advice] = lp.advise(tolerance=1.0)
    assert {line.pruned_by for line in advice.lines} == {"class-random", "el2n", "proportional+hard el2n"}


def test_each_seed_of_its_own_ensemble_has_its_own_controls(blobs, in_tmp):
    asked = {"strategies": ["ranked"], "ratios": [0.4], "controls": True, "ensembles": 2, "within": "class", "keep": "easy"}
    done = sweep(blobs(), asked)
    controls = [
        lp.read_subset(f"subsets/blobs-like+random+as=el2n-easy-kept-within-class-0.4{end}.h5") for end in ("", "-seed1")
    ]
    ranked = [lp.read_subset(f"subsets/blobs-ranked-el2n-0.4-easy-within-class{end}.h5") for end in ("", "-seed1")]
    assert [control.options["like"] for control in controls] == [each.digest for each in ranked]
    assert len(done.runs) == 6


@pytest.mark.filterwarnings("ignore:an array is joined by place")
def test_scores_that_are_given_rank_whoever_made_them(blobs, in_tmp):
    data = blobs()
    theirs = lp.import_scores(np.random.default_rng(0).random(data.index.n_samples), data, metric="el2n", made_by="a test")
    asked = {"members": 10, "score_epochs": 10, "ratios": [0.4], "strategies": ["ranked"]}
    planned = sweep(data, asked, scores=theirs, dry_run=True)
    assert (planned.work.members, planned.work.runs) == (0, 4)
    done = sweep(data, asked, scores=theirs)
    ranked = lp.read_subset("subsets/blobs-ranked-el2n-0.4.h5")
    assert ranked.digest == lp.prune(data, scores=theirs, ratio=0.4).digest
    assert {run.spec.subset_digest for run in done.runs if run.strategy} == {ranked.digest}
    assert not Path("scores").exists()
    lp.write_scores("theirs.h5", theirs)
    assert sweep(data, asked, scores="theirs.h5", dry_run=True).work.runs == 0


@pytest.mark.filterwarnings("ignore:an array is joined by place")
@pytest.mark.parametrize(
    ("grid", "says"),
    [
        ({"strategies": ["random"]}, "scores are for strategies that rank by them: leave them out, or add ranked"),
        ({"members": 3}, "members is for ensembles that the sweep trains, and scores are given"),
        ({"score_epochs": 3}, "score_epochs is for ensembles that the sweep trains, and scores are given"),
        ({"ensembles": 2}, "ensembles is for ensembles that the sweep trains, and scores are given"),
        ({"metrics": ["avh"]}, "theirs.h5 has no 'avh' scores, only el2n"),
    ],
)
def test_scores_that_are_given_for_nothing_are_refused(blobs, in_tmp, grid, says):
    data = blobs()
    lp.import_scores(np.arange(data.index.n_samples), data, metric="el2n", made_by="a test", out="theirs.h5")
    with pytest.raises(ArgumentError, match=says):
        sweep(data, {"members": 10, "score_epochs": 10, **grid}, scores="theirs.h5")
    assert [file.name for file in in_tmp.iterdir()] == ["theirs.h5"]


@pytest.mark.parametrize(
    ("strategy", "says"),
    [
        ("floor+hard", "the budget needs 41, up to 20 of each class: ask for a smaller ratio"),
        ("d2", "strategy 'd2' needs an embedding of each sample, and blobs has none"),
        ("global+moderate", r"strategy 'global\+moderate' needs an embedding of each sample, and blobs has none"),
        ("like+random", "budget 'like' takes the class counts of another subset"),
        ("ccs+cutof=1", "unknown setting 'cutof'"),
    ],
)
def test_a_pruning_that_cannot_be_had_is_refused_before_anything_is_trained(blobs, in_tmp, strategy, says):
    with pytest.raises(ArgumentError, match=says):
        sweep(blobs(), {"strategies": [strategy], "ratios": [0.5]})
    assert not list(in_tmp.iterdir())


@pytest.mark.slow
def test_a_result_is_that_of_a_single_training(blobs, in_tmp):
    done = sweep(blobs(), compute=lp.Compute(device="cpu", workers=1, executor="processes"))
    for run in done.runs:
        subset = None
        if run.strategy:
            by_score = {"scores": "scores/blobs.h5", "metric": "el2n"} if run.metric else {}
            subset = lp.prune(blobs(), strategy=run.strategy, ratio=run.ratio, seed=run.seed, **by_score)
        alone = lp.train(
            blobs(),
            subset=subset,
            seed=run.seed,
            epochs=1,
            model="resnet8",
            compute=lp.Compute(device="cpu", n_threads=1),
        )
        assert (run.loss, run.evaluation, run.class_counts) == (alone.loss, alone.evaluation, alone.class_counts)


def test_the_same_call_again_trains_nothing_and_an_added_ratio_only_itself(blobs, in_tmp):
    first = sweep(blobs())
    started: list[str] = []

    def note(what, done, total):
        if what != "all runs" and done == 0:
            started.append(what)

    assert sweep(blobs(), progress=note) == first
    assert started == []
    sweep(blobs(), {"ratios": [0.3]}, progress=note)
    assert sorted(started) == sorted(
        f"blobs, {label} 0.3, ce{seed}" for label in ("random", "el2n") for seed in ("", ", seed 1")
    )
    assert len(read_grid(first.file)) == len(first.runs) + 4


def test_runs_that_diverge_are_failures_in_the_results(blobs, in_tmp):
    done = sweep(blobs(), {**AT_RANDOM, "ratios": [0.2]}, lr=1e38, epochs=3, warmup=0)
    assert len(done.failures) == 2
    assert all("diverged" in run.reason or "not finite" in run.reason for run in done.failures)
    assert [row["failed"] for row in lp.results()] == [1, 1]
    assert [row["n"] for row in lp.results()] == [0, 0]


def test_one_failure_leaves_the_others_and_is_tried_again(blobs, in_tmp):
    broken = Path("runs/blobs-random-0.2-ce/model.pt")
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"junk")
    done = sweep(blobs())
    [failure] = done.failures
    assert (failure.strategy, failure.ratio, failure.seed) == ("random", 0.2, 0)
    assert "model.pt is damaged" in failure.reason
    assert (broken.parent / "failure.json").exists()
    [row] = [row for row in lp.results() if row["failed"]]
    assert (row["strategy"], row["n"], row["reasons"]) == ("random", 1, [f"seed 0: {failure.reason}"])
    broken.unlink()
    assert not sweep(blobs()).failures
    assert not (broken.parent / "failure.json").exists()


@pytest.mark.parametrize(
    ("grid", "kind"),
    [
        ({"strategies": ["rnaked"]}, UnknownNameError),
        ({"metrics": ["vha"]}, UnknownNameError),
        ({"methods": ["ec"]}, UnknownNameError),
        ({"metrics": []}, ArgumentError),
        ({"seeds": []}, ArgumentError),
        ({"ratios": [0.2, 1.0]}, ArgumentError),
        ({"ratios": [0.95]}, ArgumentError),
        ({"strategies": ["random"], "keep": "easy"}, ArgumentError),
        ({"within": "sets"}, ArgumentError),
        ({"ensembles": 3}, ArgumentError),
        ({"ensembles": 0}, ArgumentError),
        ({"strategies": ["random"], "ensembles": 2}, ArgumentError),
        ({"members": 0}, ArgumentError),
    ],
)
def test_a_grid_that_cannot_end_well_is_refused_before_anything_is_written(blobs, in_tmp, grid, kind):
    with pytest.raises(kind):
        sweep(blobs(), grid)
    assert list(in_tmp.iterdir()) == []


@pytest.mark.parametrize("options", [{"equal": "time"}, {"epochs": 0}, {"stage2_epochs": 1}])
def test_options_that_cannot_end_well_are_refused_before_anything_is_written(blobs, in_tmp, options):
    with pytest.raises(ArgumentError):
        sweep(blobs(), **options)
    assert list(in_tmp.iterdir()) == []


def test_other_settings_in_the_same_folder_are_refused(blobs, in_tmp):
    sweep(blobs(), AT_RANDOM)
    with pytest.raises(MismatchError, match=r"lists runs/blobs-ce with epochs 1, not 2: give another --out, or start again"):
        sweep(blobs(), AT_RANDOM, epochs=2)


def test_missing_runs_are_counted(blobs, in_tmp):
    done = sweep(blobs())
    Path("runs/blobs-ranked-el2n-0.4-ce-seed1/result.json").unlink()
    rows = {(row["metric"], row["ratio"]): (row["n"], row["missing"]) for row in lp.results(done.file)}
    assert rows == {
        (None, 0.0): (2, 0),
        (None, 0.2): (2, 0),
        (None, 0.4): (2, 0),
        ("el2n", 0.2): (2, 0),
        ("el2n", 0.4): (1, 1),
    }


def test_rows_hold_mean_and_sample_deviation_over_seeds(blobs, in_tmp):
    done = sweep(blobs(), {"seeds": [0, 1, 2]})
    [row] = [row for row in lp.results(out="all.csv") if (row["strategy"], row["ratio"]) == ("random", 0.4)]
    runs = [run for run in done.runs if (run.strategy, run.ratio) == ("random", 0.4)]
    for name in ("head", "middle", "tail", "overall", "balanced", "ece"):
        values = [getattr(run.evaluation, name) for run in runs]
        assert row[f"{name}_mean"] == pytest.approx(np.mean(values))
        assert row[f"{name}_std"] == pytest.approx(np.std(values, ddof=1))
    lines = Path("all.csv").read_text().splitlines()
    assert len(lines) == 1 + 5
    assert lines[0].startswith("name,strategy,metric")


def test_a_single_run_has_no_deviation(blobs, in_tmp):
    sweep(blobs(), AT_RANDOM)
    assert {row["overall_std"] for row in lp.results()} == {None}


def test_a_copied_run_is_no_other_seed(blobs, in_tmp):
    sweep(blobs(), AT_RANDOM)
    before = lp.results()
    shutil.copytree("runs/blobs-ce", "elsewhere/whole")
    assert lp.results("runs", "elsewhere") == before


@pytest.mark.slow
def test_grids_at_equal_epochs_and_at_equal_steps_lie_side_by_side(blobs, in_tmp):
    """45 images are 6 batches of 8; the 36 and 27 that ratios 0.2 and 0.4 leave are 5 and 4."""
    longer = {"epochs": 3, "batch_size": 8}
    at_epochs = sweep(blobs(), {"seeds": [0]}, **longer)
    started: list[str] = []
    at_steps = sweep(blobs(), {"seeds": [0]}, equal="steps", progress=lambda what, *_: started.append(what), **longer)
    assert {run.ratio: run.spec.recipe.epochs for run in at_steps.runs} == {
        0: 3,
        0.2: 4,
        0.4: 4,
    }  # 18 / 5 = 3.6, 18 / 4 = 4.5
    assert {run.spec.recipe.epochs for run in at_epochs.runs} == {3}
    assert at_steps.runs[0] == at_epochs.runs[0]
    assert "blobs, whole, ce" not in started
    folders = {folder.name for folder in read_grid(at_steps.file)}
    assert {"blobs-ce", "blobs-random-0.2-ce", "blobs-random-0.2-ce-equal-steps"} <= folders
    assert len(folders) == 1 + 4 + 4
    rows = lp.results()
    assert [(row["equal"], row["n"], row["settings"]) for row in rows] == [
        *[(None, 1, "")],
        *[("epochs", 1, "")] * 4,
        *[("steps", 1, "")] * 4,
    ]
    again = sweep(blobs(), {"seeds": [0]}, equal="steps", **longer)
    assert again == at_steps


def test_each_seed_can_have_an_ensemble_of_its_own(blobs, in_tmp):
    done = sweep(blobs(), {"ensembles": 2})
    for run in (run for run in done.runs if run.metric):
        name = "blobs" + (f"-seed{run.seed}" if run.seed else "")
        subset = lp.prune(blobs(), scores=f"scores/{name}.h5", metric="el2n", ratio=run.ratio)
        assert (run.spec.ensemble, run.spec.subset_digest) == (run.seed, subset.digest)
    assert [run.spec.ensemble for run in done.runs if not run.metric] == [None] * 6
    before = Path("scores/blobs-seed1.h5").read_bytes()
    lp.score(
        blobs(), seed=1, members=1, epochs=1, model="resnet8", compute=lp.Compute(device="cpu"), out="scores/blobs-seed1.h5"
    )
    assert Path("scores/blobs-seed1.h5").read_bytes() == before
    shared = sweep(blobs())
    assert {run.spec.ensemble for run in shared.runs if run.metric} == {0}
    rows = [row for row in lp.results() if row["metric"]]
    assert [(row["ratio"], row["n"], row["ensembles"]) for row in rows] == [
        (0.2, 2, 1),
        (0.2, 2, 2),
        (0.4, 2, 1),
        (0.4, 2, 2),
    ]


def test_a_record_of_the_first_versions_goes_on(blobs, in_tmp):
    """It says neither what is equal nor which ensemble ranked."""
    done = sweep(blobs())
    for file in [Path(done.file), *Path("runs").rglob("result.json")]:
        content = json.loads(file.read_text())
        for fields in content.get("runs", [content]):
            for name in ("equal", "unscaled", "ensemble"):
                del fields["spec"][name]
        del content["schema"], content["sha256"]
        write_json(file, "sweep" if "runs" in content else "result", content)
    again = sweep(blobs())
    assert [replace(run, spec=replace(run.spec, ensemble=None)) for run in done.runs] == list(again.runs)


def test_two_strategies_on_one_metric_have_files_and_runs_of_their_own(blobs, in_tmp):
    easiest = strategy(needs_scores=True)(lambda request: STRATEGIES.load("ranked")(replace(request, keep="easy")))
    lp.register("strategy", "easiest", easiest)
    grid = {"strategies": ["ranked", "easiest"], "metrics": ["avh"], "ratios": [0.4], "seeds": [0]}
    done = sweep(blobs(), grid, batch_size=16)
    assert not done.failures
    assert {file.name for file in Path("subsets").iterdir()} == {"blobs-ranked-avh-0.4.h5", "blobs-easiest-avh-0.4.h5"}
    kept = [lp.read_subset(f"subsets/blobs-{name}-avh-0.4.h5").digest for name in ("ranked", "easiest")]
    assert [run.spec.subset_digest for run in done.runs] == [None, *kept]
    assert [run.subset for run in done.runs] == [None, "avh 0.4", "easiest avh 0.4"]
    assert kept[0] != kept[1]
