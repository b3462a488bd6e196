"""Kriging of within-event residuals: what a map knows at a station that it has never seen.

Residuals of one event are a Gaussian field with the covariance sill * exp(-h / range) plus a nugget at each record
(h: distance between stations); two events are independent and share the three numbers. The exponential form without
the usual factor 3 is that of many studies of within-event residuals (Jayaram & Baker 2009, Earthquake Engineering &
Structural Dynamics 38, 1687-1708, who write exp(-3h/b)). Where it breaks: the same field at every event is not used
here (site effects recur; that is what station terms are for), and correlation depends on distance alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.optimize import minimize
from scipy.spatial.distance import cdist

from gmtools.errors import FormatError


@dataclass(frozen=True)
class Variogram:
    """Variance of the field (``sill``), of what no neighbor shares (``nugget``), both ln², and range in km."""

    sill: float
    nugget: float
    range_km: float


def fit(xy_km: ArrayLike, residual: ArrayLike, event_id: ArrayLike) -> Variogram:
    """Variogram of greatest likelihood, all events together.

    Parameters
    ----------
    xy_km : (n, 2) array_like
        Stations in a projected system, as :meth:`gmtools.maps.grids.MapGrid.project` gives them.
    residual : (n,) array_like
        Within-event residuals, ln units, mean zero.
    event_id : (n,) array_like

    Returns
    -------
    Variogram

    Raises
    ------
    FormatError
        A value is missing, or the lengths differ.
    """
    xy, residual, groups = _checked(xy_km, residual, event_id)
    parts = [(cdist(xy[rows], xy[rows]), residual[rows]) for rows in groups.values()]
    half = residual.var() / 2
    start = np.log([half, half, 20.0])
    limits = [(start[0] - 7, start[0] + 3), (start[1] - 7, start[1] + 3), (np.log(0.5), np.log(500.0))]
    best = minimize(_misfit, start, args=(parts,), method="L-BFGS-B", bounds=limits)
    return Variogram(*np.exp(best.x).tolist())


def predict(variogram, xy_km, residual, event_id, new_xy_km, new_event_id):
    """Kriged residual at other places of the same events (simple kriging, mean zero).

    Parameters
    ----------
    variogram : Variogram
    xy_km, residual, event_id
        Known records, as in :func:`fit`.
    new_xy_km : (m, 2) array_like
    new_event_id : (m,) array_like

    Returns
    -------
    mean, sd : ndarray, (m,)
        Expected residual, and standard deviation of a new record about it (nugget included). An event without known
        records gets 0 and the square root of sill + nugget.

    Raises
    ------
    FormatError
        A value is missing, or the lengths differ.
    """
    xy, residual, known = _checked(xy_km, residual, event_id)
    new_xy, _, wanted = _checked(new_xy_km, np.zeros(len(np.asarray(new_event_id))), new_event_id)
    mean = np.zeros(len(new_xy))
    variance = np.full(len(new_xy), variogram.sill + variogram.nugget)
    for event, rows in wanted.items():
        if event in known:
            there = known[event]
            factor = cho_factor(_covariance(variogram, cdist(xy[there], xy[there])), lower=True)
            between = variogram.sill * np.exp(-cdist(xy[there], new_xy[rows]) / variogram.range_km)
            mean[rows] = between.T @ cho_solve(factor, residual[there])
            variance[rows] -= (solve_triangular(factor[0], between, lower=True) ** 2).sum(axis=0)
    return mean, np.sqrt(variance)


def _covariance(variogram, distance):
    return variogram.sill * np.exp(-distance / variogram.range_km) + variogram.nugget * np.eye(len(distance))


def _misfit(logarithms, parts):
    """Negative log-likelihood without its constant."""
    variogram = Variogram(*np.exp(logarithms))
    total = 0.0
    for distance, values in parts:
        factor = cho_factor(_covariance(variogram, distance), lower=True)
        total += np.log(np.diag(factor[0])).sum() + values @ cho_solve(factor, values) / 2
    return total


def _checked(xy_km, residual, event_id):
    """Arrays, and the rows of each event."""
    xy, residual, event = np.asarray(xy_km, float), np.asarray(residual, float), np.asarray(event_id)
    if xy.shape != (len(residual), 2) or len(event) != len(residual):
        raise FormatError(
            f"{len(residual)} residuals, places of shape {xy.shape} and {len(event)} events do not belong together: "
            "pass (n, 2) places in km and n of the others."
        )
    missing = int(np.isnan(xy).any(axis=1).sum() + np.isnan(residual).sum())
    if missing:
        raise FormatError(f"{missing} places or residuals are missing: drop those records before kriging.")
    return xy, residual, {name: np.flatnonzero(event == name) for name in np.unique(event)}
