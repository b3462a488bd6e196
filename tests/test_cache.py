import numpy as np
import pytest

from gmtools import cache
from gmtools.errors import CacheNotWritable, FormatError


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


@pytest.mark.parametrize("kind", ["cut", "one byte", "a giant array", "pickled objects", "empty", "folder"])
def test_a_damaged_file_is_refused_and_says_what_to_do(tmp_path, kind):
    cache.once("net", [1], lambda: [np.arange(300.0)], tmp_path)
    (path,) = tmp_path.glob("net-*.npz")
    content = bytearray(path.read_bytes())
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "pickled objects":
        np.savez(path, array_0=np.array([{}], dtype=object))
    else:
        content[len(content) // 2] ^= 1 if kind == "one byte" else 0
        ends = {"cut": 600, "empty": 0}
        giant = content.replace(b"(300,)", b"(9" + b"0" * 14 + b",)") if kind == "a giant array" else content
        path.write_bytes(giant[: ends.get(kind)])
    with pytest.raises(FormatError, match=r"net-\w+.npz does not hold plain arrays .* Delete it to compute them again"):
        cache.once("net", [1], list, tmp_path)


def test_a_full_disk_is_told_and_leaves_no_half_file(small_disk):
    with pytest.raises(CacheNotWritable, match=r"cannot write .*net-\w+.npz: No space left on device. Next step: make"):
        cache.once("net", [1], lambda: [np.zeros(200_000)], small_disk)
    assert [path.suffix for path in small_disk.iterdir()] in ([".lock"], [])
    assert cache.once("net", [2], lambda: [np.zeros(200)], small_disk)[0].shape == (200,)


def test_a_folder_where_the_lock_goes_is_named(tmp_path):
    lock = (tmp_path / f"net-{cache.key([1])}.npz").with_suffix(".lock")
    lock.mkdir()
    with pytest.raises(CacheNotWritable, match=r"cannot lock .* Next step: remove .*\.lock"):
        cache.once("net", [1], lambda: [np.zeros(2)], tmp_path)
