"""How much memory commands take for the pixels that they are given."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from PIL import Image

import lt_prune as lp

MIB = 1 << 20
PIXELS = 63 * MIB
MOST = 1.3
"""Peak over pixels."""
MEASURE = r"""
import re, sys, warnings
from pathlib import Path
import numpy as np
import lt_prune as lp

warnings.simplefilter("ignore")
tiny = np.arange(12 * 8 * 8 * 3, dtype=np.uint8).reshape(12, 8, 8, 3)
np.savez("tiny.npz", x_train=tiny, y_train=np.arange(12) % 2)
# Of this process alone: ru_maxrss begins with what the one that forked it had.
peak = lambda: int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1])
for _ in range(2):  # loads what is needed
    lp.build("tiny.npz", out="tiny.h5")
lp.read_set("tiny.h5")
lp.prune("tiny.h5", strategy="random", ratio=0.5)
before = peak()
exec(sys.argv[1])
print((peak() - before) * 1024)
"""

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak is read where Linux shows it")


def taken(act: str, folder: Path) -> float:
    """Bytes that a process takes for `act` beyond what it has taken for a tiny set, over the bytes of the pixels."""
    done = subprocess.run([sys.executable, "-c", MEASURE, act], cwd=folder, capture_output=True, text=True, check=True)
    return int(done.stdout) / PIXELS


@pytest.fixture(scope="module")
def here(tmp_path_factory) -> Path:
    """A folder with 63 MiB of noise as archives, as pictures, and as a set."""
    folder = tmp_path_factory.mktemp("memory")
    pixels = np.random.default_rng(0).integers(0, 256, (5376, 64, 64, 3), dtype=np.uint8)
    assert pixels.nbytes == PIXELS
    labels = np.repeat([0, 1, 2], [3200, 1600, 576])
    np.savez(folder / "last.npz", x_train=pixels, y_train=labels)
    np.savez(folder / "first.npz", x_train=np.ascontiguousarray(np.moveaxis(pixels, 3, 1)), y_train=labels)
    for i, (image, label) in enumerate(zip(pixels, labels)):
        (folder / "photos" / f"class{label}").mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / "photos" / f"class{label}" / f"{i}.bmp")
    lp.build(str(folder / "last.npz"), out=folder / "set.h5")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("source", ["last.npz", "first.npz", "photos"])
@pytest.mark.parametrize("cut", ["", ", imbalance=4"])
def test_a_set_is_built_and_written_in_little_more_than_its_pixels(here, source, cut):
    reading = "lp.Reading(loading='memory')" if source == "photos" else "None"
    act = f"lp.build('{source}', reading={reading}, out='{source}{len(cut)}.h5'{cut})"
    assert 0.9 < taken(act, here) < MOST


@pytest.mark.parametrize(
    "act",
    [
        "lp.build('last.npz', out='set.h5')",
        "lp.read_set('set.h5')",
        "lp.build('last.npz', out='other.h5', overwrite=True)",
        "lp.prune('last.npz', strategy='random', ratio=0.5)",
    ],
    ids=["build again", "read", "overwrite", "prune a source"],
)
def test_what_needs_the_pixels_takes_little_more_than_they_do(here, act):
    (here / "other.h5").write_bytes((here / "set.h5").read_bytes())
    assert 0.9 < taken(act, here) < MOST


def test_a_set_file_is_pruned_without_its_pixels(here):
    assert taken("lp.prune('set.h5', strategy='random', ratio=0.5)", here) < 0.3


# Worker processes


LARGE = 20_000
SCORE = r"""
import re, sys, threading, time, warnings
from pathlib import Path
import psutil
from torch import nn
import lt_prune as lp
from lt_prune.models.model import Backbone, Model

warnings.simplefilter("ignore")
peak, ended = 0, threading.Event()

def share(pid):  # what processes share is counted once in all
    return int(re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)[1]) * 1024

def watch():
    global peak
    while not ended.wait(0.1):
        try:
            peak = max(peak, sum(map(share, ["self", *(each.pid for each in psutil.Process().children(recursive=True))])))
        except (OSError, TypeError, psutil.Error):
            continue

def means(shape):
    return Backbone(module=nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), n_features=shape[-1])

lp.register("model", "means", Model(summary="means of channels", backbone=means))
watching = threading.Thread(target=watch)
watching.start()
lp.score(sys.argv[1], members=2, epochs=1, model="means", compute=lp.Compute(device="cpu", workers=2))
ended.set()
watching.join()
print(peak)
"""


@pytest.mark.slow
def test_an_ensemble_is_scored_in_little_more_than_the_pixels(tmp_path):
    """All processes together, but for what they take for a few images of the size, which is mostly torch. Each is the median
    of three, as either moves with what else the machine does."""
    for name, n in (("few", 1000), ("many", LARGE)):
        pixels = np.random.default_rng(0).integers(0, 256, (n, 64, 64, 3), dtype=np.uint8)
        np.savez(tmp_path / f"{name}.npz", x_train=pixels, y_train=np.arange(n) % 3)

    def peak(name: str) -> int:
        command = [sys.executable, "-c", SCORE, f"{name}.npz"]
        return int(subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout)

    few, many = (median(peak(name) for _ in range(3)) for name in ("few", "many"))
    assert 0.3 < (many - few) / pixels.nbytes < MOST
