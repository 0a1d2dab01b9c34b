"""What the page tells, against counts made by other means; and what it does with names and places."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr
from typed import lt, ok

import lt_prune as lp
from lt_prune.errors import ArgumentError, FileError, MismatchError
from lt_prune.store.results import write_result

COUNTS = (24, 12, 6, 3)
N = sum(COUNTS)
HOSTILE = "</script><script>alert(1)</script>"


def scores_of(index: lp.SampleIndex, names: tuple[str, ...] = ("avh", "el2n"), members: int = 4) -> lp.ScoreSet:
    random = np.random.default_rng(0)
    metrics = {
        name: lp.MetricScores(
            per_member=random.normal(size=(members, N)).astype(np.float32), higher_is_harder=name != "margin", equation=name
        )
        for name in names
    }
    made: dict[str, Any] = {
        "train_accuracy": np.full(members, 0.9),
        "seconds": np.ones(members),
        "recipe": lp.Recipe(),
        "versions": {"torch": "2"},
        "ensemble": 0,
    }
    return lp.ScoreSet(index=index, metrics=metrics, seeds=tuple(range(members)), **made)


def read(file: Path | str = "report.html") -> dict[str, Any]:
    """What the page's script reads."""
    [content] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', Path(file).read_text(), re.DOTALL)
    found: dict[str, Any] = json.loads(content)
    return found


def column(packed: str, dtype: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed), dtype=dtype)


def mask(packed: str) -> np.ndarray:
    return np.unpackbits(column(packed, "u1"), bitorder="little")[:N].astype(bool)


def ids_of(samples: dict[str, Any]) -> np.ndarray:
    return np.array([int(samples["ids"][place : place + 16], 16) for place in range(0, len(samples["ids"]), 16)], np.uint64)


class Text(HTMLParser):
    """The elements of a page, and the text outside scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text, self.inside = "", ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.inside = tag

    def handle_data(self, data: str) -> None:
        if self.inside not in ("script", "style"):
            self.text += data


@pytest.fixture
def data(blobs) -> lp.LongTailedSet:
    return blobs(COUNTS)


@pytest.fixture
def place(data, in_tmp) -> lp.LongTailedSet:
    """A set, scores and two subsets where commands leave them."""
    lp.write_set("sets/blobs.h5", data)
    lp.write_scores("scores/blobs.h5", scores_of(data.index))
    lp.prune(scores="scores/blobs.h5", ratio=0.4, out="subsets/blobs-ranked-avh-0.4.h5")
    lp.prune(data, strategy="random", ratio=0.2, out="subsets/blobs-random-0.2.h5")
    return data


# What it tells


def test_it_is_one_file_that_asks_for_nothing_else(place):
    written = lp.report()
    page = Path("report.html").read_text()
    assert (written.file, written.n_bytes) == ("report.html", Path("report.html").stat().st_size)
    assert (written.n_samples, written.n_shown, written.pictures, written.n_runs) == (N, N, True, 0)
    assert written.scores == ("scores/blobs.h5",)
    for tag, attributes in Text(page).elements:
        for name in ("src", "href", "action", "srcset", "poster"):
            assert not re.match(r"(https?:)?//", attributes.get(name) or ""), tag
    assert "default-src 'none'" in page
    assert not re.search(r"url\((?!\"\$\{sheet)", page), "the style names no file"


def test_classes_are_counted_before_and_after_each_pruning(place):
    lp.report()
    told = read()["set"]
    subsets = [lp.read_subset(f"subsets/blobs-{name}.h5") for name in ("ranked-avh-0.4", "random-0.2")]
    assert [each["before"] for each in told["classes"]] == sorted(COUNTS, reverse=True)
    for each in told["classes"]:
        of_class = place.index.labels == each["label"]
        assert each["before"] == of_class.sum()
        assert each["kept"] == [(of_class & subset.kept).sum() for subset in subsets]
    whole, ranked, random = told["summaries"]
    shares = np.array(COUNTS) / N
    assert whole["effective"] == pytest.approx(1 / (shares**2).sum())
    assert (whole["imbalance"], whole["smallest"], whole["removed"]) == (8, 3, 0)
    assert ranked["n_samples"] == N - 18
    assert random["removed"] == pytest.approx(9 / N)
    assert [each["n_samples"] for each in whole["groups"]] == [24 + 12, 6, 3]


def test_samples_have_their_scores_and_fates(place):
    lp.report()
    told, scores = read(), lp.read_scores("scores/blobs.h5")
    samples = told["samples"]
    rows = np.searchsorted(place.index.ids, ids_of(samples))
    assert sorted(rows.tolist()) == list(range(N))
    assert np.array_equal(column(samples["labels"], "<u4"), place.index.labels[rows])
    assert np.array_equal(column(samples["places"], "<u4"), place.index.source_index[rows])
    assert [each["name"] for each in told["scores"]["metrics"]] == ["avh", "el2n"]
    for mean, std, name in zip(samples["means"], samples["stds"], ("avh", "el2n")):
        own = scores.metrics[name].per_member.astype(np.float64)
        assert np.allclose(column(mean, "<f4"), own.mean(axis=0)[rows], rtol=1e-6)
        short = column(std, "<u2").astype("<u4") << 16
        assert np.allclose(short.view("<f4"), own.std(axis=0)[rows], rtol=0.005)
    ranked = lp.read_subset("subsets/blobs-ranked-avh-0.4.h5")
    assert [each["name"] for each in told["subsets"]] == ["ranked-avh-0.4", "random-0.2"]
    assert np.array_equal(mask(samples["kept"][0]), ranked.kept[rows])


def test_scores_are_told_by_class_group_and_member(place):
    lp.report()
    told, scores = read()["scores"], lp.read_scores("scores/blobs.h5")
    one = scores.metrics["avh"]
    first = told["metrics"][0]
    for label, quantiles in enumerate(first["classes"]):
        own = one.mean[place.index.labels == label]
        assert quantiles == pytest.approx(np.percentile(own, [5, 25, 50, 75, 95]).tolist(), rel=1e-4)
    groups = place.index.class_groups[place.index.labels]
    assert [sum(first["groups"][name]) for name in ("head", "middle", "tail")] == np.bincount(groups).tolist()
    even, odd = one.per_member[::2].mean(axis=0), one.per_member[1::2].mean(axis=0)
    assert first["stability"] == pytest.approx(spearmanr(even, odd).statistic)
    others = one.per_member[1:].mean(axis=0)
    assert first["each"][0] == pytest.approx(spearmanr(one.per_member[0], others).statistic, abs=1e-6)
    expected = spearmanr(one.mean, scores.metrics["el2n"].mean).statistic
    assert told["correlations"][0][1] == pytest.approx(expected, abs=1e-4)


def test_doubtful_labels_and_copies_are_flagged(data, in_tmp):
    pixels = data.pixels.copy()
    names = ("avh", "label-noise", "near-duplicate", "near-other")
    scores = scores_of(data.index, names)
    noise = np.where(np.arange(N) < 5, -0.3, 0.8).astype(np.float32)
    near = np.where(np.arange(N) % 9 == 0, 0.999, 0.1).astype(np.float32)
    scores.metrics["label-noise"].per_member[:] = noise
    scores.metrics["near-duplicate"].per_member[:] = near
    scores.metrics["near-other"].per_member[:] = 0
    assert pixels.shape[0] == N
    lp.report(data=data, out="flags.html")
    lp.write_scores("scores.h5", scores)
    lp.report("scores.h5", data=data)
    told = read()
    rows = np.searchsorted(data.index.ids, ids_of(told["samples"]))
    flags = {name: set(rows[mask(packed)].tolist()) for name, packed in told["samples"]["flags"].items()}
    assert flags == {"noise": set(range(5)), "copy": set(), "near": set(range(0, N, 9)), "other": set()}
    of_noise = told["scores"]["metrics"][1 + sorted(names[1:]).index("label-noise")]
    assert (of_noise["name"], of_noise["stability"], of_noise["std"]) == ("label-noise", None, None)


def test_exact_copies_are_told(in_tmp):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), dtype=np.uint8)
    pixels[7] = pixels[9] = pixels[3]
    labels = np.arange(20) // 10
    np.savez("mine.npz", x_train=pixels, y_train=labels, x_test=pixels, y_test=labels)
    with pytest.warns(UserWarning, match="exact copies"):
        data = lp.open_set("mine.npz")
    lp.report(data=data)
    told = read()
    samples = told["samples"]
    flagged = np.unpackbits(column(samples["flags"]["copy"], "u1"), bitorder="little")[:20].astype(bool)
    assert set(column(samples["places"], "<u4")[flagged].tolist()) == {3, 7, 9}
    assert len(set(column(samples["copies"], "<u4").tolist())) == 18
    pairs = {copy: of for copy, (of, cosine) in partners_of(told, "copy").items()}
    assert pairs[7] == pairs[9] == 3
    assert pairs[3] in (7, 9), "and the first one is of the next"


def partners_of(told: dict[str, Any], flag: str) -> dict[int, tuple[int, float | None]]:
    """By place in the source what each sample so flagged is a copy of, and the cosine; -1 of what is not on the page."""
    places, own = column(told["samples"]["places"], "<u4").tolist(), told["partners"][flag]
    alike = [None] * N if own["alike"] is None else [round(each, 4) for each in column(own["alike"], "<f4").tolist()]
    pairs = zip(column(own["at"], "<u4").tolist(), column(own["of"], "<i4").tolist(), alike)
    return {places[at]: (places[of] if of >= 0 else -1, cosine) for at, of, cosine in pairs}


def near_copies(data: lp.LongTailedSet) -> lp.ScoreSet:
    """Scores by which rows 1, 2 and 3 are near-copies: of row 4, of row 5 and of the test sample at 6."""
    scores = scores_of(data.index, ("avh", "near-duplicate", "near-other", "near-test"))
    metrics = {"avh": scores.metrics["avh"]}
    for row, of, name in ((1, 4, "near-duplicate"), (2, 5, "near-other"), (3, 6, "near-test")):
        alike, nearest = np.full((4, N), 0.1, dtype=np.float32), np.arange(N, dtype=np.int32)[::-1].copy()
        alike[:, row], alike[1, row], nearest[row] = 0.9999, 0.9975, of
        metrics[name] = replace(scores.metrics[name], per_member=alike, nearest=nearest)
    return replace(scores, metrics=metrics)


def test_of_near_copies_it_is_told_what_they_are_copies_of(data, in_tmp):
    names = tuple(f"test/<b>{place}.png" for place in range(len(data.test_labels)))
    lp.write_scores("scores.h5", near_copies(data))
    lp.report("scores.h5", data=replace(data, test_file_names=names))
    told, place = read(), data.index.source_index.tolist()
    assert partners_of(told, "near") == {place[1]: (place[4], 0.9975)}, "the cosine is that of the member that says least"
    assert partners_of(told, "other") == {place[2]: (place[5], 0.9975)}
    assert partners_of(told, "test") == {place[3]: (-1, 0.9975)}
    of_test = data.index.class_names[data.test_labels[6]]
    assert told["partners"]["test"]["named"] == {"0": ["test/<b>6.png", of_test]}
    assert partners_of(told, "copy") == {}


def test_what_is_not_on_the_page_is_told_by_name(monkeypatch, data, in_tmp):
    """Of each class 8 are shown, so of the largest one some are not."""
    lp.write_scores("scores.h5", near_copies(data))
    monkeypatch.setattr("lt_prune.page.shown.shown_rows.__defaults__", (25,))
    lp.report("scores.h5", data=data)
    there = ids_of(read()["samples"])
    [gone] = np.flatnonzero(~np.isin(data.index.ids, there))[:1]
    scores, row = near_copies(data), int(np.searchsorted(data.index.ids, there[0]))
    scores.metrics["near-other"].per_member[:, row], scores.metrics["near-other"].nearest[row] = 0.999, gone
    lp.write_scores("scores.h5", scores, overwrite=True)
    lp.report("scores.h5", data=data, overwrite=True)
    told = read()["partners"]["other"]
    number = column(told["at"], "<u4").tolist().index(0)
    wanted = [f"{data.index.ids[gone]:016x}", data.index.class_names[data.index.labels[gone]]]
    assert (column(told["of"], "<i4")[number], told["named"][str(number)]) == (-1, wanted)


def test_where_the_pictures_are_gone_a_test_sample_is_a_number(data, in_tmp):
    lp.write_scores("scores.h5", near_copies(data))
    with pytest.warns(UserWarning, match="the pictures of blobs are left out"):
        lp.report("scores.h5")
    assert read()["partners"]["test"]["named"] == {"0": ["test sample 6", None]}


def test_scores_of_earlier_versions_do_not_say_what_is_nearest(data, in_tmp):
    scores = near_copies(data)
    lp.write_scores("scores.h5", replace(scores, metrics={n: replace(m, nearest=None) for n, m in scores.metrics.items()}))
    lp.report("scores.h5", data=data)
    assert list(read()["partners"]) == ["copy"]
    assert mask(read()["samples"]["flags"]["near"]).sum() == 1


# Runs


def result_of(trained: lp.TrainResult, subset: lp.Subset | None, seed: int, accuracies: list[float]) -> lp.TrainResult:
    """As if trained on a subset, with these accuracies of the four classes."""
    spec = replace(trained.spec, seed=seed)
    counts = np.array(COUNTS)
    if subset is not None:
        options = subset.options
        how = {name: options.get(name) for name in ("metric", "keep", "within")}
        spec = replace(spec, strategy=subset.strategy, ratio=subset.ratio, subset_digest=subset.digest, **how)
        counts = subset.kept_counts
    right = np.round(10 * np.array(accuracies)).astype(int)
    true = np.repeat(np.arange(4), 10)
    wrong = (true + 1) % 4
    predicted = np.where(np.tile(np.arange(10), 4) < right[true], true, wrong)
    right = int((predicted == true).sum())
    bins = {8: (40 - right, 0, 0.55), 13: (right, right, 0.9)}
    count, good, confidence = zip(*(bins.get(k, (0, 0, None)) for k in range(15)))
    evaluation = replace(
        trained.evaluation,
        calibration=lp.Calibration(count=count, right=good, confidence=confidence),
        ece=float(np.abs(0.55 * (40 - right)) + np.abs(0.9 * right - right)) / 40,
        per_class=tuple(accuracies),
        confusion=lp.Confusion.of(true, predicted, 4),
        overall=float(np.mean(accuracies)),
        balanced=float(np.mean(accuracies)),
    )
    seconds = 10.0 if subset is None else 4.0
    return replace(
        trained,
        spec=spec,
        n_train=int(counts.sum()),
        class_counts=tuple(counts.tolist()),
        subset=None if subset is None else f"{subset.label} {subset.ratio:g}",
        evaluation=evaluation,
        seconds=seconds,
    )


@pytest.fixture
def runs(place) -> dict[str, lp.Subset]:
    """Two seeds of the whole set, of a ranking within classes, and of its matched control."""
    trained = lp.train(place, epochs=1, model="resnet8", batch_size=16, compute=lp.Compute(device="cpu"))
    subsets = {
        "ranked": lp.prune(scores="scores/blobs.h5", ratio=0.4, within="class"),
        "control": lp.prune(place, strategy="class-random", ratio=0.4),
    }
    assert subsets["ranked"].kept_counts.tolist() == subsets["control"].kept_counts.tolist()
    accuracies = {"whole": [0.9, 0.8, 0.6, 0.4], "ranked": [0.8, 0.8, 0.5, 0.1], "control": [0.9, 0.7, 0.4, 0.2]}
    for name, each in accuracies.items():
        for seed in (0, 1):
            result = result_of(trained, subsets.get(name), seed, [each[0] - 0.1 * seed, *each[1:]])
            write_result(Path(f"runs/{name}-{seed}/result.json"), result)
    return subsets


def test_runs_are_told_with_their_control_and_what_they_save(runs):
    assert lp.report().n_runs == 6
    [family] = read()["runs"]
    whole, control, ranked = family["rows"]
    assert [row["label"] for row in family["rows"]] == ["unpruned", "class-random", "avh, within class"]
    assert [row["n"] for row in family["rows"]] == [2, 2, 2]
    assert (ranked["control"], control["control"]) == ("class-random", None)
    assert ranked["per_class"] == pytest.approx([0.75, 0.8, 0.5, 0.1])
    assert whole["per_class"] == pytest.approx([0.85, 0.8, 0.6, 0.4])
    assert ranked["balanced_mean"] == pytest.approx((0.55 + 0.525) / 2)
    assert ranked["balanced_std"] == pytest.approx(np.std([0.55, 0.525], ddof=1))
    assert (whole["saved"], ranked["saved"]) == (0, pytest.approx(0.6))
    cells = {(t, p): number for t, p, number in ranked["confusion"]["cells"]}
    assert cells == {(0, 0): 15, (0, 1): 5, (1, 1): 16, (1, 2): 4, (2, 2): 10, (2, 3): 10, (3, 3): 2, (3, 0): 18}
    assert ranked["confusion"]["totals"] == [20, 20, 20, 20]


def test_a_ranking_that_did_worse_than_its_control_is_warned_of(runs):
    lp.report()
    assert "did worse than" not in Path("report.html").read_text()
    for name in ("ranked-1", "control-1"):
        Path(f"runs/{name}/result.json").unlink()
    control = lp.read_result("runs/control-0/result.json")
    evaluation = replace(control.evaluation, overall=0.9)
    write_result(Path("runs/control-0/result.json"), replace(control, evaluation=evaluation))
    lp.report(overwrite=True)
    text = " ".join(Text(Path("report.html").read_text()).text.split())
    [said] = re.findall("avh, within class, [^;]*; one run each cannot tell whether that is chance", text)
    assert "did worse than random samples, as many of each class (class-random), by 35.0 points overall" in said
    assert "one run each cannot tell whether that is chance" in text


def test_calibration_is_told_of_all_runs_of_a_row_together(runs):
    """What is right is 90% sure, and what is wrong 55%."""
    lp.report()
    whole = next(row for row in read()["runs"][0]["rows"] if row["label"] == "unpruned")
    results = [lp.read_result(f"runs/whole-{seed}/result.json").evaluation for seed in (0, 1)]
    right = [round(40 * each.overall) for each in results]
    assert whole["calibration"]["count"] == [0] * 8 + [80 - sum(right)] + [0] * 4 + [sum(right), 0]
    assert whole["calibration"]["right"] == [0] * 13 + [sum(right), 0]
    assert whole["calibration"]["confidence"] == [None] * 8 + [0.55] + [None] * 4 + [0.9, None]
    assert whole["without_bins"] == 0


def test_without_the_bins_of_a_result_there_is_no_diagram(runs):
    file = Path("runs/ranked-1/result.json")
    result = lp.read_result(file)
    write_result(file, replace(result, evaluation=replace(result.evaluation, calibration=None)))
    lp.report()
    rows = {row["label"]: (row["calibration"], row["without_bins"]) for row in read()["runs"][0]["rows"]}
    assert rows["avh, within class"] == (None, 1)
    assert rows["unpruned"][0] is not None


def test_percent_is_written_in_one_way_wherever_it_is_printed(runs):
    lp.report()
    printed = [Text(Path("report.html").read_text()).text]
    pruning = "prune --scores scores/blobs.h5 --ratio 0.3 --per-class"
    for line in ("results runs", "audit subsets/blobs-ranked-avh-0.4.h5", pruning):
        printed += [(said := ok(line)).stdout, said.stderr]
    assert sum(len(re.findall(r"\d%", each)) for each in printed) > 10
    assert not [match for each in printed for match in re.findall(r"\d\s+%.*", each)]


def test_the_seeds_of_a_point_are_told(runs):
    Path("runs/ranked-1/result.json").unlink()
    lp.report()
    ranked = next(row for row in read()["runs"][0]["rows"] if row["label"] == "avh, within class")
    assert (ranked["n"], ranked["seeds"], ranked["balanced_std"]) == (1, [0], None)


def test_of_many_classes_the_pairs_that_are_confused_most_are_told(monkeypatch, runs):
    monkeypatch.setattr("lt_prune.page.of_runs.CELLS", 3)
    monkeypatch.setattr("lt_prune.page.of_runs.PAIRS", 2)
    lp.report()
    ranked = next(row for row in read()["runs"][0]["rows"] if row["label"] == "avh, within class")
    assert ranked["confusion"]["cells"] == [[3, 0, 18], [2, 3, 10]]


def test_what_a_run_reached_on_the_test_decides_nothing(runs):
    """The samples and their order are the same, whatever the runs reached."""
    lp.report()
    before = read()["samples"]
    for file in Path("runs").rglob("result.json"):
        file.unlink()
    lp.report(overwrite=True)
    assert read()["samples"] == before


# Names and places


@pytest.mark.parametrize(
    "name", [HOSTILE, "<img src=x onerror=alert(1)>", "{{ 7 * 7 }}", "a & b \u2028 \N{SNOWMAN}", "\"'`$"]
)
def test_a_name_is_shown_as_it_is_and_does_nothing(data, in_tmp, name):
    index = replace(data.index, class_names=(name, "b", "c", "d"), name="odd")
    subset = lp.Subset(index=index, kept=np.arange(N) % 2 > 0, strategy="random", ratio=0.5, options={"seed": 0})
    lp.write_subset("odd.h5", subset)
    lp.report("odd.h5", data=replace(data, index=index))
    page = Path("report.html").read_text()
    assert page.count("<script") == 2
    assert read()["set"]["classes"][0]["name"] == name
    assert not [tag for tag, attributes in Text(page).elements if "onerror" in attributes]


def test_names_of_files_are_told_and_escaped(blob_folder, in_tmp):
    photos = blob_folder()
    odd = photos / "train/class0/<b>odd & long.png"
    (photos / "train/class0/0000.png").rename(odd)
    lp.report(data=f"folder:{photos}")
    told = read()
    assert "train/class0/<b>odd & long.png" in told["samples"]["files"]
    assert "<b>" not in Path("report.html").read_text()


def test_streamed_pictures_are_those_that_are_held(blob_folder, in_tmp):
    photos = blob_folder()
    for loading in ("stream", "memory"):
        lp.report(data=f"folder:{photos}", reading=lp.Reading(loading=loading), out=f"{loading}.html")
    assert read("stream.html")["sheets"] == read("memory.html")["sheets"]
    assert read("stream.html")["samples"] == read("memory.html")["samples"]


def test_the_data_are_read_as_they_were_for_a_subset(blob_folder, in_tmp):
    photos = f"folder:{blob_folder()}"
    lp.prune(photos, strategy="random", ratio=0.5, reading=lp.Reading(resize=6), out="subsets/small.h5")
    assert lp.report(data=photos).subsets == ("subsets/small.h5",)
    assert read()["pictures"]["size"] == [6, 6]


def test_embeddings_have_a_page_without_pictures(in_tmp):
    values, labels = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32), np.arange(40) % 2
    np.savez("vectors.npz", x_train=values, y_train=labels, x_test=values, y_test=labels)
    written = lp.report(data="features:vectors.npz")
    assert not written.pictures
    assert (read()["pictures"], read()["sheets"]) == (None, [])
    assert "The samples are embeddings, which have no pictures." in Path("report.html").read_text()


def test_where_the_pictures_are_gone_the_rest_is_told(place):
    Path("sets/blobs.h5").unlink()
    with pytest.warns(UserWarning, match="the pictures of blobs are left out"):
        written = lp.report()
    assert not written.pictures
    assert read()["samples"]["n"] == N


def test_the_source_is_opened_again_where_there_is_no_set_file(in_tmp):
    lp.prune("digits", strategy="random", ratio=0.5, out="subsets/half.h5")
    assert lp.report().pictures


def test_files_of_several_sets_ask_for_one(place, blobs):
    lp.prune(blobs(seed=5), strategy="random", ratio=0.5, out="subsets/other.h5")
    with pytest.raises(ArgumentError, match=r"these are files of 2 sets \(.*\), and one is told of at a time"):
        lp.report()
    with pytest.warns(UserWarning, match="passed over what is of other sets: 1 files and runs"):
        assert len(lp.report(data=place).subsets) == 2
    with pytest.raises(MismatchError, match=r"other\.h5 is of another set than the one asked for"):
        lp.report("subsets/other.h5", data=place, out="second.html")
    assert not Path("second.html").exists()


def test_what_is_none_of_ours_is_passed_over_in_a_folder_and_refused_by_name(place):
    Path("subsets/foreign.h5").write_bytes(b"of another program")
    with pytest.warns(UserWarning, match=r"passed over what is no set, scores or subset of ours: subsets/foreign\.h5"):
        lp.report()
    with pytest.raises(FileError, match=r"subsets/foreign\.h5 is no set, scores or subset of ours"):
        lp.report("subsets/foreign.h5", out="second.html")


@pytest.mark.parametrize("place_of_harm", [30, 700, -40], ids=["the seal", "the head", "the end"])
def test_a_damaged_file_of_ours_is_refused(place, place_of_harm):
    file = Path("subsets/blobs-random-0.2.h5")
    content = bytearray(file.read_bytes())
    content[place_of_harm] ^= 255
    file.write_bytes(content)
    with pytest.raises(FileError, match=r"subsets/blobs-random-0\.2\.h5 is damaged"):
        lp.report()
    assert not Path("report.html").exists()


def test_without_anything_nothing_is_written(in_tmp):
    with pytest.raises(FileError, match="there is nothing to tell of in sets/, scores/, subsets/, runs/"):
        lp.report()
    with pytest.raises(FileError, match="nowhere does not exist"):
        lp.report("nowhere")
    assert not list(in_tmp.iterdir())


def test_another_page_is_replaced_only_where_that_is_said(place):
    Path("report.html").write_text("mine")
    with pytest.raises(MismatchError, match=r"report\.html exists and holds something else"):
        lp.report()
    assert Path("report.html").read_text() == "mine"
    lp.report(overwrite=True)
    once = Path("report.html").read_bytes()
    lp.report()
    assert Path("report.html").read_bytes() == once, "the same files give the same page"


def test_more_samples_than_a_page_holds_are_drawn_by_class(monkeypatch, place):
    monkeypatch.setattr("lt_prune.page.shown.shown_rows.__defaults__", (25,))
    written = lp.report()
    assert (written.n_samples, written.n_shown) == (N, 25)
    assert "25 of 45 samples are shown here, up to 8 of each class" in Path("report.html").read_text()
    assert sum(each["before"] for each in read()["set"]["classes"]) == N


def test_a_subset_of_a_strategy_that_is_not_here_is_told_of_without_a_command(place):
    subset = lp.prune(place, strategy="random", ratio=0.2)
    lp.write_subset("subsets/theirs.h5", replace(subset, strategy="theirs"))
    lp.report()
    told = Text(Path("report.html").read_text()).text
    assert "subset subsets/theirs.h5" in told
    assert "--strategy theirs" not in told


def test_several_score_files_name_their_metrics(place):
    lp.write_scores("scores/again.h5", scores_of(place.index, ("avh",)))
    lp.report()
    assert [each["name"] for each in read()["scores"]["metrics"]] == ["avh (again)", "avh (blobs)", "el2n (blobs)"]


def test_score_files_of_one_name_are_told_apart(place):
    lp.write_scores("scores/again/blobs.h5", scores_of(place.index, ("avh",)))
    lp.report()
    told = [each["name"] for each in read()["scores"]["metrics"]]
    assert told == ["avh (scores/again/blobs.h5)", "avh (scores/blobs.h5)", "el2n (scores/blobs.h5)"]


def test_of_several_score_files_the_first_with_doubtful_labels_flags_them(place):
    for file, doubtful in (("a", 4), ("b", 7)):
        scores = scores_of(place.index, ("avh", "label-noise"))
        scores.metrics["label-noise"].per_member[:] = np.where(np.arange(N) == doubtful, -1, 1)
        lp.write_scores(f"scores/{file}.h5", scores)
    lp.report()
    samples = read()["samples"]
    assert ids_of(samples)[mask(samples["flags"]["noise"])].tolist() == [place.index.ids[4]]


# On the command line


def test_the_command_names_the_page_and_its_size(place):
    said = ok("report --out page.html")
    size = Path("page.html").stat().st_size
    assert (
        said.stdout == f"page.html: {size / 1000:.1f} kB, 45 of 45 samples with pictures, 1 score files, 2 subsets, 0 runs\n"
    )
    assert "wrote page.html" in said.stderr
    written = json.loads(ok("report subsets sets --out page.html --overwrite --json").stdout)
    assert (written["file"], written["n_bytes"]) == ("page.html", Path("page.html").stat().st_size)
    assert written["scores"] == []


def test_the_command_refuses_in_a_sentence(in_tmp):
    refused = lt("report nowhere")
    assert refused.exit_code == 1
    assert refused.stderr.startswith("lt-prune: nowhere does not exist")


def test_no_script_is_run_but_the_pages_own(blobs, in_tmp):
    """As its policy names the SHA-256 of what stands between the tags, byte for byte."""
    lp.report(data=blobs())
    page = Path("report.html").read_bytes()
    [script] = re.findall(rb"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page.decode()
