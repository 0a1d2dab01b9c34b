from __future__ import annotations

import contextlib
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import ImageFolder

import lt_prune as lp
from lt_prune.data.sources import Request
from lt_prune.data.sources.folder import folder
from lt_prune.errors import ArgumentError, DataError

RED, GREEN, BLUE = (250, 10, 20), (30, 240, 10), (5, 15, 200)


def save(
    path: Path, colour: tuple[int, ...] | int = RED, mode: str = "RGB", size: tuple[int, int] = (6, 4), **options
) -> Path:
    """An image of one colour; size is (width, height)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path, **options)
    return path


@pytest.fixture
def root(tmp_path):
    """Two classes of two training images and one test image each."""
    for split, names in (("train", ("1.png", "2.png")), ("test", ("3.png",))):
        for name in names:
            save(tmp_path / split / "cat" / name, RED)
            save(tmp_path / split / "dog" / name, GREEN)
    return tmp_path


def read(root: Path, resize: int | None = None):
    return folder(Request(path=root, resize=resize))


def test_classes_are_the_sorted_folder_names(root):
    save(root / "train" / "Zebra" / "1.png", BLUE)
    save(root / "test" / "Zebra" / "1.png", BLUE)
    assert read(root).class_names == ("Zebra", "cat", "dog")


def test_images_and_labels_belong_together(root):
    source = read(root)
    assert source.labels.tolist() == [0, 0, 1, 1]
    assert source.pixels[:, 0, 0].tolist() == [list(RED)] * 2 + [list(GREEN)] * 2
    assert source.test_labels.tolist() == [0, 1]
    assert source.test_pixels[:, 3, 5].tolist() == [list(RED), list(GREEN)]


def test_pixels_are_rows_of_columns(root):
    image = np.random.default_rng(0).integers(0, 256, (4, 6, 3)).astype(np.uint8)
    Image.fromarray(image).save(root / "train" / "cat" / "1.png")
    assert np.array_equal(read(root).pixels[0], image)


def test_files_come_in_the_order_of_image_folder(tmp_path):
    for name in ("b.png", "B.png", "a10.png", "a2.png", "sub/c.png", "a/z.png", "sub.png", "ä.png"):
        for c in ("x", "Y", "10", "9"):
            save(tmp_path / "train" / c / name)
    expected = ImageFolder(str(tmp_path / "train"))
    source = read(tmp_path)
    assert source.file_names == tuple(Path(path).relative_to(tmp_path).as_posix() for path, _ in expected.samples)
    assert source.labels.tolist() == expected.targets
    assert source.class_names == tuple(expected.classes)


@pytest.mark.parametrize(
    ("name", "mode", "colour", "rgb"),
    [
        ("x.png", "L", 77, (77, 77, 77)),
        ("x.png", "RGBA", (10, 20, 30, 128), (10, 20, 30)),
        ("x.png", "LA", (77, 128), (77, 77, 77)),
        ("x.png", "1", 1, (255, 255, 255)),
        ("x.bmp", "RGB", RED, RED),
        ("x.TIFF", "RGB", RED, RED),
        ("x.webp", "RGB", (128, 128, 128), (128, 128, 128)),
    ],
)
def test_every_kind_of_image_becomes_rgb(root, name, mode, colour, rgb):
    save(root / "train" / "cat" / f"0{name}", colour, mode)
    assert (read(root).pixels[0] == rgb).all()


def test_a_palette_image_has_the_colours_of_its_palette(root):
    image = Image.new("P", (6, 4), 1)
    image.putpalette([*RED, *BLUE])
    image.save(root / "train" / "cat" / "1.png")
    assert (read(root).pixels[0] == BLUE).all()


@pytest.mark.parametrize("name", ["0.jpg", "0.JPEG"])
def test_jpeg_is_read(root, name):
    save(root / "train" / "cat" / name, (100, 150, 200), quality=95)
    assert np.abs(read(root).pixels[0].astype(int) - (100, 150, 200)).max() <= 3


def test_a_16_bit_image_is_scaled_or_refused_but_not_clipped(root):
    grey = np.full((4, 6), 100 * 257, dtype=np.uint16)
    Image.fromarray(grey).save(root / "train" / "cat" / "1.png")
    try:
        found = read(root).pixels[0]
    except DataError:
        return
    assert np.abs(found.astype(int) - 100).max() <= 1


def test_unequal_sizes_are_refused_naming_two_files_and_resize(root):
    save(root / "train" / "dog" / "2.png", size=(9, 4))
    with pytest.raises(DataError, match=r"cat/1.png is 6 x 4 and .*dog/2.png is 9 x 4; add --resize SIDE"):
        read(root)


def test_a_test_image_of_another_size_is_refused_naming_two_files(root):
    save(root / "test" / "dog" / "3.png", size=(6, 5))
    with pytest.raises(DataError, match=r"test/cat/3.png is 6 x 4 and .*test/dog/3.png is 6 x 5; add --resize"):
        read(root)


def test_test_images_of_another_size_than_the_training_images_are_refused(root):
    for name in ("cat", "dog"):
        save(root / "test" / name / "3.png", size=(6, 5))
    with pytest.raises(DataError, match=r"\(4, 6, 3\) and test images \(5, 6, 3\)"):
        lp.build(f"folder:{root}")


def test_test_images_of_another_size_are_brought_to_that_of_the_training_images(root):
    for name in ("cat", "dog"):
        save(root / "test" / name / "3.png", size=(60, 50))
    assert lp.build(f"folder:{root}", reading=lp.Reading(resize=3)).test_pixels.shape == (2, 3, 3, 3)


def test_unequal_sizes_are_brought_to_one(root):
    save(root / "train" / "dog" / "2.png", BLUE, size=(90, 40))
    source = read(root, resize=5)
    assert source.pixels.shape == (4, 5, 5, 3)
    assert (source.pixels[3] == BLUE).all()


@pytest.mark.parametrize(("available", "streamed"), [(2 * 6 * 72 + 1, False), (2 * 6 * 72, True)])
def test_images_that_take_half_of_the_memory_available_are_streamed(root, monkeypatch, available, streamed):
    # Six images of 4 x 6 x 3 bytes, the test images among them.
    monkeypatch.setattr("lt_prune.data.loading.available_memory", lambda: available)
    assert lp.build(f"folder:{root}").streamed is streamed
    assert not lp.build(f"folder:{root}", reading=lp.Reading(loading="memory")).streamed


def test_what_counts_is_the_size_after_resizing(root, monkeypatch):
    monkeypatch.setattr("lt_prune.data.loading.available_memory", lambda: 6 * 72)
    assert lp.build(f"folder:{root}").streamed
    assert not lp.build(f"folder:{root}", reading=lp.Reading(resize=2)).streamed


@pytest.mark.parametrize("side", [0, -3, 100_000])
def test_a_side_out_of_range_is_refused(root, side):
    with pytest.raises(ArgumentError, match=f"resize must be a side of 1 to 1,024 pixels, not {side}"):
        lp.build(f"folder:{root}", reading=lp.Reading(resize=side))


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n", None])
@pytest.mark.parametrize("name", ["cat/1.png", "dog/2.png"])
def test_a_broken_image_is_named(root, name, content):
    path = root / "train" / name
    noise = np.random.default_rng(0).integers(0, 256, (4, 6, 3)).astype(np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:60] if content is None else content)
    with pytest.raises(DataError, match=f"{path} cannot be read as an image"):
        read(root)


def test_a_stray_file_is_skipped_with_a_warning(root):
    (root / "train" / "cat" / "notes.txt").write_text("hello")
    with pytest.warns(UserWarning, match=r"skipped 1 file.*notes.txt"):
        source = read(root)
    assert len(source.labels) == 4


def test_a_folder_of_images_alone_gives_no_warning(root):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(root)


def test_files_beside_the_class_folders_are_no_images_of_a_class(root):
    save(root / "train" / "cover.png")
    assert len(read(root).labels) == 4


@pytest.mark.parametrize("split", ["train", "test"])
def test_an_empty_class_folder_is_named(root, split):
    (root / "train" / "owl").mkdir()
    (root / "test" / "owl").mkdir()
    save(root / ("test" if split == "train" else "train") / "owl" / "1.png")
    with pytest.raises(DataError, match=f"no image in class folder {root}/{split}/owl"):
        read(root)


@pytest.mark.parametrize("split", ["train", "test"])
def test_classes_that_only_one_split_has_are_named(root, split):
    save(root / split / "owl" / "1.png")
    with pytest.raises(DataError, match=r"same class folders as train/, but these differ: owl$"):
        read(root)


def test_a_folder_without_train_is_refused(tmp_path):
    save(tmp_path / "cat" / "1.png")
    with pytest.raises(DataError, match=r"train is not a folder: a folder source needs train/CLASS/images"):
        read(tmp_path)


def test_train_without_class_folders_is_refused(tmp_path):
    save(tmp_path / "train" / "1.png")
    with pytest.raises(DataError, match="holds no class folders"):
        read(tmp_path)


def test_no_path_is_refused():
    with pytest.raises(ArgumentError, match="folder:PATH"):
        lp.build("folder")


def test_one_class_alone_is_refused(tmp_path):
    save(tmp_path / "train" / "cat" / "1.png")
    with pytest.raises(DataError, match="two classes or more, and this source has 1"):
        lp.build(f"folder:{tmp_path}")


def test_a_folder_without_test_images_is_taken(root):
    for path in sorted((root / "test").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (root / "test").rmdir()
    source = read(root)
    assert source.test_pixels.shape == (0, 4, 6, 3)
    assert len(source.test_labels) == 0


def test_a_folder_is_taken_as_it_is(root):
    data = lp.build(f"folder:{root}")
    assert data.index.counts.tolist() == [2, 2]
    assert data.index.name == root.name
    assert sorted(data.index.file_names) == ["train/cat/1.png", "train/cat/2.png", "train/dog/1.png", "train/dog/2.png"]


def test_equal_images_in_one_class_are_samples_of_their_own(root):
    assert len(np.unique(lp.build(f"folder:{root}").index.ids)) == 4


@pytest.mark.skipif(os.name != "posix", reason="names are text elsewhere")
def test_a_file_name_that_is_no_utf8_is_stored_or_refused_with_a_sentence(root):
    try:
        save(root / "new.png").rename(root / "train" / "cat" / os.fsdecode(b"\xff.png"))
    except OSError:
        pytest.skip("the file system takes no such name")
    with contextlib.suppress(lp.LtPruneError):
        data = lp.build(f"folder:{root}", out=root / "set.h5")
        assert lp.read_set(root / "set.h5").index.file_names == data.index.file_names


@pytest.mark.skipif(os.name != "posix", reason="names are text elsewhere")
def test_a_class_name_that_is_no_utf8_is_stored_or_refused_with_a_sentence(root):
    for split in ("train", "test"):
        try:
            (root / split / "cat").rename(root / split / os.fsdecode(b"\xff"))
        except OSError:
            pytest.skip("the file system takes no such name")
    with contextlib.suppress(lp.LtPruneError):
        data = lp.build(f"folder:{root}", out=root / "set.h5")
        assert lp.read_set(root / "set.h5").index.class_names == data.index.class_names
