"""The models of timm (PyTorch Image Models), each without its classifier."""

from __future__ import annotations

from difflib import get_close_matches
from functools import partial

from lt_prune.models.model import Backbone, Library, Model, Normalisation


def _backbone(name: str, shape: tuple[int, ...]) -> Backbone:
    import timm

    module = timm.create_model(name, pretrained=False, num_classes=0)
    said = module.pretrained_cfg
    heads = said.get("classifier")
    return Backbone(
        module=module,
        n_features=getattr(module, "head_hidden_size", None) or module.num_features,
        channels=said["input_size"][0],
        size=said["input_size"][-1] if said.get("fixed_input_size") else None,
        pretrained=Normalisation(mean=tuple(said["mean"]), std=tuple(said["std"])),
        heads=(heads,) if isinstance(heads, str) else tuple(heads or ()),
    )


def _model(name: str) -> Model:
    try:
        import timm
    except ImportError:
        raise ValueError("is one of timm's, which is not installed: pip install 'lt-prune[timm]'") from None
    if not timm.is_model(name):
        near = ", ".join(get_close_matches(name, timm.list_models(), cutoff=0.0))
        raise ValueError(f"is none of timm's: the nearest are {near}")
    return Model(summary=f"timm's {name}", backbone=partial(_backbone, name), recipe={"lr": 0.01})


timm = Library(model=_model, example="timm:vit_small_patch16_224")
