"""The published tables, and which of them a set of ours stands beside."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lt_prune.methods import METHODS as FAMILY
from lt_prune.reports.paper import METHODS, STAGES, Block, blocks_of, nearest_block

PUBLISHED = {
    ("table1", "CIFAR-10-LT", "100", "L2A stage 1", "tail"): 62.71,
    ("table1", "CIFAR-10-LT", "10", "L2A stage 2", "all"): 89.84,
    ("table1", "CIFAR-100-LT", "50", "MiSLAS stage 2", "mid"): 53.37,
    ("table2", "CIFAR-10-LT", "100", "ATL", "all"): 82.60,
    ("table2", "CIFAR-100-LT", "100", "TSC", "all"): 43.8,
    ("table3", "ImageNet-LT", "256", "LWS", "all"): 49.90,
    ("table4", "ImageNet-LT", "256", "ViT-B angular", "mid"): 63.02,
    ("table5", "CIFAR-10-LT", "100", "concave", "0.24"): 82.01,
    ("table6", "CIFAR-100-LT", "100", "concave", "0.75"): 46.54,
}
COUNTS = {"table1": 2 * 3 * 4 * 4, "table2": 2 * 15, "table3": 10, "table4": 4 * 4, "table5": 2 * 9, "table6": 2 * 5}
NUMBERS = {
    (table, block.data, block.imbalance, row, column): number
    for table in COUNTS
    for block in blocks_of(table)
    for row, columns in block.rows.items()
    for column, number in columns.items()
}


def test_the_published_numbers_are_those_of_the_paper():
    assert {key: NUMBERS[key] for key in PUBLISHED} == PUBLISHED
    assert {table: sum(key[0] == table for key in NUMBERS) for table in COUNTS} == COUNTS


@pytest.mark.parametrize("imbalance", ["100", "50", "10"])
@pytest.mark.parametrize(("data", "weights"), [("CIFAR-10-LT", (3, 4, 3)), ("CIFAR-100-LT", (36, 35, 29))])
def test_published_groups_average_to_the_published_whole(data, weights, imbalance):
    """Test sets are balanced, so a slip of the pen in a group or in "all" would show."""
    [block] = [block for block in blocks_of("table1") if (block.data, block.imbalance) == (data, imbalance)]
    assert list(block.rows) == list(STAGES)
    for row, value in block.rows.items():
        mean = np.average([value["head"], value["mid"], value["tail"]], weights=weights)
        assert value["all"] == pytest.approx(mean, abs=0.3), (row, value)


def test_a_table_that_the_paper_lacks_has_no_data():
    assert blocks_of("table7") == []


def test_a_block_names_its_data_as_lt_prune_does():
    assert [block.source for block in blocks_of("table2")] == ["cifar10-lt100", "cifar100-lt100"]
    assert [block.source for block in blocks_of("table3")] == ["folder:imagenet-lt"]
    assert blocks_of("table1")[0].title == "CIFAR-10-LT, imbalance 100"
    assert blocks_of("table1")[0].columns == ["head", "mid", "tail", "all"]


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("cifar10-lt100", True),
        ("cifar10-lt100-mislas-s1", True),
        ("cifar10-lt1000", False),
        ("cifar10-lt10", False),
        ("cifar10-lt100-n500", False),
        ("cifar100-lt100", False),
        ("digits-lt10", False),
    ],
)
def test_a_set_is_the_papers_where_its_name_says_so(name, same):
    assert Block("CIFAR-10-LT", "100", {}).is_about(name) == same


def test_other_data_stand_beside_the_published_data_most_alike(blobs):
    ten = blobs(counts=(30, 20, 10, 9, 8, 7, 6, 5, 4, 3)).index
    assert nearest_block(blocks_of("table1"), ten).title == "CIFAR-10-LT, imbalance 10"
    assert nearest_block(blocks_of("table6"), ten).title == "CIFAR-100-LT, imbalance 100"


def test_a_name_goes_before_what_the_data_are_like(blobs):
    named = replace(blobs(counts=(30, 3)).index, name="cifar100-lt50")
    assert nearest_block(blocks_of("table1"), named).title == "CIFAR-100-LT, imbalance 50"


def test_every_row_that_we_run_is_a_method_of_ours():
    for method, prediction in METHODS.values():
        assert FAMILY.load(method)
        assert prediction in (None, "linear", "angular")
    assert set(STAGES) < set(METHODS)
    in_tables = {row for table in ("table2", "table3") for block in blocks_of(table) for row in block.rows}
    assert set(METHODS) - set(STAGES) <= in_tables
