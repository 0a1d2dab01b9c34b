from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lt_prune.data.image_files import ImageFiles, take
from lt_prune.errors import DataError
from lt_prune.types import CHUNK

IMAGES = np.random.default_rng(0).integers(0, 256, (11, 6, 5, 3)).astype(np.uint8)
NAMES = tuple(f"{i:02}.png" for i in range(11))


@pytest.fixture
def root(tmp_path) -> Path:
    for name, image in zip(NAMES, IMAGES):
        Image.fromarray(image).save(tmp_path / name)
    return tmp_path


@pytest.fixture
def files(root) -> ImageFiles:
    return ImageFiles.of(root, NAMES)


@pytest.fixture
def read(monkeypatch) -> list[str]:
    """Names of the files opened."""
    opened: list[str] = []
    plain = Image.open

    def note(path: Path) -> Image.Image:
        opened.append(Path(path).name)
        return plain(path)

    monkeypatch.setattr(Image, "open", note)
    return opened


def test_it_has_the_face_of_an_array(files):
    assert (files.shape, files.dtype, len(files), files.nbytes) == (IMAGES.shape, IMAGES.dtype, 11, IMAGES.nbytes)


@pytest.mark.parametrize(
    "index",
    [
        slice(None),
        slice(2, 9, 3),
        slice(9, 40),
        slice(0),
        slice(None, None, -1),
        np.array([7, 0, 7, -1]),
        np.array([], dtype=np.int64),
        [3, 1],
        np.arange(11) % 2 == 0,
        4,
        -1,
        np.int64(10),
    ],
)
def test_it_is_indexed_as_an_array_is(files, index):
    found = files[index]
    assert found.dtype == np.uint8
    assert np.array_equal(found, IMAGES[index])


@pytest.mark.parametrize("index", [11, 1.5, np.array([0, 11])])
def test_an_index_that_an_array_refuses_is_refused(files, index):
    with pytest.raises(IndexError):
        files[index]


def test_only_what_is_indexed_is_read(files, read):
    files[np.array([3, 8])]
    assert sorted(read) == ["03.png", "08.png"]


def test_more_than_a_chunk_comes_in_order(files):
    index = np.random.default_rng(1).integers(0, 11, 2 * CHUNK + 5)
    assert np.array_equal(files[index], IMAGES[index])


def test_a_part_is_taken_unread(files, read):
    part = files.take(np.array([9, 2, 5]))
    again = part.take(slice(1, None))
    assert read == []
    assert np.array_equal(part[:], IMAGES[[9, 2, 5]])
    assert np.array_equal(again[:], IMAGES[[2, 5]])


def test_none_can_be_taken(files):
    none = files.take(slice(0))
    assert none.shape == none[:].shape == (0, 6, 5, 3)


@pytest.mark.parametrize("rows", [np.array([9, 2]), np.array([], dtype=np.int64)])
def test_taking_is_the_same_of_files_and_of_an_array(files, rows):
    assert np.array_equal(take(files, rows)[:], take(IMAGES, rows))
    assert isinstance(take(files, rows), ImageFiles)


def test_images_are_resized_as_pillow_does(root):
    files = ImageFiles.of(root, NAMES, resize=3)
    expected = np.asarray(Image.fromarray(IMAGES[4]).resize((3, 3), Image.Resampling.BILINEAR))
    assert files.shape == (11, 3, 3, 3)
    assert np.array_equal(files[4], expected)


def test_names_and_not_pixels_are_pickled(files):
    many = files.take(np.arange(11).repeat(1000))
    assert len(pickle.dumps(many)) < 100 * len(many) < many.nbytes * 2
    assert np.array_equal(pickle.loads(pickle.dumps(files))[:], IMAGES)


def test_files_are_found_after_a_change_of_the_working_directory(root, monkeypatch):
    monkeypatch.chdir(root)
    files = ImageFiles.of(Path(), NAMES)
    monkeypatch.chdir(root.parent)
    assert np.array_equal(files[:], IMAGES)


def test_checking_reads_every_file_once(files, read):
    assert files.broken() == {}
    assert sorted(read) == list(NAMES)


def vanish(path: Path) -> None:
    path.unlink()


def break_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:60])


def grow(path: Path) -> None:
    Image.new("RGB", (50, 60)).save(path)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (vanish, "07.png is gone since its folder was listed"),
        (break_off, "07.png cannot be read as an image"),
        (grow, r"00.png is 5 x 6 and .*07.png is 50 x 60; add --resize"),
    ],
)
def test_a_file_that_was_harmed_since_is_named(files, root, harm, said):
    harm(root / "07.png")
    part = files.take(np.array([5, 7]))
    for read in (lambda: part[:], lambda: part[1]):
        with pytest.raises(DataError, match=f"{said}.* run the same command again|{said} SIDE"):
            read()
    assert np.array_equal(part[0], IMAGES[5])
