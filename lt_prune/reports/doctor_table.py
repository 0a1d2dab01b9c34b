"""What there is to work with, as it is read in the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType

from lt_prune.reports.plain import plain_table
from lt_prune.reports.words import several, size
from lt_prune.reports.workload import duration


def doctor_table(found: Mapping[str, Any]) -> RenderableType:
    """A line a thing."""
    table = plain_table("here", "")
    for what, words in _lines(found):
        table.add_row(what, words)
    return table


def _lines(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "versions", ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    yield "system", found["system"]
    there = ", ".join(f"{name} {version}" for name, version in found["extras"].items() if version)
    missing = ", ".join(name for name, version in found["extras"].items() if not version)
    yield "extras", "; ".join([*([there] if there else []), *([f"not installed: {missing}"] if missing else [])])
    cores, memory = found["cores"], found["memory"]
    yield "cores", f"{cores['usable']} usable of {cores['machine']}; {_limit(cores['container'], '{:g} of the container')}"
    left = _limit(memory["container"], "the container leaves {}", size)
    yield "memory", f"{size(memory['usable'])} free of {size(memory['machine'])}; {left}"
    for folder, free in found["disk"].items():
        yield "disk", f"{size(free)} free in {folder}"
    for device in found["devices"]:
        free = "" if device["free"] is None else f", {size(device['free'])} free of {size(device['total'])}"
        yield "device", f"{device['device']}: {device['name']}{free}"
    if "score" in found:
        yield "score", _score(found["score"])
        yield "memory of it", _memory(found["score"], memory["usable"])


def _limit(limit: float | None, words: str, said: Any = lambda limit: limit) -> str:
    return "no limit of a container" if limit is None else words.format(said(limit))


def _score(cost: Mapping[str, Any]) -> str:
    networks, epochs = several(cost["members"], "member"), several(cost["epochs"], "epoch")
    work = f"{networks} of {cost['model']} on {cost['n_samples']:,} samples of {cost['name']}, {epochs} in all"
    time = "training is too short to be measured"
    if cost["seconds"] is not None:
        speed = f"{cost['images_per_second']:,.0f} images/s, {cost['at_once']} at once"
        time = f"about {duration(cost['seconds'])} of training at {speed}, besides the start of processes and the scores"
    return f"{work}: {time}"


def _memory(cost: Mapping[str, Any], usable: int) -> str:
    held = f"{size(cost['images_bytes'])} for the samples" if cost["images_bytes"] else "samples are read as needed"
    if cost["member_bytes"] is None:
        return held
    in_all = cost["images_bytes"] + cost["at_once"] * cost["member_bytes"]
    fits = "fits" if in_all <= usable else "is more than is free: train fewer at once with --workers"
    return f"{held}, up to {size(cost['member_bytes'])} for each member at work: {size(in_all)} in all, which {fits}"
