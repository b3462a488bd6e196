"""Dense networks that read a table, evaluated in NumPy."""

import warnings
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from gmtools.errors import FormatError, KnownFault, OutOfRange, warn_outside
from gmtools.networks._card import TRANSFORMS, layers_of, next_step
from gmtools.networks._support import LEAST, NEAR, supported

ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softmax": lambda x: np.exp(x - x.max(-1, keepdims=True)) / np.exp(x - x.max(-1, keepdims=True)).sum(-1)[..., None],
}


@dataclass(frozen=True)
class DenseNetwork:
    """A network of dense layers that reads a table: evaluated in NumPy, without Keras.

    ``inputs``, ``outputs``, ``ranges``, ``faults`` as :func:`gmtools.networks.save` takes them; ``branches``: for each
    of several networks side by side its layers (kernel, bias, activation) in order; ``facts``: whatever else is known,
    such as ``support`` (:func:`gmtools.networks.support_of`).
    """

    name: str
    inputs: list
    outputs: list
    ranges: dict
    branches: list
    faults: tuple = ()
    facts: dict = field(default_factory=dict)

    @classmethod
    def of(cls, model, *, name, inputs, outputs, ranges, **facts):
        """Take the layers out of a Keras model that the reader has trained."""
        described = {"layers": layers_of(model), "name": name, "lesson": "LESSON"}
        branches = branches_of(described, [np.asarray(values) for values in model.get_weights()])
        return cls(name, inputs, outputs, ranges, branches, facts=facts)

    def predict(self, frame, outside="warn", stacklevel=2):
        """As :func:`predict`."""
        for layers in self.branches:
            if layers[0][0].shape[0] != len(self.inputs):
                widths = f"{layers[0][0].shape[0]} inputs in its weights and {len(self.inputs)} in its description"
                raise FormatError(f"{self.name} has {widths}. {next_step(self.facts)}")
        missing = [entry["name"] for entry in self.inputs if entry["name"] not in frame]
        if missing:
            have = ", ".join(map(str, frame))
            raise FormatError(f"{self.name} reads the columns {', '.join(missing)}; the table has {have}.")
        if outside == "warn":
            self._warn(frame, stacklevel + 1)
        values = forward(self.branches, scaled(self.inputs, frame))
        columns = [entry["name"] for entry in self.outputs]
        return pd.DataFrame(values, index=getattr(frame, "index", None), columns=columns)

    def inside(self, frame):
        """Whether each row lies in the range of each output, and near records that it learned from: DataFrame of bool,
        one column for each output."""
        found = self._in_ranges(frame)
        return found & self._near_records(frame) if "support" in self.facts else found

    def _near_records(self, frame):
        return supported(self.facts["support"], frame, len(self.outputs))[0]

    def _in_ranges(self, frame):
        columns = {}
        for entry in self.outputs:
            limits = self.ranges.get(entry["name"], {})
            columns[entry["name"]] = np.logical_and.reduce(
                [np.ones(len(frame), bool)]
                + [_between(np.asarray(frame[name], float), *limits[name]) for name in limits]
            )
        return pd.DataFrame(columns, index=getattr(frame, "index", None))

    def _warn(self, frame, stacklevel):
        """One warning for each input and range that is left, with the outputs that have this range."""
        for entry in self.inputs:
            name, groups = entry["name"], {}
            for output in self.outputs:
                limits = self.ranges.get(output["name"], {}).get(name, [None, None])
                groups.setdefault(tuple(limits), []).append(output["name"])
            values = np.asarray(frame[name], float)
            for limits, outputs in groups.items():
                which = "" if len(groups) == 1 else f" of {_few(outputs)}"
                warn_outside(self.name, name, values, *limits, f"the training data{which}", stacklevel + 1)
        if "support" in self.facts:
            alone = (self._in_ranges(frame).to_numpy() & ~self._near_records(frame)).any(axis=1)
            if alone.any():
                text = f"{self.name}: {alone.sum()} of {alone.size} rows have fewer than {LEAST} training records near "
                text += f"them ({NEAR}) for some output; read these predictions as extrapolation."
                warnings.warn(text, OutOfRange, stacklevel=stacklevel)
        for fault in self.faults:
            warnings.warn(f"{self.name}: {fault}", KnownFault, stacklevel=stacklevel)


def scaled(inputs, frame):
    """What a network is fed: each input transformed, centered and divided, (n, inputs)."""
    given = [np.asarray(frame[entry["name"]], float) for entry in inputs]
    turned = [TRANSFORMS[entry.get("transform", "")](values) for entry, values in zip(inputs, given, strict=True)]
    return np.column_stack([(x - entry["mean"]) / entry["sd"] for entry, x in zip(inputs, turned, strict=True)])


def branches_of(facts, arrays):
    """Dense layers of one network, or of several side by side: see :class:`DenseNetwork`."""
    whole, left = facts["layers"]["config"]["layers"], list(arrays)
    inner = [layer["config"]["layers"] for layer in whole if layer["class_name"] == "Sequential"]
    outer = {layer["class_name"] for layer in whole} - {"Sequential", "InputLayer", "Concatenate"}
    branches = [_dense(layers, left) for layers in ([whole] if outer else inner)]
    if not all(branches):
        raise FormatError(
            f"{facts['name']} is not a stack of dense layers, or several side by side: use networks.load."
        )
    return branches


def _dense(layers, arrays):
    """Kernel, bias and activation of each dense layer, from the front of ``arrays``; None for layers of other kinds."""
    found = []
    for layer in layers:
        config = layer["config"]
        if layer["class_name"] == "Dense" and config["activation"] in ACTIVATIONS and config["use_bias"]:
            found.append((arrays.pop(0), arrays.pop(0), config["activation"]))
        elif layer["class_name"] not in ("InputLayer", "Dropout"):
            return None
    return found


def forward(branches, inputs):
    """Outputs of all branches, (n, outputs), in double precision."""
    found = []
    for layers in branches:
        values = np.asarray(inputs, float)
        for kernel, bias, activation in layers:
            values = ACTIVATIONS[activation](values @ np.asarray(kernel, float) + np.asarray(bias, float))
        found.append(values)
    return np.concatenate(found, axis=1)


def _between(values, low, high):
    """Whether values lie within a range; missing values do not lie outside."""
    return ~((values < (-np.inf if low is None else low)) | (values > (np.inf if high is None else high)))


def _few(outputs):
    return outputs[0] if len(outputs) == 1 else f"{outputs[0]} and {len(outputs) - 1} more"
