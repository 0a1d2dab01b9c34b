"""What someone may put into a file before sealing it again, by kind of file: each case changes a file in place."""

from __future__ import annotations

import hashlib
import io
import json
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

Change = Callable[[Path], None]
ODD_NAMES = {
    "outside": "../../outside/x",
    "absolute": "/tmp/outside",
    "parent": "..",
    "backslashes": "..\\..\\x",
    "drive": "C:\\x",
}
"""Of classes and folders, which may hold line breaks and control characters."""
ODD_PARTS = {**ODD_NAMES, "folder": "a/b", "empty": "", "dot": ".", "lines": "a\nb", "escape": "\x1b[2Jx"}
"""Of what a file's name is made of."""


def seal_hdf5(path: Path) -> None:
    content = path.read_bytes()[512:]
    path.write_bytes(f"lt-prune sha256={hashlib.sha256(content).hexdigest()}\n".encode().ljust(512, b"\0") + content)


def in_hdf5(change: Callable[[h5py.File], Any]) -> Change:
    def apply(path: Path) -> None:
        with h5py.File(path, "r+") as file:
            change(file)
        seal_hdf5(path)

    return apply


def array(name: str, change: Callable[[Any], Any]) -> Change:
    """An array put in another's place."""

    def apply(file: h5py.File) -> None:
        value = change(file[name][:])
        del file[name]
        file[name] = value

    return in_hdf5(apply)


def attribute(name: str, value: Any, place: str = "/") -> Change:
    return in_hdf5(lambda file: file[place].attrs.__setitem__(name, value))


def without(name: str) -> Change:
    def apply(file: h5py.File) -> None:
        if name in file:
            del file[name]
        else:
            del file.attrs[name]

    return in_hdf5(apply)


def set_to(index: Any, value: Any) -> Callable[[Any], Any]:
    def apply(values: Any) -> Any:
        values = values.copy()
        values[index] = value
        return values

    return apply


def texts(*names: str) -> Any:
    """As our files hold text."""
    encoded = [name.encode() for name in names]
    longest = max(1, *map(len, encoded))
    return np.array(encoded).astype(h5py.string_dtype("utf-8", longest))


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((3,), "u8")
    layout[:] = h5py.VirtualSource(".", "labels", (3,))
    del file["ids"]
    file.create_virtual_dataset("ids", layout)


def put(name: str, make: Callable[[h5py.File, str], Any]) -> Change:
    """An array made otherwise than by writing its values."""

    def apply(file: h5py.File) -> None:
        del file[name]
        make(file, name)

    return in_hdf5(apply)


def any_index() -> dict[str, Change]:
    """Of what every HDF5 file of ours has."""
    cases: dict[str, Change] = {
        "ids descending": array("ids", lambda ids: ids[::-1]),
        "ids twice": array("ids", set_to(1, 0)),
        "ids signed": array("ids", lambda ids: ids.astype(np.int64)),
        "ids of floats": array("ids", lambda ids: ids.astype(float)),
        "ids of a table": array("ids", lambda ids: ids[:, None]),
        "ids too few": array("ids", lambda ids: ids[:-1]),
        "ids none": array("ids", lambda ids: ids[:0]),
        "ids missing": without("ids"),
        "labels below 0": array("labels", set_to(0, -1)),
        "labels too high": array("labels", set_to(0, 3)),
        "labels of floats": array("labels", lambda labels: labels.astype(float)),
        "labels short": array("labels", lambda labels: labels.astype(np.int32)),
        "labels of another order": array("labels", lambda labels: labels.astype(">i8")),
        "labels too few": array("labels", lambda labels: labels[:-1]),
        "rows below 0": array("source_index", set_to(0, -1)),
        "rows too high": array("source_index", set_to(0, 10**6)),
        "rows twice": array("source_index", np.zeros_like),
        "rows too many": array("source_index", lambda rows: np.r_[rows, 0]),
        "class names too few": array("class_names", lambda _: texts("cat", "dog")),
        "class names alike": array("class_names", lambda _: texts("cat", "dog", "cat")),
        "class names of numbers": array("class_names", lambda _: np.arange(3)),
        "class names missing": without("class_names"),
        "file names too few": in_hdf5(lambda file: file.create_dataset("file_names", data=texts("a", "b"))),
        "groups overlap": attribute("groups", "[2, 1]"),
        "groups beyond": attribute("groups", "[1, 9]"),
        "groups of one": attribute("groups", "[1]"),
        "groups of words": attribute("groups", '["a", "b"]'),
        "groups no JSON": attribute("groups", "["),
        "groups a number": attribute("groups", 3),
        "groups nested": attribute("groups", "[" * 50_000),
        "name a number": attribute("name", 7),
        "name missing": without("name"),
        "source a number": attribute("source", 7),
        "source size too small": attribute("source_size", 1),
        "source size a word": attribute("source_size", "many"),
        "built a list": attribute("built", "[]"),
        "built a word": attribute("built", "exp"),
        "digest of others": attribute("data_digest", "0" * 64),
        "another format": attribute("format", "lt-prune other"),
        "a later schema": attribute("schema_version", 99),
        "a schema of a word": attribute("schema_version", "1"),
        "external file": put(
            "ids", lambda file, name: file.create_dataset(name, (3,), "u8", external=[("/etc/passwd", 0, 24)])
        ),
        "external link": put("ids", lambda file, name: file.__setitem__(name, h5py.ExternalLink("x.h5", "/ids"))),
        "soft link": put("ids", lambda file, name: file.__setitem__(name, h5py.SoftLink("/labels"))),
        "circle": in_hdf5(lambda file: file.create_group("more").__setitem__("up", file["/"])),
        "virtual": in_hdf5(virtual),
        "never written": put("ids", lambda file, name: file.create_dataset(name, (10**12,), "u8")),
        "packed": put("ids", lambda file, name: file.create_dataset(name, data=np.zeros(10**6, "u8"), compression="gzip")),
        "references": put(
            "ids", lambda file, name: file.create_dataset(name, data=np.array([file.ref], object), dtype=h5py.ref_dtype)
        ),
    }
    cases |= {f"name {what}": attribute("name", name) for what, name in ODD_PARTS.items()}
    cases |= {
        f"class name {what}": array("class_names", lambda _, name=name: texts(name, "b", "c"))
        for what, name in ODD_NAMES.items()
    }
    return cases


SETS: dict[str, Change] = {
    **any_index(),
    "pixels of floats": array("pixels", lambda pixels: pixels.astype(np.float32)),
    "pixels of no height": array("pixels", lambda pixels: pixels[:, :0]),
    "pixels without colours": array("pixels", lambda pixels: pixels[..., :0]),
    "pixels flat": array("pixels", lambda pixels: pixels[..., 0]),
    "pixels too few": array("pixels", lambda pixels: pixels[1:]),
    "pixels of others": array("pixels", lambda pixels: pixels[::-1]),
    "pixels missing": without("pixels"),
    "one pixel changed": array("pixels", lambda pixels: set_to((0, 0, 0, 0), pixels[0, 0, 0, 0] ^ 1)(pixels)),
    "labels exchanged": array("labels", lambda labels: (labels + 1) % 3),
    "test pixels of another size": array("test/pixels", lambda pixels: pixels[:, 1:]),
    "test pixels too few": array("test/pixels", lambda pixels: pixels[1:]),
    "test labels too high": array("test/labels", set_to(0, 3)),
    "test labels of floats": array("test/labels", lambda labels: labels.astype(float)),
    "flip missing": without("flip"),
}


def held_out(accuracy: Any, seconds: Any, arithmetic: Any) -> Change:
    """Of networks that each left out a fold."""

    def apply(file: h5py.File) -> None:
        group = file.require_group("held_out")
        group["accuracy"], group["seconds"] = np.array(accuracy), np.array(seconds)
        group.attrs["arithmetic"] = arithmetic

    return in_hdf5(apply)


RECIPES = {
    "recipe a list": "[]",
    "recipe of words": '{"epochs": "10"}',
    "recipe of no epochs": '{"epochs": 0}',
    "recipe of an odd depth": '{"depth": 8.5}',
    "recipe of other fields": '{"wings": 2}',
    "recipe without end": '{"lr": 1e999}',
}
METRIC = "metrics/avh"


def add(file: h5py.File, name: str, values: Any) -> None:
    file.create_dataset(f"{METRIC}/{name}", data=values)


def change_to(file: h5py.File, name: str, values: Any) -> None:
    del file[name]
    file[name] = values


def published(change: Callable[[h5py.File], None]) -> Change:
    """A change of a file that says that it holds means alone."""

    def apply(file: h5py.File) -> None:
        file.attrs["published"] = '{"file": "scores/a.h5", "sha256": ""}'
        change(file)

    return in_hdf5(apply)


SCORES: dict[str, Change] = {
    **any_index(),
    "scores not a number": array(f"{METRIC}/per_member", set_to((0, 0), np.nan)),
    "scores infinite": array(f"{METRIC}/per_member", set_to((0, 0), np.inf)),
    "scores of float64": array(f"{METRIC}/per_member", lambda scores: scores.astype(float)),
    "scores of no member": array(f"{METRIC}/per_member", lambda scores: scores[:0]),
    "scores of one member": array(f"{METRIC}/per_member", lambda scores: scores[:1]),
    "scores too few": array(f"{METRIC}/per_member", lambda scores: scores[:, 1:]),
    "nearest below -1": in_hdf5(lambda file: add(file, "nearest", np.full(file["ids"].size, -2, np.int32))),
    "nearest of int64": in_hdf5(lambda file: add(file, "nearest", np.zeros(file["ids"].size, np.int64))),
    "exact scores of members": in_hdf5(lambda file: add(file, "exact", file[f"{METRIC}/per_member"][:].astype(float))),
    "mean of others": array(f"{METRIC}/mean", lambda mean: mean[::-1]),
    "std missing": without(f"{METRIC}/std"),
    "no metrics": without("metrics"),
    "a metric called ..": in_hdf5(lambda file: file.copy(METRIC, "metrics/\x1b[2J")),
    "a metric within a metric": in_hdf5(lambda file: file.copy("metrics/el2n", f"{METRIC}/more")),
    "seeds twice": array("members/seeds", lambda seeds: seeds * 0),
    "seeds too few": array("members/seeds", lambda seeds: seeds[1:]),
    "seeds none": array("members/seeds", lambda seeds: seeds[:0]),
    "accuracy above 1": array("members/train_accuracy", set_to(0, 1.5)),
    "accuracy not a number": array("members/train_accuracy", set_to(0, np.nan)),
    "accuracy too few": array("members/train_accuracy", lambda accuracy: accuracy[1:]),
    "seconds below 0": array("members/seconds", set_to(0, -1)),
    "members missing": without("members"),
    "hard in the middle": attribute("higher_is_harder", 2, METRIC),
    "hard a word": attribute("higher_is_harder", "yes", METRIC),
    "hard in an old word": in_hdf5(lambda file: file[METRIC].attrs.__setitem__("hard", "middle")),
    "equation a number": attribute("equation", 1, METRIC),
    "versions a list": attribute("versions", "[]"),
    "origin a list": attribute("origin", "[]"),
    "origin of no file": attribute("origin", '{"sha256": ""}'),
    "origin of numbers": attribute("origin", '{"file": 1, "sha256": "", "made_by": ""}'),
    "origin of an escape": attribute("origin", '{"file": "\\u001b[2J", "sha256": "", "made_by": ""}'),
    "published a list": attribute("published", "[]"),
    "published of numbers": attribute("published", '{"file": 1, "sha256": ""}'),
    "published of an escape": attribute("published", '{"file": "\\u001b[2J", "sha256": ""}'),
    "published means of two": published(lambda file: change_to(file, f"{METRIC}/mean", file[f"{METRIC}/per_member"][:])),
    "published means missing": published(lambda file: file.__delitem__(f"{METRIC}/mean")),
    "published labels beyond": published(lambda file: change_to(file, "labels", np.full(file["ids"].size, 2**64 - 1, "u8"))),
    "published least of float64": published(lambda file: add(file, "least", np.zeros(file["ids"].size))),
    "least of members": in_hdf5(lambda file: add(file, "least", np.zeros(file["ids"].size, np.float32))),
    "ensemble a word": attribute("ensemble", "first"),
    "arithmetic of one": attribute("arithmetic", "[{}]", "members"),
    "arithmetic of words": attribute("arithmetic", '["cpu", "cpu"]', "members"),
    "arithmetic of other fields": attribute("arithmetic", '[{"colour": 1}, {}]', "members"),
    "one fold": held_out([0.5], [1.0], "[{}]"),
    "folds right too often": held_out([0.5, 1.5], [1.0, 1.0], "[{}, {}]"),
    "folds of negative seconds": held_out([0.5, 0.5], [1.0, -1.0], "[{}, {}]"),
    "folds of unlike numbers": held_out([0.5, 0.5], [1.0], "[{}, {}]"),
    "folds of words": held_out([0.5, 0.5], [1, 1], '["cpu", "cpu"]'),
    "folds without arithmetic": in_hdf5(lambda file: file.create_group("held_out")),
    **{what: attribute("recipe", recipe) for what, recipe in RECIPES.items()},
}


def option(name: str, value: Any) -> Change:
    def apply(file: h5py.File) -> None:
        options = {**json.loads(file.attrs["options"]), name: value}
        file.attrs["options"] = json.dumps(options)

    return in_hdf5(apply)


SUBSETS: dict[str, Change] = {
    **any_index(),
    "kept unknown": array("kept_ids", set_to(-1, 2**64 - 1)),
    "kept none": array("kept_ids", lambda ids: ids[:0]),
    "kept twice": array("kept_ids", lambda ids: np.sort(np.r_[ids, ids[:1]])),
    "kept descending": array("kept_ids", lambda ids: ids[::-1]),
    "kept fewer": array("kept_ids", lambda ids: ids[1:]),
    "removed fewer": array("removed_ids", lambda ids: ids[1:]),
    "kept signed": array("kept_ids", lambda ids: ids.astype(np.int64)),
    "kept missing": without("kept_ids"),
    "ratio not a number": attribute("ratio", np.nan),
    "ratio above 1": attribute("ratio", 2.0),
    "ratio a word": attribute("ratio", "half"),
    "ratio missing": without("ratio"),
    "options a list": attribute("options", "[]"),
    "options no JSON": attribute("options", "{"),
    "seed a path": option("seed", "../../x"),
    "seed none": option("seed", None),
    "keep a list": option("keep", ["hard"]),
    "budget a path": option("budget", "../../x"),
    "selection a number": option("selection", 3),
    "settings a list": option("settings", [0.3]),
    "dropped a list": option("dropped", [3]),
    "dropped words": option("dropped", {"noisy": "some"}),
    **{f"strategy {what}": attribute("strategy", name) for what, name in ODD_PARTS.items()},
    **{f"metric {what}": option("metric", name) for what, name in ODD_PARTS.items()},
}


def write_sealed_json(path: Path, content: dict[str, Any]) -> None:
    rest = {name: value for name, value in content.items() if name != "sha256"}
    canonical = json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()
    path.write_text(json.dumps({**rest, "sha256": hashlib.sha256(canonical).hexdigest()}))


def field(value: Any, *place: str | int) -> Change:
    """A field of JSON put in another's place."""

    def apply(path: Path) -> None:
        content = within = json.loads(path.read_text())
        for step in place[:-1]:
            within = within[step]
        within[place[-1]] = value
        write_sealed_json(path, content)

    return apply


def as_json(value: Any) -> Change:
    return lambda path: path.write_text(json.dumps(value))


def specs(*place: str | int) -> dict[str, Change]:
    """Of what says what a training is, below a place in the file."""
    return {
        **{f"name {what}": field(name, *place, "name") for what, name in ODD_PARTS.items()},
        **{f"method {what}": field(name, *place, "method") for what, name in ODD_PARTS.items()},
        "spec a list": field([], *place),
        "seed a word": field("1", *place, "seed"),
        "ratio above 1": field(2.0, *place, "ratio"),
        "equal to nothing": field("nothing", *place, "equal"),
        "settings a list": field([1], *place, "settings"),
        "settings of settings": field({"tau": {"tau": 1}}, *place, "settings"),
        "recipe of words": field({"epochs": "many"}, *place, "recipe"),
        "recipe of an odd depth": field({"depth": 9}, *place, "recipe"),
        "arithmetic a word": field("cpu", *place, "arithmetic"),
        "first a list": field([1], *place, "first"),
        "first a word": field("mixup", *place, "first"),
    }


RESULTS: dict[str, Change] = {
    **specs("spec"),
    "a list": as_json([]),
    "a number": as_json(3),
    "nested": lambda path: path.write_text("[" * 100_000),
    "a later schema": field(99, "schema"),
    "a schema of a word": field("3", "schema"),
    "overall above 1": field(1.5, "evaluation", "overall"),
    "balanced none": field(None, "evaluation", "balanced"),
    "error below 0": field(-0.1, "evaluation", "ece"),
    "tail a word": field("0.1", "evaluation", "tail"),
    "classes too few": field([0.5], "evaluation", "per_class"),
    "classes of words": field(["a", "b", "c"], "evaluation", "per_class"),
    "tested none": field(0, "evaluation", "n_test"),
    "tested others": field(13, "evaluation", "n_test"),
    "confusion a word": field("all", "evaluation", "confusion"),
    "confusion ragged": field([[1], [2, 3]], "evaluation", "confusion"),
    "confusion huge": field(10**12, "evaluation", "confusion", "num_classes"),
    "confusion beyond": field([7], "evaluation", "confusion", "true"),
    "calibration a word": field("good", "evaluation", "calibration"),
    "calibration of bins without end": field([1] * 10**5, "evaluation", "calibration", "count"),
    "calibration of others": field([1] * 15, "evaluation", "calibration", "count"),
    "calibration below 0": field([-1] * 15, "evaluation", "calibration", "right"),
    "calibration of another error": field([0.5] * 15, "evaluation", "calibration", "confidence"),
    "evaluation a list": field([], "evaluation"),
    "class counts of others": field([1, 2, 3], "class_counts"),
    "trained on a word": field("62", "n_train"),
    "loss of words": field(["low"], "loss"),
    "loss a number": field(3, "loss"),
    "seconds none": field(None, "seconds"),
    "data a number": field(3, "data"),
    "versions a list": field([], "versions"),
    "another field": field(1, "wings"),
}
FAILURES: dict[str, Change] = {
    **specs("spec"),
    "reason a number": field(3, "reason"),
    "another field": field(1, "wings"),
    "a list": as_json([]),
}
SWEEPS: dict[str, Change] = {
    **specs("runs", 0, "spec"),
    **{f"folder {what}": field(name, "runs", 0, "folder") for what, name in ODD_NAMES.items()},
    "folder a number": field(3, "runs", 0, "folder"),
    "runs a word": field("all", "runs"),
    "runs of words": field(["one"], "runs"),
    "a list": as_json([]),
}


def write_sealed_weights(path: Path, state: Any) -> None:
    memory = io.BytesIO()
    torch.save(state, memory)
    content = memory.getvalue()
    comment = b"lt-prune sha256=" + hashlib.sha256(content).hexdigest().encode()
    path.write_bytes(content[:-2] + len(comment).to_bytes(2, "little") + comment)


def state(change: Callable[[dict[str, Any]], Any]) -> Change:
    """A training state that was changed, or what `change` returns in its place."""

    def apply(path: Path) -> None:
        kept = torch.load(path, weights_only=True)
        instead = change(kept)
        write_sealed_weights(path, kept if instead is None else instead)

    return apply


def network(change: Callable[[dict[str, Any]], Any]) -> Change:
    return state(lambda kept: change(kept["network"]))


def sparse(kept: dict[str, Any]) -> None:
    kept["network"]["classifier.weight"] = torch.sparse_coo_tensor([[0], [0]], [1.0], (10**9, 10**9))


def repeated(kept: dict[str, Any]) -> None:
    kept["network"]["classifier.weight"] = torch.zeros(1).expand(10**9, 10**9)


def laughs(kept: dict[str, Any]) -> None:
    many: list[Any] = ["ha"]
    for _ in range(60):
        many = [many, many]
    kept["loss"] = many


WEIGHTS: dict[str, Change] = {
    "no network": state(lambda kept: kept.__delitem__("network")),
    "network a list": state(lambda kept: kept.__setitem__("network", [1])),
    "network none": state(lambda kept: kept.__setitem__("network", None)),
    "a list": state(lambda kept: [kept]),
    "a tensor": state(lambda kept: torch.zeros(3)),
    "a number": state(lambda kept: 3),
    "fields of numbers": state(lambda kept: {1: 2}),
    "a later schema": state(lambda kept: kept.__setitem__("schema", 99)),
    "a schema of a word": state(lambda kept: kept.__setitem__("schema", "2")),
    "a part missing": network(lambda net: net.__delitem__("classifier.bias")),
    "a part too many": network(lambda net: net.__setitem__("wings", torch.zeros(2))),
    "a part of words": network(lambda net: net.__setitem__("classifier.bias", "abc")),
    "a part of another shape": network(lambda net: net.__setitem__("classifier.bias", torch.zeros(4))),
    "a part that is one number": network(lambda net: net.__setitem__("classifier.bias", torch.zeros(()))),
    "a part of another type": network(lambda net: net.__setitem__("classifier.bias", torch.zeros(3).double())),
    "a complex part": network(lambda net: net.__setitem__("classifier.bias", torch.zeros(3).to(torch.complex64))),
    "a sparse part": state(sparse),
    "a part repeated": state(repeated),
    "a part of nowhere": network(lambda net: net.__setitem__("classifier.bias", torch.zeros(3, device="meta"))),
    "a quantized part": network(
        lambda net: net.__setitem__("classifier.bias", torch.quantize_per_tensor(torch.zeros(3), 0.1, 0, torch.qint8))
    ),
    "an ordered rest": state(lambda kept: OrderedDict(network=OrderedDict(keys=torch.zeros(1)))),
    "cut, and sealed": lambda path: seal_weights(path, lambda content: content[: len(content) // 2]),
    "a file within": lambda path: seal_weights(path, lambda content: content.replace(b"data.pkl", b"data.pk_")),
}
UNFINISHED: dict[str, Change] = {
    **WEIGHTS,
    "momentum a list": state(lambda kept: kept.__setitem__("momentum", [1])),
    "momentum none": state(lambda kept: kept.__setitem__("momentum", None)),
    "momentum of nothing": state(lambda kept: kept.__setitem__("momentum", {})),
    "momentum of another shape": state(lambda kept: kept["momentum"][0].__setitem__("momentum_buffer", torch.zeros(2))),
    "momentum of words": state(lambda kept: kept["momentum"].__setitem__(0, "fast")),
    "momentum of others": state(lambda kept: kept["momentum"].__setitem__(999, kept["momentum"][0])),
    "momentum of more": state(lambda kept: kept["momentum"][0].__setitem__("wings", 1)),
    "loss a word": state(lambda kept: kept.__setitem__("loss", "low")),
    "loss of words": state(lambda kept: kept.__setitem__("loss", ["low"])),
    "loss not a number": state(lambda kept: kept.__setitem__("loss", [float("nan")])),
    "loss of too many epochs": state(lambda kept: kept.__setitem__("loss", [0.5] * 99)),
    "loss within loss": state(laughs),
    "seconds a word": state(lambda kept: kept.__setitem__("seconds", "long")),
    "seconds missing": state(lambda kept: kept.__delitem__("seconds")),
    "identity a list": state(lambda kept: kept.__setitem__("identity", [1])),
    "identity of tensors": state(lambda kept: kept["identity"].__setitem__("lr", torch.zeros(2))),
    "identity missing": state(lambda kept: kept.__delitem__("identity")),
    "first stage a word": state(lambda kept: kept["identity"].__setitem__("first", "mixup")),
    "an old identity of words": state(lambda kept: kept.__setitem__("run", "who")),
    "computed a word": state(lambda kept: kept.__setitem__("computed", "cpu")),
    "computed by wings": state(lambda kept: kept.__setitem__("computed", {"wings": 1})),
    "criterion a list": state(lambda kept: kept.__setitem__("criterion", [1])),
    "criterion of more": state(lambda kept: kept["criterion"].__setitem__("margin", torch.zeros(3))),
}


def seal_weights(path: Path, change: Callable[[bytes], bytes]) -> None:
    sealed = path.read_bytes()
    content = change(sealed[: -2 - 16 - 64] + b"\0\0")
    comment = b"lt-prune sha256=" + hashlib.sha256(content).hexdigest().encode()
    path.write_bytes(content[:-2] + len(comment).to_bytes(2, "little") + comment)


CASES = {
    "set": SETS,
    "scores": SCORES,
    "subset": SUBSETS,
    "result": RESULTS,
    "failure": FAILURES,
    "sweep": SWEEPS,
    "weights": WEIGHTS,
    "unfinished": UNFINISHED,
}
