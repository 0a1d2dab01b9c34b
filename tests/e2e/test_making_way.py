"""What --overwrite removes: runs and scores, once nothing that can be known keeps others from being trained, and no more."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from typed import lt, ok

import lt_prune as lp
from lt_prune.errors import MemberError
from lt_prune.methods.loss import Loss
from lt_prune.methods.method import Method, Stage
from lt_prune.models import find_model
from lt_prune.models.network import build_network

SMALL = "--data digits --model resnet8 --epochs 1 --device cpu --overwrite"
GRID = f"{SMALL} --members 1 --score-epochs 1"


def content(folder: Path) -> dict[str, bytes]:
    files = [file for file in folder.rglob("*") if file.is_file() and file.name != ".lock"]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, one of two stages, scores, and files of weights that do not fit."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("lt_prune.engine.devices.available_cores", lambda: 1)
        ok(f"train {SMALL} --out run")
        ok(f"train {SMALL} --method crt --set stage2_epochs=1 --out two")
        ok(f"score {SMALL} --members 1")
        state = build_network(find_model("resnet8"), (8, 8, 1), n_classes=10, seed=5).backbone.state_dict()
        first = next(iter(state))
        torch.save({**state, first: state[first][:1]}, "shape.pt")
        torch.save({name: value for name, value in state.items() if name != first}, "key.pt")
        Path("text.pt").write_text("not weights")
        Path("run/thesis.txt").write_text("precious")
        Path("scores/digits-lt10.members/notes.txt").write_text("precious")
    return folder


@pytest.fixture
def world(made, in_tmp) -> Path:
    shutil.copytree(made, in_tmp, dirs_exist_ok=True)
    return in_tmp


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("shape.pt", "of 1 x 1 x 3 x 3, and it must be of 16 x 1 x 3 x 3: name a file of this model's weights"),
        ("key.pt", "has no 0.weight: name a file of this model's weights"),
        ("text.pt", "text.pt is damaged, or no torch file of weights alone: save the state_dict of a model"),
    ],
)
def test_weights_that_do_not_fit_are_refused_before_a_run_makes_way_for_them(world, file, says):
    before = content(world)
    refused = lt(f"train {SMALL} --weights {file} --out run")
    assert refused.exit_code == 1
    assert says in refused.stderr
    assert content(world) == before


@pytest.mark.parametrize(
    "command",
    [f"score {SMALL} --members 1", f"sweep {GRID} --strategies ranked --ratios 0.2 --seeds 0", f"run {GRID}"],
)
def test_the_same_of_scores_and_of_what_is_trained_with_them(world, command):
    before = content(world)
    refused = lt(f"{command} --weights shape.pt")
    assert refused.exit_code == 1
    assert "name a file of this model's weights" in refused.stderr
    assert content(world) == before


def test_a_dry_run_refuses_them(world):
    before = content(world)
    refused = lt("sweep --data digits --model resnet8 --epochs 1 --weights shape.pt --device cpu --dry-run --out new")
    assert "name a file of this model's weights" in refused.stderr
    assert content(world) == before


def test_a_loss_that_breaks_its_promise_is_refused_before_anything_makes_way(world):
    class Broken(Loss):
        def forward(self, outputs, target):
            return outputs.logits

    stage = Stage(loss=Broken, equation="z")
    lp.register("method", "broken", Method(summary="no loss", paper="none", stage=stage))
    before = content(world)
    settings = {"epochs": 1, "model": "resnet8", "compute": lp.Compute(device="cpu"), "overwrite": True}
    with pytest.raises(MemberError, match="broken"):
        lp.train("digits", method="broken", out="run", **settings)
    with pytest.raises(MemberError, match="broken"):
        lp.sweep("digits", lp.Grid(methods=["ce", "broken"], seeds=[0], members=1, score_epochs=1), **settings)
    assert content(world) == before


def test_what_is_none_of_a_run_stays_where_a_run_is_trained_again(world):
    ok(f"train {SMALL} --seed 1 --out run")
    assert Path("run/thesis.txt").read_text() == "precious"
    ok(f"train {SMALL} --out two")
    assert set(content(world / "two")) == {"model.pt", "result.json"}
    assert not Path("two/stage1").exists()


def test_what_is_none_of_an_ensemble_stays_where_it_is_trained_again(world):
    ok(f"score {SMALL} --members 1 --seed 1 --out scores/digits-lt10.h5")
    kept = content(world / "scores/digits-lt10.members")
    assert kept.pop("notes.txt") == b"precious"
    assert len(kept) == 1


@pytest.mark.parametrize(
    ("command", "file", "says"),
    [
        (f"train {SMALL} --out theirs", "theirs/result.json", "exists and is of no run of ours"),
        (f"score {SMALL} --members 1 --out theirs.h5", "theirs.h5", "exists and is no scores file of ours"),
        (f"run {GRID} --out .", "sets/digits-lt10.h5", "exists and is no set file of ours"),
        (
            f"sweep {GRID} --strategies ranked --ratios 0.2 --seeds 0",
            "subsets/digits-lt10-ranked-avh-0.2.h5",
            "exists and is no subset file of ours",
        ),
    ],
)
def test_a_file_of_another_program_makes_no_way(world, command, file, says):
    Path(file).parent.mkdir(exist_ok=True)
    Path(file).write_text('{"theirs": 1}')
    before = content(world)
    refused = lt(command)
    assert f"{file} {says}: give another --out, or remove it" in refused.stderr
    assert content(world) == before


@pytest.mark.parametrize("out", ["two", "run"])
def test_what_a_run_starts_from_makes_no_way_for_it(world, out):
    before = content(world)
    refused = lt(
        f"train --data digits --method crt --set stage2_epochs=1 --device cpu --from-run {out} --out {out} --overwrite"
    )
    assert "is what the run starts from, and --overwrite would remove it: give another --out" in refused.stderr
    assert content(world) == before
