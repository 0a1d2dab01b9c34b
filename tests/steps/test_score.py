from __future__ import annotations

import subprocess
import sys
from functools import cached_property
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

import lt_prune as lp
import lt_prune.steps.score as step
from lt_prune.data.assemble import assemble
from lt_prune.data.cut import Cut
from lt_prune.data.sources import Source
from lt_prune.engine import scoring, session
from lt_prune.engine.member import Member
from lt_prune.errors import ArgumentError, FileError, MemberError, MismatchError, UnknownNameError
from lt_prune.metrics import METRICS, metric
from lt_prune.metrics.features import Features
from lt_prune.progress import ALL_RUNS
from lt_prune.registry import Registry
from lt_prune.steps import ensemble, kept

SMALL = {"epochs": 1, "model": "resnet8", "batch_size": 16, "compute": lp.Compute(device="cpu"), "members": 2}


UNASKED = [name for name in METRICS.names if METRICS.load(name).is_cheap(45)]


def score(data, **options):
    return lp.score(data, **{**SMALL, **options})


def assert_same_scores(first: lp.ScoreSet, second: lp.ScoreSet) -> None:
    assert first.seeds == second.seeds
    assert set(first.metrics) == set(second.metrics)
    for name in first.metrics:
        assert np.array_equal(first.metrics[name].per_member, second.metrics[name].per_member)
    assert np.array_equal(first.train_accuracy, second.train_accuracy)


@pytest.fixture
def trainings(monkeypatch) -> list[int]:
    """Seeds of the networks that were asked for, in order."""
    asked = []
    original = session.training

    def counted(run, *args, **options):
        asked.append(run.seed)
        return original(run, *args, **options)

    monkeypatch.setattr(session, "training", counted)
    return asked


@pytest.fixture
def later(monkeypatch) -> None:
    """From now on there is a metric "later": the length of the feature, low being hard."""
    plugin = ModuleType("later_metric")
    plugin.later = metric(higher_is_harder=False, equation="||phi||")(lambda outputs, labels: outputs.features.norm(dim=1))
    monkeypatch.setitem(sys.modules, "later_metric", plugin)
    only(monkeypatch, {**METRICS._own, "later": "later_metric:later"})


def only(monkeypatch, members: dict[str, str]) -> None:
    """From now on there are these metrics and no others."""
    registry = Registry("metric", "lt_prune.no_such_group", members)
    for module in (step, ensemble, kept, scoring):
        monkeypatch.setattr(module, "METRICS", registry)


def test_every_metric_that_costs_little_has_a_row_a_member_and_a_column_a_sample(blobs):
    scores = score(blobs())
    assert list(scores.metrics) == UNASKED
    assert {*METRICS.names} - {*UNASKED} == {"grand", "near-test", "label-noise"}
    assert {m.per_member.shape for m in scores.metrics.values()} == {(2, 45)}
    assert {m.per_member.dtype for m in scores.metrics.values()} == {np.dtype("float32")}


def test_scores_carry_what_their_metric_declares(blobs):
    scores = score(blobs(), members=1)
    for name in UNASKED:
        declared = METRICS.load(name)
        stored = scores.metrics[name]
        assert (stored.higher_is_harder, stored.equation) == (declared.higher_is_harder, declared.equation)


def test_scores_joined_by_id_do_not_depend_on_the_order_of_the_source(blobs):
    data, shuffled = blobs(), blobs(order=np.random.default_rng(5).permutation(45))
    assert data.index.source_index.tolist() != shuffled.index.source_index.tolist()
    first, second = score(data), score(shuffled)
    for name in UNASKED:
        ours, theirs = (dict(zip(s.index.ids, s.metrics[name].per_member.T.tolist())) for s in (first, second))
        assert ours == theirs


def test_the_same_call_gives_the_same_scores(blobs):
    assert_same_scores(score(blobs()), score(blobs()))


def test_members_differ_in_seed_and_scores(blobs):
    scores = score(blobs(), members=3, epochs=3)  # which all that moves in training needs
    assert len(set(scores.seeds)) == 3
    for of_metric in scores.metrics.values():
        assert len(np.unique(of_metric.per_member, axis=0)) == 3


def test_another_seed_names_another_ensemble(blobs):
    assert not set(score(blobs(), seed=0).seeds) & set(score(blobs(), seed=1).seeds)


def test_a_member_does_not_depend_on_how_many_there_are(blobs):
    one, three = score(blobs(), members=1), score(blobs(), members=3)
    for name in UNASKED:
        assert np.array_equal(one.metrics[name].per_member[0], three.metrics[name].per_member[0])


def test_mean_and_std_are_those_of_numpy(blobs):
    for of_metric in score(blobs(), members=3, epochs=3).metrics.values():
        values = of_metric.per_member.astype(np.float64)
        np.testing.assert_allclose(of_metric.mean, values.mean(0), rtol=1e-6)
        np.testing.assert_allclose(of_metric.std, values.std(0), rtol=1e-5, atol=1e-9)
        assert of_metric.std.max() > 0


def test_the_std_of_one_member_is_0(blobs):
    assert not score(blobs(), members=1).metric("avh").std.any()


def test_training_makes_most_samples_easy(blobs):
    scores = score(blobs(), members=1, epochs=8)
    assert scores.train_accuracy[0] > 0.8
    assert scores.metric("el2n").mean.mean() < score(blobs(), members=1).metric("el2n").mean.mean()


def test_members_are_trained_by_the_short_recipe(blobs):
    recipe = lp.score(blobs(), members=1, model="resnet8", epochs=1, compute=lp.Compute(device="cpu")).recipe
    assert (recipe.warmup, recipe.schedule, recipe.lr, recipe.batch_size) == (1, "cosine", 0.1, 128)
    assert (recipe.weight_decay, recipe.mixup, recipe.padding, recipe.flip) == (5e-4, 0, 1, True)


def test_without_out_nothing_is_written(blobs, in_tmp):
    score(blobs(), members=1)
    assert list(in_tmp.iterdir()) == []


def test_what_is_written_reads_back_whole(blobs, in_tmp):
    scores = score(blobs(), out="scores/mine.h5")
    again = lp.read_scores("scores/mine.h5")
    assert_same_scores(again, scores)
    assert again.recipe == scores.recipe
    assert again.index.digest == blobs().index.digest
    assert again.seconds.tolist() == scores.seconds.tolist()


def test_the_same_call_again_trains_nothing_and_leaves_the_file_as_it_is(blobs, in_tmp, trainings):
    first = score(blobs(), out="mine.h5")
    content = Path("mine.h5").read_bytes()
    trainings.clear()
    assert_same_scores(score(blobs(), out="mine.h5"), first)
    assert trainings == []
    assert Path("mine.h5").read_bytes() == content


def test_adding_members_trains_only_the_new_ones_and_keeps_the_old_rows(blobs, in_tmp, trainings):
    before = score(blobs(), members=2, out="mine.h5")
    trainings.clear()
    after = score(blobs(), members=4, out="mine.h5")
    assert tuple(trainings) == after.seeds[2:]
    for name in UNASKED:
        assert np.array_equal(after.metrics[name].per_member[:2], before.metrics[name].per_member)
    assert after.seconds[:2].tolist() == before.seconds.tolist()
    assert_same_scores(after, score(blobs(), members=4))


def test_asking_for_fewer_members_keeps_those_there_are(blobs, in_tmp, trainings):
    score(blobs(), members=3, out="mine.h5")
    trainings.clear()
    assert len(score(blobs(), members=1, out="mine.h5").seeds) == 3
    assert trainings == []


def test_members_are_added_by_id_to_a_file_of_another_order(blobs, in_tmp):
    score(blobs(), members=1, out="mine.h5")
    shuffled = blobs(order=np.random.default_rng(5).permutation(45))
    assert_same_scores(score(shuffled, members=2, out="mine.h5"), score(blobs(), members=2))


def test_a_metric_registered_later_is_read_off_the_kept_weights(blobs, in_tmp, request):
    before = score(blobs(), members=2, epochs=2, out="mine.h5")
    request.getfixturevalue("later")
    seen = []
    watch = lambda what, done, total: seen.append(done) if what != ALL_RUNS else None  # noqa: E731
    after = score(blobs(), members=2, epochs=2, out="mine.h5", metric="later", progress=watch)
    assert set(seen) == {2}  # no member was at an epoch before its last
    assert after.seeds == before.seeds
    assert after.metric("later").per_member.shape == (2, 45)
    for name in before.metrics:
        assert np.array_equal(after.metrics[name].per_member, before.metrics[name].per_member)


def test_a_metric_registered_later_is_as_if_it_had_been_there(blobs, in_tmp, request):
    score(blobs(), members=1, out="mine.h5")
    request.getfixturevalue("later")
    added = score(blobs(), members=2, out="mine.h5", metric="later").metric("later")
    at_once = score(blobs(), members=2, metric="later").metric("later")
    assert np.array_equal(added.per_member, at_once.per_member)
    assert (added.higher_is_harder, added.equation) == (False, "||phi||")
    assert len(lp.read_scores("mine.h5").metric("later").per_member) == 2


def test_a_metric_registered_later_is_added_where_the_weights_are_gone(blobs, in_tmp, request):
    before = score(blobs(), members=1, out="mine.h5")
    for weights in Path("mine.members").glob("*.pt"):
        weights.unlink()
    request.getfixturevalue("later")
    after = score(blobs(), members=1, out="mine.h5", metric="later")
    assert after.seeds == before.seeds
    assert len(after.train_accuracy) == len(after.seconds) == 1
    assert after.metric("later").per_member.shape == (1, 45)


def test_a_metric_that_costs_much_is_scored_by_where_it_is_named(blobs, in_tmp):
    before = score(blobs(), out="mine.h5")
    assert "grand" not in before.metrics
    after = score(blobs(), metric="grand", out="mine.h5")
    assert after.seeds == before.seeds
    assert np.array_equal(after.metric("grand").per_member, score(blobs(), metric="grand").metric("grand").per_member)


def test_a_metric_says_of_how_large_sets_it_is_computed_unasked(blobs):
    for name, most in (("small", 44), ("large", 45)):
        lp.register("metric", name, metric(higher_is_harder=True, equation="none", unasked=most)(by_label))
    assert {"small", "large"} & {*score(blobs()).metrics} == {"large"}
    assert {"small", "large"} < {*score(blobs(), metric="small").metrics}


def by_label(outputs, labels):
    return labels.float()


def test_a_file_is_only_added_to_by_what_is_named(blobs, in_tmp, monkeypatch):
    """As one of a version that had fewer metrics."""
    with monkeypatch.context() as earlier:
        only(earlier, {name: METRICS._own[name] for name in ("el2n", "avh")})
        before = score(blobs(), members=1, out="mine.h5")
    assert list(before.metrics) == ["el2n", "avh"]
    after = score(blobs(), members=2, metric="margin", out="mine.h5")
    assert sorted(after.metrics) == ["avh", "el2n", "margin"]


OF_FEATURES = [name for name in METRICS.names if METRICS.load(name).needs == "features"]


@pytest.fixture
def embeddings():
    """A set of 60 embeddings of 6 numbers in 3 classes."""
    random = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [40, 15, 5])
    values = (random.normal(0, 1, (60, 6)) + 2 * labels[:, None]).astype(np.float32)
    names = ("a", "b", "c")
    source = Source(pixels=values, labels=labels, test_pixels=values[:0], test_labels=labels[:0], class_names=names)
    return assemble(source, Cut(profile="none"), name="mine", spec="mine")


def test_embeddings_are_scored_as_they_are_and_once(embeddings, monkeypatch):
    asked = []
    original = Member.features.func
    counted = cached_property(lambda self: (asked.append(1), original(self))[1])
    counted.__set_name__(Member, "features")
    monkeypatch.setattr(Member, "features", counted)
    scores = lp.score(embeddings, members=3, epochs=2, compute=lp.Compute(device="cpu"))
    features, labels = Features(torch.from_numpy(embeddings.pixels)), torch.from_numpy(embeddings.index.labels)
    for name in OF_FEATURES:
        expected = METRICS.load(name)(features, labels).float().numpy()
        assert np.array_equal(scores.metric(name).per_member, np.tile(expected, (3, 1)))
    assert asked == [1]


def test_members_that_are_added_have_the_same_scores_of_embeddings(embeddings, in_tmp):
    small = {"epochs": 2, "compute": lp.Compute(device="cpu")}
    lp.score(embeddings, members=1, out="mine.h5", **small)
    added = lp.score(embeddings, members=3, metric="typicality", out="mine.h5", **small)
    assert_same_scores(added, lp.score(embeddings, members=3, **small))


def test_images_are_scored_by_the_features_of_each_member_in_evaluation_mode(blobs, in_tmp):
    from lt_prune.models import find_model
    from lt_prune.models.network import build_network
    from lt_prune.store.weights import read_weights

    data = blobs()
    scores = score(data, members=1, out="mine.h5")
    network = build_network(find_model("resnet8"), (8, 8, 3), n_classes=4, seed=0)
    network.load_state_dict(read_weights(Path(f"mine.members/{scores.seeds[0]}.pt"), torch.device("cpu"))["network"])
    with torch.no_grad():
        values = network.eval().features(torch.from_numpy(data.pixels).permute(0, 3, 1, 2))
    for name in ("class-median", "knn-density", "typicality"):
        expected = METRICS.load(name)(Features(values), torch.from_numpy(data.index.labels))
        np.testing.assert_allclose(scores.metric(name).per_member[0], expected, rtol=1e-3)


@pytest.mark.parametrize("needs", ["features", "network"])
def test_a_metric_that_is_not_finite_is_refused_whatever_it_needs(blobs, needs):
    broken = metric(higher_is_harder=True, equation="none", needs=needs)(lambda of, labels: labels * torch.inf)
    lp.register("metric", "mine", broken)
    with pytest.raises(MemberError, match=r"^metric 'mine' must give finite numbers, and those of 45 samples in a "):
        score(blobs(), metric="mine", members=1)


class StoppedError(Exception):
    pass


@pytest.mark.parametrize("stop_at", [("member 1 of 2", 1), ("member 2 of 2", 0), ("member 2 of 2", 2)])
def test_an_interrupted_ensemble_ends_as_an_uninterrupted_one(blobs, in_tmp, stop_at):
    def stop(what, done, total):
        if (what, done) == stop_at:
            raise StoppedError

    with pytest.raises(StoppedError):
        score(blobs(), epochs=2, out="mine.h5", progress=stop)
    assert not Path("mine.h5").exists()
    assert_same_scores(score(blobs(), epochs=2, out="mine.h5"), score(blobs(), epochs=2))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"epochs": 2}, "epochs 1, not 2"),
        ({"lr": 0.05}, "lr 0.1, not 0.05"),
        ({"seed": 1}, "seed 0, not 1"),
    ],
    ids=["epochs", "lr", "seed"],
)
def test_another_recipe_or_seed_is_refused(blobs, in_tmp, change, said):
    score(blobs(), members=1, out="mine.h5")
    content = Path("mine.h5").read_bytes()
    with pytest.raises(MismatchError, match=rf"mine.h5 was made with {said}.*--overwrite"):
        score(blobs(), out="mine.h5", **change)
    assert Path("mine.h5").read_bytes() == content


def test_other_data_is_refused_with_the_number_of_ids_that_match(blobs, in_tmp):
    score(blobs(), members=1, out="mine.h5")
    with pytest.raises(MismatchError, match="0 of its 45 sample ids are among the 45 of blobs"):
        score(blobs(seed=7), members=1, out="mine.h5")


def test_overwrite_starts_again(blobs, in_tmp, trainings):
    score(blobs(), members=2, out="mine.h5")
    trainings.clear()
    again = score(blobs(seed=7), members=1, seed=1, out="mine.h5", overwrite=True)
    assert tuple(trainings) == again.seeds * 2  # begun once before anything is removed, then trained
    assert len(again.seeds) == 1
    assert_same_scores(lp.read_scores("mine.h5"), again)
    assert [file.stem for file in Path("mine.members").glob("*.pt")] == [str(again.seeds[0])]


def test_a_damaged_file_is_refused(blobs, in_tmp):
    Path("mine.h5").write_bytes(b"lt-prune sha256=0\n")
    with pytest.raises(FileError, match=r"mine.h5 is damaged"):
        score(blobs(), out="mine.h5")


def test_an_unknown_metric_is_refused_before_training(blobs, trainings):
    with pytest.raises(UnknownNameError, match=r"unknown metric 'ahv' \(did you mean 'avh'\?\)"):
        score(blobs(), metric="ahv")
    assert trainings == []


@pytest.mark.parametrize("members", [0, -1])
def test_an_ensemble_has_a_member(blobs, members):
    with pytest.raises(ArgumentError, match=f"members must be at least 1, not {members}"):
        score(blobs(), members=members)


def test_progress_counts_every_epoch_of_every_member(blobs):
    seen = []
    score(blobs(), epochs=2, progress=lambda what, done, total: seen.append((what, done, total)))
    overall = [each for each in seen if each[0] == ALL_RUNS]
    assert overall == [(ALL_RUNS, 45 * done, 180) for done in (0, 1, 2, 2, 3, 4)]
    assert [each for each in seen if each not in overall] == [
        (f"member {k} of 2", done, 2) for k in (1, 2) for done in (0, 1, 2)
    ]


def test_scores_are_those_of_the_kept_weights_in_evaluation_mode(blobs, in_tmp):
    from lt_prune.models import find_model
    from lt_prune.models.network import build_network
    from lt_prune.store.weights import read_weights

    data = blobs()
    scores = score(data, members=1, epochs=2, out="mine.h5")
    network = build_network(find_model("resnet8"), (8, 8, 3), n_classes=4, seed=0)
    network.load_state_dict(read_weights(Path(f"mine.members/{scores.seeds[0]}.pt"), torch.device("cpu"))["network"])
    with torch.no_grad():
        p = torch.softmax(network.eval()(torch.from_numpy(data.pixels).permute(0, 3, 1, 2)).logits.double(), 1).numpy()
    expected = np.linalg.norm(p - np.eye(4)[data.index.labels], axis=1)
    np.testing.assert_allclose(scores.metric("el2n").per_member[0], expected, atol=1e-5)
    assert scores.train_accuracy[0] == np.mean(p.argmax(1) == data.index.labels)


@pytest.mark.slow
def test_who_leaves_training_to_workers_does_not_load_torch(tmp_path):
    code = """
import sys, lt_prune as lp
scores = lp.score("digits", members=2, epochs=1, model="resnet8", compute=lp.Compute(device="cpu", workers=2))
assert scores.metric("avh").per_member.shape == (2, 503)
assert "torch" not in sys.modules, "it takes hundreds of megabytes"
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
