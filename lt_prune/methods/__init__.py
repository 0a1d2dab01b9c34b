"""Training methods: a stage of one's own, or a second stage upon the stage of another method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lt_prune.methods.method import Method, Setting, Stage
from lt_prune.registry import Registry

if TYPE_CHECKING:
    from lt_prune.methods.loss import Loss

__all__ = ["METHODS", "Method", "Setting", "Stage", "make_loss"]

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


def make_loss(method: str, counts: Sequence[int], **settings: Any) -> Loss:
    """The loss of a method's stage; by name, so that who asks for it need not load torch."""
    return METHODS.load(method).stage.loss(counts, **settings)
