"""What study 2 takes from the data on Kanto: stations, earthquakes, map layers, and recordings to test on."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyproj
from scipy.optimize import least_squares

from gmtools import columns
from gmtools.data import catalog, datasets
from gmtools.errors import DataNotFound, DownloadFailed, GmtoolsError
from gmtools.geodesy import with_distances
from gmtools.maps.grids import Layer, MapGrid, resample
from gmtools.maps.kanto_region import (
    # what is known of the region belongs to the study, too
    BEDROCK as BEDROCK,
)
from gmtools.maps.kanto_region import (
    BEDROCK_JIVSM as BEDROCK_JIVSM,
)
from gmtools.maps.kanto_region import (
    KIND_DEPTHS_KM as KIND_DEPTHS_KM,
)
from gmtools.maps.kanto_region import (
    NETWORKS as NETWORKS,
)
from gmtools.maps.kanto_region import (
    REGION as REGION,
)
from gmtools.maps.kanto_region import (
    UTM54 as UTM54,
)
from gmtools.maps.kanto_region import (
    bedrock_depth as bedrock_depth,
)
from gmtools.maps.kanto_region import (
    earthquakes as earthquakes,
)
from gmtools.maps.kanto_region import (
    in_region as in_region,
)
from gmtools.maps.kanto_region import (
    project as project,
)
from gmtools.maps.kanto_region import (
    stations as stations,
)

ELEVATION = columns.ELEVATION
LAYERS = {BEDROCK: "kanto_jshis_sites", BEDROCK_JIVSM: "kanto_mesonet_basin_depth", ELEVATION: "topography_1min"}
"""Names of the layers and the data set that each is made from. J-SHIS and JIVSM are two models of the basin: each has
its own layer, and no layer mixes them."""
FILL = {ELEVATION: 0.0}
PROFILES = {"full": (1.0, 1), "fast": (0.1, 5), "smoke": (0.01, 2)}
"""Share of the records that :func:`thin` keeps, and the events that it keeps at least."""
RECORDED = {
    "Yamagata 2019": "20190618_M6.4_Yamagata",
    "Iburi 2018": "20180906_M6.6_HokkaidoEasternIburi",
    "Tohoku 2011": "20110311_M9.1_Tohoku",
}
NGA_WEST2_EVENTS = {"EQ0180": "Niigata 2004", "EQ0278": "Chuetsu-oki 2007", "EQ0279": "Iwate 2008"}
ROLE = "role"


def grid(pixel_m: float = 4000.0, multiple: int = 16, margin_pixels: int = 0) -> MapGrid:
    """Squares over :data:`REGION` in UTM zone 54 north.

    Parameters
    ----------
    pixel_m, multiple, margin_pixels
        As in :meth:`gmtools.maps.grids.MapGrid.around`; a network without padding needs its border as margin.
    """
    west, east, south, north = REGION
    return MapGrid.around([west, west, east, east], [south, north] * 2, pixel_m, UTM54, multiple, margin_pixels)


def select(frame: pd.DataFrame) -> pd.DataFrame:
    """Records of the study: M 3 and above at stations inside the region, of KiK-net and K-NET only surface sensors.

    Parameters
    ----------
    frame : DataFrame
        From a reader of official files, with ``sensor_depth_m`` and ``network``.

    Returns
    -------
    DataFrame
        The selected rows, numbered anew.
    """
    surface = (frame[columns.SENSOR_DEPTH] == 0) | (frame[columns.NETWORK] == "MeSO-net")
    keep = surface & _in_region(frame) & (frame[columns.MAGNITUDE] >= 3) & (frame[columns.PGA] > 0)
    return frame[keep].reset_index(drop=True)


def _table(title: str, candidates: tuple[str, ...], draw: str) -> datasets.Table:
    def drawn(seed, invented=False):
        from gmtools.simulate import kanto as simulation

        return getattr(simulation, draw)(seed=seed, invented=invented)

    return datasets.Table(
        title,
        candidates,
        drawn_from="an invented Kanto whose site and path fields are known",
        simulate=lambda seed: drawn(seed, invented=True),
        simulation=f"kanto.{draw}",
        prepare=select,
        semi_synthetic=drawn,
        ingredients=(
            "kanto_site_terms", "kanto_jshis_sites", "kanto_mesonet_basin_depth", "kanto_usgs_catalogue",
        ),
    )  # fmt: skip


TABLES = {
    "kanto": _table("KiK-net records in Kanto", ("bahrampouri_2021", "nied_kiknet_knet"), "kik_net"),
    "kanto_meso": _table("MeSO-net records", ("meso_net",), "meso_net"),
}


def layers(
    grid: MapGrid, wanted: Iterable[str] = (BEDROCK,), simulated: bool = False, seed: int = 0, skip: bool = False
) -> dict[str, Layer]:
    """Map layers of Kanto on a grid.

    Parameters
    ----------
    grid : MapGrid
    wanted : iterable of str
        Among :data:`LAYERS`: depth to the seismic bedrock after J-SHIS (kriged from the K-NET and KiK-net sites) or
        after JIVSM (from the MeSO-net stations, which end some 80 km from Tokyo), m; elevation, m.
    simulated : bool
        Take the invented Kanto's bedrock (of :func:`gmtools.simulate.kanto.world`), to go with its records. The
        semi-synthetic records go with the real layers.
    seed : int
        Of the invented Kanto.
    skip : bool
        Leave out a layer whose data set cannot be had, instead of raising.

    Returns
    -------
    dict of str to Layer

    Raises
    ------
    DataNotFound
        A data set cannot be had, and ``skip`` is false.
    GmtoolsError
        No layer has the name.
    """
    unknown = [name for name in wanted if name not in LAYERS]
    if unknown:
        raise GmtoolsError(f"No layer is called {unknown[0]!r}. Choose among {', '.join(LAYERS)}.")
    if simulated:
        from gmtools.simulate import kanto as simulation

        return {name: simulation.world(seed, invented=True).layer(name, grid) for name in wanted}
    found = {}
    for name in wanted:
        try:
            found[name] = _elevation(grid) if name == ELEVATION else _bedrock(name, grid)
        except (DataNotFound, DownloadFailed):
            if not skip:
                raise
    return found


def coast(skip: bool = False) -> list[np.ndarray]:
    """Shore lines around Kanto, longitude and latitude (n, 2) of each, for maps.

    Parameters
    ----------
    skip : bool
        Return no lines where the coastline cannot be had, instead of raising.

    Raises
    ------
    DataNotFound
        The coastline cannot be had, and ``skip`` is false.
    """
    from gmtools.data.readers import gshhs

    try:
        return gshhs.read(catalog.find("coastline_gshhs"), REGION)
    except (DataNotFound, DownloadFailed):
        if not skip:
            raise
        return []


def recordings() -> pd.DataFrame:
    """Recorded PGA inside the region of six earthquakes, to test on what no network was trained on.

    Three come from the Global Earthquake Impact Database (component not stated; SA(1 s) at about half of their
    stations; where NIED and the USGS list the same station, with the same PGA within 1 %, the USGS row is kept), three
    from NGA-West2 (RotD50; PGA measured, no ordinate here). NGA-West2's extract has no epicenters: they are found from
    the listed epicentral distances. The test may not be wholly independent: the simulation plants site terms that
    others estimated from recordings, and the NGA-West2 events and Tohoku 2011 may be among those behind them.

    Returns
    -------
    DataFrame, one row for each record
        ``event_id``, ``station_id``, magnitude, depth, coordinates, ``repi_km``, ``rhyp_km`` (from the hypocenter: for
        Tohoku 2011, whose rupture is some 400 km long, no measure of how near it came), ``vs30_m_s``, ``pga_g``,
        ``psa_1s_g``, and ``role``: "test", or "extrapolation" for Tohoku 2011.

    Raises
    ------
    DataNotFound
        A data set cannot be had.
    """
    frame = pd.concat([*map(_recorded, RECORDED), _nga_west2()], ignore_index=True)
    role = frame[columns.EVENT].eq("Tohoku 2011").map({True: "extrapolation", False: "test"})
    names = [
        columns.EVENT, columns.STATION, columns.MAGNITUDE, columns.RAKE, columns.HYPOCENTRAL_DEPTH,
        columns.EVENT_LONGITUDE, columns.EVENT_LATITUDE, columns.STATION_LONGITUDE, columns.STATION_LATITUDE,
        columns.REPI, columns.RHYP, columns.VS30, columns.PGA, columns.psa(1),
    ]  # fmt: skip
    return frame[frame[columns.PGA] > 0][names].assign(**{ROLE: role}).reset_index(drop=True)


def thin(frame: pd.DataFrame, profile: str, seed: int = 0, whole=()) -> pd.DataFrame:
    """Keep a share of the earthquakes, drawn at random, and at most that share of the records.

    Parameters
    ----------
    frame : DataFrame
        Records of one data set.
    profile : {"full", "fast", "smoke"}
        Key of :data:`PROFILES`.
    seed : int
    whole : (n_kept,) array_like of str, optional
        Events that stay with all their records, beside the share of the others.

    Returns
    -------
    DataFrame
        The rows keep their order and are numbered anew. Of each event kept at least one record stays.

    Raises
    ------
    GmtoolsError
        Another profile.
    """
    if profile not in PROFILES:
        raise GmtoolsError(f"No profile is called {profile!r}. Choose among {', '.join(PROFILES)}.")
    share, least = PROFILES[profile]
    random = np.random.default_rng([seed, 7])
    stays = frame[columns.EVENT].isin(whole)
    rest = frame[~stays]
    events = np.sort(rest[columns.EVENT].unique())
    count = min(len(events), max(least, round(share * len(events))))
    kept = rest[rest[columns.EVENT].isin(random.permutation(events)[:count])]
    priority = pd.Series(random.permutation(len(kept)), index=kept.index)
    first = priority.groupby(kept[columns.EVENT]).rank() == 1
    chosen = priority.where(~first, -1).sort_values(kind="stable").index[: max(count, round(share * len(rest)))]
    return frame[stays | frame.index.isin(chosen)].reset_index(drop=True)


def _in_region(table):
    return in_region(table[columns.STATION_LONGITUDE], table[columns.STATION_LATITUDE])


def _bedrock(name: str, grid: MapGrid) -> Layer:
    networks = ("MeSO-net",) if name == BEDROCK_JIVSM else ("KiK-net", "K-NET")
    known = pd.concat([stations(network) for network in networks], ignore_index=True)
    return Layer(bedrock_depth(known, *grid.lonlat), "m", catalog.manifests()[LAYERS[name]].licence)


def _elevation(grid: MapGrid) -> Layer:
    from gmtools.data.readers import file_ending, topography

    path = file_ending(catalog.find("topography_1min"), "topo_kanto_1min_de15.npz")
    return resample(topography.read(path, catalog.manifests()["topography_1min"].licence), grid)


def _recorded(event: str) -> pd.DataFrame:
    from gmtools.data.readers import file_ending, recording_stations

    paths, start = catalog.find("kanto_recordings"), RECORDED[event]
    # The reader knows the files by the names that the publisher gives them in each event's folder.
    frame = recording_stations.read(
        {
            "Stations_Unique.csv": file_ending(paths, f"{start}_stations.csv"),
            "earthquake_information.csv": file_ending(paths, f"{start}_event.csv"),
        }
    )
    frame = frame[_in_region(frame)].assign(**{columns.EVENT: event})
    return frame.sort_values(columns.psa(1), kind="stable").drop_duplicates(columns.STATION)


def _nga_west2() -> pd.DataFrame:
    from gmtools.data.readers import nga_west2_extract

    (path,) = catalog.find("nga_west2_extract").values()
    frame = nga_west2_extract.read(path)
    frame = frame[frame[columns.EVENT].isin(NGA_WEST2_EVENTS) & frame[columns.STATION].notna()]
    frame = frame.groupby(columns.EVENT, group_keys=False)[frame.columns.tolist()].apply(_located)
    frame = with_distances(frame[_in_region(frame)])
    return frame.assign(**{columns.EVENT: frame[columns.EVENT].map(NGA_WEST2_EVENTS), columns.psa(1): np.nan})


def _located(records: pd.DataFrame) -> pd.DataFrame:
    """Records of one event with the epicenter that its epicentral distances point to (least sum of absolute errors)."""
    there = records[columns.STATION_LONGITUDE].to_numpy(), records[columns.STATION_LATITUDE].to_numpy()
    known = np.isfinite(records[columns.REPI].to_numpy())
    earth, count = pyproj.Geod(ellps="WGS84"), len(records)

    def misfit(place):
        """Epicentral distances from a place minus those listed, km."""
        distance = earth.inv(np.full(count, place[0]), np.full(count, place[1]), *there)[2]
        return (np.asarray(distance) / 1e3 - records[columns.REPI].to_numpy())[known]

    nearest = records[columns.REPI].to_numpy().argmin()
    found = least_squares(misfit, [there[0][nearest], there[1][nearest]], loss="soft_l1")
    return records.assign(**{columns.EVENT_LONGITUDE: found.x[0], columns.EVENT_LATITUDE: found.x[1]})
