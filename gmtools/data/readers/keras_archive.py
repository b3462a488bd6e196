"""The thirteen published networks of Sedaghati & Pezeshk (2026): Keras archives and a scaler, read as plain numbers.

Neither Keras nor pickle takes part. A ``.keras`` file is a zip of JSON and HDF5; the scaler's numbers stand as bytes
between the opcodes of its pickle, which are listed (``pickletools.genops``) and never run.
"""

import io
import json
import pickletools
import re
import zipfile
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np

from gmtools import columns
from gmtools.errors import FormatError
from gmtools.networks import DenseNetwork

_MEMBERS = ("metadata.json", "config.json", "model.weights.h5")
_LARGEST_MEMBER = 16 * 2**20  # bytes; a published network has 0.1 MB
_FEATURES = ("Earthquake_Magnitude", "JB_km", "Vs30_Selected_for_Analysis_m_s")
_BYTES = ("SHORT_BINBYTES", "BINBYTES")
_OPCODES = {"n_features_in_": ("BININT1",), "mean_": _BYTES, "scale_": _BYTES}
_AGAIN = "Fetch the published models again."
# Sedaghati & Pezeshk (2017), the Iranian records that the networks were tuned on.
_RANGES = {columns.MAGNITUDE: [4.7, 7.4], columns.RJB: [0, 250], columns.VS30: [155, 1564]}
_RANGES_SOURCE = "the 688 Iranian records of Sedaghati & Pezeshk (2017); its magnitude limits at second hand"


def read(paths):
    """Read the published networks side by side, in the order of :data:`gmtools.columns.PERIODS`: a DenseNetwork.

    ``paths`` (mapping of file name to path, or paths) holds the thirteen archives and ``X_scaler.pkl``; others are
    ignored. ``facts`` tells, among others, ``updates`` (optimizer steps), ``trainable_layers`` and ``keras_version``.
    FormatError where a file is missing, is not what its name says, or the thirteen differ in shape or training.
    """
    if not isinstance(paths, Mapping):
        paths = {Path(path).name: path for path in paths}
    by_name = {Path(name).name: Path(path) for name, path in paths.items()}
    archives = {_period(name): path for name, path in by_name.items() if name.endswith(".keras")}
    missing = [columns.period_label(period) for period in columns.PERIODS if period not in archives]
    if missing or "X_scaler.pkl" not in by_name:
        lacking = ", ".join([*missing, *(["X_scaler.pkl"] if "X_scaler.pkl" not in by_name else [])])
        raise FormatError(f"The published models are 13 .keras files and X_scaler.pkl; missing: {lacking}. {_AGAIN}")
    networks = [_read_archive(archives[period]) for period in columns.PERIODS]
    first = networks[0][1]
    for period, (_, facts) in zip(columns.PERIODS, networks, strict=True):
        if facts != first:
            raise FormatError(f"{archives[period]} differs from {archives[0.0]}: {facts}, not {first}. {_AGAIN}")
    mean, scale = read_scaler(by_name["X_scaler.pkl"])
    activations = ["relu"] * (len(networks[0][0]) - 1) + ["linear"]
    branches = [
        [(*layer, activation) for layer, activation in zip(weights, activations, strict=True)]
        for weights, _ in networks
    ]
    outputs = [{"name": columns.psa(period), "unit": "ln g"} for period in columns.PERIODS]
    return DenseNetwork(
        "published networks",
        described(mean, scale),
        outputs,
        {output["name"]: _RANGES for output in outputs},
        branches,
        facts={**first, "ranges": _RANGES_SOURCE, "citation": "sedaghati2026"},
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
    path = Path(path)
    found, names, key = {}, [], None
    try:
        for opcode, argument, _ in pickletools.genops(path.read_bytes()):
            if opcode.name in ("SHORT_BINUNICODE", "BINUNICODE"):
                names.append(argument)
                # A name that ends in "_" is an attribute; other strings belong to the description of its array.
                key = argument if argument.endswith("_") else key
            elif opcode.name in _OPCODES.get(key, ()):
                found.setdefault(key, argument)
    except Exception as error:  # genops raises whatever a damaged stream makes of its decoders
        raise FormatError(f"{path} is not a pickle ({error}). {_AGAIN}") from None
    if found.get("n_features_in_") != 3 or [name for name in names if name in _FEATURES] != list(_FEATURES):
        told = f"n_features_in_ is {found.get('n_features_in_')}"
        raise FormatError(f"{path} is not a scaler of the features {', '.join(_FEATURES)} ({told}). {_AGAIN}")
    return tuple(_three_doubles(path, name, found.get(name, b"")) for name in ("mean_", "scale_"))


def _three_doubles(path, name, data):
    values = np.frombuffer(data, "<f8") if len(data) == 24 else np.empty(0)
    if values.size != 3 or not np.isfinite(values).all() or (name == "scale_" and values.min() <= 0):
        raise FormatError(f"{path}: {name} is not three finite doubles but {values} ({len(data)} bytes). {_AGAIN}")
    return values.copy()


def _period(name):
    if name.startswith("PGA"):
        return 0.0
    match = re.match(r"T(\d+)pt(\d+)S", name)
    if not match:
        raise FormatError(f"{name}: expected PGA_... or T<seconds>pt<thousandths>S_..., as in T0pt050S_transfer.keras.")
    return float(f"{match[1]}.{match[2]}")


def _read_archive(path):
    """Weights ((kernel, bias), ...) of one network, and the facts that must be the same in all thirteen."""
    import h5py

    members = _members(path)
    try:
        layers = json.loads(members["config.json"])["config"]["layers"]
        version = json.loads(members["metadata.json"])["keras_version"]
        dense = _dense_layers(path, layers)
        with h5py.File(io.BytesIO(members["model.weights.h5"]), "r") as file:
            weights = tuple(_layer_weights(path, file, index, config) for index, config in enumerate(dense))
            updates = int(_values(path, file, "optimizer/vars/0"))
    except (ValueError, KeyError, TypeError, OSError, AttributeError, RuntimeError, RecursionError) as error:
        raise FormatError(f"{path} is not a Keras 3 archive of a trained dense network ({error}). {_AGAIN}") from None
    sizes = [3, *(config["units"] for config in dense)]
    shapes = [kernel.shape for kernel, _ in weights]
    if shapes != list(pairwise(sizes)) or sizes[-1] != 1:
        raise FormatError(f"{path}: kernels {shapes} do not lead from 3 inputs through {sizes[1:]} to 1. {_AGAIN}")
    trainable = [bool(config["trainable"]) for config in dense]
    return weights, {"units": sizes, "trainable_layers": trainable, "updates": updates, "keras_version": version}


def _members(path):
    try:
        with zipfile.ZipFile(path) as archive:
            for name in _MEMBERS:
                size = archive.getinfo(name).file_size
                if size > _LARGEST_MEMBER:
                    raise FormatError(f"{path}: {name} has {size} bytes, more than any of these networks. {_AGAIN}")
            return {name: archive.read(name) for name in _MEMBERS}
    except KeyError as error:
        raise FormatError(f"{path}: {error.args[0]} A .keras file holds {', '.join(_MEMBERS)}. {_AGAIN}") from None
    except (OSError, zipfile.BadZipFile) as error:
        raise FormatError(f"{path} is not a .keras file, which is a zip ({error}). {_AGAIN}") from None


def _dense_layers(path, layers):
    """Configurations of the dense layers: ReLU in all but the last, nothing else but input and dropout between them."""
    for layer in layers:
        if layer["class_name"] not in ("InputLayer", "Dense", "Dropout"):
            raise FormatError(
                f"{path}: a layer of class {layer['class_name']} cannot be read; only dense networks can."
            )
    dense = [layer["config"] for layer in layers if layer["class_name"] == "Dense"]
    activations = [config["activation"] for config in dense]
    if activations != ["relu"] * (len(dense) - 1) + ["linear"]:
        raise FormatError(f"{path}: activations are {activations}; expected relu in all but the last, then linear.")
    return dense


def _layer_weights(path, file, index, config):
    group = f"layers/dense{f'_{index}' if index else ''}/vars"
    name = file[group].attrs["name"]
    if name != config["name"]:
        raise FormatError(f"{path}: weights of {name} stand where {config['name']} belongs. {_AGAIN}")
    kernel, bias = _values(path, file, f"{group}/0"), _values(path, file, f"{group}/1")
    if kernel.shape[1:] != bias.shape or not (np.isfinite(kernel).all() and np.isfinite(bias).all()):
        raise FormatError(f"{path}: {config['name']} has kernel {kernel.shape} and bias {bias.shape}. {_AGAIN}")
    return kernel, bias


def _values(path, file, name):
    """Numbers that stand in the file itself: HDF5 can point to bytes of any other file on this machine."""
    data = file[name]
    outside = data.file != file or data.is_virtual or data.external is not None
    if outside or data.nbytes > _LARGEST_MEMBER:
        raise FormatError(f"{path}: {name} points out of the file, or has {data.nbytes} bytes. {_AGAIN}")
    return data[()]
