"""What shells are offered."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

import lt_prune as lp
from lt_prune import choices
from lt_prune.cli import main

RUN = "from lt_prune.cli import main; main(prog_name='lt-prune')"
"""What the installed command does."""


def offered(*typed: str) -> list[str]:
    """The words offered for the last one, which has been begun."""
    return [item.value for item in items(*typed) if item.type == "plain"]


def items(*typed: str) -> list[click.shell_completion.CompletionItem]:
    *args, incomplete = typed
    return ShellComplete(main, {}, "lt-prune", "_LT_PRUNE_COMPLETE").get_completions(args, incomplete)


def takes_files(*typed: str) -> bool:
    return any(item.type == "file" for item in items(*typed))


def names(family: str, begun: str = "") -> list[str]:
    return [member.name for member in lp.members(family) if member.name.startswith(begun)]


def test_commands_are_offered():
    assert offered("sc") == ["score", "scores"]


@pytest.mark.parametrize(
    ("typed", "family"),
    [
        (["train", "--method", ""], "methods"),
        (["run", "--method", "m"], "methods"),
        (["sweep", "--methods", "a"], "methods"),
        (["methods", ""], "methods"),
        (["score", "--metric", ""], "metrics"),
        (["scores", "x.h5", "--metric", "a"], "metrics"),
        (["prune", "--metric", "e"], "metrics"),
        (["audit", "--metric", "e"], "metrics"),
        (["sweep", "--metrics", "e"], "metrics"),
        (["import-scores", "x.npy", "--metric", "e"], "metrics"),
        (["import-outputs", "x.npz", "--metric", "e"], "metrics"),
        (["prune", "--budget", ""], "budgets"),
        (["prune", "--select", "w"], "selections"),
        (["train", "--prediction", ""], "predictors"),
        (["evaluate", "run", "--prediction", ""], "predictors"),
        (["score", "--model", "resnet"], "models"),
        (["score", "--executor", ""], "executors"),
        (["build", "--data", "c"], "sources"),
        (["advise", "--data", "d"], "sources"),
        (["doctor", "--data", "d"], "sources"),
        (["plot", "run", "--data", "d"], "sources"),
        (["report", "--data", "d"], "sources"),
        (["gallery", "--data", "d"], "sources"),
        (["gallery", "--metric", "e"], "metrics"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else value,
)
def test_members_of_a_family_are_offered(typed, family):
    assert offered(*typed) == names(family, typed[-1])
    assert offered(*typed)


def test_members_of_other_packages_are_among_them():
    lp.register("metric", "mine", lambda logits, labels: labels)
    assert offered("score", "--metric", "mi") == ["mine"]


def test_of_a_list_the_last_is_completed_and_none_is_offered_twice():
    assert offered("score", "--metric", "avh,el") == ["avh,el2n"]
    assert "el2n,el2n" not in offered("score", "--metric", "el2n,")
    assert "el2n,avh" in offered("score", "--metric", "el2n,")


def test_a_strategy_is_a_preset_or_a_budget_and_a_selection():
    assert offered("prune", "--strategy", "eq") == ["equal+"]
    assert offered("prune", "--strategy", "equal+win") == ["equal+window"]
    assert offered("prune", "--strategy", "ccs") == ["ccs", "ccs-cp", "ccs-cp+"]
    assert offered("sweep", "--strategies", "random,equal+win") == ["random,equal+window"]


def test_words_of_a_choice_are_offered():
    assert offered("prune", "--keep", "") == list(choices.KEEP)
    assert offered("advise", "--group", "t") == ["tail"]
    assert offered("list", "m") == ["metrics", "methods", "models"]
    assert offered("train", "--subset", "a") == ["auto"]
    assert offered("prune", "--drop", "no") == ["noisy:"]
    assert offered("prune", "--drop", "noisy:0.1,du") == ["noisy:0.1,duplicates"]


@pytest.mark.parametrize(
    "typed",
    [
        ["build", "--data", ""],
        ["train", "--subset", ""],
        ["export", ""],
        ["audit", ""],
        ["scores", ""],
        ["evaluate", ""],
        ["results", ""],
        ["prune", "--scores", ""],
        ["score", "--weights", ""],
        ["build", "--out", ""],
    ],
    ids="-".join,
)
def test_files_are_offered(typed):
    assert takes_files(*typed)
    assert items(*typed)[0].type == "file"  # bash forgets what stands before it


def test_behind_a_source_stands_a_path(in_tmp):
    for path in ("photos/train/cat", "photos/test", "other"):
        Path(path).mkdir(parents=True)
    Path("photos.npz").touch()
    assert offered("build", "--data", "folder:ph") == ["folder:photos/", "folder:photos.npz"]
    assert offered("build", "--data", "folder:photos/") == ["folder:photos/test/", "folder:photos/train/"]
    assert offered("build", "--data", f"folder:{in_tmp}/o") == [f"folder:{in_tmp}/other/"]
    assert offered("build", "--data", "folder:nowhere/x") == []


def test_nothing_heavy_is_loaded_for_it():
    code = (
        "import sys; from click.shell_completion import ShellComplete; from lt_prune.cli import main\n"
        "found = ShellComplete(main, {}, 'lt-prune', '_LT_PRUNE_COMPLETE').get_completions(['score', '--metric'], 'av')\n"
        "print([item.value for item in found], 'torch' in sys.modules, 'sklearn' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == "['avh'] False False\n"


@pytest.mark.parametrize(("shell", "kind"), [("bash", BashComplete), ("zsh", ZshComplete), ("fish", FishComplete)])
def test_each_shell_has_a_script_of_its_own(shell, kind):
    assert "_LT_PRUNE_COMPLETE" in kind(main, {}, "lt-prune", "_LT_PRUNE_COMPLETE").source()
    readme = (Path(lp.__file__).parents[1] / "README.md").read_text()
    assert f"_LT_PRUNE_COMPLETE={shell}_source lt-prune" in readme


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
def test_bash_completes_what_was_begun(tmp_path):
    (tmp_path / "lt-prune").write_text(f'#!/bin/sh\nexec {sys.executable} -c "{RUN}"\n')
    (tmp_path / "lt-prune").chmod(0o755)
    script = BashComplete(main, {}, "lt-prune", "_LT_PRUNE_COMPLETE").source()
    typed = (
        'COMP_WORDS=(lt-prune score --metric avh,el); COMP_CWORD=3; _lt_prune_completion lt-prune; echo "${COMPREPLY[@]}"'
    )
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin", "PYTHONPATH": str(Path(lp.__file__).parents[1])}
    said = subprocess.run(["bash", "-c", f"{script}\n{typed}"], capture_output=True, text=True, env=path)
    assert said.stdout == "avh,el2n\n", said.stderr
