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


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (375, True)], ids=["wide", "phone in the dark"])
def test_it_fits_and_axe_finds_nothing_serious(page, tmp_path, width, dark):
    with browser(tmp_path, width, dark) as driver:
        opened(driver, page)
        wide = driver.execute_script("return document.documentElement.scrollWidth")
        assert wide <= width
        ground = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
        shade = sum(map(int, re.findall(r"\d+", ground)[:3]))
        assert (shade < 200) == dark
        script = os.environ.get("AXE_CORE")
        if not script:
            pytest.skip("AXE_CORE names no axe.min.js")
        driver.execute_script(Path(script).read_text())
        found = driver.execute_async_script("axe.run().then((result) => arguments[0](result.violations))")
        assert not [(each["impact"], each["id"]) for each in found if each["impact"] in ("serious", "critical")]
