"""PyTorch state dicts (.pt): names and tensors, read without PyTorch and without running the pickle inside.

The file is a zip of raw storages and ``data.pkl``, which says which tensor is which part of which storage. Its opcodes
are listed (``pickletools.genops``) and followed by a small machine that knows the twenty or so which a state dict is
made of, three names (an ordered dictionary, the function that rebuilds a tensor, classes of storages) and nothing else.
"""

import pickletools
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path, PurePosixPath

import numpy as np

from gmtools.errors import FormatError

_AGAIN = "Get the file again, as its authors published it."
_LARGEST_PICKLE, _LARGEST_STORAGE = 2**20, 2**28  # bytes
_DICTIONARY, _REBUILD = "collections OrderedDict", "torch._utils _rebuild_tensor_v2"
_STORAGES = {
    "torch FloatStorage": np.dtype("<f4"),
    "torch DoubleStorage": np.dtype("<f8"),
    "torch HalfStorage": np.dtype("<f2"),
    "torch LongStorage": np.dtype("<i8"),
}
_VALUES = {"BINUNICODE", "BININT", "BININT1", "BININT2", "LONG1"}
_CONSTANTS = {"NEWFALSE": False, "NEWTRUE": True, "NONE": None}
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


class _Refused(Exception):
    """The pickle does what no state dict does."""


class _Mark:
    """Where a tuple, or the pairs of a dictionary, begin on the stack."""


@dataclass(frozen=True)
class _Global:
    """A name of Python that the pickle mentions; it is compared, never looked up."""

    name: str


@dataclass(frozen=True)
class _Storage:
    dtype: np.dtype
    key: str
    count: int


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


def read(path: str | Path) -> dict[str, np.ndarray]:
    """Read a state dict.

    Parameters
    ----------
    path : str or Path
        As ``torch.save(model.state_dict(), path)`` writes it since PyTorch 1.6.

    Returns
    -------
    dict of str to ndarray
        In the order of the file; tensors that share a storage are separate copies.

    Raises
    ------
    FormatError
        The file is no such zip; its pickle has an opcode, a name or a structure that a state dict has not (such a
        file may run code when PyTorch loads it); a storage is missing, has another size or is too short for a tensor.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            root, pickle = _pickle(path, archive)
            tensors = _state_dict(pickle)
            storages = {tensor.storage for tensor in tensors.values()}
            data = {storage: _storage(path, archive, root, storage) for storage in storages}
            return {name: _array(path, name, tensor, data[tensor.storage]) for name, tensor in tensors.items()}
    except _Refused as error:
        raise FormatError(
            f"{path} is not a plain state dict: {error}. Do not load it with PyTorch either, it could run code of its "
            "author's choice. Ask for the state dict alone, or for an .npz."
        ) from None
    except (OSError, zipfile.BadZipFile) as error:
        raise FormatError(f"{path} is no PyTorch archive, which is a zip ({error}). {_AGAIN}") from None


def _pickle(path: Path, archive: zipfile.ZipFile) -> tuple[str, bytes]:
    found = [info for info in archive.infolist() if PurePosixPath(info.filename).name == "data.pkl"]
    if len(found) != 1 or found[0].file_size > _LARGEST_PICKLE:
        sizes = [info.file_size for info in found]
        raise FormatError(f"{path} has {len(found)} data.pkl of {sizes} bytes; one, of a MB at most, is read. {_AGAIN}")
    root = str(PurePosixPath(found[0].filename).parent)
    order = f"{root}/byteorder"
    if order in archive.namelist() and archive.read(order) != b"little":
        raise FormatError(f"{path} was written on a big-endian machine; only little-endian files are read.")
    return root, archive.read(found[0])


def _state_dict(pickle: bytes) -> dict[str, _Tensor]:
    """Follow the opcodes to the dictionary of tensors."""
    stack, memo = [], {}
    try:
        for opcode, argument, _ in pickletools.genops(pickle):
            _step(opcode.name, argument, stack, memo)
    except _Refused:
        raise
    except Exception as error:  # genops raises what a damaged stream makes of its decoders; the machine, of its stack
        raise _Refused(f"its pickle is damaged ({error!r})") from None
    if len(stack) != 1 or not isinstance(stack[0], dict) or not stack[0]:
        raise _Refused("its pickle is no dictionary")
    for name, value in stack[0].items():
        if not isinstance(name, str) or not isinstance(value, _Tensor):
            raise _Refused(f"entry {name!r} is no tensor")
    return stack[0]


def _step(name: str, argument, stack: list, memo: dict) -> None:
    """Do what one opcode says."""
    if name in ("PROTO", "STOP"):
        return
    if name == "GLOBAL":
        if argument not in (_DICTIONARY, _REBUILD, *_STORAGES):
            raise _Refused(f"it names {argument.replace(' ', '.')}")
        stack.append(_Global(argument))
    elif name in _VALUES:
        stack.append(argument)
    elif name in _CONSTANTS:
        stack.append(_CONSTANTS[name])
    elif name == "MARK":
        stack.append(_Mark())
    elif name in ("BINPUT", "LONG_BINPUT"):
        memo[argument] = stack[-1]
    elif name in ("BINGET", "LONG_BINGET"):
        stack.append(memo[argument])
    elif name == "TUPLE":
        stack.append(tuple(_since_mark(stack)))
    elif name in _TUPLES:
        stack.append(tuple(reversed([stack.pop() for _ in range(_TUPLES[name])])))
    elif name == "EMPTY_DICT":
        stack.append({})
    elif name in ("SETITEM", "SETITEMS"):
        pairs = _since_mark(stack) if name == "SETITEMS" else [stack.pop(), stack.pop()][::-1]
        stack[-1].update(_pairs(stack[-1], pairs))
    elif name == "BINPERSID":
        stack.append(_persistent(stack.pop()))
    elif name == "REDUCE":
        arguments, function = stack.pop(), stack.pop()
        stack.append(_call(function, arguments))
    elif name == "BUILD" and isinstance(stack[-1], dict) and set(stack[-1]) == {"_metadata"}:
        stack.pop()  # version numbers of the modules: not needed
    else:
        raise _Refused(f"it has the opcode {name}")


def _since_mark(stack: list) -> list:
    values = []
    while not isinstance(stack[-1], _Mark):
        values.append(stack.pop())
    stack.pop()
    return values[::-1]


def _pairs(target, values: list) -> Iterator[tuple]:
    if type(target) is not dict or len(values) % 2 or not all(isinstance(key, str) for key in values[::2]):
        raise _Refused("it sets items of something else than a dictionary of names")
    return zip(values[::2], values[1::2], strict=True)


def _persistent(identity) -> _Storage:
    """('storage', class, key, device, count)."""
    kind, storage, key, _, count = identity
    if kind != "storage" or not isinstance(storage, _Global) or storage.name not in _STORAGES:
        raise _Refused(f"it refers to {identity!r}")
    if not (isinstance(key, str) and key.isalnum() and _is_count(count)):
        raise _Refused(f"it names the storage {key!r} of {count!r} numbers")
    return _Storage(_STORAGES[storage.name], key, count)


def _call(function, arguments: tuple):
    """Return what the two functions of a state dict would return, without calling anything."""
    if function == _Global(_DICTIONARY) and arguments == ():
        return {}
    if function == _Global(_REBUILD) and isinstance(arguments, tuple) and len(arguments) == 6:
        storage, offset, shape, stride, _, hooks = arguments
        numbers = (offset, *shape, *stride)
        if isinstance(storage, _Storage) and hooks == {} and len(shape) == len(stride) and all(map(_is_count, numbers)):
            return _Tensor(storage, offset, shape, stride)
    raise _Refused(f"it calls {getattr(function, 'name', function)!r} with {arguments!r:.80}")


def _is_count(value) -> bool:
    return type(value) is int and value >= 0


def _storage(path: Path, archive: zipfile.ZipFile, root: str, storage: _Storage) -> np.ndarray:
    member, wanted = f"{root}/data/{storage.key}", storage.count * storage.dtype.itemsize
    if member not in archive.namelist():
        raise FormatError(f"{path} lacks its storage {member}. {_AGAIN}")
    there = archive.getinfo(member).file_size
    if there != wanted or there > _LARGEST_STORAGE:
        raise FormatError(
            f"{path}: {member} has {there} bytes; {wanted} are announced, {_LARGEST_STORAGE} are the limit. {_AGAIN}"
        )
    return np.frombuffer(archive.read(member), storage.dtype)


def _array(path: Path, name: str, tensor: _Tensor, data: np.ndarray) -> np.ndarray:
    size = prod(tensor.shape)
    last = tensor.offset + sum((n - 1) * step for n, step in zip(tensor.shape, tensor.stride, strict=True))
    if size > len(data) or (size and last >= len(data)):
        raise FormatError(f"{path}: {name} {tensor.shape} reaches beyond its storage of {len(data)} numbers. {_AGAIN}")
    strides = tuple(step * data.itemsize for step in tensor.stride)
    return np.lib.stride_tricks.as_strided(data[tensor.offset :], tensor.shape, strides, writeable=False).copy()
