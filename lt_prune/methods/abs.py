"""ABS as a method: stage one as it is, predicted otherwise (Wang & Yan, Eq. 7 to 9)."""

from lt_prune.methods.method import Method
from lt_prune.methods.second import NOTHING

abs_ = Method(
    summary="calibrated by the bias of the angular predictions",
    paper="Wang & Yan, Eq. 7 to 9",
    first="mixup",
    stage=NOTHING,
    prediction="abs",
)
