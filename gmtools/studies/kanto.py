"""What study 2 takes from the data on Kanto: stations, earthquakes, and records on a grid."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from gmtools import columns, residuals, studies
from gmtools.data import catalog, datasets
from gmtools.errors import FormatError
from gmtools.maps import grids, ground, inputs, kriging
from gmtools.maps.grids import Layer, MapGrid
from gmtools.maps.kanto_region import (
    BEDROCK,
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

__all__ = ["BEDROCK", "KIND_DEPTHS_KM", "NETWORKS", "REGION", "UTM54", "bedrock_depth", "card_facts", "coast"]
__all__ += ["earthquakes", "in_region", "kriged_formula", "on_grid", "project", "stations", "with_chunks"]
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
    layer = bedrock(area, dataset.data_id == datasets.SIMULATED, seed)
    return inputs.MapStudy(dataset, grids.place(area, frame.reset_index(drop=True)), area, {BEDROCK: layer})


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


def kriged_formula(study: inputs.MapStudy, y, see, grid: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Rival of lesson 23: the formula of twelve terms, fitted to the records ``see``, and its kriged station terms.

    ``y`` is ln of the motion of every record of ``study``. Returned are the formula's residual of every record, and the
    station term kriged to its station (where one is known, that), or with ``grid`` to every pixel.
    """
    frame = study.frame
    magnitude, distance, depth = (
        frame[n].to_numpy() for n in (columns.MAGNITUDE, columns.RHYP, columns.HYPOCENTRAL_DEPTH)
    )
    ln_r = np.log(distance)
    terms = [magnitude, magnitude**2, ln_r, magnitude * ln_r, distance, depth]
    for above, below in zip(KIND_DEPTHS_KM, (*KIND_DEPTHS_KM[1:], np.inf), strict=True):
        of_kind = ((depth >= above) & (depth < below)).astype(float)
        terms += [of_kind, of_kind * magnitude, of_kind * ln_r]
    terms, names = np.column_stack(terms), (frame[columns.EVENT][see], frame[columns.STATION][see])
    intercept, factors = residuals.mixed_regression(terms[see], y[see], *names)
    left = y - intercept - terms @ factors
    part = residuals.partition(left[see], *names)
    place = frame.groupby(columns.STATION)[[columns.STATION_LONGITUDE, columns.STATION_LATITUDE]].first()
    term = pd.Series(part.station_term).groupby(names[1].to_numpy()).first()
    here = project(*place.loc[term.index].to_numpy().T)
    there = project(*(v.ravel() for v in study.grid.lonlat)) if grid else project(*place.to_numpy().T)
    one, many = np.zeros(len(here)), np.zeros(len(there))
    spread, _ = kriging.predict(kriging.fit(here, term.to_numpy(), one), here, term.to_numpy(), one, there, many)
    if grid:
        return left - part.bias, spread.reshape(study.grid.shape)
    at_stations = term.combine_first(pd.Series(spread, place.index))
    return left - part.bias, frame[columns.STATION].map(at_stations).to_numpy()


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
    """Records of the study: M 3 and above at stations inside the region, of KiK-net and K-NET only surface sensors."""
    inside = in_region(frame[columns.STATION_LONGITUDE], frame[columns.STATION_LATITUDE])
    surface = (frame[columns.SENSOR_DEPTH] == 0) | (frame[columns.NETWORK] == "MeSO-net")
    keep = surface & inside & (frame[columns.MAGNITUDE] >= 3) & (frame[columns.PGA] > 0)
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
    "kanto": _table("KiK-net records in Kanto", ("nied_kiknet_knet",), "kik_net"),
    "kanto_meso": _table("MeSO-net records", ("meso_net",), "meso_net"),
}


def bedrock(grid: MapGrid, invented: bool = False, seed: int = 0) -> Layer:
    """Depth to the seismic bedrock (m): of the invented Kanto, or after J-SHIS, kriged from K-NET and KiK-net sites."""
    if invented:
        from gmtools.simulate import kanto as simulation

        return Layer(bedrock_depth(simulation.world(seed, True).ground.surface, *grid.lonlat), "m", "CC BY 4.0")
    known = pd.concat([stations("KiK-net"), stations("K-NET")], ignore_index=True)
    return Layer(bedrock_depth(known, *grid.lonlat), "m", catalog.manifests()["kanto_jshis_sites"].licence)


def coast(skip: bool = False) -> list[np.ndarray]:
    """Shore lines around Kanto for maps: :func:`gmtools.maps.ground.shore_lines`."""
    return ground.shore_lines(REGION, skip)


def _check_dates(frame: pd.DataFrame) -> None:
    undated = frame[columns.ORIGIN_TIME].isna().sum() if columns.ORIGIN_TIME in frame else len(frame)
    if undated:
        raise FormatError(
            f"{undated:,} of {len(frame):,} records have no origin_time; earlier ones train and later ones test. "
            "Complete the dates in the file, or take those records out, and import it again."
        )
