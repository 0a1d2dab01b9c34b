"""A set remembers how it was read: what was said once need not be said again."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typed import lt, ok

import lt_prune as lp
from lt_prune.errors import ArgumentError, MismatchError

SMALL = "--epochs 1 --model resnet8"
RESIZED = lp.Reading(resize=6)


@pytest.fixture
def photos(in_tmp, blob_folder) -> Path:
    """A folder of images of two sizes, which must be resized."""
    folder = blob_folder((12, 8, 4))
    Image.new("RGB", (9, 8)).save(folder / "train" / "class0" / "zz.png")
    return folder


def test_after_scores_were_made_of_a_resized_folder_no_command_needs_the_size(photos):
    ok(f"score --data folder:photos --resize 6 --members 1 {SMALL}")
    assert (
        "reading folder:photos as before, with --resize 6"
        in ok("prune --data folder:photos --ratio 0.4 --metric avh").stderr
    )
    ok(f"train --data folder:photos {SMALL} --out run")
    ok("evaluate run --prediction abs")
    ok("plot run --figure logits")
    ok("plot run --figure hardness")
    assert lp.read_subset("subsets/photos-ranked-avh-0.4.h5").index.reading == {"resize": 6}
    assert lp.read_result("run/result.json").reading == {"resize": 6}


def test_functions_read_as_the_scores_the_subset_and_the_run_were(photos):
    scores = lp.score("folder:photos", reading=RESIZED, members=1, epochs=1, model="resnet8")
    subset = lp.prune("folder:photos", scores=scores, ratio=0.4)
    result = lp.train("folder:photos", subset=subset, epochs=1, model="resnet8", out="run")
    assert (result.reading, result.n_train) == ({"resize": 6}, 15)
    assert lp.evaluate("run").overall == result.evaluation.overall


def test_a_set_file_keeps_how_it_was_read(photos):
    lp.build("folder:photos", reading=RESIZED, out="set.h5")
    assert lp.read_set("set.h5").index.reading == {"resize": 6}
    assert lp.open_set("set.h5", reading=RESIZED).index.reading == {"resize": 6}
    with pytest.raises(ArgumentError, match=r"set.h5 is read as it was built \(--resize 6\): leave out --resize 7"):
        lp.open_set("set.h5", reading=lp.Reading(resize=7))


def test_other_options_are_named_with_both_values(photos):
    lp.score("folder:photos", reading=RESIZED, members=1, epochs=1, model="resnet8", out="mine.h5")
    says = "^mine.h5 was made with --resize 6, now 7: give --resize 6, or make it again from this data$"
    with pytest.raises(MismatchError, match=says):
        lp.prune("folder:photos", scores="mine.h5", ratio=0.4, reading=lp.Reading(resize=7))


def test_options_of_a_run_are_named_with_both_values(photos):
    lp.train("folder:photos", reading=RESIZED, epochs=1, model="resnet8", out="run")
    with pytest.raises(MismatchError, match=r"^run was trained on photos read with --resize 6, now 7: read it so$"):
        lp.evaluate("run", reading=lp.Reading(resize=7))


def test_two_ways_of_reading_are_not_guessed_between(photos):
    ok(f"score --data folder:photos --resize 6 --members 1 {SMALL}")
    ok(f"score --data folder:photos --resize 7 --members 1 {SMALL} --out scores/other.h5")
    assert "add --resize SIDE" in lt("prune --data folder:photos --ratio 0.4 --metric avh").stderr


def test_scores_of_other_data_are_not_read_for_it(photos, monkeypatch):
    ok(f"score --data folder:photos --resize 6 --members 1 {SMALL}")
    ok(f"score --members 1 {SMALL}")
    Path("scores/theirs.h5").write_bytes(b"of another program")
    read = []
    monkeypatch.setattr("lt_prune.steps.opening.read_scores", lambda file: read.append(file.name) or lp.read_scores(file))
    said = ok("prune --data folder:photos --ratio 0.4 --strategy random").stderr
    assert "reading folder:photos as before, with --resize 6" in said
    assert "passed over what is no score file of ours: scores/theirs.h5" in said
    assert read == ["photos.h5", "theirs.h5"]


# Files that another machine decodes to other pixels


@pytest.fixture
def decoded_otherwise(in_tmp, blob_folder) -> lp.ScoreSet:
    """Scores of a folder whose pixels then change a little."""
    folder = blob_folder((12, 8, 4))
    scores = lp.score("folder:photos", members=2, epochs=1, model="resnet8", out="scores/photos.h5")
    for path in sorted((folder / "train").rglob("*.png"))[::2]:
        Image.fromarray(np.asarray(Image.open(path)) ^ 1).save(path)
    return scores


def test_pixels_alone_are_said_to_differ(decoded_otherwise):
    says = (
        "^scores/photos.h5 names the same files with the same labels as photos, but the pixels of 12 of 24 differ, as they "
        "do by another JPEG decoder: make it again from this data, or join the two by --match names$"
    )
    with pytest.raises(MismatchError, match=says):
        lp.prune("folder:photos", scores="scores/photos.h5", ratio=0.4)


def test_scores_are_joined_by_names(decoded_otherwise):
    subset = lp.prune("folder:photos", scores="scores/photos.h5", ratio=0.4, match="names")
    same = lp.prune(scores=decoded_otherwise, ratio=0.4)
    names, others = (np.array(each.index.file_names)[each.kept] for each in (subset, same))
    assert subset.index.digest == lp.build("folder:photos").index.digest != same.index.digest
    assert sorted(names) == sorted(others)


def test_a_subset_is_joined_by_names_and_found_again(decoded_otherwise):
    lp.prune(scores=decoded_otherwise, ratio=0.4, out="subsets/kept.h5")
    with pytest.raises(MismatchError, match=r"^subsets/kept\.h5 names the same files"):
        lp.train("folder:photos", subset="subsets/kept.h5", epochs=1, model="resnet8")
    how = {"subset": "subsets/kept.h5", "match": "names", "epochs": 1, "model": "resnet8"}
    assert lp.train("folder:photos", **how, out="run").n_train == 14
    assert lp.evaluate("run", prediction="abs").n_test == 15


def test_other_names_are_not_joined(decoded_otherwise):
    Path("photos/train/class0/0000.png").unlink()
    with pytest.raises(
        MismatchError, match="from other files: 23 of its 24 file names and labels are among the 23 of photos"
    ):
        lp.prune("folder:photos", scores="scores/photos.h5", ratio=0.4, match="names")


def test_sets_of_which_other_images_are_held_out_say_what_to_do(in_tmp, blob_folder):
    """Which are depends on (seed, content), so that another decoder holds out others; a test/ of one's own stays."""
    folder = blob_folder((12, 8, 4))
    shutil.rmtree(folder / "test")
    subset = lp.prune("folder:photos", strategy="random", ratio=0.4)
    for path in (folder / "train").rglob("*.png"):
        Image.fromarray(np.asarray(Image.open(path)) ^ 1).save(path)
    how = {"match": "names", "epochs": 1, "model": "resnet8"}
    with pytest.raises(MismatchError, match=r"held out to test on depends on their pixels: put those into test/, be"):
        lp.train("folder:photos", subset=subset, **how)


def test_a_match_that_there_is_not_is_refused(decoded_otherwise):
    with pytest.raises(ArgumentError, match="match must be ids or names, not 'labels'"):
        lp.prune("folder:photos", scores="scores/photos.h5", ratio=0.4, match="labels")


def test_a_folder_is_the_same_however_its_place_is_spelled(photos):
    ok(f"score --data photos --resize 6 --members 1 {SMALL}")
    for spelled in ("./photos/", "folder:photos", str(photos.absolute())):
        assert "as before, with --resize 6" in ok(f"prune --data {spelled} --ratio 0.4 --metric avh").stderr
    assert (
        lt("prune --data folder-lt2:photos --ratio 0.4 --metric avh").exit_code != 0
    )  # another cut of it was not read before


def test_strategies_that_rank_by_nothing_read_as_the_scores_were(photos):
    ok(f"score --data photos --resize 6 --members 1 {SMALL}")
    assert (
        "reading photos as before, with --resize 6" in ok("prune --data photos --ratio 0.4 --strategy class-random").stderr
    )


def test_a_ratio_and_a_metric_are_checked_before_anything_is_read(photos):
    for wrong, says in (("--ratio 40", "did you mean 0.4"), ("--ratio 0.4 --metric avg", "did you mean 'avh'")):
        assert says in lt(f"prune --data photos {wrong}").stderr  # and not that images have several sizes
