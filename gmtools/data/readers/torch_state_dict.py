"""PyTorch state dicts (.pt): names and tensors, read without PyTorch.

The file is a zip of raw storages and a pickle that says which tensor is which part of which storage. The unpickler here
knows three names (an ordered dictionary, the function that rebuilds a tensor, classes of storages) and stands in for
each of them: whatever else a pickle names is refused before it is looked up, so that nothing of it can run.
"""

import io
import pickle
import zipfile
from collections import OrderedDict
from math import prod
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from gmtools.errors import FormatError

_AGAIN = "Get the file again, as its authors published it."
_LARGEST_PICKLE, _LARGEST_STORAGE = 2**20, 2**28  # bytes
_STORAGES = {"FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2", "LongStorage": "<i8"}


class _Tensor(NamedTuple):
    storage: tuple
    offset: int
    shape: tuple
    stride: tuple


class _Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, stride, *_: _Tensor(storage, offset, tuple(shape), tuple(stride))
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise pickle.UnpicklingError(f"it names {module}.{name}")

    def persistent_load(self, pid):
        kind, dtype, key, _, count = pid
        if kind != "storage" or dtype not in _STORAGES.values() or not str(key).isalnum() or not _are_counts([count]):
            raise pickle.UnpicklingError("it names a storage that is none")
        return np.dtype(dtype), str(key), count


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
        The file is no such zip; its pickle names or holds what no state dict does (it may run code when PyTorch loads
        it); a storage is missing, has another size or is too short for a tensor.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            root, content = _pickle(path, archive)
            tensors = _state_dict(content)
            data = {tensor.storage: _storage(path, archive, root, *tensor.storage) for tensor in tensors.values()}
            return {name: _array(path, name, tensor, data[tensor.storage]) for name, tensor in tensors.items()}
    except pickle.UnpicklingError as error:
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


def _state_dict(content: bytes) -> dict[str, _Tensor]:
    try:
        found = _Unpickler(io.BytesIO(content)).load()
    except pickle.UnpicklingError:
        raise
    except Exception as error:  # the stand-ins and the unpickler raise what a damaged stream makes of them
        raise pickle.UnpicklingError(f"its pickle is damaged ({type(error).__name__})") from None
    if not isinstance(found, dict) or not found:
        raise pickle.UnpicklingError("its pickle is no dictionary")
    for name, value in found.items():
        if not isinstance(name, str) or not isinstance(value, _Tensor):
            raise pickle.UnpicklingError(f"entry {str(name)[:60]!r} is no tensor")
        if len(value.shape) != len(value.stride) or not _are_counts([value.offset, *value.shape, *value.stride]):
            raise pickle.UnpicklingError(f"the shape of {name!r} is none")
    return found


def _are_counts(values) -> bool:
    return all(type(value) is int and value >= 0 for value in values)


def _storage(path: Path, archive: zipfile.ZipFile, root: str, dtype: np.dtype, key: str, count: int) -> np.ndarray:
    member, wanted = f"{root}/data/{key}", count * dtype.itemsize
    if member not in archive.namelist():
        raise FormatError(f"{path} lacks its storage {member}. {_AGAIN}")
    there = archive.getinfo(member).file_size
    if there != wanted or there > _LARGEST_STORAGE:
        raise FormatError(
            f"{path}: {member} has {there} bytes; {wanted} are announced, {_LARGEST_STORAGE} are the limit. {_AGAIN}"
        )
    return np.frombuffer(archive.read(member), dtype)


def _array(path: Path, name: str, tensor: _Tensor, data: np.ndarray) -> np.ndarray:
    size = prod(tensor.shape)
    last = tensor.offset + sum((n - 1) * step for n, step in zip(tensor.shape, tensor.stride, strict=True))
    if size > len(data) or (size and last >= len(data)):
        raise FormatError(f"{path}: {name} {tensor.shape} reaches beyond its storage of {len(data)} numbers. {_AGAIN}")
    strides = tuple(step * data.itemsize for step in tensor.stride)
    return np.lib.stride_tricks.as_strided(data[tensor.offset :], tensor.shape, strides, writeable=False).copy()
