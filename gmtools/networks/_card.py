"""The two files of a network: what a card must say, and what is refused when either file is read."""

import hashlib
import json
import zipfile
from pathlib import Path

import numpy as np

from gmtools.errors import FormatError

FORMAT = "gmtools network 2"
LARGEST = 4_000_000  # bytes of a file
LARGEST_UNPACKED = 16_000_000  # bytes of its arrays
SCORE_KEYS = ("score", "value", "unit", "baselines", "on")
REQUIRED = ("format", "name", "lesson", "profile", "seed", "data", "kind", "inputs", "outputs", "ranges", "faults",
            "scores", "seconds", "machine", "commit", "weights", "golden", "layers")  # fmt: skip
TRANSFORMS = {"": np.asarray, "log1p": np.log1p, "log": np.log}
_KERAS_ROOMS = ("keras.layers", "keras.src.layers", "keras.src.models", "keras.src.ops", "keras.initializers",
                "keras.regularizers", "keras.constraints", "keras.dtype_policies",
                "keras.src.dtype_policies")  # fmt: skip
_REFUSED = ("Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "StringLookup", "IntegerLookup",
            "TextVectorization")  # they run code, or read other files  # fmt: skip
_KERAS_CLASSES = ("Sequential", "Functional", "Model", "DTypePolicy")  # those that Keras files under plain "keras"


def read_weights(name, facts, folder):
    path, step = Path(folder) / f"{name}.npz", next_step(facts)
    if not path.is_file():
        raise FormatError(f"{path} is missing, its card is there. {step}")
    if path.stat().st_size > LARGEST:
        raise FormatError(f"{path} has {path.stat().st_size:,} bytes, more than any network may have. {step}")
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > LARGEST_UNPACKED:
            raise FormatError(f"{path} unpacks to {unpacked:,} bytes, more than any network may have. {step}")
        with np.load(path, allow_pickle=False) as file:
            arrays = [file[key] for key in sorted(file.files)]
    except FormatError:
        raise
    except Exception as error:  # zipfile, zlib and NumPy raise a dozen kinds at damaged bytes
        raise FormatError(f"{path} is not an npz file of plain arrays ({error}). {step}") from None
    if any(values.dtype not in (np.float16, np.float32) or not np.isfinite(values).all() for values in arrays):
        raise FormatError(f"{path} holds weights that are no finite numbers of half or single precision. {step}")
    if digest(arrays) != facts["weights"]["sha256"]:
        raise FormatError(f"{path} holds other weights than its card says. {step}")
    return arrays


def next_step(facts):
    """What to do about a damaged network, as a sentence."""
    lesson = facts.get("lesson", "LESSON") if isinstance(facts, dict) else "LESSON"
    return f"Get both files anew (git checkout networks), or make them: gmtools run {lesson} --profile full."


def digest(arrays):
    """SHA-256 of arrays with their types and shapes, in hexadecimal digits."""
    total = hashlib.sha256()
    for values in arrays:
        total.update(f"{values.dtype.name}{values.shape}".encode() + np.ascontiguousarray(values).tobytes())
    return total.hexdigest()


def check_card(facts, name, path=None):
    where = path or f"The card of {name}"
    step = next_step(facts)
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise FormatError(f"{where} does not say {FORMAT!r}: it is another file, or an old one. {step}")
    missing = [key for key in REQUIRED if key not in facts]
    if missing:
        raise FormatError(f"{where} lacks {', '.join(missing)}. {step}")
    try:
        _check_parts(facts)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise FormatError(f"{where}: {reason}. {step}") from None


def _check_parts(facts):
    for entry in [*facts["inputs"], *facts["outputs"]]:
        entry["name"], entry["unit"]
        if entry.get("transform", "") not in TRANSFORMS:
            raise ValueError(f"the transform {entry['transform']!r} is none of {', '.join(TRANSFORMS)}")
        if not entry.get("sd", 1) > 0 or not np.isfinite([entry.get("mean", 0), entry.get("sd", 1)]).all():
            raise ValueError(f"mean and sd of {entry['name']} are no finite numbers, or sd is not above 0")
    known = ({entry["name"] for entry in facts["inputs"]}, {entry["name"] for entry in facts["outputs"]})
    for output, limits in facts["ranges"].items():
        for name, (low, high) in limits.items():
            if output not in known[1] or name not in known[0]:
                raise ValueError(f"ranges name {output} and {name}, which are not among outputs and inputs")
            if low is not None and high is not None and not low <= high:
                raise ValueError(f"the range of {name} for {output} is {low} to {high}")
    for score in facts["scores"]:
        [score[key] for key in SCORE_KEYS]
    facts["weights"]["sha256"], facts["golden"]["shape"], facts["golden"]["outputs"]


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
        given = str(value.get("registered_name") or "")
        registered = given.startswith("gmtools>") and keras_quietly().saving.get_registered_object(given) is not None
        tensor = kind in ("__keras_tensor__", "__tuple__") and not room
        if not (own or registered or tensor):
            raise FormatError(f"{path}: the layer {room}.{kind} is neither Keras' own nor one of gmtools. {step}")
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
    from gmtools import layers  # registers the layers that saved networks may name

    return layers.keras
