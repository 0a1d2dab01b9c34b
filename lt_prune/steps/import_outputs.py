"""Outputs made elsewhere -> scores."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lt_prune.config.reading import Reading
from lt_prune.errors import ArgumentError, DataError
from lt_prune.formats import read_table
from lt_prune.given import expect, known_keywords
from lt_prune.metrics import METRICS, asked_for
from lt_prune.planning.tables import join, say_unchecked
from lt_prune.steps.build import Data, open_index
from lt_prune.steps.import_scores import origin_of
from lt_prune.store.files import write_scores
from lt_prune.types import Array, SampleIndex, ScoreSet


@known_keywords
def import_outputs(
    outputs: Path | str | Mapping[str, Any],
    data: Data | SampleIndex = "digits",
    *,
    metric: str | Sequence[str] | None = None,
    match: str = "ids",
    made_by: str = "",
    reading: Reading | None = None,
    out: Path | str | None = None,
    overwrite: bool = False,
) -> ScoreSet:
    """Outputs of networks that others have trained, scored by every metric that they are enough for.

    Args:
        outputs: an .npz file or arrays by name: `logits`, floats (N, M), or of K networks (K, N, M); and by choice
            `features`, (N, D) or (K, N, D), and the classifier's rows `weight`, (M, D) or (K, M, D), which AVH needs. They
            are of the samples that `id`, `file` or `source_index` name, as for `import_scores`, or of all of the source's
            training split in its order; `label` or `class` are compared.
        data: as for `import_scores`.
        metric: one or several that must be among the results; by default every one that can be had and costs little.
        match: "ids", or "names" to join by file name where there are ids, too.
        made_by: who or what made them, in words.
        reading: as for `build`.
        out: score file to write.
        overwrite: replace what `out` holds.

    Raises:
        ArgumentError: shapes do not fit each other or the data.
        DataError: the file cannot be read, or numbers are not finite.
        MemberError: the outputs are not enough for a metric that was named, or it breaks its promise.
        MismatchError: samples are missing, unknown, or of other classes; or `out` holds something else.

    Warns:
        UserWarning: which metrics there are no scores by, and why; nothing but the number of samples tells that they are of
            these data.

    Example:
        >>> import lt_prune as lp, numpy as np
        >>> data = lp.build("digits")
        >>> logits = np.random.default_rng(0).normal(size=(503, 10))
        >>> arrays = {"logits": logits, "id": data.index.ids}
        >>> lp.import_outputs(arrays, data, metric=["el2n", "margin"]).metric("margin").per_member.shape
        (1, 503)
    """
    from lt_prune.engine.outside import Given

    expect("outputs", outputs, (str, Path, Mapping), "an .npz file or arrays by name")
    if isinstance(outputs, (str, Path)) and Path(outputs).suffix != ".npz":
        raise ArgumentError(f"outputs must be an .npz file, not {outputs}: save logits, features and weight by np.savez")
    arrays = {name: np.asarray(each) for name, each in _arrays(outputs).items()}
    origin = origin_of(outputs, arrays, made_by)
    names = asked_for(metric) or METRICS.names
    for name in names:
        METRICS.check(name)
    index = data if isinstance(data, SampleIndex) else open_index(data, reading=reading)
    parts = _parts(arrays, index, origin.file)
    n_rows = next(parts[name].shape[1] for name in ("logits", "features") if name in parts)
    joined = join(arrays, n_rows, index, origin.file, match)
    say_unchecked(joined, origin.file)
    own = {name: part if name == "weight" else part[:, joined.rows] for name, part in parts.items()}
    metrics, needed = Given(labels=index.labels, **own).scored(names, required=metric is not None)
    if needed:
        warnings.warn(f"{origin.file} gives no scores {_told(needed)}", stacklevel=3)
    if not metrics:
        raise ArgumentError(f"{origin.file} gives scores by no metric: add logits, or features and weight")
    found = ScoreSet.made_elsewhere(index, metrics, origin)
    if out:
        write_scores(out, found, overwrite=overwrite)
    return found


def _arrays(outputs: Path | str | Mapping[str, Any]) -> Mapping[str, Any]:
    return outputs if isinstance(outputs, Mapping) else read_table(Path(outputs))


def _parts(arrays: Mapping[str, Array], index: SampleIndex, what: str) -> dict[str, Array]:
    """Logits, features and weights, float32, each with an axis of networks first."""
    parts = {name: _stacked(name, arrays[name], what) for name in ("logits", "features", "weight") if name in arrays}
    if not {"logits", "features"} & set(parts):
        raise ArgumentError(f"{what} must have logits or features, and has {', '.join(arrays) or 'nothing'}")
    sizes = {"logits": "KNM", "features": "KND", "weight": "KMD"}
    known = {"M": {index.n_classes}} if {"logits", "weight"} & set(parts) else {}
    for name, part in parts.items():
        for axis, size in zip(sizes[name], part.shape):
            known.setdefault(axis, set()).add(size)
    wrong = [axis for axis, found in known.items() if len(found - ({1} if axis == "K" else set())) > 1]
    if wrong:
        shapes = ", ".join(f"{name} {part.shape}" for name, part in parts.items())
        raise ArgumentError(
            f"{what} must have logits (K, N, {index.n_classes}), features (K, N, D) and weight (K, {index.n_classes}, D) of "
            f"the same K, N and D, not {shapes}"
        )
    return parts


def _stacked(name: str, array: Array, what: str) -> Array:
    """float32 with three axes, the first of them that of networks."""
    if array.ndim not in (2, 3) or array.dtype.kind not in "fiu" or not array.size:
        axes = {"logits": "N, M", "features": "N, D", "weight": "M, D"}[name]
        raise ArgumentError(f"{name} in {what} must be numbers ({axes}) or (K, {axes}), not {array.dtype} {array.shape}")
    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite then, which is refused as such
        found: Array = array.astype(np.float32).reshape(-1, *array.shape[-2:])
    if bad := int((~np.isfinite(found)).sum()):
        raise DataError(f"{name} in {what} must be finite, and {bad:,} of {found.size:,} numbers are not")
    return found


def _told(needed: Mapping[str, str]) -> str:
    """What metrics need, those that need the same together."""
    alike: dict[str, list[str]] = {}
    for name, what in needed.items():
        alike.setdefault(what, []).append(name)
    return "; or ".join(f"by {', '.join(names)}, for want of {what}" for what, names in alike.items())
