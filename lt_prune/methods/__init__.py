"""Training methods: a stage of one's own, or a second stage upon the stage of another method."""

from __future__ import annotations

from lt_prune.methods.method import Method, Setting, Stage
from lt_prune.registry import Registry

__all__ = ["METHODS", "Method", "Setting", "Stage"]

METHODS: Registry[Method] = Registry(
    "training method",
    "lt_prune.methods",
    {
        "ce": "lt_prune.methods.ce:ce",
        "mixup": "lt_prune.methods.mixup:mixup",
        "focal": "lt_prune.methods.focal:focal",
        "cb": "lt_prune.methods.cb:cb",
        "ldam-drw": "lt_prune.methods.ldam_drw:ldam_drw",
        "balanced-softmax": "lt_prune.methods.logit_adjust:balanced_softmax",
        "logit-adjust": "lt_prune.methods.logit_adjust:logit_adjust",
        "crt": "lt_prune.methods.decoupled:crt",
        "lws": "lt_prune.methods.decoupled:lws",
        "mislas": "lt_prune.methods.mislas:mislas",
        "l2a": "lt_prune.methods.l2a:l2a",
        "abs": "lt_prune.methods.abs:abs_",
        "aem": "lt_prune.methods.aem:aem",
        "alas": "lt_prune.methods.alas:alas",
        "atl": "lt_prune.methods.alas:atl",
    },
)
