"""Scores that come with the package: every published file, and what `prune` makes of them."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import sys
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from typed import lt, ok

import lt_prune as lp
from lt_prune.errors import ArgumentError, MismatchError
from lt_prune.planning import published_scores as ours
from lt_prune.steps.score import known_scores
from lt_prune.store.schema import SCHEMAS

ROOT = Path(__file__).parents[2]
TABLE = re.compile(
    r"^\| `(?P<name>[\w-]+\.h5)` \| (?P<n>[\d,]+) \| (?P<members>\d+), .* "
    r"\| `(?P<whole>\w{64})` \| (?:[\d.]+ MB, `(?P<means>\w{64})`|those of the file above|none) \| `.+` \|$",
    re.MULTILINE,
)
FILES = {row["name"]: row for row in TABLE.finditer((ROOT / "scores" / "README.md").read_text())}
PART = re.compile(r"(-training|-features)?(-2)?\.h5$")
FIRST = {name for name in FILES if PART.search(name)[0] == ".h5"}
"""Of each set."""
ROWS = {name: row for name, row in FILES.items() if row["means"]}
KEPT_BY_AVH = {
    "cifar10-lt100.h5": (12_406, 6_823),
    "cifar10-lt50.h5": (13_996, 7_698),
    "cifar10-lt10.h5": (20_431, 11_237),
    "cifar100-lt100.h5": (10_847, 5_966),
    "cifar100-lt50.h5": (12_608, 6_934),
    "cifar100-lt10.h5": (19_573, 10_765),
}
"""Of each set the published count, and how many 0.45 of it leaves."""
PRUNINGS = (
    {"strategy": "ranked", "keep": "easy"},
    {"strategy": "ranked", "within": "class"},
    {"strategy": "ccs"},
    {"budget": "nucs", "select": "weighted"},
    {"budget": "sqrt", "select": "window"},
)


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def parts_of(name: str) -> list[Path]:
    """Every file of a set in scores/, that of the outputs' metrics first."""
    return [ROOT / "scores" / part for part in FILES if PART.sub(".h5", part) == name]


def whole_scores(name: str) -> lp.ScoreSet:
    """Those of all parts."""
    first, *others = map(lp.read_scores, parts_of(name))
    return replace(
        first, metrics={**first.metrics, **{name: each for other in others for name, each in other.metrics.items()}}
    )


@pytest.fixture(params=sorted(ROWS))
def files(request) -> tuple[Path, Path]:
    """A published file of every member, and that of its means."""
    return ROOT / "scores" / request.param, ours.FOLDER / request.param


def test_every_published_file_has_its_row():
    assert sorted(ROWS) == [file.name for file in ours.published_files()]
    assert set(KEPT_BY_AVH) <= set(FILES)


def test_every_file_of_every_member_has_its_row():
    assert sorted(FILES) == sorted(file.name for file in (ROOT / "scores").glob("*.h5"))
    assert sorted(part.name for name in FIRST for part in parts_of(name)) == sorted(FILES)


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_is_that_of_its_row_and_small(name):
    file = ROOT / "scores" / name
    assert digest(file) == FILES[name]["whole"]
    assert file.stat().st_size < 8_000_000


def test_means_are_those_of_their_row_and_small(files):
    assert digest(files[1]) == ROWS[files[1].name]["means"]
    assert files[1].stat().st_size < 2_000_000


def test_means_are_those_of_the_whole_file_bit_for_bit(files):
    with h5py.File(files[0]) as whole, h5py.File(files[1]) as means:
        assert means.attrs["format"] == "lt-prune scores"
        assert means.attrs["schema_version"] == SCHEMAS["scores"]
        assert digest(files[0]) in means.attrs["published"]
        places = [name for name in ("source_index", "positions") if name in whole]  # as the first versions called it
        for one, other in (("ids", "ids"), ("labels", "labels"), (places[0], "source_index")):
            np.testing.assert_array_equal(whole[one], means[other])
        of_means = {name: {kind: values[:] for kind, values in metric.items()} for name, metric in means["metrics"].items()}
    of_members = {}
    for part in parts_of(files[0].name):
        with h5py.File(part) as whole:
            of_members |= {
                name: {kind: values[:] for kind, values in metric.items()} for name, metric in whole["metrics"].items()
            }
    assert set(of_members) - {"near-test"} >= set(of_means) >= {"avh", "el2n"}
    for name, metric in of_means.items():
        np.testing.assert_array_equal(of_members[name]["mean"].view("u4"), metric["mean"].view("u4"))
        assert set(metric) <= {"mean", "least", "nearest"}
        if "least" in metric:
            np.testing.assert_array_equal(of_members[name]["per_member"].min(axis=0), metric["least"])


def test_no_picture_and_no_file_name_is_published(files):
    with h5py.File(files[1]) as means:
        assert set(means) <= {"ids", "labels", "source_index", "class_names", "members", "metrics", "held_out"}


def test_what_made_them_is_known(files):
    whole, means = (lp.read_scores(file) for file in files)
    assert (whole.members_here, means.members_here) == (len(whole.seeds), None)
    for name in ("seeds", "recipe", "versions", "ensemble", "arithmetic"):
        assert getattr(means, name) == getattr(whole, name)
    np.testing.assert_array_equal(means.train_accuracy, whole.train_accuracy)
    np.testing.assert_array_equal(means.seconds, whole.seconds)


@pytest.mark.parametrize("name", sorted(FIRST))
def test_kept_counts_follow(name):
    file = ROOT / "scores" / name
    with h5py.File(file) as scores:
        avh, ids, labels = scores["metrics/avh/mean"][:], scores["ids"][:], scores["labels"][:]
    subset = lp.prune(scores=lp.read_scores(file), metric="avh", ratio=0.45)
    n, n_kept = KEPT_BY_AVH.get(name, (len(ids), len(ids) - round(0.45 * len(ids))))
    assert (len(ids), int(subset.kept.sum())) == (n, n_kept)
    hardest = np.lexsort((ids, avh))[-n_kept:]
    if set(labels[hardest]) == set(labels):  # else the hardest of each class that would be gone stays besides
        assert set(subset.kept_ids) == set(ids[hardest])


def test_every_pruning_is_that_of_the_whole_file(files):
    whole, means = whole_scores(files[0].name), lp.read_scores(files[1])
    for metric in means.metrics:
        np.testing.assert_array_equal(means.metric(metric).difficulty, whole.metric(metric).difficulty)
    for how in ({}, *PRUNINGS):
        one, other = (lp.prune(scores=each, ratio=0.45, **how) for each in (whole, means))
        np.testing.assert_array_equal(one.kept, other.kept)
        np.testing.assert_array_equal(one.kept_counts, other.kept_counts)


# What is published for one test.


@pytest.fixture
def publish(monkeypatch):
    """scripts/publish.py."""
    spec = importlib.util.spec_from_file_location("publish", ROOT / "scripts" / "publish.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "publish", module)
    spec.loader.exec_module(module)
    return module


def scores_of(index: lp.SampleIndex, members: int = 4) -> lp.ScoreSet:
    """Random ones, with samples that one member alone finds alike."""
    rows = {name: np.random.default_rng(i) for i, name in enumerate(("avh", "margin", "near-duplicate", "near-test"))}
    metrics = {
        name: lp.MetricScores(
            per_member=random.uniform(0.99, 1, (members, index.n_samples)).astype(np.float32),
            higher_is_harder=name == "avh",
            equation="",
            nearest=np.arange(index.n_samples, dtype=np.int32)[::-1].copy() if "near" in name else None,
        )
        for name, random in rows.items()
    }
    made = {"train_accuracy": np.ones(members), "seconds": np.ones(members), "recipe": lp.Recipe(epochs=3)}
    return lp.ScoreSet(index=index, metrics=metrics, seeds=tuple(range(members)), versions={}, ensemble=0, **made)


@pytest.fixture
def photos(in_tmp, blob_folder, monkeypatch, publish) -> lp.ScoreSet:
    """Scores of every member of photos/, whose means are published; nothing is below scores/."""
    blob_folder()
    scores = scores_of(lp.build("folder:photos").index)
    lp.write_scores("whole/photos.h5", scores)
    monkeypatch.setattr(ours, "FOLDER", in_tmp / "package")
    lp.write_scores(ours.FOLDER / "photos.h5", publish.means_of(scores, Path("whole/photos.h5")))
    return scores


def published() -> lp.ScoreSet:
    [file] = ours.published_files()
    return lp.read_scores(file)


def test_the_default_of_prune_says_that_they_are_there(photos):
    assert "such as avh, by scores that come with lt-prune" in ok("prune --data folder:photos --ratio 0.4").stderr
    assert "come with lt-prune" not in ok("prune --data folder:photos --ratio 0.3 --seed 1").stderr


def test_prune_takes_them_by_itself_and_says_so(photos):
    said = ok("prune --data folder:photos --ratio 0.4 --metric avh").stderr
    sha256 = digest(Path("whole/photos.h5"))
    told = f"published with lt-prune, the means of scores/photos.h5, sha256 {sha256}"
    assert f"scores {told}: 4 members, all 45 samples joined by id" in said.splitlines()
    subset = lp.read_subset("subsets/photos-ranked-avh-0.4.h5")
    assert {name: subset.options[name] for name in ("published", "members", "ensemble", "scores")} == {
        "published": told,
        "members": 4,
        "ensemble": 0,
        "scores": published().digest,
    }
    np.testing.assert_array_equal(subset.kept, lp.prune(scores=photos, ratio=0.4).kept)


def test_other_names_and_another_order_are_the_same_samples(photos):
    for i, file in enumerate(sorted(Path("photos/train").rglob("*.png"), reverse=True)):
        file.rename(file.with_name(f"other-{i:03}.png"))
    ok("prune --data folder:photos --ratio 0.4 --metric avh")
    np.testing.assert_array_equal(
        lp.read_subset("subsets/photos-ranked-avh-0.4.h5").kept, lp.prune(scores=photos, ratio=0.4).kept
    )


def test_ones_own_file_comes_first(photos):
    own = scores_of(photos.index, members=2)
    lp.write_scores("scores/photos.h5", own)
    assert "published" not in ok("prune --data folder:photos --ratio 0.4 --metric avh").stderr
    assert lp.read_subset("subsets/photos-ranked-avh-0.4.h5").options["scores"] == own.digest


def test_they_may_be_named(photos):
    lp.write_scores("scores/photos.h5", scores_of(photos.index, members=2))
    assert "published with" in ok("prune --data folder:photos --ratio 0.4 --scores published").stderr
    subset = lp.prune("folder:photos", scores="published", ratio=0.4)
    assert subset.options["scores"] == published().digest
    assert subset.digest == lp.read_subset("subsets/photos-ranked-avh-0.4.h5").digest


def test_samples_without_scores_are_refused_with_the_numbers(photos):
    next(Path("photos/train").rglob("*.png")).rename("photos/train/class3/moved.png")  # another label is another sample
    said = lt("prune --data folder:photos --ratio 0.4 --metric avh")
    assert said.exit_code == 2
    assert "those published of photos were made on other samples: 44 of its 45 ids are among the 45 of photos" in said.stderr
    assert "run `lt-prune score --data folder:photos` first" in said.stderr
    with pytest.raises(ArgumentError, match=r"no published scores of photos \(those .* 44 of its 45 ids"):
        lp.prune("folder:photos", scores="published", ratio=0.4)


def test_a_part_of_the_samples_is_not_what_they_are_of(photos):
    next(Path("photos/train").rglob("*.png")).unlink()
    assert "44 of its 45 ids are among the 44 of photos" in lt("prune --data folder:photos --ratio 0.4 --metric avh").stderr


def test_samples_that_none_are_of_are_not_told_of_them(photos, blobs):
    lp.write_set("others.h5", blobs(seed=7))
    assert "published" not in lt("prune --data others.h5 --ratio 0.4 --metric avh").stderr


def test_another_ensemble_is_another_one(photos):
    said = lt("prune --data folder:photos --ratio 0.4 --metric avh --seed 1")
    assert said.exit_code == 2
    assert "those published are by the ensemble of seed 0: name them by --scores published" in said.stderr
    assert "published with" in ok("prune --data folder:photos --ratio 0.4 --seed 1 --scores published").stderr


def test_what_reads_no_scores_takes_none(photos):
    assert "published" not in ok("prune --data folder:photos --ratio 0.4 --strategy random").stderr


def test_the_least_by_any_member_takes_out_copies(photos):
    how = {"ratio": 0.4, "drop": "duplicates"}
    one, other = (lp.prune(scores=each, **how) for each in (photos, published()))
    assert one.options["dropped"]["duplicates"] < (photos.metric("near-duplicate").mean >= 0.995).sum()
    assert one.options["dropped"] == other.options["dropped"]
    np.testing.assert_array_equal(one.kept, other.kept)


def test_recall_is_not_what_means_tell(photos):
    with pytest.raises(ArgumentError, match="means over members do not tell"):
        lp.prune("folder:photos", scores="published", budget="drop", ratio=0.4)
    assert lp.prune("folder:photos", scores="published", budget="drop", ratio=0.4, recall=[0.5] * 4).kept.any()


def test_a_metric_that_is_not_there_is_made_of_ones_own(photos):
    said = lt("prune --data folder:photos --ratio 0.4 --metric el2n").stderr
    assert "scores by 'el2n' are not among the published, only avh, margin, near-duplicate: make your own by" in said
    assert "`lt-prune score --data folder:photos --epochs 3 --warmup 5 --schedule step --metric el2n`" in said


def test_nothing_is_added_to_means(photos):
    file = ours.published_files()[0]
    with pytest.raises(MismatchError, match="to which no member can be added"):
        known_scores(file, lp.build("folder:photos"), lp.Recipe(), 0)


def test_nobody_is_told_how_far_members_agree(photos):
    means = published()
    assert means.spread("avh") is None
    assert lp.score_rows(means)[0]["std"] is None
    assert "means of 4 members" in repr(means)
    shown = ok(f"scores {ours.published_files()[0]}").stdout
    assert "means over 4 members alone" in shown
    assert "mean std" not in shown


def test_a_sweep_takes_them_where_they_are_named(photos):
    grid = {"strategies": ["ranked"], "metrics": ["avh"], "ratios": [0.4], "seeds": [0]}
    planned = lp.sweep("folder:photos", lp.Grid(**grid), scores="published", dry_run=True)
    assert planned.work.runs == 2  # the unpruned one and the pruned one: no member
    with pytest.raises(ArgumentError, match="no published scores of digits"):
        lp.sweep("digits", lp.Grid(**grid), scores="published", dry_run=True)


def test_audit_and_report_tell_of_those_that_chose(photos):
    ok("prune --data folder:photos --ratio 0.4 --metric avh")
    subset = Path("subsets/photos-ranked-avh-0.4.h5")
    assert "avh" in ok(f"audit {subset}").stdout
    [ranking] = lp.audit(subset, scores=published())["rankings"]
    assert (ranking["members"], ranking["stability"]) == (None, None)
    assert lp.report(subset, data="folder:photos").scores == ("photos.h5 (published)",)
    page = Path("report.html").read_text()
    assert "published with lt-prune, the means of scores/photos.h5" in page
    assert "--scores published" in page


def test_a_table_has_them(photos):
    ok("prune --data folder:photos --ratio 0.4 --metric avh")
    ok("export subsets/photos-ranked-avh-0.4.h5 --out all.csv")
    assert "avh" in Path("all.csv").read_text().splitlines()[0].split(",")


def test_they_are_read_back_as_written(photos):
    means = published()
    lp.write_scores("again.h5", means)
    assert Path("again.h5").read_bytes() == ours.published_files()[0].read_bytes()
    lp.write_scores("again.h5", means)  # the same is left as it is
    with pytest.raises(MismatchError, match="published"):
        lp.write_scores("again.h5", photos)


def test_a_damaged_one_is_refused(photos):
    [file] = ours.published_files()
    content = bytearray(file.read_bytes())
    content[-9] ^= 1
    file.write_bytes(content)
    said = lt("prune --data folder:photos --ratio 0.4 --metric avh")
    assert said.exit_code == 1
    assert "is damaged" in said.stderr


def test_members_of_their_own_have_no_least_beside_them(photos):
    metric = photos.metric("near-duplicate")
    wrong = replace(photos, metrics={"near-duplicate": replace(metric, lowest=metric.least)})
    with pytest.raises(ArgumentError, match="the least by near-duplicate is told by its members"):
        lp.write_scores("wrong.h5", wrong)


# What publishes them.


def test_the_script_writes_means_and_row(photos, publish, monkeypatch):
    monkeypatch.setattr(publish, "FOLDER", Path("package"))
    monkeypatch.setattr(publish, "README", Path("README.md"))
    Path("README.md").write_text("# Words\n\n| file | more |\n| --- | --- |\n| `other.h5` | 1 |\n\nMore.\n")
    for without in ([], ["--without", "margin"]):
        publish.main(["whole/photos.h5", *without], standalone_mode=False)
    assert list(published().metrics) == ["avh", "near-duplicate"]
    lines = Path("README.md").read_text().splitlines()
    [row] = [TABLE.match(line) for line in lines if "photos" in line]
    assert (row["whole"], row["means"]) == (digest(Path("photos.h5")), digest(Path("package/photos.h5")))
    assert digest(Path("photos.h5")) == digest(Path("whole/photos.h5"))
    assert "--metric avh,margin,near-duplicate,near-test --members 4" in row.string
    assert [lines[0], lines[4], lines[-1]] == ["# Words", "| `other.h5` | 1 |", "More."]


@pytest.mark.parametrize(
    ("most", "options", "says"),
    [
        (100, [], "leave metrics out by --without"),
        (2_000_000, ["--without", "el2n"], "no 'el2n' scores"),
    ],
)
def test_the_script_leaves_what_is_there(photos, publish, monkeypatch, most, options, says):
    monkeypatch.setattr(publish, "FOLDER", ours.FOLDER)
    monkeypatch.setattr(publish, "README", Path("README.md"))
    monkeypatch.setattr(publish, "MOST_OF_MEANS", most)
    before = digest(ours.published_files()[0])
    with pytest.raises(publish.click.ClickException, match=says):
        publish.main(["whole/photos.h5", *options], standalone_mode=False)
    assert digest(ours.published_files()[0]) == before
    assert not Path("README.md").exists()
    assert not Path("photos.h5").exists()


def test_what_is_too_large_for_one_file_has_several(photos, publish, monkeypatch):
    monkeypatch.setattr(publish, "FOLDER", Path("package"))
    monkeypatch.setattr(publish, "README", Path("README.md"))
    monkeypatch.setattr(publish, "MOST", Path("whole/photos.h5").stat().st_size)
    Path("README.md").write_text("| file |\n| --- |\n")
    publish.main(["whole/photos.h5"], standalone_mode=False)
    first, others = (lp.read_scores(Path(f"photos{part}.h5")) for part in ("", "-features"))
    assert (sorted(first.metrics), sorted(others.metrics)) == (["avh", "margin"], ["near-duplicate", "near-test"])
    for name, metric in {**first.metrics, **others.metrics}.items():
        np.testing.assert_array_equal(metric.per_member, photos.metric(name).per_member)
    rows = [TABLE.match(line) for line in Path("README.md").read_text().splitlines()[2:]]
    assert [(row["name"], row["means"] is None) for row in rows] == [("photos.h5", False), ("photos-features.h5", True)]


def test_what_is_too_large_for_a_file_of_its_kind_has_a_second_one(photos, publish, monkeypatch):
    monkeypatch.setattr(publish, "README", Path("README.md"))
    size = Path("whole/photos.h5").stat().st_size
    monkeypatch.setattr(publish, "MOST", size)
    monkeypatch.setattr(publish, "OF_METRICS", size / 4)  # room for one of four
    Path("README.md").write_text("| file |\n| --- |\n")
    publish.main(["whole/photos.h5", "--no-means"], standalone_mode=False)
    metrics = {file.name: [*lp.read_scores(file).metrics] for file in Path().glob("photos*.h5")}
    assert metrics == {
        "photos.h5": ["avh"],
        "photos-2.h5": ["margin"],
        "photos-features.h5": ["near-duplicate"],
        "photos-features-2.h5": ["near-test"],
    }
    rows = [TABLE.match(line) for line in Path("README.md").read_text().splitlines()[2:]]
    assert sorted(row["name"] for row in rows) == sorted(metrics)


def test_means_of_a_set_that_others_cannot_build_are_left_out(photos, publish, monkeypatch):
    monkeypatch.setattr(publish, "FOLDER", Path("elsewhere"))
    monkeypatch.setattr(publish, "README", Path("README.md"))
    Path("README.md").write_text("| file |\n| --- |\n")
    publish.main(["whole/photos.h5", "--no-means"], standalone_mode=False)
    [row] = [TABLE.match(line) for line in Path("README.md").read_text().splitlines()[2:]]
    assert (row["whole"], row["means"]) == (digest(Path("photos.h5")), None)
    assert "| none |" in row.string
    assert not Path("elsewhere").exists()


def test_the_script_publishes_no_means_of_means(photos, publish):
    with pytest.raises(publish.click.ClickException, match="has no members of ours"):
        publish.main([str(ours.published_files()[0])], standalone_mode=False)
