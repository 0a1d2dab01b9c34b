"""What papers prune by: a class budget and a selection each."""

from __future__ import annotations

from dataclasses import dataclass

from lt_prune.strategies.pair import Pair

WANG = "Wang & Yan, section 3.4"


@dataclass(frozen=True)
class Ranked(Pair):
    """By score: which end is kept, and within what, is asked for."""

    takes_ends = True

    def parts(self, keep: str, within: str) -> tuple[str, str]:
        """Over the whole set, or the same share of each class."""
        return "proportional" if within == "class" else self.budget, keep


random = Pair("global", "random", WANG)
class_random = Pair("proportional", "random", WANG)
ranked = Ranked("global", "hard", f"{WANG}; EL2N: Paul et al. 2021")
ccs = Pair("global", "strata", "CCS: Zheng et al., ICLR 2023")
ccs_cp = Pair("ccs-cp", "strata", "CCS-CP: Tsai, Zheng & Prakash, arXiv 2507.10904")
drop = Pair("drop", "random", "DRoP: Vysogorets, Ahuja & Kempe, ICLR 2025")
dual = Pair("global", "beta", "DUAL: Cho et al., ICML 2025")
nucs = Pair("nucs", "window", "NUCS: Zhang et al., arXiv 2504.13234")
rcap = Pair("rcap", "weighted", "RCAP: arXiv 2606.11761, drawn once instead of in each epoch")
d2 = Pair("global", "d2", "D2: Maharana, Yadav & Bansal, ICLR 2024")
