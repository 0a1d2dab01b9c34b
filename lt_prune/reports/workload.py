"""How long work will be, before it is begun."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lt_prune.reports.words import several


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What is to be trained, and how fast such networks train here where that is known."""

    members: int
    """Networks of scoring ensembles."""
    runs: int
    """Trainings of one stage, a stage that several methods share counted once."""
    epochs: int
    """Of all of them."""
    images: int
    """Images trained on, counted in each epoch anew."""
    images_per_second: float | None = None
    """Of all that are trained at once; None where nothing like it was trained before."""

    @staticmethod
    def of(members: Mapping[str, tuple[int, int]], runs: Mapping[str, tuple[int, int]], speed: float | None) -> Workload:
        """Sum up epochs, and images an epoch, of each."""
        every = [*members.values(), *runs.values()]
        return Workload(
            members=len(members),
            runs=len(runs),
            epochs=sum(epochs for epochs, _ in every),
            images=sum(epochs * images for epochs, images in every),
            images_per_second=speed,
        )

    @property
    def seconds(self) -> float | None:
        """How long it takes at that speed."""
        return self.images / self.images_per_second if self.images_per_second else None

    def __str__(self) -> str:
        """For example "10 members and 145 runs, 43,600 epochs, 215,000,000 images: about 12.3 hours at 4,850 images/s"."""
        networks = [several(number, noun) for number, noun in ((self.members, "member"), (self.runs, "run")) if number]
        if not networks:
            return "nothing, as all of it is there"
        said = f"{' and '.join(networks)}, {several(self.epochs, 'epoch')}, {self.images:,} images"
        if self.seconds is None:
            return f"{said}; the time left is told once the speed is measured"
        return f"{said}: about {duration(self.seconds)} at {self.images_per_second:,.0f} images/s"


def duration(seconds: float) -> str:
    """In the unit in which it is 1 or more."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return several(round(seconds), "second")
