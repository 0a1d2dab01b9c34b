"""What a metric of the trained network itself gets."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from lt_prune.models.network import Network


@dataclass(frozen=True)
class Probe:
    """A trained network, and a batch of samples to ask it about."""

    network: Network
    """In evaluation mode, as it was trained, its batch normalisation not folded. It stays as it is."""
    samples: Tensor
    """(B, C, H, W) of images, (B, D) of embeddings, as the network takes them."""
