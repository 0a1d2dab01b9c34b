"""Kill -9 in the middle of a write: nothing is lost, the same command goes on to the same numbers, and nothing stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from workshop import COMMANDS, Server, copied, left_behind, listed, make_old, said_by


@pytest.mark.slow
def test_a_kill_in_any_write_of_any_command_costs_nothing(
    server: Server, before: dict[str, Path], tmp_path, whole, draw, tell
):
    writing = [name for name in COMMANDS if name != "evaluate"]
    wrong: list[str] = []
    after = {}
    kills = 100 if whole else 6
    for number in range(kills):
        name = writing[number % len(writing)] if whole else draw.choice(writing)
        args = COMMANDS[name]
        if name not in after:
            place = copied(before[name], tmp_path / "undisturbed")
            done = server.run(place, args)
            after[name] = said_by(place / "work"), done.writes
        expected, writes = after[name]
        place = copied(before[name], tmp_path / "outer" / "place")
        had = listed(place / "work")
        outside = listed(tmp_path / "outer")
        kill = draw.randrange(writes)
        what = f"{name}, killed at write {kill} of {writes}"
        killed = server.run(place, args, kill=kill)
        wrong += [f"{what}: {killed}"] * (killed.code != -9)
        wrong += [f"{what}: lost {file}" for file in had if name != "again" and not (place / "work" / file).exists()]
        said_by(place / "work")  # whatever is there is whole
        make_old(place)
        ended = server.run(place, args)
        wrong += [f"{what}: afterwards {ended.stderr}"] * (ended.code != 0)
        wrong += [f"{what}: other numbers"] * (said_by(place / "work") != expected)
        wrong += [f"{what}: left {left}" for left in left_behind(place)]
        elsewhere = {file for file in listed(tmp_path / "outer") if not file.startswith("place/")}
        wrong += [f"{what}: outside {file}" for file in elsewhere - outside.keys()]
    tell(f"{kills} kills at random writes over {len(writing)} commands: {len(wrong)} lost, wrong or left behind")
    assert not wrong
