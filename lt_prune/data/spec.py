"""How a data set is named: SOURCE[-ltB | -stepB | -full][:PATH], for example cifar10-lt50:/data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from lt_prune.data.sources import SOURCES

_CUT = re.compile(r"-(?:(?P<kind>lt|step)(?P<imbalance>\d+(?:\.\d+)?)|full)$")
OF_ONES_OWN = ("folder", "npz", "features")
"""Sources whose sets are named after their file or folder."""
_PROFILES = {"lt": "exp", "step": "step", None: "none"}


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A data set as named by its source and cut."""

    source: str
    path: Path | None = None
    profile: str | None = None
    """None where the name leaves the cut to the source's default."""
    imbalance: float | None = None

    @property
    def base_name(self) -> str:
        """Name of the uncut set: the file or folder for sources of the user's own, otherwise the source."""
        if self.source in OF_ONES_OWN and self.path is not None:
            name = self.path.resolve().name
            return re.sub(r"[^\w.-]+", "-", name.removesuffix(".npz")) or self.source
        return self.source


def parse_spec(text: str) -> Spec:
    """Read a data set's name.

    Raises:
        UnknownNameError: no such source.
    """
    name, _, path = text.partition(":")
    cut = None if name in SOURCES.names else _CUT.search(name)
    source = name[: cut.start()] if cut else name
    SOURCES.check(source)
    return Spec(
        source=source,
        path=Path(path).expanduser() if path else None,
        profile=_PROFILES[cut["kind"]] if cut else None,
        imbalance=float(cut["imbalance"]) if cut and cut["imbalance"] else None,
    )
