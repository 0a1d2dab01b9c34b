"""The group of commands, and how each failure of one becomes a sentence."""

from __future__ import annotations

import io
import signal
import sys
import threading
import warnings
from collections.abc import Container
from typing import Any, NoReturn

import click

from lt_prune.cli.printing import warn
from lt_prune.errors import DecisionWarning, LtPruneError, is_out_of_memory, not_loaded, one_line
from lt_prune.store.atomic import WRITTEN


class _Terminated(BaseException):
    """SIGTERM came."""


class Commands(click.Group):
    """A group whose every failure is one sentence on stderr: exit 2 for usage, 1 for the rest, 128 + n for a signal."""

    def add_command(self, command: click.Command, name: str | None = None) -> None:
        names = self.context_settings.get("help_option_names")
        if names:  # click keeps the option that it makes first
            command.context_settings.setdefault("help_option_names", names)
        super().add_command(command, name)

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except ImportError as error:
            raise LtPruneError(not_loaded(error)) from None
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            command = self.commands[context.invoked_subcommand or ""]
            raise LtPruneError(_out_of_memory(error, {option.name for option in command.params})) from None

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        warnings.showwarning = lambda message, *_, **__: warn(message)
        warnings.simplefilter("always", DecisionWarning)  # what a result says does not depend on the environment
        if threading.current_thread() is threading.main_thread():  # no other may set a handler
            signal.signal(signal.SIGTERM, _terminate)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # a bar or a name that the terminal cannot show is no reason to fail
                stream.reconfigure(errors="replace")
        kwargs["standalone_mode"] = False
        WRITTEN.clear()
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


def _out_of_memory(error: Exception, options: Container[str | None]) -> str:
    """What to do about it, by the options of the command."""
    why = str(error).strip().partition("\n")[0]
    ways = {
        "workers": "train fewer networks at once (--workers 1)",
        "batch_size": "take smaller steps (--batch-size)",
        "loading": "read a folder's images as they are needed (--loading stream) or make them smaller (--resize)",
    }
    advice = [way for option, way in ways.items() if option in options]
    return f"out of memory{f' ({why})' if why else ''}: {', '.join([*advice, 'or free some for this command'])}"


def _terminate(signum: int, frame: Any) -> NoReturn:
    raise _Terminated


def _fail(message: str, code: int) -> NoReturn:
    click.echo(f"lt-prune: {one_line(message)}", err=True)
    sys.exit(code)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="lt-prune")
def main() -> None:
    """Build, score and prune long-tailed image data, and see what the pruning cost head, middle and tail.

    \b
    lt-prune score --metric avh     # train an ensemble, score every sample
    lt-prune prune --ratio 0.45     # remove 45%, so that no rare class suffers
    lt-prune train --method atl     # train on what is left
    lt-prune run                    # all of it, compared with random pruning
    """
