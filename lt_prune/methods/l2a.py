"""L2A, linear to angular (Wang & Yan, section 3.1): trained as before, predicted by angle."""

from lt_prune.methods.method import Method, Stage
from lt_prune.methods.mislas import EQUATION, LAS, Smoothed
from lt_prune.methods.second import SECOND, TUNED

l2a = Method(
    summary="linear to angular: MiSLAS without weight scaling",
    paper="Wang & Yan, Eq. 1",
    first="mixup",
    stage=Stage(loss=Smoothed, equation=EQUATION, settings=LAS, recipe=SECOND, tuned=TUNED),
    prediction="angular",
)
