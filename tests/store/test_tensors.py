from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from typing import Any

import pytest
import torch

from lt_prune.errors import ArgumentError
from lt_prune.store.tensors import read_archive


def saved(value: Any) -> bytes:
    memory = io.BytesIO()
    torch.save(value, memory)
    return memory.getvalue()


def rewritten(content: bytes, **parts: bytes) -> bytes:
    """An archive with other parts in place of those of these names."""
    memory = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(memory, "w") as after:
        for record in before.infolist():
            name = record.filename.partition("/")[2].replace("/", "_").replace(".", "_")
            after.writestr(record, parts.get(name, before.read(record)))
    return memory.getvalue()


DTYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
DTYPES += [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 4)])
def test_a_tensor_is_that_of_torch(dtype, shape):
    tensor = torch.arange(24).reshape(2, 3, 4).to(dtype) if len(shape) == 3 else torch.ones(shape, dtype=dtype)
    found = read_archive(saved({"x": tensor}))["x"]
    assert (found.dtype, found.shape) == (tensor.dtype, tensor.shape)
    assert torch.equal(found, tensor)


def test_strides_and_views_are_kept():
    whole = torch.arange(96.0).reshape(2, 3, 4, 4)
    for view in (whole.to(memory_format=torch.channels_last), whole[:, 1], whole[..., ::2], whole.permute(3, 1, 0, 2)):
        assert torch.equal(read_archive(saved([view]))[0], view)
    channels_last = whole.to(memory_format=torch.channels_last)
    assert read_archive(saved([channels_last]))[0].stride() == channels_last.stride()


def test_the_state_of_a_network_is_plain_fields():
    network = torch.nn.BatchNorm1d(4)
    found = read_archive(saved(network.state_dict()))
    assert type(found) is dict
    assert found.keys() == network.state_dict().keys()


@pytest.mark.parametrize(
    "value", [None, True, -3, 2**40, 0.5, "Käse", [1, [2]], (1, (2,)), {"a": {1: "b"}}, OrderedDict(a=1)]
)
def test_plain_values_come_back(value):
    assert read_archive(saved(value)) == value


@pytest.mark.filterwarnings("ignore:Sparse invariant checks")
@pytest.mark.parametrize(
    "value",
    [
        torch.sparse_coo_tensor(torch.tensor([[0], [0]]), torch.ones(1), (10**9, 10**9), check_invariants=False),
        torch.zeros(1).expand(10**9, 10**9),
        torch.zeros(3, device="meta"),
        torch.zeros(3, dtype=torch.complex64),
        torch.nn.Parameter(torch.zeros(3)),
        torch.float32,
        torch.Size([3]),
        {1, 2},
        b"bytes",
        1j,
    ],
    ids=["sparse", "repeated", "meta", "complex", "parameter", "dtype", "size", "set", "bytes", "complex number"],
)
def test_anything_else_is_refused(value):
    with pytest.raises(ArgumentError):
        read_archive(saved({"x": value}))


def test_a_text_that_claims_more_numbers_than_there_are_is_refused():
    """torch.load takes the length from the text."""
    content = saved({"x": torch.zeros(100)})
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        text = next(archive.read(name) for name in archive.namelist() if name.endswith("data.pkl"))
    assert text.count(b"Kd") == 2, "100, as length and as shape"
    with pytest.raises(ArgumentError, match="other numbers than lie in it"):
        read_archive(rewritten(content, data_pkl=text.replace(b"Kd", b"K\xff")))


def test_views_that_are_larger_together_than_the_file_are_refused():
    whole = torch.zeros(10_000)
    assert len(read_archive(saved([whole]))) == 1
    with pytest.raises(ArgumentError, match="larger than what lies in it"):
        read_archive(saved([whole[k:] for k in range(50)]))


def test_lists_that_lie_in_each_other_are_refused():
    many: list[Any] = ["ha"]
    for _ in range(15):
        many = [many, many]
    circle: list[Any] = []
    circle.append(circle)
    for value in (many, circle):
        with pytest.raises(ArgumentError, match="lie in each other"):
            read_archive(saved(value))


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_a_text_of_other_instructions_is_refused(protocol):
    """Some of them take memory before there is anything to put into it."""
    with pytest.raises(ArgumentError):
        read_archive(rewritten(saved({"a": 1}), data_pkl=pickle.dumps({"a": bytearray(9)}, protocol=protocol)))


def test_a_memory_of_the_text_beyond_its_length_is_refused():
    text = b"\x80\x02}r\xff\xff\xff\x7f."
    with pytest.raises(ArgumentError, match="more than tensors"):
        read_archive(rewritten(saved({"a": 1}), data_pkl=text))


def test_packed_parts_are_refused():
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}, protocol=2))
    with pytest.raises(ArgumentError):
        read_archive(memory.getvalue())
