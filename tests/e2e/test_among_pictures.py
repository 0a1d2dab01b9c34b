"""Commands run in the very folder of the pictures, where what they write lies among the classes."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from typed import lt, ok

import lt_prune as lp

SMALL = "--epochs 1 --model resnet8"


@pytest.fixture
def photos(in_tmp, blob_folder, monkeypatch) -> Path:
    """Class folders, and we are among them."""
    folder = blob_folder((12, 8, 4)) / "train"
    monkeypatch.chdir(folder)
    return folder


def test_what_is_written_there_is_no_class(photos):
    ok(f"build --data . --out {photos.name}.h5")
    for command in (
        f"score --members 1 {SMALL}",
        "prune --ratio 0.3 --metric avh",
        f"train {SMALL}",
        f"train {SMALL} --subset none --out mine",
        "build",
    ):
        ok(f"{command} --data .")
    ok("plot mine --figure logits")
    ok("plot runs/train-holdout0.2-ranked-avh-0.3-ce --figure logits")
    said = ok("build --data .").stderr
    assert "5 written by lt-prune (mine)" in said
    assert lp.read_set("sets/train-holdout0.2.h5").index.class_names == ("class0", "class1", "class2")
    assert lt("build --data . --strict").exit_code == 1


def test_a_class_may_be_called_so(photos):
    Path("runs").mkdir()
    for i in range(4):
        Image.new("RGB", (8, 8), (i, 9, 9)).save(f"runs/{i}.png")
    Path("runs/result.json").write_text("{}")  # of another program
    ok("build --data . --out ../mine.h5")
    assert lp.read_set("../mine.h5").index.class_names == ("class0", "class1", "class2", "runs")
