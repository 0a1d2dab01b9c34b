"""What shells are offered."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete, get_completion_class

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


DOCS = (Path(lp.__file__).parents[1] / "docs" / "commands.md").read_text()
RC = {"bash": ".bashrc", "zsh": ".zshrc", "fish": "fish/config.fish"}
"""Where a shell reads its line, below the folder that it is told."""


def line_of(shell: str) -> str:
    """What docs/commands.md says to put there."""
    [line] = re.findall(rf"^- {shell}, in `[^`]+`: `([^`]+)`", DOCS, flags=re.MULTILINE)
    return line


@pytest.mark.parametrize("shell", RC)
def test_each_shell_has_a_script_of_its_own(shell):
    script = get_completion_class(shell)(main, {}, "lt-prune", "_LT_PRUNE_COMPLETE").source()
    assert "_LT_PRUNE_COMPLETE" in script
    assert f"_LT_PRUNE_COMPLETE={shell}_source lt-prune" in line_of(shell)


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_of_an_option_with_its_value_in_one_word_the_word_is_completed(in_tmp, shell):
    Path("sets").mkdir()
    asked = get_completion_class(shell)(main, {}, "lt-prune", "_LT_PRUNE_COMPLETE").get_completions
    assert [item.value for item in asked(["score"], "--metric=avh,el")] == ["--metric=avh,el2n"]
    assert [item.value for item in asked(["build"], "--out=s")] == ["--out=sets/"]
    assert [item.value for item in asked(["score"], "--metri")] == ["--metric"]


ZSH = r"""
zmodload zsh/zpty
zpty z zsh -i
zpty -w z 'PS1= RPS1= PROMPT_EOL_MARK=; stty cols 200; unsetopt zle_bracketed_paste prompt_sp'
zpty -w z 'shown() { zle list-choices; zle -R; zle complete-word; print -r -- "[<$BUFFER>]"; zle kill-whole-line }'
zpty -w z 'zle -N shown; bindkey "^I" shown; print -r -- "[<rea""dy>]"'
zpty -r z seen '*\[<ready>\]*'
for typed in "$@"; do
    zpty -w -n z "$typed"$'\t'
    zpty -r z seen '*\[<*>\]*'
    print -rN -- "$seen"
done
zpty -d z
"""
"""Types each argument and a tab, and prints what is seen then, with the line that it has become as [<LINE>]."""


@pytest.fixture
def typed_in(tmp_path, monkeypatch) -> Callable[..., list[str]]:
    """typed_in(shell, *lines) is what the shell, with our line in its file, shows for each line and a tab."""
    monkeypatch.chdir(tmp_path)
    for path in ("bin", "fish", "files/photos/train", "files/sets"):
        Path(path).mkdir(parents=True)
    Path("files/sets/blobs.h5").touch()
    Path("bin/lt-prune").write_text(f'#!/bin/sh\nexec {sys.executable} -c "{RUN}" "$@"\n')
    Path("bin/lt-prune").chmod(0o755)
    folders = dict.fromkeys(("HOME", "ZDOTDIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME"), str(tmp_path))
    env = {
        "PATH": f"{tmp_path}/bin:/usr/bin:/bin",
        "PYTHONPATH": str(Path(lp.__file__).parents[1]),
        "TERM": "xterm",
        **folders,
    }

    def call(shell: str, *lines: str) -> list[str]:
        if not shutil.which(shell):
            pytest.skip(f"there is no {shell}")
        Path(RC[shell]).write_text(f"{line_of(shell)}\n")
        if shell == "zsh":
            Path("type.zsh").write_text(ZSH)
            command = ["zsh", "-f", "../type.zsh", *lines]
        else:
            command = ["fish", "-c", "\n".join(f"complete -C '{line}'; printf '\\0'" for line in lines)]
        said = subprocess.run(command, capture_output=True, text=True, env=env, cwd="files", timeout=60)
        assert said.returncode == 0, said.stderr
        return said.stdout.split("\0")[:-1]

    return call


IN_A_SHELL = {
    "prune --met": "--metric",
    "prune --metric avh,el2": None,
    "sweep --metrics avh,el2": "avh,el2n",
    "train --method foc": "focal",
    "prune --budget sq": "sqrt",
    "prune --select wi": "window",
    "prune --drop no": "noisy:",
    "build --data dig": "digits",
    "build --data folder:ph": "folder:photos/",
    "build --data sets/b": "sets/blobs.h5",
    "score --metric=avh,el2": "--metric=avh,el2n",
    "export --out=se": "--out=sets/",
}
"""What the last word becomes, if it has an end at all."""


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_a_shell_completes_what_was_begun(typed_in, shell):
    seen = typed_in(shell, *(f"lt-prune {line}" for line in IN_A_SHELL))
    for (line, expected), shown in zip(IN_A_SHELL.items(), seen, strict=True):
        before, _, begun = line.rpartition(" ")
        if shell == "fish":
            assert [each.partition("\t")[0] for each in shown.splitlines()] == ([expected] if expected else [])
            continue
        more_to_come = not expected or expected[-1] in ":/+"
        assert re.findall(r"\[<(.*)>\]", shown) == [f"lt-prune {before} {expected or begun}{'' if more_to_come else ' '}"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_a_shell_offers_sources_and_files_beside_each_other(typed_in, shell):
    [shown] = typed_in(shell, "lt-prune build --data ")
    for name in ("sets/", "photos/", *names("sources")):
        assert name in shown


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
def test_bash_completes_what_was_begun(tmp_path):
    (tmp_path / "lt-prune").write_text(f'#!/bin/sh\nexec {sys.executable} -c "{RUN}"\n')
    (tmp_path / "lt-prune").chmod(0o755)
    typed = (
        'COMP_WORDS=(lt-prune score --metric avh,el); COMP_CWORD=3; _lt_prune_completion lt-prune; echo "${COMPREPLY[@]}"'
    )
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin", "PYTHONPATH": str(Path(lp.__file__).parents[1])}
    said = subprocess.run(["bash", "-c", f"{line_of('bash')}\n{typed}"], capture_output=True, text=True, env=path)
    assert said.stdout == "avh,el2n\n", said.stderr
