from __future__ import annotations

import pytest

from lt_prune.identity import Named, differences


def test_what_is_equal_differs_in_nothing():
    assert differences({"epochs": 3, "first": {"seed": 0}}, {"first": {"seed": 0}, "epochs": 3}) == ""


def test_every_field_that_differs_is_named_with_both_values():
    said = differences({"epochs": 300, "seed": 0, "lr": 0.1}, {"epochs": 100, "seed": 1, "lr": 0.1})
    assert said == "epochs 300, not 100, and seed 0, not 1"


@pytest.mark.parametrize(
    ("was", "asked", "said"),
    [
        (True, False, "flip yes, not no"),
        (None, 0.5, "flip none, not 0.5"),
        ((0.8, 0.9), (160, 180), "flip 0.8,0.9, not 160,180"),
        ("ab" * 32, "cd" * 32, "flip of digest abababababab, not of digest cdcdcdcdcdcd"),
    ],
    ids=["truth", "none", "numbers", "digest"],
)
def test_values_are_reported_as_a_user_writes_them(was, asked, said):
    assert differences({"flip": was}, {"flip": asked}) == said


def test_the_preset_is_reported_by_the_name_of_its_option():
    was, asked = ({"preset": preset, "first": {"preset": preset}} for preset in ("paper", "released"))
    said = sorted(differences(was, asked).split(", and "))
    assert said == ["first stage's recipe paper, not released", "recipe paper, not released"]


def test_json_knows_no_tuples():
    assert differences({"milestones": [0.8, 0.9]}, {"milestones": (0.8, 0.9)}) == ""


@pytest.mark.parametrize("swapped", [False, True], ids=["new field", "former field"])
def test_an_absent_field_counts_as_its_default(swapped):
    pair = [{"epochs": 3, "first": {"epochs": 9}}, {"epochs": 3, "fresh": False, "first": {"epochs": 9, "fresh": False}}]
    was, asked = reversed(pair) if swapped else pair
    assert differences(was, asked, {"fresh": False}) == ""
    values = ("no", "yes") if swapped else ("yes", "no")
    said = differences(was, asked, {"fresh": True}).split(", and ")
    assert sorted(said) == ["first stage's fresh {}, not {}".format(*values), "fresh {}, not {}".format(*values)]


def test_first_stages_are_compared_field_by_field_and_against_none():
    first = {"method": "mixup", "seed": 3}
    assert differences({"first": first}, {"first": {**first, "seed": 4}}) == "first stage's seed 3, not 4"
    assert differences({"first": first}, {"first": None}) == "first stage mixup, not none"
    assert differences({}, {"first": first}) == "first stage none, not mixup"


def test_recipes_of_different_stages_are_not_compared():
    one = {"method": "ce", "first": None, "epochs": 300, "lr": 0.1, "seed": 0}
    two = {"method": "mislas", "first": {"method": "mixup", "epochs": 300}, "stage2_epochs": 10, "stage2_lr": 0.5, "seed": 0}
    assert differences(two, one, {"epochs": 10}) == "method mislas, not ce, and first stage mixup, not none"
    assert differences(one, two, {"epochs": 10}) == "method ce, not mislas, and first stage none, not mixup"


def test_what_has_a_name_is_compared_by_its_digest_and_told_by_both():
    was, asked = {"data": Named("photos", "ab" * 32)}, {"data": Named("other", "ab" * 32)}
    assert differences(was, asked) == ""
    assert differences(was, {"data": Named("photos", "cd" * 32)}) == "data photos (abababababab), not photos (cdcdcdcdcdcd)"
