from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lt_prune.data.decoding import UnusableError, quiet_pillow, read_image

RANDOM = np.random.default_rng(0)
PICTURE = RANDOM.integers(0, 256, (6, 4, 3)).astype(np.uint8)
TURNS = {  # from EXIF 2.3, 4.6.4: which corner of the scene the first row and the first column of the file are
    1: lambda scene: scene,
    2: lambda scene: scene[:, ::-1],
    3: lambda scene: scene[::-1, ::-1],
    4: lambda scene: scene[::-1],
    5: lambda scene: scene.transpose(1, 0, 2),
    6: lambda scene: np.rot90(scene),  # the camera was turned, so that the scene's top is the file's left side
    7: lambda scene: scene[::-1, ::-1].transpose(1, 0, 2),
    8: lambda scene: np.rot90(scene, -1),
}
"""From the scene to what the file holds."""


def pixels(path: Path, resize: int | None = None) -> np.ndarray:
    return read_image(path, resize).pixels


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_an_image_is_as_the_camera_was_held(tmp_path, orientation, ending):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(TURNS[orientation](PICTURE))).save(tmp_path / f"x.{ending}", exif=exif)
    assert np.array_equal(pixels(tmp_path / f"x.{ending}"), PICTURE)


def test_damaged_metadata_leave_an_image_as_it_is(tmp_path):
    Image.fromarray(PICTURE).save(tmp_path / "x.png", exif=b"Exif\x00\x00nonsense")
    assert np.array_equal(pixels(tmp_path / "x.png"), PICTURE)


@pytest.mark.parametrize("alpha", [0, 51, 128, 255])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_transparent_is_laid_on_white(tmp_path, mode, alpha):
    image = Image.fromarray(PICTURE).convert(mode.removesuffix("A"))
    shown = np.asarray(image.convert("RGB")).astype(float)
    image.putalpha(alpha)
    image.save(tmp_path / "x.png")
    expected = shown * alpha / 255 + 255 * (255 - alpha) / 255
    assert np.abs(pixels(tmp_path / "x.png") - expected).max() <= (1 if 0 < alpha < 255 else 0)


def test_a_transparent_colour_is_white(tmp_path):
    Image.fromarray(np.full((4, 4, 3), 9, np.uint8)).save(tmp_path / "x.png", transparency=(9, 9, 9))
    assert (pixels(tmp_path / "x.png") == 255).all()


@pytest.mark.parametrize("transparency", [0, b"\x00\xff", None])
def test_a_palette_is_read_without_a_word_of_pillow(tmp_path, transparency):
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    image.save(tmp_path / "x.png", **({} if transparency is None else {"transparency": transparency}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with quiet_pillow():
            found = pixels(tmp_path / "x.png")
    first = [10, 20, 30] if transparency is None else [255, 255, 255]
    assert found.tolist() == [[first, [40, 50, 60]]]


def test_opaque_images_are_what_pillow_makes_of_them(tmp_path):
    for mode in ("L", "1", "P", "RGB", "CMYK"):
        path = tmp_path / f"{mode}.tif"
        Image.fromarray(PICTURE).convert(mode).save(path)
        with Image.open(path) as file:
            assert np.array_equal(pixels(path), np.asarray(file.convert("RGB"))), mode


def deep_png(path: Path) -> Path:
    """One RGB pixel of 16 bits a channel, written by hand (PNG 1.2, 4.1), as Pillow writes none."""
    import struct
    import zlib

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0))
    row = b"\x00" + struct.pack(">HHH", 0x12FF, 0x3400, 0x5680)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(row)) + chunk(b"IEND", b""))
    return path


def test_of_16_bits_of_colour_the_upper_8_are_read_and_that_is_told(tmp_path):
    found = read_image(deep_png(tmp_path / "x.png"), None)
    assert (found.pixels.tolist(), found.reduced) == ([[[0x12, 0x34, 0x56]]], True)
    Image.fromarray(PICTURE).save(tmp_path / "y.png")
    assert not read_image(tmp_path / "y.png", None).reduced


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_deeper_grey_is_refused(tmp_path, dtype):
    Image.fromarray(np.full((4, 6), 1000, dtype=dtype)).save(tmp_path / "x.tif")
    with pytest.raises(UnusableError, match=r"x.tif has pixels of more than 8 bits \(\S+\), which would be clipped"):
        pixels(tmp_path / "x.tif")


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "no format is recognised"), (b"junk", "no format is recognised"), (b"\x89PNG\r\n\x1a\n", "cannot be read")],
)
def test_why_a_file_is_broken_is_said_without_its_path_twice(tmp_path, content, said):
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(UnusableError, match=said) as caught:
        pixels(tmp_path / "x.png")
    assert str(caught.value).count("x.png") == 1


def test_a_link_to_nothing_is_called_so(tmp_path):
    (tmp_path / "x.png").symlink_to("nowhere.png")
    with pytest.raises(UnusableError, match=r"x.png is a link to nothing$"):
        pixels(tmp_path / "x.png")


def test_a_picture_that_may_not_be_read_is_called_so(tmp_path, monkeypatch):
    def refused(*given):
        raise PermissionError(13, "Permission denied", str(given[0]))

    monkeypatch.setattr(Image, "open", refused)
    with pytest.raises(UnusableError, match=r"a\.png is not open to this user$"):
        read_image(tmp_path / "a.png", None)


def test_a_large_image_is_called_large(tmp_path, monkeypatch):
    Image.fromarray(PICTURE).save(tmp_path / "x.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 11)  # Pillow refuses more than twice as many
    with pytest.raises(UnusableError, match=r"x.png is too large: 24 pixels, and at most 22 are read$"):
        pixels(tmp_path / "x.png")


def test_no_memory_is_no_broken_image(tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise MemoryError

    Image.fromarray(PICTURE).save(tmp_path / "x.png")
    monkeypatch.setattr(Image.Image, "convert", full)
    with pytest.raises(MemoryError):
        pixels(tmp_path / "x.png")
