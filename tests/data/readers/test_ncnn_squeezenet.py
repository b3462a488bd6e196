import struct

import numpy as np
import pytest

from gmtools.data import catalog
from gmtools.data.readers import ncnn_squeezenet

PARAM = """7767517
6 7
Input in0 0 1 in0
Convolution c0 1 1 in0 1 0=2 1=3 11=3 12=1 13=2 14=0 2=1 3=2 4=0 5=1 6=54 9=1
Pooling p0 1 1 1 2 0=0 1=3 11=3 12=2 13=0 2=2 3=0 5=0
Convolution c1 1 1 2 3 0=3 1=1 11=1 12=1 13=1 14=0 2=1 3=1 4=0 5=1 6=6 9=1
Convolution c2 1 1 2 4 0=1 1=3 11=3 12=1 13=1 14=1 2=1 3=1 4=1 5=1 6=18 9=1
Concat cat 2 1 3 4 5 0=0
"""
SHAPES = [(2, 3, 3, 3), (3, 2, 1, 1), (1, 2, 3, 3)]  # out, in, rows, columns


def arrays():
    random = np.random.default_rng(0)
    return [(random.normal(size=shape).astype("<f2"), random.normal(size=shape[0]).astype("<f4")) for shape in SHAPES]


def files(tmp_path):
    blocks = [struct.pack("<I", 0x01306B47) + kernel.tobytes() + bias.tobytes() for kernel, bias in arrays()]
    paths = {name: tmp_path / name for name in ("net.ncnn.param", "net.ncnn.bin")}
    paths["net.ncnn.param"].write_text(PARAM)
    paths["net.ncnn.bin"].write_bytes(b"".join(blocks))
    return paths


def test_kernels_and_biases_come_back_in_order(tmp_path):
    found = ncnn_squeezenet.read(files(tmp_path))
    assert [(one.stride, one.padding) for one in found] == [(2, 0), (1, 0), (1, 1)]
    for convolution, (kernel, bias) in zip(found, arrays(), strict=True):
        np.testing.assert_array_equal(convolution.kernel, kernel.transpose(2, 3, 1, 0).astype("f4"))
        np.testing.assert_array_equal(convolution.bias, bias)


def test_class_names(tmp_path):
    path = tmp_path / "synset_words.txt"
    path.write_text("\n".join(f"n{i:08d} thing {i}, other name" for i in range(1000)))
    assert ncnn_squeezenet.read_class_names({"synset_words.txt": path})[278] == "thing 278, other name"


@pytest.mark.skipif(
    not catalog.available("squeezenet_1_1"), reason="SqueezeNet is in no folder that GMTOOLS_DATA names"
)
def test_squeezenet_has_26_convolutions_and_its_published_number_of_weights():
    found = ncnn_squeezenet.read(catalog.find("squeezenet_1_1"))
    assert len(found) == 26
    assert sum(one.kernel.size + one.bias.size for one in found) == 1_235_496
    assert [one.kernel.shape[3] for one in found[:4]] == [64, 16, 64, 64]
