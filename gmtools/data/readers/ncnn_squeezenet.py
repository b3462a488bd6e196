"""SqueezeNet's weights as ncnn stores them: a layer list (text) and the flat binary of its convolutions.

Nothing in either file is executed: the layer list is taken apart line by line, and the binary is a row of numbers whose
lengths the layer list gives.
"""

from dataclasses import dataclass

import numpy as np

from gmtools.data.readers import file_ending


@dataclass(frozen=True)
class Convolution:
    """One convolution, followed by ReLU: kernel (side, side, channels in, channels out), bias (channels out,), float32;
    stride and padding in pixels, the same at all four edges."""

    kernel: np.ndarray
    bias: np.ndarray
    stride: int
    padding: int


def read(paths):
    """Read the convolutions in the order of the layer list (names end with ``.ncnn.param`` and ``.ncnn.bin``): 26 for
    SqueezeNet 1.1. Source: ncnn's documentation, "param and model file structure" and "operation param weight
    table"."""
    param, binary = file_ending(paths, ".ncnn.param"), file_ending(paths, ".ncnn.bin")
    data, position, found = binary.read_bytes(), 0, []
    for words in map(str.split, param.read_text(encoding="ascii").splitlines()):
        if words[:1] == ["Convolution"]:
            value = {int(key): int(number) for key, number in (word.split("=") for word in words if "=" in word)}
            shape = (value[0], value[6] // (value[1] ** 2 * value[0]), value[1], value[1])
            kernel, bias, position = _weights(data, position, shape)
            found.append(Convolution(kernel.transpose(2, 3, 1, 0), bias, value[3], value[4]))
    return found


def read_class_names(paths):
    """Names of the 1,000 ImageNet classes, in the order of the network's outputs."""
    lines = file_ending(paths, "synset_words.txt").read_text(encoding="utf-8").splitlines()
    return [line.partition(" ")[2] for line in lines]


def _weights(data, position, shape):
    """Flag, half-precision kernel padded to four bytes, single-precision bias: kernel, bias and the next position."""
    count = int(np.prod(shape))
    second = position + 4 + -(-2 * count // 4) * 4
    kernel = np.frombuffer(data, "<f2", count, position + 4).astype("float32").reshape(shape)
    return kernel, np.frombuffer(data, "<f4", shape[0], second).astype("float32"), second + 4 * shape[0]
