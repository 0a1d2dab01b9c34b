"""Progress that is told of runs: the table on a terminal, the bar of a notebook, the log, and TensorBoard."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from typed import lt, ok

import lt_prune as lp
import lt_prune.reports.progress as progress
from lt_prune.errors import ArgumentError, FileError
from lt_prune.progress import ALL_RUNS, Beforehand, announce, no_progress, tell
from lt_prune.reports.log import Log
from lt_prune.reports.overall import Overall
from lt_prune.reports.progress import shown_progress

EVALUATION = lp.Evaluation(
    overall=0.5,
    balanced=0.4,
    head=0.75,
    middle=0.25,
    tail=None,
    per_class=(),
    ece=0.1,
    macro_f1=0.4,
    confusion=lp.Confusion(num_classes=1, true=(0,), predicted=(0,), count=(4,)),
    n_test=4,
)


def planned(seed: int = 0, **changes: Any) -> lp.PlannedRun:
    named = {"name": "blobs", "data_digest": "0", "method": "ce", "recipe": lp.Recipe(epochs=2), "seed": seed}
    return lp.PlannedRun(spec=lp.TrainSpec(**{**named, **changes}))


def result(seed: int = 0, **changes: Any) -> lp.TrainResult:
    known = {"data": None, "subset": None, "n_train": 3, "class_counts": (3,), "versions": {}}
    return lp.TrainResult(spec=planned(seed, **changes).spec, **known, evaluation=EVALUATION, loss=(2.0, 1.0), seconds=1.5)


def read(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def test_on_a_terminal_the_table_of_a_sweep_fills_in(monkeypatch):
    console = Console(force_terminal=True, color_system=None, width=140, height=50, file=io.StringIO())
    monkeypatch.setattr(progress, "Console", lambda stderr: console)
    with shown_progress() as shown:
        bars = shown._bars

        def seen() -> str:
            with console.capture() as captured:
                for part in bars.get_renderables():
                    console.print(part)
            return captured.get()

        for seed in (0, 1):
            tell(shown, f"seed {seed}", planned(seed))
        shown(ALL_RUNS, 0, 100)
        assert "2 missing" in seen()
        tell(shown, "seed 0", result(0))
        assert "1 missing" in seen()
        assert "50.00" in seen()
        tell(shown, "seed 1", lp.FailedRun(spec=planned(1).spec, reason="it diverged"))
        assert "1 failed" in seen()
        assert "it diverged" in seen()
    assert bars.table is None  # the command shows what it came to


def test_one_run_has_no_table(monkeypatch):
    console = Console(force_terminal=True, file=io.StringIO())
    monkeypatch.setattr(progress, "Console", lambda stderr: console)
    with shown_progress() as shown:
        tell(shown, "a run", planned())
        assert shown._bars.table is None


@pytest.fixture
def cell(monkeypatch) -> list[str]:
    """What a notebook shows below a cell, drawing by drawing."""
    drawn: list[str] = []

    class Handle:
        def update(self, shown: Any) -> None:
            drawn.append(shown._repr_html_())

    class ZMQInteractiveShell:
        pass

    notebook = ModuleType("IPython")
    notebook.get_ipython = ZMQInteractiveShell
    notebook.display = SimpleNamespace(display=lambda shown, display_id: Handle())
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    return drawn


def test_in_a_notebook_there_is_a_bar(cell, capsys):
    with shown_progress() as shown:
        shown(ALL_RUNS, 0, 200)
        shown("<first>", 0, 2)
        shown("<first>", 1, 2)
        shown(ALL_RUNS, 200, 200)
        shown("<first>", 2, 2)
    assert '<div>all runs <progress max="200" value="200"></progress> 100%' in cell[-1]
    assert "&lt;first&gt;" in "".join(cell)
    assert "<first>" not in "".join(cell)
    assert capsys.readouterr().err == ""


def test_a_run_by_itself_keeps_its_bar(cell):
    with shown_progress() as shown:
        shown("a run", 3, 3)
    assert '<div>a run <progress max="3" value="3"></progress> 3/3 epochs' in cell[-1]


def test_drawings_are_not_too_many(cell):
    with shown_progress() as shown:
        for done in range(1000):
            shown("a run", done, 1001)
    assert len(cell) < 20


def test_a_terminal_of_ipython_is_no_notebook(monkeypatch):
    shell = ModuleType("IPython")
    shell.get_ipython = lambda: None
    monkeypatch.setitem(sys.modules, "IPython", shell)
    assert progress.display_of_notebook() is None


def test_a_log_has_a_line_for_each_thing_that_is_told(in_tmp, capsys):
    with shown_progress(log="log.jsonl") as told:
        announce(told, "two runs")
        tell(told, "seed 0", planned(0))
        told("seed 0", 1, 2)
        assert [line["event"] for line in read("log.jsonl")] == ["said", "planned", "epochs"]  # while it goes on
        tell(told, "seed 0", result(0))
        tell(told, "seed 1", lp.FailedRun(spec=planned(1).spec, reason="it diverged"))
        tell(told, "member 1 of 2", {"loss": (1.0,), "seconds": 2.0})
    said, plan, epochs, reached, failed, network = read("log.jsonl")
    assert said["sentence"] == "two runs"
    assert (plan["method"], plan["seed"], plan["what"]) == ("ce", 0, "seed 0")
    assert (epochs["done"], epochs["total"]) == (1, 2)
    assert (reached["overall"], reached["tail"], reached["loss"], reached["seconds"]) == (0.5, None, [2.0, 1.0], 1.5)
    assert (failed["event"], failed["reason"]) == ("failed", "it diverged")
    assert (network["event"], network["loss"]) == ("network", [1.0])


def test_a_log_of_nothing_is_not_there(in_tmp):
    with Log("log.jsonl"):
        assert Path("log.jsonl").exists()
    assert not Path("log.jsonl").exists()


def test_a_line_that_was_cut_off_spoils_no_other(in_tmp):
    Path("log.jsonl").write_text('{"event": "said", "time": 1, "sentence": "a"}\n{"event": "sa')
    with Log("log.jsonl") as log:
        log.announce("b")
    assert json.loads(Path("log.jsonl").read_text().splitlines()[-1])["sentence"] == "b"


def test_a_log_goes_on_behind_what_it_holds(in_tmp):
    for sentence in ("first", "second"):
        with shown_progress(log="log.jsonl") as told:
            announce(told, sentence)
    assert [line["sentence"] for line in read("log.jsonl")] == ["first", "second"]


@pytest.mark.parametrize("content", ["notes\n", '{"rows": []}\n', "[1]\n", "5\n"])
def test_another_file_is_not_written_to(in_tmp, content):
    Path("log").write_text(content)
    with pytest.raises(FileError, match=r"^log is no log of ours: name another file for it$"), shown_progress(log="log"):
        pass
    assert Path("log").read_text() == content


def test_a_log_that_cannot_be_written_says_so(in_tmp):
    refused = lt("score --log nowhere/log.jsonl --members 1 --epochs 1 --model resnet8")
    assert refused.exit_code == 1
    assert refused.stderr == (
        "lt-prune: nowhere/log.jsonl cannot be written (No such file or directory): name another file for the log\n"
    )
    assert not list(in_tmp.iterdir())


def test_wrappers_pass_on_what_is_known(in_tmp):
    with shown_progress(log="log.jsonl") as told:
        for outer in (Beforehand(told, "never told"), Overall(told, {})):
            tell(outer, "a run", planned())
            tell(no_progress, "a run", planned())
        announce(Overall(told, {}), "told")
    assert [line["event"] for line in read("log.jsonl")] == ["planned", "planned", "said"]


def test_a_sweep_tells_of_each_run_and_member(blobs, in_tmp):
    lp.write_set("blobs.h5", blobs())
    small = "--epochs 1 --model resnet8 --executor session"
    grid = "--strategies ranked --ratios 0.4 --seeds 0 --members 1 --score-epochs 1"
    ok(f"sweep --data blobs.h5 {grid} {small} --log log.jsonl")
    lines = read("log.jsonl")
    named = {event: [line for line in lines if line["event"] == event] for event in ("network", "planned", "result")}
    assert {event: len(found) for event, found in named.items()} == {"network": 1, "planned": 2, "result": 2}
    done = {run.ratio: run.evaluation.overall for run in map(lp.read_result, Path("runs").glob("*/result.json"))}
    assert {line["ratio"]: line["overall"] for line in named["result"]} == done


@pytest.mark.parametrize("command", ["score --members 1", "train --subset none", "run --members 1 --score-epochs 1"])
def test_other_commands_have_a_log_too(blobs, in_tmp, command):
    lp.write_set("blobs.h5", blobs())
    ok(f"{command} --data blobs.h5 --epochs 1 --model resnet8 --executor session --log log.jsonl")
    assert {"result" if command.startswith(("train", "run")) else "network"} <= {line["event"] for line in read("log.jsonl")}


def test_scalars_of_each_run_are_written_for_tensorboard(in_tmp, monkeypatch):
    written: dict[str, list[tuple[Any, ...]]] = {}

    class Writer:
        """That of tensorboard.summary, which takes a folder's name."""

        def __init__(self, output: str) -> None:
            self.own = written.setdefault(output, [])

        def add_scalar(self, tag: str, data: float, step: int) -> None:
            self.own.append((tag, data, step))

        def close(self) -> None:
            self.own.append(("closed",))

    summary = ModuleType("tensorboard.summary")
    summary.Writer = Writer
    monkeypatch.setitem(sys.modules, "tensorboard", ModuleType("tensorboard"))
    monkeypatch.setitem(sys.modules, "tensorboard.summary", summary)
    with shown_progress(tensorboard="board") as told:
        tell(told, "blobs, ce, seed 0", planned())
        tell(told, "blobs, ce, seed 0", result())
    assert written == {
        "board/blobs-ce-seed-0": [
            ("loss", 2.0, 1),
            ("loss", 1.0, 2),
            ("test/overall", 0.5, 2),
            ("test/balanced", 0.4, 2),
            ("test/head", 0.75, 2),
            ("test/middle", 0.25, 2),
            ("test/ece", 0.1, 2),
            ("seconds", 1.5, 2),
            ("closed",),
        ]
    }


def test_tensorboards_own_files_hold_them(in_tmp):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with shown_progress(tensorboard="board") as told:
        tell(told, "a run", result())
    events = EventAccumulator("board/a-run").Reload()
    assert [round(event.tensor_proto.float_val[0], 3) for event in events.Tensors("loss")] == [2.0, 1.0]


def test_without_the_extra_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    monkeypatch.setitem(sys.modules, "tensorboard.summary", None)
    with pytest.raises(ArgumentError, match=r"pip install 'lt-prune\[tensorboard\]'$"), shown_progress(tensorboard="board"):
        pass
