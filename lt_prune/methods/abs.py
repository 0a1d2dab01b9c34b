"""ABS, angular bias-directed smoothing (Wang & Yan, Eq. 7 to 9): calibration without a second stage."""

from lt_prune.choices import ABS_FORMS
from lt_prune.methods.method import Method, Setting
from lt_prune.methods.second import NOTHING

PREDICTION = {
    "s": Setting(0.25, "strength of the smoothing; 0 is the angular prediction", high=1),
    "abs_form": Setting("concave", "F, over a class's lowest mean confidence: Eq. 8 (concave) or Eq. 9 (linear)", ABS_FORMS),
}

abs_ = Method(
    summary="calibrated by the bias of the angular predictions",
    paper="Wang & Yan, Eq. 7 to 9",
    first="mixup",
    stage=NOTHING,
    prediction="abs",
    prediction_settings=PREDICTION,
)
