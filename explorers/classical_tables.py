"""A classical ground-motion model as a small table: what a page can evaluate without OpenQuake.

The model is evaluated at knots of magnitude, ln(RJB + 5 km) and ln VS30 that are dense only where it bends, and read
between them by linear interpolation. The table, one row for each pair of magnitude and distance, one column for each
VS30 and output, is stored as a product of two thin matrices (singular value decomposition) of 16-bit numbers.
"""

import warnings
from bisect import bisect_left
from importlib.metadata import version
from pathlib import Path

import numpy as np

from gmtools import cache, columns, gmms
from gmtools.errors import OutOfRange

MAGNITUDE, RJB_KM, VS30_M_S = (3.0, 8.0), (0.0, 300.0), (150.0, 1500.0)
OFFSET_KM = 5.0
STEP = 0.0045  # largest error of one axis' interpolation, ln units
REST = 0.002  # largest error of the product of thin matrices
SITE_CLASSES = (180.0, 360.0, 375.0, 400.0, 750.0, 760.0, 800.0)  # VS30 (m/s) at which a model may jump
CB14_FLOOR = [i for i, period in enumerate(columns.PERIODS) if 0 < period < 0.25]
PARTS = ("magnitude", "distance", "site", "center", "rows", "columns", "scale", "outputs", "floor")


def tabulate(model):
    """Make the table of a model: knots ``magnitude``, ``distance`` (ln(RJB + 5)), ``site`` (ln VS30); factors
    ``rows`` and ``columns`` (uint16, rank) with lowest value and step in ``scale`` (4, rank), after the mean
    ``center`` of each column; ``outputs``, which of 26 there are (0 to 12 means, 13 to 25 sigmas of ln PSA in g);
    ``floor``, those raised to PGA."""
    axes = _knots(model)
    values = _evaluate(model, *np.meshgrid(*axes, indexing="ij"))
    outputs = np.flatnonzero(np.isfinite(values).all(axis=(0, 1, 2)))
    matrix = values[..., outputs].reshape(len(axes[0]) * len(axes[1]), -1)
    center = matrix.mean(axis=0).astype("float32")
    rows, columns_ = _thin(matrix - center)
    (row_codes, row_scale), (column_codes, column_scale) = _quantized(rows), _quantized(columns_)
    knots = dict(zip(("magnitude", "distance", "site"), axes, strict=True))
    return knots | {
        "center": center,
        "rows": row_codes,
        "columns": column_codes,
        "scale": np.concatenate([row_scale, column_scale]),
        "outputs": outputs.astype("uint8"),
        "floor": np.array(CB14_FLOOR if model == "CB14" else [], "uint8"),
    }


def tables(models):
    """Table of each model as of :func:`tabulate`, computed once for a version of OpenQuake and of this module."""
    inputs = [version("openquake.engine"), Path(__file__), Path(gmms.__file__)]
    found = {}
    for model in models:
        arrays = cache.once(
            f"classical_table_{model}", [model, *inputs], lambda model=model: list(tabulate(model).values())
        )
        found[model] = dict(zip(PARTS, arrays, strict=True))
    return found


def evaluate(table, magnitude, rjb_km, vs30_m_s):
    """Mean and sigma of ln PSA (g), (n, 13), by a table; NaN where the model has no such ordinate, its edge beyond
    it. The JavaScript twin is ``js/classical_table.js``."""
    along = (magnitude, np.log(np.asarray(rjb_km, float) + OFFSET_KM), np.log(vs30_m_s))
    along = (np.atleast_1d(np.asarray(values, float)) for values in along)
    (i, a), (j, b), (k, c) = (
        _place(table[name], values) for name, values in zip(("magnitude", "distance", "site"), along, strict=True)
    )
    low, step, low_columns, step_columns = table["scale"].astype(float)
    rows = (low + step * table["rows"]).reshape(len(table["magnitude"]), len(table["distance"]), -1)
    factors = (low_columns + step_columns * table["columns"]).reshape(len(table["site"]), len(table["outputs"]), -1)
    center = table["center"].astype(float).reshape(factors.shape[:2])
    a, b, c = a[:, None], b[:, None], c[:, None]
    row = (1 - a) * ((1 - b) * rows[i, j] + b * rows[i, j + 1]) + a * (
        (1 - b) * rows[i + 1, j] + b * rows[i + 1, j + 1]
    )
    factor = (1 - c[..., None]) * factors[k] + c[..., None] * factors[k + 1]
    found = np.full((len(row), 2 * len(columns.PERIODS)), np.nan)
    found[:, table["outputs"]] = np.einsum("nr,nor->no", row, factor) + (1 - c) * center[k] + c * center[k + 1]
    found[:, table["floor"]] = np.maximum(found[:, table["floor"]], found[:, :1])
    return found[:, : len(columns.PERIODS)], found[:, len(columns.PERIODS) :]


def _place(knots, values):
    """Index of the knot below each value, and how far it is on the way to the next (0 to 1)."""
    index = np.clip(np.searchsorted(knots, values, side="right") - 1, 0, len(knots) - 2)
    return index, np.clip((values - knots[index]) / (knots[index + 1] - knots[index]), 0, 1)


def _evaluate(model, magnitude, distance, site):
    """Array of the broadcast shape + (26,): means and sigmas of the model at points in the table's coordinates."""
    shape = np.broadcast_shapes(*map(np.shape, (magnitude, distance, site)))
    rjb = np.maximum(np.exp(distance) - OFFSET_KM, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OutOfRange)
        scenarios = gmms.scenarios(magnitude, rjb, np.exp(site))
        found = gmms.predict(model, scenarios)
    if model == "CB14":
        found.mean[:, CB14_FLOOR] = _cb14_without_floor(scenarios)
    return np.concatenate([found.mean, found.sigma], axis=1).reshape(*shape, -1)


def _cb14_without_floor(scenarios):
    """Campbell & Bozorgnia (2014), eq. 1 without its last line: the edge where PGA takes over fits no small table."""
    from openquake.hazardlib.gsim.campbell_bozorgnia_2014 import CampbellBozorgnia2014, get_mean_values
    from openquake.hazardlib.imt import PGA, SA

    fields, coefficients = gmms.context(scenarios), CampbellBozorgnia2014.COEFFS
    rock = np.exp(get_mean_values(False, coefficients[PGA()], fields, PGA()))
    imts = [SA(columns.PERIODS[i]) for i in CB14_FLOOR]
    means = [get_mean_values(False, coefficients[imt], fields, imt, a1100=rock) for imt in imts]
    return np.stack(means, axis=1)


def _knots(model):
    """Knots of the three axes, each chosen on lines through a coarse grid of the other two."""
    edges = np.log(np.concatenate([[edge - 1e-3, edge + 1e-3] for edge in SITE_CLASSES]))
    ways = [
        np.linspace(*MAGNITUDE, 501),
        np.linspace(*np.log(np.add(RJB_KM, OFFSET_KM)), 301),
        np.unique(np.concatenate([np.linspace(*np.log(VS30_M_S), 201), edges])),
    ]
    found = []
    for axis, way in enumerate(ways):
        coarse = [way if other == axis else grid[:: len(grid) // 6] for other, grid in enumerate(ways)]
        values = np.moveaxis(_evaluate(model, *np.meshgrid(*coarse, indexing="ij")), axis, 0)
        found.append(way[bends(way, np.nan_to_num(values.reshape(len(way), -1)), STEP)])
    return found


def bends(x, values, tolerance):
    """Indices of the points of ``x`` (n,) between which linear interpolation of ``values`` (n, m) errs by no more
    than a tolerance (Ramer 1972, Douglas & Peucker 1973, with the error along the values).

    >>> x = np.linspace(0, 4, 9)
    >>> bends(x, np.maximum(x - 1, 0)[:, None], 0.01)
    [0, 2, 8]
    """
    keep, open_ends = {0, len(x) - 1}, [(0, len(x) - 1)]
    while open_ends:
        start, end = open_ends.pop()
        share = ((x[start : end + 1] - x[start]) / (x[end] - x[start]))[:, None]
        error = np.abs(values[start : end + 1] - (1 - share) * values[start] - share * values[end]).max(axis=1)
        worst = start + int(error.argmax())
        if error.max() > tolerance:
            keep.add(worst)
            open_ends += [(start, worst), (worst, end)]
    return sorted(keep)


def _thin(matrix):
    """Two factors whose product is the matrix within :data:`REST`, of the least rank."""
    left, size, right = np.linalg.svd(matrix, full_matrices=False)

    def enough(rank):
        """Whether so many terms leave no larger rest than allowed."""
        return np.abs((left[:, :rank] * size[:rank]) @ right[:rank] - matrix).max() < REST

    rank = bisect_left(range(1, len(size)), True, key=enough) + 1
    return left[:, :rank] * size[:rank], right[:rank].T


def _quantized(factor):
    """16-bit codes of a matrix, and lowest value and step of each column, (2, rank) float32."""
    low = factor.min(axis=0).astype("float32")
    step = (np.maximum(factor.max(axis=0) - low, 1e-9) / 65535).astype("float32")
    return np.clip(np.round((factor - low) / step), 0, 65535).astype("uint16"), np.stack([low, step])
