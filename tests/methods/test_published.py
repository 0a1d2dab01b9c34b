from __future__ import annotations

import pytest

from lt_prune.config.recipe import Recipe
from lt_prune.methods import METHODS
from lt_prune.methods.published import CLASSES, nearest, published_settings

# Data set and imbalance; smoothing of head and tail, factor on the learning rate, batch normalisation shifted
# (Zhong et al. 2021, as Wang & Yan use them).
MISLAS = {
    ("CIFAR-10-LT", 100): (0.3, 0.0, 0.5, False),
    ("CIFAR-10-LT", 50): (0.2, 0.0, 0.2, False),
    ("CIFAR-10-LT", 10): (0.1, 0.0, 0.2, False),
    ("CIFAR-100-LT", 100): (0.4, 0.1, 0.2, True),
    ("CIFAR-100-LT", 50): (0.3, 0.0, 0.1, True),
    ("CIFAR-100-LT", 10): (0.2, 0.0, 0.1, True),
    ("ImageNet-LT", 256): (0.3, 0.0, 0.05, True),
}


def test_the_table_is_the_published_one():
    found = {
        (row["data"], row["imbalance"]): tuple(
            row[n] for n in ("smooth_head", "smooth_tail", "lr_factor", "shift_batch_norm")
        )
        for row in published_settings()
    }
    assert found == MISLAS


def test_abs_is_a_sine_on_cifar_10_and_linear_on_cifar_100():
    found = {row["data"]: (row["abs_form"], row["s"]) for row in published_settings()}
    assert found["CIFAR-10-LT"] == ("concave", 0.25)
    assert found["CIFAR-100-LT"] == ("linear", 0.1)


def test_the_total_direct_effect_takes_more_away_the_more_classes_there_are():
    # Tang et al.'s configurations.
    assert {row["data"]: row["alpha"] for row in published_settings()} == {
        "CIFAR-10-LT": 1.0,
        "CIFAR-100-LT": 1.5,
        "ImageNet-LT": 3.0,
    }


def test_mixup_is_milder_on_imagenet():
    assert {row["data"]: row["mixup"] for row in published_settings()} == {
        "CIFAR-10-LT": 1.0,
        "CIFAR-100-LT": 1.0,
        "ImageNet-LT": 0.2,
    }


@pytest.mark.parametrize(
    ("n_classes", "imbalance", "data", "row"),
    [
        (10, 100, "CIFAR-10-LT", 100),
        (10, 65, "CIFAR-10-LT", 50),
        (10, 10, "CIFAR-10-LT", 10),
        (10, 1, "CIFAR-10-LT", 10),
        (2, 1e6, "CIFAR-10-LT", 100),
        (100, 51, "CIFAR-100-LT", 50),
        (31, 100, "CIFAR-10-LT", 100),
        (32, 100, "CIFAR-100-LT", 100),
        (316, 100, "CIFAR-100-LT", 100),
        (317, 100, "ImageNet-LT", 256),
        (1000, 256, "ImageNet-LT", 256),
        (8142, 500, "ImageNet-LT", 256),
    ],
)
def test_data_takes_the_row_most_like_it(n_classes, imbalance, data, row):
    found = nearest(n_classes, imbalance)
    assert (found["data"], found["imbalance"]) == (data, row)


def test_the_published_sets_have_their_numbers_of_classes():
    assert CLASSES == {"CIFAR-10-LT": 10, "CIFAR-100-LT": 100, "ImageNet-LT": 1000}
    assert {row["data"] for row in published_settings()} == set(CLASSES)


def test_every_column_is_a_setting_of_some_method():
    taken = {name for method in METHODS.names for name in METHODS.load(method).settings} | set(vars(Recipe()))
    assert set(published_settings()[0]) - {"data", "imbalance", "released_weight_decay"} <= taken


def test_the_released_code_decays_cifar_10_at_10_more():
    found = {(row["data"], row["imbalance"]): row["released_weight_decay"] for row in published_settings()}
    assert found.pop(("CIFAR-10-LT", 10)) == 5e-4
    assert set(found.values()) == {2e-4}
