"""The archives that `torch.save` writes, read as data: dictionaries, lists, numbers, words and dense tensors.

Nothing else is known here, so no file can call a function, and no tensor is larger than what of it lies in the file: it is
not `torch.load`, which builds sparse tensors of any size and takes an array's length from the text that describes it.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
import zipfile
from typing import Any

import torch
from torch import Tensor

from lt_prune.errors import ArgumentError

_STORAGES = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}
_OPCODES = frozenset(
    """PROTO MARK STOP NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 BINFLOAT BINUNICODE EMPTY_DICT SETITEM SETITEMS
    EMPTY_LIST APPEND APPENDS EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 BINPUT LONG_BINPUT BINGET LONG_BINGET GLOBAL REDUCE
    BUILD BINPERSID""".split()  # noqa: SIM905
)
"""Those that `torch.save` makes of what we save."""
_DEPTH = 20
"""Dictionaries and lists within each other are no more than this."""


def read_archive(content: bytes) -> Any:
    """What was saved: dictionaries, lists, tuples, numbers, words, None, and tensors on the CPU, each of its own memory.

    Raises:
        ArgumentError: it is no such archive, or holds more.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            reader = _Reader(archive, len(content))
            return reader.plain(reader.load())
    except (ArgumentError, MemoryError):
        raise
    except Exception:  # zipfile and pickle raise many kinds on what was made up
        raise ArgumentError("it is no archive of tensors") from None


class _Fields(dict[Any, Any]):
    """In place of OrderedDict, of which only the entries count."""

    def __setstate__(self, state: object) -> None:
        pass


class _Held:
    """A tensor, or the numbers of one, of which no instruction of the text can make anything else."""

    __slots__ = ("tensor",)

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor

    def __setstate__(self, state: object) -> None:
        raise ArgumentError("it changes tensors")


class _Reader(pickle.Unpickler):
    """Reads the text of an archive, and what it refers to."""

    def __init__(self, archive: zipfile.ZipFile, size: int) -> None:
        self._archive = archive
        self._records = {record.filename.partition("/")[2]: record for record in archive.infolist()}
        self._storages: dict[str, _Held] = {}
        self._bytes_left = size
        if len(self._records) < len(archive.infolist()) or sum(each.file_size for each in archive.infolist()) > size:
            raise ArgumentError("its parts are not those of an archive of tensors")
        if "byteorder" in self._records and self._read("byteorder") != b"little":
            raise ArgumentError("its numbers are in another machine's order")
        text = self._read("data.pkl")
        self._values_left = len(text)
        for opcode, argument, _ in pickletools.genops(text):
            if opcode.name not in _OPCODES or (opcode.name == "LONG_BINPUT" and not 0 <= int(argument or 0) <= len(text)):
                raise ArgumentError("it holds more than tensors and plain values")
        super().__init__(io.BytesIO(text))

    def find_class(self, module: str, name: str) -> Any:
        known = {("collections", "OrderedDict"): _Fields, ("torch._utils", "_rebuild_tensor_v2"): self._tensor}
        if (module, name) in known:
            return known[module, name]
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise ArgumentError("it holds more than dense tensors and plain values")

    def persistent_load(self, reference: Any) -> _Held:
        """The numbers (n,) of a part of the archive."""
        kind, dtype, key, _, n_numbers = reference
        if kind != "storage" or not isinstance(dtype, torch.dtype):
            raise ArgumentError("it refers to more than numbers")
        if key not in self._storages:
            content = self._read(f"data/{key}")
            numbers = torch.frombuffer(bytearray(content), dtype=dtype) if content else torch.empty(0, dtype=dtype)
            self._storages[key] = _Held(numbers)
        held = self._storages[key]
        if held.tensor.dtype != dtype or len(held.tensor) != n_numbers:
            raise ArgumentError("its tensors are of other numbers than lie in it")
        return held

    def plain(self, value: Any, depth: int = 0) -> Any:
        """The same without anything of this reader; a value that is named in several places counts each time, as few bytes
        could otherwise stand for more than any memory holds."""
        self._values_left -= 1
        if self._values_left < 0 or depth > _DEPTH:
            raise ArgumentError("its values lie in each other")
        if isinstance(value, dict):
            return {name: self.plain(each, depth + 1) for name, each in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(self.plain(each, depth + 1) for each in value)
        if isinstance(value, _Held):
            return value.tensor
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        raise ArgumentError("it holds more than tensors and plain values")

    def _read(self, name: str) -> bytes:
        record = self._records[name]
        if record.is_dir() or record.compress_type != zipfile.ZIP_STORED:
            raise ArgumentError("its parts are not those of an archive of tensors")
        return self._archive.read(record)

    def _tensor(self, held: _Held, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any) -> _Held:
        """A tensor of its own of a part of a storage, which no two of its elements share."""
        lengths = [*shape, *strides, offset]
        if len(shape) != len(strides) or not all(type(length) is int and length >= 0 for length in lengths):
            raise ArgumentError("its tensors have no shapes")
        storage, n_numbers = held.tensor, math.prod(shape)
        last = offset + sum((length - 1) * stride for length, stride in zip(shape, strides, strict=True))
        self._bytes_left -= n_numbers * storage.itemsize
        if n_numbers and (last >= len(storage) or self._bytes_left < 0):
            raise ArgumentError("its tensors are larger than what lies in it")
        return _Held(storage.as_strided(shape, strides, offset).clone() if n_numbers else storage.new_empty(shape))
