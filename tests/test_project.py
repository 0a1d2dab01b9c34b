"""What the repository and its metadata promise."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from functools import cache
from importlib.metadata import entry_points, packages_distributions, version
from pathlib import Path

import pytest

import lt_prune
from lt_prune.registry import Registry
from lt_prune.versions import EXTRAS

ROOT = Path(__file__).parents[1]
PACKAGE = Path(lt_prune.__file__).parent
TOP_LEVEL = {
    *("setup.cfg", "setup.py", "lt_prune", "scores", "tests", "scripts", "README.md"),  # fixed by the user
    *("LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "CITATION.cff", "docs", "ruff.toml"),
}


@pytest.fixture(scope="module")
def setup() -> ConfigParser:
    parser = ConfigParser()
    assert parser.read(ROOT / "setup.cfg")
    return parser


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [Path(name) for name in listed.split("\0") if name]


@pytest.fixture(scope="module")
def requirements(setup) -> dict[str, str]:
    """Required distribution -> its lower bound."""
    lines = setup["options"]["install_requires"].split()
    return dict(line.split(">=") for line in lines)


def modules_imported() -> set[str]:
    """Top-level names of everything that lt_prune imports."""
    names = set()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(str(node.module).partition(".")[0])
    return names


OPTIONAL = {"datasets", "pandas", "pyarrow", "safetensors", "tensorboard", "timm"}
"""Imported where they are needed, and named as extras where they are not installed."""


@cache
def distributions_imported() -> set[str]:
    others = modules_imported() - set(sys.stdlib_module_names) - {"lt_prune"} - OPTIONAL
    return {packages_distributions()[name][0].lower() for name in others}


def test_the_installed_version_is_that_of_setup_cfg(setup):
    assert version("lt-prune") == setup["metadata"]["version"]


def test_the_citation_names_the_same_version(setup):
    citation = (ROOT / "CITATION.cff").read_text()
    assert re.search(r"^version: (\S+)$", citation, re.MULTILINE)[1] == setup["metadata"]["version"]


def test_python_3_10_is_enough(setup):
    assert setup["options"]["python_requires"] == ">=3.10"
    assert setup["mypy"]["python_version"] == "3.10"


def test_the_command_is_the_click_group():
    [point] = entry_points(group="console_scripts", name="lt-prune")
    assert point.load() is importlib.import_module("lt_prune.cli").main


def test_the_package_shows_type_checkers_that_it_is_typed(setup):
    assert (PACKAGE / "py.typed").exists()
    packaged = ["py.typed", "methods/published.csv", "page/templates/*", "published/*.h5", "reports/paper.csv"]
    assert setup["options.package_data"]["lt_prune"].split() == packaged
    assert "Typing :: Typed" in setup["metadata"]["classifiers"]


def test_every_folder_of_the_package_is_packaged():
    folders = {file.parent for file in PACKAGE.rglob("*.py")}
    assert all((folder / "__init__.py").exists() for folder in folders), "setuptools finds only packages with __init__.py"


@pytest.mark.slow
def test_everything_imported_is_required(requirements):
    assert distributions_imported() <= set(requirements)


def test_everything_required_is_imported(requirements):
    assert set(requirements) <= distributions_imported()


def test_what_is_optional_is_imported_and_an_extra_of_its_name(setup):
    assert modules_imported() >= OPTIONAL
    assert set(EXTRAS) == OPTIONAL
    assert all(re.search(rf"^{name}>=", setup["options.extras_require"][name], re.MULTILINE) for name in OPTIONAL)


def test_click_is_new_enough_for_the_errors_that_cli_names(requirements):
    # click.exceptions.NoArgsIsHelpError came with click 8.2; without it every usage error ends in a traceback.
    assert "NoArgsIsHelpError" in (PACKAGE / "cli" / "group.py").read_text()
    assert tuple(int(part) for part in requirements["click"].split(".")) >= (8, 2)


def test_the_top_level_holds_only_the_allowed_names(tracked):
    names = {file.parts[0] for file in tracked}
    assert {name for name in names if not name.startswith(".")} <= TOP_LEVEL


def test_no_large_file_is_tracked(tracked):
    of_scores = ("scores",), ("lt_prune", "published")  # below 8 and 2 MB, by tests of their own
    large = [file for file in tracked if file.parent.parts not in of_scores and (ROOT / file).is_file()]
    assert not [file for file in large if (ROOT / file).stat().st_size > 1_000_000]


def test_names_of_test_files_are_unique():
    names = [file.name for file in (ROOT / "tests").rglob("test_*.py")]
    assert len(names) == len(set(names))


def test_every_member_of_every_family_of_the_package_imports():
    packages = [importlib.import_module(f"lt_prune.{p.name}") for p in pkgutil.iter_modules(lt_prune.__path__) if p.ispkg]
    packages.append(importlib.import_module("lt_prune.data.sources"))
    families = {id(f): f for package in packages for f in vars(package).values() if isinstance(f, Registry)}
    assert {family.kind for family in families.values()} >= {"metric", "strategy", "training method", "data source"}
    for family in families.values():
        assert all(family.load(name) for name in family.names), family.kind
