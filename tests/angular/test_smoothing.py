from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from lt_prune.angular import ActiveLabelAwareSmoothing, LabelAwareSmoothing, normalised

COUNTS = [100, 40, 10, 5]


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def softmax(row: list[float]) -> list[float]:
    powers = [math.exp(z) for z in row]
    return [power / sum(powers) for power in powers]


def g(values: list[float], form: str) -> list[float]:
    share = [(v - min(values)) / (max(values) - min(values)) for v in values]
    curve = {
        "linear": lambda x: x,
        "concave": lambda x: math.sin(math.pi * x / 2),
        "convex": lambda x: 1 + math.sin(1.5 * math.pi + math.pi * x / 2),
    }[form]
    return [curve(x) for x in share]


forms = pytest.mark.parametrize("form", ["concave", "linear", "convex"])


@forms
def test_normalised_is_the_form_of_the_share(form):
    np.testing.assert_allclose(normalised(torch.tensor(COUNTS, dtype=torch.float64), form), g(COUNTS, form), atol=1e-15)


@forms
def test_constant_values_are_normalised_to_0(form):
    assert normalised(torch.full((3,), 7.0), form).tolist() == [0, 0, 0]


def test_another_form_is_refused():
    with pytest.raises(ValueError, match="form must be concave, linear, convex, not 'sine'"):
        normalised(torch.tensor([1.0, 2.0]), "sine")


@forms
def test_las_spreads_to_the_other_classes(form):
    logits, labels = draw(6, 4), [0, 1, 2, 3, 0, 2]
    smoothing = [0.05 + (0.4 - 0.05) * x for x in g(COUNTS, form)]
    total = 0.0
    for row, y in zip(logits.tolist(), labels):
        p = softmax(row)
        q = [1 - smoothing[y] if i == y else smoothing[y] / 3 for i in range(4)]
        total -= sum(q_i * math.log(p_i) for q_i, p_i in zip(q, p)) / 6
    las = LabelAwareSmoothing(COUNTS, smooth_head=0.4, smooth_tail=0.05, form=form)
    assert las(logits, torch.tensor(labels)).item() == pytest.approx(total, rel=1e-6)


def test_the_reference_form_weighs_the_mean_of_all_log_probabilities():
    logits, labels = draw(6, 4), [0, 1, 2, 3, 0, 2]
    smoothing = [0.3 * x for x in g(COUNTS, "concave")]
    total = 0.0
    for row, y in zip(logits.tolist(), labels):
        log_p = [math.log(p) for p in softmax(row)]
        total -= ((1 - smoothing[y]) * log_p[y] + smoothing[y] * sum(log_p) / 4) / 6
    las = LabelAwareSmoothing(COUNTS, smooth_head=0.3, spread="all")
    assert las(logits, torch.tensor(labels)).item() == pytest.approx(total, rel=1e-6)


def test_by_default_heads_are_smoothed_by_three_tenths_and_tails_by_none():
    found = LabelAwareSmoothing(COUNTS).smoothing.tolist()
    assert found == pytest.approx([0.3 * x for x in g(COUNTS, "concave")], rel=1e-6)


@forms
def test_smoothing_is_rounded_to_float32_once(form):
    counts = [round(5000 * 100 ** (-c / 99)) for c in range(100)]
    exact = [0.3 * x for x in g(counts, form)]
    assert LabelAwareSmoothing(counts, form=form).smoothing.tolist() == np.float32(exact).tolist()


def test_las_without_smoothing_is_cross_entropy():
    logits, labels = draw(6, 4), torch.tensor([0, 1, 2, 3, 0, 2])
    las = LabelAwareSmoothing(COUNTS, smooth_head=0.0, smooth_tail=0.0)
    torch.testing.assert_close(las(logits, labels), torch.nn.functional.cross_entropy(logits, labels))


def plain_alas(batches, tau: float, form: str) -> tuple[list[float], list[float]]:
    """Losses and the rate at the end, for linear logits equal to the angular ones."""
    rate, losses = g(COUNTS, form), []
    for logits, labels in batches:
        p = [softmax(row) for row in logits.tolist()]
        confidence = [sum(row[y] for row in p) / len(p) for y in range(4)]
        rate = [min((tau * c + r) / 2, 1.0) for c, r in zip(g(confidence, form), rate)]
        losses.append(-sum((1 - rate[y]) * math.log(row[y]) for row, y in zip(p, labels)) / len(labels))
    return losses, rate


@pytest.mark.parametrize("form", ["concave", "linear"])
@pytest.mark.parametrize("tau", [0.25, 1.25])
def test_alas_is_the_plain_loop(form, tau):
    batches = [(draw(5, 4, seed=seed), [0, 1, 2, 3, seed % 4]) for seed in range(4)]
    alas = ActiveLabelAwareSmoothing(COUNTS, tau=tau, form=form)
    found = [alas(logits, torch.tensor(labels)).item() for logits, labels in batches]
    losses, rate = plain_alas(batches, tau, form)
    assert found == pytest.approx(losses, rel=1e-6)
    assert alas.rate.tolist() == pytest.approx(rate, rel=1e-6)


def test_by_default_the_rate_goes_half_the_way_to_three_quarters_of_the_confidence():
    batch = draw(5, 4), [0, 1, 2, 3, 0]
    alas = ActiveLabelAwareSmoothing(COUNTS)
    losses, rate = plain_alas([batch], 0.75, "concave")
    assert alas(batch[0], torch.tensor(batch[1])).item() == pytest.approx(losses[0], rel=1e-6)
    assert alas.rate.tolist() == pytest.approx(rate, rel=1e-6)


@forms
def test_the_rate_at_the_start_is_rounded_to_float32_once(form):
    counts = [round(5000 * 100 ** (-c / 99)) for c in range(100)]
    assert ActiveLabelAwareSmoothing(counts, form=form).rate.tolist() == np.float32(g(counts, form)).tolist()


@pytest.mark.parametrize("update", ["batch", "epoch"])
def test_no_gradient_flows_through_the_rate(update):
    logits, labels = draw(5, 4).requires_grad_(), torch.tensor([0, 1, 2, 3, 0])
    alas = ActiveLabelAwareSmoothing(COUNTS, update=update)
    alas(logits, labels).backward()
    # d/dz of -(1 - R_y) log p_y is (1 - R_y) (p - onehot), with R as it then was.
    weight = (1 - alas.rate[labels].double())[:, None]
    expected = weight * (torch.softmax(logits.detach(), dim=1) - torch.eye(4, dtype=torch.float64)[labels]) / 5
    torch.testing.assert_close(logits.grad, expected, rtol=1e-6, atol=1e-9)
    alas.end_epoch()
    assert not any(buffer.requires_grad for buffer in alas.buffers())


def test_alas_starts_from_the_counts():
    assert ActiveLabelAwareSmoothing(COUNTS).rate.tolist() == pytest.approx(g(COUNTS, "concave"), rel=1e-6)


def test_the_rate_follows_the_angular_logits_where_they_are_given():
    logits, angular, labels = draw(5, 4), draw(5, 4, seed=9), torch.tensor([0, 1, 2, 3, 0])
    both, alone = ActiveLabelAwareSmoothing(COUNTS), ActiveLabelAwareSmoothing(COUNTS)
    found = both(logits, labels, angular)
    alone(angular, labels)
    assert both.rate.tolist() == alone.rate.tolist()
    p = torch.softmax(logits, dim=1)[range(5), labels]
    expected = -((1 - alone.rate[labels]) * p.log()).mean()
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)


def test_a_rate_updated_by_epoch_moves_at_its_end_by_the_mean_of_the_samples():
    batches = [(draw(size, 4, seed=size), torch.zeros(size, dtype=torch.int64)) for size in (5, 2)]
    alas = ActiveLabelAwareSmoothing(COUNTS, tau=0.5, update="epoch")
    before = alas.rate.tolist()
    for logits, labels in batches:
        alas(logits, labels)
        assert alas.rate.tolist() == before
    alas.end_epoch()
    p = torch.cat([torch.softmax(logits, dim=1) for logits, _ in batches]).mean(dim=0)
    expected = [(0.5 * c + r) / 2 for c, r in zip(g(p.tolist(), "concave"), before)]
    assert alas.rate.tolist() == pytest.approx(expected, rel=1e-6)


def test_each_epoch_counts_by_itself():
    alas = ActiveLabelAwareSmoothing(COUNTS, tau=0.5, update="epoch")
    rate = alas.rate.tolist()
    for seed in range(3):
        logits = draw(5, 4, seed=seed)
        alas(logits, torch.zeros(5, dtype=torch.int64))
        alas.end_epoch()
        rate = [(0.5 * c + r) / 2 for c, r in zip(g(torch.softmax(logits, dim=1).mean(dim=0).tolist(), "concave"), rate)]
        assert alas.rate.tolist() == pytest.approx(rate, rel=1e-6)


def test_an_epoch_without_a_batch_is_one_without_confidence():
    alas = ActiveLabelAwareSmoothing(COUNTS, update="epoch")
    alas.end_epoch()
    assert alas.rate.tolist() == pytest.approx([r / 2 for r in g(COUNTS, "concave")], rel=1e-6)


def test_an_epoch_forgets_no_sample_however_many_it_has():
    alas = ActiveLabelAwareSmoothing(COUNTS, update="epoch")
    so_far = torch.full((4,), 2.0**24, dtype=torch.float64)  # above, float32 knows no odd numbers
    alas.load_state_dict({**alas.state_dict(), "_sum": so_far})
    alas(torch.zeros(6, 4), torch.zeros(6, dtype=torch.int64))
    assert (alas.state_dict()["_sum"] - so_far).tolist() == [1.5] * 4


@pytest.mark.parametrize("tau", [0.0, 0.25, 1.0, 1.25, 2.0])
@pytest.mark.parametrize("update", ["batch", "epoch"])
def test_the_rate_stays_in_0_and_1(tau, update):
    alas = ActiveLabelAwareSmoothing(COUNTS, tau=tau, update=update)
    for seed in range(50):
        alas(draw(3, 4, seed=seed) * 20, torch.tensor([0, 1, 2]))
        alas.end_epoch()
        assert 0 <= alas.rate.min() <= alas.rate.max() <= 1


def test_no_class_gets_a_negative_weight():
    # Always most confident in class 0: R_0 = (1.25 * 1 + R_0) / 2 would tend to 1.25.
    alas, logits = ActiveLabelAwareSmoothing(COUNTS, tau=1.25), torch.tensor([[9.0, 0.0, 0.0, 0.0]])
    losses = [alas(logits, torch.tensor([0])).item() for _ in range(20)]
    assert alas.rate[0] == 1
    assert losses[-1] == 0
    assert min(losses) >= 0


@pytest.mark.parametrize("tau", [-0.01, 2.01, float("nan")])
def test_a_tau_that_no_rate_can_follow_is_refused(tau):
    with pytest.raises(ValueError, match=r"tau must be in \[0, 2\], not"):
        ActiveLabelAwareSmoothing(COUNTS, tau=tau)


def test_evaluation_moves_no_rate():
    alas = ActiveLabelAwareSmoothing(COUNTS).eval()
    alas(draw(3, 4), torch.tensor([0, 1, 2]))
    assert alas.rate.tolist() == ActiveLabelAwareSmoothing(COUNTS).rate.tolist()


def makers():
    return [
        pytest.param(lambda counts: LabelAwareSmoothing(counts), id="las"),
        pytest.param(lambda counts: LabelAwareSmoothing(counts, spread="all"), id="las, all"),
        pytest.param(lambda counts: ActiveLabelAwareSmoothing(counts), id="alas"),
    ]


@pytest.mark.parametrize("make", makers())
def test_balanced_counts_give_a_number(make):
    loss = make([7, 7, 7, 7])
    assert loss(torch.zeros(3, 4), torch.tensor([0, 1, 2])).isfinite()


@pytest.mark.parametrize("make", makers())
def test_soft_targets_are_the_mean_of_hard_ones(make):
    logits, first, second = draw(3, 4), torch.tensor([0, 1, 2]), torch.tensor([3, 1, 0])
    one_hot = [torch.nn.functional.one_hot(labels, 4).double() for labels in (first, second)]
    loss = make(COUNTS).eval()
    mixed = loss(logits, 0.3 * one_hot[0] + 0.7 * one_hot[1])
    torch.testing.assert_close(mixed, 0.3 * loss(logits, first) + 0.7 * loss(logits, second))


@pytest.mark.parametrize("make", makers())
def test_permuting_classes_changes_nothing(make):
    order = torch.tensor([2, 0, 3, 1])
    logits, labels = draw(5, 4), torch.tensor([0, 1, 2, 3, 1])
    permuted = make([COUNTS[i] for i in order])(logits[:, order], torch.argsort(order)[labels])
    torch.testing.assert_close(permuted, make(COUNTS)(logits, labels))


@pytest.mark.parametrize("make", makers())
def test_gradients_are_those_of_finite_differences(make):
    loss = make(COUNTS).double().eval()
    labels = torch.tensor([0, 1, 2, 3])
    assert torch.autograd.gradcheck(lambda z: loss(z, labels), draw(4, 4).requires_grad_())


@pytest.mark.parametrize("make", makers())
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(make, dtype):
    logits, labels = draw(5, 4).to(dtype), torch.tensor([0, 1, 2, 3, 1])
    found = make(COUNTS)(logits, labels)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, make(COUNTS)(logits.float(), labels))


@pytest.mark.parametrize(
    "make",
    [
        lambda: LabelAwareSmoothing(COUNTS, spread="some"),
        lambda: LabelAwareSmoothing(COUNTS, form="round"),
        lambda: ActiveLabelAwareSmoothing(COUNTS, update="year"),
    ],
)
def test_unknown_choices_are_refused(make):
    with pytest.raises(ValueError, match="must be"):
        make()
