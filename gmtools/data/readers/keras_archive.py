"""The thirteen published networks of Sedaghati & Pezeshk (2026): Keras archives and a scaler, read as plain numbers.

Neither Keras nor pickle takes part. A ``.keras`` file is a zip of JSON and HDF5; the scaler's numbers stand as bytes
between the opcodes of its pickle, which are listed (``pickletools.genops``) and never run.
"""

import io
import json
import pickletools
import re
import zipfile
from pathlib import Path

import numpy as np

from gmtools import columns
from gmtools.data.readers import reject_large_member
from gmtools.errors import FormatError
from gmtools.networks import DenseNetwork

_ARRAYS = {"mean_": 24, "scale_": 24}  # bytes of three doubles
# Sedaghati & Pezeshk (2017), the Iranian records that the networks were tuned on.
_RANGES = {columns.MAGNITUDE: [4.7, 7.4], columns.RJB: [0, 250], columns.VS30: [155, 1564]}
_RANGES_SOURCE = "the 688 Iranian records of Sedaghati & Pezeshk (2017); its magnitude limits at second hand"


def read(paths):
    """Read the published networks side by side, in the order of :data:`gmtools.columns.PERIODS`: a DenseNetwork.

    ``paths`` (file name -> path) holds the thirteen archives and ``X_scaler.pkl``; others are ignored. ``facts`` tells,
    among others, ``updates`` (optimizer steps), ``trainable_layers`` and ``keras_version``.
    """
    by_name = {Path(name).name: Path(path) for name, path in paths.items()}
    archives = {_period(name): path for name, path in by_name.items() if name.endswith(".keras")}
    branches, facts = zip(*(_read_archive(archives[period]) for period in columns.PERIODS), strict=True)
    outputs = [{"name": columns.psa(period), "unit": "ln g"} for period in columns.PERIODS]
    return DenseNetwork(
        "published networks",
        described(*read_scaler(by_name["X_scaler.pkl"])),
        outputs,
        {output["name"]: _RANGES for output in outputs},
        list(branches),
        facts={**facts[0], "ranges": _RANGES_SOURCE, "citation": "sedaghati2026"},
    )


def described(mean, sd):
    """Inputs as the card of a network says them: M, ln(1 + RJB), ln(1 + VS30), each with its mean and sd."""
    names = (columns.MAGNITUDE, columns.RJB, columns.VS30)
    units, transforms = ("", "km", "m/s"), ("", "log1p", "log1p")
    return [
        {"name": name, "unit": unit, "transform": transform, "mean": float(center), "sd": float(width)}
        for name, unit, transform, center, width in zip(names, units, transforms, mean, sd, strict=True)
    ]


def read_scaler(path):
    """Mean and standard deviation, (3,) each, of a pickled scikit-learn StandardScaler (protocol 4), FormatError where
    it is none. Its opcodes are listed, not executed: the bytes of the arrays ``mean_`` and ``scale_`` come first
    after the strings of these names."""
    found, name = {}, None
    for opcode, argument, _ in pickletools.genops(Path(path).read_bytes()):
        if opcode.name in ("SHORT_BINUNICODE", "BINUNICODE"):
            # A name that ends in "_" is an attribute; other strings belong to the description of its array.
            name = argument if argument.endswith("_") else name
        elif opcode.name in ("SHORT_BINBYTES", "BINBYTES") and len(argument) == _ARRAYS.get(name):
            found.setdefault(name, np.frombuffer(argument, "<f8").copy())
    if set(found) != set(_ARRAYS):
        raise FormatError(f"{path} holds {sorted(found)}, no scaler of three features. Fetch the models again.")
    return found["mean_"], found["scale_"]


def _period(name):
    seconds = re.match(r"T(\d+)pt(\d+)S", name)
    return float(".".join(seconds.groups())) if seconds else 0.0


def _read_archive(path):
    """Layers [(kernel, bias, activation), ...] of one network, and what is the same in all thirteen."""
    import h5py

    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            reject_large_member(f"{path}: {member.filename}", member.file_size)
        layers = json.loads(archive.read("config.json"))["config"]["layers"]
        version = json.loads(archive.read("metadata.json"))["keras_version"]
        weights = io.BytesIO(archive.read("model.weights.h5"))
    dense = [layer["config"] for layer in layers if layer["class_name"] == "Dense"]
    with h5py.File(weights, "r") as file:
        groups = [f"layers/dense{f'_{index}' if index else ''}/vars" for index in range(len(dense))]
        pairs = zip(groups, dense, strict=True)
        network = [(_values(file, f"{g}/0"), _values(file, f"{g}/1"), config["activation"]) for g, config in pairs]
        updates = int(_values(file, "optimizer/vars/0"))
    return network, {
        "units": [3, *(config["units"] for config in dense)],
        "trainable_layers": [bool(config["trainable"]) for config in dense],
        "updates": updates,
        "keras_version": version,
    }


def _values(file, name):
    """Numbers that stand in the file itself: HDF5 can point to bytes of any other file on this machine."""
    data = file[name]
    if data.file != file or data.is_virtual or data.external is not None:
        raise FormatError(f"{name} points out of the file. Fetch the models again.")
    return data[()]
