"""Trained run -> test results."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from lt_prune.engine.devices import pick_device
from lt_prune.engine.predict import probabilities
from lt_prune.errors import ArgumentError, DataError, MismatchError
from lt_prune.evaluation import evaluate_probabilities
from lt_prune.models.network import Network, build_network
from lt_prune.steps.build import Data, open_set
from lt_prune.store.results import RESULT, WEIGHTS, read_result
from lt_prune.store.weights import read_weights
from lt_prune.types import Array, Evaluation, LongTailedSet, Pixels


def evaluate(
    run: Path | str,
    data: Data | None = None,
    *,
    prediction: str | None = None,
    device: str = "auto",
    download: bool = False,
    resize: int | None = None,
    loading: str = "auto",
) -> Evaluation:
    """Test a trained run again, for example with another prediction.

    Args:
        run: folder of the run.
        data: the data it was trained on; by default what the run was given.
        prediction: "linear" or "angular" (argmax of Wang & Yan, Eq. 1); by default the run's own.
        device: "auto", "cpu" or "cuda".
        download, resize, loading: as for `build`.

    Raises:
        FileError: the run is not finished, or damaged.
        MismatchError: the data is not that of the run.

    Example:
        >>> import lt_prune as lp
        >>> result = lp.train("digits", epochs=1, depth=8, out="runs/first")
        >>> lp.evaluate("runs/first", prediction="angular").n_test
        500
    """
    result = read_result(Path(run) / RESULT)
    data = result.data if data is None else data
    if data is None:
        raise ArgumentError(f"{run} does not say where its data, {result.name}, is: give --data")
    lt_set = open_set(data, download=download, resize=resize, loading=loading)
    if lt_set.roster.digest != result.data_digest:
        raise MismatchError(
            f"{run} was trained on {result.name}, and {lt_set.roster.name} holds other samples: name its data with --data"
        )
    network = build_network(
        depth=result.recipe.depth, channels=lt_set.pixels.shape[-1], n_classes=lt_set.roster.n_classes, seed=0
    )
    torch_device = pick_device(device)
    network.load_state_dict(read_weights(Path(run) / WEIGHTS, torch.device("cpu"))["network"])
    return Testing.of(lt_set, prediction or result.prediction)(network.to(torch_device))


@dataclass(frozen=True, eq=False)
class Testing:
    """Evaluates a network on test images; crosses processes without the training images."""

    pixels: Pixels
    """uint8 (T, H, W, C)."""
    labels: Array
    """int64 (T,)."""
    class_groups: Array
    """int64 (M,)."""
    prediction: str

    @staticmethod
    def of(lt_set: LongTailedSet, prediction: str) -> Testing:
        """Testing on a set's test images.

        Raises:
            DataError: the set has none.
        """
        require_test(lt_set)
        return Testing(lt_set.test_pixels, lt_set.test_labels, lt_set.roster.class_groups, prediction)

    def __call__(self, network: Network) -> Evaluation:
        predicted = probabilities(network, self.pixels, self.prediction)
        return evaluate_probabilities(predicted, self.labels, self.class_groups)


def require_test(lt_set: LongTailedSet) -> None:
    """Refuse a set without test images.

    Raises:
        DataError: there are none.
    """
    if not len(lt_set.test_labels):
        raise DataError(
            f"{lt_set.roster.name} has no test images to report on: add a test split (test/CLASS/ or x_test, y_test)"
        )
