"""A trained network as numbers: an npz file of arrays, a JSON sidecar that explains them, a forward pass in NumPy.

No tensor library is needed to use a network that was saved this way, and reading it runs no code of the file.
"""

import json
import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import jsonschema
import numpy as np

from gmtools import columns
from gmtools.errors import FormatError, warn_outside

INPUTS = ("magnitude", "ln(1+rjb_km)", "ln(1+vs30_m_s)")
TARGET = "ln PSA (g)"
_FORMAT = "gmtools portable network 1"
_BLOCK = 4096  # rows of one pass: bounds the memory of the hidden layers

_SCHEMA = {
    "type": "object",
    "required": ["format", "activation", "inputs", "target", "periods", "members", "layers", "ranges", "provenance"],
    "properties": {
        "format": {"const": _FORMAT},
        "activation": {"const": "relu"},
        "inputs": {"const": list(INPUTS)},
        "target": {"type": "string"},
        "periods": {"type": "array", "items": {"type": "number", "minimum": 0}, "minItems": 1},
        "members": {"type": "integer", "minimum": 1},
        "layers": {"type": "array", "items": {"$ref": "#/$defs/shape"}, "minItems": 1},
        "ranges": {"type": "object", "additionalProperties": {"$ref": "#/$defs/range"}},
        "provenance": {"type": "object"},
    },
    "$defs": {
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 3, "maxItems": 3},
        "range": {"type": "array", "items": {"type": ["number", "null"]}, "minItems": 2, "maxItems": 2},
    },
}


@dataclass(frozen=True)
class PortableNetwork:
    """Networks of the same shape, side by side: one for each period, or one with an output for each period.

    Of an ensemble every member has all periods, and ``predict`` gives the mean of the members' ln PSA.

    Attributes
    ----------
    weights : sequence of (kernel, bias)
        Layers in order, kernel (n_nets, in, out), bias (n_nets, out). ReLU follows every layer but the last.
    input_mean, input_sd : ndarray, (3,)
        What the inputs were standardized with.
    periods : tuple of float
        Periods (s) of the outputs; 0 is PGA.
    members : int
        Size of the ensemble; its outputs are ordered member by member, each with all periods.
    ranges : dict
        Column name -> [low, high] of the data that the network was trained on; None leaves a side open.
    provenance : dict
        Where the network comes from (JSON values). Its "ranges" says where the ranges come from.
    inputs, target, activation
        What goes in, what comes out and the hidden units' activation; there is one of each.
    """

    weights: tuple
    input_mean: np.ndarray
    input_sd: np.ndarray
    periods: tuple
    members: int = 1
    ranges: dict = field(default_factory=dict)
    provenance: dict = field(default_factory=dict)
    inputs: tuple = INPUTS
    target: str = TARGET
    activation: str = "relu"

    def __post_init__(self):
        """Refuse arrays that do not fit together (FormatError)."""
        _check_shapes(self)

    def predict(self, magnitude, rjb_km, vs30_m_s):
        """Natural logarithm of PSA (g), evaluated in double precision.

        Parameters
        ----------
        magnitude, rjb_km, vs30_m_s : array_like
            Moment magnitude, Joyner-Boore distance (km), VS30 (m/s); they broadcast against each other.

        Returns
        -------
        ndarray, (n, n_periods)
            n is the number of broadcast elements, in C order.

        Warns
        -----
        OutOfRange
            Once for each quantity that leaves the training data's range.
        """
        return self.predict_members(magnitude, rjb_km, vs30_m_s, stacklevel=4).mean(axis=1)

    def predict_members(self, magnitude, rjb_km, vs30_m_s, stacklevel=3):
        """Like :meth:`predict`, each member by itself: (n, members, n_periods)."""
        magnitude, rjb_km, vs30_m_s = (
            values.ravel()
            for values in np.broadcast_arrays(*(np.asarray(v, float) for v in (magnitude, rjb_km, vs30_m_s)))
        )
        given = {columns.MAGNITUDE: magnitude, columns.RJB: rjb_km, columns.VS30: vs30_m_s}
        source = self.provenance.get("ranges", "the data that it was trained on")
        for name, (low, high) in self.ranges.items():
            if name in given:
                warn_outside(self.provenance.get("name", "network"), name, given[name], low, high, source, stacklevel)
        inputs = np.column_stack([magnitude, np.log1p(rjb_km), np.log1p(vs30_m_s)])
        inputs = (inputs - np.asarray(self.input_mean, float)) / np.asarray(self.input_sd, float)
        blocks = [self._forward(inputs[start : start + _BLOCK]) for start in range(0, len(inputs), _BLOCK)]
        return np.concatenate(blocks) if blocks else np.empty((0, self.members, len(self.periods)))

    def _forward(self, inputs):
        values = inputs[np.newaxis]
        for layer, (kernel, bias) in enumerate(self.weights):
            if layer:
                np.maximum(values, 0, out=values)
            values = values @ np.asarray(kernel, float) + np.asarray(bias, float)[:, np.newaxis]
        return values.transpose(1, 0, 2).reshape(len(inputs), self.members, len(self.periods))


def save(path, network):
    """Write ``network`` as ``path`` (npz) and, beside it, a sidecar of the same name with the suffix .json.

    Each file is written under another name and then moved, so that a reader never sees half a file.

    Parameters
    ----------
    path : path-like
        Name of the npz file.
    network : PortableNetwork
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {"input_mean": network.input_mean, "input_sd": network.input_sd}
    for layer, (kernel, bias) in enumerate(network.weights):
        arrays |= {f"kernel_{layer}": kernel, f"bias_{layer}": bias}
    text = json.dumps(
        {
            "format": _FORMAT,
            "activation": network.activation,
            "inputs": network.inputs,
            "target": network.target,
            "units": {columns.MAGNITUDE: "moment magnitude", columns.RJB: "km", columns.VS30: "m/s", "output": "ln g"},
            "periods": network.periods,
            "members": network.members,
            "layers": [np.shape(kernel) for kernel, _ in network.weights],
            "ranges": network.ranges,
            "provenance": network.provenance,
        },
        indent=1,
    )
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    temporary.replace(path)
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path.with_suffix(".json"))


def load(path):
    """Read a network that :func:`save` wrote.

    Parameters
    ----------
    path : path-like
        Name of the npz file; the sidecar is looked for beside it.

    Returns
    -------
    PortableNetwork

    Raises
    ------
    FormatError
        When a file is missing, damaged, holds pickled objects, or when arrays and sidecar do not fit together.
    """
    path = Path(path)
    described = _sidecar(path.with_suffix(".json"))
    count = len(described["layers"])
    names = [f"{part}_{layer}" for layer in range(count) for part in ("kernel", "bias")]
    arrays = _arrays(path, [*names, "input_mean", "input_sd"])
    weights = tuple((arrays[f"kernel_{layer}"], arrays[f"bias_{layer}"]) for layer in range(count))
    shapes = [list(kernel.shape) for kernel, _ in weights]
    if shapes != described["layers"]:
        raise FormatError(f"{path} has kernels of shape {shapes}, its sidecar says {described['layers']}. {_AGAIN}")
    return PortableNetwork(
        weights=weights,
        input_mean=arrays["input_mean"],
        input_sd=arrays["input_sd"],
        periods=tuple(described["periods"]),
        members=described["members"],
        ranges=described["ranges"],
        provenance=described["provenance"],
        target=described["target"],
    )


_AGAIN = "Delete both files and train or read the network again."


def _sidecar(path):
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
        jsonschema.validate(described, _SCHEMA)
    except FileNotFoundError:
        raise FormatError(f"{path} is missing: a network is an npz file and this sidecar. {_AGAIN}") from None
    except ValueError as error:  # JSON and Unicode errors are ValueErrors
        raise FormatError(f"{path} is not JSON ({error}). {_AGAIN}") from None
    except jsonschema.ValidationError as error:
        where = "/".join(map(str, error.absolute_path)) or "top level"
        raise FormatError(f"{path} breaks the format {_FORMAT!r} at {where}: {error.message}. {_AGAIN}") from None
    return described


def _arrays(path, names):
    try:
        with np.load(path, allow_pickle=False) as file:
            missing = [name for name in names if name not in file]
            if missing:
                raise FormatError(f"{path} lacks the arrays {', '.join(missing)}. {_AGAIN}")
            return {name: file[name] for name in names}
    except FileNotFoundError:
        raise FormatError(f"{path} is missing, its sidecar is there. {_AGAIN}") from None
    except (ValueError, TypeError, OSError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise FormatError(f"{path} is not an npz file of plain arrays ({error}). {_AGAIN}") from None


def _check_shapes(network):
    for name in ("input_mean", "input_sd"):
        values = np.asarray(getattr(network, name), float)
        if (
            values.shape != (len(INPUTS),)
            or not np.isfinite(values).all()
            or (name == "input_sd" and values.min() <= 0)
        ):
            raise FormatError(
                f"{name} is {values}, not {len(INPUTS)} finite numbers (a standard deviation is above 0)."
            )
    if network.activation != "relu" or tuple(network.inputs) != INPUTS:
        raise FormatError(f"Only ReLU and the inputs {INPUTS} are known, not {network.activation}, {network.inputs}.")
    nets, width = None, len(INPUTS)
    for layer, (kernel, bias) in enumerate(network.weights):
        shape = np.shape(kernel)
        nets = shape[0] if layer == 0 and shape else nets
        if len(shape) != 3 or shape[:2] != (nets, width) or np.shape(bias) != (nets, shape[2]):
            message = f"Layer {layer}: kernel {shape} and bias {np.shape(bias)} do not continue {nets} networks with"
            raise FormatError(f"{message} {width} values each; kernels are (n_nets, in, out), biases (n_nets, out).")
        width = shape[2]
    expected = network.members * len(network.periods)
    if nets is None or nets * width != expected:
        count = f"{network.members} members of {len(network.periods)} periods"
        raise FormatError(f"{nets} networks with {width} outputs do not make {count}.")
