"""P and S times of records that come without them, or with times that cannot be right."""

from dataclasses import replace

import numpy as np

from gmtools.data.accelerograms import Accelerogram, Exclusion

BAND_HZ = (1.0, 20.0)
LEARNING_S = 5.0
"""The picker compares averages over some seconds: a record must be longer than this."""
KM_PER_S = 8.0
"""Hypocentral distance for each second between P and S in the crust."""


def plausible(record: Accelerogram) -> bool:
    """Say whether P and S can be right: S - P within a factor of two of the distance, by 8 km a second (P at 6.1, S at
    3.5 km/s); where that is not known, the second after P must have twice the variance of what comes before."""
    p, s, rate = record.p_time_s, record.s_time_s, record.sampling_rate_hz
    if not 0.5 <= p < s < record.duration_s:  # half a second of noise, or the pick cannot be judged
        return False
    if np.isfinite(record.rhyp_km):
        return 0.5 <= KM_PER_S * (s - p) / record.rhyp_km <= 2.0
    before, after = record.acceleration[: int(p * rate)], record.acceleration[int(p * rate) : int((p + 1) * rate)]
    return bool(after.var(0).sum() > 2 * before.var(0).sum())


def with_picks(record: Accelerogram | Exclusion) -> Accelerogram | Exclusion:
    """Return a record with plausible P and S times: its own, else those of ObsPy's autoregressive picker, else none
    (NaN). An exclusion passes.

    The picker (Akazawa, 2004, 13th World Conference on Earthquake Engineering, paper 786) looks at 1 to 20 Hz. On the
    study's six sample records it comes within 0.3 s of the listed P and 0.4 s of the listed S in the four whose S-P
    time fits their distance. The study used EQTransformer, a network.
    """
    if isinstance(record, Exclusion) or plausible(record):
        return record
    nothing = replace(record, p_time_s=np.nan, s_time_s=np.nan)
    if record.duration_s <= LEARNING_S:
        return nothing
    from obspy.signal.trigger import ar_pick

    north, east, up = (record.acceleration - record.acceleration.mean(0)).T
    settings = {"lta_p": 1.0, "sta_p": 0.1, "lta_s": 4.0, "sta_s": 1.0, "m_p": 2, "m_s": 8, "l_p": 0.1, "l_s": 0.2}
    p, s = ar_pick(up, north, east, record.sampling_rate_hz, *BAND_HZ, **settings)
    picked = replace(record, p_time_s=float(p), s_time_s=float(s))
    return picked if plausible(picked) else nothing
