"""CUDA on the CPU, for finding faults of CUDA code without a GPU.

    with VirtualCuda() as gpu:
        ...                      # code that uses device="cuda", streams and graphs
    assert not gpu.races         # and not gpu.frozen; gpu.counts tells what there was of kernels, copies and launches

Every tensor is a real CPU tensor; a tag on its storage says whether it is "on CUDA". What is emulated and checked:

- devices: `n_devices` GPUs; an operation that mixes CPU and CUDA tensors, or those of two GPUs, raises, as CUDA does (0-dim
  CPU tensors are let through, as there). One launched while another GPU's stream is current is reported with the races:
  torch would launch it on the default stream of its own.
- capture: `torch.cuda.graph` records the operations below autograd, does not change memory, and `replay` runs the recorded
  operations again on the recorded storages. Whatever was a Python number in the capture is a constant afterwards. What a
  capture made holds NaN until the first replay. Synchronising operations during a capture invalidate it, and `capture_end`
  then raises without restoring the stream, as torch does.
- lifetime: storages from outside are held weakly by a graph; a replay that finds one freed raises.
- streams: a race detector with vector clocks. Each access to a storage must be ordered after the last write (and a write
  after all reads), by the stream itself, wait_stream, events or a synchronisation of the host. A storage freed while another
  stream than the one that it was allocated on may still use it is reported too. Streams come from a pool of 32, as in torch.
- cuBLAS workspaces: one a stream of launch or of capture, as torch keeps them (CublasHandlePool.cpp); two streams that use
  the same one at once are a race, and the end of a graph frees that of its stream.
- failures: `fail_at` raises in the n-th kernel of captures, or of what is not captured (`fails_in` "eager"); with
  `invalidates`, capture_end fails too.

Not emulated: kernels, their speed and rounding, autograd's threads, the caching allocator's reuse.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import Any
from unittest import mock

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map_only, tree_unflatten

aten = torch.ops.aten
CPU = torch.device("cpu")
_SYNCS = {
    "_local_scalar_dense",
    "item",
    "nonzero",
    "masked_select",
    "_unique2",
    "unique_consecutive",
    "unique_dim",
    "equal",
    "is_nonzero",
}
_POOL = 32
_EACH = 1000
"""Numbers of streams that a device has; the first is its default stream."""
_BLAS = {"mm", "addmm", "bmm", "baddbmm", "_addmm_activation"}


def _key(t: torch.Tensor) -> int:
    return t.untyped_storage()._cdata


class Info:
    """What is known of a storage."""

    def __init__(self, ref: StorageWeakRef, device: torch.device, stream: int, pool: Any) -> None:
        self.ref, self.device, self.stream, self.pool = ref, device, stream, pool
        self.dead = False
        self.write: tuple[int, int] | None = None
        self.uses: dict[int, int] = {}
        self.label = ""

    @property
    def cuda(self) -> bool:
        return self.device.type == "cuda"


class Stream:
    def __init__(self, device: Any = None, priority: int = 0, **_: Any) -> None:
        gpu = VirtualCuda.active
        number = gpu.placed(device or "cuda").index
        self.id = _EACH * number + 1 + gpu.made[number] % _POOL
        gpu.made[number] += 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stream) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def wait_stream(self, other: Stream) -> None:
        gpu = VirtualCuda.active
        gpu.join(self.id, gpu.clock(other.id))

    def synchronize(self) -> None:
        VirtualCuda.active.host_sync(self.id, "Stream.synchronize")

    def query(self) -> bool:
        return True

    def record_event(self, event: Any = None) -> Any:
        event = event or Event()
        event.record(self)
        return event

    def wait_event(self, event: Any) -> None:
        VirtualCuda.active.join(self.id, event.at)


class Event:
    def __init__(self, **_: Any) -> None:
        self.at: dict[int, int] = {}

    def record(self, stream: Stream | None = None) -> None:
        gpu = VirtualCuda.active
        self.at = dict(gpu.clock(stream.id if stream else gpu.current))

    def wait(self, stream: Stream | None = None) -> None:
        gpu = VirtualCuda.active
        gpu.join(stream.id if stream else gpu.current, self.at)

    def synchronize(self) -> None:
        VirtualCuda.active.merge(VirtualCuda.active.host, self.at)

    def query(self) -> bool:
        return True


@contextlib.contextmanager
def stream_context(stream: Stream | None) -> Any:
    gpu = VirtualCuda.active
    before = gpu.current
    if stream is not None:
        gpu.current = stream.id
    try:
        yield
    finally:
        gpu.current = before


class CUDAGraph:
    def __init__(self, keep_graph: bool = False) -> None:
        self.ops: list[tuple[Any, Any, list[Any], Any, list[Any]]] = []
        self.saved: list[tuple[torch.Tensor, torch.Tensor]] = []
        self.seen: set[int] = set()
        self.broken: str | None = None
        self.done = False
        self.replays = 0
        self.inner: list[torch.Tensor] = []
        self.space: Info | None = None
        self.token = object()

    def __del__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """CUDAGraph::reset, torch 2.14: clearCublasWorkspacesForStream(capture stream)."""
        gpu = VirtualCuda.active
        if self.done:
            if gpu.clock(self.stream).get(self.stream, 0) > gpu.host.get(self.stream, 0):
                gpu.races[f"reset: the host has not waited for stream {self.stream}, which may still replay the graph"] += 1
            space = gpu.workspaces.pop(self.stream, None)
            if space:
                space.dead = True
        self.done = False
        self.ops.clear()
        self.inner.clear()

    def capture_begin(self, *pool: Any, capture_error_mode: str = "global", **_: Any) -> None:
        gpu = VirtualCuda.active
        assert gpu.capturing is None, "one capture at a time"
        if gpu.current % _EACH == 0:
            raise RuntimeError("CUDA graphs must be captured on a non-default stream.")
        self.stream = gpu.current
        gpu.capturing = self

    def capture_end(self) -> None:
        gpu = VirtualCuda.active
        gpu.capturing = None
        with gpu.off():
            for tensor, value in self.saved:  # a capture runs nothing
                tensor.copy_(value)
            for tensor in self.inner:
                if tensor.is_floating_point():
                    tensor.fill_(float("nan"))
        self.saved.clear()
        if self.broken:
            raise RuntimeError(f"CUDA error: operation failed due to a previous error during capture ({self.broken})")
        if gpu.current != self.stream:
            raise RuntimeError("Capture must end on the same stream it began on.")
        self.done = True

    def replay(self) -> None:
        gpu = VirtualCuda.active
        assert self.done, "replay without a capture"
        if gpu.capturing:
            raise RuntimeError("replay while capturing")
        self.replays += 1
        gpu.counts["graph launches"] += 1
        with gpu.off():
            for func, spec, leaves, outs, written in self.ops:
                args, kwargs = tree_unflatten([self.resolve(leaf) for leaf in leaves], spec)
                flat = [a for a in tree_flatten((args, kwargs))[0] if isinstance(a, torch.Tensor)]
                for t in flat:
                    if gpu.infos.get(_key(t)) is not None:
                        gpu.access(t, write=_key(t) in written, what=f"replay of {func}")
                if func._schema.name.removeprefix("aten::") in _BLAS:
                    gpu.touch(
                        self.space, write=True, what="replay: cuBLAS workspace", shape=("workspace of stream", self.stream)
                    )
                    if self.space.dead:
                        gpu.races["USE AFTER FREE: a replay uses the cuBLAS workspace that another graph's end freed"] += 1
                result = func(*args, **kwargs)
                for kept, new in zip(outs, tree_flatten(result)[0]):
                    if kept is not None:
                        kept.copy_(new)

    @staticmethod
    def resolve(leaf: Any) -> Any:
        if isinstance(leaf, Outside):
            return leaf.tensor()
        return leaf


class Outside:
    """A tensor that a graph does not own."""

    def __init__(self, t: torch.Tensor, func: Any) -> None:
        self.ref = VirtualCuda.active.infos[_key(t)].ref
        self.like = t.dtype, t.storage_offset(), tuple(t.shape), t.stride()
        self.func = func

    def tensor(self) -> torch.Tensor:
        storage = torch.UntypedStorage._new_with_weak_ptr(self.ref.cdata)
        if storage is None:
            raise RuntimeError(f"USE AFTER FREE: the graph's {self.func} uses memory {self.like} that was freed")
        dtype, offset, size, stride = self.like
        return torch.empty(0, dtype=dtype).set_(storage, offset, size, stride)


class Capture:
    """As torch.cuda.graph, the stream included that a failed `capture_end` leaves set."""

    def __init__(
        self,
        cuda_graph: CUDAGraph,
        pool: Any = None,
        stream: Stream | None = None,
        capture_error_mode: str = "global",
        **_: Any,
    ) -> None:
        self.graph, self.stream, self.mode = cuda_graph, stream or Stream(), capture_error_mode

    def __enter__(self) -> None:
        VirtualCuda.active.synchronize()
        self.context = stream_context(self.stream)
        self.context.__enter__()
        self.graph.capture_begin(capture_error_mode=self.mode)

    def __exit__(self, *args: Any) -> None:
        self.graph.capture_end()
        self.context.__exit__(None, None, None)


class _Functions(TorchFunctionMode):
    """Makes device arguments and attributes of Python calls virtual."""

    def __init__(self, gpu: VirtualCuda) -> None:
        super().__init__()
        self.gpu = gpu

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs, gpu = dict(kwargs or {}), self.gpu
        name = getattr(func, "__name__", "")
        owner = getattr(func, "__self__", None)
        if name == "__get__" and owner is torch.Tensor.device:
            return gpu.device_of(args[0])
        if name == "__get__" and owner is torch.Tensor.is_cuda:
            return gpu.on_cuda(args[0])
        if func in (torch.Tensor.numpy, torch.Tensor.__array__) and gpu.on_cuda(args[0]):
            raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() first.")
        if func is torch.Tensor.tolist and gpu.on_cuda(args[0]):
            gpu.host_sync(gpu.current, "tolist")
        if func is torch.Tensor.cpu:
            return gpu.move(args[0], CPU)
        if func is torch.Tensor.cuda:
            return gpu.move(args[0], gpu.here)
        if func is torch.Tensor.to:
            rest, where = [], None
            for a in args[1:]:
                if isinstance(a, (torch.device, str)):
                    where = torch.device(a)
                else:
                    rest.append(a)
            if kwargs.get("device") is not None:
                where = torch.device(kwargs["device"])
            kwargs.pop("device", None)
            moved = gpu.move(args[0], gpu.placed(where)) if where else args[0]
            if rest and rest[0] is None:  # Module.to passes (device, dtype or None, non_blocking)
                rest = []
            rest = [r for r in rest if r is not False]
            return moved.to(*rest, **kwargs) if rest or kwargs else moved
        if func is torch.Tensor.__deepcopy__:
            before, gpu.copying = gpu.copying, gpu.device_of(args[0]) if gpu.on_cuda(args[0]) else None
            try:
                made = func(*args, **kwargs)
            finally:
                gpu.copying = before
            if isinstance(made, torch.Tensor) and gpu.on_cuda(args[0]):
                gpu.access(args[0], write=False, what="deepcopy")
                gpu.adopt(made, gpu.device_of(args[0])).device = gpu.device_of(args[0])
                gpu.access(made, write=True, what="deepcopy")
            return made
        device = kwargs.get("device")
        ambient = gpu.ambient
        if device is not None:
            kwargs["device"] = "cpu"
            gpu.ambient = gpu.placed(device)
        else:
            given = [a for a in tree_flatten((args, kwargs))[0] if isinstance(a, torch.Tensor) and gpu.on_cuda(a)]
            gpu.ambient = gpu.device_of(given[0]) if given else CPU
        try:
            return func(*args, **kwargs)
        finally:
            gpu.ambient = ambient


class _Ops(TorchDispatchMode):
    """Sees every operation below autograd."""

    def __init__(self, gpu: VirtualCuda) -> None:
        super().__init__()
        self.gpu = gpu

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return self.gpu.run(func, args, kwargs or {})


class VirtualCuda:
    active: VirtualCuda

    def __init__(self, *, eager: bool = False) -> None:
        self.eager = eager  # captures are refused
        self.n_devices = 1
        self.infos: dict[int, Info] = {}
        self.clocks: dict[int, dict[int, int]] = {}
        self.host: dict[int, int] = {}
        self.current = 0
        self.made: Counter[int] = Counter()
        self.ambient = CPU
        self.copying: torch.device | None = None
        self.capturing: CUDAGraph | None = None
        self.races: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.syncs: Counter[str] = Counter()
        self.frozen: Counter[str] = Counter()
        self._cross: dict[int, Info] = {}
        self._tick = 0
        self.workspaces: dict[int, Info] = {}
        self.fail_at: int | None = None
        self.fails_in = "capture"
        self.invalidates = False
        self._n = 0

    # devices

    @property
    def here(self) -> torch.device:
        """The current device: that of the current stream."""
        return torch.device("cuda", self.current // _EACH)

    def placed(self, device: Any) -> torch.device:
        """The device that is meant."""
        device = torch.device(device)
        return self.here if device.type == "cuda" and device.index is None else device

    # streams

    def clock(self, s: int) -> dict[int, int]:
        return self.clocks.setdefault(s, {})

    @staticmethod
    def merge(into: dict[int, int], other: dict[int, int]) -> None:
        for s, n in other.items():
            into[s] = max(into.get(s, 0), n)

    def join(self, s: int, other: dict[int, int]) -> None:
        self.merge(self.clock(s), other)

    def host_sync(self, s: int, why: str) -> None:
        self.syncs[why] += 1
        if self.capturing:
            self.capturing.broken = why
            raise RuntimeError(f"CUDA error: operation not permitted when stream is capturing ({why})")
        self.merge(self.host, self.clock(s))

    def synchronize(self, *_: Any) -> None:
        for s in list(self.clocks):
            self.host_sync(s, "torch.cuda.synchronize")

    def access(self, t: torch.Tensor, *, write: bool, what: str) -> None:
        """One access by the current stream (of a tensor that is on CUDA)."""
        info = self.infos.get(_key(t))
        if info is None or not info.cuda or self.capturing:
            return
        self.touch(info, write=write, what=what, shape=tuple(t.shape))
        if info.pool is None and self.current != info.stream:
            self._cross[_key(t)] = info

    def workspace(self, stream: int) -> Info:
        return self.workspaces.setdefault(stream, Info(None, torch.device("cuda", stream // _EACH), stream, None))

    def touch(self, info: Info, *, write: bool, what: str, shape: Any) -> None:
        s = self.current
        clock = self.clock(s)
        self.merge(clock, self.host)
        for who, n in [info.write] * bool(info.write) + (list(info.uses.items()) if write else []):
            if clock.get(who, 0) < n:
                self.races[
                    f"{what}: {'write' if write else 'read'} on stream {s} of {shape} not ordered after stream {who}"
                ] += 1
        clock[s] = clock.get(s, 0) + 1
        info.uses[s] = clock[s]
        if write:
            info.write = s, clock[s]

    def _freed(self) -> None:
        for key, info in list(self._cross.items()):
            if info.ref.expired():
                owner = {**self.clock(info.stream)}
                self.merge(owner, self.host)
                for s, n in info.uses.items():
                    if s != info.stream and owner.get(s, 0) < n:
                        self.races[f"freed: {info.label} of stream {info.stream} is used by stream {s}, not waited for"] += 1
                del self._cross[key]
        self._tick += 1
        if self._tick % 5000 == 0:
            self.infos = {key: info for key, info in self.infos.items() if not info.ref.expired()}

    # tensors

    def device_of(self, t: torch.Tensor) -> torch.device:
        info = self.infos.get(_key(t))
        return CPU if info is None else info.device

    def on_cuda(self, t: torch.Tensor) -> bool:
        return self.device_of(t).type == "cuda"

    def adopt(self, t: torch.Tensor, device: torch.device, *, written: bool = False) -> Info:
        storage = t.untyped_storage()
        info = self.infos.get(storage._cdata)
        if info is None:
            info = Info(StorageWeakRef(storage), device, self.current, self.capturing and self.capturing.token)
            info.label = str(tuple(t.shape))
            self.infos[storage._cdata] = info
        if written:
            self.access(t, write=True, what="made")
        return info

    def move(self, t: torch.Tensor, device: torch.device) -> torch.Tensor:
        if self.device_of(t) == device:
            return t
        to_cuda = device.type == "cuda"
        if self.on_cuda(t):
            self.access(t, write=False, what="device to host")
        self.counts["H2D copies" if to_cuda else "D2H copies"] += 1
        grad = t.requires_grad and t.is_leaf
        with self.off():
            made = t.detach().clone(memory_format=torch.preserve_format)
        self.adopt(made, device, written=to_cuda)
        self.host_sync(self.current, "host to device" if to_cuda else "device to host")
        made.requires_grad_(grad)
        return made

    @contextlib.contextmanager
    def off(self) -> Any:
        with torch._C.DisableTorchFunction(), torch.utils._python_dispatch._disable_current_modes(), torch.no_grad():
            yield

    # operations

    def run(self, func: Any, args: Any, kwargs: Any) -> Any:
        name = func._schema.name.removeprefix("aten::")
        leaves, spec = tree_flatten((args, kwargs))
        tensors = [t for t in leaves if isinstance(t, torch.Tensor)]
        for t in tensors:
            if _key(t) not in self.infos:
                self.adopt(t, self.copying or CPU)
        cuda = [t for t in tensors if self.on_cuda(t)]
        host = [t for t in tensors if not self.on_cuda(t)]
        between = name in ("copy_", "_to_copy", "_copy_from") and bool(cuda) and bool(host)
        if len(places := {str(self.device_of(t)) for t in cuda}) > 1:
            raise RuntimeError(f"Expected all tensors to be on the same device: {func} got {sorted(places)}")
        if cuda and host and not between:
            wide = [t for t in host if t.dim()]
            if wide and name not in ("index", "index_put_", "_index_put_impl_", "set_"):
                shapes = [tuple(t.shape) for t in wide]
                raise RuntimeError(f"Expected all tensors to be on the same device: {func} got cuda and cpu {shapes}")
            if self.capturing:
                self.frozen[f"{func}: a CPU tensor's value is frozen into the graph"] += 1
            if wide:
                self.host_sync(self.current, f"{name} with CPU indices")
        if between:
            self.host_sync(self.current, "copy between devices")
        counts = name in ("index", "index_put_") and any(t.dtype == torch.bool for t in tensors[1:])
        if cuda and (name in _SYNCS or counts):
            self.host_sync(self.current, name)
        written = self._written(func, name, args, kwargs)
        keys = {_key(t) for t in tensors}
        device = self.device_of(cuda[0]) if cuda else self.copying or (CPU if tensors else self.ambient)
        if device.type == "cuda" and device != self.here:
            self.races[f"{func} of {device} while a stream of {self.here} is current"] += 1
        graph, packed = self.capturing, []
        if graph and device.type == "cuda":
            for t in tensors:
                k = _key(t)
                if k in written and self.infos[k].pool is not graph.token and k not in graph.seen:
                    graph.seen.add(k)
                    with self.off():
                        whole = torch.empty(0, dtype=torch.uint8).set_(
                            t.untyped_storage(), 0, (t.untyped_storage().nbytes(),), (1,)
                        )
                        graph.saved.append((whole, whole.clone()))
            packed = [self._pack(leaf, func) for leaf in leaves]
        if (
            self.fail_at is not None
            and device.type == "cuda"
            and (self.fails_in == "any" or bool(self.capturing) == (self.fails_in == "capture"))
        ):
            self._n += 1
            if self._n == self.fail_at:
                if self.invalidates and self.capturing:
                    self.capturing.broken = "injected"
                raise torch.OutOfMemoryError("CUDA out of memory (injected)")
        if cuda and not self.capturing and name in _BLAS:
            self.touch(
                self.workspace(self.current),
                write=True,
                what="cuBLAS workspace",
                shape=("workspace of stream", self.current),
            )
        result = func(*args, **kwargs)
        outs = [o for o in tree_flatten(result)[0] if isinstance(o, torch.Tensor)]
        fresh = []
        for o in outs:
            if _key(o) not in self.infos or self.infos[_key(o)].ref.expired():
                self.infos.pop(_key(o), None)
                self.adopt(o, device)
                fresh.append(o)
        if device.type == "cuda":
            view = bool(keys) and not fresh and not written
            if not view:
                self.counts["captured kernels" if self.capturing else "eager kernels"] += 1
            if self.capturing:
                if not view:
                    kept = []
                    made = {id(o) for o in fresh}
                    for o in tree_flatten(result)[0]:
                        kept.append(o.detach() if isinstance(o, torch.Tensor) and id(o) in made else None)
                    graph.inner += [k for k in kept if k is not None]
                    graph.ops.append((func, spec, packed, kept, written))
                    if name in _BLAS:
                        graph.space = self.workspace(self.current)
            elif not view:
                for t in cuda:
                    self.access(t, write=_key(t) in written, what=str(func))
                for o in fresh:
                    self.access(o, write=True, what=str(func))
        self._freed()
        return result

    def _pack(self, leaf: Any, func: Any) -> Any:
        if not isinstance(leaf, torch.Tensor):
            return leaf
        info = self.infos[_key(leaf)]
        if info.pool is self.capturing.token:
            return leaf.detach()
        return Outside(leaf, func) if info.cuda else leaf.detach().clone()

    @staticmethod
    def _written(func: Any, name: str, args: Any, kwargs: Any) -> set[int]:
        """Storages that the operation changes."""
        found: list[Any] = []
        for i, a in enumerate(func._schema.arguments):
            if a.alias_info is not None and a.alias_info.is_write:
                found.append(args[i] if i < len(args) else kwargs.get(a.name))
        if name in ("native_batch_norm", "cudnn_batch_norm", "miopen_batch_norm") and args[5]:
            found += args[3:5]
        return {_key(t) for t in tree_flatten(found)[0] if isinstance(t, torch.Tensor)}

    # patches

    def __enter__(self) -> VirtualCuda:
        VirtualCuda.active = self
        real_load, real_save, real_autocast = torch.load, torch.save, torch.autocast

        def load(*args: Any, map_location: Any = None, **kwargs: Any) -> Any:
            loaded = real_load(*args, map_location="cpu", **kwargs)
            if map_location is not None and torch.device(map_location).type == "cuda":
                return tree_map_only(torch.Tensor, lambda t: self.move(t, self.placed(map_location)), loaded)
            return loaded

        def save(state: Any, *args: Any, **kwargs: Any) -> None:
            for t in tree_flatten(state)[0]:
                if isinstance(t, torch.Tensor) and self.on_cuda(t):
                    self.access(t, write=False, what="save")
                    self.counts["D2H copies"] += 1
                    self.host_sync(self.current, "save")
            with self.off():
                real_save(state, *args, **kwargs)

        def autocast(device_type: str, *args: Any, **kwargs: Any) -> Any:
            return real_autocast("cpu" if device_type == "cuda" else device_type, *args, **kwargs)

        graph = Capture if not self.eager else _NoCapture
        patches = {
            "torch.load": load,
            "torch.save": save,
            "torch.autocast": autocast,
            "torch.cuda.is_available": lambda: True,
            "torch.cuda.device_count": lambda: self.n_devices,
            "torch.cuda.Stream": Stream,
            "torch.cuda.Event": Event,
            "torch.cuda.stream": stream_context,
            "torch.cuda.current_stream": lambda *_: self._stream(),
            "torch.cuda.CUDAGraph": CUDAGraph,
            "torch.cuda.graph": graph,
            "torch.cuda.synchronize": self.synchronize,
            "torch.cuda.empty_cache": lambda: None,
        }
        self.stack = contextlib.ExitStack()
        for target, new in patches.items():
            self.stack.enter_context(mock.patch(target, new))
        self.stack.enter_context(_Ops(self))
        self.stack.enter_context(_Functions(self))
        return self

    def _stream(self) -> Stream:
        stream = Stream.__new__(Stream)
        stream.id = self.current
        return stream

    def __exit__(self, *args: Any) -> None:
        self._freed()
        self.stack.close()


class _NoCapture:
    """A capture that is refused."""

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def __enter__(self) -> None:
        raise RuntimeError("eager")

    def __exit__(self, *args: Any) -> None: ...
