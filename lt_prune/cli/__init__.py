"""The command line: parse, call a step, print. Results go to stdout, progress and messages to stderr."""

from lt_prune.cli import advising, checking, comparing, data, elsewhere, families, looking, shells, training
from lt_prune.cli.group import main

__all__ = ["advising", "checking", "comparing", "data", "elsewhere", "families", "looking", "main", "shells", "training"]
