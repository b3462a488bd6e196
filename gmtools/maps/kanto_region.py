"""Kanto: its region, the real stations and earthquakes there, and the depth to bedrock between stations."""

import numpy as np
import pandas as pd

from gmtools import columns
from gmtools.data import datasets
from gmtools.data.readers import kanto_site_terms
from gmtools.errors import GmtoolsError
from gmtools.geodesy import projection
from gmtools.maps import kriging

REGION = (138.0, 141.3, 34.5, 37.2)
"""West, east, south, north (degrees) of the maps; the deliverable states no limits."""
UTM54 = 32654
_N_RECORDS = "n_records_listed"
NETWORKS = ("KiK-net", "K-NET", "MeSO-net")
BEDROCK, BEDROCK_JIVSM = columns.BEDROCK_DEPTH, "bedrock_depth_jivsm_m"
KIND_DEPTHS_KM = (25.0, 50.0)
"""Hypocentral depths at which crustal earthquakes give way to those of the plate interface, and these to the slab's: a
rule by depth alone, which the semi-synthetic Kanto is made with."""


def in_region(longitude, latitude) -> np.ndarray:
    """Whether places (degrees) lie in :data:`REGION`; a missing coordinate does not."""
    longitude, latitude = np.asarray(longitude, float), np.asarray(latitude, float)
    west, east, south, north = REGION
    return (longitude >= west) & (longitude <= east) & (latitude >= south) & (latitude <= north)


def stations(network: str) -> pd.DataFrame:
    """Stations of one network inside the region, with the depth of the seismic bedrock.

    Parameters
    ----------
    network : {"KiK-net", "K-NET", "MeSO-net"}

    Returns
    -------
    DataFrame, one row for each station
        ``station_id``, ``network``, coordinates (degrees), ``bedrock_depth_m`` and the model that it comes from, and of
        K-NET and KiK-net elevation (m), VS30 (m/s; J-SHIS' AVS30, from geomorphology) and how many records the source
        counted. KiK-net has the site terms of :func:`gmtools.data.readers.kanto_site_terms.read`, NaN where none is
        published; stations with terms come first, then those with more records.

    Raises
    ------
    DataNotFound
        A data set cannot be had.
    GmtoolsError
        Another network.
    """
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
    """Earthquakes around Japan, M 4.5 and above, 2001 to 2018, from the USGS.

    Returns
    -------
    DataFrame, one row for each earthquake
        ``event_id`` (the USGS one), ``origin_time`` (the day; the file has no time of day), epicenter (degrees), depth
        (km), magnitude and its type: mostly mb, which is not the moment magnitude.

    Raises
    ------
    DataNotFound
        The catalogue cannot be had.
    """
    table = datasets.read("kanto_usgs_catalogue")
    return table[table["event_type"] == "earthquake"].drop(columns="event_type").reset_index(drop=True)


def bedrock_depth(known: pd.DataFrame, longitude, latitude) -> np.ndarray:
    """Depth to the seismic bedrock between stations: simple kriging of its logarithm.

    Parameters
    ----------
    known : DataFrame
        Stations with coordinates and ``bedrock_depth_m`` of one model.
    longitude, latitude : array_like
        Degrees.

    Returns
    -------
    ndarray
        m, the shape of the places. Far from all stations it is their mean (of the logarithm).

    Raises
    ------
    GmtoolsError
        The depths come from several models.
    """
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
    return np.column_stack(projection(UTM54).transform(np.asarray(longitude, float), np.asarray(latitude, float))) / 1e3
