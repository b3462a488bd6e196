"""Strong-motion records with known truth: a source region like NGA-West2 and a target region like Iran.

ln Y = median(M, R, VS30) + event term + station term + record term, with independent normal terms of standard
deviation tau, phi_s2s and phi_ss (Al Atik et al., 2010, Seismological Research Letters 81, 794-801). Medians come from
OpenQuake's models through :mod:`gmtools.gmms`, outside a model's range too, where they are its extrapolation.

Where the approximation breaks: the standard deviations depend neither on period nor on magnitude; terms have no
spatial correlation; faults are vertical strips through a flat, uniform crust with one set of stations; no basin, no
directivity, no hanging wall; every instrument of a network has the same trigger level, or none.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gmtools import columns
from gmtools.data.readers.iran import TRUNCATION_LN_PGA
from gmtools.errors import OutOfRange


@dataclass(frozen=True)
class Variability:
    """Standard deviations of the three random terms, in natural logarithms."""

    tau: float
    phi_s2s: float
    phi_ss: float


NGA_WEST2_VARIABILITY = Variability(tau=0.37, phi_s2s=0.39, phi_ss=0.45)
"""PGA: means over magnitude of tau (0.398, 0.348) and phi (0.695, 0.495) of Boore et al. (2014), the latter split with
a single-station phi_ss of 0.45, as Rodriguez-Marek et al. (2013) found it in several regions."""

IRAN_VARIABILITY = Variability(tau=0.20592, phi_s2s=0.20338, phi_ss=0.45542)
"""PGA, of the Iranian model that Sedaghati & Pezeshk (2017) fitted to 688 records."""


@dataclass(frozen=True)
class _Region:
    """What distinguishes the two regions; km and m/s, ``*_ln`` are mean and sd of a natural logarithm."""

    side: float
    n_stations: int
    magnitude: tuple[float, float, float]  # smallest, mean excess above it, largest
    depth_ln: tuple[float, float]
    vs30_ln: tuple[float, float]
    largest_distance: float
    half_weight_distance: float
    spread_of_size_ln: float


_NGA_WEST2 = _Region(600.0, 3000, (3.0, 2.2, 7.9), (2.15, 0.52), (6.07, 0.39), 300.0, 20.0, 1.3)
_IRAN = _Region(500.0, 800, (4.0, 1.0, 7.3), (2.5, 0.4), (5.95, 0.21), 200.0, 30.0, 0.8)


def nga_west2(
    seed: int = 0,
    n_events: int = 573,
    n_records: int = 20_000,
    model: str = "BSSA14",
    variability: Variability = NGA_WEST2_VARIABILITY,
    truth: Sequence[float] = (0.0,),
) -> pd.DataFrame:
    """Records of shallow crustal earthquakes that resemble the extract of NGA-West2 in range and spread: M 3 to 7.9,
    RJB to 300 km, VS30 around 430 m/s, many records of few events, none truncated. ``model`` of
    :data:`gmtools.gmms.MODELS` is the truth, attached at periods ``truth`` (:func:`true_columns`). An event that
    asks for more records than stations within 300 km gets those.

    >>> frame = nga_west2(seed=1, n_events=5, n_records=40)
    >>> len(frame), frame["event_id"].nunique()
    (40, 5)
    """
    random = np.random.default_rng([seed, 1])
    frame = _geometry(random, _NGA_WEST2, n_events, n_records)
    frame.insert(0, columns.RECORD_NUMBER, np.arange(1, len(frame) + 1))
    return frame.join(_motions(random, frame, model, variability, truth))


def iran(
    seed: int = 0,
    n_events: int = 363,
    n_records: int = 2193,
) -> pd.DataFrame:
    """The smaller, truncated Iranian data set. Four times the records are drawn; those with PGA below 0.0102 g go,
    then events with fewer than three, then records at random down to the size asked: the surviving random terms are
    too high where motions are weak, as in the real file. RJB is not given (``true_rjb_km`` has it), Rrup is missing
    for half of the events of M 5 and above, and equals Rhyp below M 5."""
    random = np.random.default_rng([seed, 2])
    frame = _geometry(random, _IRAN, 2 * n_events, 4 * n_records)
    frame = frame.join(_motions(random, frame, "ZafaraniEtAl2018", IRAN_VARIABILITY, (0.0,)))
    frame = frame[np.log(frame[columns.PGA]) >= TRUNCATION_LN_PGA]
    frame = _thin(random, frame, n_events, n_records)
    return _hide_distances(random, frame.reset_index(drop=True))


def true_columns(period: float) -> dict[str, str]:
    """Columns of the truth at one period: keys median, event, station and record.

    >>> true_columns(0)["event"], true_columns(1)["event"]
    ('true_event_term', 'true_event_term_1s')
    """
    ending = "" if period == 0 else f"_{period:g}s"
    names = (columns.TRUE_MEDIAN, columns.TRUE_EVENT_TERM, columns.TRUE_STATION_TERM, columns.TRUE_RECORD_TERM)
    return {key: name + ending for key, name in zip(("median", "event", "station", "record"), names, strict=True)}


def _geometry(random: np.random.Generator, region: _Region, n_events: int, n_records: int) -> pd.DataFrame:
    """Table of who recorded what from where; all stations and epicenters in one square, on a plane."""
    events = _events(random, region, n_events)
    station_xy = random.uniform(0, region.side, (region.n_stations, 2))
    vs30 = np.exp(random.normal(*region.vs30_ln, region.n_stations)).clip(90, 2100)
    rows = []
    for index, count in enumerate(_records_of_events(random, region, n_events, n_records)):
        repi, rjb = _distances(station_xy, events, index)
        weight = np.where(rjb <= region.largest_distance, 1 / (1 + rjb / region.half_weight_distance) ** 2, 0)
        count = min(count, int((weight > 0).sum()))
        chosen = np.sort(random.choice(region.n_stations, count, replace=False, p=weight / weight.sum()))
        rows.append(pd.DataFrame({"event": index, "station": chosen, columns.REPI: repi[chosen], "rjb": rjb[chosen]}))
    table = pd.concat(rows, ignore_index=True)
    event, station = table["event"].to_numpy(), table["station"].to_numpy()
    picked = events.iloc[event].reset_index(drop=True)
    kilometers_per_degree = 111.195
    return pd.DataFrame(
        {
            columns.EVENT: [f"SIM{number:04d}" for number in event],
            columns.STATION: [f"SIMS{number:04d}" for number in station],
            columns.MAGNITUDE: picked["magnitude"],
            columns.RAKE: picked["rake"],
            columns.HYPOCENTRAL_DEPTH: picked["depth"],
            columns.RJB: table["rjb"],
            columns.RRUP: np.hypot(table["rjb"], picked["top"]),
            columns.REPI: table[columns.REPI],
            columns.RHYP: np.hypot(table[columns.REPI], picked["depth"]),
            columns.VS30: vs30[station],
            columns.EVENT_LONGITUDE: picked["x"] / kilometers_per_degree,
            columns.EVENT_LATITUDE: picked["y"] / kilometers_per_degree,
            columns.STATION_LONGITUDE: station_xy[station, 0] / kilometers_per_degree,
            columns.STATION_LATITUDE: station_xy[station, 1] / kilometers_per_degree,
        }
    )


def _events(random: np.random.Generator, region: _Region, n_events: int) -> pd.DataFrame:
    """Vertical rectangles with the subsurface length and width of Wells & Coppersmith (1994), all styles."""
    smallest, excess, largest = region.magnitude
    # Inverse of the truncated exponential distribution; flatter than Gutenberg-Richter, as large events are recorded.
    share = random.uniform(size=n_events) * -np.expm1(-(largest - smallest) / excess)
    magnitude = smallest - excess * np.log1p(-share)
    depth = np.exp(random.normal(*region.depth_ln, n_events)).clip(1, 30)
    width = 10 ** (-1.01 + 0.32 * magnitude)
    return pd.DataFrame(
        {
            "magnitude": magnitude.round(2),
            "rake": random.choice([0.0, 90.0, -90.0, 180.0], n_events, p=[0.4, 0.3, 0.1, 0.2]),
            "depth": depth,
            "top": np.maximum(depth - width / 2, 0),
            "length": 10 ** (-2.44 + 0.59 * magnitude),
            "strike": random.uniform(0, np.pi, n_events),
            "share_behind": random.uniform(size=n_events),
            "x": random.uniform(0.2, 0.8, n_events) * region.side,
            "y": random.uniform(0.2, 0.8, n_events) * region.side,
        }
    )


def _records_of_events(random: np.random.Generator, region: _Region, n_events: int, n_records: int) -> np.ndarray:
    """Counts (n_events,), each at least 1, that sum to ``n_records`` and spread log-normally."""
    share = np.exp(random.normal(0, region.spread_of_size_ln, n_events))
    return 1 + random.multinomial(n_records - n_events, share / share.sum())


def _distances(station_xy: np.ndarray, events: pd.DataFrame, index: int) -> tuple[np.ndarray, np.ndarray]:
    """Epicentral and Joyner-Boore distance (km), (n_stations,), of one event; RJB is the distance to a line segment."""
    event = events.iloc[index]
    offset = station_xy - event[["x", "y"]].to_numpy(float)
    along = offset @ np.array([np.sin(event["strike"]), np.cos(event["strike"])])
    behind, ahead = event["length"] * event["share_behind"], event["length"] * (1 - event["share_behind"])
    repi = np.hypot(*offset.T)
    across = np.sqrt(np.maximum(repi**2 - along**2, 0))
    return repi, np.hypot(across, along - np.clip(along, -behind, ahead))


def _motions(
    random: np.random.Generator,
    frame: pd.DataFrame,
    model: str,
    variability: Variability,
    truth: Sequence[float],
) -> pd.DataFrame:
    """Ordinates in g at ``columns.PERIODS`` and the truth at the periods in ``truth``."""
    from gmtools import gmms

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OutOfRange)
        median = gmms.predict(model, frame, columns.PERIODS).mean
    terms = {"median": median}
    for key, ids, size in (
        ("event", frame[columns.EVENT], variability.tau),
        ("station", frame[columns.STATION], variability.phi_s2s),
        ("record", pd.Series(frame.index), variability.phi_ss),
    ):
        terms[key] = correlated(random, ids, size, columns.PERIODS)
    total = sum(terms.values())
    table = {columns.psa(period): np.exp(total[:, place]) for place, period in enumerate(columns.PERIODS)}
    for period in truth:
        place = columns.PERIODS.index(period)
        table |= {name: terms[key][:, place] for key, name in true_columns(period).items()}
    return pd.DataFrame(table, index=frame.index)


def correlation(periods: Sequence[float]) -> np.ndarray:
    """Correlation (n, n) between ordinates, exp(-|ln T1/T2| / 4) with PGA at 0.02 s: 0.67 between 0.2 and 1 s. A
    plain stand-in for the tables of Baker & Jayaram (2008, Earthquake Spectra 24, 299-317)."""
    ln_period = np.log([period or 0.02 for period in periods])
    return np.exp(-np.abs(ln_period[:, None] - ln_period[None, :]) / 4)


def correlated(random: np.random.Generator, ids: pd.Series, size: float, periods: Sequence[float]) -> np.ndarray:
    """Normal terms (n, n_periods), one for each id and period, correlated between periods."""
    codes, unique = pd.factorize(ids, sort=True)
    root = np.linalg.cholesky(correlation(periods))
    return size * (random.standard_normal((len(unique), len(root))) @ root.T)[codes]


def _thin(random: np.random.Generator, frame: pd.DataFrame, n_events: int, n_records: int) -> pd.DataFrame:
    """Whole events, drawn at random among those with three records, then at most ``n_records`` of their records."""
    count = frame[columns.EVENT].value_counts().sort_index()
    enough = count.index[count >= 3].to_numpy()
    kept = random.permutation(enough)[:n_events]
    frame = frame[frame[columns.EVENT].isin(kept)]
    # The first three records of each event stay, so that thinning loses no event.
    order = pd.Series(random.permutation(len(frame)), index=frame.index)
    rank = order.groupby(frame[columns.EVENT]).rank()
    priority = order.where(rank > 3, -1.0)
    return frame.loc[priority.sort_values(kind="stable").index[:n_records]].sort_index()


def _hide_distances(random: np.random.Generator, frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.rename(columns={columns.RJB: columns.TRUE_RJB}).drop(columns=columns.REPI)
    small = frame[columns.MAGNITUDE] < 5
    large_events = np.sort(frame.loc[~small, columns.EVENT].unique())
    hidden = frame[columns.EVENT].isin(large_events[random.uniform(size=len(large_events)) < 0.55])
    frame[columns.RRUP] = frame[columns.RRUP].where(~small, frame[columns.RHYP]).where(~hidden)
    frame[columns.RRUP_MISSING] = hidden
    return frame
