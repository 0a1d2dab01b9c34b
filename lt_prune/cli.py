"""The command line: parse, call a step, print. Results go to stdout, progress and messages to stderr."""

from __future__ import annotations

import io
import json
import re
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

import click

from lt_prune import choices
from lt_prune.compute import Compute
from lt_prune.errors import ArgumentError, LtPruneError
from lt_prune.reading import Reading

if TYPE_CHECKING:  # a command imports what it needs, so that --help need not load torch
    from rich.console import RenderableType

    from lt_prune.types import ScoreSet

F = TypeVar("F", bound=Callable[..., Any])


class _Terminated(BaseException):
    """SIGTERM came."""


class _Main(click.Group):
    """A group whose every failure is one sentence on stderr: exit 2 for usage, 1 for the rest, 128 + n for a signal."""

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        warnings.showwarning = lambda message, *_, **__: _warn(message)
        if threading.current_thread() is threading.main_thread():  # no other may set a handler
            signal.signal(signal.SIGTERM, _terminate)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # a bar or a name that the terminal cannot show is no reason to fail
                stream.reconfigure(errors="replace")
        kwargs["standalone_mode"] = False
        try:
            super().main(*args, **kwargs)
        except LtPruneError as error:
            _fail(str(error), error.exit_code)
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(error.exit_code)
        except click.ClickException as error:
            _fail(error.format_message(), error.exit_code)
        except (click.Abort, KeyboardInterrupt):
            _fail("interrupted; what was finished is kept, and the same command goes on from there", 130)
        except _Terminated:
            _fail("terminated; what was finished is kept, and the same command goes on from there", 143)
        except BrokenPipeError:
            sys.stderr.close()
            sys.exit(1)
        except OSError as error:
            place = f" {error.filename}" if error.filename else ""
            _fail(f"cannot use{place}: {error.strerror or error}; name another place, or make room for this one", 1)
        sys.exit(0)


def _terminate(signum: int, frame: Any) -> NoReturn:
    raise _Terminated


def _fail(message: str, code: int) -> NoReturn:
    click.echo(f"lt-prune: {message}", err=True)
    sys.exit(code)


def _warn(message: Warning | str) -> None:
    click.echo(f"lt-prune: warning: {message}", err=True)


def _options(*options: Callable[[F], F]) -> Callable[[F], F]:
    """One decorator of several options, in the order given."""

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _pair(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, int] | None:
    if value is None:
        return None
    try:
        head_end, tail_start = (int(number) for number in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r} is not two whole numbers A,B") from None
    return head_end, tail_start


def _list_of(kind: Callable[[str], Any]) -> Callable[..., Any]:
    """A callback that reads comma-separated values."""

    def read(context: click.Context, parameter: click.Parameter, value: str) -> list[Any]:
        try:
            return [kind(part.strip()) for part in value.split(",") if part.strip()]
        except ValueError:
            raise click.BadParameter(f"{value!r} is not a list such as 0.1,0.2") from None

    return read


def _seeds(context: click.Context, parameter: click.Parameter, value: str) -> list[int]:
    """Comma-separated seeds, or from the first to the last one as 0-4."""
    if (ends := re.fullmatch(r"(\d+)-(\d+)", value.strip())) and int(ends[1]) <= int(ends[2]):
        return list(range(int(ends[1]), int(ends[2]) + 1))
    try:
        return [int(part) for part in value.split(",")]
    except ValueError:
        raise click.BadParameter(f"{value!r} are no seeds such as 0-4 or 0,1,2") from None


def _gathered(name: str, kind: type[Compute] | type[Reading]) -> Callable[[F], F]:
    """A decorator that gives a command one value in place of the options that its fields are."""
    names = {field.name for field in fields(kind)}

    def decorate(command: F) -> F:
        @wraps(command)
        def gathering(**options: Any) -> Any:
            given = {option: options.pop(option) for option in names & set(options)}
            return command(**{name: kind(**given)}, **options)

        return cast(F, gathering)

    return decorate


_as_compute = _gathered("compute", Compute)
_DATA_HELP = "A set file (.h5), or SOURCE[-ltB|-stepB|-full][:PATH], such as cifar10-lt50 or folder:photos."
_read_options = _options(
    click.option("--download", is_flag=True, help="Fetch the source where it can be and is not there."),
    click.option("--resize", type=int, metavar="SIDE", help="Resize a folder's images to squares of this side."),
    click.option(
        "--loading",
        type=click.Choice(choices.LOADINGS),
        default="auto",
        show_default=True,
        help="Hold a folder's images in memory, or read them as needed; auto streams what would fill half of it.",
    ),
    _gathered("reading", Reading),
)
_device_option = click.option(
    "--device",
    type=click.Choice(choices.DEVICES),
    default="auto",
    show_default=True,
    help="Where networks run (build and prune run none).",
)
_common_options = _options(
    click.option("--seed", type=int, default=0, show_default=True, help="Names all randomness of this step."),
    _device_option,
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables."),
)
_workers_option = click.option(
    "--workers",
    type=int,
    help="Networks trained at once; on the CPU this changes no result.  [default: one a CPU core, up to 4 on a GPU]",
)
_speed_options = _options(
    click.option(
        "--precision",
        type=click.Choice(choices.PRECISIONS),
        default="tf32",
        show_default=True,
        help="Of training on CUDA.",
    ),
    click.option("--compiled", is_flag=True, help="Compile networks by torch.compile first."),
)
_mix_option = click.option(
    "--mix-compute", is_flag=True, help="Go on where what is there was computed otherwise (device, precision, compiled)."
)
_data_option = click.option("--data", default="digits", show_default=True, help=_DATA_HELP)
_overwrite_option = click.option("--overwrite", is_flag=True, help="Start again where the output exists.")
_mixup_option = click.option(
    "--mixup", type=float, help="Mix images and targets by Beta(MIXUP, MIXUP); 0 is off.  [default: the method's]"
)
_prediction_option = click.option(
    "--prediction", type=click.Choice(choices.PREDICTIONS), help="How to predict.  [default: as the method does]"
)
_equal_option = click.option(
    "--equal",
    type=click.Choice(choices.EQUAL),
    default="epochs",
    show_default=True,
    help="What a run on a subset has as many of as that on the whole set.",
)
_set_option = click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    help="Any setting that `lt-prune methods NAME` lists, such as tau=0.5 or stage2_epochs=5; more than once.",
)
_preset_option = click.option(
    "--recipe",
    type=click.Choice(choices.PRESETS),
    help="Whose epochs and weight decay are the defaults: the paper's, or its first author's code's.  [default: paper]",
)
_recipe_options = _options(
    click.option("--epochs", type=int, help="Epochs of a run.  [default: 10 for score; of the recipe for train]"),
    click.option("--batch-size", type=int, help="Samples a step.  [default: 128]"),
    click.option("--lr", type=float, help="Peak learning rate.  [default: 0.1]"),
    click.option("--warmup", type=int, help="Warm-up epochs.  [default: 1 for score, 5 for train]"),
    click.option("--weight-decay", type=float, help="Weight decay.  [default: 0.0005; of the recipe for train]"),
    click.option(
        "--schedule",
        type=click.Choice(choices.SCHEDULES),
        help="Learning rate after the warm-up.  [default: cosine for score, step for train]",
    ),
    click.option(
        "--depth", type=int, help=f"Depth of the CIFAR-style ResNet: {', '.join(map(str, choices.DEPTHS))}.  [default: 32]"
    ),
    click.option("--flip/--no-flip", default=None, help="Mirror images at random.  [default: as the data allows]"),
)


@click.group(cls=_Main, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="lt-prune")
def main() -> None:
    """Build, score and prune long-tailed image data, and see what the pruning cost head, middle and tail.

    \b
    lt-prune score --metric avh     # train an ensemble, score every sample
    lt-prune prune --ratio 0.45     # remove the easiest 45 %
    lt-prune train --method atl     # train on what is left
    lt-prune run                    # all of it, compared with random pruning
    """


@main.command()
@_data_option
@click.option("--imbalance", type=float, metavar="RATIO", help="Largest class over smallest.  [default: the source's own]")
@click.option("--profile", type=click.Choice(choices.PROFILES), help="How counts fall.  [default: exp]")
@click.option("--largest", type=int, help="Images of the largest class.  [default: as many as every class has]")
@click.option(
    "--selection",
    type=click.Choice(choices.SELECTIONS),
    default="content",
    show_default=True,
    help="Choose by (seed, content), or by the MiSLAS code's shuffle.",
)
@click.option("--groups", callback=_pair, metavar="A,B", help="Head is [0,A), tail [B,M) of the classes by count.")
@_read_options
@_common_options
@click.option("--out", type=click.Path(path_type=Path), help="Set file.  [default: sets/NAME.h5]")
def build(as_json: bool, device: str, out: Path | None, **options: Any) -> None:
    """Cut a source to a long-tailed set and save it as one file.

    \b
    Example: lt-prune build --data cifar10 --imbalance 100 --download
    """
    import lt_prune as lp
    from lt_prune.report.summary import summarise_set
    from lt_prune.report.tables import set_table
    from lt_prune.steps.paths import set_path

    built = lp.build(**options, out=out)
    if out is None:
        out = set_path(built.roster)
        lp.write_set(out, built)
    _print(as_json, {**summarise_set(built), "file": str(out)}, lambda: set_table(built))
    _say_wrote(out)


@main.command()
@_data_option
@click.option("--metric", default="avh", show_default=True, help="Metric to store and show; every known one is stored.")
@click.option("--members", type=int, default=10, show_default=True, help="Networks in the ensemble.")
@_recipe_options
@_read_options
@_common_options
@_workers_option
@_speed_options
@_as_compute
@_mix_option
@_overwrite_option
@click.option("--out", type=click.Path(path_type=Path), help="Score file.  [default: scores/NAME.h5]")
def score(data: str, metric: str, as_json: bool, out: Path | None, reading: Reading, **options: Any) -> None:
    """Score every training sample with an ensemble of short runs.

    Run again, it adds what is missing: more --members, or another --metric from the weights kept beside the file.

    \b
    Example: lt-prune score --data cifar10 --metric avh --members 10
    """
    import lt_prune as lp
    from lt_prune.metrics import METRICS
    from lt_prune.report.progress import shown_progress
    from lt_prune.steps.paths import scores_path

    METRICS.check(metric)
    lt_set = lp.open_set(data, reading=reading)
    out = out or scores_path(lt_set.roster, options["seed"])
    with shown_progress() as progress:
        scores = lp.score(lt_set, metric=metric, out=out, progress=progress, **options)
    _print_scores(scores, metric, as_json, out)
    _say_wrote(out)


@main.command("scores")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--metric", help="Metric to show in detail.  [default: avh]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
def show_scores(file: Path, metric: str | None, as_json: bool) -> None:
    """Show what a score file holds: class means, histogram, hardest and easiest samples.

    \b
    Example: lt-prune scores scores/digits-lt10.h5 --metric avh
    """
    import lt_prune as lp

    scores = lp.read_scores(file)
    _print_scores(scores, metric or ("avh" if "avh" in scores.metrics else min(scores.metrics)), as_json, file)


@main.command()
@click.option("--data", help=f"{_DATA_HELP}  [default: the data of --scores, or else digits]")
@click.option("--ratio", type=float, required=True, help="The fraction to REMOVE, in [0, 1).")
@click.option("--strategy", default="ranked", show_default=True, help="random, class-random or ranked.")
@click.option("--scores", type=click.Path(path_type=Path), help="Score file to rank by.  [default: scores/NAME.h5]")
@click.option("--metric", help="Which of the scores to rank by.  [default: avh]")
@click.option("--keep", type=click.Choice(choices.KEEP), help="Which end stays.  [default: hard]")
@click.option("--within", type=click.Choice(choices.WITHIN), help="Rank over the set or within classes.  [default: set]")
@click.option("--allow-empty-class", is_flag=True, help="Let a class lose all its samples.")
@_read_options
@_common_options
@click.option(
    "--out", type=click.Path(path_type=Path), help="Subset file.  [default: subsets/NAME-STRATEGY-METRIC-RATIO.h5]"
)
def prune(as_json: bool, device: str, out: Path | None, **options: Any) -> None:
    """Choose which samples to keep; exactly round(RATIO x N) are removed.

    \b
    Example: lt-prune prune --ratio 0.45 --metric avh --keep hard
    """
    import lt_prune as lp
    from lt_prune.report.summary import summarise_subset
    from lt_prune.report.tables import subset_table
    from lt_prune.steps.paths import subset_path

    subset = lp.prune(**_with_default_scores(options))
    out = out or subset_path(subset)
    lp.write_subset(out, subset)
    summary = summarise_subset(subset)
    _print(as_json, {**summary, "file": str(out)}, lambda: subset_table(subset))
    for warning in summary["warnings"]:
        _warn(warning)
    _say_wrote(out)


@main.command()
@_data_option
@click.option(
    "--subset",
    default=choices.AUTO,
    show_default=True,
    help="Subset file; auto is the one subset of the data in subsets/, if any, and none the whole set.",
)
@click.option("--method", default="ce", show_default=True, help="Training method; `lt-prune methods` lists them.")
@click.option("--stages", type=click.IntRange(1, 2), help="1 leaves out a method's second stage.")
@click.option(
    "--from-run",
    type=click.Path(path_type=Path),
    help="Finished run of one stage that the second starts from.  [default: train it in OUT/stage1]",
)
@_mixup_option
@_prediction_option
@_equal_option
@_preset_option
@_recipe_options
@_set_option
@_read_options
@_common_options
@click.option("--n-threads", type=int, help="CPU threads; the same number repeats a run bit for bit.  [default: all]")
@_speed_options
@_as_compute
@_overwrite_option
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run.  [default: runs/NAME-METHOD]")
def train(
    data: str,
    subset: str,
    method: str,
    equal: str,
    seed: int,
    as_json: bool,
    out: Path | None,
    reading: Reading,
    assignments: tuple[str, ...],
    **options: Any,
) -> None:
    """Train a network on the set or on a subset of it, and test it after the last epoch.

    Interrupted, the same command goes on from the last whole epoch.

    \b
    Example: lt-prune train --subset subsets/digits-lt10-ranked-avh-0.45.h5 --method atl
    """
    from dataclasses import asdict

    import lt_prune as lp
    from lt_prune.methods import METHODS
    from lt_prune.report.progress import shown_progress
    from lt_prune.report.tables import result_table
    from lt_prune.steps.paths import run_path, subset_file

    METHODS.check(method)
    options |= _assigned(assignments, [method], options["prediction"])
    lt_set = lp.open_set(data, reading=reading)
    file = subset_file(subset, lt_set.roster)
    chosen = lp.read_subset(file) if file else None
    click.echo(f"training on {file or 'the whole set'}", err=True)
    one_stage = "-stage1" if options["stages"] == 1 and METHODS.load(method).first else ""
    out = out or run_path(file.stem if file else lt_set.roster.name, f"{method}{one_stage}", seed, equal)
    options |= {"method": method, "equal": equal, "seed": seed}
    with shown_progress() as progress:
        result = lp.train(lt_set, subset=chosen, out=out, progress=progress, **options)
    _print(as_json, {**asdict(result), "folder": str(out)}, lambda: result_table(result))
    _say_wrote(out)


@main.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--data", help=f"{_DATA_HELP}  [default: what the run was given]")
@click.option("--prediction", type=click.Choice(choices.PREDICTIONS), help="How to predict.  [default: as the run did]")
@click.option(
    "--s", callback=_list_of(float), default="", help="Strengths of ABS, comma-separated.  [default: as published]"
)
@click.option("--abs-form", type=click.Choice(choices.ABS_FORMS), help="Form of ABS.  [default: as published]")
@click.option("--subset", type=click.Path(path_type=Path), help="What the run was trained on, for ABS.  [default: found]")
@_device_option
@_as_compute
@_read_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def evaluate(
    run: Path,
    prediction: str | None,
    s: list[float],
    abs_form: str | None,
    subset: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Test a trained run again, for example with another prediction.

    \b
    Example: lt-prune evaluate runs/digits-lt10-mixup --prediction abs --s 0,0.1,0.2
    """
    from dataclasses import asdict

    from rich.console import Group

    import lt_prune as lp
    from lt_prune.report.tables import confusion_table, evaluation_table, strengths_table
    from lt_prune.steps.evaluate import open_run

    if len(s) > 1:
        if prediction != "abs":
            raise ArgumentError("several strengths are for --prediction abs: add that, or leave out --s")
        found = lp.evaluate_abs(run, s=s, abs_form=abs_form, subset=subset, **options)
        rows = [{"s": strength, **asdict(evaluation)} for strength, evaluation in found.items()]
        _print(as_json, {"rows": rows}, lambda: strengths_table(found))
        return
    opened = open_run(run, **options)
    evaluation = lp.evaluate(opened, prediction=prediction, s=s[0] if s else None, abs_form=abs_form, subset=subset)
    tables = evaluation_table(evaluation), "", confusion_table(evaluation, opened.data.roster.class_names)
    _print(as_json, asdict(evaluation), lambda: Group(*tables))


@main.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--figure", type=click.Choice((*choices.FIGURES, "all")), default="all", show_default=True, help="What to draw."
)
@click.option(
    "--compare",
    type=click.Path(path_type=Path),
    help="Another run on the same data, such as the second stage, for weight-norms and abs.",
)
@click.option("--scores", type=click.Path(path_type=Path), help="Score file, for hardness.  [default: scores/NAME.h5]")
@click.option("--data", help=f"{_DATA_HELP}  [default: what the run was given]")
@click.option("--subset", type=click.Path(path_type=Path), help="What the run was trained on.  [default: found]")
@_device_option
@_as_compute
@_read_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with every value drawn.")
@click.option("--out", type=click.Path(path_type=Path), help="Files, without ending.  [default: RUN/FIGURE]")
def plot(run: Path, as_json: bool, **options: Any) -> None:
    """Draw a trained run class by class: figures as PNG and PDF, and their values as CSV.

    \b
    weight-norms   length of each classifier row, also of the first stage
    logits         mean linear and angular logit of the true class, train and test
    probabilities  the same of the probability
    abs            mean test probability of the true class, before and after ABS
    head           classifier weights and biases
    hardness       mean AVH of the scores, and test accuracy

    \b
    Example: lt-prune plot runs/digits-lt10-ce --figure logits
    """
    from dataclasses import asdict

    import lt_prune as lp

    drawn = lp.plot(run, **options)
    if as_json:
        click.echo(json.dumps({"figures": {name: asdict(one) for name, one in drawn.items()}}))
    _say_wrote(*(file for one in drawn.values() for file in one.files))


@main.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
def methods(name: str | None, as_json: bool) -> None:
    """List the training methods, or show one: stages, settings, and what was published for which data.

    \b
    Example: lt-prune methods alas
    """
    from lt_prune.report.tables import method_table, methods_table
    from lt_prune.steps.describe import describe_method, describe_methods

    if name:
        method = describe_method(name)
        _print(as_json, method, lambda: method_table(method))
        return
    rows = describe_methods()
    _print(as_json, {"methods": rows}, lambda: methods_table(rows))


@main.command()
@click.argument("subset", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File to write.")
@click.option("--format", type=click.Choice(choices.FORMATS), help="What to write.  [default: the ending of --out]")
def export(subset: Path, out: Path, format: str | None) -> None:
    """Write a subset for other programs: positions (npy), file names or positions (txt), everything (json).

    \b
    Example: lt-prune export subsets/digits-lt10-ranked-avh-0.45.h5 --out kept.npy
    """
    import lt_prune as lp

    lp.export(lp.read_subset(subset), out, format)
    _say_wrote(out)


@main.command()
@_data_option
@click.option("--ratio", type=float, default=0.45, show_default=True, help="The fraction to REMOVE, in [0, 1).")
@click.option("--method", default="ce", show_default=True, help="Training method.")
@_equal_option
@click.option("--epochs", type=int, default=60, show_default=True, help="Epochs on the whole set (the paper's: 300).")
@click.option("--members", type=int, default=10, show_default=True, help="Networks in the scoring ensemble.")
@click.option("--score-epochs", type=int, default=10, show_default=True, help="Epochs of each of them.")
@click.option("--depth", type=int, default=32, show_default=True, help="Depth of the CIFAR-style ResNets.")
@_read_options
@_common_options
@_workers_option
@_speed_options
@_as_compute
@_overwrite_option
@click.option("--out", type=click.Path(path_type=Path), default=".", show_default=True, help="Folder to write below.")
def run(as_json: bool, **options: Any) -> None:
    """Build, score, prune by four strategies, train on the whole set and on each subset, compare.

    \b
    Example: lt-prune run --data cifar10 --ratio 0.45 --epochs 100
    """
    import lt_prune as lp
    from lt_prune.report.progress import shown_progress
    from lt_prune.report.summary import compare_results
    from lt_prune.report.tables import comparison_table

    with shown_progress() as progress:
        comparison = lp.run(progress=progress, **options)
    name, results, equal = comparison.name, comparison.results, comparison.equal
    said = {"name": name, "ratio_removed": comparison.ratio, "equal": equal, "rows": compare_results(results)}
    _print(as_json, {**said, "files": list(comparison.files)}, lambda: comparison_table(name, results, equal))
    _say_wrote(*comparison.files)


@main.command()
@_data_option
@click.option(
    "--strategies",
    callback=_list_of(str),
    default="random,class-random,ranked",
    show_default=True,
    help="Pruning strategies, comma-separated.",
)
@click.option(
    "--metrics",
    callback=_list_of(str),
    default="avh",
    show_default=True,
    help="What ranked ranks by; several too.",
)
@click.option(
    "--ratios",
    callback=_list_of(float),
    default="0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9",
    show_default=True,
    help="Fractions to REMOVE, in [0, 1); 0 is always among them.",
)
@click.option("--methods", callback=_list_of(str), default="ce", show_default=True, help="Training methods.")
@click.option("--seeds", callback=_seeds, default="0-4", show_default=True, help="Such as 0-4 or 0,1,2.")
@click.option("--keep", type=click.Choice(choices.KEEP), help="Which end ranked keeps.  [default: hard]")
@click.option("--within", type=click.Choice(choices.WITHIN), help="Rank over the set or within classes.  [default: set]")
@click.option("--members", type=int, default=10, show_default=True, help="Networks in a scoring ensemble.")
@click.option("--score-epochs", type=int, default=10, show_default=True, help="Epochs of each of them.")
@click.option(
    "--ensembles", type=int, default=1, show_default=True, help="1, for all seeds, or as many as seeds: one for each."
)
@_mixup_option
@_prediction_option
@_equal_option
@_preset_option
@_recipe_options
@_set_option
@_read_options
@_device_option
@_workers_option
@_speed_options
@_as_compute
@_mix_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
@click.option("--out", type=click.Path(path_type=Path), default=".", show_default=True, help="Folder to write below.")
def sweep(as_json: bool, assignments: tuple[str, ...], **options: Any) -> None:
    """Train on every pruning of a grid: strategy x metric x ratio x method x seed, and on the whole set.

    Run again, it does what is missing. A run that fails is a row with its reason; the others go on. The rows printed are
    also drawn, beside the record of the grid.

    \b
    Example: lt-prune sweep --data cifar10 --strategies random,ranked --ratios 0.3,0.5 --seeds 0-2 --epochs 100
    """
    import lt_prune as lp
    from lt_prune.report.aggregate import aggregate
    from lt_prune.report.progress import shown_progress
    from lt_prune.report.tables import results_table

    options |= _assigned(assignments, options["methods"], options["prediction"])
    with shown_progress() as progress:
        done = lp.sweep(progress=progress, **options)
    rows = aggregate(done.runs)
    figures = lp.plot_results(rows, done.figure) if any(row["strategy"] for row in rows) else ()
    said = {"name": done.name, "rows": rows, "file": done.file, "figures": list(figures)}
    _print(as_json, said, lambda: results_table(rows))
    _say_wrote(done.file, *figures)
    if done.failures:
        raise LtPruneError(f"{len(done.failures)} of {len(done.runs)} runs failed; the same command tries them again")


@main.command()
@click.argument("places", nargs=-1, metavar="[FILE or FOLDER]...", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Also write the rows to this CSV file.")
@click.option("--figure", type=click.Path(path_type=Path), help="Also draw them: files, without ending.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def results(places: tuple[Path, ...], out: Path | None, figure: Path | None, as_json: bool) -> None:
    """Sum up runs over their seeds: mean and standard deviation.  [default: all below runs/]

    A FILE is the record of a sweep, runs/NAME-sweep.json, or a result.json.

    \b
    Example: lt-prune results runs --out results.csv --figure results
    """
    import lt_prune as lp
    from lt_prune.report.tables import results_table

    rows = lp.results(*places, out=out)
    files = ([str(out)] if out else []) + list(lp.plot_results(rows, figure) if figure else ())
    _print(as_json, {"rows": rows, "files": files}, lambda: results_table(rows))
    if files:
        _say_wrote(*files)


def _assigned(assignments: tuple[str, ...], methods: list[str], prediction: str | None) -> dict[str, Any]:
    """Settings of methods and of their prediction, given as NAME=VALUE, by name."""
    from lt_prune.steps.recipes import parse_setting

    found = {}
    for assignment in assignments:
        name, separator, text = assignment.partition("=")
        if not separator:
            raise click.BadParameter(f"{assignment!r} is not NAME=VALUE, such as tau=0.5", param_hint="--set")
        found[name] = parse_setting(methods, prediction, name, text)
    return found


def _with_default_scores(options: dict[str, Any]) -> dict[str, Any]:
    """Options of `prune` with the data opened, and its own score file where one is needed and none was given."""
    import lt_prune as lp
    from lt_prune.steps.paths import scores_path
    from lt_prune.strategies import STRATEGIES

    if not STRATEGIES.load(options["strategy"]).needs_scores or options["scores"]:
        return options
    lt_set = lp.open_set(options["data"] or "digits", reading=options["reading"])
    scores = scores_path(lt_set.roster, options["seed"])
    if not scores.exists():
        data = f" --data {options['data']}" if options["data"] else ""
        raise ArgumentError(
            f"there are no scores of {lt_set.roster.name} at {scores}: run `lt-prune score{data}` first, or give --scores"
        )
    return {**options, "data": lt_set, "scores": scores}


def _print(as_json: bool, summary: dict[str, Any], table: Callable[[], RenderableType]) -> None:
    from rich.console import Console

    if as_json:
        click.echo(json.dumps(summary))
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=120)
    console.print(table())


def _print_scores(scores: ScoreSet, metric: str, as_json: bool, file: Path) -> None:
    from lt_prune.report.summary import summarise_scores
    from lt_prune.report.tables import scores_table

    _print(as_json, {**summarise_scores(scores, metric), "file": str(file)}, lambda: scores_table(scores, metric))


def _say_wrote(*files: Path | str) -> None:
    click.echo(f"wrote {', '.join(str(file) for file in files)}", err=True)
