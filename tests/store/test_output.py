from __future__ import annotations

import pytest

from lt_prune.errors import MismatchError
from lt_prune.store.output import put


def test_the_same_content_is_left_as_it_is(tmp_path):
    file = tmp_path / "a.csv"
    put({file: b"one"})
    before = file.stat().st_ino
    put({file: b"one"})
    put({file: b"one"}, overwrite=True)
    assert file.stat().st_ino == before


def test_other_content_is_refused_and_nothing_is_written(tmp_path):
    there, new = tmp_path / "a.csv", tmp_path / "b.csv"
    there.write_bytes(b"mine")
    says = f"^{there} exists and holds something else: give another --out, or replace it by --overwrite$"
    with pytest.raises(MismatchError, match=says):
        put({new: b"one", there: b"one"})
    assert there.read_bytes() == b"mine"
    assert not new.exists()


def test_other_content_is_replaced_on_request(tmp_path):
    file = tmp_path / "a.csv"
    file.write_bytes(b"mine")
    put({file: b"one"}, overwrite=True)
    assert file.read_bytes() == b"one"
