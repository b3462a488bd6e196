"""What study 3 takes from the Italian data: its records, their depths, and the map layers on a grid."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyproj
from scipy.spatial.distance import cdist

from gmtools import columns, networks, studies
from gmtools.data import catalog, datasets
from gmtools.data.rasters import Points, slope
from gmtools.data.readers import file_ending, topography
from gmtools.errors import DataNotFound, DownloadFailed
from gmtools.geodesy import hypocentral_distance_km, with_distances
from gmtools.maps import grids, ground, inputs
from gmtools.maps.grids import Layer, MapGrid, resample, resample_points

PERIODS = (0.15, 0.2, 0.25, 0.35, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 2.0)
"""Periods (s) of the thesis, figures 45 and 46."""
NORTH_OF = 42.0
"""Latitude (degrees) that the epicenters of the study lie north of."""
LAQUILA_2009 = "IT-2009-0009"
"""ITA18's id of the L'Aquila mainshock of 6 April 2009."""
ELEVATION, SLOPE, VS30, VELOCITY = columns.ELEVATION, columns.SLOPE, columns.VS30, columns.VELOCITY
FILL = {ELEVATION: 0.0, SLOPE: 0.0, VS30: 600.0, VELOCITY: 1600.0}
"""What stands at sea and abroad: sea level, no slope, soft rock (a choice of this project)."""
_AROUND = (5.0, 20.0, 35.0, 48.5)  # west, east, south, north of the coast that maps show
AGE_VELOCITY_M_S = {"HOLOCENE": 300.0, "PLEISTOCENE": 300.0, "PALEOZOIC": 2400.0, "PRECAMBRIAN": 2400.0}
"""Loose sediment 300 m/s, hard rock 2400 m/s, all other ages soft rock of 1600 m/s: three velocities as in the thesis,
which sorts by lithology. This file does not have it; sorting by age is this project's stand-in, and puts young volcanic
rock among the soft ones."""
REACH_KM = 25.0
"""A pixel farther than this from every point of the site model has no velocity."""


_SOURCE, _PLACE = (columns.MAGNITUDE, inputs.LN_RHYP), (columns.EVENT_LONGITUDE, columns.EVENT_LATITUDE)
_DEPTH = columns.HYPOCENTRAL_DEPTH
CONFIGURATIONS = {
    "2c": _SOURCE,
    "4c": (*_SOURCE, *_PLACE),
    "5c": (*_SOURCE, *_PLACE, _DEPTH),
    "6c": (*_SOURCE, *_PLACE, _DEPTH, VELOCITY),
    "7c": (*_SOURCE, *_PLACE, _DEPTH, VELOCITY, ELEVATION),
    "8c": (*_SOURCE, *_PLACE, _DEPTH, VELOCITY, ELEVATION, SLOPE),
    "5c bis": (*_SOURCE, _DEPTH, VELOCITY, ELEVATION),
    "7c bis": (*_SOURCE, *_PLACE, _DEPTH, VELOCITY, SLOPE),
}
"""Input maps of the eight configurations in Table 8 of the thesis."""
SCALE = {
    columns.MAGNITUDE: (3.0, 7.0),
    inputs.LN_RHYP: (1.0, 7.0),
    columns.EVENT_LONGITUDE: (6.0, 19.0),
    columns.EVENT_LATITUDE: (40.0, 48.0),
    _DEPTH: (0.0, 40.0),
    VELOCITY: (300.0, 2400.0),
    ELEVATION: (0.0, 3000.0),
    SLOPE: (0.0, 0.3),
    VS30: (150.0, 1000.0),
    inputs.EASTING: (-300.0, 600.0),
    inputs.NORTHING: (4400.0, 5300.0),
}
"""Input map -> values that become 0 and 1: round numbers, so that no record has a say in them."""
UNITS = {columns.MAGNITUDE: "1", inputs.LN_RHYP: "ln km", SLOPE: "m/m", VELOCITY: "m/s", VS30: "m/s", ELEVATION: "m"}
UNITS |= dict.fromkeys((columns.EVENT_LONGITUDE, columns.EVENT_LATITUDE), "degrees")
UNITS |= dict.fromkeys((_DEPTH, inputs.EASTING, inputs.NORTHING), "km")
"""Unit of each input map."""
FAULTS = (
    "It knows no VS30 of a station, and nothing smaller than a pixel.",
    "It learned from no record beyond about 200 km and from no earthquake below M 3.5.",
)
"""What is known to be wrong with every network of the study."""


def on_grid(data: str = "auto", pixel_km: float = 12.0, seed: int = 0, times: int = 1) -> inputs.MapStudy:
    """Put the records of study 3 on a grid with the layers of the ground.

    Parameters
    ----------
    data, seed
        See :func:`gmtools.studies.load`; "auto" takes the simulated Italy also where only a layer cannot be had.
    pixel_km : float
        Side of a pixel. The number of pixels on each side is a multiple of 8, so that three poolings fit.
    times : int
        Of simulated earthquakes and records, as many; the stations stay.

    Returns
    -------
    MapStudy

    Raises
    ------
    DataNotFound
        ``data`` is "real", and the records or a layer cannot be had.
    """
    dataset = studies.load("italy", data, seed)
    try:
        study = _on_grid(dataset, pixel_km, seed)
    except (DataNotFound, DownloadFailed):
        if data != "auto":
            raise
        study = _on_grid(studies.load("italy", datasets.SIMULATED, seed), pixel_km, seed)
    if times == 1 or not study.dataset.simulated:
        return study
    table = _simulated(seed, NORTH_OF, times)
    known = table[table[columns.STATION].isin(study.frame[columns.STATION])].reset_index(drop=True)
    return replace(study, frame=grids.place(study.grid, known))


def _on_grid(dataset, pixel_km, seed):
    frame = dataset.frame
    place = frame[columns.STATION_LONGITUDE], frame[columns.STATION_LATITUDE]
    grid = MapGrid.around(*place, 1000 * pixel_km, multiple=8)
    made = layers(grid, simulated=dataset.simulated, seed=seed)
    return inputs.MapStudy(dataset, grids.place(grid, frame), grid, made)


def select(frame: pd.DataFrame, north_of: float = NORTH_OF) -> pd.DataFrame:
    """Records of Italian events north of a latitude (degrees), with magnitude; the rows are numbered anew."""
    keep = (frame[columns.NATION] == "IT") & (frame[columns.EVENT_LATITUDE] > north_of)
    return frame[keep & frame[columns.MAGNITUDE].notna()].reset_index(drop=True)


def _prepared(frame: pd.DataFrame, north_of: float) -> pd.DataFrame:
    """Selected records, with depths where the catalogue of earthquakes can be had."""
    frame = select(frame, north_of)
    try:
        return with_depths(frame, datasets.read("italy_horus_catalogue"))
    except (DataNotFound, DownloadFailed):
        return frame


def _simulated(seed: int, north_of: float, times: int = 1) -> pd.DataFrame:
    from gmtools.simulate import fields

    return select(fields.italy(seed, n_events=134 * times, n_records=4600 * times), north_of)


def _table(title: str, north_of: float) -> datasets.Table:
    return datasets.Table(
        title,
        candidates=("italy_ita18",),
        drawn_from="an invented Italy whose source, site and path fields are known",
        simulate=lambda seed: _simulated(seed, north_of),
        simulation="fields.italy",
        prepare=lambda frame: _prepared(frame, north_of),
        # Matched to a catalogue, or assumed where that does not list the event.
        reconstructed=(columns.HYPOCENTRAL_DEPTH, columns.RHYP),
        beside=("italy_horus_catalogue",),
    )


TABLES = {
    "italy": _table("Italian records, events north of 42° N", NORTH_OF),
    "italy_whole": _table("Italian records", -90.0),
}


def with_depths(frame: pd.DataFrame, catalogue: pd.DataFrame) -> pd.DataFrame:
    """Take the depth of each event, and the distances that follow, from a catalogue that lists it.

    An event id that holds a date (``EMSC-20160824_...``) is looked for on that day, one with a year (``IT-2009-0009``)
    in that year. Of the earthquakes within 15 km and 0.3 units the one with the smallest sum of distance over 5 km and
    difference of magnitude over 0.1 is taken: in a dense sequence perhaps an aftershock, of the same sequence. An event
    that the catalogue does not list keeps its depth.
    """
    names = [columns.MAGNITUDE, columns.EVENT_LONGITUDE, columns.EVENT_LATITUDE]
    events = frame.groupby(columns.EVENT)[names].first()
    depths = [_listed_depth(event, row, catalogue) for event, row in events.iterrows()]
    depth = pd.Series(depths, events.index, dtype=float)
    found = frame[columns.EVENT].map(depth)
    changed = {
        columns.HYPOCENTRAL_DEPTH: found.fillna(frame[columns.HYPOCENTRAL_DEPTH]),
        columns.DEPTH_LISTED: frame[columns.DEPTH_LISTED] | found.notna(),
    }
    return with_distances(frame.assign(**changed))


def _listed_depth(event, row, catalogue):
    """Depth (km) of the best match, NaN if there is none."""
    time = catalogue[columns.ORIGIN_TIME]
    day, year = re.search(r"-(\d{8})_", event), re.search(r"-(\d{4})-", event)
    if not (day or year):
        return np.nan
    same = catalogue[time.dt.strftime("%Y%m%d") == day[1] if day else time.dt.year == int(year[1])]
    here = (np.full(len(same), row[columns.EVENT_LONGITUDE]), np.full(len(same), row[columns.EVENT_LATITUDE]))
    there = (same[columns.EVENT_LONGITUDE].to_numpy(), same[columns.EVENT_LATITUDE].to_numpy())
    distance = np.asarray(pyproj.Geod(ellps="WGS84").inv(*here, *there)[2]) / 1e3
    difference = (same[columns.MAGNITUDE] - row[columns.MAGNITUDE]).abs().to_numpy()
    near = (distance <= 15.0) & (difference <= 0.3)
    if not near.any():
        return np.nan
    return same[columns.HYPOCENTRAL_DEPTH].to_numpy()[np.where(near, distance / 5 + difference / 0.1, np.inf).argmin()]


def layers(grid: MapGrid, simulated: bool = False, seed: int = 0) -> dict[str, Layer]:
    """Elevation (m), its slope (m/m), VS30 from geology (m/s) and velocity of three classes of age (300, 1600, 2400
    m/s) on a grid, NaN where a data set says nothing; or those of the simulated Italy with this seed."""
    if simulated:
        from gmtools.simulate import fields

        return {name: fields.world(seed).layer(name, grid) for name in (ELEVATION, SLOPE, VS30, VELOCITY)}
    path = file_ending(catalog.find("topography_1min"), "topo_italy_1min_de15.npz")
    height = topography.read(path, catalog.manifests()["topography_1min"].licence)
    found = {ELEVATION: resample(height, grid), SLOPE: resample(slope(height), grid)}
    return found | {VS30: _vs30(grid), VELOCITY: _velocity(grid)}


def coast(skip: bool = False) -> list[np.ndarray]:
    """Shore lines around Italy for maps: :func:`gmtools.maps.ground.shore_lines`."""
    return ground.shore_lines(_AROUND, skip)


def _vs30(grid: MapGrid) -> Layer:
    from gmtools.data.readers import vs30_grid

    (path,) = catalog.find("italy_vs30_grid").values()
    return resample(vs30_grid.read(path, catalog.manifests()["italy_vs30_grid"].licence), grid)


def _velocity(grid: MapGrid) -> Layer:
    table = datasets.read("italy_site_model")
    velocity = table["geology"].map(AGE_VELOCITY_M_S).fillna(1600.0)
    place = table[columns.LONGITUDE].to_numpy(), table[columns.LATITUDE].to_numpy()
    licence = catalog.manifests()["italy_site_model"].licence
    return resample_points(
        Points("velocity of three classes", "m/s", licence, *place, velocity.to_numpy()), grid, REACH_KM
    )


LAQUILA = (13.380, 42.342)
"""Epicenter of the L'Aquila mainshock of 2009 (degrees)."""


@dataclass(frozen=True)
class KeptOut:
    """L'Aquila 2009 (simulated: the earthquake most like it), which nothing is learned from, and what leaves with it.

    ``recordings`` is GEM's list, None where it is not at hand; ``hidden`` are the stations that recorded it and those
    within 1 km. ``parts`` are masks of records: "training"; "validation" earthquakes, every fifth in order of
    magnitude, at other stations; "validation, hidden stations"; the earthquake under its name; "given up": records of
    other earthquakes at hidden stations.
    """

    event_id: str
    name: str
    recordings: pd.DataFrame | None
    hidden: frozenset
    parts: dict[str, np.ndarray]


def keep_out_laquila(study: inputs.MapStudy) -> KeptOut:
    """Keep the L'Aquila mainshock out, with the stations within 1 km of its own, and with earthquakes to check
    a network on."""
    frame, events = study.frame, study.events
    event_id = LAQUILA_2009 if LAQUILA_2009 in events.index else _most_like_laquila(study)
    recordings = None if study.dataset.simulated else _recordings()
    place = [columns.STATION_LONGITUDE, columns.STATION_LATITUDE]
    stations = frame.groupby(columns.STATION)[place].first()
    its = set(frame.loc[frame[columns.EVENT] == event_id, columns.STATION])
    where = stations[stations.index.isin(its)]
    if recordings is not None:
        where = pd.concat([where, recordings.set_index(columns.STATION)[place]])
    here, there = (np.column_stack(study.grid.project(*table.to_numpy(float).T)) for table in (stations, where))
    hidden = frozenset(stations.index[cdist(here, there).min(axis=1) < 1.0])
    of_event = (frame[columns.EVENT] == event_id).to_numpy()
    at_hidden = frame[columns.STATION].isin(hidden).to_numpy()
    by_size = events.drop(event_id).sort_values(columns.MAGNITUDE, kind="stable").index
    checked = frame[columns.EVENT].isin(by_size[2::5]).to_numpy()
    name = "L'Aquila 2009" if event_id == LAQUILA_2009 else f"Simulated {event_id}"
    parts = {
        "training": ~of_event & ~at_hidden & ~checked,
        "validation": checked & ~at_hidden,
        "validation, hidden stations": checked & at_hidden,
        name: of_event,
        "given up": at_hidden & ~of_event & ~checked,
    }
    return KeptOut(event_id, name, recordings, hidden, parts)


def _most_like_laquila(study):
    """Id of the well recorded earthquake that is most like L'Aquila 2009."""
    events, counts = study.events, study.frame.groupby(columns.EVENT).size()
    x, y = study.grid.project(events[columns.EVENT_LONGITUDE], events[columns.EVENT_LATITUDE])
    x0, y0 = study.grid.project(*LAQUILA)
    unlike = (events[columns.MAGNITUDE] - 6.3).abs() / 0.3 + np.hypot(x - x0, y - y0) / 50
    return unlike.where(counts >= counts.quantile(0.6)).idxmin()


def _recordings():
    """GEM's recordings of the L'Aquila mainshock, None where they cannot be had."""
    from gmtools.data.readers import recording_stations

    try:
        return recording_stations.read(catalog.find("laquila_2009"))
    except (DataNotFound, DownloadFailed):
        return None


def input_maps(study: inputs.MapStudy, names: Iterable[str]) -> np.ndarray:
    """Input maps (n_events, ny, nx, n_maps) of a study's earthquakes, such as those that :data:`CONFIGURATIONS` names;
    gaps filled by :data:`FILL`, scaled by :data:`SCALE`."""
    names = list(names)
    maps = inputs.input_maps(study.grid, study.layers, study.events, names, FILL)
    return inputs.scale(maps, {name: SCALE[name] for name in names})


def planted(
    study: inputs.MapStudy, seed: int = 0, count: int = 25, within_km: float = 150.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the simulated Italy of ``seed`` plants, for the ``count`` largest earthquakes of a study.

    Their numbers; true median, source and path together (count, ny, nx), ln g, NaN beyond ``within_km``; the site field
    (ny, nx).
    """
    from gmtools.simulate import fields

    number = study.events.index.get_indexer(study.events[columns.MAGNITUDE].nlargest(count).index)
    found = []
    for focus in study.events.iloc[number].to_numpy(float):
        true = fields.world(seed).truth(study.grid, *focus)
        near = hypocentral_distance_km(*study.grid.lonlat, *focus[1:]) < within_km
        found.append(np.where(near, true["total"] - true["site"], np.nan))
    return number, np.array(found), true["site"]


def save_network(name, model, study, names, use, *, lesson, profile, seed, seconds, scores=(), **more):
    """Keep a network by name with what every network of the study has to say: :func:`gmtools.networks.save`.

    ``names`` are its input maps, ``use`` (n_records,) the records that it learned from; "_simulated" is appended to the
    name where the records are.
    """
    table, simulated = study.frame[use], study.dataset.simulated
    spans = {key: [float(table[key].min()), float(table[key].max())] for key in names if key in study.events}
    scale = [
        {"name": key, "unit": UNITS[key], "mean": low, "sd": high - low}
        for key, (low, high) in ((key, SCALE[key]) for key in names)
    ]
    counts = {"events": int(table[columns.EVENT].nunique()), "stations": int(table[columns.STATION].nunique())}
    return networks.save(
        name + "_simulated" * simulated,
        model,
        inputs=scale,
        outputs=[{"name": "mean", "unit": "ln g"}, {"name": "ln_variance", "unit": "1"}],
        ranges={"mean": spans, "ln_variance": spans},
        lesson=lesson,
        profile=profile,
        seed=seed,
        data=[study.dataset.data_id],
        kind="simulated" if simulated else "measured",
        seconds=seconds,
        scores=list(scores),
        faults=FAULTS,
        period_s=1.0,
        pixel_m=study.grid.pixel_m,
        records=len(table),
        **counts,
        **more,
    )
