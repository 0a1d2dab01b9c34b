from __future__ import annotations

import contextlib
import os
import shutil
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
        ("x.png", "RGBA", (10, 20, 30, 255), (10, 20, 30)),
        ("x.png", "LA", (77, 255), (77, 77, 77)),
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


def test_a_grey_image_of_16_bits_is_refused_and_not_clipped(root):
    grey = np.full((4, 6), 100 * 257, dtype=np.uint16)
    Image.fromarray(grey).save(root / "train" / "cat" / "1.png")
    with pytest.raises(DataError, match=r"cat/1.png has pixels of more than 8 bits \(I;16\), .* convert it to 8 bits"):
        lp.build(f"folder:{root}")


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
    with pytest.raises(DataError, match=f"1 of 6 images cannot be used: {path} cannot be read as an image"):
        lp.build(f"folder:{root}")


def test_a_stray_file_is_skipped_with_a_warning(root):
    (root / "train" / "cat" / "notes.txt").write_text("hello")
    with pytest.warns(
        UserWarning, match=r"passed over in .*: 1 of no format that is read \(train/cat/notes.txt\); --strict"
    ):
        source = read(root)
    assert len(source.labels) == 4


def test_a_folder_of_images_alone_gives_no_warning(root):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(root)


def test_files_beside_the_class_folders_are_no_images_of_a_class(root):
    save(root / "train" / "cover.png")
    with pytest.warns(UserWarning, match=r"passed over in .*: 1 in no class folder \(train/cover.png\)"):
        source = read(root)
    assert len(source.labels) == 4


def test_an_empty_class_folder_is_named(root):
    (root / "train" / "owl").mkdir()
    save(root / "test" / "owl" / "1.png")
    with pytest.raises(DataError, match=f"no image in class folder {root}/train/owl: add images or remove the folder"):
        read(root)


def test_a_class_that_only_test_has_is_named(root):
    save(root / "test" / "owl" / "1.png")
    with pytest.raises(DataError, match=r"test has class folders that train/ lacks: owl; train/ has cat, dog"):
        read(root)


def test_a_folder_with_test_alone_is_refused(root):
    shutil.rmtree(root / "train")
    with pytest.raises(DataError, match=f"there is no folder {root}/train"):
        read(root)


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
    shutil.rmtree(root / "test")
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


# Folders without train/ and test/


@pytest.fixture
def flat(tmp_path) -> Path:
    """Three classes of 20, 10 and 2 pictures, no two alike, in the folders of a folder."""
    random = np.random.default_rng(0)
    for name, n in (("cat", 20), ("dog", 10), ("owl", 2)):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(n):
            image = random.integers(0, 256, (4, 6, 3)).astype(np.uint8)
            Image.fromarray(image).save(tmp_path / "photos" / name / f"{i:02}.png")
    return tmp_path / "photos"


def test_a_folder_of_class_folders_is_a_training_set(flat):
    source = read(flat)
    expected = ImageFolder(str(flat))
    assert source.class_names == tuple(expected.classes)
    assert source.file_names == tuple(Path(path).relative_to(flat).as_posix() for path, _ in expected.samples)
    assert len(source.test_labels) == 0


@pytest.mark.parametrize("loading", ["memory", "stream"])
def test_a_fifth_of_each_class_is_held_out(flat, loading):
    data = lp.build(f"folder:{flat}", reading=lp.Reading(loading=loading))
    assert data.index.name == "photos-holdout0.2"
    assert data.index.built == {"profile": "none", "holdout": 0.2, "seed": 0}
    assert data.index.counts.tolist() == [16, 8, 1]
    assert np.bincount(data.test_labels).tolist() == [4, 2, 1]
    every = read(flat)
    assert data.index.source_size == len(every.labels) == 32
    assert np.array_equal(data.pixels[:], every.pixels[data.index.source_index])
    both = np.concatenate([data.pixels[:], data.test_pixels[:]]).reshape(32, -1)
    assert sorted(map(tuple, both.tolist())) == sorted(map(tuple, every.pixels.reshape(32, -1).tolist()))


def test_none_is_held_out_on_request(flat):
    data = lp.build(f"folder:{flat}", reading=lp.Reading(holdout=0))
    assert (data.index.name, data.index.n_samples, len(data.test_labels)) == ("photos", 32, 0)
    assert data.index.built == {"profile": "none"}


@pytest.mark.parametrize(("holdout", "seed", "name"), [(0.5, 0, "photos-holdout0.5"), (0.2, 3, "photos-holdout0.2-s3")])
def test_share_and_seed_are_in_the_name(flat, holdout, seed, name):
    assert lp.build(f"folder:{flat}", seed=seed, reading=lp.Reading(holdout=holdout)).index.name == name


def test_a_cut_takes_what_is_not_held_out(flat):
    whole, cut = lp.build(f"folder:{flat}"), lp.build(f"folder-lt4:{flat}")
    assert cut.index.name == "photos-lt4-holdout0.2"
    assert cut.index.counts.tolist() == [7, 3, 1]
    assert set(cut.index.ids) < set(whole.index.ids)
    assert np.array_equal(cut.test_pixels, whole.test_pixels)


def test_what_is_held_out_does_not_depend_on_names(flat, tmp_path):
    for place in sorted(flat.glob("*/*.png")):
        copy = tmp_path / "again" / place.parent.name / f"{99 - int(place.stem)}.png"
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(place, copy)
    one, other = lp.build(f"folder:{flat}"), lp.build(f"folder:{tmp_path / 'again'}")
    assert one.index.digest == other.index.digest
    assert np.array_equal(one.test_pixels, other.test_pixels)


def test_copies_are_on_one_side(flat):
    for i in range(6):
        shutil.copy(flat / "cat" / "07.png", flat / "cat" / f"copy{i}.png")
    shutil.copy(flat / "cat" / "08.png", flat / "dog" / "copy.png")
    for seed in range(8):
        data = lp.build(f"folder:{flat}", seed=seed)
        train, test = ({image.tobytes() for image in images} for images in (data.pixels, data.test_pixels))
        assert not train & test


def test_a_set_with_test_images_holds_out_no_others(root):
    assert lp.build(f"folder:{root}").index.built == {"profile": "none"}
    assert len(lp.build(f"folder:{root}", reading=lp.Reading(holdout=0)).test_labels) == 2
    with pytest.raises(ArgumentError, match="has 2 test images of its own: leave out --holdout"):
        lp.build(f"folder:{root}", reading=lp.Reading(holdout=0.2))


def test_a_test_split_may_lack_classes(root):
    shutil.rmtree(root / "test" / "cat")
    (root / "train" / "owl").mkdir()
    save(root / "train" / "owl" / "5.png", BLUE)
    (root / "test" / "owl").mkdir()
    data = lp.build(f"folder:{root}")
    assert data.test_labels.tolist() == [1]
    evaluation = lp.train(data, epochs=1, model="resnet8").evaluation
    assert [accuracy is None for accuracy in evaluation.per_class] == [True, False, True]


# Broken pictures


@pytest.fixture
def broken(flat) -> list[Path]:
    """Twelve pictures of 32 that are none."""
    files = [flat / "cat" / f"{i:02}.png" for i in range(11)] + [flat / "dog" / "03.png"]
    for file in files:
        file.write_bytes(b"no picture")
    return files


@pytest.mark.parametrize("loading", ["memory", "stream"])
def test_all_broken_images_are_one_message(flat, broken, loading):
    with pytest.raises(DataError, match=r"^12 of 32 images cannot be used: .*--skip-broken$") as caught:
        lp.build(f"folder:{flat}", reading=lp.Reading(loading=loading))
    assert [str(file) in str(caught.value) for file in broken] == [True] * 10 + [False] * 2
    assert "; and 2 more: repair or remove them" in str(caught.value)


@pytest.mark.parametrize("loading", ["memory", "stream"])
def test_broken_images_are_left_out_on_request_and_recorded(flat, broken, loading):
    everything = read(flat)
    with pytest.warns(UserWarning, match=f"left out 12 of 32 images that cannot be used: {broken[0]} cannot be read"):
        data = lp.build(f"folder:{flat}", reading=lp.Reading(loading=loading, skip_broken=True, holdout=0))
    assert data.index.built == {"profile": "none", "skipped": 12}
    assert data.index.counts.tolist() == [9, 9, 2]
    # Places are still those of the whole folder.
    assert data.index.source_size == 32
    assert [everything.file_names[i] for i in data.index.source_index] == list(data.index.file_names)


def test_left_out_and_removed_are_the_same_set(flat, broken):
    with pytest.warns(UserWarning, match="left out"):
        without = lp.build(f"folder:{flat}", reading=lp.Reading(skip_broken=True))
    for file in broken:
        file.unlink()
    removed = lp.build(f"folder:{flat}")
    assert without.index.digest == removed.index.digest
    assert np.array_equal(without.test_pixels, removed.test_pixels)


def test_a_class_of_broken_images_alone_is_named(flat):
    for file in (flat / "owl").iterdir():
        file.write_bytes(b"")
    with (
        pytest.warns(UserWarning, match="left out 2 of 32"),
        pytest.raises(DataError, match="no training image: owl"),
    ):
        lp.build(f"folder:{flat}", reading=lp.Reading(skip_broken=True))


def test_broken_test_images_are_in_the_same_message(root):
    for place in ("train/cat/1.png", "test/dog/3.png"):
        (root / place).write_bytes(b"")
    with pytest.raises(DataError, match=r"^2 of 6 images cannot be used: .*train/cat/1.png .*test/dog/3.png "):
        lp.build(f"folder:{root}")
    with pytest.warns(UserWarning, match="left out 2 of 6"):
        data = lp.build(f"folder:{root}", reading=lp.Reading(skip_broken=True))
    assert (data.index.n_samples, data.test_labels.tolist()) == (3, [0])


def test_a_folder_of_broken_images_alone_is_refused(tmp_path):
    for name in ("cat", "dog"):
        save(tmp_path / name / "1.png").write_bytes(b"")
    with pytest.raises(DataError, match="2 of 2 images cannot be used"):
        lp.build(f"folder:{tmp_path}", reading=lp.Reading(skip_broken=True))


# What a picture is


@pytest.mark.parametrize("loading", ["memory", "stream"])
def test_images_are_decoded_alike_held_and_streamed(root, loading):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGBA", (4, 6), (*RED, 0)).save(root / "train" / "cat" / "1.png", exif=exif)
    data = lp.build(f"folder:{root}", reading=lp.Reading(loading=loading))
    shown = data.pixels[:][data.index.file_names.index("train/cat/1.png")]
    assert shown.shape == (4, 6, 3)
    assert (shown == 255).all()


@pytest.mark.parametrize("loading", ["memory", "stream"])
def test_copies_are_said_when_a_folder_is_read(flat, loading):
    shutil.copy(flat / "cat" / "00.png", flat / "cat" / "99.png")
    with pytest.warns(
        UserWarning,
        match=r"photos has exact copies: 1 within a class \(cat/\d\d.png of cat/\d\d.png\)$",
    ):
        lp.build(f"folder:{flat}", reading=lp.Reading(loading=loading, holdout=0))


def test_training_images_among_the_test_images_are_said(root):
    with pytest.warns(UserWarning, match="2 of training images among the test images"):
        lp.build(f"folder:{root}")
