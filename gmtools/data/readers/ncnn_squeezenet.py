"""SqueezeNet's weights as ncnn stores them: a layer list (text) and the flat binary of its convolutions.

Nothing in either file is executed: the layer list is taken apart line by line, and the binary is a row of numbers whose
lengths the layer list gives.
"""

from dataclasses import dataclass

import numpy as np

from gmtools.data.readers import file_ending
from gmtools.errors import FormatError

_MAGIC = "7767517"
_HALF_PRECISION = 0x01306B47  # ncnn's flag in front of float16 weights
_LAYERS = ("Input", "Convolution", "Pooling", "Split", "Concat", "Reshape", "Flatten")
_AGAIN = "Fetch the data set squeezenet_1_1 again."


@dataclass(frozen=True)
class Convolution:
    """One convolution, followed by ReLU.

    Attributes
    ----------
    kernel : ndarray, (side, side, channels_in, channels_out), float32
    bias : ndarray, (channels_out,), float32
    stride, padding : int
        Pixels; the padding is the same at all four edges.
    """

    kernel: np.ndarray
    bias: np.ndarray
    stride: int
    padding: int


def read(paths):
    """Read the convolutions in the order of the layer list.

    Parameters
    ----------
    paths : mapping of str to path-like
        From :func:`gmtools.data.catalog.find`: one name ends with ``.ncnn.param``, one with ``.ncnn.bin``.

    Returns
    -------
    list of Convolution
        Twenty-six for SqueezeNet 1.1: the first, then squeeze, expand 1x1 and expand 3x3 of eight fire modules, then
        the last.

    Raises
    ------
    FormatError
        The layer list has another syntax, another kind of layer or a wrong number of weights; the binary has another
        flag than half precision, another length, or a value that is not finite.

    Source: ncnn's documentation, "param and model file structure" and "operation param weight table".
    """
    param, binary = file_ending(paths, ".ncnn.param"), file_ending(paths, ".ncnn.bin")
    shapes = _convolutions(param)
    data, position, found = binary.read_bytes(), 0, []
    for name, side, channels_in, channels_out, stride, padding in shapes:
        kernel, bias, position = _weights(binary, data, position, name, (channels_out, channels_in, side, side))
        found.append(Convolution(kernel.transpose(2, 3, 1, 0), bias, stride, padding))
    if position != len(data):
        raise FormatError(f"{binary} has {len(data)} bytes, its layer list asks for {position}. {_AGAIN}")
    return found


def read_class_names(paths):
    """Names of the 1,000 ImageNet classes, in the order of the network's outputs: list of str.

    Raises
    ------
    FormatError
        Not 1,000 lines that begin with a WordNet number.
    """
    path = file_ending(paths, "synset_words.txt")
    lines = path.read_text(encoding="utf-8").splitlines()
    wrong = [line for line in lines if not (line[:1] == "n" and line[1:9].isdigit() and line[9:10] == " ")]
    if wrong or len(lines) != 1000:
        raise FormatError(f"{path} has {len(lines)} lines, {len(wrong)} of them no class; 1,000 are due. {_AGAIN}")
    return [line[10:] for line in lines]


def _convolutions(path):
    """Name, side, channels in, channels out, stride and padding of each convolution, traced through the layer list."""
    lines = [line.split() for line in path.read_text(encoding="ascii", errors="replace").splitlines() if line.strip()]
    if len(lines) < 3 or lines[0] != [_MAGIC] or lines[1][:1] != [str(len(lines) - 2)]:
        raise FormatError(f"{path} is not an ncnn layer list of {len(lines) - 2} layers that begins {_MAGIC}. {_AGAIN}")
    channels, sides, found = {}, {}, []
    for words in lines[2:]:
        try:
            kind, name, inputs, outputs, values = _layer(words)
            if kind == "Convolution":
                found.append(_convolution(name, values, channels[inputs[0]]))
                sides[outputs[0]] = found[-1][1]
            if kind == "Concat" and [sides[blob] for blob in inputs] != [1, 3]:
                raise ValueError("joins other maps than those of a 1x1 and a 3x3 convolution")
            if (
                kind == "Pooling"
                and values.get(4, 0) == 0
                and [values.get(key) for key in (0, 1, 2, 5)] != [0, 3, 2, 0]
            ):
                raise ValueError("is not a 3x3 maximum pooling with stride 2 in ceil mode")
        except (ValueError, KeyError, IndexError) as error:
            raise FormatError(f"{path}: the line {' '.join(words)!r} cannot be used: {error}. {_AGAIN}") from None
        many = found[-1][3] if kind == "Convolution" else sum(channels[blob] for blob in inputs) or 3
        channels.update(dict.fromkeys(outputs, many))
    return found


def _layer(words):
    """Kind, name, input blobs, output blobs and parameters of a line."""
    kind, name, n_inputs, n_outputs = words[0], words[1], int(words[2]), int(words[3])
    blobs, settings = words[4 : 4 + n_inputs + n_outputs], words[4 + n_inputs + n_outputs :]
    if kind not in _LAYERS or len(blobs) != n_inputs + n_outputs:
        raise ValueError(f"a layer of SqueezeNet is one of {', '.join(_LAYERS)}, with all its blobs")
    values = {int(key): int(value) for key, value in (setting.split("=") for setting in settings)}
    return kind, name, blobs[:n_inputs], blobs[n_inputs:], values


def _convolution(name, values, channels_in):
    """Check a convolution's parameters against each other."""
    side, channels_out, stride, padding = values[1], values[0], values[3], values[4]
    plain = {11: side, 2: 1, 12: 1, 13: stride, 14: padding, 5: 1, 9: 1}  # square, not dilated, with bias and ReLU
    if any(values.get(key) != value for key, value in plain.items()):
        raise ValueError("not a square convolution with bias and ReLU")
    if side < 1 or channels_out < 1 or values[6] != side * side * channels_in * channels_out:
        raise ValueError(f"{values[6]} weights are not {side} x {side} x {channels_in} x {channels_out}")
    return name, side, channels_in, channels_out, stride, padding


def _weights(path, data, position, name, shape):
    """Flag, half-precision kernel padded to four bytes, single-precision bias: kernel, bias and the next position."""
    count = int(np.prod(shape))
    first, second = position + 4, position + 4 + -(-2 * count // 4) * 4
    end = second + 4 * shape[0]
    if len(data) < end:
        raise FormatError(f"{path} ends at byte {len(data)}, within the weights of {name} (to {end}). {_AGAIN}")
    flag = int(np.frombuffer(data, "<u4", 1, position)[0])
    if flag != _HALF_PRECISION:
        raise FormatError(f"{path}: {name} has the flag {flag:#010x}, not {_HALF_PRECISION:#010x} (float16). {_AGAIN}")
    kernel = np.frombuffer(data, "<f2", count, first).astype("float32").reshape(shape)
    bias = np.frombuffer(data, "<f4", shape[0], second).astype("float32")
    if not (np.isfinite(kernel).all() and np.isfinite(bias).all()):
        raise FormatError(f"{path}: {name} has weights that are not finite. {_AGAIN}")
    return kernel, bias, end
