"""The two files of a network, and what is refused when either is read."""

import hashlib
import json
from pathlib import Path

import numpy as np

from gmtools.errors import FormatError

FORMAT = "gmtools network 2"
LARGEST = 4_000_000  # bytes of a file
TRANSFORMS = {"": np.asarray, "log1p": np.log1p, "log": np.log}
_KERAS_ROOMS = ("keras.layers", "keras.src.layers", "keras.src.models", "keras.src.ops", "keras.initializers",
                "keras.regularizers", "keras.constraints", "keras.dtype_policies",
                "keras.src.dtype_policies")  # fmt: skip
_REFUSED = ("Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "StringLookup", "IntegerLookup",
            "TextVectorization")  # they run code, or read other files  # fmt: skip
_KERAS_CLASSES = ("Sequential", "Functional", "Model", "DTypePolicy")  # those that Keras files under plain "keras"


def read_weights(name, facts, folder):
    path = Path(folder) / f"{name}.npz"
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = [file[key] for key in sorted(file.files)]
    except Exception as error:  # zipfile, zlib and NumPy raise a dozen kinds at damaged bytes
        raise FormatError(f"{path} is not an npz file of plain arrays ({error}). {next_step(facts)}") from None
    if digest(arrays) != facts["weights"]["sha256"]:
        raise FormatError(f"{path} holds other weights than its card says. {next_step(facts)}")
    return arrays


def next_step(facts):
    """What to do about a damaged network, as a sentence."""
    lesson = facts.get("lesson", "LESSON")
    return f"Get both files anew (git checkout networks), or make them: gmtools run {lesson} --profile full."


def digest(arrays):
    """SHA-256 of arrays with their types and shapes, in hexadecimal digits."""
    total = hashlib.sha256()
    for values in arrays:
        total.update(f"{values.dtype.name}{values.shape}".encode() + np.ascontiguousarray(values).tobytes())
    return total.hexdigest()


def refuse_foreign(value, path, step):
    """Stop at anything that Keras would import from elsewhere or run: lambdas, functions, classes of other packages."""
    if isinstance(value, list):
        for entry in value:
            refuse_foreign(entry, path, step)
    if not isinstance(value, dict):
        return
    kind = value.get("class_name")
    if kind is not None and "config" in value:
        room = str(value.get("module") or "")
        own = room in _KERAS_ROOMS or room.startswith(tuple(f"{name}." for name in _KERAS_ROOMS))
        own = (own or (room == "keras" and kind in _KERAS_CLASSES)) and kind not in _REFUSED
        tensor = kind in ("__keras_tensor__", "__tuple__") and not room
        if not (own or tensor):
            raise FormatError(f"{path}: the layer {room}.{kind} is not Keras' own. {step}")
    for entry in value.values():
        refuse_foreign(entry, path, step)


def written(facts):
    """JSON that a person can read: what is long and for machines stands on one line."""
    lines = []
    for key, value in facts.items():
        indent = None if key in ("layers", "golden") else 1
        written = json.dumps(value, indent=indent, allow_nan=False, ensure_ascii=False, default=plain)
        lines.append(f"{json.dumps(key)}: {written}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def layers_of(model):
    """Configuration as Keras writes it, without what belongs to training."""
    return _without(
        json.loads(json.dumps(keras_quietly().saving.serialize_keras_object(model), default=plain)), "compile_config"
    )


def _without(value, key):
    if isinstance(value, dict):
        return {name: _without(entry, key) for name, entry in value.items() if name != key}
    return [_without(entry, key) for entry in value] if isinstance(value, list) else value


def plain(value):
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not JSON")


def keras_quietly():
    from gmtools import layers

    return layers.keras
