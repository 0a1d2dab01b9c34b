"""A folder streamed gives what the same folder held in memory gives, bit for bit, and is never held."""

from __future__ import annotations

import pickle
import shutil
import weakref
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch

import lt_prune as lp
from lt_prune.data.image_files import ImageFiles
from lt_prune.errors import ArgumentError, DataError
from lt_prune.models import find_model
from lt_prune.models.network import build_network
from lt_prune.types import CHUNK

SMALL = {"epochs": 2, "model": "resnet8", "batch_size": 16}


def both(root: Path, **options) -> tuple[lp.LongTailedSet, lp.LongTailedSet]:
    """The folder held and streamed."""
    held, streamed = (
        lp.open_set(f"folder:{root}", reading=lp.Reading(loading=loading, **options)) for loading in ("memory", "stream")
    )
    assert not held.streamed
    assert streamed.streamed
    return held, streamed


@pytest.fixture
def sets(blob_folder) -> tuple[lp.LongTailedSet, lp.LongTailedSet]:
    return both(blob_folder())


def assert_same_set(held: lp.LongTailedSet, streamed: lp.LongTailedSet) -> None:
    ours, theirs = ({f.name: getattr(data.index, f.name) for f in fields(data.index)} for data in (streamed, held))
    assert [name for name in theirs if not np.array_equal(ours[name], theirs[name])] == []
    assert streamed.index.digest == held.index.digest
    assert np.array_equal(streamed.pixels[:], held.pixels)
    assert np.array_equal(streamed.test_pixels[:], held.test_pixels)
    assert np.array_equal(streamed.test_labels, held.test_labels)
    assert (streamed.flip, streamed.origin) == (held.flip, held.origin)


@pytest.mark.parametrize("options", [{}, {"resize": 5}])
def test_the_set_is_the_same(blob_folder, options):
    assert_same_set(*both(blob_folder(), **options))


def test_a_cut_is_the_same(blob_folder):
    root = blob_folder((24, 12, 9))
    held, streamed = (
        lp.build(f"folder-lt3:{root}", reading=lp.Reading(loading=loading)) for loading in ("memory", "stream")
    )
    assert held.index.counts.tolist() == [22, 12, 7]
    assert_same_set(held, streamed)


def test_equal_images_have_the_same_ids(blob_folder):
    root = blob_folder()
    for name in ("class1", "class2"):
        first, *others = sorted((root / "train" / name).iterdir())
        for other in others[:3]:
            other.write_bytes(first.read_bytes())
    assert_same_set(*both(root))


@pytest.mark.parametrize(("holdout", "n_test"), [(0.0, 0), (None, 5 + 2 + 1 + 1), (0.5, 12 + 6 + 3 + 2)])
def test_the_set_is_the_same_without_test_images(blob_folder, holdout, n_test):
    root = blob_folder()
    shutil.rmtree(root / "test")
    held, streamed = both(root, holdout=holdout)
    assert_same_set(held, streamed)
    assert streamed.test_pixels.shape == (n_test, 8, 8, 3)


def test_the_normalisation_is_the_same(sets):
    networks = [build_network(find_model("resnet8"), (8, 8, 3), n_classes=4, seed=0) for _ in sets]
    for network, data in zip(networks, sets):
        network.normalise_by(data.pixels)
    assert all(torch.equal(getattr(networks[0], name), getattr(networks[1], name)) for name in ("mean", "std"))


@pytest.mark.parametrize("options", [{}, pytest.param({"compute": lp.Compute(workers=2)}, marks=pytest.mark.slow)])
def test_the_scores_are_the_same(sets, options):
    held = lp.score(sets[0], members=2, **SMALL)
    streamed = lp.score(sets[1], members=2, **options, **SMALL)
    assert streamed.digest == held.digest
    assert streamed.train_accuracy.tolist() == held.train_accuracy.tolist()


def timeless(result: lp.TrainResult) -> lp.TrainResult:
    return replace(result, seconds=0.0)


@pytest.mark.parametrize("settings", [{}, {"mixup": 1.0, "padding": 3, "flip": False, "batch_size": 44}])
def test_a_trained_network_is_the_same(sets, tmp_path, settings):
    results, weights = [], []
    for data, out in zip(sets, ("held", "streamed")):
        options = {**SMALL, **settings, "compute": lp.Compute(n_threads=1), "out": tmp_path / out}
        results.append(timeless(lp.train(data, **options)))
        weights.append(torch.load(tmp_path / out / "model.pt", weights_only=True)["network"])
    assert results[0] == results[1]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert lp.evaluate(tmp_path / "held", sets[1], prediction="angular") == lp.evaluate(
        tmp_path / "streamed", sets[0], prediction="angular"
    )


def test_a_network_trained_on_a_subset_is_the_same(sets):
    subsets = [lp.prune(data, strategy="random", ratio=0.4) for data in sets]
    assert subsets[0].digest == subsets[1].digest
    # Each subset with the other's set: they are joined by id.
    held, streamed = (
        timeless(lp.train(data, subset=subset, compute=lp.Compute(n_threads=1), **SMALL))
        for data, subset in zip(sets, reversed(subsets))
    )
    assert streamed == held


def test_an_interrupted_run_goes_on_with_the_other_loading(sets, tmp_path):
    class StoppedError(Exception):
        pass

    def stop(what: str, done: int, total: int) -> None:
        if done == 1:
            raise StoppedError

    held, streamed = sets
    with pytest.raises(StoppedError):
        lp.train(held, compute=lp.Compute(n_threads=1), out=tmp_path / "run", progress=stop, **SMALL)
    resumed = lp.train(streamed, compute=lp.Compute(n_threads=1), out=tmp_path / "run", **SMALL)
    assert timeless(resumed) == timeless(lp.train(held, compute=lp.Compute(n_threads=1), **SMALL))


def test_a_torch_subset_is_the_same(sets):
    subset = lp.prune(sets[0], strategy="random", ratio=0.4)
    held, streamed = (lp.torch_subset(subset, data) for data in sets)
    assert len(streamed) == len(held)
    for (image, label), (expected, expected_label) in zip(streamed, held):
        assert torch.equal(image, expected)
        assert label == expected_label


@pytest.mark.slow
def test_the_whole_flow_runs_and_writes_no_set(sets, in_tmp):
    options = {"epochs": 1, "members": 1, "score_epochs": 1, "model": "resnet8", "ratio": 0.3}
    held, streamed = (lp.run(data, out=out, **options) for data, out in zip(sets, ("held", "streamed")))
    assert [timeless(result) for result in streamed.results] == [timeless(result) for result in held.results]
    ours = [Path(file).relative_to("streamed") for file in streamed.files]
    theirs = [Path(file).relative_to("held") for file in held.files]
    assert theirs == [Path("sets/photos.h5"), *ours]
    assert not Path("streamed/sets").exists()
    assert all(Path(file).exists() for file in streamed.files)


def test_a_streamed_set_is_small_to_send(sets):
    streamed = sets[1]
    n_files = len(streamed.pixels) + len(streamed.test_pixels)
    assert len(pickle.dumps((streamed.pixels, streamed.test_pixels))) < 100 * n_files + 1000


def test_a_streamed_set_is_not_written(sets, blob_folder, in_tmp):
    said = r"is streamed from its folder, and a set file holds the pixels: name the folder as --data"
    with pytest.raises(ArgumentError, match=rf"^photos {said}"):
        lp.write_set("set.h5", sets[1])
    with pytest.raises(ArgumentError, match=rf"^photos-lt2 {said}"):
        lp.build(f"folder-lt2:{in_tmp / 'photos'}", reading=lp.Reading(loading="stream"), out="set.h5")
    assert not Path("set.h5").exists()


def test_writing_a_streamed_set_is_refused_before_its_images_are_read(sets, in_tmp, monkeypatch):
    monkeypatch.setattr("lt_prune.steps.build.assemble", None)
    with pytest.raises(ArgumentError, match="is streamed"):
        lp.build(f"folder:{in_tmp / 'photos'}", reading=lp.Reading(loading="stream"), out="set.h5")


def test_a_set_file_is_held_in_memory(sets, in_tmp):
    lp.write_set("set.h5", sets[0])
    with pytest.raises(ArgumentError, match=r"^images of set.h5 are held in memory: leave out --loading stream"):
        lp.open_set("set.h5", reading=lp.Reading(loading="stream"))
    assert not lp.open_set("set.h5", reading=lp.Reading(loading="auto")).streamed


def test_another_loading_is_refused(blob_folder):
    with pytest.raises(ArgumentError, match="loading must be auto, memory, stream, not 'lazy'"):
        lp.build(f"folder:{blob_folder()}", reading=lp.Reading(loading="lazy"))


def test_a_training_image_that_vanishes_before_training_is_named(sets, in_tmp):
    (in_tmp / "photos" / "train" / "class3" / "0043.png").unlink()
    for step in (
        lambda: lp.train(sets[1], compute=lp.Compute(n_threads=1), **SMALL),
        lambda: lp.score(sets[1], members=1, **SMALL),
    ):
        with pytest.raises(DataError, match=r"class3/0043.png is gone since its folder was listed"):
            step()


def test_a_test_image_that_breaks_during_training_is_named(sets, in_tmp):
    def harm(what: str, done: int, total: int) -> None:
        (in_tmp / "photos" / "test" / "class0" / "0002.png").write_bytes(b"no image")

    with pytest.raises(DataError, match=r"test/class0/0002.png cannot be read as an image"):
        lp.train(sets[1], compute=lp.Compute(n_threads=1), progress=harm, **SMALL)


def test_broken_images_are_found_when_the_set_is_opened(blob_folder):
    root = blob_folder()
    for name in ("class3/0043.png", "class0/0002.png"):
        (root / "train" / name).write_bytes((root / "train" / name).read_bytes()[:60])
    said = r"^2 of 65 images cannot be used: \S+class0/0002.png cannot be read .*; \S+class3/0043.png cannot be read"
    with pytest.raises(DataError, match=said):
        lp.open_set(f"folder:{root}", reading=lp.Reading(loading="stream"))


def test_test_images_are_read_before_training_and_by_no_other_step(blob_folder, in_tmp):
    root = blob_folder()
    for name in ("class0/0002.png", "class1/0008.png"):
        (root / "test" / name).write_bytes(b"no image")
    streamed = lp.open_set(f"folder:{root}", reading=lp.Reading(loading="stream"))
    scores = lp.score(streamed, members=1, **SMALL)
    lp.prune(streamed, scores=scores, ratio=0.4)
    epochs = []
    with pytest.raises(
        DataError, match=r"^2 of 20 images cannot be used: .*test/class0/0002.png cannot .*test/class1/0008.png"
    ):
        lp.train(streamed, progress=lambda *done: epochs.append(done), **SMALL)
    assert epochs == []
    with pytest.warns(UserWarning, match="left out 2 of 65 images that cannot be used"):
        sound = lp.open_set(f"folder:{root}", reading=lp.Reading(loading="stream", skip_broken=True))
    assert lp.train(sound, **SMALL).evaluation.n_test == 18


def test_a_streamed_test_image_that_is_a_training_image_is_told(blob_folder):
    root = blob_folder()
    shutil.copy(root / "train/class1/0030.png", root / "test/class1/copy.png")
    streamed = lp.open_set(f"folder:{root}", reading=lp.Reading(loading="stream"))
    with pytest.warns(UserWarning, match="photos has exact copies: 1 of training images among the test images"):
        lp.train(streamed, **SMALL)


def test_a_file_that_vanishes_in_training_is_put_back_and_the_run_goes_on(sets, in_tmp):
    place, away = in_tmp / "photos" / "train" / "class0" / "0002.png", in_tmp / "away.png"

    def harm(what: str, done: int, total: int) -> None:
        if done == 1:
            place.rename(away)

    options = {**SMALL, "compute": lp.Compute(n_threads=1)}
    with pytest.raises(
        DataError, match=rf"{place} is gone since its folder was listed: put it back and run the same command"
    ):
        lp.train(sets[1], out=in_tmp / "run", progress=harm, **options)
    away.rename(place)
    again = lp.train(sets[1], out=in_tmp / "run", **options)
    assert timeless(again) == timeless(lp.train(sets[0], **options))


def test_the_images_are_never_held(blob_folder, monkeypatch):
    """Of 600 training images no pass holds more than the chunk that it looks at and the next one."""
    most = held = 0
    plain = ImageFiles.__getitem__

    def forget(n_images: int) -> None:
        nonlocal held
        held -= n_images

    def count(self: ImageFiles, index: object) -> np.ndarray:
        nonlocal held, most
        images = plain(self, index)
        held += len(images)
        most = max(most, held)
        weakref.finalize(images, forget, len(images))
        return images

    root = blob_folder((300, 200, 100))
    monkeypatch.setattr(ImageFiles, "__getitem__", count)
    data = lp.open_set(f"folder:{root}", reading=lp.Reading(loading="stream"))
    lp.score(data, members=1, epochs=1, model="resnet8")
    lp.train(data, epochs=1, model="resnet8", compute=lp.Compute(n_threads=1))
    assert 0 < most <= 2 * CHUNK < 600
