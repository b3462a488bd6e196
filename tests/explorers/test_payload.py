import numpy as np
import pytest

from explorers.payload import DTYPES, pack, unpack
from gmtools.errors import FormatError


@pytest.fixture
def arrays():
    random = np.random.default_rng(1)
    made = {name: random.uniform(0, 100, (2, 3)).astype(name) for name in DTYPES}
    return {**made, "odd": np.arange(5, dtype="uint8"), "none": np.empty((0, 4), "float32"), "one": np.float64(2.5)}


def test_what_goes_in_comes_out(arrays):
    meta, found = unpack(pack({"units": {"pga": "g"}, "é": [1, None]}, arrays))
    assert meta == {"units": {"pga": "g"}, "é": [1, None]}
    for name, array in arrays.items():
        assert found[name].shape == np.shape(array) and (found[name] == array).all()


@pytest.mark.parametrize("shift", [0, 1, 4])
def test_javascript_reads_the_same_numbers_wherever_the_bytes_begin(arrays, node, shift):
    found = node(
        """
        import { unpack } from "SOURCE/core/payload.js";
        const moved = new Uint8Array(payload.byteLength + shift);
        moved.set(new Uint8Array(payload), shift);
        const { meta, arrays } = unpack(new DataView(moved.buffer, shift));
        answer({ meta, arrays });
        """,
        pack({"word": "σ"}, arrays),
        shift=shift,
    )
    assert found["meta"] == {"word": "σ"}
    for name, array in arrays.items():
        assert found["arrays"][name]["shape"] == list(np.shape(array))
        assert found["arrays"][name]["data"] == np.ravel(array).tolist()


def test_arrays_of_other_types_are_refused():
    with pytest.raises(FormatError, match="'when' is int64; convert it to one of float32"):
        pack({}, {"when": np.arange(3)})


def test_a_missing_number_is_no_json():
    with pytest.raises(ValueError, match="not JSON compliant"):
        pack({"sigma": float("nan")}, {})
