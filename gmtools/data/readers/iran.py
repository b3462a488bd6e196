"""The Iranian records behind the Stan model of Kuehn et al., as its repository publishes them.

What the three files hold and what is wrong with them, all checked against the repository's Stan code:

- **Truncation.** Only records with PGA above exp(-4.585) = 0.0102 g were kept (``Y_trunc``). Means of what is left are
  too high at large distance and small magnitude.
- **Rrup.** It is missing for 479 records of 78 events, all of M 5 and above; the JSON stores Rhyp in its place.
  Those rows get Rrup NaN and ``rrup_is_missing``. Another 886 records, all of M < 5, carry Rrup equal to Rhyp (a point
  source). There is no RJB.
- **Event order.** The JSON's events stand in the order of EQID; events.csv does not for its last 64 rows. Sorted by
  EQID its magnitudes equal the JSON's for all 363 events, so every event is identified.
- **Event coordinates.** The hypocenters of events.csv are not always those that Rhyp was computed with. For M 5 and
  above with a known Rrup they agree within 0.5 km for nine records in ten; elsewhere half of the records miss by more
  than 4.8 km, the worst by 63 km. ``rhyp_mismatch_km`` is the difference for each record.
- **Usable periods.** Unusable ordinates are -999, always the longest ones. ``idx_per`` groups the records by longest
  usable period and agrees for 2,172 records; the 21 that hold all 22 ordinates stand in its group "PGA only". The
  values are followed, not the groups.
- **PGA** is the first ordinate; its lnT is ln 0.005 s, a stand-in for period zero.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from gmtools import columns
from gmtools.data.readers import file_ending

TRUNCATION_LN_PGA = -4.58496747867057
TRUNCATION_PGA_G = float(np.exp(TRUNCATION_LN_PGA))
"""Records with a smaller PGA (g) are not in the data set: 0.0102 g."""
MISSING = -999.0
_EVENT_COLUMNS = {
    "Hypocenter.Longitude": columns.EVENT_LONGITUDE,
    "Hypocenter.Latitude": columns.EVENT_LATITUDE,
    "Hypocenter.Depth..km.": columns.HYPOCENTRAL_DEPTH,
}
_STATION_COLUMNS = {"Station.Longitude": columns.STATION_LONGITUDE, "Station.Latitude": columns.STATION_LATITUDE}


def read(paths: Mapping[str, Path]) -> pd.DataFrame:
    """Read the JSON with its event and station lists (:func:`gmtools.data.catalog.find`) into the standard table: PGA
    and 21 PSA ordinates in g, ``event_id`` as ``IR2470`` (EQID), ``station_id`` as ``IS001`` (row of stations.csv), no
    RJB. The faults of the files and how each is handled stand in the module's text."""
    content = json.loads(file_ending(paths, ".json").read_text(encoding="utf-8"))
    data = {
        key: np.asarray(content[key]) for key in ("eq", "stat", "M", "VS", "Rhyp", "Rrup", "lnT", "Y", "idx_miss_r")
    }
    events = pd.read_csv(file_ending(paths, "events.csv")).sort_values("EQID", kind="stable")
    stations = pd.read_csv(file_ending(paths, "stations.csv"))
    event, station = data["eq"] - 1, data["stat"] - 1
    missing = np.zeros(len(event), dtype=bool)
    missing[data["idx_miss_r"] - 1] = True
    frame = pd.DataFrame(
        {
            columns.EVENT: [f"IR{number}" for number in events["EQID"].to_numpy()[event]],
            columns.STATION: [f"IS{number + 1:03d}" for number in station],
            columns.MAGNITUDE: data["M"][event],
            columns.RRUP: np.where(missing, np.nan, data["Rrup"]),
            columns.RHYP: data["Rhyp"],
            columns.RRUP_MISSING: missing,
            columns.VS30: data["VS"][station],
            **{ours: events[name].to_numpy()[event] for name, ours in _EVENT_COLUMNS.items()},
            **{ours: stations[name].to_numpy()[station] for name, ours in _STATION_COLUMNS.items()},
        }
    )
    frame[columns.RHYP_MISMATCH] = _distance_from_coordinates(frame) - frame[columns.RHYP]
    return frame.join(_ordinates(data))


def _ordinates(data: dict[str, np.ndarray]) -> pd.DataFrame:
    periods = np.exp(data["lnT"])
    ln_psa = pd.DataFrame(data["Y"]).where(data["Y"] != MISSING)
    ln_psa.columns = [columns.PGA, *(columns.psa(round(period, 6)) for period in periods[1:])]
    return np.exp(ln_psa)


def _distance_from_coordinates(frame: pd.DataFrame) -> pd.Series:
    """Hypocentral distance (km) from the listed coordinates, haversine on a sphere of 6371 km."""
    event = columns.EVENT_LONGITUDE, columns.EVENT_LATITUDE
    station = columns.STATION_LONGITUDE, columns.STATION_LATITUDE
    places = np.radians(frame[[*event, *station]].to_numpy())
    event_longitude, event_latitude, station_longitude, station_latitude = places.T
    half = (
        np.sin((station_latitude - event_latitude) / 2) ** 2
        + np.cos(event_latitude) * np.cos(station_latitude) * np.sin((station_longitude - event_longitude) / 2) ** 2
    )
    return np.hypot(2 * 6371.0 * np.arcsin(np.sqrt(half)), frame[columns.HYPOCENTRAL_DEPTH])
