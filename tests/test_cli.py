"""The command line in process: options, help, JSON, what goes to which stream, and refusals that need torch."""

from __future__ import annotations

import csv
import json
import re
import shlex
import signal
import subprocess
import sys
import warnings
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import click
import numpy as np
import pytest
import torch
import typed
from click.testing import CliRunner, Result
from PIL import Image

import lt_prune as lp
from lt_prune.budgets import BUDGETS
from lt_prune.choices import DEVICES, EQUAL, FIGURES, LOADINGS, PRECISIONS
from lt_prune.cli import main
from lt_prune.data.sources import SOURCES
from lt_prune.figures import of_run as figures
from lt_prune.methods import METHODS
from lt_prune.metrics import METRICS
from lt_prune.planning.recipes import MEMBER
from lt_prune.predictors import PREDICTORS
from lt_prune.selections import SELECTIONS
from lt_prune.store.weights import read_weights
from lt_prune.strategies import STRATEGIES

SMALL = ("--epochs", 1, "--model", "resnet8")
FLOW = ("build", "score", "prune", "train", "run")
COMMANDS = sorted(main.commands)
LEARNED = "lt-prune: warning: all 2 members learned next to nothing: "
"""Of members that are trained for an epoch."""
IN_BETWEEN = ("all runs: ", "no epoch has begun yet")
"""How lines begin that come every few seconds, of which a slow machine shows some."""


def lt(*args: object) -> Result:
    """Run a command in this process."""
    term, show = signal.getsignal(signal.SIGTERM), warnings.showwarning
    try:
        return CliRunner().invoke(main, [str(arg) for arg in args])
    finally:
        signal.signal(signal.SIGTERM, term)
        warnings.showwarning = show


def ok(*args: object) -> Result:
    result = lt(*args)
    assert result.exit_code == 0, result.stderr
    return result


def files_below(folder: Path) -> set[Path]:
    """Every file but the locks, which stay."""
    return {path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"}


def folders_below(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_dir()}


def as_json(result: lp.Evaluation) -> dict:
    return json.loads(json.dumps(asdict(result)))


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """Every command that has --json, run with it in this order in one folder, where the test then is."""
    folder = tmp_path_factory.mktemp("flow")
    commands = {
        "build": (),
        "score": ("--members", 2, *SMALL),
        "scores": ("scores/digits-lt10.h5", "--metric", "avh"),
        "import-outputs": ("outputs.npz", "--metric", "el2n"),
        "import-scores": ("mine.json", "--higher-is-harder"),
        "prune": ("--ratio", 0.45, "--metric", "avh"),
        "audit": ("subsets/digits-lt10-ranked-avh-0.45.h5", "--data", "digits"),
        "train": ("--subset", "subsets/digits-lt10-ranked-avh-0.45.h5", *SMALL),
        "evaluate": ("runs/digits-lt10-ranked-avh-0.45-ce", "--prediction", "angular"),
        "methods": ("alas",),
        "list": ("metrics",),
        "plot": ("runs/digits-lt10-ranked-avh-0.45-ce",),
        "run": ("--members", 1, "--score-epochs", 1, *SMALL, "--ratio", 0.3, "--out", "all"),
        "sweep": ("--strategies", "random", "--ratios", "0.3", "--seeds", "0,1", *SMALL, "--out", "grid"),
        "results": ("grid/runs", "--out", "grid/rows.csv", "--figure", "grid/figure"),
        "report": ("scores/digits-lt10.h5", "subsets", "grid"),
        "gallery": ("subsets/digits-lt10-ranked-avh-0.45.h5", "--sheet", "removed"),
        "advise": ("grid/runs", "--tolerance", 5),
        "doctor": (),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        ids = lp.build("digits").index.ids
        np.savez("outputs.npz", id=ids, logits=np.eye(10)[np.arange(len(ids)) % 10])
        Path("mine.json").write_text(json.dumps({"id": [f"{each:016x}" for each in ids], "mine": list(range(len(ids)))}))
        return {"folder": folder, **{name: ok(name, *args, "--json") for name, args in commands.items()}}


@pytest.fixture
def said(flow, monkeypatch) -> dict[str, dict]:
    """What each command of `flow` printed; paths in it are relative to the working directory."""
    monkeypatch.chdir(flow["folder"])
    return {name: json.loads(result.stdout) for name, result in flow.items() if name != "folder"}


# Options and help


@pytest.mark.parametrize("name", FLOW)
@pytest.mark.parametrize("option", ["--data", "--seed", "--device", "--json", "--out"])
def test_a_command_of_the_flow_takes(option, name):
    assert option in {opt for parameter in main.commands[name].params for opt in parameter.opts}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_help(name):
    silent = [p.opts[0] for p in main.commands[name].params if isinstance(p, click.Option) and not p.help]
    assert not silent


@pytest.mark.parametrize("name", COMMANDS)
def test_help_ends_its_text_with_an_example_that_parses(name):
    lines = [line.strip() for line in ok(name, "--help").stdout.splitlines()]
    [example] = [line for line in lines if line.startswith("Example: ")]
    program, command, *args = shlex.split(example.removeprefix("Example: "))
    assert (program, command) == ("lt-prune", name)
    main.commands[name].make_context(name, args)


def test_the_commands_in_the_main_help_parse():
    lines = [line.strip() for line in ok("--help").stdout.splitlines() if line.startswith("  lt-prune ")]
    assert len(lines) == 4
    for line in lines:
        _, name, *args = shlex.split(line, comments=True)
        main.commands[name].make_context(name, args)


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_both_spellings_of_help_say_the_same(name):
    args = [name] if name else []
    assert ok(*args, "-h").stdout == ok(*args, "--help").stdout


def test_help_loads_no_heavy_library():
    code = f"""
import sys

from lt_prune.cli import main
for args in [["--help"], ["-h"], ["--version"], *([name, "--help"] for name in {COMMANDS})]:
    try:
        main(args)
    except SystemExit as end:
        assert end.code == 0, args
print("loaded:", *sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1].split()
    assert loaded[0] == "loaded:"
    assert not {"torch", "sklearn", "matplotlib", "numpy", "h5py"} & set(loaded)


@pytest.mark.parametrize("name", COMMANDS)
def test_what_reads_folders_can_stream_them(name):
    options = {opt: p for p in main.commands[name].params for opt in p.opts}
    assert ("--loading" in options) is ("--resize" in options)
    if "--loading" in options:
        assert tuple(options["--loading"].type.choices) == LOADINGS
        assert options["--loading"].default == "auto"


def option_help(command: str, option: str) -> str:
    [found] = [p.help for p in main.commands[command].params if option in p.opts]
    return found


@pytest.mark.parametrize("field", ["epochs", "warmup", "schedule", "batch_size", "lr", "weight_decay"])
def test_help_names_the_default_recipes(field):
    of_train = getattr(lp.Recipe(), field)
    of_score = MEMBER.get(field, of_train)
    expected = f"{of_train}" if of_train == of_score else f"{of_score} for score, {of_train} for train"
    if field in ("epochs", "weight_decay"):
        expected = {
            "epochs": "10 for score, 60 for run; of the recipe for train",
            "weight_decay": "0.0005; of the recipe for train",
        }[field]
    assert option_help("train", f"--{field.replace('_', '-')}").endswith(f"[default: {expected}]")


def test_help_names_every_strategy_and_kind_of_model():
    for option, family in (("--strategy", STRATEGIES), ("--budget", BUDGETS), ("--select", SELECTIONS)):
        assert all(name in option_help("prune", option) for name in family.names)
    for name in ("resnet8 to resnet110", "torchvision:NAME", "timm:NAME", "linear or mlp"):
        assert name in option_help("train", "--model")


def test_plot_takes_and_explains_every_figure():
    assert tuple(figures.FIGURES) == FIGURES
    lines = [line.split()[0] for line in ok("plot", "--help").stdout.splitlines() if line.strip()]
    assert set(FIGURES) <= set(lines)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_of_commands_lists(name):
    page = (Path(__file__).parents[1] / "docs/commands.md").read_text()
    assert [line for line in page.splitlines() if line.startswith((f"| `lt-prune {name}`", f"| `lt-prune {name} "))]


def test_the_version_is_that_of_the_package():
    assert version("lt-prune") in ok("--version").stdout


def test_without_a_command_the_help_is_shown_and_the_exit_is_of_usage():
    result = lt()
    assert result.exit_code == 2
    assert result.stderr.strip() == ok("--help").stdout.strip()


# JSON and streams


@pytest.mark.parametrize("name", [name for name in COMMANDS if "as_json" in {p.name for p in main.commands[name].params}])
def test_json_is_one_object_alone_on_stdout(flow, name):
    assert isinstance(json.loads(flow[name].stdout), dict)
    assert flow[name].stdout.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("build", ["wrote sets/digits-lt10.h5"]),
        ("score", ["member 1 of 2: 1 of 1 epochs", "member 2 of 2: 1 of 1 epochs", LEARNED, "wrote scores/digits-lt10.h5"]),
        ("scores", [LEARNED]),
        (
            "train",
            [
                "training on subsets/digits-lt10-ranked-avh-0.45.h5",
                "digits-lt10, avh 0.45, ce: 1 of 1 epochs",
                "wrote runs/digits-lt10-ranked-avh-0.45-ce",
            ],
        ),
        ("evaluate", []),
    ],
)
def test_progress_and_files_go_to_stderr(flow, name, lines):
    said = [_without_time_left(line) for line in flow[name].stderr.splitlines() if not line.startswith(IN_BETWEEN)]
    assert [line if line == own else line[: len(own)] for line, own in zip(said, lines)] == lines
    assert len(said) == len(lines)


def _without_time_left(line: str) -> str:
    return re.sub(r", [\d:-]+ left of all runs$", "", line)


def test_tables_go_to_stdout_and_what_was_written_to_stderr(in_tmp):
    result = ok("prune", "--strategy", "random", "--ratio", 0.3)
    assert "removed 151 of 503 (0.3), kept 352" in result.stdout
    assert "wrote" not in result.stdout
    assert result.stderr.splitlines()[-1] == "wrote subsets/digits-lt10-random-0.3.h5"


def test_build_prints_what_the_set_file_holds(said):
    told, built = said["build"], lp.read_set(said["build"]["file"])
    assert (told["name"], told["data_digest"]) == (built.index.name, built.index.digest)
    assert told["n_samples"] == len(built.pixels) == 503
    assert told["n_test"] == len(built.test_pixels) == 500
    assert told["shape"] == list(built.pixels.shape[1:])
    assert [row["count"] for row in told["classes"]] == np.bincount(built.index.labels).tolist()


def test_score_prints_what_the_score_file_holds(said):
    told, scores = said["score"], lp.read_scores(said["score"]["file"])
    avh = scores.metrics["avh"].per_member
    mean, labels = avh.mean(axis=0), scores.index.labels
    assert told["members"] == len(scores.seeds) == 2
    assert set(told["metrics"]) == set(scores.metrics)
    assert set(told["metrics"]) == {name for name in METRICS.names if METRICS.load(name).is_cheap(503)}
    assert lp.Recipe(**told["recipe"]) == scores.recipe
    assert told["train_accuracy"] == scores.train_accuracy.tolist()
    assert told["mean"] == pytest.approx(avh.mean(), rel=1e-5)
    assert [row["mean"] for row in told["classes"]] == pytest.approx([mean[labels == c].mean() for c in range(10)], rel=1e-5)
    assert sum(told["histogram"]["counts"]) == 503
    assert told["hardest"][0]["id"] == f"{scores.index.ids[mean.argmax()]:016x}"
    assert told["easiest"][0]["id"] == f"{scores.index.ids[mean.argmin()]:016x}"


def test_scores_prints_what_score_printed(said):
    assert said["scores"] == said["score"]


def test_prune_prints_what_the_subset_file_holds(said):
    told, subset = said["prune"], lp.read_subset(said["prune"]["file"])
    before, kept = (np.bincount(labels, minlength=10) for labels in (subset.index.labels, subset.index.labels[subset.kept]))
    assert (told["n_kept"], told["n_removed"]) == (subset.kept.sum(), (~subset.kept).sum()) == (277, 226)
    assert [(row["before"], row["kept"]) for row in told["classes"]] == list(zip(before, kept))
    assert sum(group["kept"] for group in told["groups"].values()) == 277
    assert told["ratio_removed"] == subset.ratio == 0.45
    assert told["options"] == dict(subset.options)
    assert told["imbalance_after"] == kept.max() / kept.min()


def test_train_prints_the_result_in_the_folder(said):
    told = {**said["train"]}
    assert told.pop("warnings") == []
    folder = Path(told.pop("folder"))
    written = json.loads((folder / "result.json").read_text())
    assert written.pop("schema") == 4
    assert len(written.pop("sha256")) == 64
    assert told == written
    assert told["n_train"] == 277
    assert told["evaluation"] == as_json(lp.evaluate(folder))


def test_evaluate_prints_what_the_function_returns(said):
    evaluation = lp.evaluate("runs/digits-lt10-ranked-avh-0.45-ce", prediction="angular")
    assert said["evaluate"] == {**as_json(evaluation), "warnings": []}


def test_plot_prints_the_values_in_its_tables(said):
    assert tuple(said["plot"]["figures"]) == FIGURES
    for name, told in said["plot"]["figures"].items():
        folder = Path("runs/digits-lt10-ranked-avh-0.45-ce")
        assert [Path(file) for file in told["files"]] == [folder / f"{name}.{ending}" for ending in ("png", "pdf", "csv")]
        with open(told["files"][2], newline="") as file:
            assert [list(row.values()) for row in csv.DictReader(file)] == [
                ["" if value is None else str(value) for value in row.values()] for row in told["rows"]
            ]


def test_run_prints_the_results_in_its_folders(said):
    told = said["run"]
    assert [row["trained_on"] for row in told["rows"]] == [
        "whole set",
        "random 0.3",
        "class-random 0.3",
        "equal+random 0.3",
        "el2n 0.3",
        "avh 0.3",
    ]
    assert [row["n_kept"] for row in told["rows"]] == [503, 352, 352, 352, 352, 352]
    assert all(Path(file).exists() for file in told["files"])
    folders = [file for file in told["files"] if Path(file).is_dir()]
    for row, folder in zip(told["rows"], folders, strict=True):
        result = lp.read_result(Path(folder) / "result.json")
        assert (row["overall"], row["tail"], row["seconds"]) == (
            result.evaluation.overall,
            result.evaluation.tail,
            result.seconds,
        )


def test_sweep_draws_what_it_prints_beside_its_record(said):
    told = said["sweep"]
    stem = told["file"].removesuffix(".json")
    assert told["figures"] == [f"{stem}.{ending}" for ending in ("png", "pdf", "csv")]
    with open(f"{stem}.csv", newline="") as file:
        assert [float(row["overall_mean"]) for row in csv.DictReader(file)] == [row["overall_mean"] for row in told["rows"]]


def test_results_names_its_files(said):
    told = said["results"]
    assert told["files"] == ["grid/rows.csv", *(f"grid/figure.{ending}" for ending in ("png", "pdf", "csv"))]
    assert told["rows"] == said["sweep"]["rows"]
    assert Path("grid/figure.png").read_bytes() == Path("grid/runs/digits-lt10-sweep.png").read_bytes()


# The flow


def test_score_again_with_more_members_adds_only_those(in_tmp):
    ok("score", "--members", 1, *SMALL)
    before = lp.read_scores("scores/digits-lt10.h5")
    weights = {file: file.read_bytes() for file in in_tmp.rglob("*.pt")}
    again = ok("score", "--members", 3, *SMALL)
    after = lp.read_scores("scores/digits-lt10.h5")
    ended = [_without_time_left(line) for line in again.stderr.splitlines() if line.startswith("member")]
    assert ended == ["member 2 of 3: 1 of 1 epochs", "member 3 of 3: 1 of 1 epochs"]
    assert after.seeds[:1] == before.seeds
    assert len(set(after.seeds)) == 3
    for name, each in after.metrics.items():
        rows = each.per_member
        assert np.array_equal(rows[:1], before.metrics[name].per_member)
        assert METRICS.load(name).needs == "record" or not np.array_equal(rows[1], rows[2])
    assert all(file.read_bytes() == content for file, content in weights.items())


def test_score_again_with_as_many_members_leaves_the_file(in_tmp):
    ok("score", "--members", 2, *SMALL)
    content = Path("scores/digits-lt10.h5").read_bytes()
    ok("score", "--members", 1, *SMALL)
    assert Path("scores/digits-lt10.h5").read_bytes() == content


def test_train_takes_the_only_subset_there_is(in_tmp):
    ok("prune", "--strategy", "random", "--ratio", 0.45)
    told = json.loads(ok("train", *SMALL, "--json").stdout)
    assert told["n_train"] == 277
    assert told["spec"]["subset_digest"] == lp.read_subset("subsets/digits-lt10-random-0.45.h5").digest
    assert told["folder"] == "runs/digits-lt10-random-0.45-ce"


def test_a_cut_of_ratio_0_is_refused_and_not_taken_for_the_default(in_tmp):
    refuse(in_tmp, "build", "--data", "digits-lt0", code=2, says="imbalance must be a number of 1 or more")


def test_train_refuses_to_guess_among_several_subsets(in_tmp):
    for ratio in (0.3, 0.45):
        ok("prune", "--strategy", "random", "--ratio", ratio)
    result = lt("train", *SMALL)
    assert result.exit_code == 2
    assert "subsets/digits-lt10-random-0.3.h5, subsets/digits-lt10-random-0.45.h5" in result.stderr
    assert not Path("runs").exists()


def test_train_passes_by_a_subset_of_other_data(in_tmp):
    ok("prune", "--strategy", "random", "--ratio", 0.3, "--data", "digits-lt5")
    told = json.loads(ok("train", *SMALL, "--json").stdout)
    assert (told["subset"], told["n_train"]) == (None, 503)


def test_train_on_subset_none_is_on_the_whole_set(in_tmp):
    ok("prune", "--strategy", "random", "--ratio", 0.45)
    result = ok("train", "--subset", "none", *SMALL, "--json")
    told = json.loads(result.stdout)
    assert (told["subset"], told["n_train"], told["folder"]) == (None, 503, "runs/digits-lt10-ce")
    assert result.stderr.splitlines()[0] == "training on the whole set"


def test_train_on_the_cpu_is_in_float32_whatever_precision_is_asked(in_tmp):
    first = ok("train", *SMALL, "--device", "cpu", "--precision", "bf16", "--json")
    told = json.loads(first.stdout)
    assert told["spec"]["arithmetic"] == {"device": "cpu", "precision": "fp32", "compiled": False}
    assert ok("train", *SMALL, "--device", "cpu", "--json").stdout == first.stdout


def test_train_refuses_a_result_that_was_computed_otherwise(in_tmp):
    ok("train", *SMALL, "--device", "cpu")
    refuse(
        in_tmp,
        "train",
        *SMALL,
        "--device",
        "cpu",
        "--compiled",
        code=1,
        says="trained with fp32 on cpu, not fp32 on cpu, compiled",
    )


def test_train_again_after_the_end_trains_nothing(in_tmp):
    first = ok("train", *SMALL, "--json")
    weights = Path("runs/digits-lt10-ce/model.pt").read_bytes()
    again = ok("train", *SMALL, "--json")
    assert again.stdout == first.stdout
    assert "epochs done" not in again.stderr
    assert Path("runs/digits-lt10-ce/model.pt").read_bytes() == weights


def test_another_seed_is_another_run_with_files_of_its_own(in_tmp):
    told = [json.loads(ok("train", *SMALL, "--seed", seed, "--json").stdout) for seed in (0, 3)]
    assert [t["folder"] for t in told] == ["runs/digits-lt10-ce", "runs/digits-lt10-ce-seed3"]
    assert told[0]["loss"] != told[1]["loss"]


def test_recipe_options_reach_the_run(in_tmp):
    args = ("--epochs", 1, "--model", "resnet14", "--batch-size", 64, "--lr", 0.05, "--warmup", 0, "--weight-decay", 0.001)
    told = json.loads(ok("train", *args, "--schedule", "cosine", "--mixup", 1, "--flip", "--json").stdout)
    expected = {"epochs": 1, "model": "resnet14", "batch_size": 64, "lr": 0.05, "warmup": 0, "weight_decay": 0.001}
    assert told["spec"]["recipe"].items() >= {**expected, "schedule": "cosine", "flip": True, "mixup": 1.0}.items()
    backbone = read_weights(Path(told["folder"]) / "model.pt", torch.device("cpu"))["network"]
    convolutions = [name for name, tensor in backbone.items() if tensor.ndim == 4]
    assert len(convolutions) == 14 - 1  # 6n + 2 layers, the last of which is linear (He et al. 2016)


def test_what_runs_can_have_as_many_of_is_that_of_the_library():
    for command in ("train", "run", "sweep"):
        [option] = [p for p in main.commands[command].params if "--equal" in p.opts]
        assert (tuple(option.type.choices), option.default) == (EQUAL, "epochs")


def test_run_takes_the_settings_that_train_takes(in_tmp):
    args = ("--method", "crt", "--ratio", 0.3, "--members", 1, "--score-epochs", 1, *SMALL)
    ok("run", *args, "--lr", 0.05, "--mixup", 0.5, "--set", "stage2_epochs=2", "--set", "batch_size=64")
    spec = lp.read_result("runs/digits-lt10-ranked-avh-0.3-crt/result.json").spec
    assert spec.recipe.epochs == 2
    first = spec.first.recipe
    assert (first.epochs, first.lr, first.mixup, first.batch_size, first.model) == (1, 0.05, 0.5, 64, "resnet8")
    refuse(in_tmp, "run", *args, "--set", "tau=0.5", code=2, says="unknown setting 'tau': there are epochs, batch_size, ")


def test_train_at_equal_steps_has_a_folder_of_its_own(in_tmp):
    """503 images are 4 batches of 128 an epoch, 277 are 3."""
    ok("prune", "--strategy", "random", "--ratio", 0.45)
    ok("train", *SMALL)
    small = ("--epochs", 3, "--model", "resnet8")
    told = json.loads(ok("train", *small, "--equal", "steps", "--json").stdout)
    assert told["folder"] == "runs/digits-lt10-random-0.45-ce-equal-steps"
    assert (told["spec"]["equal"], told["spec"]["recipe"]["epochs"], len(told["loss"])) == ("steps", 4, 4)
    assert "277 samples, at equal steps), 4 epochs" in ok("train", *small, "--equal", "steps").stdout
    refuse(in_tmp, "train", *SMALL, "--subset", "none", "--equal", "steps", code=2, says="equal steps are for training on")


@pytest.mark.slow
def test_sweep_takes_an_ensemble_a_seed(in_tmp):
    grid = ("--strategies", "ranked", "--ratios", 0.3, "--seeds", "0-1", "--members", 1, "--score-epochs", 1, *SMALL)
    shown = ok("sweep", *grid, "--ensembles", 2, "--equal", "steps")
    assert "at equal steps" in shown.stdout.splitlines()[0]
    assert "ranked by an ensemble a seed" in shown.stdout
    assert Path("runs/digits-lt10-sweep-equal-steps-ensembles.png").exists()
    assert {path.name for path in Path("scores").glob("*.h5")} == {"digits-lt10.h5", "digits-lt10-seed1.h5"}


def test_export_writes_the_kept_source_indices(in_tmp):
    ok("prune", "--strategy", "random", "--ratio", 0.45)
    ok("export", "subsets/digits-lt10-random-0.45.h5", "--out", "kept.npy")
    subset = lp.read_subset("subsets/digits-lt10-random-0.45.h5")
    assert np.load("kept.npy").tolist() == sorted(subset.index.source_index[subset.kept])


# Refusals that need torch, or images; the others are in e2e/test_bad_input.py


def refuse(folder: Path, *args: object, code: int, says: str) -> None:
    """The command ends with one sentence and leaves no file and no folder."""
    before, folders = files_below(folder), folders_below(folder)
    result = lt(*args)
    assert isinstance(result.exception, SystemExit), result.exception
    own = [line for line in result.stderr.splitlines() if line.startswith("lt-prune: ")]
    assert own == result.stderr.splitlines()[-1:]
    assert says in own[0]
    assert result.exit_code == code
    assert result.stdout == ""
    assert files_below(folder) == before
    assert folders_below(folder) == folders


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ("score --members 0", "members must be at least 1, not 0"),
        ("score --epochs 0", "epochs must be at least 1, not 0"),
        ("train --epochs 0", "epochs must be at least 1, not 0"),
        ("score --members 1 --model resnet33", "unknown model 'resnet33' (did you mean 'resnet32'?): there are resnet8, "),
        ("train --model resnet33", "unknown model 'resnet33'"),
        ("train --batch-size 1", "batch_size must be at least 2"),
        ("train --lr nan", "lr must be a number of 0 or more, not nan"),
        ("train --mixup -1", "mixup must be a number"),
        ("run --members 0", "members must be at least 1"),
        ("run --epochs 0", "epochs must be at least 1"),
        ("run --ratio 1.5", "must be in [0, 1), not 1.5"),
        ("run --ratio nan", "must be in [0, 1), not nan"),
        ("run --method nonsense", "unknown training method 'nonsense'"),
        ("run --model resnet33", "unknown model 'resnet33'"),
    ],
)
def test_a_value_out_of_range_is_refused_before_any_work(in_tmp, args, says):
    refuse(in_tmp, *args.split(), *small_settings(args), code=2, says=says)


def small_settings(args: str) -> list[str]:
    """Settings that keep a run small, should it not be refused, but for those that `args` sets."""
    small = (
        {"--members": "1", "--score-epochs": "1", "--epochs": "1", "--model": "resnet8"} if args.startswith("run ") else {}
    )
    return [word for option, value in small.items() if f"{option} " not in args for word in (option, value)]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
@pytest.mark.parametrize("command", ["score", "train", "run"])
def test_a_gpu_that_is_not_there_is_refused(in_tmp, command):
    lp.write_set("set.h5", lp.build("digits"))
    says = "device 'cuda' was asked for, but torch finds no usable GPU here"
    refuse(in_tmp, command, "--data", "set.h5", "--device", "cuda", code=1, says=says)


@pytest.mark.parametrize("args", ["score --out file/x.h5", "train --out file/run", "run --out file"])
def test_a_place_below_a_file_is_refused(in_tmp, args):
    Path("file").write_text("not a folder")
    refuse(in_tmp, *args.split(), code=1, says="file/")


def test_divergence_is_reported_in_a_sentence(in_tmp):
    refuse(in_tmp, "train", *SMALL, "--lr", "1e38", code=1, says="training diverged in epoch 1")


def test_a_run_is_not_mixed_with_another(in_tmp):
    ok("train", *SMALL)
    refuse(
        in_tmp,
        "train",
        *SMALL,
        "--lr",
        0.05,
        code=1,
        says="holds a finished run with lr 0.1, not 0.05: give another --out, or start again with --overwrite",
    )


def test_scores_are_not_mixed_with_those_of_another_recipe(in_tmp):
    ok("score", "--members", 1, *SMALL)
    refuse(
        in_tmp,
        "score",
        "--members",
        2,
        "--epochs",
        2,
        "--model",
        "resnet8",
        code=1,
        says="was made with epochs 1, not 2: give another",
    )


def test_what_was_computed_otherwise_is_mixed_where_that_is_asked_for(in_tmp, monkeypatch):
    monkeypatch.setattr("torch.compile", lambda network: network)
    ok("score", "--members", 1, *SMALL)
    more = ("score", "--members", 2, *SMALL, "--compiled")
    said = "with fp32 on cpu, not fp32 on cpu, compiled: ask for the former by --device, --precision and --compiled, "
    refuse(in_tmp, *more, code=1, says=f"{said}mix the two by --mix-compute, give another --out, or")
    ok(*more, "--mix-compute")
    assert [each.compiled for each in lp.read_scores("scores/digits-lt10.h5").arithmetic] == [False, True]


def test_choices_of_computing_are_those_of_compute():
    for name in ("score", "train", "run", "sweep"):
        options = {opt: p for p in main.commands[name].params for opt in p.opts}
        assert tuple(options["--device"].type.choices) == DEVICES
        assert tuple(options["--precision"].type.choices) == PRECISIONS
        assert ("--mix-compute" in options) is (name in ("score", "sweep"))


def test_a_subset_of_other_data_is_refused(in_tmp):
    ok("prune", "--strategy", "random", "--ratio", 0.3, "--data", "digits-lt5", "--out", "other.h5")
    refuse(in_tmp, "train", *SMALL, "--subset", "other.h5", code=1, says="sample ids are among the 503 of digits-lt10")


def test_damaged_weights_are_refused(flow, monkeypatch, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    for file in (flow["folder"] / "runs/digits-lt10-ranked-avh-0.45-ce").glob("*.*"):
        (run / file.name).write_bytes(file.read_bytes())
    content = bytearray((run / "model.pt").read_bytes())
    content[len(content) // 2] ^= 1
    (run / "model.pt").write_bytes(content)
    refuse(tmp_path, "evaluate", run, code=1, says="model.pt is damaged")


@pytest.fixture
def photos(in_tmp) -> Path:
    """A folder source of two classes, by path relative to the working directory."""
    random = np.random.default_rng(0)
    for split in ("train", "test"):
        for name in ("cat", "dog"):
            folder = Path("photos", split, name)
            folder.mkdir(parents=True)
            for i in range(4):
                Image.fromarray(random.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(folder / f"{i}.png")
    return Path("photos")


def test_a_folder_of_images_is_built(photos):
    told = json.loads(ok("build", "--data", f"folder:{photos}", "--json").stdout)
    assert [(row["class"], row["count"]) for row in told["classes"]] == [("cat", 4), ("dog", 4)]
    assert (told["name"], told["shape"], told["n_test"]) == ("photos", [8, 8, 3], 8)


@pytest.mark.parametrize("content", [b"", b"junk", None], ids=["empty", "junk", "truncated"])
def test_a_broken_image_is_named(photos, in_tmp, content):
    image = photos / "train/dog/2.png"
    image.write_bytes(image.read_bytes()[:-30] if content is None else content)
    refuse(in_tmp, "build", "--data", f"folder:{photos}", code=1, says=f"{image} cannot be read as an image")


def test_an_empty_class_is_named(photos, in_tmp):
    (photos / "train/emu").mkdir()
    (photos / "test/emu").mkdir()
    refuse(in_tmp, "build", "--data", f"folder:{photos}", code=1, says="no image in class folder photos/train/emu")


def test_one_class_is_no_classification(photos, in_tmp):
    for split in ("train", "test"):
        (photos / split / "dog").rename(in_tmp / f"dog-{split}")
    refuse(in_tmp, "build", "--data", f"folder:{photos}", code=1, says="needs two classes or more, and this source has 1")


def test_a_line_break_in_a_file_name_breaks_no_message(photos):
    (photos / "train/dog/a\nlt-prune: all is well\x1b[1m.png").write_bytes(b"junk")
    (photos / "train/dog/b\nc.txt").write_bytes(b"no picture")
    passed_over, refused = typed.lt("build --data photos").stderr.splitlines()
    assert passed_over.startswith("lt-prune: warning: passed over in photos: ")
    assert r"b\nc.txt" in passed_over
    assert r"train/dog/a\nlt-prune: all is well\x1b[1m.png cannot be read" in refused
    passed_over, left_out, wrote = typed.ok("build --data photos --skip-broken").stderr.splitlines()
    assert left_out.startswith("lt-prune: warning: left out 1 of 17 images that cannot be used: ")
    assert r"train/dog/a\nlt-prune: all is well\x1b[1m.png cannot be read" in left_out
    assert wrote == "wrote sets/photos.h5"


def test_what_is_held_out_is_said_before_a_network_is_trained(photos):
    (photos / "test").rename("away")
    grid = "sweep --strategies random --ratios 0.3 --seeds 0 --out grid"
    for command in ("score --members 1", "train", "run --score-epochs 1 --members 1", grid, f"{grid} --dry-run"):
        said = ok(*command.split(), "--data", photos, *SMALL).stderr.splitlines()
        told = "photos-holdout0.2: 0.2 of each class is held out to test on, and 6 samples are left"
        assert told in said[:2]
        assert said.count(told) == 1
    assert "held out" not in ok("score", "--data", photos, "--holdout", 0, "--members", 1, *SMALL).stderr


def test_a_subset_that_may_not_be_written_is_not_warned_of(in_tmp):
    ok("score", "--members", 1, *SMALL)
    assert "lt-prune: warning: " in ok("prune", "--ratio", 0.9, "--metric", "avh").stderr
    ok("score", "--members", 2, *SMALL)
    refuse(in_tmp, "prune", "--ratio", 0.9, "--metric", "avh", code=1, says="holds another subset, with members 1, not 2")


@pytest.mark.parametrize("command", ["scores scores/digits-lt10.h5 --csv", "results grid --out", "results grid --figure"])
def test_what_may_not_be_written_is_not_warned_of(said, tmp_path, command):
    assert any(line.startswith("lt-prune: warning: ") for line in ok(*command.split()[:2]).stderr.splitlines())
    taken = tmp_path / "taken.csv"
    taken.write_text("mine")
    out = taken.with_suffix("") if "figure" in command else taken
    refuse(tmp_path, *command.split(), out, code=1, says="taken.csv exists and holds something else")


def test_images_of_several_sizes_are_refused(photos, in_tmp):
    Image.new("RGB", (9, 8)).save(photos / "train/dog/9.png")
    refuse(in_tmp, "build", "--data", f"folder:{photos}", code=1, says="photos/train/dog/9.png is 9 x 8; add --resize SIDE")


def test_the_families_are_those_the_messages_list(in_tmp):
    for args, family in [
        ("score --metric zzz", METRICS),
        ("train --method zzz", METHODS),
        ("prune --ratio 0.3 --strategy zzz", STRATEGIES),
        ("prune --ratio 0.3 --budget zzz", BUDGETS),
        ("prune --ratio 0.3 --select zzz", SELECTIONS),
        ("build --data zzz", SOURCES),
        ("train --prediction zzz", PREDICTORS),
    ]:
        refuse(in_tmp, *args.split(), code=2, says=f"unknown {family.kind} 'zzz': there are {', '.join(family.names)}")


def test_a_streamed_folder_goes_through_the_flow_with_the_same_results(photos):
    said = {}
    for loading in ("memory", "stream"):
        read = ("--data", f"folder:{photos}", "--loading", loading, "--json")
        ok("score", "--members", 1, *SMALL, *read, "--out", f"{loading}.h5")
        ok("prune", "--ratio", 0.25, "--scores", f"{loading}.h5", *read, "--out", f"{loading}-kept.h5")
        ok("train", *SMALL, "--n-threads", 1, *read, "--subset", f"{loading}-kept.h5", "--out", loading)
        said[loading] = json.loads(ok("evaluate", loading, *read, "--prediction", "angular").stdout)
    assert lp.read_scores("stream.h5").digest == lp.read_scores("memory.h5").digest
    assert lp.read_subset("stream-kept.h5").digest == lp.read_subset("memory-kept.h5").digest
    assert said["stream"] == said["memory"]


def test_prune_finds_the_scores_of_a_streamed_folder(photos):
    ok("score", "--members", 1, *SMALL, "--data", f"folder:{photos}")
    ok("prune", "--ratio", 0.25, "--metric", "avh", "--data", f"folder:{photos}", "--loading", "stream")
    assert lp.read_subset("subsets/photos-ranked-avh-0.25.h5").kept.sum() == 6


@pytest.mark.parametrize("out", [(), ("--out", "set.h5")])
def test_a_streamed_folder_is_not_built(photos, in_tmp, out):
    says = "photos is streamed from its folder, and a set file holds the pixels: name the folder as --data"
    refuse(in_tmp, "build", "--data", f"folder:{photos}", "--loading", "stream", *out, code=2, says=says)


@pytest.mark.parametrize(
    "args",
    [
        "build --data digits",
        *(f"{name} --data {data}" for name in ("score", "train", "run") for data in ("digits", "set.h5")),
    ],
)
def test_what_is_held_in_memory_is_not_streamed(in_tmp, args):
    lp.build("digits", out="set.h5")
    says = f"images of {args.split()[-1]} are held in memory: leave out --loading stream"
    refuse(in_tmp, *args.split(), "--loading", "stream", code=2, says=says)


# Methods of two stages


def test_methods_are_listed_a_line_each(in_tmp):
    methods, predictions = (part.splitlines()[1:] for part in ok("methods").stdout.split("\n\n"))
    assert [line.split()[0] for line in methods] == METHODS.names
    assert all(METHODS.load(line.split()[0]).summary in line for line in methods)
    first_words = [line.split()[:2] for line in predictions if not line.startswith(" ")]  # long lines are wrapped
    assert [name for name, _ in first_words] == PREDICTORS.names
    assert dict(first_words) | {"linear": "-", "tau-norm": "tau=1", "abs": "s=0.25,"} == dict(first_words)


@pytest.mark.parametrize("name", METHODS.names)
def test_a_method_shows_every_setting(name):
    said = " ".join(ok("methods", name).stdout.split())
    method = METHODS.load(name)
    assert method.paper in said
    assert all(f"{key} " in said and setting.meaning in said for key, setting in method.settings.items())


def test_what_is_published_is_shown():
    rows = [line.split() for line in ok("methods", "mislas").stdout.splitlines() if line.startswith("CIFAR-10-LT")]
    assert ["CIFAR-10-LT", "100", "1", "0.3", "0", "0.5", "no"] in rows


SECOND = ("--set", "stage2_epochs=1")


def test_a_method_of_two_stages_leaves_a_run_of_each(in_tmp):
    told = json.loads(ok("train", "--method", "atl", *SMALL, *SECOND, "--set", "tau=0.5", "--json").stdout)
    assert told["folder"] == "runs/digits-lt10-atl"
    spec = told["spec"]
    assert (spec["prediction"], spec["settings"]["tau"], spec["first"]["method"]) == ("angular", 0.5, "aem")
    assert lp.read_result("runs/digits-lt10-atl/stage1/result.json").method == "aem"


def test_one_stage_one_serves_several_methods(in_tmp):
    ok("train", "--method", "mixup", *SMALL)
    for method in ("mislas", "alas"):
        ok("train", "--method", method, "--from-run", "runs/digits-lt10-mixup", *SECOND)
        assert not Path(f"runs/digits-lt10-{method}/stage1").exists()
    by_angle = json.loads(ok("train", "--method", "l2a", "--stages", 1, *SMALL, "--json").stdout)
    assert by_angle["folder"] == "runs/digits-lt10-l2a-stage1"
    again = json.loads(ok("evaluate", "runs/digits-lt10-mixup", "--prediction", "angular", "--json").stdout)
    assert {**by_angle["evaluation"], "warnings": []} == again


def test_strengths_of_abs_are_rows(in_tmp):
    ok("train", "--method", "mixup", *SMALL)
    args = "evaluate", "runs/digits-lt10-mixup", "--prediction", "abs", "--set", "s=0,0.2"
    assert [row["settings"]["s"] for row in json.loads(ok(*args, "--json").stdout)["rows"]] == [0, 0.2]
    assert [line.split()[0] for line in ok(*args).stdout.splitlines()] == ["s", "0", "0.2"]


def test_the_confusion_matrix_is_shown(in_tmp):
    ok("train", *SMALL)
    lines = ok("evaluate", "runs/digits-lt10-ce").stdout.splitlines()
    confusion = lp.read_result("runs/digits-lt10-ce/result.json").evaluation.confusion
    shown = [[int(cell) if cell != "." else 0 for cell in line.split()[2:]] for line in lines[-10:]]
    assert shown == np.asarray(confusion).tolist()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ("train --method alas --set tau", "'tau' is not NAME=VALUE, such as tau=0.5"),
        ("train --method ce --set tau=0.5", "unknown setting 'tau': there are epochs"),
        ("train --method alas --set tau=high", "tau must be a number, not 'high'"),
        ("train --method alas --set tau=nan", "tau must be a number of 0 to 2, not nan"),
        ("train --method ce --stages 2", "method 'ce' has one stage: leave out --stages and --from-run"),
        ("train --method ce --from-run x", "method 'ce' has one stage"),
        ("train --method alas --stages 3", "3 is not in the range 1<=x<=2"),
        ("train --method alas --from-run x --epochs 3", "x/result.json does not exist"),
        (
            "sweep --seeds 0-2 --ensembles 2",
            "ensembles must be 1, which serves all seeds, or as many as there are seeds (3)",
        ),
        ("sweep --strategies random --seeds 0-2 --ensembles 3", "ensembles are for strategies that rank by scores"),
        ("sweep --methods ce,alas --set tau=0.5 --set tua=1", "unknown setting 'tua'"),
        ("evaluate x --prediction angular --set s=0,0.1", "unknown setting 's': there are none"),
        ("evaluate x --prediction abs --set s=a,0", "s must be a number, not 'a'"),
        ("evaluate x --prediction abs --set s", "'s' is not NAME=VALUE, such as tau=0.5"),
        ("evaluate x --prediction abs --set tau=1", "unknown setting 'tau': there are s, abs_form"),
        ("evaluate x --prediction tau-nrom", "unknown predictor 'tau-nrom' (did you mean 'tau-norm'?)"),
        ("train --prediction tau-nrom", "unknown predictor 'tau-nrom' (did you mean 'tau-norm'?)"),
        (
            "train --method alas --prediction tau-norm",
            "tau is a setting of method 'alas' and of prediction 'tau-norm': train with another prediction, and test by "
            "this one with `lt-prune evaluate --prediction tau-norm`",
        ),
        ("methods atll", "unknown training method 'atll' (did you mean 'atl'?)"),
    ],
)
def test_unusable_settings_are_refused(in_tmp, args, says):
    code = 1 if "does not exist" in says else 2
    refuse(in_tmp, *args.split(), code=code, says=says)


# Warnings, classes, samples


def test_warnings_are_in_the_json_and_on_stderr(flow, said):
    for name in ("score", "scores", "prune", "run", "sweep"):
        told = [line.removeprefix("lt-prune: warning: ") for line in flow[name].stderr.splitlines() if "warning: " in line]
        assert said[name]["warnings"] == told
        assert told
    assert all("warnings" in said[name] for name in said)


def test_rows_of_which_a_group_is_at_zero_are_warned_of(flow, said):
    rows = said["results"]["rows"]
    zero = [group for group in ("head", "middle", "tail") if not any(row[f"{group}_mean"] for row in rows)]
    expected = f"digits-lt10: {' and '.join(zero)} {'are' if len(zero) > 1 else 'is'} at 0% in every row"
    assert [warning.startswith(expected) for warning in said["results"]["warnings"]] == [True] * bool(zero)


def test_prune_shows_every_class(in_tmp):
    result = ok("prune", "--strategy", "class-random", "--ratio", 0.45, "--per-class")
    lines = [line.split() for line in result.stdout.splitlines()]
    place = lines.index(["class", "group", "before", "kept", "removed", "removed", "%"])
    assert lines[place + 1] == ["0", "head", "124", "68", "56", "45.2%"]
    told = json.loads(ok("prune", "--strategy", "class-random", "--ratio", 0.45, "--per-class", "--json").stdout)["classes"]
    assert [row["before"] for row in told] == sorted((row["before"] for row in told), reverse=True)
    assert [(row["class"], row["removed"]) for row in told][-1] == ("9", 5)


def test_prune_by_a_budget_and_a_selection_and_its_matched_control(in_tmp):
    scored = lp.score("digits", members=1, epochs=1, model="resnet8")
    lp.write_scores("scores/digits-lt10.h5", scored)
    ok("prune", "--ratio", 0.45, "--budget", "floor", "--select", "window", "--set", "floor=12", "--set", "window=0.2")
    file = "subsets/digits-lt10-floor+window+floor=12+window=0.2-avh-0.45.h5"
    assert lp.read_subset(file).kept_counts.min() == 12
    told = json.loads(ok("prune", "--budget", f"like:{file}", "--select", "random", "--json").stdout)
    assert [row["kept"] for row in told["classes"]] == lp.read_subset(file).kept_counts.tolist()
    assert told["file"].startswith("subsets/digits-lt10-like+random+as=")


def test_a_setting_of_a_pruning_that_there_is_not_is_refused(in_tmp):
    asked = ("prune", "--ratio", 0.45, "--select", "random", "--set", "window=1")
    refuse(in_tmp, *asked, code=2, says="unknown setting 'window': there are none")
    refuse(in_tmp, *asked[:-1], "window", code=2, says="'window' is not NAME=VALUE")


def test_evaluate_shows_every_class(flow, monkeypatch):
    monkeypatch.chdir(flow["folder"])
    run = "runs/digits-lt10-ranked-avh-0.45-ce"
    result = lp.read_result(Path(run) / "result.json")
    told = json.loads(ok("evaluate", run, "--per-class", "--json").stdout)
    assert [row["accuracy"]["accuracy"] for row in told["classes"]] == list(result.evaluation.per_class)
    assert [row["count"] for row in told["classes"]] == list(result.class_counts)
    strengths = ok("evaluate", run, "--per-class", "--prediction", "abs", "--set", "s=0,0.2").stdout
    assert ["class", "group", "samples", "s=0.0", "s=0.2"] in [line.split() for line in strengths.splitlines()]


def test_run_shows_every_class(flow, monkeypatch):
    monkeypatch.chdir(flow["folder"])
    again = ("run", "--members", 1, "--score-epochs", 1, *SMALL, "--ratio", 0.3, "--out", "all", "--per-class")
    told = json.loads(ok(*again, "--json").stdout)
    for place, row in enumerate(told["rows"]):
        result = lp.read_result(Path(told["files"][7 + place]) / "result.json")
        of_classes = [each["accuracy"][row["trained_on"]] for each in told["classes"]]
        assert of_classes == list(result.evaluation.per_class)
    assert "test accuracy (%) of each class (and its samples trained on)" in ok(*again).stdout


def test_scores_go_to_a_table_of_every_sample(flow, monkeypatch):
    monkeypatch.chdir(flow["folder"])
    result = ok("scores", "scores/digits-lt10.h5", "--metric", "el2n", "--csv", "el2n.csv")
    assert result.stderr.splitlines()[-1] == "wrote el2n.csv"
    with open("el2n.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    scores = lp.read_scores("scores/digits-lt10.h5")
    assert {int(row["id"], 16): float(row["mean"]) for row in rows} == pytest.approx(
        dict(zip(scores.index.ids.tolist(), scores.metric("el2n").mean.tolist()))
    )
    assert [int(row["rank"]) for row in rows] == list(range(1, 504))


# Before long work


@pytest.mark.slow
def test_a_dry_run_says_what_there_is_to_train(in_tmp):
    grid = ("sweep", "--strategies", "random", "--ratios", "0.3", "--seeds", "0,1", *SMALL, "--dry-run")
    result = ok(*grid)
    assert re.search(r"^to train: 4 runs, 4 epochs, 1,710 images: about .* images/s$", result.stdout, re.MULTILINE)
    told = json.loads(ok(*grid, "--json").stdout)
    assert (told["work"]["runs"], told["work"]["images"], len(told["rows"])) == (4, 2 * (503 + 352), 2)
    assert told["work"]["seconds"] == pytest.approx(1710 / told["work"]["images_per_second"])
    assert not files_below(in_tmp)


@pytest.mark.parametrize(("ratio", "meant"), [("30", "0.3"), ("45", "0.45"), ("2.5", "0.025")])
@pytest.mark.parametrize("command", ["prune --strategy random --ratio", "run --ratio", "sweep --strategies random --ratios"])
def test_percent_for_a_fraction_is_asked_about(in_tmp, command, ratio, meant):
    result = lt(*command.split(), ratio)
    assert result.exit_code == 2
    assert f"did you mean {meant}, which removes {ratio}%?" in result.stderr


@pytest.mark.parametrize("ratio", ["1", "100", "-30", "1e9"])
def test_what_is_no_percentage_is_not(in_tmp, ratio):
    result = lt("prune", "--strategy", "random", "--ratio", ratio)
    assert (result.exit_code, "did you mean" in result.stderr) == (2, False)


@pytest.mark.parametrize("command", ["plot", "evaluate"])
@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("nowhere", "there is no run at nowhere: name a folder that `lt-prune train` made, with result.json and model.pt"),
        ("scores/digits-lt10.h5", "is no trained run that has ended: "),
        ("scores/digits-lt10.h5", "`lt-prune scores` shows a score file"),
        ("grid/runs/digits-lt10-sweep.json", "`lt-prune results --figure STEM` draws the rows of many runs"),
        ("grid/runs", "name one of the runs in it, such as grid/runs/digits-lt10-ce"),
        ("grid/runs/digits-lt10-ce/result.json", "name its folder, grid/runs/digits-lt10-ce"),
        ("sets", "name a folder that `lt-prune train` made"),
    ],
)
def test_what_is_no_run_is_told_what_one_is(flow, monkeypatch, command, place, says):
    monkeypatch.chdir(flow["folder"])
    result = lt(command, place)
    assert result.exit_code == 1
    assert result.stderr.startswith("lt-prune: ")
    assert says in result.stderr


def test_score_takes_several_metrics_as_sweep_does(in_tmp):
    result = json.loads(ok("score", "--members", 1, *SMALL, "--metric", "el2n,avh", "--json").stdout)
    assert result["metric"] == "el2n"
    assert {"avh", "el2n"} <= set(result["metrics"])
    refused = lt("score", "--members", 1, *SMALL, "--metric", "el2n,avg")
    assert refused.exit_code == 2
    assert "unknown metric 'avg' (did you mean 'avh'?)" in refused.stderr


# Memory


@pytest.mark.parametrize(
    ("command", "advice"),
    [
        (("build",), ["--loading stream", "--resize"]),
        (("score", "--members", 1, *SMALL), ["--workers 1", "--batch-size", "--loading stream", "--resize"]),
        (("train", *SMALL), ["--batch-size", "--loading stream", "--resize"]),
        (("prune", "--strategy", "random", "--ratio", "0.3"), ["--loading stream", "--resize"]),
    ],
    ids=lambda value: value[0],
)
@pytest.mark.parametrize("error", [MemoryError("Unable to allocate 7.45 GiB"), RuntimeError("x: can't allocate memory: y")])
def test_memory_that_runs_out_is_a_sentence_with_the_commands_own_options(in_tmp, monkeypatch, command, advice, error):
    def too_much(*args: object) -> None:
        raise error

    monkeypatch.setattr("lt_prune.steps.build.assemble", lambda *args, **options: too_much())
    result = lt(*command)
    assert (result.exit_code, result.stdout) == (1, "")
    line = result.stderr.splitlines()[-1]
    assert line.startswith(f"lt-prune: out of memory ({error}): ")
    assert [option for option in advice if option not in line] == []
    named = set(re.findall(r"--[a-z-]+", line))
    assert named <= {option for parameter in main.commands[command[0]].params for option in parameter.opts}


def test_any_other_error_of_python_is_not_hidden(in_tmp, monkeypatch):
    monkeypatch.setattr("lt_prune.steps.build.assemble", lambda *args, **options: 1 / 0)
    assert isinstance(lt("build").exception, ZeroDivisionError)
