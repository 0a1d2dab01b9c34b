"""scripts/mutate.py tells what it should."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "mutate.py"
HALF = '''
def half(x: int, most: float = 0.5) -> int:
    """Not more than 4."""
    if x < 0:
        raise ValueError("x is 0 or more")
    return min(x // 2, 4)
'''


@pytest.fixture
def mutate(monkeypatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("mutate", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "mutate", module)  # its dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


def test_what_would_be_changed_are_operators_numbers_and_names(mutate, tmp_path):
    (tmp_path / "half.py").write_text(HALF)
    _, changes = mutate.changes_of(tmp_path / "half.py")
    assert [change for _, change in changes] == [
        *("0.5 -> 1.0", "0.5 -> 0.25", "x < 0 -> x <= 0", "x < 0 -> x >= 0", "0 -> 1", "0 -> -1"),
        *("return min(x // 2, 4) -> return None", "min -> max", "x // 2 -> x * 2", "2 -> 3", "2 -> 1", "4 -> 5", "4 -> 3"),
    ]


@pytest.mark.slow
def test_changes_that_no_test_notices_are_reported(tmp_path):
    module, text = tmp_path / "package" / "half.py", HALF.replace(", most: float = 0.5", "")
    for path, content in (
        (module, text),
        (
            tmp_path / "tests" / "test_half.py",
            "from package.half import half\n\ndef test_half():\n    assert half(6) == 3\n",
        ),
    ):
        path.parent.mkdir()
        path.write_text(content)
    command = [sys.executable, str(SCRIPT), "--root", str(tmp_path), "package", "--json", str(tmp_path / "found.json")]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 1, done.stderr
    assert "package/half.py:4: x < 0 -> x <= 0\n" in done.stdout
    found = json.loads((tmp_path / "found.json").read_text())["package/half.py"]
    assert {change for _, change in found["unnoticed"]} == {"0 -> 1", "0 -> -1", "x < 0 -> x <= 0", "4 -> 5", "4 -> 3"}
    assert found["changes"] == 11
    assert module.read_text() == text


def test_changes_said_to_be_without_effect_are_ones_that_are_made(mutate):
    rows = list(csv.DictReader(mutate.HARMLESS.open(newline="")))
    made = {module: mutate.changes_of(SCRIPT.parents[1] / module)[1] for module in {row["module"] for row in rows}}
    assert [row for row in rows if (row["line"], row["change"]) not in made[row["module"]]] == []
    assert all(row["reason"] for row in rows)
