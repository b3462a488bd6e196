"""Numbers for an explorer as one block of bytes: a JSON header that describes it, then arrays that lie ready for use.

Layout, all little-endian: uint32 length of the header; the header ``{"meta": ..., "arrays": [{"name", "dtype",
"shape", "offset"}, ...]}`` as UTF-8; zeros up to a multiple of 8 bytes; the arrays in C order, each at its offset
from the start of this part, a multiple of 8. ``js/core/payload.js`` reads it without copying.
"""

import json
import struct

import numpy as np

from gmtools.errors import FormatError

DTYPES = ("float32", "float64", "int32", "uint16", "int16", "uint8", "int8")


def pack(meta, arrays):
    """Make the block of bytes of JSON values (ValueError for NaN) and arrays of a type in :data:`DTYPES` (FormatError
    for others).

    >>> meta, arrays = unpack(pack({"unit": "g"}, {"pga": np.array([0.1, 0.2], "float32")}))
    >>> meta["unit"], arrays["pga"].tolist() == [np.float32(0.1), np.float32(0.2)]
    ('g', True)
    """
    described, parts, offset = [], [], 0
    for name, array in arrays.items():
        array = np.asarray(array)
        if array.dtype.name not in DTYPES:
            raise FormatError(f"The array {name!r} is {array.dtype}; convert it to one of {', '.join(DTYPES)}.")
        content = array.astype(array.dtype.newbyteorder("<")).tobytes()
        described.append({"name": name, "dtype": array.dtype.name, "shape": list(array.shape), "offset": offset})
        parts.append(content + bytes(-len(content) % 8))
        offset += len(parts[-1])
    header = json.dumps({"meta": meta, "arrays": described}, allow_nan=False, separators=(",", ":")).encode()
    return struct.pack("<I", len(header)) + header + bytes(-(4 + len(header)) % 8) + b"".join(parts)


def unpack(content):
    """Read what :func:`pack` made: meta, and arrays that are read-only views of the bytes."""
    (length,) = struct.unpack_from("<I", content)
    header = json.loads(content[4 : 4 + length])
    start = 4 + length + -(4 + length) % 8
    return header["meta"], {entry["name"]: _array(content, start, entry) for entry in header["arrays"]}


def _array(content, start, entry):
    dtype = np.dtype(entry["dtype"]).newbyteorder("<")
    count = int(np.prod(entry["shape"], dtype=int))
    return np.frombuffer(content, dtype, count, start + entry["offset"]).reshape(entry["shape"])
