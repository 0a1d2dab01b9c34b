"""Imports point only downwards, and this table says which."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import lt_prune

ROOT = Path(lt_prune.__file__).parent
GROUND = (
    "measures runs types progress percent setting config identity registry randomness versions machine given choices faces "
    "errors"
)

# Package, and what it may import besides itself; every package stands above those it may import.
ALLOWED = {
    "__main__": "cli",
    "cli": f"api steps reports planning metrics strategies methods predictors formats store {GROUND}",
    "api": f"steps reports planning store {GROUND}",
    "steps": (
        "page figures reports planning engine evaluation metrics strategies budgets selections methods predictors models "
        f"formats data store {GROUND}"
    ),
    "page": f"figures reports planning strategies data {GROUND}",
    "figures": f"reports planning engine predictors models {GROUND}",
    "reports": f"methods {GROUND}",
    "planning": f"metrics methods predictors strategies budgets selections models data store {GROUND}",
    "engine": f"evaluation methods predictors metrics models angular data store {GROUND}",
    "evaluation": GROUND,
    "metrics": f"models angular {GROUND}",
    "methods": f"predictors models angular {GROUND}",
    "predictors": f"models angular {GROUND}",
    "strategies": f"budgets selections {GROUND}",
    "budgets": GROUND,
    "selections": f"data {GROUND}",
    "models": "angular types setting config registry choices errors",
    "angular": "",
    "formats": f"store data {GROUND}",
    "store": "data runs types config identity given choices errors",
    "data": "types config registry randomness machine choices errors",
    "measures": "",
    "runs": "percent config faces",
    "types": "percent config choices faces errors",
    "progress": "",
    "percent": "",
    "setting": "config errors",
    "config": "given choices errors",
    "identity": "",
    "registry": "errors",
    "randomness": "",
    "versions": "",
    "machine": "",
    "given": "errors",
    "choices": "",
    "faces": "",
    "errors": "",
}


def module_name(file: Path) -> str:
    parts = ["lt_prune", *file.relative_to(ROOT).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(file): ast.parse(file.read_text()) for file in sorted(ROOT.rglob("*.py"))}


def package(module: str) -> str:
    """The row of the table; `lt_prune/__init__.py` is the api."""
    return "api" if module == "lt_prune" else module.split(".")[1]


def imports(tree: ast.Module) -> set[str]:
    """Full names of the modules that a module imports anywhere, inside functions and for type checking too."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute, so that this test can read them"
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if name in MODULES else str(node.module) for name in full}
    return names


def own_imports(module: str) -> set[str]:
    return {name for name in imports(MODULES[module]) if name.partition(".")[0] == "lt_prune"}


def users_of(libraries: set[str]) -> set[str]:
    """Packages of ours that import one of these libraries."""
    return {package(m) for m, tree in MODULES.items() if {name.partition(".")[0] for name in imports(tree)} & libraries}


def test_the_table_points_downwards():
    rows = list(ALLOWED)
    for row, below in ALLOWED.items():
        assert all(rows.index(other) > rows.index(row) for other in below.split()), row


def test_the_table_lists_every_package():
    assert {package(module) for module in MODULES} == set(ALLOWED)


@pytest.mark.parametrize("name", ALLOWED)
def test_a_package_imports_only_what_the_table_allows(name):
    wrong = [
        f"{module} imports {other}"
        for module in MODULES
        if package(module) == name
        for other in sorted(own_imports(module))
        if package(other) not in (name, *ALLOWED[name].split())
    ]
    assert not wrong


def test_no_modules_import_each_other_in_a_circle():
    graph = {module: own_imports(module) - {module} for module in MODULES}
    assert len(list(TopologicalSorter(graph).static_order())) == len(MODULES)


def test_every_import_of_ours_is_a_module_that_exists():
    for module in MODULES:
        assert own_imports(module) <= set(MODULES), module


def test_only_the_surface_knows_of_terminals():
    assert users_of({"click", "rich"}) == {"cli", "reports"}


def test_only_the_store_knows_of_hdf5():
    assert users_of({"h5py"}) == {"store"}


def test_the_names_of_a_family_can_be_listed_without_torch():
    for module in (
        "lt_prune.metrics",
        "lt_prune.methods",
        "lt_prune.predictors",
        "lt_prune.strategies",
        "lt_prune.budgets",
        "lt_prune.selections",
        "lt_prune.data.sources",
        "lt_prune.models",
        "lt_prune.engine.executors",
    ):
        at_import = {name for node in MODULES[module].body for name in _plain_imports(node)}
        assert "torch" not in at_import, module


def _plain_imports(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    return [str(node.module).partition(".")[0]] if isinstance(node, ast.ImportFrom) else []
