"""What a sweep says before it begins, and its dry run."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch

import lt_prune as lp
from lt_prune.models import find_model
from lt_prune.models.network import build_network
from lt_prune.steps import workload

CPU = lp.Compute(device="cpu", workers=1)
GRID = lp.Grid(strategies=["random", "ranked"], ratios=[0.4], seeds=[0, 1], members=2, score_epochs=1)
SMALL = {"epochs": 2, "model": "resnet8", "batch_size": 16}
ONE_SEED = {"seeds": [0]}


def sweep_of(blobs, monkeypatch):
    """sweep(grid, **options) on blobs of 45: of `GRID`, but for the fields in `grid`. A network is measured to train on 100
    images a second."""
    measured = []
    monkeypatch.setattr(workload, "speed_of", lambda run, compute: measured.append(run) or 100.0)

    def call(grid=None, **options) -> lp.Sweep:
        return lp.sweep(blobs(), replace(GRID, **grid or {}), **{"compute": CPU, **SMALL, **options})

    call.measured = measured
    return call


@pytest.fixture
def sweep(blobs, in_tmp, monkeypatch):
    """The same, in an empty folder."""
    return sweep_of(blobs, monkeypatch)


class Listening:
    """A progress that is told what the work will be."""

    def __init__(self) -> None:
        self.announced: list[str] = []
        self.overall: list[tuple[float, int]] = []

    def __call__(self, what: str, done: float, total: int) -> None:
        if what == "all runs":
            self.overall.append((done, total))

    def announce(self, sentence: str) -> None:
        self.announced.append(sentence)


@dataclass(frozen=True)
class Done:
    """A sweep that has ended, which tests look at and do not change."""

    sweep: lp.Sweep
    told: Listening
    measured: list[object]
    folder: Path


def done_in(folder, blobs, grid) -> Done:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        sweep, told = sweep_of(blobs, patch), Listening()
        return Done(sweep(grid, progress=told), told, sweep.measured, folder)


@pytest.fixture(scope="module")
def whole(blobs, tmp_path_factory) -> Done:
    return done_in(tmp_path_factory.mktemp("whole"), blobs, {})


@pytest.fixture(scope="module")
def one_seed_done(blobs, tmp_path_factory) -> Done:
    return done_in(tmp_path_factory.mktemp("one-seed"), blobs, ONE_SEED)


@pytest.fixture
def one_seed(one_seed_done, in_tmp) -> lp.Sweep:
    """The sweep of one seed, of which a copy is in the working directory."""
    shutil.copytree(one_seed_done.folder, in_tmp, dirs_exist_ok=True)
    return one_seed_done.sweep


def test_a_dry_run_counts_everything_and_writes_nothing(sweep, in_tmp):
    dry = sweep(dry_run=True, compute=lp.Compute(device="cpu", workers=2))
    assert not list(in_tmp.iterdir())
    assert [(run.seed, run.strategy, run.ratio) for run in dry.runs] == [
        (seed, *how) for seed in (0, 1) for how in ((None, 0), ("random", 0.4), ("ranked", 0.4))
    ]
    assert not any(isinstance(run, lp.TrainResult) for run in dry.runs)
    # 2 members of 1 epoch on 45; of each seed one run of 2 epochs on 45 and two on the 27 that are kept.
    assert (dry.work.members, dry.work.runs, dry.work.epochs) == (2, 6, 2 + 12)
    assert dry.work.images == 2 * 45 + 2 * 2 * (45 + 27 + 27)
    assert dry.work.images_per_second == 2 * 100.0


@pytest.mark.slow
def test_a_dry_run_plans_what_is_then_done(sweep, whole):
    dry = sweep(dry_run=True)
    assert [replace(run.spec, subset_digest=None) for run in dry.runs] == [
        replace(run.spec, subset_digest=None) for run in whole.sweep.runs
    ]


@pytest.mark.slow
def test_of_what_is_there_already_only_the_rest_counts(one_seed, sweep):
    dry = sweep(dry_run=True)
    assert (dry.work.members, dry.work.runs) == (0, 3)
    assert [isinstance(run, lp.TrainResult) for run in dry.runs] == [True] * 3 + [False] * 3
    again = sweep(ONE_SEED, dry_run=True)
    assert (again.work.runs, str(again.work)) == (0, "nothing, as all of it is there")


@pytest.mark.slow
def test_the_speed_is_that_of_earlier_networks_of_the_kind(one_seed, sweep):
    scores = lp.read_scores("scores/blobs.h5")
    images = 2 * 45 + 2 * (45 + 27 + 27)
    seconds = scores.seconds.sum() + sum(run.seconds for run in one_seed.runs)
    dry = sweep(dry_run=True)
    assert dry.work.images_per_second == pytest.approx(images / seconds)
    assert not sweep.measured


@pytest.mark.slow
def test_of_long_work_the_speed_is_measured_first_and_hours_are_told(sweep, whole, monkeypatch):
    assert not whole.measured
    assert whole.told.announced[0].endswith("486 images; the time left is told once the speed is measured")
    monkeypatch.setattr(workload, "LONG", 288)
    progress = Listening()
    sweep(ONE_SEED, progress=progress)
    assert len(sweep.measured) == 1
    assert progress.announced[0].endswith("288 images: about 3 seconds at 100 images/s")  # 288 / 100


@pytest.mark.parametrize("freeze", [False, True])
def test_scores_of_a_frozen_network_tell_nothing_of_one_that_is_trained_whole(sweep, blobs, freeze):
    network = build_network(find_model("resnet8"), (8, 8, 3), n_classes=4, seed=5)
    torch.save(network.backbone.state_dict(), "given.pt")
    kept = {"model": "resnet8", "weights": "given.pt"}
    lp.score(blobs(), members=1, epochs=1, out="scores/blobs.h5", compute=CPU, freeze=freeze, **kept)
    for asked in (False, True):
        sweep(weights="given.pt", freeze=asked, dry_run=True, overwrite=True)  # others would be refused
        assert len(sweep.measured) == (asked != freeze)
        sweep.measured.clear()


def test_two_stages_are_two_runs_and_a_shared_one_is_one(sweep):
    dry = sweep(
        {**ONE_SEED, "methods": ["mixup", "mislas", "alas"], "strategies": ["random"]}, stage2_epochs=3, dry_run=True
    )
    assert (dry.work.members, dry.work.runs, dry.work.epochs) == (0, 6, 2 * (2 + 3 + 3))
    assert sweep.measured[0].recipe.mixup == 1.0


def test_what_cannot_end_well_is_refused_by_a_dry_run_too(sweep):
    with pytest.raises(lp.LtPruneError, match="would empty a class"):
        sweep({"ratios": [0.95]}, dry_run=True)


@pytest.mark.slow
def test_a_sweep_says_first_what_it_will_be_and_counts_the_scoring_in(whole):
    progress = whole.told
    assert progress.announced == [f"sweep of blobs: {whole.sweep.work}"]
    assert "2 members and 6 runs, 14 epochs, 486 images" in progress.announced[0]
    assert {total for _, total in progress.overall} == {486}
    assert progress.overall[-1] == (486, 486)


@pytest.mark.slow
def test_run_says_so_too(blobs, in_tmp):
    progress = Listening()
    lp.run(blobs(), epochs=2, members=2, score_epochs=1, model="resnet8", ratio=0.4, compute=CPU, progress=progress)
    images = 2 * 45 + 2 * (45 + 5 * 27)
    assert progress.announced == [
        f"run on blobs: 2 members and 6 runs, 14 epochs, {images:,} images; the time left is told once the speed is measured"
    ]
    assert {total for _, total in progress.overall} == {images}


def test_the_second_stage_is_counted_in(blobs, in_tmp):
    progress = Listening()
    lp.train(blobs(), method="mislas", epochs=2, stage2_epochs=1, model="resnet8", compute=CPU, progress=progress)
    assert progress.overall[0] == (0, 3 * 45)
    assert progress.overall[-1] == (3 * 45, 3 * 45)


@pytest.mark.slow
def test_what_is_left_where_everything_is_there_is_nothing(one_seed, sweep):
    progress = Listening()
    sweep(ONE_SEED, progress=progress)
    assert progress.announced == ["sweep of blobs: nothing, as all of it is there"]
    assert not progress.overall
    assert Path("runs").exists()


def scored(data: lp.LongTailedSet, **changes: object) -> None:
    Path("scores").mkdir()
    scores = lp.score(data, members=1, **{"epochs": 1, "model": "resnet8", "compute": CPU})
    lp.write_scores("scores/blobs.h5", replace(scores, **changes))


def test_scores_that_cannot_be_added_to_are_refused_before_anything_is_said(sweep, blobs, in_tmp):
    scored(blobs())
    progress, changed = Listening(), {**SMALL, "score_epochs": 2, "members": 2}
    says = r"^scores/blobs\.h5 was made with epochs 1, not 2: give another --out, or start again with --overwrite$"
    for dry_run in (True, False):
        with pytest.raises(lp.LtPruneError, match=says):
            sweep({"score_epochs": 2}, dry_run=dry_run, progress=progress)
    with pytest.raises(lp.LtPruneError, match=says):
        lp.run(blobs(), **changed, ratio=0.4, compute=CPU, progress=progress)
    assert not progress.announced
    assert not Path("subsets").exists()


def test_members_of_another_device_are_mixed_in_only_where_that_can_be_asked_for(sweep, blobs, in_tmp):
    scored(blobs(), arithmetic=(lp.Arithmetic(device="cuda", precision="tf32"),))
    options = {**SMALL, "members": 2, "score_epochs": 1, "ratio": 0.4, "compute": CPU}
    with pytest.raises(lp.LtPruneError, match=r"members of scores/blobs\.h5 were trained .*: (?!.*--mix-compute)"):
        lp.run(blobs(), **options)
    with pytest.raises(lp.LtPruneError, match="mix the two by --mix-compute, or give another"):
        sweep(dry_run=True)
    assert sweep(dry_run=True, mix_compute=True).work.members == 1


def test_what_is_made_again_counts(sweep, blobs, in_tmp):
    scored(blobs())
    assert sweep(dry_run=True).work.members == 1
    assert sweep(dry_run=True, overwrite=True).work.members == 2
