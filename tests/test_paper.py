"""scripts/paper.py: our figures beside the published ones."""

from __future__ import annotations

import csv
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import lt_prune as lp
from lt_prune.engine.cuda import run_side_by_side
from lt_prune.engine.session import threads
from lt_prune.store.results import RESULT, read_result

SCRIPT = Path(__file__).parents[1] / "scripts" / "paper.py"
PUBLISHED = {
    ("table1", "CIFAR-10-LT", "100", "L2A stage 1", "tail"): 62.71,
    ("table1", "CIFAR-10-LT", "10", "L2A stage 2", "all"): 89.84,
    ("table1", "CIFAR-100-LT", "50", "MiSLAS stage 2", "mid"): 53.37,
    ("table2", "CIFAR-10-LT", "100", "ATL", "all"): 82.60,
    ("table2", "CIFAR-100-LT", "100", "TSC", "all"): 43.8,
    ("table3", "ImageNet-LT", "256", "LWS", "all"): 49.90,
    ("table4", "ImageNet-LT", "256", "ViT-B angular", "mid"): 63.02,
    ("table5", "CIFAR-10-LT", "100", "concave", "0.24"): 82.01,
    ("table6", "CIFAR-100-LT", "100", "concave", "0.75"): 46.54,
}
COUNTS = {"table1": 2 * 3 * 4 * 4, "table2": 2 * 15, "table3": 10, "table4": 4 * 4, "table5": 2 * 9, "table6": 2 * 5}
ROWS = {
    "table1": {"MiSLAS stage 1", "L2A stage 1", "MiSLAS stage 2", "L2A stage 2"},
    "table2": {"Focal loss", "L2RW", "CB loss", "RCBM-CE", "BBN", "TSC", "TDE", "ABS", "AEM", "ALAS", "ATL", "LWS"},
    "table3": {"MetaSAug-CE", "LWS", "MiSLAS stage 1", "L2A stage 2", "ABS", "AEM", "ALAS", "ATL", "Focal loss"},
    "table4": {"ViT-S linear", "ViT-S angular", "ViT-B linear", "ViT-B angular"},
    "table5": {"concave"},
    "table6": {"linear", "concave"},
    "figure6": {"unpruned", "random", "class-random", "el2n", "avh"},
}
NOT_RUN = {"L2RW", "RCBM-CE", "BBN", "TSC", "TDE", "MetaSAug-CE", *ROWS["table4"]}


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

    def run_local(runs, n_workers, progress, arithmetic):
        with threads(1):
            yield from run_side_by_side(runs, 1, progress, arithmetic)

    monkeypatch.setattr("lt_prune.engine.run_pool", run_local)


@pytest.fixture
def trained(monkeypatch) -> list[str]:
    """Titles of the networks trained from here on."""
    import lt_prune.steps.score
    import lt_prune.steps.train

    titles: list[str] = []
    for step in (lt_prune.steps.score, lt_prune.steps.train):

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


def test_the_published_numbers_are_those_of_the_paper():
    numbers = {
        (line["table"], line["data"], line["imbalance"], line["row"], line["column"]): float(line["value"])
        for line in lines_of(SCRIPT.with_suffix(".csv"))
    }
    assert {key: numbers[key] for key in PUBLISHED} == PUBLISHED
    assert {table: sum(key[0] == table for key in numbers) for table in COUNTS} == COUNTS
    assert len(numbers) == sum(COUNTS.values())


@pytest.mark.parametrize("imbalance", ["100", "50", "10"])
@pytest.mark.parametrize(("data", "weights"), [("CIFAR-10-LT", (3, 4, 3)), ("CIFAR-100-LT", (36, 35, 29))])
def test_published_groups_average_to_the_published_whole(data, weights, imbalance):
    """Test sets are balanced, so a slip of the pen in a group or in "all" would show."""
    mine = [line for line in lines_of(SCRIPT.with_suffix(".csv")) if line["table"] == "table1"]
    for row in ROWS["table1"]:
        value = {
            line["column"]: float(line["value"])
            for line in mine
            if (line["data"], line["imbalance"], line["row"]) == (data, imbalance, row)
        }
        mean = np.average([value["head"], value["mid"], value["tail"]], weights=weights)
        assert value["all"] == pytest.approx(mean, abs=0.3), (row, value)


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("cifar10-lt100", True),
        ("cifar10-lt100-mislas-s1", True),
        ("cifar10-lt1000", False),
        ("cifar10-lt10", False),
        ("cifar10-lt100-n500", False),
        ("cifar100-lt100", False),
        ("digits-lt10", False),
    ],
)
def test_a_set_is_the_papers_where_its_name_says_so(paper, name, same):
    assert paper.Block("CIFAR-10-LT", "100", {}).is_about(name) == same


def test_groups_of_other_classes_are_not_compared(paper, blobs):
    rows = {"L2A stage 1": {"head": 90.0, "mid": 80.0, "tail": 70.0, "all": 80.0}}
    for groups, compared in (((3, 7), {"head", "mid", "tail", "all"}), ((4, 8), {"all"})):
        ten = blobs(counts=(30, 20, 10, 9, 8, 7, 6, 5, 4, 3), groups=groups).index
        ours = {column: [85.0] for column in rows["L2A stage 1"]}
        lines = paper.beside(
            paper.Block("CIFAR-10-LT", "100", rows), replace(ten, name="cifar10-lt100"), "L2A stage 1", ours
        )
        assert {line.column for line in lines if line.difference is not None} == compared


def test_other_data_stand_beside_the_published_data_most_alike(paper, tmp_path):
    study = paper.studied("smoke", None, None, None, None, out=tmp_path, download=False)
    assert [block.title for _, block in study.blocks("table1")] == ["CIFAR-10-LT, imbalance 10"]
    assert [block.title for _, block in study.blocks("table6")] == ["CIFAR-100-LT, imbalance 100"]


def test_a_difference_needs_both_figures_of_the_same_data(paper):
    common = {"data": "x", "row": "r", "column": "all", "ours": (80.0, 83.0)}
    line = paper.Line(**common, paper=82.0)
    assert (line.mean, line.difference) == (81.5, -0.5)
    assert line.variance == pytest.approx(4.5)
    assert paper.Line(**common, paper=82.0, comparable=False).difference is None
    assert paper.Line(**common).difference is None
    assert paper.Line(**{**common, "ours": ()}, paper=82.0).difference is None


def test_a_table_that_is_not_there_is_a_usage_error(run):
    assert run("table9").exit_code == 2


def test_missing_data_is_one_sentence(run, tmp_path, monkeypatch):
    monkeypatch.setenv("LT_PRUNE_DATA", str(tmp_path))
    done = run("table2", "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert "CIFAR10 cannot be read" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


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
def test_figure_6_at_equal_steps_is_apart(run, out):
    done = run("figure6", "--preset", "smoke", "--out", out, "--equal", "steps")
    assert done.exit_code == 0, done.stderr
    assert "at equal steps, ranked by one ensemble" in done.stdout.splitlines()[0]
    assert {line["equal"] for line in lines_of(out / "figure6-equal-steps.csv")} == {"steps"}
    assert (out / "figure6-equal-steps.png").exists()
