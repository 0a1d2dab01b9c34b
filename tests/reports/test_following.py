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
from lt_prune.progress import ALL_RUNS, Beforehand, Epoch, announce, no_progress, tell
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
    for ended in (*named["network"], *named["result"]):
        before = [line for line in lines[: lines.index(ended)] if line.get("what") == ended["what"]]
        epochs = [line for line in before if line["event"] == "epoch"]
        assert [(line["epoch"], line["loss"]) for line in epochs] == list(enumerate(ended["loss"], 1))
        assert all(line["lr"] > 0 and line["images_per_second"] > 0 for line in epochs)
    done = {run.ratio: run.evaluation.overall for run in map(lp.read_result, Path("runs").glob("*/result.json"))}
    assert {line["ratio"]: line["overall"] for line in named["result"]} == done


@pytest.mark.parametrize("command", ["score --members 1", "train --subset none", "run --members 1 --score-epochs 1"])
def test_other_commands_have_a_log_too(blobs, in_tmp, command):
    lp.write_set("blobs.h5", blobs())
    ok(f"{command} --data blobs.h5 --epochs 1 --model resnet8 --executor session --log log.jsonl")
    assert {"result" if command.startswith(("train", "run")) else "network"} <= {line["event"] for line in read("log.jsonl")}


def epoch(number: int) -> Epoch:
    return Epoch(epoch=number, loss=3.0 - number, lr=0.1, images_per_second=50.0)


@pytest.fixture
def board(in_tmp, monkeypatch) -> dict[str, list[tuple[Any, ...]]]:
    """What a writer like that of tensorboard.summary has been given, by folder."""
    written: dict[str, list[tuple[Any, ...]]] = {}

    class Writer:
        def __init__(self, output: str) -> None:
            Path(output).mkdir(parents=True, exist_ok=True)
            self.own = written.setdefault(output, [])

        def add_scalar(self, tag: str, data: float, step: int) -> None:
            self.own.append((tag, data, step))

        def flush(self) -> None:
            self.own.append(("flushed",))

        def close(self) -> None:
            self.own.append(("closed",))

    summary = ModuleType("tensorboard.summary")
    summary.Writer = Writer
    monkeypatch.setitem(sys.modules, "tensorboard", ModuleType("tensorboard"))
    monkeypatch.setitem(sys.modules, "tensorboard.summary", summary)
    return written


AT_THE_END = [
    ("test/overall", 0.5, 2),
    ("test/balanced", 0.4, 2),
    ("test/head", 0.75, 2),
    ("test/middle", 0.25, 2),
    ("test/ece", 0.1, 2),
    ("seconds", 1.5, 2),
    ("flushed",),
    ("closed",),
]


def test_scalars_of_each_epoch_are_written_for_tensorboard_as_it_ends(board):
    of_first = [("loss", 2.0, 1), ("lr", 0.1, 1), ("images_per_second", 50.0, 1), ("flushed",)]
    of_second = [("loss", 1.0, 2), ("lr", 0.1, 2), ("images_per_second", 50.0, 2), ("flushed",)]
    with shown_progress(tensorboard="board") as told:
        tell(told, "blobs, ce, seed 0", planned())
        assert not board
        tell(told, "blobs, ce, seed 0", epoch(1))
        assert board == {"board/blobs-ce-seed-0": of_first}
        tell(told, "blobs, ce, seed 0", epoch(2))
        tell(told, "blobs, ce, seed 0", result())
    assert board == {"board/blobs-ce-seed-0": [*of_first, *of_second, *AT_THE_END]}


def test_losses_of_epochs_that_nobody_told_of_are_written_at_the_end(board):
    """As by an executor that does not tell of epochs."""
    with shown_progress(tensorboard="board") as told:
        tell(told, "a run", result())
    assert board["board/a-run"] == [("loss", 2.0, 1), ("flushed",), ("loss", 1.0, 2), ("flushed",), *AT_THE_END]


def test_of_a_run_that_goes_on_no_epoch_is_written_twice(board):
    for number in (1, 2):
        with shown_progress(tensorboard="board") as told:
            tell(told, "a run", epoch(number))
            if number == 2:
                tell(told, "a run", result())
    assert [step for tag, *_, step in (each for each in board["board/a-run"] if len(each) == 3) if tag == "loss"] == [1, 2]


def test_what_is_not_finished_is_closed(board):
    with shown_progress(tensorboard="board") as told:
        tell(told, "seed 0", epoch(1))
        tell(told, "seed 0", lp.FailedRun(spec=planned().spec, reason="it diverged"))
        tell(told, "seed 1", epoch(1))
        assert board["board/seed-0"][-1] == ("closed",)
        assert board["board/seed-1"][-1] == ("flushed",)
    assert board["board/seed-1"][-1] == ("closed",)
    assert board["board/seed-0"].count(("closed",)) == 1


def test_tensorboards_own_files_hold_them(in_tmp):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with shown_progress(tensorboard="board") as told:
        for number in (1, 2):
            tell(told, "a run", epoch(number))
            events = EventAccumulator("board/a-run").Reload()
            found = [round(event.tensor_proto.float_val[0], 3) for event in events.Tensors("loss")]
            assert found == [2.0, 1.0][:number]
        tell(told, "a run", result())


def test_without_the_extra_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    monkeypatch.setitem(sys.modules, "tensorboard.summary", None)
    with pytest.raises(ArgumentError, match=r"pip install 'lt-prune\[tensorboard\]'$"), shown_progress(tensorboard="board"):
        pass
