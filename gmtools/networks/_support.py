"""Where a network has learned from records: how many of them lie near a magnitude, a distance and a VS30.

A box of ranges calls M 7.5 at 1 km on soft ground known because each number occurs somewhere. Here an output is *known*
at a node of a grid where at least LEAST records that have it lie within one half width in every direction, and is
*drawn*, faint, where one lies within two; elsewhere its line has ended. A scenario belongs to the node nearest to it.
"""

import base64
import zlib

import numpy as np
from scipy.spatial import cKDTree

LEAST = 5
NEAR = "M within 0.5, distance + 5 km and VS30 within a factor of 1.5"
OFFSET_KM = 5.0
START = np.array([3.0, np.log(5.0), np.log(150.0)])  # of magnitude, ln(distance + 5 km), ln VS30
STEP = np.array([0.25, np.log(61.0) / 22, np.log(10.0) / 12])
SHAPE = (21, 23, 13)
HALF = np.array([0.5, np.log(1.5), np.log(1.5)])
SUPPORT = {"start": START.tolist(), "step": STEP.tolist(), "shape": SHAPE, "offset_km": OFFSET_KM, "least": LEAST}
COLUMNS = ("magnitude", "rjb_km", "vs30_m_s")


def _places(frame, columns):
    magnitude, distance, vs30 = (np.asarray(frame[name], float) for name in columns)
    return np.column_stack([magnitude, np.log(np.maximum(distance, 0) + OFFSET_KM), np.log(vs30)])


def support_of(frame, outputs):
    """Nodes at which each output (at most 16; a column of the records, NaN where there is none) is known and is drawn:
    {"columns", "masks"}, the masks as text for a card."""
    places = _places(frame, COLUMNS) / HALF
    nodes = (START + STEP * np.stack(np.indices(SHAPE), -1).reshape(-1, 3)) / HALF
    masks, found = np.zeros((2, len(nodes)), "<u2"), {}
    for bit, name in enumerate(outputs):
        there = np.asarray(frame[name].notna()) & np.isfinite(places).all(axis=1)
        if there.tobytes() not in found:
            tree, limits = cKDTree(places[there]), ((1, LEAST), (2, 1))
            counts = [tree.query_ball_point(nodes, reach, p=np.inf, return_length=True) for reach, _ in limits]
            found[there.tobytes()] = [count >= least for count, (_, least) in zip(counts, limits, strict=True)]
        for row, hit in enumerate(found[there.tobytes()]):
            masks[row] |= hit.astype("<u2") << bit
    return {"columns": list(COLUMNS), "masks": base64.b64encode(zlib.compress(masks.tobytes(), 9)).decode()}


def masks_of(support):
    """The two masks, (2, nodes) uint16: bit k says whether output k is known, and whether it is drawn."""
    kept = support["masks"]
    if isinstance(kept, str):
        kept = np.frombuffer(zlib.decompress(base64.b64decode(kept)), "<u2")
    return np.asarray(kept).reshape(2, -1)


def supported(support, frame, outputs):
    """Whether each of the first ``outputs`` outputs is known, and whether it is drawn, at each row: two (n, outputs)
    bool; a row with a missing value is both."""
    places = _places(frame, support["columns"])
    missing = ~np.isfinite(places).all(axis=1)
    numbers = np.rint((np.where(missing[:, None], START, places) - START) / STEP).astype(int)
    node = np.ravel_multi_index(np.clip(numbers, 0, np.array(SHAPE) - 1).T, SHAPE)
    return [(mask[node, None] >> np.arange(outputs) & 1).astype(bool) | missing[:, None] for mask in masks_of(support)]
