"""The page in Chromium, used as a person would."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import browser, wait
from typed import ok

import lt_prune as lp

pytestmark = pytest.mark.slow
HOSTILE = "<script>document.title='taken'</script>"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of digits with scores by two metrics, two subsets and two runs, in a folder of its own."""
    place = tmp_path_factory.mktemp("page")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        data = lp.build("digits")
        data = replace(data, index=replace(data.index, class_names=(HOSTILE, *data.index.class_names[1:])))
        lp.write_set("sets/digits-lt10.h5", data)
        random = np.random.default_rng(0)
        metrics = {
            name: lp.MetricScores(
                per_member=random.random((3, data.index.n_samples)).astype(np.float32), higher_is_harder=hard, equation=name
            )
            for name, hard in (("avh", True), ("margin", False))
        }
        made: dict[str, Any] = {"train_accuracy": np.ones(3), "seconds": np.ones(3), "recipe": lp.Recipe(), "versions": {}}
        lp.write_scores("scores.h5", lp.ScoreSet(index=data.index, metrics=metrics, seeds=(1, 2, 3), ensemble=0, **made))
        lp.prune(scores="scores.h5", ratio=0.45, out="subsets/ranked.h5")
        lp.prune(data, strategy="class-random", ratio=0.45, out="subsets/random.h5")
        for subset in (None, "subsets/ranked.h5"):
            how = {"epochs": 1, "model": "resnet8", "compute": lp.Compute(device="cpu")}
            lp.train(data, subset=subset, out=f"runs/{Path(subset or 'whole').stem}", **how)
        lp.report("sets", "scores.h5", "subsets", "runs")
    return place / "report.html"


def opened(driver: Any, page: Path) -> None:
    driver.get(page.as_uri())
    wait(lambda: driver.execute_script("return document.documentElement.dataset.ready"))


def chosen(driver: Any, field: str, value: str) -> None:
    """Choose in a list by its value, as a person does by its words."""
    driver.find_element("css selector", f"#{field} option[value='{value}']").click()


def tiles(driver: Any) -> list[str]:
    """Ids of the samples listed."""
    return [each.text for each in driver.find_elements("css selector", "#tiles code")]


def view(driver: Any, words: str) -> None:
    """Press the button of these words above the samples."""
    next(each for each in driver.find_elements("css selector", "#views button") if each.text == words).click()


def said(driver: Any, ident: str) -> str:
    return str(driver.find_element("id", ident).text)


def ids_of(index: lp.SampleIndex, rows: Any) -> list[str]:
    return [f"{each:016x}" for each in index.ids[rows]]


def test_a_person_filters_sorts_marks_and_saves(page, tmp_path, monkeypatch):
    scores, subset = lp.read_scores(page.parent / "scores.h5"), lp.read_subset(page.parent / "subsets/ranked.h5")
    index, hard = scores.index, scores.metrics["avh"].mean
    with browser(tmp_path) as driver:
        opened(driver, page)
        n = index.n_samples
        assert said(driver, "matching").startswith(f"{n} of {n} samples, of which 277 are kept and 226 removed")
        assert tiles(driver) == ids_of(index, np.argsort(-hard, kind="stable")[:60])

        views = {each.text: each for each in driver.find_elements("css selector", "#views button")}
        views["Removed, easiest first"].click()
        removed = np.flatnonzero(~subset.kept)
        assert tiles(driver) == ids_of(index, removed[np.argsort(hard[removed], kind="stable")][:60])
        assert views["Removed, easiest first"].get_attribute("aria-pressed") == "true"

        chosen(driver, "f-class", "2")
        chosen(driver, "f-order", "hard")
        low = float(np.quantile(hard, 0.2))
        driver.find_element("id", "f-low").send_keys(str(low))
        wanted = [row for row in removed if index.labels[row] == 2 and hard[row] >= low]
        wanted.sort(key=lambda row: -hard[row])
        assert tiles(driver) == ids_of(index, wanted)
        assert said(driver, "matching").startswith(f"{len(wanted)} of {n} samples, of which 0 are kept")

        for box in driver.find_elements("css selector", "#tiles input")[:2]:
            box.click()
        assert said(driver, "marks-number") == "2 samples are marked."
        driver.find_element("id", "reset").click()
        chosen(driver, "f-marked", "yes")
        assert tiles(driver) == ids_of(index, wanted[:2])
        field = driver.find_element("id", "marked-ids")
        assert field.get_attribute("value").split() == sorted(ids_of(index, wanted[:2]))

        driver.find_element("id", "save-keep").click()
        file = tmp_path / "saved" / "digits-lt10-keep.txt"
        wait(lambda: file.exists() and file.read_text())
        chosen(driver, "f-marked", "")
        chosen(driver, "f-order", "apart")
        ranks = [np.argsort(np.argsort(each.difficulty, kind="stable")) for each in scores.metrics.values()]
        apart = np.abs(ranks[0] - ranks[1])
        first = tiles(driver)[0]
        assert apart[np.searchsorted(index.ids, np.uint64(int(first, 16)))] == apart.max()
        assert driver.title == "digits-lt10: report of lt-prune", "the name of a class does nothing"
        assert not [entry for entry in driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    monkeypatch.chdir(page.parent)
    ok(f"prune --data sets/digits-lt10.h5 --scores scores.h5 --ratio 0.45 --force-keep {file} --out {tmp_path / 'kept.h5'}")
    kept = lp.read_subset(tmp_path / "kept.h5")
    assert kept.kept[wanted[:2]].all()
    assert kept.kept.sum() == subset.kept.sum()


def test_more_samples_are_shown_on_demand_and_all_that_match_are_marked(page, tmp_path):
    with browser(tmp_path) as driver:
        opened(driver, page)
        chosen(driver, "f-fate", "removed")
        driver.find_element("id", "more").click()
        assert len(tiles(driver)) == 120
        driver.find_element("id", "mark-all").click()
        assert said(driver, "marks-number") == "226 samples are marked."
        opened(driver, page)
        assert said(driver, "marks-number") == "226 samples are marked.", "they are there after the page is loaded again"
        driver.find_element("id", "clear").click()
        assert said(driver, "marks-number") == "0 samples are marked."
        assert not driver.find_element("id", "save-drop").is_enabled()


def test_it_is_used_by_keyboard(page, tmp_path):
    Keys = pytest.importorskip("selenium.webdriver.common.keys").Keys

    with browser(tmp_path) as driver:
        opened(driver, page)
        active = driver.switch_to.active_element
        active.send_keys(Keys.TAB)
        assert driver.switch_to.active_element.text == "Skip to the contents"
        box = driver.find_element("css selector", "#tiles input")
        box.send_keys(Keys.SPACE)
        assert said(driver, "marks-number") == "1 sample is marked."
        driver.find_element("id", "f-metric").send_keys("m")
        assert "margin" in driver.find_element("css selector", "#tiles dl").text


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, lp.SampleIndex]:
    """A page of digits in which row 1 is a near-copy of row 400, row 2 of that, too, and row 3 of a test sample."""
    place = tmp_path_factory.mktemp("copies")
    data = lp.build("digits")
    names = tuple(f"test/<b>{number}.png" for number in range(len(data.test_labels)))
    n = data.index.n_samples
    metrics = {
        name: lp.MetricScores(
            per_member=np.full((1, n), 0.1, dtype=np.float32),
            higher_is_harder=False,
            equation=name,
            nearest=np.zeros(n, dtype=np.int32),
        )
        for name in ("near-duplicate", "near-test")
    }
    for row, of, name in ((1, 400, "near-duplicate"), (2, 400, "near-duplicate"), (3, 5, "near-test")):
        metrics[name].per_member[:, row], metrics[name].nearest[row] = 0.9987, of
    made: dict[str, Any] = {"train_accuracy": np.ones(1), "seconds": np.ones(1), "recipe": lp.Recipe(), "versions": {}}
    lp.write_scores(place / "scores.h5", lp.ScoreSet(index=data.index, metrics=metrics, seeds=(1,), ensemble=0, **made))
    lp.report(place / "scores.h5", data=replace(data, test_file_names=names), out=place / "report.html")
    return place / "report.html", data.index


def test_what_a_copy_is_of_is_gone_to_by_mouse_and_keyboard(copies, tmp_path):
    Keys = pytest.importorskip("selenium.webdriver.common.keys").Keys
    page, index = copies
    one, two, of_test, other = ids_of(index, [1, 2, 3, 400])

    with browser(tmp_path) as driver:
        opened(driver, page)
        view(driver, "Near-copies")
        assert tiles(driver) == [one, two]
        first = driver.find_element("css selector", "#tiles .partner")
        assert first.text == f"{other} of {index.class_names[index.labels[400]]}"
        assert first.get_attribute("aria-label").startswith(first.text), "what is heard begins with what is seen"
        assert first.find_element("css selector", ".picture").size["width"] >= 24
        assert "near-copy of a sample of its class (cosine 0.9987)" in said(driver, "tiles")

        first.click()
        assert set(tiles(driver)) == {one, two, other}, "and what else is a copy of it"
        assert driver.switch_to.active_element.get_attribute("aria-label").startswith(f"mark {other}")
        assert said(driver, "matching") == f"3 of {index.n_samples} samples, copies of one another."
        driver.find_element("id", "back").send_keys(Keys.ENTER)
        assert tiles(driver) == [one, two]
        assert driver.switch_to.active_element.get_attribute("aria-label").startswith(f"mark {one}")

        driver.find_elements("css selector", "#tiles .partner")[1].send_keys(Keys.ENTER)
        assert tiles(driver)[:2] == [other, two]
        chosen(driver, "f-flag", "")
        assert said(driver, "matching").startswith(f"{index.n_samples} of"), "a filter is of all samples again"

        view(driver, "Near-copies of test samples")
        assert tiles(driver) == [of_test]
        assert "near-copy of a test sample: test/<b>5.png of " in said(driver, "tiles")
        assert not [entry for entry in driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]


def test_charts_show_numbers_where_one_points(page, tmp_path):
    ActionChains = pytest.importorskip("selenium.webdriver").ActionChains

    counts = lp.read_subset(page.parent / "subsets/ranked.h5")
    with browser(tmp_path) as driver:
        opened(driver, page)
        part = driver.find_element("css selector", "#set-chart g[data-tip]")
        driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", part)
        ActionChains(driver).move_to_element(part).perform()
        lines = wait(lambda: said(driver, "tip")).splitlines()
        assert lines[:2] == [f"{HOSTILE} (head)", f"before: {counts.index.counts[0]}"]
        assert f"ranked: {counts.kept_counts[0]} kept, {counts.index.counts[0] - counts.kept_counts[0]} removed" in lines


def serious(driver: Any) -> list[tuple[str, str]]:
    """What axe-core finds."""
    script = os.environ.get("AXE_CORE")
    if not script:
        pytest.skip("AXE_CORE names no axe.min.js")
    driver.execute_script(Path(script).read_text())
    found = driver.execute_async_script("axe.run().then((result) => arguments[0](result.violations))")
    return [(each["impact"], each["id"]) for each in found if each["impact"] in ("serious", "critical")]


NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
OPEN = "for (const each of document.querySelectorAll('details')) { each.open = true; }"


def test_every_chart_has_its_numbers_below_it(page, tmp_path):
    """Whatever is told where one points at a chart stands in the table of that chart, too."""
    with browser(tmp_path) as driver:
        opened(driver, page)
        driver.execute_script(OPEN)
        told = wait(
            lambda: driver.execute_script(
                """
                const found = [];
                for (const chart of document.querySelectorAll('.chart')) {
                  if (!chart.querySelector('svg')) continue;
                  const box = [chart, chart.parentElement].map((each) => each.nextElementSibling).find(
                    (each) => each && each.matches('details.numbers'));
                  if (!box || !box.querySelector('table')) return null;
                  const cells = [...box.querySelectorAll('tbody td, tbody th, thead th')].map((each) => each.textContent);
                  const tips = [...chart.querySelectorAll('g[data-tip], rect[data-tip]')].map((each) => each.dataset.tip);
                  found.push([chart.querySelector('svg').getAttribute('aria-label'), cells, tips]);
                }
                return found;
                """
            )
        )
        assert len(told) == 14, "of classes, scores (3), accuracy (5), costs (2), a class (1) and calibration (2)"
        for label, cells, tips in told:
            there = set(NUMBER.findall(" ".join(cells)))
            assert label
            for tip in tips:
                assert set(NUMBER.findall(tip)) <= there, (label, tip)
        assert not serious(driver)


def test_numbers_are_opened_by_keyboard_and_follow_the_choice(page, tmp_path):
    Keys = pytest.importorskip("selenium.webdriver.common.keys").Keys
    with browser(tmp_path) as driver:
        opened(driver, page)
        box = driver.find_element("css selector", "#score-classes + details.numbers")
        box.find_element("tag name", "summary").send_keys(Keys.ENTER)
        wait(lambda: box.find_elements("tag name", "table"))
        assert box.text.startswith("avh in each class: the numbers")
        assert HOSTILE in box.text
        chosen(driver, "s-metric", "1")
        assert box.text.startswith("margin in each class: the numbers")
        assert box.get_attribute("open"), "it stays open"
        assert len(box.find_elements("css selector", "tbody tr")) == 10


def test_confusions_are_told_in_numbers_of_test_samples(page, tmp_path):
    """Against the matrix of the result itself."""
    confusion = np.asarray(lp.read_result(page.parent / "runs/ranked/result.json").evaluation.confusion)
    with browser(tmp_path) as driver:
        opened(driver, page)
        driver.execute_script(OPEN)
        rows = wait(lambda: driver.find_elements("css selector", "#confusion + details.numbers tbody tr"))
        cells = [[cell.text for cell in row.find_elements("css selector", "th, td")] for row in rows]
        assert len(cells) == (confusion > 0).sum()
        largest = np.unravel_index(confusion.argmax(), confusion.shape)
        names = [(HOSTILE, *map(str, lp.build("digits").index.class_names[1:]))[place] for place in largest]
        assert cells[0] == [*names, str(confusion.max()), str(confusion[largest[0]].sum())]


def test_calibration_is_drawn_of_a_row_and_of_the_unpruned_one(page, tmp_path):
    found = [lp.read_result(page.parent / f"runs/{name}/result.json").evaluation for name in ("ranked", "whole")]
    with browser(tmp_path) as driver:
        opened(driver, page)
        diagrams = driver.find_elements("css selector", "#calibration svg")
        assert [each.get_attribute("aria-label") for each in diagrams] == [
            f"Reliability diagram of {name}, expected calibration error {100 * evaluation.ece:.1f}%"
            for name, evaluation in zip(("avh, 45.0% removed", "unpruned"), found)
        ]
        for diagram, evaluation in zip(diagrams, found):
            bars = diagram.find_elements("css selector", "rect.bar")
            assert len(bars) == sum(number > 0 for number in evaluation.calibration.count)


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (375, True)], ids=["wide", "phone in the dark"])
def test_it_fits_and_axe_finds_nothing_serious(page, tmp_path, width, dark):
    with browser(tmp_path, width, dark) as driver:
        opened(driver, page)
        wide = driver.execute_script("return document.documentElement.scrollWidth")
        assert wide <= width
        ground = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
        shade = sum(map(int, re.findall(r"\d+", ground)[:3]))
        assert (shade < 200) == dark
        assert not serious(driver)


def test_axe_finds_nothing_serious_about_copies(copies, tmp_path):
    with browser(tmp_path, 375) as driver:
        opened(driver, copies[0])
        view(driver, "Near-copies")
        driver.find_element("css selector", "#tiles .partner").click()
        assert driver.execute_script("return document.documentElement.scrollWidth") <= 375
        assert not serious(driver)
