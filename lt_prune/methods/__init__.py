"""Training methods: a stage of one's own, or a second stage on the stage of another method."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lt_prune.config.recipe import Recipe
from lt_prune.errors import ArgumentError, LtPruneError, MemberError, shown
from lt_prune.methods.method import Method, Stage
from lt_prune.methods.parts import Batch, Forward, Stream
from lt_prune.methods.promised import broken_parts
from lt_prune.models.head import LINEAR, Head
from lt_prune.predictors import PREDICTORS
from lt_prune.registry import Registry, described
from lt_prune.runs import TrainSpec
from lt_prune.setting import Setting, require_own_names

if TYPE_CHECKING:
    from lt_prune.methods.loss import Loss

__all__ = [
    "METHODS",
    "Batch",
    "Forward",
    "Head",
    "Method",
    "Setting",
    "Stage",
    "Stream",
    "head_of",
    "make_loss",
    "predicting",
    "promised_loss",
    "require_head",
    "shared_settings",
]


def _accept(found: object) -> Method:
    """A method that keeps the promises which can be checked without training."""
    if not isinstance(found, Method):
        raise ValueError(f"must be a Method, not {shown(found)}")
    if found.prediction not in PREDICTORS.names:
        raise ValueError(f"must predict by {' or '.join(PREDICTORS.names)}, not {found.prediction!r}")
    if found.first is not None and (found.first not in METHODS.names or METHODS.load(found.first).first is not None):
        raise ValueError(f"must start from a method of one stage that there is, not {found.first!r}")
    fields = set(vars(Recipe()))
    if wrong := [name for name in (*found.stage.recipe, *found.stage.tuned) if name not in fields]:
        raise ValueError(f"must name fields of a recipe, and {wrong[0]!r} is none")
    if broken := broken_parts(found.stage):
        raise ValueError(broken)
    require_own_names(found.settings)
    if both := [name for name in found.stage.settings if name in found.stage.head.settings]:
        raise ValueError(f"must not call a setting of its loss {both[0]!r}, as its head has one of that name")
    if found.first and found.stage.head != LINEAR:
        raise ValueError(f"must leave out the head of its second stage, which has that of {found.first!r}")
    wanted = PREDICTORS.load(found.prediction).head
    if wanted and not wanted.is_kind_of(METHODS.load(found.first).stage.head if found.first else found.stage.head):
        raise ValueError(f"must not predict by {found.prediction!r}, which is for {wanted.summary}")
    if shared := shared_settings(found):
        raise ValueError(
            f"must not call a setting {shared[0]!r}, as its prediction {found.prediction!r} has one of that name"
        )
    return found


def shared_settings(method: Method) -> list[str]:
    """Names of settings of its predictor that a stage, or another predictor of the stage before, has too."""
    before = METHODS.load(method.first) if method.first else None
    taken = set(method.stage.every_setting) | set(before.stage.every_setting if before else ())
    if before and before.prediction != method.prediction:
        taken |= set(before.prediction_settings)
    return [name for name in method.prediction_settings if name in taken]


def predicting(name: str, prediction: str | None) -> Method:
    """The method of this name, predicting as it does (None) or by another predictor.

    Raises:
        UnknownNameError: there is no such method, or no such predictor.
        ArgumentError: the predictor has a setting of the name of one of the method's, so that neither could be told.
    """
    method = METHODS.load(name)
    if prediction is None:
        return method
    PREDICTORS.check(prediction)
    asked = replace(method, prediction=prediction)
    if shared := shared_settings(asked):
        raise ArgumentError(
            f"{shared[0]} is a setting of method {name!r} and of prediction {prediction!r}: train with another prediction, "
            f"and test by this one with `lt-prune evaluate --prediction {prediction}`"
        )
    return asked


def head_of(spec: TrainSpec) -> Head:
    """The head of a run's networks, with its settings: that of the method whose stage comes first. Of a method that there is
    not any more, such as a notebook's, it is taken to be linear."""
    first = spec.first or spec
    if first.method not in METHODS.names:
        return LINEAR
    return METHODS.load(first.method).stage.head.with_settings(first.settings)


def require_head(spec: TrainSpec, prediction: str) -> None:
    """Refuse a predictor that is for networks of another head than those of a run.

    Raises:
        ArgumentError: it is.
    """
    wanted, head = PREDICTORS.load(prediction).head, head_of(spec)
    if wanted and not wanted.is_kind_of(head):
        raise ArgumentError(
            f"prediction {prediction!r} is for networks with {wanted.summary}, and those of method "
            f"{(spec.first or spec).method!r} have {head.summary}: choose another prediction"
        )


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
        "tde": "lt_prune.methods.tde:tde",
        "bbn": "lt_prune.methods.bbn:bbn",
        "crt": "lt_prune.methods.decoupled:crt",
        "lws": "lt_prune.methods.decoupled:lws",
        "mislas": "lt_prune.methods.mislas:mislas",
        "l2a": "lt_prune.methods.l2a:l2a",
        "abs": "lt_prune.methods.abs:abs_",
        "aem": "lt_prune.methods.aem:aem",
        "alas": "lt_prune.methods.alas:alas",
        "atl": "lt_prune.methods.alas:atl",
    },
    _accept,
)


def promised_loss(
    method: str, make: Callable[..., Loss], counts: Sequence[int], settings: Mapping[str, Any], head: Head = LINEAR
) -> Loss:
    """The loss that a stage of `method` makes, tried on two samples first, as a head classifies them.

    Raises:
        MemberError: it is no `Loss`, fails, or does not give a finite mean, a tensor ().
    """
    from lt_prune.methods.loss import broken_promise

    try:
        loss = make(counts, **settings)
        broken = broken_promise(loss, len(counts), head)
    except LtPruneError:
        raise
    except Exception as error:
        raise MemberError(f"the loss of training method {method!r} fails: {described(error)}", method) from error
    if broken:
        raise MemberError(f"the loss of training method {method!r} {broken}", method)
    return loss


def make_loss(method: str, counts: Sequence[int], **settings: Any) -> Loss:
    """The loss of a method's stage; by name, so that the caller need not load torch."""
    return METHODS.load(method).stage.loss(counts, **settings)
