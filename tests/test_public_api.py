"""What `import lt_prune as lp` offers."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

import lt_prune as lp

STEPS = (
    *("build", "score", "prune", "audit", "train", "evaluate", "plot", "export", "run", "sweep", "results"),
    *("report", "gallery"),
)


def names_for_type_checkers() -> dict[str, str]:
    """Name -> module, as imported under `if TYPE_CHECKING` in lt_prune/__init__.py."""
    tree = ast.parse(Path(lp.__file__).read_text())
    [block] = [node for node in tree.body if isinstance(node, ast.If)]
    found = {}
    for node in block.body:
        for alias in node.names:
            assert alias.asname == alias.name, "a type checker takes only `import x as x` for an export"
            found[alias.name] = node.module
    return found


@pytest.mark.parametrize("name", lp.__all__)
def test_a_public_name_has_a_docstring_of_its_own(name):
    doc = getattr(lp, name).__doc__
    assert doc
    assert not doc.startswith(f"{name}("), "this is the signature that dataclass writes where there is no docstring"


@pytest.mark.parametrize("name", lp.__all__)
def test_type_checkers_find_a_public_name_where_it_is(name):
    assert names_for_type_checkers()[name] == getattr(lp, name).__module__
    assert getattr(lp, name).__name__ == name


def test_type_checkers_see_exactly_the_public_names():
    assert sorted(names_for_type_checkers()) == sorted(lp.__all__)
    assert len(set(lp.__all__)) == len(lp.__all__)


def test_dir_lists_the_public_names():
    assert set(lp.__all__) <= set(dir(lp))


def test_a_star_import_gives_the_public_names():
    space: dict[str, object] = {}
    exec("from lt_prune import *", space)
    assert set(lp.__all__) <= set(space)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"'lt_prune' has no attribute 'nonsense'"):
        _ = lp.nonsense
    assert not hasattr(lp, "nonsense")


def test_the_steps_are_public():
    assert set(STEPS) <= set(lp.__all__)


@pytest.mark.parametrize("name", STEPS)
def test_a_step_is_annotated_throughout(name):
    signature = inspect.signature(getattr(lp, name))
    bare = [p.name for p in signature.parameters.values() if p.annotation is inspect.Parameter.empty]
    assert not bare
    assert signature.return_annotation is not inspect.Signature.empty


@pytest.mark.parametrize("name", STEPS)
def test_a_step_shows_an_example_and_names_its_arguments(name):
    step = getattr(lp, name)
    doc = inspect.getdoc(step)
    assert "\nExample:\n    >>> import lt_prune as lp" in doc
    assert f"lp.{name}(" in doc.partition("Example:")[2]
    arguments = doc.partition("Args:")[2].partition("\n\n")[0]
    unexplained = [
        p for p in inspect.signature(step).parameters if p not in arguments.replace(",", " ").replace(":", " ").split()
    ]
    assert not [p for p in unexplained if p != "settings"]


@pytest.mark.parametrize("name", ["Compute", "Grid"])
def test_a_value_of_options_explains_each_of_them(name):
    arguments = inspect.getdoc(getattr(lp, name)).partition("Args:")[2].partition("\n\n")[0]
    words = arguments.replace(",", " ").replace(":", " ").split()
    assert not [field.name for field in fields(getattr(lp, name)) if field.name not in words]


def test_importing_the_package_loads_no_torch():
    code = "import sys, lt_prune; dir(lt_prune); lt_prune.LtPruneError; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "lt_prune.errors" in loaded
    assert not {"torch", "sklearn", "numpy", "h5py", "matplotlib", "click"} & set(loaded)
