"""The user's three commands, one after the other in an empty folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import lt_prune as lp
from lt_prune.cli import main

EVEN, RANKED = "digits-lt10-equal+random-0.45", "digits-lt10-ranked-avh-0.45"
"""What the second command names its subset, as it stands and with --metric avh."""


def lt(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *line.replace("lt-prune", "lt_prune").split()]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})


def check(folder: Path, name: str, epochs: int, members: int) -> lp.TrainResult:
    """Everything the commands promise, read back from the files."""
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path.name != ".lock"}
    run = f"runs/{name}-atl"
    trained = {f"{run}/{stage}{file}" for stage in ("", "stage1/") for file in ("model.pt", "result.json")}
    assert {name for name in written if ".members/" not in name} == {
        "scores/digits-lt10.h5",
        f"subsets/{name}.h5",
        *trained,
    }
    scores = lp.read_scores("scores/digits-lt10.h5")
    assert scores.metrics["avh"].per_member.shape == (members, 503)
    subset = lp.read_subset(f"subsets/{name}.h5")
    assert (subset.kept.sum(), len(subset.kept)) == (277, 503)  # round(0.45 x 503) = 226 are removed
    if name == RANKED:
        avh, labels = scores.metrics["avh"].per_member.mean(axis=0), subset.index.labels
        several = subset.kept & (np.bincount(labels[subset.kept])[labels] > 1)  # a class's last sample stays, however easy
        assert avh[~subset.kept].max() <= avh[several].min()
    else:
        cut = subset.kept_counts[subset.kept_counts < subset.index.counts]
        assert np.ptp(cut) <= 1  # classes that lose samples are left with as many each, and more than those that lose none
        assert subset.kept_counts.max() == cut.max()
    result = lp.read_result(f"{run}/result.json")
    pruned_by = "avh 0.45" if name == RANKED else "equal+random 0.45"
    assert (result.n_train, result.subset, result.method) == (277, pruned_by, "atl")
    assert (result.spec.first.method, result.spec.first.recipe.epochs, len(result.loss)) == ("aem", epochs, 10)
    assert result.class_counts == tuple(subset.kept_counts)
    told = json.loads(Path(f"{run}/result.json").read_text())
    assert told["spec"]["subset_digest"] == subset.digest
    return result


@pytest.mark.slow
def test_the_three_commands_as_typed(in_tmp):
    for line in ("lt-prune score --metric avh", "lt-prune prune --ratio 0.45", "lt-prune train --method atl"):
        done = lt(line)
        assert done.returncode == 0, done.stderr
    result = check(in_tmp, EVEN, epochs=300, members=10)
    assert result.evaluation.overall > 0.3  # chance is 0.1
    first = lp.read_result(f"runs/{EVEN}-atl/stage1/result.json")
    assert first.loss[-1] < first.loss[0]


@pytest.mark.parametrize(("prune", "name"), [("prune --ratio 0.45", EVEN), ("prune --ratio 0.45 --metric avh", RANKED)])
def test_the_three_commands_with_small_settings(in_tmp, monkeypatch, prune, name):
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # the command's handlers are for a process of its own
    small = "--epochs 1 --model resnet8"
    for line in (f"score --metric avh --members 1 {small}", prune, f"train --method atl {small}"):
        done = CliRunner().invoke(main, line.split())
        assert done.exit_code == 0, done.stderr
        assert done.stderr.splitlines()[-1].startswith("wrote ")
    check(in_tmp, name, epochs=1, members=1)


@pytest.mark.slow
def test_the_same_prune_command_gives_the_same_bytes(in_tmp):
    for hash_seed in ("1", "2"):
        done = lt(f"lt-prune prune --strategy class-random --ratio 0.3 --out {hash_seed}.h5", PYTHONHASHSEED=hash_seed)
        assert done.returncode == 0, done.stderr
    assert Path("1.h5").read_bytes() == Path("2.h5").read_bytes()
