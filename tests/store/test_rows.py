from __future__ import annotations

import csv
import math

from lt_prune.store.rows import as_csv


def test_rows_read_back_as_they_were(tmp_path):
    rows = [{"class": 0, "name": 'a, "b"', "value": 0.1 + 0.2}, {"class": 1, "name": "ship", "value": math.pi}]
    (tmp_path / "rows.csv").write_bytes(as_csv(rows))
    with open(tmp_path / "rows.csv", newline="") as file:
        found = [
            {"class": int(row["class"]), "name": row["name"], "value": float(row["value"])} for row in csv.DictReader(file)
        ]
    assert found == rows


def test_nothing_is_an_empty_cell():
    assert as_csv([{"a": None, "b": 1}]) == b"a,b\n,1\n"
