"""What an image file shows: 8-bit RGB, upright, on white."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lt_prune.errors import DataError
from lt_prune.types import Array

if TYPE_CHECKING:
    from PIL import Image

_ORIENTATION = 0x0112
"""The EXIF tag that says how a camera was held."""


class UnusableError(DataError):
    """A single image that cannot be used; the message names its file and says why, without advice."""


@dataclass(frozen=True)
class Decoded:
    """An image file as it was read."""

    pixels: Array
    """uint8 (H, W, 3)."""
    reduced: bool
    """Whether the file has more than 8 bits a channel, of which the upper 8 were read."""


def read_image(path: Path, resize: int | None) -> Decoded:
    """Read one image: the first frame, turned as its EXIF orientation says, what is transparent laid on white, as RGB.

    Args:
        path: its file.
        resize: side of the square that it is then resized to.

    Raises:
        UnusableError: it is no whole image, is a link to nothing, is larger than Pillow reads, or is of one channel of more
            than 8 bits.
        DataError: it is gone.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as file:
            if file.mode.startswith(("I", "F")):
                raise UnusableError(
                    f"{path} has pixels of more than 8 bits ({file.mode}), which would be clipped: convert it to 8 bits"
                )
            reduced, image = _has_16_bits(file), _on_white(_upright(file))
    except FileNotFoundError:
        if path.is_symlink():
            raise UnusableError(f"{path} is a link to nothing") from None
        raise DataError(f"{path} is gone since its folder was listed: put it back and run the same command again") from None
    except PermissionError:
        raise UnusableError(f"{path} is not open to this user") from None
    except Image.DecompressionBombError as error:
        raise UnusableError(f"{path} is too large: {_sizes(error)}") from None
    except UnidentifiedImageError:
        raise UnusableError(f"{path} cannot be read as an image (no format is recognised)") from None
    except (MemoryError, UnusableError):
        raise
    except Exception as error:  # Pillow's decoders raise many kinds, SyntaxError among them
        raise UnusableError(f"{path} cannot be read as an image ({error})") from None
    if resize is not None:
        image = image.resize((resize, resize), Image.Resampling.BILINEAR)
    return Decoded(np.asarray(image), reduced)


def shown_by(image: Image.Image, what: str, resize: int | None) -> Array:
    """What an image in memory shows, uint8 (H, W, C), as `read_image` reads a file; but what is grey stays of one channel.

    Raises:
        UnusableError: its pixels have more than 8 bits; `what` names it.
    """
    from PIL import Image

    if image.mode.startswith(("I", "F")):
        raise UnusableError(f"{what} has pixels of more than 8 bits ({image.mode}): convert it to 8 bits")
    upright = _upright(image)
    shown = upright if upright.mode == "L" and "transparency" not in upright.info else _on_white(upright)
    if resize is not None:
        shown = shown.resize((resize, resize), Image.Resampling.BILINEAR)
    return np.asarray(shown).reshape(shown.height, shown.width, -1)


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Keep Pillow's own warnings from a user who can do nothing about them: odd metadata, palettes, large images."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        yield


def _has_16_bits(file: Image.Image) -> bool:
    """Whether Pillow makes 8 bits of 16, as it does of colour; it says so only in what it tells its decoder."""
    tiles = getattr(file, "tile", [])
    return file.mode in ("RGB", "RGBA", "LA") and any(re.search(r";16[BLN]", str(tile)) for tile in tiles)


def _upright(file: Image.Image) -> Image.Image:
    from PIL import ImageOps

    file.load()
    try:
        turned = file.getexif().get(_ORIENTATION, 1) != 1
        return ImageOps.exif_transpose(file) if turned else file
    except Exception:  # damaged metadata, of which Pillow's parser raises many kinds, leave the image as it is
        return file


def _on_white(image: Image.Image) -> Image.Image:
    """As RGB; what hides under full transparency is not what the image shows."""
    from PIL import Image

    if image.mode not in ("RGBA", "LA", "PA", "La", "RGBa") and "transparency" not in image.info:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


def _sizes(error: Exception) -> str:
    """Pillow's numbers without its alarm."""
    has, most = re.findall(r"\d+", str(error))[:2]
    return f"{int(has):,} pixels, and at most {int(most):,} are read"
