"""The batches of a run: of the main stream, its further views and other streams, in lockstep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from torch.nn import functional as F

from lt_prune.data.batches import Batches, Drawn, Sampling, TrainingBatches
from lt_prune.data.feature_batches import FeatureBatches
from lt_prune.data.held_out import split
from lt_prune.data.image_files import ImageFiles
from lt_prune.data.mixup import Mixup
from lt_prune.data.streaming import StreamedBatches
from lt_prune.engine.predict import features_of
from lt_prune.engine.runs import Run
from lt_prune.engine.shared import Shared
from lt_prune.methods.parts import Batch, Stream
from lt_prune.models.network import Network
from lt_prune.randomness import derive_seed
from lt_prune.types import Array, kind_of


@dataclass(frozen=True)
class Streams:
    """What each step of a run gets."""

    views: tuple[Batches, ...]
    """The main stream as it is augmented the first time, the second time and so on."""
    others: tuple[tuple[Stream, Batches], ...]
    n_classes: int
    mixup: float
    seed: int

    @property
    def main(self) -> Batches:
        return self.views[0]

    def epoch(self, epoch: int) -> Iterator[tuple[Batch, ...]]:
        """A batch of each view and of each other stream, step by step."""
        main, n_views = self.main, len(self.views)
        mixup = Mixup.draw(main.bounds, self.mixup, self.seed, epoch).to(main.labels.device) if self.mixup else None
        others = (batches.between(self._bounds(stream, epoch)) for stream, batches in self.others)
        for number, drawn in enumerate(zip(*(view.epoch(epoch) for view in self.views), *others)):
            batches = [self._batch(each) for each in drawn]
            if mixup:  # the views alike, so that they have one target
                mixed = ((*mixup(number, pixels, target), rows) for pixels, target, rows in batches[:n_views])
                batches[:n_views] = [Batch(*each) for each in mixed]
            yield tuple(batches)

    def _batch(self, drawn: Drawn) -> Batch:
        pixels, labels, rows = drawn
        return Batch(pixels, F.one_hot(labels, self.n_classes).float(), rows)

    def _bounds(self, stream: Stream, epoch: int) -> list[tuple[int, int]]:
        """Half-open bounds of a stream's batches beside the main ones of an epoch, in draws since the first epoch."""
        main = self.main
        if size := stream.batch_size:
            first = epoch * len(main.bounds)
            return [((first + step) * size, (first + step + 1) * size) for step in range(len(main.bounds))]
        return [(epoch * main.length + start, epoch * main.length + end) for start, end in main.bounds]


def streams_of(run: Run, network: Network, shared: Shared) -> Streams:
    """The batches of a run; of features, where the network's backbone is frozen to give them once."""
    recipe, parts = run.recipe, run.parts
    left, held = split(run.labels[run.rows], parts.held_out, run.seed)
    source = _Source(run, network, shared)
    main = Sampling(
        sampler=recipe.sampler,
        draws=recipe.draws,
        padding=recipe.padding,
        flip=recipe.flip,
        batch_size=recipe.batch_size,
        seed=run.seed,
    )
    others = []
    for number, (stream, own) in enumerate(zip(parts.streams, held)):
        seed = derive_seed(run.seed, "stream", number)
        sampling = replace(main, sampler=stream.sampler, draws="samples", seed=seed)
        others.append((stream, source.batches(sampling, own if stream.held_out else left)))
    views = tuple(source.batches(replace(main, view=view), left) for view in range(parts.views))
    return Streams(views, tuple(others), run.n_classes, recipe.mixup, run.seed)


class _Source:
    """Makes batches of some of a run's samples."""

    def __init__(self, run: Run, network: Network, shared: Shared) -> None:
        self.run, self.shared = run, shared
        self.features = features_of(network, run.pixels, run.rows) if run.recipe.freeze else None
        self.n_readers = -(-shared.n_readers // (run.parts.views + len(run.parts.streams)))

    def batches(self, sampling: Sampling, places: Array) -> Batches:
        """Of the samples at these places in the run's rows."""
        run, device, rows = self.run, self.shared.device, self.run.rows[places]
        if self.features is not None:
            return FeatureBatches.of(self.features, run.labels, sampling, rows, known=run.rows, device=device)
        if isinstance(run.pixels, ImageFiles):
            return StreamedBatches.of(run.pixels, run.labels, sampling, rows, device=device, n_workers=self.n_readers)
        kind = FeatureBatches if kind_of(run.pixels) == "embeddings" else TrainingBatches
        return kind.of(self.shared.images(run.pixels), run.labels, sampling, rows, device=device)
