"""SESAME's nine criteria for a reliable curve and a clear peak, as a table."""

import numpy as np
import pandas as pd

from gmtools.data.hv_curve import Curve

LIMITS = ((0.2, 0.25, 3.0), (0.5, 0.20, 2.5), (1.0, 0.15, 2.0), (2.0, 0.10, 1.78), (np.inf, 0.05, 1.58))
"""SESAME (2004), table of thresholds: upper end of the frequency range (Hz), epsilon over f0, theta."""


def sesame(curve: Curve, f0_hz: float) -> pd.DataFrame:
    """Apply the criteria of the SESAME guidelines (2004, section 2.2) to one peak.

    With A the curve, A0 its value at f0, lw the length and nw the number of windows, and sigma_A = exp(sigma_ln):
    reliability (1) f0 > 10 / lw; (2) lw nw f0 > 200; (3) sigma_A below 2 between f0/2 and 2 f0 (3 for f0 below 0.5 Hz);
    clarity (1) A < A0/2 somewhere in [f0/4, f0]; (2) the same in [f0, 4 f0]; (3) A0 > 2; (4) A sigma_A and A / sigma_A
    peak within 5 % of f0; (5) the peak frequency's standard deviation below epsilon(f0); (6) sigma_A(f0) < theta(f0).
    For clarity 4 and 5 the maximum is taken in [f0/2, 2 f0], so that a second peak can be judged as well.

    Returns a table "reliability 1" to "clarity 6" with ``criterion`` (words), ``value``, ``relation`` ("<" or ">"),
    ``threshold``, ``passed``. A value that is not known is NaN and does not pass.
    """
    at = int(np.argmin(np.abs(curve.frequency_hz - f0_hz)))
    f0, a0 = curve.frequency_hz[at], curve.mean[at]
    epsilon, theta = next((ratio * f0, sigma) for upper, ratio, sigma in LIMITS if f0 < upper)
    sigma = np.exp(curve.sigma_ln)
    rows = [
        ("f0 exceeds 10 / window length (Hz)", f0, ">", 10 / curve.window_length_s),
        ("significant cycles lw nw f0", curve.window_length_s * curve.n_windows * f0, ">", 200.0),
        (
            "largest sigma_A in (f0/2, 2 f0)",
            _between(curve, sigma, f0 / 2, 2 * f0).max(),
            "<",
            2.0 if f0 > 0.5 else 3.0,
        ),
        ("lowest H/V in [f0/4, f0]", _between(curve, curve.mean, f0 / 4, f0).min(), "<", a0 / 2),
        ("lowest H/V in [f0, 4 f0]", _between(curve, curve.mean, f0, 4 * f0).min(), "<", a0 / 2),
        ("H/V at f0", a0, ">", 2.0),
        ("peaks of A sigma_A and A / sigma_A off f0 (ratio)", _shift(curve, sigma, f0), "<", 0.05),
        ("standard deviation of f0 (Hz)", curve.peak_sd_hz(f0), "<", epsilon),
        ("sigma_A at f0", sigma[at], "<", theta),
    ]
    index = [f"reliability {i}" for i in (1, 2, 3)] + [f"clarity {i}" for i in range(1, 7)]
    table = pd.DataFrame(rows, index=index, columns=["criterion", "value", "relation", "threshold"])
    above = table["relation"] == ">"
    table["passed"] = np.where(above, table["value"] > table["threshold"], table["value"] < table["threshold"])
    return table


def passes(table: pd.DataFrame) -> bool:
    """Whether a peak is reliable (all three criteria of :func:`sesame`'s table) and clear (at least five of six)."""
    reliable = table.index.str.startswith("reliability")
    return bool(table["passed"][reliable].all() and table["passed"][~reliable].sum() >= 5)


def _between(curve: Curve, values: np.ndarray, low: float, high: float) -> np.ndarray:
    return values[(curve.frequency_hz >= low) & (curve.frequency_hz <= high)]


def _shift(curve: Curve, sigma: np.ndarray, f0: float) -> float:
    """Larger distance of the two shifted curves' maxima from f0, over f0."""
    near = curve.around(f0)
    tops = [curve.frequency_hz[near][values[near].argmax()] for values in (curve.mean * sigma, curve.mean / sigma)]
    return float(max(abs(top / f0 - 1) for top in tops))
