"""Kanto: its region, the real stations and earthquakes there, and the depth to bedrock between stations."""

import numpy as np
import pandas as pd

from gmtools import columns, geodesy
from gmtools.data import datasets
from gmtools.data.readers import kanto_site_terms
from gmtools.errors import GmtoolsError
from gmtools.maps import kriging

REGION = (138.0, 141.3, 34.5, 37.2)
"""West, east, south, north (degrees) of the maps; the deliverable states no limits."""
UTM54 = 32654
_N_RECORDS = "n_records_listed"
NETWORKS = ("KiK-net", "K-NET", "MeSO-net")
BEDROCK = columns.BEDROCK_DEPTH
KIND_DEPTHS_KM = (25.0, 50.0)
"""Hypocentral depths at which crustal earthquakes give way to those of the plate interface, and these to the slab's: a
rule by depth alone, which the semi-synthetic Kanto is made with."""


def in_region(longitude, latitude) -> np.ndarray:
    """Whether places (degrees) lie in :data:`REGION`; a missing coordinate does not."""
    longitude, latitude = np.asarray(longitude, float), np.asarray(latitude, float)
    west, east, south, north = REGION
    return (longitude >= west) & (longitude <= east) & (latitude >= south) & (latitude <= north)


def stations(network: str) -> pd.DataFrame:
    """Stations of one of :data:`NETWORKS` inside the region, those with site terms first, then those with more records:
    depth of the seismic bedrock and its model; of K-NET and KiK-net also elevation, VS30 (J-SHIS' AVS30) and the
    records that the source counted; of KiK-net the site terms, NaN where none is published."""
    if network not in NETWORKS:
        raise GmtoolsError(f"No network is called {network!r} here. Choose among {', '.join(NETWORKS)}.")
    if network == "MeSO-net":
        return datasets.read("kanto_mesonet_basin_depth")
    table = _sites()
    inside = in_region(table[columns.STATION_LONGITUDE], table[columns.STATION_LATITUDE])
    table = table[(table[columns.NETWORK] == network) & inside]
    order = [_N_RECORDS]
    if network == "KiK-net":
        terms = datasets.read("kanto_site_terms")
        terms = terms.drop(columns=[columns.STATION_LONGITUDE, columns.STATION_LATITUDE])
        table = table.merge(terms, on=columns.STATION, how="left")
        table["has_term"] = table[kanto_site_terms.column(0)].notna()
        order = ["has_term", *order]
    table = table.sort_values(order, ascending=False, kind="stable")
    return table[[name for name in table if name != "has_term"]].reset_index(drop=True)


def _sites() -> pd.DataFrame:
    """K-NET and KiK-net sites; of a station that was moved the epoch with the most records."""
    table = datasets.read("kanto_jshis_sites")
    # NIED's codes: three letters of the prefecture, then H and two digits (KiK-net) or three digits (K-NET).
    table.insert(1, columns.NETWORK, table[columns.STATION].str[3].eq("H").map({True: "KiK-net", False: "K-NET"}))
    most = table.sort_values(_N_RECORDS, kind="stable").drop_duplicates(columns.STATION, keep="last")
    return most.sort_values(columns.STATION).reset_index(drop=True)


def earthquakes() -> pd.DataFrame:
    """Earthquakes around Japan, M 4.5 and above, 2001 to 2018, from the USGS; magnitudes are mostly mb."""
    table = datasets.read("kanto_usgs_catalogue")
    return table[table["event_type"] == "earthquake"].drop(columns="event_type").reset_index(drop=True)


def bedrock_depth(known: pd.DataFrame, longitude, latitude) -> np.ndarray:
    """Depth to the seismic bedrock (m) at places (degrees), the shape of the places: simple kriging of its logarithm at
    the stations ``known``, which must be of one model; far from all of them it is their mean."""
    if known[columns.BEDROCK_MODEL].nunique() > 1:
        models = ", ".join(sorted(known[columns.BEDROCK_MODEL].unique()))
        raise GmtoolsError(f"The depths come from {models}, which differ: map one model at a time.")
    ln_depth = np.log(known[columns.BEDROCK_DEPTH].to_numpy())
    place = project(known[columns.STATION_LONGITUDE], known[columns.STATION_LATITUDE])
    wanted = project(np.ravel(longitude), np.ravel(latitude))
    one, many = np.zeros(len(place)), np.zeros(len(wanted))
    variogram = kriging.fit(place, ln_depth - ln_depth.mean(), one)
    kriged, _ = kriging.predict(variogram, place, ln_depth - ln_depth.mean(), one, wanted, many)
    return np.exp(ln_depth.mean() + kriged).reshape(np.shape(longitude))


def project(longitude, latitude) -> np.ndarray:
    """Easting and northing (n, 2), km, in UTM zone 54 north."""
    return geodesy.project(UTM54, longitude, latitude)
