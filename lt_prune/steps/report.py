"""Set, scores, subsets and runs -> one page to look at."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lt_prune.config.reading import Reading
from lt_prune.given import known_keywords
from lt_prune.measures import rank_stability
from lt_prune.page.making import making_told
from lt_prune.page.of_runs import runs_told, runs_warned
from lt_prune.page.of_samples import FLAGS, flags_of, samples_told
from lt_prune.page.of_scores import scores_told
from lt_prune.page.of_set import set_told
from lt_prune.page.partners import partners_told
from lt_prune.page.render import render
from lt_prune.page.shown import shown_rows
from lt_prune.page.sprites import sprites
from lt_prune.reports.aggregate import aggregate
from lt_prune.reports.dangers import ranking_dangers, subset_dangers
from lt_prune.reports.warnings import results_warnings, score_warnings, subset_warnings
from lt_prune.steps.build import Data
from lt_prune.steps.finding import Found, find
from lt_prune.store.output import put
from lt_prune.types import MetricScores, ScoreSet, Subset, kind_of

LARGEST = 7_900_000
"""Bytes of a page with pictures, as far as their quality can give."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """A page that was written."""

    file: str
    n_bytes: int
    n_samples: int
    """Of the set."""
    n_shown: int
    """Samples that the page shows one by one."""
    pictures: bool
    """Whether it shows pictures of them."""
    scores: tuple[str, ...]
    subsets: tuple[str, ...]
    """Files that it tells of."""
    n_runs: int


@known_keywords
def report(
    *places: Path | str,
    data: Data | None = None,
    reading: Reading | None = None,
    out: Path | str = "report.html",
    overwrite: bool = False,
) -> Report:
    """Write one HTML page of all that there is of a set, which needs nothing else to be looked at and sent to others.

    It shows class counts before and after each pruning; the samples, to be filtered and sorted by class, score, and what
    became of them, and marked for `lt_prune.prune(force_keep=..., force_drop=...)`; how scores lie, agree and correlate;
    what pruning cost in the runs; and how all of it was made. Test results are shown, and decide nothing.

    Args:
        places: files that other steps wrote, or folders of such: sets, scores, subsets, results and records of sweeps. By
            default what lies below sets/, scores/, subsets/ and runs/.
        data: the set, whose pictures are shown; by default looked for among the files, and where their source was.
        reading: as for `build`.
        out: file to write.
        overwrite: replace what it holds.

    Returns:
        What was written, and of what.

    Raises:
        ArgumentError: these are files of several sets, and nothing says which is meant.
        FileError: a place does not exist, there is nothing, or a file is damaged.
        MismatchError: a file is of another set than `data`, or `out` holds something else.

    Warns:
        UserWarning: the pictures are nowhere to be found, or files are passed over.

    Example:
        >>> import lt_prune as lp
        >>> subset = lp.prune("digits", strategy="random", ratio=0.5, out="subsets/half.h5")
        >>> written = lp.report()
        >>> written.file, written.n_shown
        ('report.html', 503)
    """
    found = find(places, data, reading)
    metrics, unknown = _metrics(found.scores)
    subsets = _named(found.subsets, found.index.name)
    first = next(iter(subsets.values()), None)
    main = next(iter(metrics.values()), None)
    first_metrics = _first_of_each(found.scores)
    flags = flags_of(found.index, first_metrics)
    shown = shown_rows(found.index, main.difficulty if main else None, first.kept if first else None)
    told = {
        "digest": found.index.digest,
        "set": set_told(found.index, subsets),
        "scores": scores_told(found.index, metrics, unknown),
        "samples": samples_told(found.index, shown.rows, metrics, unknown, subsets, flags),
        "partners": partners_told(found.index, shown.rows, first_metrics, flags, found.data),
        "subsets": [{"name": name, "label": subset.label, "ratio": subset.ratio} for name, subset in subsets.items()],
        "runs": runs_told(found.index, found.runs),
        "flags": FLAGS,
    }
    content = {
        "name": found.index.name,
        "set": told["set"],
        "warnings": [(of, sentences) for of, sentences in _warnings(found, subsets) if sentences],
        "said": shown.said,
        "made": making_told(
            found.index, found.scores, found.subsets, found.runs, streamed=bool(found.data and found.data.streamed)
        ),
        "has": {"scores": bool(metrics), "runs": bool(told["runs"]), "subsets": bool(subsets)},
        "no_pictures": _no_pictures(found),
    }
    page = _with_pictures(found, shown.rows, content, told)
    put({Path(out): page}, overwrite)
    return Report(
        file=str(out),
        n_bytes=len(page),
        n_samples=found.index.n_samples,
        n_shown=len(shown.rows),
        pictures=not content["no_pictures"],
        scores=tuple(found.scores),
        subsets=tuple(found.subsets),
        n_runs=len(found.runs),
    )


def _with_pictures(found: Found, rows: Any, content: Mapping[str, Any], told: Mapping[str, Any]) -> bytes:
    """The page; its pictures have the room that the rest leaves."""
    if content["no_pictures"]:
        return render(content, {**told, "pictures": None, "sheets": []})
    assert found.data is not None, "there are pictures"
    rest = len(render(content, {**told, "pictures": None, "sheets": []}))
    made = sprites(found.data.pixels, rows, LARGEST - rest)
    return render(content, {**told, "pictures": made.told, "sheets": made.sheets})


def _no_pictures(found: Found) -> str:
    """Why there are none; "" where there are."""
    if found.data is None:
        return "The pictures were not found where they had been, so samples are listed without them."
    if kind_of(found.data.pixels) == "embeddings":
        return "The samples are embeddings, which have no pictures."
    return ""


def _metrics(scores: Mapping[str, ScoreSet]) -> tuple[dict[str, MetricScores], dict[str, bool]]:
    """Metrics of all files by name, those of several with the file's, of each file the one first that it is shown by; and of
    each whether nothing is known of how far members agree: a row made elsewhere, or rows that are one, such as those of
    label-noise."""
    found, unknown, files = dict[str, MetricScores](), dict[str, bool](), _short_names(scores)
    for file, each in scores.items():
        for name in sorted(each.metrics, key=lambda name: (name != each.shown, name)):
            told = f"{name} ({files[file]})" if len(scores) > 1 else name
            rows = each.metrics[name].per_member
            found[told] = each.metrics[name]
            unknown[told] = each.spread(name) is None or (len(rows) > 1 and bool((rows == rows[0]).all()))
    return found, unknown


def _short_names(files: Collection[str]) -> dict[str, str]:
    """What each file is called: its name without the ending, or its path where others have that name."""
    names = [Path(file).stem for file in files]
    return {file: file if names.count(name) > 1 else name for file, name in zip(files, names)}


def _first_of_each(scores: Mapping[str, ScoreSet]) -> dict[str, MetricScores]:
    """Metrics by name, those of the first file that has them."""
    return {name: metric for each in reversed([*scores.values()]) for name, metric in each.metrics.items()}


def _named(subsets: Mapping[str, Subset], name: str) -> dict[str, Subset]:
    """Subsets by their file's name, without what all begin with and with a number where two are alike: those that rank
    first, then by what chose them, by ratio and by seed."""

    def place(pair: tuple[str, Subset]) -> tuple[Any, ...]:
        subset = pair[1]
        return not subset.options.get("metric"), subset.strategy, subset.label, subset.ratio, subset.options.get("seed", 0)

    found: dict[str, Subset] = {}
    for file, subset in sorted(subsets.items(), key=place):
        short = Path(file).stem.removeprefix(f"{name}-")
        alike = sum(known == short or known.startswith(f"{short} (") for known in found)
        found[f"{short} ({alike + 1})" if alike else short] = subset
    return found


def _warnings(found: Found, subsets: Mapping[str, Subset]) -> Iterator[tuple[str, list[str]]]:
    """What an owner of this may not want, in sentences by what they are of."""
    for file, scores in found.scores.items():
        members = scores.members_here
        steady = rank_stability(scores.metric(scores.shown).per_member)
        yield f"scores {file}", [*score_warnings(scores), *ranking_dangers(scores.shown, members, steady)]
    for name, subset in subsets.items():
        yield name, list(dict.fromkeys([*subset_warnings(subset), *subset_dangers(subset, {})]))
    yield "runs", [*results_warnings(aggregate(found.runs)), *runs_warned(found.index, found.runs)]
