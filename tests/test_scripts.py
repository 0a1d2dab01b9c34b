"""The programs below scripts/ run."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parent.parent / "scripts"


@pytest.mark.slow
def test_the_engine_benchmark_measures_every_part(tmp_path):
    command = [sys.executable, str(SCRIPTS / "bench_engine.py"), "--smoke", "--json", "figures.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "figures.json").read_text())["rows"]
    compared = {row["name"]: row["ratio"] for row in rows if math.isfinite(row["ratio"])}
    assert list(compared) == [
        "training",
        "share of the matrix-product limit, training",
        "epoch at 70 % pruned, test once",
        "epoch at 70 % pruned, test every epoch",
        "scoring by both metrics",
        "scoring by both metrics, baseline in one pass",
        "loader alone, one thread against two workers",
        "2 members x 1 epochs, wall time",
    ]
    assert min(compared.values()) > 0
    assert all(row["name"] in done.stdout for row in rows)
    assert [row["ours"] > 0 for row in rows if row["unit"] == "GB"] == [True, True]
