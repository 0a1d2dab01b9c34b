"""The whole set as one group: what a selection keeps of it decides how much is kept of each class."""

from lt_prune.budgets import Budget

whole = Budget(
    function=None,
    equation="none: the selection ranks all samples together, and the first of each class is kept",
    paper="Wang & Yan, section 3.4",
)
