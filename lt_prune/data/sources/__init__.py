"""Sources of images: each is a function from a `Request` to a `Source`, registered by name.

A user names one as `name` or `name:PATH`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from lt_prune.config.reading import Reading
from lt_prune.errors import ArgumentError, shown
from lt_prune.registry import Registry
from lt_prune.types import Array, Pixels


@dataclass(frozen=True, kw_only=True)
class Request(Reading):
    """What a source is asked for: how to read, and where."""

    path: Path | None = None
    """Where the data lies; None lets the source look in its usual places."""

    def without_resize(self) -> Request:
        """The same, for a source that has resized its images."""
        return replace(self, resize=None)

    def refuse_file_options(self, source: str) -> None:
        """What a source says whose images are no files.

        Raises:
            ArgumentError: it was asked to resize, to stream, or to order its classes.
        """
        if self.resize is not None:
            raise ArgumentError(f"images of {source} are taken in their own size: leave out --resize")
        if self.loading == "stream":
            raise ArgumentError(f"images of {source} are held in memory: leave out --loading stream")
        self.refuse_class_order(source)
        self.refuse_root(source)

    def refuse_class_order(self, source: str) -> None:
        """What a source says whose classes have numbers already.

        Raises:
            ArgumentError: it was asked to order them.
        """
        if self.class_order != "text":
            raise ArgumentError(f"classes of {source} have their own order: leave out --class-order")

    def refuse_root(self, source: str) -> None:
        """What a source says that is no list of files.

        Raises:
            ArgumentError: it was given a folder for the paths of such a list.
        """
        if self.root is not None:
            raise ArgumentError(f"{source} is no list of files: leave out --root")


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """Every image of a source, in the source's own order."""

    pixels: Pixels
    """Images uint8 (N, H, W, C), or embeddings float32 (N, D)."""
    labels: Array
    """int64 (N,)."""
    test_pixels: Pixels
    """uint8 (T, H, W, C), or float32 (T, D); T may be 0."""
    test_labels: Array
    """int64 (T,); classes may be missing."""
    class_names: tuple[str, ...]
    flip: bool = True
    groups: tuple[int, int] | None = None
    """Published head and tail ranges, where there are any."""
    imbalance: float | None = None
    """Imbalance ratio that the bare name of the source stands for; None takes it as it is: it is the user's own, and where
    its classes differ in size, a cut keeps their order."""
    file_names: tuple[str, ...] | None = None
    test_file_names: tuple[str, ...] | None = None
    fresh: bool = False
    """Whether images in memory are nobody else's and in the order of C, so that they may be moved where they lie."""
    broken: Mapping[int, str] = field(default_factory=dict)
    """Why the images at these rows cannot be used, as far as that is known; their pixels mean nothing."""
    test_broken: Mapping[int, str] = field(default_factory=dict)
    """The same of test images."""


def _accept(found: object) -> Callable[[Request], Source]:
    if not callable(found):
        raise ValueError(f"must be a function of a request, not {shown(found)}")
    return found


SOURCES: Registry[Callable[[Request], Source]] = Registry(
    "data source",
    "lt_prune.sources",
    {
        "digits": "lt_prune.data.sources.digits:digits",
        "fashion-mnist": "lt_prune.data.sources.fashion_mnist:fashion_mnist",
        "cifar10": "lt_prune.data.sources.cifar:cifar10",
        "cifar100": "lt_prune.data.sources.cifar:cifar100",
        "list": "lt_prune.data.sources.lists:lists",
        "folder": "lt_prune.data.sources.folder:folder",
        "huggingface": "lt_prune.data.sources.huggingface:huggingface",
        "npz": "lt_prune.data.sources.npz:npz",
        "features": "lt_prune.data.sources.features:features",
    },
    _accept,
)
