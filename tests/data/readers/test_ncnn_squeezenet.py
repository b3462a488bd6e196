import struct

import numpy as np
import pytest

from gmtools.data import catalog
from gmtools.data.readers import ncnn_squeezenet
from gmtools.errors import DataNotFound, FormatError

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


def files(tmp_path, param=PARAM, flag=0x01306B47, change=lambda data: data):
    blocks = [struct.pack("<I", flag) + kernel.tobytes() + bias.tobytes() for kernel, bias in arrays()]
    paths = {name: tmp_path / name for name in ("net.ncnn.param", "net.ncnn.bin")}
    paths["net.ncnn.param"].write_text(param)
    paths["net.ncnn.bin"].write_bytes(change(b"".join(blocks)))
    return paths


def test_kernels_and_biases_come_back_in_order(tmp_path):
    found = ncnn_squeezenet.read(files(tmp_path))
    assert [(one.stride, one.padding) for one in found] == [(2, 0), (1, 0), (1, 1)]
    for convolution, (kernel, bias) in zip(found, arrays(), strict=True):
        np.testing.assert_array_equal(convolution.kernel, kernel.transpose(2, 3, 1, 0).astype("f4"))
        np.testing.assert_array_equal(convolution.bias, bias)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[:-1], "layer 2: buffer is smaller than requested size"),
        (lambda data: data + b"\0", "has 193 bytes, its layer list asks for 192"),
        (lambda data: b"", "layer 0: buffer is smaller than requested size"),
    ],
)
def test_another_binary_is_refused(tmp_path, change, message):
    with pytest.raises(FormatError, match=message):
        ncnn_squeezenet.read(files(tmp_path, change=change))


def test_another_layer_list_is_refused(tmp_path):
    with pytest.raises(FormatError, match="has 192 bytes, its layer list asks for 0"):
        ncnn_squeezenet.read(files(tmp_path, "<html>"))
    with pytest.raises(FormatError, match=r"does not follow .*layer"):
        ncnn_squeezenet.read(files(tmp_path, PARAM.replace("6=54", "6=540")))


def test_other_precision_and_missing_files_are_refused(tmp_path):
    with pytest.raises(FormatError, match="its flag is 0x00000000, not 0x01306b47"):
        ncnn_squeezenet.read(files(tmp_path, flag=0))
    with pytest.raises(DataNotFound, match=r"0 files end with '\.ncnn\.param'"):
        ncnn_squeezenet.read({})


def test_class_names(tmp_path):
    path = tmp_path / "synset_words.txt"
    path.write_text("\n".join(f"n{i:08d} thing {i}, other name" for i in range(1000)))
    assert ncnn_squeezenet.read_class_names({"synset_words.txt": path})[278] == "thing 278, other name"
    path.write_text("<html>")
    with pytest.raises(FormatError, match="has 1 lines, 1 of them no class"):
        ncnn_squeezenet.read_class_names({"synset_words.txt": path})


@pytest.mark.skipif(
    not catalog.available("squeezenet_1_1"), reason="SqueezeNet is in no folder that GMTOOLS_DATA names"
)
def test_squeezenet_has_26_convolutions_and_its_published_number_of_weights():
    found = ncnn_squeezenet.read(catalog.find("squeezenet_1_1"))
    assert len(found) == 26
    assert sum(one.kernel.size + one.bias.size for one in found) == 1_235_496
    assert [one.kernel.shape[3] for one in found[:4]] == [64, 16, 64, 64]
