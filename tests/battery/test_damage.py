"""A flipped bit or a missing end of any kind of file is refused by one sentence, or changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from workshop import SUBSET, said

from lt_prune.errors import FileError

KINDS = {
    "set": "sets/mine-lt3.h5",
    "scores": "scores/mine-lt3.h5",
    "subset": SUBSET,
    "result": "runs/mine-lt3-ce/result.json",
    "weights": "runs/mine-lt3-ce/model.pt",
    "sweep": "grid/runs/mine-lt3-sweep.json",
    "failure": "runs/failed/failure.json",
    "unfinished": "runs/unfinished/model.pt",
}
"""A file of each kind that is read again."""


@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_refused_or_without_effect(kind: str, before: dict[str, Path], tmp_path, whole, draw, tell):
    path = before["end"] / "work" / KINDS[kind]
    content, expected = path.read_bytes(), said(path)
    damaged = tmp_path / path.parent.name / path.name
    damaged.parent.mkdir()
    wrong, refused, harmless = [], 0, 0
    flips, cuts = (300, 100) if whole else (20, 10)
    for number in range(flips + cuts):
        at = draw.randrange(len(content))
        flipped = bytes([content[at] ^ 1 << draw.randrange(8)])
        damaged.write_bytes(content[:at] + flipped + content[at + 1 :] if number < flips else content[:at])
        try:
            harmless += said(damaged) == expected
        except FileError as error:
            refused += "\n" not in str(error) and str(error).startswith(f"{damaged} ")
        except Exception as error:
            wrong.append(f"{'flip' if number < flips else 'cut'} at {at}: {error!r}")
    tell(f"{kind}: {flips} flips and {cuts} cuts: {refused} refused, {harmless} without effect, {len(wrong)} tracebacks")
    assert not wrong
    assert refused + harmless == flips + cuts
