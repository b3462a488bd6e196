import io
import os
import pickle
import sys
import types
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

from gmtools.data import catalog
from gmtools.data.readers import torch_state_dict
from gmtools.errors import FormatError

needs_checkpoints = pytest.mark.skipif(
    not catalog.available("afad_cnnlstm"), reason="the published state dicts are in no folder that GMTOOLS_DATA names"
)
SHAPES = {
    "cnn.conv.weight": (16, 4, 3, 3),
    "cnn.conv.bias": (16,),
    "cnn.conv2.weight": (32, 16, 3, 3),
    "cnn.conv2.bias": (32,),
    "cnn.conv3.weight": (16, 32, 3, 3),
    "cnn.conv3.bias": (16,),
    "cnn.conv4.weight": (4, 16, 3, 3),
    "cnn.conv4.bias": (4,),
    "lstm.lstm.weight_ih_l0": (1024, 4),
    "lstm.lstm.weight_hh_l0": (1024, 256),
    "lstm.lstm.bias_ih_l0": (1024,),
    "lstm.lstm.bias_hh_l0": (1024,),
    "lstm.lstm.weight_ih_l1": (1024, 256),
    "lstm.lstm.weight_hh_l1": (1024, 256),
    "lstm.lstm.bias_ih_l1": (1024,),
    "lstm.lstm.bias_hh_l1": (1024,),
    "lstm.fc.weight": (1, 256),
    "lstm.fc.bias": (1,),
}


class Storage:
    def __init__(self, key, values):
        self.key, self.values = key, np.asarray(values, "<f4")


class Tensor:
    def __init__(self, storage, offset, shape, stride):
        self.parts = storage, offset, shape, stride

    def __reduce__(self):
        return sys.modules["torch._utils"]._rebuild_tensor_v2, (*self.parts, False, OrderedDict())


class Call:
    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


@pytest.fixture
def torch(monkeypatch):
    """Stand-ins under PyTorch's names, enough to write its pickles."""
    names = {"torch": ["FloatStorage", "ComplexFloatStorage"], "torch._utils": ["_rebuild_tensor_v2"]}
    for module, members in names.items():
        stand_in = types.ModuleType(module)
        for member in members:
            function = types.FunctionType((lambda *_: None).__code__, globals(), member)
            function.__module__, function.__qualname__ = module, member
            setattr(stand_in, member, function)
        monkeypatch.setitem(sys.modules, module, stand_in)
    return sys.modules["torch"]


@pytest.fixture
def write(tmp_path, torch):
    """Write a state dict as PyTorch does: zip of a protocol 2 pickle and raw storages."""

    def save(content, storages=(), kind="FloatStorage", metadata=True, **members):
        class Pickler(pickle.Pickler):
            def persistent_id(self, value):
                if isinstance(value, Storage):
                    return "storage", getattr(torch, kind), value.key, "cpu", value.values.size
                return None

        if metadata and isinstance(content, OrderedDict):
            content._metadata = OrderedDict({"": {"version": 1}})
        stream = io.BytesIO()
        Pickler(stream, protocol=2).dump(content)
        path = tmp_path / "model.pt"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", stream.getvalue())
            for storage in storages:
                archive.writestr(f"archive/data/{storage.key}", storage.values.tobytes())
            for name, value in members.items():
                archive.writestr(f"archive/{name}", value)
        return path

    return save


@needs_checkpoints
def test_published_state_dicts():
    """805,317 weights; bias + sum of |w| of the last layer is the number that each network gives for every record."""
    paths = catalog.find("afad_cnnlstm")
    for name, constant in (("pwave", 520.94), ("sp_eqt", 489.31)):
        weights = torch_state_dict.read(paths[f"afad/checkpoints/cnnlstm_{name}_state_dict.pt"])
        assert {key: value.shape for key, value in weights.items()} == SHAPES and list(weights) == list(SHAPES)
        assert sum(value.size for value in weights.values()) == 805_317
        assert all(value.dtype == np.float32 and np.isfinite(value).all() for value in weights.values())
        assert weights["lstm.fc.bias"][0] + np.abs(weights["lstm.fc.weight"]).sum() == pytest.approx(constant, abs=0.01)


@pytest.mark.parametrize("metadata", [True, False])
def test_tensors_share_a_storage_by_offset_and_stride(write, metadata):
    storage, other = Storage("0", np.arange(10)), Storage("1", [7.5])
    content = OrderedDict(
        a=Tensor(storage, 0, (2, 3), (3, 1)),
        transposed=Tensor(storage, 0, (3, 2), (1, 3)),
        late=Tensor(storage, 6, (4,), (1,)),
        scalar=Tensor(other, 0, (), ()),
    )
    weights = torch_state_dict.read(write(content, [storage, other], metadata=metadata, byteorder=b"little"))
    assert weights["a"].tolist() == [[0, 1, 2], [3, 4, 5]] and weights["transposed"].tolist() == [
        [0, 3],
        [1, 4],
        [2, 5],
    ]
    assert weights["late"].tolist() == [6, 7, 8, 9] and weights["scalar"] == 7.5


def test_a_hostile_pickle_is_refused_and_not_run(write, tmp_path):
    marker = tmp_path / "ran"
    for hostile in (
        Call(os.system, f"touch {marker}"),
        OrderedDict(a=Call(eval, f"open({str(marker)!r}, 'w')")),
        OrderedDict(a=Call(getattr, OrderedDict(), "clear")),
    ):
        path = write(hostile)
        with pytest.raises(
            FormatError, match=r"not a plain state dict: it names (posix|nt|__builtin__)\.\w+\. Do not load"
        ):
            torch_state_dict.read(path)
    assert not marker.exists()


def test_unknown_storages_and_tensors_beyond_their_storage_are_refused(write):
    storage = Storage("0", np.arange(4))
    content = OrderedDict(a=Tensor(storage, 0, (4,), (1,)))
    with pytest.raises(FormatError, match=r"it names torch\.ComplexFloatStorage"):
        torch_state_dict.read(write(content, [storage], kind="ComplexFloatStorage"))
    with pytest.raises(FormatError, match="no item named 'archive/data/0'"):
        torch_state_dict.read(write(content))
    with pytest.raises(FormatError, match="index 4 is out of bounds"):
        torch_state_dict.read(write(OrderedDict(a=Tensor(storage, 0, (5,), (1,))), [storage]))


def test_damaged_files(tmp_path, write):
    (tmp_path / "text.pt").write_text("no zip")
    with pytest.raises(FormatError, match=r"text\.pt is not a plain state dict"):
        torch_state_dict.read(tmp_path / "text.pt")
    with zipfile.ZipFile(tmp_path / "bare.pt", "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}q\x00(X")
    with pytest.raises(FormatError, match="pickle data was truncated"):
        torch_state_dict.read(tmp_path / "bare.pt")
