"""How residuals are split into event, site and record terms, and how a bias is given an interval."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from gmtools.errors import FormatError


@dataclass(frozen=True)
class Partition:
    """Residual = bias + event term + station term + record term, with the standard deviation of each (ln units). Terms
    are conditional means for each record, (n,), in the order of the input."""

    bias: float
    tau: float
    phi_s2s: float
    phi_ss: float
    event_term: np.ndarray
    station_term: np.ndarray
    record_term: np.ndarray

    @property
    def phi(self):
        """Standard deviation within events, sqrt(phi_s2s² + phi_ss²); lesson 19 asks for it by name."""
        return float(np.hypot(self.phi_s2s, self.phi_ss))

    @property
    def sigma(self):
        """Total standard deviation; lesson 19 asks for it by name."""
        return float(np.hypot(self.tau, self.phi))


def partition(residual, event_id, station_id):
    """Split residuals (n,) by a mixed-effects model with crossed random event and station terms; FormatError for
    missing values.

    The decomposition of Al Atik et al. (2010); maximum likelihood by GPBoost (Sigrist 2022). Its limit: the terms are
    normal and independent, so a station near many events cannot trade with a path effect.
    """
    residual, model = _crossed(residual, event_id, station_id)
    model.fit(y=residual, X=np.ones((len(residual), 1)))
    variances = np.ravel(model.get_cov_pars(format_pandas=False))
    bias = float(np.ravel(model.get_coef(format_pandas=False))[0])
    event, station = model.predict_training_data_random_effects().to_numpy()[:, :2].T
    phi_ss, tau, phi_s2s = np.sqrt(variances)
    return Partition(bias, tau, phi_s2s, phi_ss, event, station, residual - bias - event - station)


def mixed_regression(inputs, target, event_id, station_id):
    """Linear regression whose residuals have crossed random event and station terms: intercept and coefficients (k,).

    Ordinary least squares takes all records for independent, so an earthquake with a hundred records counts a hundred
    times, and its event term passes for growth with magnitude; here the terms carry that. ``inputs`` (n, k) come
    without a constant; columns that others make up share their coefficient, and constant ones get 0. FormatError as
    :func:`partition`, or where there are no more records than coefficients. Source: Abrahamson & Youngs (1992),
    https://doi.org/10.1785/BSSA0820010505, with stations added; maximum likelihood by GPBoost (Sigrist 2022).
    """
    inputs = np.asarray(inputs, float)
    target, model = _crossed(target, event_id, station_id)
    center, spread = inputs.mean(axis=0), inputs.std(axis=0)
    varies = spread > 1e-9 * np.abs(inputs).max(axis=0)  # a constant's spread is round-off, not always 0
    scaled = (inputs - center) * np.divide(1, spread, out=np.zeros_like(spread), where=varies)
    # Orthonormal columns: the optimizer takes alike terms, M and M^2, no worse than others, and superfluous ones go.
    with threadpool_limits(1):  # the last digits, and with them what networks are stored under, hang on the threads
        left, size, right = np.linalg.svd(scaled, full_matrices=False)
    kept = size > 1e-6 * size.max()
    if len(target) <= 1 + kept.sum():
        raise FormatError(f"{len(target)} records cannot give {1 + kept.sum()} coefficients: take more records.")
    design = np.column_stack([np.ones(len(target)), left[:, kept] * np.sqrt(len(target))])
    model.fit(y=target, X=design)
    mean, *found = np.ravel(model.get_coef(format_pandas=False))
    coefficients = right[kept].T @ (np.asarray(found) * np.sqrt(len(target)) / size[kept])
    coefficients = np.divide(coefficients, spread, out=np.zeros_like(spread), where=varies)
    return float(mean - center @ coefficients), coefficients


def _crossed(values, event_id, station_id):
    """Values as GPBoost reads them, checked, and its model with crossed event and station terms for them."""
    import gpboost  # loads a compiled library: only where it is needed

    values = np.ascontiguousarray(values, float)  # GPBoost reads a column of a wider array as if it were its rows
    groups = pd.DataFrame({"event": np.asarray(event_id), "station": np.asarray(station_id)})
    if len(groups) != len(values):
        raise FormatError(f"{len(values)} values came with {len(groups)} identifiers: pass one for each record.")
    missing = int(np.isnan(values).sum() + groups.isna().sum().sum())
    if missing:
        raise FormatError(f"{missing} values or identifiers are missing: drop those records first.")
    return values, gpboost.GPModel(
        group_data=groups.astype(str).to_numpy(),
        likelihood="gaussian",
        matrix_inversion_method="cholesky",
        num_parallel_threads=1,
    )


def station_terms(part, station_id, wanted):
    """Station terms of a partition at other records, (m,) ln units: 0 at a station that the partition did not see.

    ``station_id`` (n,) are those of the partition's records. Its terms are conditional means, so a station with few
    records is shrunken towards 0 by phi_s2s² / (phi_s2s² + phi_ss² / n), where the event terms are known.
    """
    known = pd.Series(part.station_term, index=np.asarray(station_id, dtype=str))
    known = known[~known.index.duplicated()]
    return known.reindex(np.asarray(wanted, dtype=str)).fillna(0.0).to_numpy()


def rms(residual):
    """Root mean square of the residuals that are not missing."""
    return float(np.sqrt(np.nanmean(np.square(np.asarray(residual, float)))))


def bootstrap_by_event(residual, event_id, statistic=np.mean, draws=1000, level=0.95, seed=0):
    """Estimate, low and high end of a statistic when whole events are drawn again with replacement.

    Records of one event share its event term, so drawing records one by one would give intervals that are too narrow.
    ``residual`` is (n,) or (n, k), k columns drawn together, so that models are compared on the same events;
    ``statistic`` is called with ``axis=0``. Source: the cluster bootstrap, e.g. Davison & Hinkley (1997), section 3.8.
    """
    residual = np.asarray(residual, float)
    _, number = np.unique(np.asarray(event_id), return_inverse=True)
    order = np.argsort(number, kind="stable")
    rows = np.split(order, np.cumsum(np.bincount(number))[:-1])
    generator = np.random.default_rng(seed)
    values = []
    for _ in range(draws):
        drawn = np.concatenate([rows[i] for i in generator.integers(0, len(rows), len(rows))])
        values.append(statistic(residual[drawn], axis=0))
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return statistic(residual, axis=0), low, high


def rms_axis(residual, axis=0):
    """Root mean square along an axis, in the form that :func:`bootstrap_by_event` calls."""
    return np.sqrt(np.mean(np.square(residual), axis=axis))
