"""What study 2 takes from the data on Kanto: stations, earthquakes, map layers, and recordings to test on."""

from collections.abc import Iterable
from functools import partial

import numpy as np
import pandas as pd
import pyproj
from scipy.optimize import least_squares

from gmtools import columns, studies
from gmtools.data import catalog, datasets
from gmtools.errors import FormatError, GmtoolsError
from gmtools.geodesy import with_distances
from gmtools.maps import grids, ground, inputs
from gmtools.maps.grids import Layer, MapGrid, resample
from gmtools.maps.kanto_region import (
    BEDROCK,
    BEDROCK_JIVSM,
    KIND_DEPTHS_KM,
    NETWORKS,
    REGION,
    UTM54,
    bedrock_depth,
    earthquakes,
    in_region,
    project,
    stations,
)

__all__ = ["BEDROCK", "BEDROCK_JIVSM", "KIND_DEPTHS_KM", "NETWORKS", "REGION", "UTM54", "bedrock_depth", "earthquakes"]
__all__ += [
    "card_facts",
    "coast",
    "grid",
    "in_region",
    "layers",
    "on_grid",
    "project",
    "recordings",
    "stations",
    "with_chunks",
]
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
MAPS = (
    columns.EVENT_LATITUDE, columns.EVENT_LONGITUDE, columns.HYPOCENTRAL_DEPTH, columns.MAGNITUDE, inputs.EASTING,
    inputs.NORTHING, columns.RHYP, BEDROCK, inputs.LN_RHYP,
)  # fmt: skip
"""The eight input maps that the deliverable names, and the ninth that this project takes."""
UNITS = dict(zip(MAPS, ("degrees", "degrees", "km", "1", "km", "km", "km", "m", "ln km"), strict=True))
SITE_MAPS = (inputs.EASTING, inputs.NORTHING, BEDROCK)
"""Those that the deliverable leaves out to see what they add."""
FIRST_TEST_YEAR, STOPPING_SHARE, CHUNKS = 2015, 0.1, 5
BOREHOLE_LN = 0.5
"""What the deliverable adds to "log(PGA)" of MeSO-net's sensors; read here as the natural logarithm of its targets."""
SPLIT, CHUNK = "split", "chunk"


def grid(pixel_m: float = 4000.0, multiple: int = 16, margin_pixels: int = 0) -> MapGrid:
    """Squares over :data:`REGION` in UTM zone 54 north.

    Parameters
    ----------
    pixel_m, multiple, margin_pixels
        As in :meth:`gmtools.maps.grids.MapGrid.around`; a network without padding needs its border as margin.
    """
    west, east, south, north = REGION
    return MapGrid.around([west, west, east, east], [south, north] * 2, pixel_m, UTM54, multiple, margin_pixels)


def on_grid(
    data: str = "auto", seed: int = 0, meso_net: bool = False, pixel_km: float = 10.0, added_ln: float = BOREHOLE_LN
) -> inputs.MapStudy:
    """Put the records of study 2 on a grid that holds all KiK-net stations, with the depth to bedrock after J-SHIS.

    The frame has two more columns. ``split``: "test" are the KiK-net events of 2015 and later; "stopping" are a tenth
    of the earlier ones, drawn at random, which say when to stop; the rest, and all of MeSO-net's as in the deliverable,
    are "training". ``chunk``: 0 to 4, of the station, drawn for each network on its own, so that KiK-net's chunks stay
    when MeSO-net is added.

    Parameters
    ----------
    data, seed
        See :func:`gmtools.studies.load`; ``seed`` also draws split and chunks.
    meso_net : bool
        Append MeSO-net's records.
    pixel_km : float
        Side of a pixel; a divisor of 20, so that two poolings fit 240 km by 280 km.
    added_ln : float
        Added to ln PGA of MeSO-net's sensors at depth; other ordinates stay as recorded.

    Returns
    -------
    MapStudy

    Raises
    ------
    DataNotFound
        ``data`` is "real", and the records or the layer cannot be had.
    FormatError
        An event has no date, so that nobody can tell on which side of the split it lies.
    """
    dataset = studies.load("kanto", data, seed)
    _check_dates(dataset.frame)
    frames = [with_chunks(dataset.frame, seed)]
    if meso_net:
        deep = studies.load("kanto_meso", data, seed).frame
        deep = deep.assign(**{columns.PGA: deep[columns.PGA] * np.exp(added_ln)})
        frames.append(with_chunks(deep, seed))
    frame = pd.concat(frames, ignore_index=True)
    frame[SPLIT] = split(dataset.frame, seed).reindex(frame[columns.EVENT]).fillna("training").to_numpy()
    area = MapGrid(UTM54, 260_000, 3_850_000, 1000 * pixel_km, round(240 / pixel_km), round(280 / pixel_km))
    frame = frame[area.contains(frame[columns.STATION_LONGITUDE], frame[columns.STATION_LATITUDE])]
    made = layers(area, simulated=dataset.data_id == datasets.SIMULATED, seed=seed)
    return inputs.MapStudy(dataset, grids.place(area, frame.reset_index(drop=True)), area, made)


def card_facts(study: inputs.MapStudy, names: Iterable[str], mean, sd, period_s: float = 0.0) -> dict:
    """What the card of a network of this study says of its inputs, outputs, ranges and data: for ``networks.save``.

    Parameters
    ----------
    study : MapStudy
        From :func:`on_grid`.
    names : iterable of str
        Its input maps, in order.
    mean, sd : (n_maps,) array_like
        What each map was shifted and divided by.
    period_s : float
    """
    frame = study.frame[study.frame[SPLIT] == "training"]
    focus = (columns.MAGNITUDE, columns.EVENT_LONGITUDE, columns.EVENT_LATITUDE, columns.HYPOCENTRAL_DEPTH)
    spans = {name: [float(frame[name].min()), float(frame[name].max())] for name in focus if name in names}
    scaled = zip(names, mean, sd, strict=True)
    return {
        "inputs": [{"name": name, "unit": UNITS[name], "mean": float(m), "sd": float(s)} for name, m, s in scaled],
        "outputs": [{"name": "mean", "unit": "ln g"}, {"name": "ln_variance", "unit": "1"}],
        "ranges": {"mean": spans, "ln_variance": spans},
        "data": [study.dataset.data_id],
        "kind": "simulated" if study.dataset.simulated else "measured",
        "period_s": period_s,
        "pixel_m": study.grid.pixel_m,
    }


def with_chunks(frame: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Add the column ``chunk``: stations are drawn at random into :data:`CHUNKS` parts, equally many but for one."""
    names, number = np.unique(frame[columns.STATION].to_numpy(), return_inverse=True)
    drawn = np.random.default_rng(seed).permutation(len(names)) % CHUNKS
    return frame.assign(**{CHUNK: drawn[number]})


def split(frame: pd.DataFrame, seed: int = 0) -> pd.Series:
    """Event -> "training", "stopping" or "test", by time; the stopping ones are drawn from the earlier ones."""
    year = frame.groupby(columns.EVENT)[columns.ORIGIN_TIME].first().dt.year
    parts = pd.Series("test", index=year.index)
    early = np.random.default_rng([seed, 11]).permutation(year.index[year < FIRST_TEST_YEAR])
    parts[early] = "training"
    parts[early[: max(1, round(STOPPING_SHARE * len(early)))]] = "stopping"
    return parts


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
    makers = {name: partial(_bedrock, name, grid) for name in wanted if name != ELEVATION}
    if ELEVATION in wanted:
        makers[ELEVATION] = lambda: resample(ground.elevation("kanto"), grid)
    return ground.layers_of({name: makers[name] for name in wanted}, skip)


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
    return ground.shore_lines(REGION, skip)


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


def _check_dates(frame: pd.DataFrame) -> None:
    undated = frame[columns.ORIGIN_TIME].isna().sum() if columns.ORIGIN_TIME in frame else len(frame)
    if undated:
        raise FormatError(
            f"{undated:,} of {len(frame):,} records have no origin_time; earlier ones train and later ones test. "
            "Complete the dates in the file, or take those records out, and import it again."
        )


def _in_region(table):
    return in_region(table[columns.STATION_LONGITUDE], table[columns.STATION_LATITUDE])


def _bedrock(name: str, grid: MapGrid) -> Layer:
    networks = ("MeSO-net",) if name == BEDROCK_JIVSM else ("KiK-net", "K-NET")
    known = pd.concat([stations(network) for network in networks], ignore_index=True)
    return Layer(bedrock_depth(known, *grid.lonlat), "m", catalog.manifests()[LAYERS[name]].licence)


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
