"""Options that several commands have, and how their values are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click
from click.core import ParameterSource

import lt_prune as lp
from lt_prune import choices
from lt_prune.cli.completing import a_source, members_of

if TYPE_CHECKING:
    from lt_prune.strategies import Strategy

F = TypeVar("F", bound=Callable[..., Any])


def options_of(*options: Callable[[F], F]) -> Callable[[F], F]:
    """One decorator of several options, in the order given."""

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def pair(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """Two whole numbers A,B."""
    if value is None:
        return None
    try:
        head_end, tail_start = (int(number) for number in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r} is not two whole numbers A,B") from None
    return head_end, tail_start


def list_of(kind: Callable[[str], Any]) -> Callable[..., Any]:
    """A callback that reads comma-separated values."""

    def read(context: click.Context, parameter: click.Parameter, value: str | None) -> list[Any] | None:
        if value is None:
            return None
        try:
            return [kind(part.strip()) for part in value.split(",") if part.strip()]
        except ValueError:
            raise click.BadParameter(f"{value!r} is not a list such as 0.1,0.2") from None

    return read


def seeds_of(context: click.Context, parameter: click.Parameter, value: str) -> list[int]:
    """Comma-separated seeds, or from the first to the last one as 0-4."""
    if (ends := re.fullmatch(r"(\d+)-(\d+)", value.strip())) and int(ends[1]) <= int(ends[2]):
        return list(range(int(ends[1]), int(ends[2]) + 1))
    try:
        return [int(part) for part in value.split(",")]
    except ValueError:
        raise click.BadParameter(f"{value!r} are no seeds such as 0-4 or 0,1,2") from None


def gathered(name: str) -> Callable[[F], F]:
    """A decorator that gives a command one value in place of the options that its fields are: `lp.Compute` as "compute"."""

    def decorate(command: F) -> F:
        @wraps(command)
        def gathering(**options: Any) -> Any:
            kind = getattr(lp, name.capitalize())
            given = {field.name: options.pop(field.name) for field in fields(kind) if field.name in options}
            return command(**{name: kind(**given)}, **options)

        return cast(F, gathering)

    return decorate


def asked_for(options: dict[str, Any]) -> dict[str, Any]:
    """The options of the command that is run, with None in place of what gathers several of which none was given: so a
    function that reads them in some cases alone can refuse them in the others."""
    source = click.get_current_context().get_parameter_source
    unasked = (None, ParameterSource.DEFAULT)
    return {
        name: None
        if isinstance(value, (lp.Compute, lp.Reading)) and all(source(field.name) in unasked for field in fields(value))
        else value
        for name, value in options.items()
    }


as_compute = gathered("compute")
DATA_HELP = "A set file (.h5), a folder, or SOURCE[-ltB|-stepB|-full][:PATH], such as cifar10-lt50 or folder:photos."
read_options = options_of(
    click.option("--download", is_flag=True, help="Fetch the source where it can be and is not there."),
    click.option("--resize", type=int, metavar="SIDE", help="Resize a folder's images to squares of this side."),
    click.option(
        "--loading",
        type=click.Choice(choices.LOADINGS),
        default="auto",
        show_default=True,
        help="Hold a folder's images in memory, or read them as needed; auto streams what would fill half of it.",
    ),
    click.option(
        "--holdout",
        type=float,
        metavar="SHARE",
        help="Of each class, to test on, where the source has no test images; 0 for none.  [default: 0.2]",
    ),
    click.option(
        "--class-order",
        type=click.Choice(choices.CLASS_ORDERS),
        default="text",
        show_default=True,
        help="Number a folder's classes as text (1, 10, 2), by their numbers (1, 2, 10), or from the largest on.",
    ),
    click.option("--root", metavar="DIR", help="Of a list of files, where its paths begin.  [default: where the list is]"),
    click.option("--skip-broken", is_flag=True, help="Leave out image files that cannot be used."),
    click.option("--strict", is_flag=True, help="Refuse a folder with anything in it that is neither class nor picture."),
    gathered("reading"),
)


class Device(click.Choice[str]):
    """A kind of device, or one GPU by its number, which is checked where it is used."""

    def convert(self, value: str, parameter: click.Parameter | None, context: click.Context | None) -> str:
        return value if value.startswith("cuda:") else super().convert(value, parameter, context)


class NumberOrAuto(click.ParamType[Any]):
    """A whole number, or "auto"."""

    name = "integer"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> int | str:
        if isinstance(value, int) or value == choices.AUTO:
            return cast("int | str", value)
        try:
            return int(value)
        except ValueError:
            self.fail(f"{value!r} is neither a whole number nor {choices.AUTO}", parameter, context)


device_option = click.option(
    "--device",
    type=Device(choices.DEVICES),
    default="auto",
    show_default=True,
    help="Where networks run (build and prune run none); cuda is every GPU, cuda:1 the second alone.",
)
common_options = options_of(
    click.option("--seed", type=int, default=0, show_default=True, help="Random seed."),
    device_option,
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables."),
)
speed_options = options_of(
    click.option(
        "--precision",
        type=click.Choice(choices.PRECISIONS),
        default="tf32",
        show_default=True,
        help="Of training on CUDA.",
    ),
    click.option("--compiled", is_flag=True, help="Compile networks by torch.compile first."),
    click.option(
        "--executor",
        shell_complete=members_of("executors"),
        metavar="NAME",
        help="What trains several networks: session, processes or cuda, or another package's.  [default: by the device]",
    ),
)
workers_option = click.option(
    "--workers",
    type=int,
    help="Networks trained at once; on the CPU this changes no result.  [default: one a CPU core, up to 4 on each GPU]",
)
several_options = options_of(workers_option, speed_options, as_compute)
ensemble_options = options_of(
    click.option("--members", type=int, default=10, show_default=True, help="Networks in a scoring ensemble."),
    click.option("--score-epochs", type=int, default=10, show_default=True, help="Epochs of each of them."),
)
log_options = options_of(
    click.option(
        "--log",
        type=click.Path(path_type=Path),
        help="Also write what is done to this file, a JSON object a line, behind what it holds.",
    ),
    click.option(
        "--tensorboard",
        type=click.Path(path_type=Path),
        help="Also write scalars of each run below this folder as epochs end, for TensorBoard.",
    ),
)
mix_option = click.option(
    "--mix-compute", is_flag=True, help="Go on where what is there was computed otherwise (device, precision, compiled)."
)
data_option = click.option("--data", shell_complete=a_source, default="digits", show_default=True, help=DATA_HELP)
per_class_option = click.option("--per-class", is_flag=True, help="Show every class, the largest first.")
overwrite_option = click.option(
    "--overwrite", is_flag=True, help="Replace what is there, instead of keeping the same and refusing anything else."
)
match_option = click.option(
    "--match",
    type=click.Choice(choices.MATCH),
    default="ids",
    show_default=True,
    help="Join to the data by content, or by file name and label where the same files were decoded to other pixels.",
)
prediction_option = click.option(
    "--prediction",
    shell_complete=members_of("predictors"),
    help="How to predict; `lt-prune methods` lists it.  [default: as the method does]",
)
equal_option = click.option(
    "--equal",
    type=click.Choice(choices.EQUAL),
    default="epochs",
    show_default=True,
    help="What a run on a subset has as many of as that on the whole set.",
)
set_option = click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    help="Any setting that `lt-prune methods NAME` lists, such as tau=0.5 or stage2_epochs=5; more than once.",
)
preset_option = click.option(
    "--recipe",
    type=click.Choice(choices.PRESETS),
    help="Whose epochs and weight decay are the defaults: the paper's, or its first author's code's.  [default: paper]",
)
model_options = options_of(
    click.option(
        "--model",
        shell_complete=members_of("models"),
        metavar="NAME",
        help="Network: resnet8 to resnet110 as for CIFAR, torchvision:NAME or timm:NAME; linear or mlp on embeddings.  "
        f"[default: {choices.MODELS['images']}, or {choices.MODELS['embeddings']}]",
    ),
    click.option(
        "--weights",
        type=click.Path(path_type=Path),
        help="File that its backbone starts from: .safetensors, or of torch.  [default: drawn from the seed]",
    ),
    click.option("--freeze", is_flag=True, default=None, help="Keep the backbone as that file has it; train the rest."),
)
recipe_options = options_of(
    click.option(
        "--epochs", type=int, help="Epochs of a run.  [default: 10 for score, 60 for run; of the recipe for train]"
    ),
    click.option("--batch-size", type=int, help="Samples a step.  [default: 128]"),
    click.option("--lr", type=float, help="Peak learning rate.  [default: 0.1]"),
    click.option("--warmup", type=int, help="Warm-up epochs.  [default: 1 for score, 5 for train]"),
    click.option("--weight-decay", type=float, help="Weight decay.  [default: 0.0005; of the recipe for train]"),
    click.option(
        "--schedule",
        type=click.Choice(choices.SCHEDULES),
        help="Learning rate after the warm-up.  [default: cosine for score, step for train]",
    ),
    model_options,
    click.option("--flip/--no-flip", default=None, help="Mirror images at random.  [default: as the data allows]"),
)
training_options = options_of(
    click.option(
        "--mixup", type=float, help="Mix images and targets by Beta(MIXUP, MIXUP); 0 is off.  [default: the method's]"
    ),
    equal_option,
    recipe_options,
    set_option,
)


def assigned(assignments: tuple[str, ...], methods: Sequence[str], prediction: str | None) -> dict[str, Any]:
    """Settings of methods and of their prediction, given as NAME=VALUE, by name."""
    from lt_prune.planning.recipes import parse_setting

    return {name: parse_setting(methods, prediction, name, text) for name, text in _named(assignments)}


def assigned_values(assignments: tuple[str, ...], prediction: str) -> dict[str, list[Any]]:
    """Settings of a prediction, given as NAME=VALUE or NAME=VALUE,VALUE, by name."""
    from lt_prune.planning.recipes import parse_values
    from lt_prune.predictors import PREDICTORS

    PREDICTORS.check(prediction)
    return {name: parse_values(prediction, name, text) for name, text in _named(assignments)}


def _named(assignments: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for assignment in assignments:
        name, separator, text = assignment.partition("=")
        if not separator:
            raise click.BadParameter(f"{assignment!r} is not NAME=VALUE, such as tau=0.5", param_hint="--set")
        yield name, text


def assigned_to(strategy: Strategy, assignments: tuple[str, ...]) -> dict[str, Any]:
    """Settings of a pruning strategy, given as NAME=VALUE, by name."""
    from lt_prune.strategies.named import parsed_settings

    return parsed_settings(strategy, dict(_named(assignments)))
