"""Commands as they are typed, run in this process."""

from __future__ import annotations

import shlex
import signal
import warnings

from click.testing import CliRunner, Result

from lt_prune.cli import main


def lt(command: str) -> Result:
    """How a command ends."""
    term, show = signal.getsignal(signal.SIGTERM), warnings.showwarning
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            return CliRunner().invoke(main, shlex.split(command))
    finally:
        signal.signal(signal.SIGTERM, term)
        warnings.showwarning = show


def ok(command: str) -> Result:
    """How a command ends that must end well."""
    result = lt(command)
    assert result.exit_code == 0, f"{command}: {result.stderr}"
    return result
