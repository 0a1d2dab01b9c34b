from __future__ import annotations

import numpy as np
import pytest
import torch

from lt_prune.models import find_model
from lt_prune.models.network import Network, Outputs, build_network, joined


def small(seed: int = 0, channels: int = 3) -> Network:
    return build_network(find_model("resnet8"), (8, 8, channels), n_classes=4, seed=seed)


def pixels_of(n: int = 50, channels: int = 3) -> np.ndarray:
    """Images whose channels differ in mean and deviation."""
    random = np.random.default_rng(0)
    values = random.normal(60 + 60 * np.arange(channels), 10 + 10 * np.arange(channels), (n, 8, 8, channels))
    return values.clip(0, 255).astype(np.uint8)


def as_batch(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels).permute(0, 3, 1, 2)


def test_the_same_seed_gives_the_same_weights():
    first, second = small(), small()
    assert all(torch.equal(*pair) for pair in zip(first.state_dict().values(), second.state_dict().values()))


def test_weights_do_not_depend_on_the_global_seed():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        first = small()
        torch.manual_seed(2)
        second = small()
    assert all(torch.equal(*pair) for pair in zip(first.parameters(), second.parameters()))


def test_another_seed_gives_other_weights():
    first, second = small(seed=0), small(seed=1)
    assert not torch.equal(first.classifier.weight, second.classifier.weight)
    assert not torch.equal(first.backbone[0].weight, second.backbone[0].weight)


def test_building_leaves_the_global_random_state_as_it_was():
    before = torch.get_rng_state()
    small()
    assert torch.equal(torch.get_rng_state(), before)


def test_building_leaves_the_random_states_of_gpus_as_they_were(monkeypatch):
    touched = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", touched.append)
    monkeypatch.setattr(torch.cuda, "manual_seed", touched.append)
    small()
    assert not touched


@pytest.mark.parametrize("channels", [1, 3])
def test_normalisation_is_the_mean_and_deviation_of_each_channel(channels):
    network, pixels = small(channels=channels), pixels_of(channels=channels)
    network.normalise_by(pixels)
    values = pixels.astype(np.float64)
    np.testing.assert_allclose(network.mean.ravel(), values.mean((0, 1, 2)), rtol=1e-6)
    np.testing.assert_allclose(network.std.ravel(), values.std((0, 1, 2)), rtol=1e-6)


def test_the_backbone_sees_normalised_pixels():
    network, seen = small(), []
    network.normalise_by(pixels_of())
    network.backbone.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    network(as_batch(pixels_of()))
    np.testing.assert_allclose(seen[0].mean((0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(seen[0].std((0, 2, 3), correction=0), 1, atol=1e-5)


def test_a_constant_channel_divides_by_no_zero():
    network, pixels = small().eval(), pixels_of()
    pixels[..., 1] = 77
    network.normalise_by(pixels)
    assert network.mean[1].item() == 77
    assert network.std[1].item() > 0
    assert network(as_batch(pixels)).logits.isfinite().all()


def test_normalisation_is_saved_with_the_weights():
    trained, loaded = small(), small(seed=1)
    trained.normalise_by(pixels_of())
    loaded.load_state_dict(trained.state_dict())
    batch = as_batch(pixels_of())
    assert torch.equal(loaded.eval()(batch).logits, trained.eval()(batch).logits)
    assert loaded.mean.ravel().tolist() == trained.mean.ravel().tolist() != [0, 0, 0]


def test_normalisation_is_not_trained():
    assert {"mean", "std"} <= set(small().state_dict()) - {name for name, _ in small().named_parameters()}


def test_bytes_and_floats_are_the_same_pixels():
    network, batch = small().eval(), as_batch(pixels_of())
    assert torch.equal(network(batch).logits, network(batch.float()).logits)


def test_logits_are_features_times_weight_plus_bias():
    network = small().eval()
    network.normalise_by(pixels_of())
    network.classifier.bias.data = torch.tensor([-1.0, 0.5, 2.0, 7.0])
    out = network(as_batch(pixels_of()))
    expected = out.features.double() @ network.classifier.weight.double().T + network.classifier.bias.double()
    torch.testing.assert_close(out.logits.double(), expected, rtol=1e-5, atol=1e-5)


def test_outputs_have_a_row_an_image_and_the_classifiers_rows():
    network = small().eval()
    out = network(as_batch(pixels_of(5)))
    assert (out.features.shape, out.logits.shape) == ((5, 64), (5, 4))
    assert out.weight is network.classifier.weight


def test_outputs_say_what_the_logits_are_made_of():
    network = small().eval()
    with torch.no_grad():
        network.scale.copy_(torch.tensor([0.5, 1.0, 2.0, -1.0]))
        network.classifier.bias.copy_(torch.arange(4.0))
        outputs = network(as_batch(pixels_of()))
        made = outputs.features @ outputs.scaled_weight.T + outputs.scale * network.classifier.bias
    torch.testing.assert_close(outputs.logits, made)


def test_outputs_without_a_scale_have_the_rows_as_they_are():
    outputs = Outputs(torch.rand(2, 3), torch.rand(2, 4), torch.rand(4, 3))
    assert torch.equal(outputs.scaled_weight, outputs.weight)
    assert outputs.float().scale is None


@pytest.mark.parametrize("shape", [(), (3,), (2, 5)])
def test_parts_are_joined_as_torch_does(shape):
    parts = [torch.rand(n, *shape, dtype=torch.float64) for n in (4, 1, 6)]
    found = joined(iter(parts), 11)
    assert found.dtype == torch.float64
    assert torch.equal(found, torch.cat(parts))


@pytest.mark.parametrize("n", [1, 249, 250, 251, 600])
def test_outputs_are_split_in_batches_and_joined_again(n):
    outputs = Outputs(torch.rand(n, 3), torch.rand(n, 4), torch.rand(4, 3), torch.rand(4), torch.tensor(7))
    batches = list(outputs.split())
    assert [len(batch.logits) for batch in batches] == [250] * (n // 250) + [n % 250] * (n % 250 > 0)
    assert all(
        torch.equal(*pair)
        for pair in zip(vars(Outputs.joined(iter(batches), len(outputs.logits))).values(), vars(outputs).values())
    )
