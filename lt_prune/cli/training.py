"""Commands about one training: train, evaluate, plot, methods."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lt_prune import choices
from lt_prune.cli.completing import a_source, members_of, words
from lt_prune.cli.group import main
from lt_prune.cli.options import (
    DATA_HELP,
    as_compute,
    assigned,
    assigned_values,
    common_options,
    data_option,
    device_option,
    log_options,
    match_option,
    overwrite_option,
    per_class_option,
    prediction_option,
    preset_option,
    read_options,
    speed_options,
    training_options,
)
from lt_prune.cli.printing import held_out, print_json, print_result, read_as_before, say_wrote
from lt_prune.config.compute import Compute
from lt_prune.config.reading import Reading
from lt_prune.errors import one_line


@main.command()
@data_option
@click.option(
    "--subset",
    shell_complete=words(choices.AUTO, choices.WHOLE),
    default=choices.AUTO,
    show_default=True,
    help="Subset file; auto is the one subset of the data in subsets/, if any, and none the whole set.",
)
@match_option
@click.option(
    "--method",
    default="ce",
    shell_complete=members_of("methods"),
    show_default=True,
    help="Training method; `lt-prune methods` lists them.",
)
@click.option("--stages", type=click.IntRange(1, 2), help="1 leaves out a method's second stage.")
@click.option(
    "--from-run",
    type=click.Path(path_type=Path),
    help="Finished run of one stage that the second starts from.  [default: train it in OUT/stage1]",
)
@prediction_option
@preset_option
@training_options
@read_options
@common_options
@click.option("--n-threads", type=int, help="CPU threads; the same number repeats a run bit for bit.  [default: all]")
@speed_options
@as_compute
@overwrite_option
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run.  [default: runs/NAME-METHOD]")
@log_options
def train(
    data: str,
    subset: str,
    method: str,
    stages: int | None,
    prediction: str | None,
    equal: str,
    seed: int,
    as_json: bool,
    out: Path | None,
    reading: Reading,
    assignments: tuple[str, ...],
    log: Path | None,
    tensorboard: Path | None,
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
    from lt_prune.planning.paths import run_path
    from lt_prune.progress import Beforehand
    from lt_prune.reports.progress import shown_progress
    from lt_prune.reports.tables import result_table
    from lt_prune.steps.opening import open_with_subset

    METHODS.check(method)
    options |= assigned(assignments, [method], prediction)
    with shown_progress(log, tensorboard) as progress:
        lt_set, file, _ = open_with_subset(data, reading, subset)
        told = [*read_as_before(lt_set.index, lt_set.origin, reading), *held_out(lt_set.index)]
        told += [f"training on {one_line(str(file or 'the whole set'))}"]
        one_stage = "-stage1" if stages == 1 and METHODS.load(method).first else ""
        out = out or run_path(file.stem if file else lt_set.index.name, f"{method}{one_stage}", seed, equal)
        result = lp.train(
            lt_set,
            subset=file,
            method=method,
            stages=stages,
            prediction=prediction,
            equal=equal,
            seed=seed,
            out=out,
            progress=Beforehand(progress, *told),
            **options,
        )
    print_result(as_json, {**asdict(result), "folder": str(out)}, lambda: result_table(result))
    say_wrote(out)


@main.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--data", shell_complete=a_source, help=f"{DATA_HELP}  [default: what the run was given]")
@click.option(
    "--prediction",
    shell_complete=members_of("predictors"),
    help="How to predict; `lt-prune methods` lists it.  [default: as the run did]",
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE[,VALUE...]",
    help="A setting of the prediction, such as tau=0.5; more than once. Of several values, each combination is tested.",
)
@click.option(
    "--subset",
    type=click.Path(path_type=Path),
    help="What the run was trained on, for a prediction that is fitted to it, such as abs.  [default: found]",
)
@device_option
@as_compute
@read_options
@per_class_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def evaluate(
    run: Path,
    prediction: str | None,
    assignments: tuple[str, ...],
    subset: Path | None,
    per_class: bool,
    data: str | None,
    compute: Compute,
    reading: Reading,
    as_json: bool,
) -> None:
    """Test a trained run again, for example with another prediction.

    \b
    Example: lt-prune evaluate runs/digits-lt10-mixup --prediction abs --set s=0,0.1,0.2
    """
    from dataclasses import asdict

    from rich.console import Group

    import lt_prune as lp
    from lt_prune.reports.by_class import classes_tested
    from lt_prune.reports.tables import classes_tested_table, confusion_table, evaluation_table, settings_table
    from lt_prune.steps.evaluate import open_run, require_run

    if prediction is None:
        require_run(run)
        prediction = lp.read_result(run / "result.json").spec.prediction
    settings: dict[str, Any] = assigned_values(assignments, prediction)
    opened = open_run(run, data, compute=compute, reading=reading)
    found = lp.evaluate_each(opened, prediction=prediction, subset=subset, **settings)
    if len(found) > 1:
        said: dict[str, Any] = {"rows": [{"settings": how, **asdict(evaluation)} for how, evaluation in found]}
        tables: list[Any] = [settings_table(found)]
    else:
        evaluation = found[0][1]
        said = asdict(evaluation)
        tables = [evaluation_table(evaluation), "", confusion_table(evaluation, opened.data.index.class_names)]
    if per_class:
        varied = [name for name in found[0][0] if len({how[name] for how, _ in found}) > 1]
        columns = {" ".join(f"{name}={how[name]}" for name in varied) or "accuracy": each for how, each in found}
        said |= {"classes": classes_tested(opened.data.index, opened.result.class_counts, columns)}
        tables += [classes_tested_table(said["classes"])]
    print_result(as_json, said, lambda: Group(*tables))


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
@click.option("--data", shell_complete=a_source, help=f"{DATA_HELP}  [default: what the run was given]")
@click.option("--subset", type=click.Path(path_type=Path), help="What the run was trained on.  [default: found]")
@match_option
@device_option
@as_compute
@read_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with every value drawn.")
@overwrite_option
@click.option("--out", type=click.Path(path_type=Path), help="Files, without ending.  [default: RUN/FIGURE]")
def plot(run: Path, as_json: bool, **options: Any) -> None:
    """Draw a trained run, mostly class by class: figures as PNG and PDF, and their values as CSV.

    \b
    weight-norms   length of each classifier row, also of the first stage
    logits         mean linear and angular logit of the true class, train and test
    probabilities  the same of the probability
    abs            mean test probability of the true class, before and after ABS
    head           classifier weights and biases
    hardness       mean AVH of the scores, and test accuracy
    calibration    how often predictions are right, by how sure they are

    \b
    Example: lt-prune plot runs/digits-lt10-ce --figure logits
    """
    from dataclasses import asdict

    import lt_prune as lp

    drawn = lp.plot(run, **options)
    if as_json:
        print_json({"figures": {name: asdict(one) for name, one in drawn.items()}})
    say_wrote(*(file for one in drawn.values() for file in one.files))


@main.command()
@click.argument("name", required=False, shell_complete=members_of("methods"))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
def methods(name: str | None, as_json: bool) -> None:
    """List the training methods and predictions, or show a method: stages, settings, and what was published for which data.

    \b
    Example: lt-prune methods alas
    """
    from rich.console import Group

    from lt_prune.reports.tables import method_table, methods_table, predictions_table
    from lt_prune.steps.describe import describe_method, describe_methods, describe_predictions

    if name:
        method = describe_method(name)
        print_result(as_json, method, lambda: method_table(method))
        return
    rows, predictions = describe_methods(), describe_predictions()
    tables = methods_table(rows), "", predictions_table(predictions)
    print_result(as_json, {"methods": rows, "predictions": predictions}, lambda: Group(*tables))
