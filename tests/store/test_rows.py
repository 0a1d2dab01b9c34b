from __future__ import annotations

import csv
import math

from lt_prune.store.rows import write_csv


def test_rows_read_back_as_they_were(tmp_path):
    rows = [{"class": 0, "name": 'a, "b"', "value": 0.1 + 0.2}, {"class": 1, "name": "ship", "value": math.pi}]
    write_csv(tmp_path / "rows.csv", rows)
    with open(tmp_path / "rows.csv", newline="") as file:
        found = [
            {"class": int(row["class"]), "name": row["name"], "value": float(row["value"])} for row in csv.DictReader(file)
        ]
    assert found == rows


def test_nothing_is_an_empty_cell(tmp_path):
    write_csv(tmp_path / "rows.csv", [{"a": None, "b": 1}])
    assert (tmp_path / "rows.csv").read_text() == "a,b\n,1\n"
