"""PyTorch state dicts (.pt): names and tensors, read without PyTorch.

The file is a zip of raw storages and a pickle that says which tensor is which part of which storage. The unpickler here
knows three names (an ordered dictionary, the function that rebuilds a tensor, classes of storages) and stands in for
each of them: whatever else a pickle names is refused before it is looked up, so that nothing of it can run.
"""

import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np

from gmtools.data.readers import reject_large_member
from gmtools.errors import FormatError

_STORAGES = {"FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2", "LongStorage": "<i8"}


class _Unpickler(pickle.Unpickler):
    def __init__(self, archive: zipfile.ZipFile, root: str):
        super().__init__(archive.open(f"{root}data.pkl"))
        self.archive, self.root = archive, root

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise pickle.UnpicklingError(f"it names {module}.{name}")

    def persistent_load(self, pid):
        _, dtype, key, *_ = pid
        info = self.archive.getinfo(f"{self.root}data/{key}")
        reject_large_member(info.filename, info.file_size)
        return np.frombuffer(self.archive.read(info), dtype)


def _tensor(storage: np.ndarray, offset: int, shape, stride, *_) -> np.ndarray:
    """Copy of a part of a storage; IndexError where it is too short."""
    steps = [step * np.arange(size) for size, step in zip(shape, stride, strict=True)]
    return np.asarray(storage[offset + sum(np.ix_(*steps))])


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
        The file is no such zip, or its pickle names what no state dict does (it may run code when PyTorch loads it).
    """
    try:
        with zipfile.ZipFile(path) as archive:
            name = next(name for name in archive.namelist() if name.endswith("data.pkl"))
            return dict(_Unpickler(archive, name.removesuffix("data.pkl")).load())
    except (zipfile.BadZipFile, StopIteration, pickle.UnpicklingError, KeyError, IndexError) as error:
        raise FormatError(
            f"{path} is not a plain state dict: {error}. Do not load it with PyTorch either, it could run code of its "
            "author's choice. Ask for the state dict alone, or for an .npz."
        ) from None
