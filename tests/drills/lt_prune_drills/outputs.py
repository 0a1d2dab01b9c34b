"""The margin: how far the label's logit is above the largest other one (Pleiss et al. 2020, Eq. 1)."""

import torch

from lt_prune.metrics import metric


@metric(higher_is_harder=False, equation="z_y - max of the others, Pleiss et al. 2020, Eq. 1")
def margin(outputs, labels):
    logits = outputs.logits.float()
    own = logits.gather(1, labels[:, None])
    others = logits.scatter(1, labels[:, None], -torch.inf)
    return own.squeeze(1) - others.amax(dim=1)
