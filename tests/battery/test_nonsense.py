"""A file that was sealed again with nonsense in it is refused by every command that reads it, and leads it nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from nonsense import CASES, array, texts
from test_damage import KINDS
from workshop import COMMANDS, DATA, SMALL, Server, copied, listed

READERS = {
    "set": ("prune", "--data", "FILE", "--ratio", "0.3", "--strategy", "random"),
    "scores": ("prune", "--scores", "FILE", "--ratio", "0.3"),
    "subset": ("train", *DATA, "--subset", "FILE", *SMALL),
    "result": ("evaluate", "runs/mine-lt3-ce"),
    "failure": ("results", "runs"),
    "sweep": ("results", "grid"),
    "weights": ("evaluate", "runs/mine-lt3-ce"),
    "unfinished": (*COMMANDS["train"], "--out", "runs/unfinished"),
}
"""A command that reads a file of each kind."""


def command(kind: str) -> tuple[str, ...]:
    return tuple(KINDS[kind] if word == "FILE" else word for word in READERS[kind])


def test_what_is_no_nonsense_is_taken(server: Server, before: dict[str, Path], tmp_path):
    place = copied(before["end"], tmp_path / "place")
    for kind in READERS:
        ended = server.run(place, command(kind))
        assert ended.code == 0, (kind, ended)


def test_class_names_of_several_lines_and_escapes_are_taken_and_shown_as_text(
    server: Server, before: dict[str, Path], tmp_path
):
    place = copied(before["end"], tmp_path / "place")
    array("class_names", lambda _: texts("a\nb", "\x1b[2Jx", "c"))(place / "work" / KINDS["set"])
    ended = server.run(place, (*command("set"), "--per-class", "--overwrite"))
    assert ended.code == 0, ended
    assert r"a\nb" in ended.stdout
    assert r"\x1b[2Jx" in ended.stdout
    assert "\x1b" not in ended.stdout + ended.stderr


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor", "ignore:Sparse invariant checks")
def test_nonsense_in_a_sealed_file_is_refused(server: Server, before: dict[str, Path], tmp_path, whole, draw, tell):
    cases = [(kind, what) for kind, some in CASES.items() for what in some]
    assert len(cases) >= 200
    drawn = cases if whole else draw.sample(cases, 40)
    place = copied(before["end"], tmp_path / "outer" / "place")
    had = listed(tmp_path / "outer")
    wrong = []
    for kind, what in drawn:
        file = place / "work" / KINDS[kind]
        good = file.read_bytes()
        CASES[kind][what](file)
        ended = server.run(place, command(kind))
        foreign = (
            "passed over what is no whole record of runs of ours" in ended.stderr
        )  # as whatever others have written there is
        wrong += [f"{kind}, {what}: {ended}"] * (not ended.refused and not foreign)
        file.write_bytes(good)
        now = listed(tmp_path / "outer")
        wrong += [
            f"{kind}, {what}: {name} is new, gone or changed"
            for name in now.keys() | had.keys()
            if now.get(name) != had.get(name)
        ]
        had = now
    tell(f"{len(drawn)} kinds of nonsense in sealed files: {len(drawn) - len(wrong)} refused, {len(wrong)} wrong")
    assert not wrong, "\n".join(wrong)
