from __future__ import annotations

from pathlib import Path

from lt_prune.store.pictures import write_picture


def test_a_picture_has_two_formats_and_its_rows(tmp_path):
    files = write_picture(tmp_path / "drawn", str.encode, [{"a": 1}])
    assert [Path(file).name for file in files] == ["drawn.png", "drawn.pdf", "drawn.csv"]
    assert [Path(file).read_text() for file in files] == ["png", "pdf", "a\n1\n"]


def test_a_picture_of_nothing_but_itself_has_no_table(tmp_path):
    assert [Path(file).name for file in write_picture(tmp_path / "drawn", str.encode)] == ["drawn.png", "drawn.pdf"]
    assert len(list(tmp_path.iterdir())) == 2
