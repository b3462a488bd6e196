"""Kanto: its region, the real stations and earthquakes there, and the depth to bedrock between stations."""

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from gmtools import columns
from gmtools.data import catalog
from gmtools.errors import GmtoolsError
from gmtools.geodesy import projection
from gmtools.maps import kriging

REGION = (138.0, 141.3, 34.5, 37.2)
"""West, east, south, north (degrees) of the maps; the deliverable states no limits."""
UTM54 = 32654
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
        Of :func:`gmtools.data.readers.kanto_sites.read`, KiK-net with the site terms of
        :func:`gmtools.data.readers.kanto_site_terms.read` (NaN where none is published; stations with terms first, then
        those with more records), or of :func:`gmtools.data.readers.mesonet_stations.read`.

    Raises
    ------
    DataNotFound
        A data set cannot be had.
    GmtoolsError
        Another network.
    """
    from gmtools.data.readers import kanto_site_terms, kanto_sites, mesonet_stations

    if network not in NETWORKS:
        raise GmtoolsError(f"No network is called {network!r} here. Choose among {', '.join(NETWORKS)}.")
    if network == "MeSO-net":
        (path,) = catalog.find("kanto_mesonet_basin_depth").values()
        return mesonet_stations.read(path)
    (path,) = catalog.find("kanto_jshis_sites").values()
    table = kanto_sites.read(path)
    inside = in_region(table[columns.STATION_LONGITUDE], table[columns.STATION_LATITUDE])
    table = table[(table[columns.NETWORK] == network) & inside]
    order = [kanto_sites.N_RECORDS]
    if network == "KiK-net":
        terms = kanto_site_terms.read(catalog.find("kanto_site_terms"))
        terms = terms.drop(columns=[columns.STATION_LONGITUDE, columns.STATION_LATITUDE])
        table = table.merge(terms, on=columns.STATION, how="left")
        table["has_term"] = table[kanto_site_terms.column(0)].notna()
        order = ["has_term", *order]
    return table.sort_values(order, ascending=False, kind="stable")[
        [name for name in table if name != "has_term"]
    ].reset_index(drop=True)


def earthquakes() -> pd.DataFrame:
    """Earthquakes around Japan, as :func:`gmtools.data.readers.usgs_catalogue.read` gives them.

    Raises
    ------
    DataNotFound
        The catalogue cannot be had.
    """
    from gmtools.data.readers import usgs_catalogue

    (path,) = catalog.find("kanto_usgs_catalogue").values()
    return usgs_catalogue.read(path)


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
    with threadpool_limits(1):  # the last digits, and with them what networks are stored under, hang on the threads
        variogram = kriging.fit(place, ln_depth - ln_depth.mean(), one)
        kriged, _ = kriging.predict(variogram, place, ln_depth - ln_depth.mean(), one, wanted, many)
    return np.exp(ln_depth.mean() + kriged).reshape(np.shape(longitude))


def project(longitude, latitude) -> np.ndarray:
    """Easting and northing (n, 2), km, in UTM zone 54 north."""
    return np.column_stack(projection(UTM54).transform(np.asarray(longitude, float), np.asarray(latitude, float))) / 1e3
