"""scripts/paper.py: our figures beside the published ones."""

from __future__ import annotations

import csv
import importlib.util
import re
import shlex
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import lt_prune as lp
from lt_prune.errors import ArgumentError
from lt_prune.reports.paper import STAGES
from lt_prune.steps.paper_tables import methods_of
from lt_prune.store.results import RESULT, read_result

SCRIPT = Path(__file__).parents[1] / "scripts" / "paper.py"
ROWS = {
    "table1": {"MiSLAS stage 1", "L2A stage 1", "MiSLAS stage 2", "L2A stage 2"},
    "table2": {"Focal loss", "L2RW", "CB loss", "RCBM-CE", "BBN", "TSC", "TDE", "ABS", "AEM", "ALAS", "ATL", "LWS"},
    "table3": {"MetaSAug-CE", "LWS", "MiSLAS stage 1", "L2A stage 2", "ABS", "AEM", "ALAS", "ATL", "Focal loss"},
    "table4": {"ViT-S linear", "ViT-S angular", "ViT-B linear", "ViT-B angular"},
    "table5": {"concave"},
    "table6": {"linear", "concave"},
    "figure6": {"unpruned", "random", "class-random", "el2n", "avh"},
}
NOT_RUN = {"L2RW", "RCBM-CE", "TSC", "MetaSAug-CE", *ROWS["table4"]}


@pytest.fixture(scope="module")
def paper():
    spec = importlib.util.spec_from_file_location("paper", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "paper", module)  # its dataclasses look themselves up
        spec.loader.exec_module(module)
        yield module


@pytest.fixture(scope="module")
def run(paper) -> Callable[..., Result]:
    return lambda *words: CliRunner().invoke(paper.main, [str(word) for word in words])


@pytest.fixture(scope="module")
def out(tmp_path_factory) -> Path:
    """Shared, as the tables share runs."""
    return tmp_path_factory.mktemp("paper")


@pytest.fixture(autouse=True)
def no_processes(monkeypatch) -> None:
    """Networks are trained in this process, which spares starting others."""
    monkeypatch.setattr("lt_prune.engine._usual_executor", lambda *_: "session")


@pytest.fixture
def trained(monkeypatch) -> list[str]:
    """Titles of the networks trained from here on."""
    import lt_prune.steps.gathering
    import lt_prune.steps.train

    titles: list[str] = []
    for step in (lt_prune.steps.gathering, lt_prune.steps.train):

        def note(runs, *args, run_all=step.run_all, **options):
            titles.extend(run.title for run in runs)
            return run_all(runs, *args, **options)

        monkeypatch.setattr(step, "run_all", note)
    return titles


@pytest.fixture
def like_the_papers(blobs, tmp_path) -> Path:
    """A set file whose name says that it is the paper's."""
    data = blobs()
    file = tmp_path / "set.h5"
    lp.write_set(file, replace(data, index=replace(data.index, name="cifar10-lt100")))
    return file


def lines_of(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as opened:
        return list(csv.DictReader(opened))


def commands_of_the_page() -> list[list[str]]:
    """The words of the commands in docs/paper.md."""
    lines = re.findall(r"^(.*scripts/paper\.py .*)$", (SCRIPT.parents[1] / "docs/paper.md").read_text(), flags=re.MULTILINE)
    return [shlex.split(line, comments=True) for line in lines]


def test_the_page_calls_it_in_the_environment_of_the_quick_start():
    python = re.search(r"^(\S+/python) -m pip install", (SCRIPT.parent / "quickstart.sh").read_text(), flags=re.MULTILINE)[1]
    assert {tuple(words[:2]) for words in commands_of_the_page()} == {(python, "scripts/paper.py")}


@pytest.mark.parametrize("words", [words[2:] for words in commands_of_the_page()], ids=" ".join)
def test_it_takes_the_commands_of_the_page(paper, words):
    command, *options = words
    paper.main.commands[command].make_context(command, options)


def test_the_options_that_shorten_it_reach_the_runs(run, like_the_papers, tmp_path):
    short = ("--epochs", 1, "--stage2-epochs", 2, "--model", "resnet8", "--seeds", 1, "--workers", 1, "--device", "cpu")
    done = run("table6", "--data", like_the_papers, *short, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    spec = read_result(tmp_path / "out/runs/cifar10-lt100-alas-concave-0.5" / RESULT).spec
    assert (spec.recipe.epochs, spec.recipe.model, spec.arithmetic.device) == (2, "resnet8", "cpu")
    assert (spec.first.recipe.epochs, spec.first.recipe.model) == (1, "resnet8")


def test_the_time_left_counts_the_second_stages_of_table_6(run, like_the_papers, tmp_path):
    done = run("table6", "--preset", "smoke", "--data", like_the_papers, "--epochs", 1, "--out", tmp_path / "out")
    first, *others = (line for line in done.stderr.splitlines() if "left of all runs" in line)
    assert first.startswith("cifar10-lt100, whole, mixup: 1 of 1 epochs")
    assert len(others) == 10  # five rates of each form


def test_a_run_of_table_6_that_fails_is_a_row_and_the_others_go_on(run, like_the_papers, tmp_path):
    broken = tmp_path / "out/runs/cifar10-lt100-alas-linear-0.25/model.pt"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"junk")
    done = run("table6", "--preset", "smoke", "--data", like_the_papers, "--epochs", 1, "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert "runs without a result: 1; the same command tries them again" in done.stderr
    lines = {(line["row"], line["column"]): line for line in lines_of(tmp_path / "out" / "table6.csv")}
    assert "model.pt is damaged" in lines["linear", "0.25"]["note"]
    assert {line["n"] for place, line in lines.items() if place != ("linear", "0.25")} == {"1"}


@pytest.mark.parametrize("table", ["table4", "table5", "figure6"])
def test_what_has_no_second_stage_takes_no_epochs_of_one(run, table):
    done = run(table, "--stage2-epochs", 1)
    assert (done.exit_code, "No such option" in done.stderr) == (2, True)


def test_a_table_that_is_not_there_is_a_usage_error(run):
    assert run("table9").exit_code == 2


def test_missing_data_is_one_sentence(run, tmp_path, monkeypatch):
    monkeypatch.setenv("LT_PRUNE_DATA", str(tmp_path))
    done = run("table2", "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert "CIFAR10 cannot be read" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("table", ["table1", "figure6"])
def test_a_set_that_is_missing_is_told_before_another_is_trained_on(run, blobs, tmp_path, monkeypatch, trained, table):
    opened = []

    def open_set(name, **options):
        opened.append(name)
        if name.startswith("cifar100"):
            raise lp.LtPruneError("CIFAR100 is missing")
        return blobs()

    for place in ("lt_prune.steps.build.open_set", "lt_prune.steps.paper_tables.open_set"):
        monkeypatch.setattr(place, open_set)
    monkeypatch.setattr(lp, "open_set", open_set, raising=False)
    done = run(table, "--out", tmp_path / "out")
    assert (done.exit_code, done.stderr, trained) == (1, "lt-prune: CIFAR100 is missing\n", [])
    assert opened[0] == "cifar10-lt100"


def test_help_is_asked_for_as_of_any_command(run):
    assert run("-h").stdout == run("--help").stdout
    assert run("table1", "-h").stdout == run("table1", "--help").stdout


def test_vision_transformers_are_listed_and_not_run(run, out, trained):
    done = run("table4", "--out", out)
    assert (done.exit_code, trained) == (0, [])
    assert all(row in done.stdout for row in ROWS["table4"])
    assert done.stdout.count("no trainer of vision transformers") == 16


def test_on_the_papers_data_the_difference_is_ours_minus_the_papers(run, like_the_papers, tmp_path):
    done = run(
        "table5", "--preset", "smoke", "--data", like_the_papers, "--epochs", 1, "--seeds", 2, "--out", tmp_path / "out"
    )
    assert done.exit_code == 0, done.stderr
    [line] = [line for line in lines_of(tmp_path / "out" / "table5.csv") if line["column"] == "0"]
    folders = [tmp_path / "out/runs" / f"cifar10-lt100-mixup{seed}" for seed in ("", "-seed1")]
    ours = [100 * lp.evaluate(folder, like_the_papers, prediction="angular").overall for folder in folders]
    assert float(line["mean"]) == pytest.approx(np.mean(ours), abs=1e-3)
    assert float(line["difference"]) == pytest.approx(np.mean(ours) - 76.78, abs=1e-3)
    assert f"{np.mean(ours) - 76.78:+.2f}" in done.stdout


def test_a_run_that_fails_is_a_row_with_its_reason(run, like_the_papers, tmp_path):
    broken = tmp_path / "out/runs/cifar10-lt100-mislas/model.pt"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"junk")
    done = run("table1", "--preset", "smoke", "--data", like_the_papers, "--epochs", 1, "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert "runs without a result: 1" in done.stderr
    lines = {line["row"]: line for line in lines_of(tmp_path / "out" / "table1.csv")}
    assert "model.pt is damaged" in lines["MiSLAS stage 2"]["note"]
    assert lines["L2A stage 2"]["n"] == "1"


@pytest.mark.slow
@pytest.mark.parametrize("table", ROWS)
def test_every_row_is_printed_and_a_second_run_trains_nothing(run, out, trained, table):
    first = run(table, "--preset", "smoke", "--out", out)
    assert first.exit_code == 0, first.stderr
    lines = lines_of(out / f"{table}.csv")
    rows = {line["row"] for line in lines}
    assert rows >= ROWS[table]
    assert all(row in first.stdout for row in rows)
    assert {line["row"] for line in lines if not int(line["n"])} == rows & NOT_RUN
    trained.clear()
    second = run(table, "--preset", "smoke", "--out", out)
    assert (second.exit_code, second.stdout, trained) == (0, first.stdout, [])


def test_embeddings_have_no_branches(blobs):
    ways = {"BBN": ("bbn", None), "TDE": ("tde", None), "L2A stage 1": ("mixup", "angular")}
    assert methods_of(ways, blobs()) == ["bbn", "tde", "mixup"]
    assert methods_of(ways, blobs(), "torchvision:vit_b_16") == ["tde", "mixup"]
    assert methods_of(ways, replace(blobs(), pixels=np.zeros((45, 6), np.float32))) == ["tde", "mixup"]


def test_methods_can_be_chosen(blobs):
    assert methods_of(STAGES, blobs(), chosen=["l2a", "mixup"]) == ["mixup", "l2a"]
    with pytest.raises(ArgumentError, match="no row of the table is of method 'ce', only of mixup, mislas, l2a"):
        methods_of(STAGES, blobs(), chosen=["l2a", "ce"])


@pytest.mark.slow
def test_rows_of_methods_that_are_not_chosen_say_so(run, out):
    done = run("table2", "--preset", "smoke", "--methods", "l2a", "--out", out)
    assert done.exit_code == 0, done.stderr
    lines = {line["row"]: line for line in lines_of(out / "table2.csv")}
    assert {row for row, line in lines.items() if int(line["n"])} == {"L2A stage 2"}
    assert lines["ATL"]["note"] == "not asked for, or no branches of such a model"


@pytest.mark.slow
def test_a_row_is_what_its_run_reached(run, out):
    assert run("table2", "--preset", "smoke", "--out", out).exit_code == 0
    reached = {line["row"]: line["mean"] for line in lines_of(out / "table2.csv")}
    for row, folder in {"ATL": "atl", "CB loss": "cb", "MiSLAS stage 1": "mixup", "LWS": "lws"}.items():
        result = read_result(out / "runs" / f"digits-lt10-{folder}" / RESULT)
        assert float(reached[row]) == pytest.approx(100 * result.evaluation.overall, abs=1e-3)


@pytest.mark.slow
def test_figure_6_is_drawn(run, out):
    assert run("figure6", "--preset", "smoke", "--out", out).exit_code == 0
    assert (out / "figure6.png").read_bytes().startswith(b"\x89PNG")
    assert (out / "figure6.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.slow
def test_figure_6_at_equal_steps_is_separate(run, out):
    done = run("figure6", "--preset", "smoke", "--out", out, "--equal", "steps")
    assert done.exit_code == 0, done.stderr
    assert "at equal steps, ranked by one ensemble" in done.stdout.splitlines()[0]
    assert {line["equal"] for line in lines_of(out / "figure6-equal-steps.csv")} == {"steps"}
    assert (out / "figure6-equal-steps.png").exists()
