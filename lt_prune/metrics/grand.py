"""GraNd: the norm of the loss's gradient with respect to all parameters, sample by sample."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor
from torch.func import functional_call, grad, vmap
from torch.nn import functional as F

from lt_prune.metrics import metric
from lt_prune.metrics.probe import Probe
from lt_prune.models.network import Network

_HELD = 2**24
"""Numbers of gradients held at once: 64 MiB."""


@metric(
    higher_is_harder=True,
    equation="||grad_theta -log p_y||_2 over all parameters that are trained",
    paper="Paul et al. 2021, Definition 2.1",
    needs="network",
    unasked=0,  # a backward pass a sample, each with gradients of its own
)
def grand(probe: Probe, labels: Tensor) -> Tensor:
    """Exactly, by `torch.func`, in evaluation mode; parameters that are frozen take no part.

    Variants: `grand-last` is of the classifier alone, and costs no pass of its own.

    Args:
        probe: a trained network, and B samples.
        labels: int64 (B,).

    Returns:
        (B,).
    """
    network = probe.network
    trained = {name: each.detach() for name, each in network.named_parameters() if each.requires_grad}
    at_once = max(1, _HELD // sum(each.numel() for each in trained.values()))
    parts = zip(torch.split(probe.samples, at_once), torch.split(labels, at_once))
    return torch.cat([_norms(network, trained, *part) for part in parts])


def _norms(network: Network, trained: dict[str, Tensor], samples: Tensor, labels: Tensor) -> Tensor:
    def loss(parameters: dict[str, Tensor], sample: Tensor, label: Tensor) -> Tensor:
        return F.cross_entropy(functional_call(network, parameters, (sample[None],)).logits, label[None])

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "There is a performance drop")  # which torch says of a batch of one
        gradients = vmap(grad(loss), in_dims=(None, 0, 0))(trained, samples, labels)
    norms = [torch.linalg.vector_norm(each.flatten(1), dim=1) for each in gradients.values()]
    norm: Tensor = torch.linalg.vector_norm(torch.stack(norms), dim=0)
    return norm
