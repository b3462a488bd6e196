import numpy as np
import pytest

from gmtools import cache
from gmtools.errors import FormatError


def test_arrays_are_computed_once_for_the_same_inputs(tmp_path):
    calls = []

    def make():
        calls.append(1)
        return [np.arange(3), np.ones((2, 2), "float16")]

    inputs = [np.zeros(4), {"epochs": 8}, 1]
    for _ in range(2):
        first, second = cache.once("net", inputs, make, tmp_path)
    np.testing.assert_array_equal(first, [0, 1, 2])
    assert second.dtype == "float16" and len(calls) == 1
    cache.once("net", [np.zeros(4), {"epochs": 9}, 1], make, tmp_path)
    cache.once("net", [np.zeros((2, 2)), {"epochs": 8}, 1], make, tmp_path)
    assert len(calls) == 3


def test_code_counts_when_its_path_is_given(tmp_path):
    code = tmp_path / "code.py"
    values = []
    for text in ("a = 1", "a = 2"):
        code.write_text(text)
        values.append(cache.once("net", [code], lambda text=text: [np.array(len(values))], tmp_path)[0])
    assert values == [0, 1]


def test_a_damaged_file_and_pickled_objects_are_refused(tmp_path):
    cache.once("net", [1], lambda: [np.arange(3)], tmp_path)
    (path,) = tmp_path.glob("net-*.npz")
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(FormatError, match=r"does not hold plain arrays .* Delete it"):
        cache.once("net", [1], list, tmp_path)
    np.savez(path, array_0=np.array([{}], dtype=object))
    with pytest.raises(FormatError, match="does not hold plain arrays"):
        cache.once("net", [1], list, tmp_path)
