"""A browser that a test drives as a person would; the test is skipped where there is none."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--hide-scrollbars"),
)
NAMES = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def browser(folder: Path, width: int = 1280, dark: bool = False) -> Iterator[Any]:
    """Chromium in a window of this width, which saves to `folder/saved` and keeps nothing else."""
    webdriver = pytest.importorskip("selenium.webdriver")
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    if not program or not driver:
        pytest.skip("there is no Chromium with its chromedriver here")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*FLAGS, f"--user-data-dir={folder / 'profile'}", f"--window-size={width},900"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    (folder / "saved").mkdir(parents=True, exist_ok=True)
    made = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        command = made.execute_cdp_cmd
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        command("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        command("Emulation.setEmulatedMedia", {"features": [scheme]})
        command("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder / "saved")})
        yield made
    finally:
        made.quit()


def wait(until: Any, seconds: float = 20) -> Any:
    """What a function answers once it answers something."""
    end = time.monotonic() + seconds
    while not (found := until()):
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)
    return found
