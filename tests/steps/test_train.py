from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import lt_prune as lp
import lt_prune.engine.testing as testing
from lt_prune.engine import session
from lt_prune.errors import ArgumentError, DataError, DivergenceError, FileError, MismatchError, UnknownNameError
from lt_prune.models import find_model
from lt_prune.models.network import build_network
from lt_prune.progress import ALL_RUNS
from lt_prune.store.results import write_json
from lt_prune.store.weights import read_weights, write_weights

SMALL = {"epochs": 2, "model": "resnet8", "batch_size": 16, "warmup": 0, "compute": lp.Compute(device="cpu")}


class StoppedError(Exception):
    pass


def train(data, **options) -> lp.TrainResult:
    return lp.train(data, **{**SMALL, **options})


def weights(folder: str) -> dict[str, torch.Tensor]:
    return read_weights(Path(folder) / "model.pt", torch.device("cpu"))["network"]


def assert_same_weights(first: str, second: str) -> None:
    ours, theirs = weights(first), weights(second)
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []


def half(data: lp.LongTailedSet, seed: int = 0) -> lp.Subset:
    return lp.prune(data, ratio=0.5, strategy="random", seed=seed)


@pytest.fixture
def trainings(monkeypatch) -> list[int]:
    """How many samples each network asked for was to be trained on."""
    asked = []
    original = session.training

    def counted(run, *args, **options):
        asked.append(len(run.rows))
        return original(run, *args, **options)

    monkeypatch.setattr(session, "training", counted)
    return asked


def test_the_result_says_what_was_done(blobs):
    data = blobs()
    result = train(data, seed=5)
    assert (result.name, result.method, result.seed) == ("blobs", "ce", 5)
    assert (result.spec.prediction, result.spec.arithmetic.device) == ("linear", "cpu")
    assert (result.n_train, result.class_counts) == (45, (24, 12, 6, 3))
    assert (result.spec.data_digest, result.subset, result.spec.subset_digest) == (data.index.digest, None, None)
    assert result.evaluation.n_test == 40
    assert len(result.loss) == 2
    assert result.seconds > 0
    assert torch.__version__.startswith(result.versions["torch"])


def test_training_learns(blobs):
    result = train(blobs(counts=(24, 20, 16, 12)), epochs=12)
    assert result.evaluation.overall > 0.7
    assert result.loss[-1] < result.loss[0] / 2


def test_the_default_recipe_is_stage_one(blobs, monkeypatch):
    seen = []

    def peek(run, *args, **options):
        seen.append(run.recipe)
        raise StoppedError

    monkeypatch.setattr(session, "training", peek)
    with pytest.raises(StoppedError):
        lp.train(blobs(), compute=lp.Compute(device="cpu"))
    assert seen == [lp.Recipe(padding=1)]  # an eighth of 8 pixels
    assert (seen[0].epochs, seen[0].lr, seen[0].model, seen[0].schedule) == (300, 0.1, "resnet32", "step")


def test_images_are_not_mirrored_where_that_changes_their_class(blobs):
    assert train(replace(blobs(), flip=False), epochs=1).spec.recipe.flip is False
    assert train(replace(blobs(), flip=False), epochs=1, flip=True).spec.recipe.flip is True


def test_the_result_written_is_the_one_returned(blobs, in_tmp):
    result = train(blobs(), out="runs/mine")
    assert lp.read_result("runs/mine/result.json") == result


def test_result_and_weights_are_those_of_the_last_epoch(blobs, in_tmp):
    data = blobs()
    result = train(data, epochs=4, out="mine")
    network = build_network(find_model("resnet8"), (8, 8, 3), n_classes=4, seed=0)
    network.load_state_dict(weights("mine"))
    with torch.no_grad():
        logits = network.eval()(torch.from_numpy(data.test_pixels).permute(0, 3, 1, 2)).logits
    assert read_weights(Path("mine/model.pt"), torch.device("cpu"))["loss"] == list(result.loss)
    assert result.evaluation.overall == np.mean(logits.argmax(1).numpy() == data.test_labels)


def test_the_test_set_is_looked_at_once_and_after_the_last_epoch(blobs, monkeypatch):
    events = []
    original = testing.evaluate_probabilities
    monkeypatch.setattr(testing, "evaluate_probabilities", lambda *args: events.append("test") or original(*args))
    train(blobs(), progress=lambda what, done, total: events.append(done) if what != ALL_RUNS else None)
    assert events == [0, 1, 2, "test"]


def test_the_test_set_has_no_say_in_training(blobs, in_tmp):
    data = blobs()
    train(data, out="mine")
    train(replace(data, test_pixels=255 - data.test_pixels, test_labels=data.test_labels[::-1].copy()), out="other")
    assert_same_weights("mine", "other")


def test_the_same_call_again_returns_the_result_without_training(blobs, in_tmp, trainings):
    first = train(blobs(), out="mine")
    trainings.clear()
    assert train(blobs(), out="mine") == first
    assert trainings == []


def test_another_prediction_of_a_finished_run_trains_nothing(blobs, in_tmp):
    seen = []
    linear = train(blobs(), out="mine")
    watch = lambda what, done, total: seen.append(done) if what != ALL_RUNS else None  # noqa: E731
    angular = train(blobs(), out="mine", prediction="angular", progress=watch)
    assert set(seen) <= {2}
    assert angular.loss == linear.loss
    assert lp.read_result("mine/result.json").spec.prediction == "angular"


def test_without_out_nothing_is_written(blobs, in_tmp):
    train(blobs())
    assert list(in_tmp.iterdir()) == []


def test_the_order_of_the_source_does_not_matter(blobs, in_tmp):
    first = train(blobs(), out="mine")
    second = train(blobs(order=np.random.default_rng(5).permutation(45)), out="other")
    assert first.loss == second.loss
    assert_same_weights("mine", "other")


def test_seeds_differ(blobs):
    assert train(blobs(), seed=0).loss != train(blobs(), seed=1).loss


def test_a_subset_trains_on_its_kept_samples(blobs, monkeypatch):
    data, runs = blobs(), []
    original = session.training
    monkeypatch.setattr(
        session, "training", lambda run, *args, **options: runs.append(run) or original(run, *args, **options)
    )
    subset = half(data)
    result = train(data, subset=subset)
    assert np.array_equal(runs[0].rows, np.flatnonzero(subset.kept))
    assert (result.n_train, result.class_counts) == (23, tuple(subset.kept_counts))
    assert (result.subset, result.spec.subset_digest) == ("random 0.5", subset.digest)


def test_a_subset_is_joined_by_id_to_data_of_another_order(blobs):
    subset = half(blobs())
    shuffled = blobs(order=np.random.default_rng(5).permutation(45))
    assert train(shuffled, subset=subset).loss == train(blobs(), subset=subset).loss


def test_a_subset_file_is_as_good_as_a_subset(blobs, in_tmp):
    lp.write_subset("half.h5", half(blobs()))
    assert train(blobs(), subset="half.h5").loss == train(blobs(), subset=half(blobs())).loss


def test_normalisation_is_that_of_the_whole_set_whatever_was_kept(blobs, in_tmp):
    data = blobs()
    train(data, subset=half(data), out="mine")
    np.testing.assert_allclose(weights("mine")["mean"].ravel(), data.pixels.mean((0, 1, 2)), rtol=1e-6)
    np.testing.assert_allclose(weights("mine")["std"].ravel(), data.pixels.std((0, 1, 2)), rtol=1e-6)


@pytest.mark.parametrize(
    ("match", "says"),
    [
        ("names", "^match joins a subset and the data, and there is no subset: name one, or leave out --match$"),
        ("nonsense", "^match must be ids or names, not 'nonsense'$"),
    ],
)
def test_a_match_of_nothing_is_refused(blobs, trainings, match, says):
    with pytest.raises(ArgumentError, match=says):
        train(blobs(), match=match)
    assert trainings == []


def test_a_subset_of_other_data_is_refused(blobs, trainings):
    with pytest.raises(MismatchError, match="the subset was made from other data: 0 of its 45 sample ids"):
        train(blobs(), subset=half(blobs(seed=7)))
    assert trainings == []


def test_data_without_test_images_is_refused_before_training(blobs, in_tmp, trainings):
    data = replace(blobs(), test_pixels=np.zeros((0, 8, 8, 3), np.uint8), test_labels=np.zeros(0, np.int64))
    with pytest.raises(DataError, match="blobs has no test images"):
        train(data, out="mine")
    assert trainings == []


@pytest.mark.parametrize("stop_at", [0, 1, 2])
@pytest.mark.parametrize("mixup", [0.0, 1.0])
def test_an_interrupted_run_ends_at_the_same_numbers(blobs, in_tmp, stop_at, mixup):
    def stop(what, done, total):
        if done == stop_at:
            raise StoppedError

    with pytest.raises(StoppedError):
        train(blobs(), out="mine", mixup=mixup, progress=stop)
    assert not Path("mine/result.json").exists()
    result, whole = train(blobs(), out="mine", mixup=mixup), train(blobs(), out="other", mixup=mixup)
    assert result.loss == whole.loss
    assert result.evaluation == whole.evaluation
    assert_same_weights("mine", "other")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 1}, "seed 0, not 1"),
        ({"epochs": 3}, "epochs 2, not 3"),
        ({"lr": 0.05, "flip": False, "seed": 1}, "lr 0.1, not 0.05, and flip yes, not no, and seed 0, not 1"),
    ],
    ids=["seed", "epochs", "several"],
)
def test_a_folder_with_another_finished_run_is_refused(blobs, in_tmp, change, said):
    train(blobs(), out="mine")
    before = Path("mine/result.json").read_bytes(), Path("mine/model.pt").read_bytes()
    with pytest.raises(MismatchError, match=f"mine holds a finished run with {said}: give another --out, or start again"):
        train(blobs(), out="mine", **change)
    assert (Path("mine/result.json").read_bytes(), Path("mine/model.pt").read_bytes()) == before


def test_a_folder_with_a_finished_run_on_another_subset_is_refused(blobs, in_tmp):
    train(blobs(), out="mine", subset=half(blobs()))
    for subset in (None, half(blobs(), seed=1)):
        with pytest.raises(MismatchError, match=r"with subset .* \(\w{12}\), not (none|.* \(\w{12}\)): give"):
            train(blobs(), out="mine", subset=subset)


def test_a_folder_with_a_finished_run_on_other_data_is_refused(blobs, in_tmp):
    train(blobs(), out="mine")
    with pytest.raises(MismatchError, match=r"with data blobs \(\w{12}\), not blobs \(\w{12}\): give"):
        train(blobs(seed=7), out="mine")


@pytest.mark.parametrize("name", ["result.json", "model.pt"])
def test_a_recipe_and_settings_with_fewer_fields_are_of_an_older_version_and_of_the_same_run(blobs, in_tmp, name):
    """What a later version adds to recipes and methods orphans nothing."""
    trained = train(blobs(), method="focal", out="mine")
    kept = read_weights(Path("mine/model.pt"), torch.device("cpu"))
    content = json.loads(Path("mine/result.json").read_text())
    for field in ("fresh", "draws", "milestones"):
        del kept["identity"][field], content["spec"]["recipe"][field]
    del kept["identity"]["gamma"], content["spec"]["settings"]["gamma"], content["schema"], content["sha256"]
    write_weights(Path("mine/model.pt"), kept)
    write_json(Path("mine/result.json"), "result", content)
    Path("mine", "result.json" if name == "model.pt" else "model.pt").unlink()
    if name == "model.pt":
        assert train(blobs(), method="focal", out="mine").loss == trained.loss
    with pytest.raises(MismatchError) as refusal:
        train(blobs(), method="focal", out="mine", draws="oversampled", gamma=1.0)
    assert "draws samples, not oversampled" in str(refusal.value)
    assert "gamma 2.0, not 1.0" in str(refusal.value)


@pytest.mark.parametrize("change", [{"seed": 1}, {"lr": 0.05}, {"epochs": 3}], ids=["seed", "lr", "epochs"])
def test_a_folder_with_another_unfinished_run_is_refused(blobs, in_tmp, change):
    def stop(what, done, total):
        if done == 1:
            raise StoppedError

    with pytest.raises(StoppedError):
        train(blobs(), out="mine", progress=stop)
    with pytest.raises(MismatchError, match=r"model.pt is of a run with (seed|lr|epochs) .+, not .+: give another --out"):
        train(blobs(), out="mine", **change)


def test_overwrite_starts_again(blobs, in_tmp):
    train(blobs(), out="mine")
    again = train(blobs(), out="mine", seed=1, overwrite=True)
    assert again.loss == train(blobs(), seed=1).loss
    assert lp.read_result("mine/result.json") == again


def test_a_damaged_checkpoint_is_refused(blobs, in_tmp):
    Path("mine").mkdir()
    Path("mine/model.pt").write_bytes(b"no weights")
    with pytest.raises(FileError, match="damaged"):
        train(blobs(), out="mine")


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        ({"method": "ec"}, UnknownNameError, "unknown training method 'ec'"),
        ({"prediction": "cosine"}, ArgumentError, "unknown predictor 'cosine': there are linear, angular"),
        ({"device": "tpu"}, ArgumentError, "^device is a field of Compute: give compute="),
        ({"model": "resnet33"}, ArgumentError, "unknown model 'resnet33'"),
        ({"epochs": 0}, ArgumentError, "epochs must be at least 1"),
        ({"tau": 0.5}, ArgumentError, "unknown setting 'tau'"),
        ({"stage2_epochs": 2}, ArgumentError, "unknown setting 'stage2_epochs'"),
        ({"stages": 2}, ArgumentError, "has one stage"),
        ({"method": "alas", "stages": 3}, ArgumentError, "stages must be 1 or 2, not 3"),
        ({"method": "alas", "tau": float("nan")}, ArgumentError, "tau must be a number of 0 to 2, not nan"),
        ({"method": "alas", "alas_form": "cubic"}, ArgumentError, "alas_form must be concave or linear or convex"),
        (
            {"method": "alas", "stage2_sampler": "fair"},
            ArgumentError,
            "sampler must be instance or balanced or reversed, not 'fair'",
        ),
        ({"prediction": "abs", "s": 1.5}, ArgumentError, "s must be a number of 0 to 1, not 1.5"),
    ],
    ids=[
        "method",
        "prediction",
        "device",
        "model",
        "epochs",
        "setting",
        "stage",
        "stages",
        "three",
        "nan",
        "word",
        "field",
        "s",
    ],
)
def test_unusable_arguments_are_refused_before_anything_is_written(blobs, in_tmp, options, kind, said):
    with pytest.raises(kind, match=said):
        train(blobs(), out="mine", **options)
    assert list(in_tmp.iterdir()) == []


@pytest.mark.parametrize("lr", [1e6, 1e38])
def test_a_run_that_diverges_in_its_last_step_gives_no_result(blobs, in_tmp, lr):
    # The only loss is that of the initial weights, and finite; what the step leaves cannot predict.
    with pytest.raises(DivergenceError, match="lower the learning rate"):
        train(blobs(), epochs=1, batch_size=64, lr=lr, schedule="constant", out="mine")
    assert not Path("mine/result.json").exists()


def test_a_result_is_valid_json(blobs, in_tmp):
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    result = train(blobs(), out="mine")
    fields = json.loads(Path("mine/result.json").read_text(), parse_constant=refuse)
    assert fields["evaluation"]["overall"] == result.evaluation.overall
    assert all(math.isfinite(loss) for loss in fields["loss"])
