"""A list of image files with their labels, as long-tailed sets such as ImageNet-LT are published: `path label` a line, or
`path,label`, or a csv file with a line of names."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lt_prune.data.listing import in_order, shown
from lt_prune.data.sources import Request, Source
from lt_prune.data.sources.files import source_of_files
from lt_prune.data.sources.places import expanded, lists_of
from lt_prune.errors import ArgumentError, DataError
from lt_prune.types import Array

PATHS = ("path", "file", "filepath", "filename", "image")
LABELS = ("label", "class", "target", "category")
"""What the columns of a csv file are called; without a line of names, the first is the path and the second the label."""
Lines = list[tuple[str, str]]
"""Path and label, as they stand there."""


def lists(request: Request) -> Source:
    """Read the images that a list names, as RGB; they lie below `root`, or below the folder of the list.

    Labels that are numbers stay what they are; words are numbered as `class_order` says. Test images are those of a second
    list, list:TRAIN,TEST, below the same root.

    Raises:
        ArgumentError: no path was given, or numbered classes are to be put in an order.
        DataError: a list cannot be read, names a file twice or one that is not there, or a label without training images.
    """
    if request.path is None:
        raise ArgumentError("the list source needs a path: --data list:FILE")
    file, test_file = lists_of(request.path)
    root = expanded(request.root) if request.root else file.parent
    train = _read(file, root)
    test = _read(test_file, root) if test_file else []
    class_names = _class_names(train, request, file)
    number = {name: label for label, name in enumerate(class_names)}
    listed, tests = (([name for name, _ in lines], _labels(lines, number, file)) for lines in (train, test))
    return source_of_files(request, root, listed, tests, class_names)


def _read(path: Path, root: Path) -> Lines:
    """Files below the root, each once, with their labels."""
    full = os.path.abspath(root)
    lines = [(_below(full, name), label) for name, label in _lines(path)]
    names = [name for name, _ in lines]
    if outside := [name for name in names if name.startswith("../")]:
        raise DataError(
            f"{path} names {len(outside):,} files outside of {root}, such as {outside[0]}: name the folder that its paths "
            f"begin in by --root"
        )
    if missing := [name for name in names if not os.path.lexists(root / name)]:
        raise DataError(
            f"{path} names {len(missing):,} of {len(names):,} files that are not below {root}, such as {missing[0]}: name "
            f"the folder that its paths begin in by --root, or put them there"
        )
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise DataError(f"{path} names {len(twice):,} files more than once, such as {shown(twice[0])}: name each once")
    return lines


def _below(root: str, name: str) -> str:
    """A path below a root, however it was written."""
    return os.path.relpath(os.path.join(root, name), root).replace(os.sep, "/")


def _lines(path: Path) -> Lines:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DataError(f"there is no list {path}: name a file of a path and a label a line") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"the list {path} cannot be read ({error}): name a file of a path and a label a line") from None
    lines = [line for line in text.splitlines() if line.strip()]
    rows = _of_csv(lines) if path.suffix.lower() == ".csv" else [_split(line, lines[0]) for line in lines]
    if bad := next((number for number, row in enumerate(rows, 1) if len(row) != 2 or not all(row)), None):
        found = " ".join(map(shown, rows[bad - 1]))
        raise DataError(f"entry {bad:,} of the list {path} is not a path and a label: {found or 'empty'}")
    if not rows:
        raise DataError(f"the list {path} names no image: name a file of a path and a label a line")
    return [(name, label) for name, label in rows]


def _split(line: str, first: str) -> list[str]:
    """A path, which may have spaces, and a label behind a space; or behind a comma where the first line has none."""
    by_comma = "," in first.split()[-1]
    return [part.strip() for part in (line.rsplit(",", 1) if by_comma else line.rsplit(None, 1))]


def _of_csv(lines: Sequence[str]) -> list[list[str]]:
    """Path and label of each row; the row of names, if there is one, is left out."""
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines)]
    names = [cell.lower() for cell in rows[0]] if rows else []
    places = [next((names.index(name) for name in known if name in names), None) for known in (PATHS, LABELS)]
    if None in places:
        return [row[:2] for row in rows]
    return [[row[place] for place in places if place is not None and place < len(row)] for row in rows[1:]]


def _class_names(train: Lines, request: Request, file: Path) -> tuple[str, ...]:
    """Numbers up to the highest, or words in an order."""
    counts = Counter(label for _, label in train)
    if not all(label.isdecimal() for label in counts):
        names = sorted(counts)
        return in_order(names, [counts[name] for name in names], request.class_order)
    request.refuse_class_order("a list of numbers")
    if (highest := max(map(int, counts))) >= len(train):
        raise DataError(f"labels in {file} reach {highest:,}, but there are only {len(train):,} images")
    return tuple(map(str, range(highest + 1)))


def _labels(lines: Lines, number: dict[str, int], file: Path) -> Array:
    plain = [str(int(label)) if label.isdecimal() and label not in number else label for _, label in lines]
    if unknown := [label for label in plain if label not in number]:
        raise DataError(f"{len(unknown):,} test images are of classes that {file} lacks, such as {shown(unknown[0])}")
    return np.array([number[label] for label in plain], dtype=np.int64)
