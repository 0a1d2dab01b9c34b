from __future__ import annotations

import hashlib
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import torch

from lt_prune.data.mixup import Mixup

N = 16


def mixup(pixels, target, alpha: float, seed: int, epoch: int, step: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Batches of N: the one of this step, blended."""
    bounds = [(k * N, (k + 1) * N) for k in range(step + 1)]
    return Mixup.draw(bounds, alpha, seed, epoch)(step, pixels, target)


def basis(seed: int = 0, epoch: int = 0, step: int = 0, alpha: float = 1.0) -> tuple[torch.Tensor, torch.Tensor]:
    """Mix images that are unit vectors with targets that are the same: a row then shows its own two shares."""
    unit = torch.eye(N)
    pixels, target = mixup(unit.reshape(N, 1, 4, 4), unit, alpha, seed, epoch, step)
    return pixels.reshape(N, N), target


def shares(alpha: float) -> list[float]:
    """The share of each batch's own images, over 400 steps."""
    drawn = Mixup.draw([(k * N, (k + 1) * N) for k in range(400)], alpha, seed=0, epoch=0)
    unit = torch.eye(N)
    return [drawn(step, unit.reshape(N, 1, 4, 4), unit)[1].diagonal().min().item() for step in range(400)]


def test_images_and_targets_are_blended_alike():
    pixels, target = basis()
    assert torch.equal(pixels, target)


def test_targets_sum_to_1():
    target = torch.softmax(torch.randn(N, 5, generator=torch.Generator().manual_seed(0)), 1)
    _, mixed = mixup(torch.zeros(N, 3, 4, 4), target, 1.0, 0, 0, 0)
    torch.testing.assert_close(mixed.sum(1), torch.ones(N))


def test_one_share_serves_the_whole_batch():
    mixed, _ = basis()
    own = mixed.diagonal()
    torch.testing.assert_close(own[own < 1], own[own < 1][:1].expand((own < 1).sum()))


def test_every_image_is_the_partner_of_one():
    mixed, _ = basis()
    torch.testing.assert_close(mixed.sum(0), torch.ones(N))


def test_blending_is_linear():
    random = torch.Generator().manual_seed(0)
    first, second = torch.rand(2, N, 3, 4, 4, generator=random)
    target = torch.eye(N)
    blended = [mixup(pixels, target, 1.0, 0, 0, 0)[0] for pixels in (first, second, 2 * first + 3 * second)]
    torch.testing.assert_close(blended[2], 2 * blended[0] + 3 * blended[1])


def test_bytes_are_blended_without_rounding_or_overflow():
    pixels = torch.randint(0, 256, (N, 3, 4, 4), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    weights, target = basis()
    mixed, _ = mixup(pixels, torch.eye(N), 1.0, 0, 0, 0)
    expected = np.einsum("ij,jchw->ichw", weights.double().numpy(), pixels.double().numpy())
    assert mixed.dtype == target.dtype == torch.float32
    np.testing.assert_allclose(mixed.numpy(), expected, atol=1e-3)


def test_the_given_tensors_are_left_alone():
    pixels, target = torch.ones(N, 1, 4, 4).cumsum(0), torch.eye(N)
    mixup(pixels, target, 1.0, 0, 0, 0)
    assert torch.equal(pixels, torch.ones(N, 1, 4, 4).cumsum(0))
    assert torch.equal(target, torch.eye(N))


def test_the_same_step_mixes_alike():
    assert torch.equal(basis(1, 2, 3)[0], basis(1, 2, 3)[0])


def test_the_draws_are_those_of_numpy_from_a_digest_of_the_steps_name():
    seed = int.from_bytes(hashlib.blake2b(b"1/mixup/2/3", digest_size=8).digest(), "little") // 2
    random = np.random.default_rng(seed)
    share, partner = random.beta(0.4, 0.4), random.permutation(N)
    expected = share * np.eye(N) + (1 - share) * np.eye(N)[partner]
    np.testing.assert_allclose(basis(1, 2, 3, alpha=0.4)[0].numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("other", [(2, 2, 3), (1, 3, 3), (1, 2, 4), (1, 3, 2)])
def test_another_seed_epoch_or_step_mixes_otherwise(other):
    assert not torch.equal(basis(1, 2, 3)[0], basis(*other)[0])


def test_batches_of_unequal_size_are_mixed_within_themselves():
    drawn = Mixup.draw([(0, 7), (7, 10)], 1.0, seed=0, epoch=0)
    for step, size in enumerate((7, 3)):
        _, mixed = drawn(step, torch.zeros(size, 1, 2, 2), torch.eye(size))
        torch.testing.assert_close(mixed.sum(0), torch.ones(size))


def test_what_was_drawn_goes_to_a_device_and_stays_as_it_is():
    drawn = Mixup.draw([(0, 7), (7, 10)], 1.0, seed=0, epoch=0)
    there = drawn.to(torch.device("meta"))
    assert there.partners.device.type == "meta"
    assert (there.bounds, there.shares) == (drawn.bounds, drawn.shares)
    with pytest.raises(FrozenInstanceError):
        drawn.shares = []


def test_global_generators_do_not_matter():
    torch.manual_seed(0)
    np.random.seed(0)
    first = basis()[0]
    torch.manual_seed(1)
    np.random.seed(1)
    assert torch.equal(first, basis()[0])


def test_shares_of_beta_1_1_are_uniform():
    found = np.sort(shares(alpha=1.0))
    distance = np.abs(found - (np.arange(400) + 0.5) / 400).max()
    assert distance < 0.098  # Kolmogorov-Smirnov at 400 draws and one in a thousand


def test_shares_of_a_small_alpha_lie_near_the_ends():
    # P(0.1 < share < 0.9) of Beta(0.2, 0.2) is 0.33, against 0.8 of the uniform.
    between = np.mean([0.1 < share < 0.9 for share in shares(alpha=0.2)])
    assert 0.22 < between < 0.44
