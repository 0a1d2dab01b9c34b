from __future__ import annotations

from dataclasses import fields

import pytest

import lt_prune as lp
from lt_prune.config.reading import Reading, as_options, so_again, told_apart
from lt_prune.errors import ArgumentError


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"resize": 0}, "resize must be a side of 1 to 1,024 pixels, not 0"),
        ({"resize": 1025}, "resize must be a side of 1 to 1,024 pixels, not 1025"),
        ({"class_order": "size"}, "class_order must be text, natural, count, not 'size'"),
        ({"holdout": 1.0}, r"holdout must be the share to test on, in \[0, 1\), such as 0.2, not 1.0"),
        ({"holdout": -0.1}, "holdout must be the share to test on"),
        ({"holdout": float("nan")}, "holdout must be the share to test on"),
        ({"loading": "lazy"}, "loading must be auto, memory, stream, not 'lazy'"),
    ],
)
def test_unusable_options_are_refused(options, said):
    with pytest.raises(ArgumentError, match=said):
        lp.Reading(**options)


def test_what_decides_the_images_is_kept():
    assert Reading().kept == {}
    assert Reading(resize=32, download=True, loading="stream").kept == {"resize": 32}


def test_every_other_field_is_kept():
    # Fields of later versions come along by themselves.
    for field in fields(Reading):
        reading = Reading()
        object.__setattr__(reading, field.name, "other")
        assert (field.name in reading.kept) == (field.name not in ("download", "loading", "strict"))


@pytest.mark.parametrize(
    ("asked", "was", "expected"),
    [({}, {}, None), ({}, {"resize": 32}, 32), ({"resize": 8}, {"resize": 32}, 8), ({}, {"of a later version": 1}, None)],
)
def test_what_is_not_asked_for_is_as_it_was(asked, was, expected):
    reading = Reading(loading="stream", **asked).like(was)
    assert (reading.resize, reading.loading) == (expected, "stream")


@pytest.mark.parametrize(
    ("was", "now", "says"),
    [
        ({"resize": 64}, {"resize": 32}, "--resize 64, now 32"),
        ({"resize": 64}, {}, "--resize 64, now without"),
        ({}, {"resize": 32}, "no --resize, now 32"),
        ({"skip_broken": True}, {}, "--skip-broken, now without"),
        ({}, {"skip_broken": True}, "no --skip-broken, now with it"),
        ({"resize": 64, "holdout": 0.1}, {"resize": 32}, "--resize 64, now 32, and --holdout 0.1, now 0.2"),
        ({}, {"holdout": 0.1}, "--holdout 0.2, now 0.1"),
        ({"class_order": "natural"}, {}, "--class-order natural, now text"),
        ({"resize": 64}, {"resize": 64}, ""),
    ],
)
def test_two_readings_are_told_apart_by_their_options(was, now, says):
    assert told_apart(was, now) == says


@pytest.mark.parametrize(
    ("was", "now", "says"),
    [
        ({"resize": 32}, {"resize": 64}, "give --resize 32"),
        ({"resize": 32}, {"resize": 32, "holdout": 0.1}, "give --resize 32 and leave out --holdout"),
        ({}, {"holdout": 0.1, "skip_broken": True}, "leave out --holdout, --skip-broken"),
        ({"resize": 32}, {}, "give --resize 32"),
    ],
)
def test_it_is_said_how_to_read_as_before(was, now, says):
    assert so_again(was, now) == says


def test_options_are_said_as_on_the_command_line():
    assert as_options({"holdout": 0.0}) == "--holdout 0"
    assert as_options({"resize": 32, "skip_broken": True}) == "--resize 32 --skip-broken"
