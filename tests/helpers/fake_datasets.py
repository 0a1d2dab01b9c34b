"""What is used of Hugging Face's `datasets`, which is not installed where tests run: splits of rows in memory, by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any


class Image:
    """The feature of a column of images."""


class ClassLabel:
    """The feature of a column of classes."""

    def __init__(self, names: list[str] | None) -> None:
        self.names = names


class Split:
    """A `Dataset`."""

    def __init__(self, features: Mapping[str, object], columns: Mapping[str, list[Any]]) -> None:
        self.features, self.columns = dict(features), dict(columns)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, key: int | str) -> Any:
        if isinstance(key, str):
            return self.columns[key]
        return {name: column[key] for name, column in self.columns.items()}


def module(known: Mapping[str, Any], asked: list[tuple[object, ...]] | None = None) -> ModuleType:
    """The package: what it has under a name or in a folder, and what was asked of it."""
    asked = [] if asked is None else asked

    def load_dataset(name: str, data_dir: str | None = None, download_config: Any = None) -> Any:
        asked.append((name, data_dir, getattr(download_config, "local_files_only", None)))
        key = data_dir or name
        if key not in known:
            raise FileNotFoundError(f"Couldn't find {key} in the cache\nand more")
        return known[key]

    package = ModuleType("datasets")
    package.load_dataset = load_dataset
    package.load_from_disk = lambda path: known[str(Path(path))]
    package.DownloadConfig = SimpleNamespace
    return package
