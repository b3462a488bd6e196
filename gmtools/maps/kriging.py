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

from gmtools.errors import FormatError


@dataclass(frozen=True)
class Variogram:
    """Variance of the field (``sill``), of what no neighbor shares (``nugget``), both ln², and range in km."""

    sill: float
    nugget: float
    range_km: float


def fit(xy_km: ArrayLike, residual: ArrayLike, event_id: ArrayLike) -> Variogram:
    """Variogram of greatest likelihood of residuals (n,), ln units, mean zero, at places (n, 2) in km.

    All events are taken together. FormatError where a value is missing or lengths differ.
    """
    xy, residual, event = _checked(xy_km, residual, event_id)
    model = _model(xy, np.unique(event, return_inverse=True)[1])
    model.fit(y=residual)
    nugget, sill, range_km = np.ravel(model.get_cov_pars(format_pandas=False)).tolist()
    return Variogram(sill, nugget, range_km)


def predict(variogram, xy_km, residual, event_id, new_xy_km, new_event_id):
    """Mean and standard deviation (m,) of a new record at other places (m, 2) of the same events: simple kriging.

    The known records are as in :func:`fit`. An event without known records gets 0 and the root of sill + nugget.
    """
    xy, residual, event = _checked(xy_km, residual, event_id)
    new_xy, _, new_event = _checked(new_xy_km, np.zeros(len(np.asarray(new_event_id))), new_event_id)
    group = np.unique(np.concatenate([event, new_event]), return_inverse=True)[1]
    found = _model(xy, group[: len(xy)]).predict(
        y=residual,
        gp_coords_pred=new_xy,
        cluster_ids_pred=group[len(xy) :],
        cov_pars=np.array([variogram.nugget, variogram.sill, variogram.range_km]),
        predict_var=True,
    )
    return found["mu"], np.sqrt(found["var"])


def _model(xy, group):
    """GPBoost's field with the exponential covariance, independent between groups."""
    import gpboost  # loads a compiled library: only where it is needed

    # One thread: the last digits, and with them what networks are stored under, hang on how many there are.
    return gpboost.GPModel(gp_coords=xy, cov_function="exponential", cluster_ids=group, num_parallel_threads=1)


def _checked(xy_km, residual, event_id):
    """Arrays of the lengths that belong together, none with a gap."""
    xy, residual, event = np.asarray(xy_km, float), np.asarray(residual, float), np.asarray(event_id)
    if xy.shape != (len(residual), 2) or len(event) != len(residual):
        raise FormatError(
            f"{len(residual)} residuals, places of shape {xy.shape} and {len(event)} events do not belong together: "
            "pass (n, 2) places in km and n of the others."
        )
    missing = int(np.isnan(xy).any(axis=1).sum() + np.isnan(residual).sum())
    if missing:
        raise FormatError(f"{missing} places or residuals are missing: drop those records before kriging.")
    return xy, residual, event
