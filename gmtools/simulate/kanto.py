"""Semi-synthetic Kanto: real stations, earthquakes and site terms, drawn motions whose truth is attached.

For a record of magnitude M at hypocentral distance R (km), at period T:

    ln Y = median(M, R, depth) + event term + path + site field(station place) + own term of the station
         + borehole term + record term

**Median**: Zhao et al. (2006) for soil class II (VS30 450 m/s) at every site: Japanese data, crustal, interface and
slab earthquakes, a depth term, and its own tau for each kind. Kind by depth alone: crustal above 25 km, interface to
50 km, slab below. Magnitudes below 5 are the model's straight extrapolation; the differences between sites are all in
the site terms.
**Site**: the published site terms of 60 KiK-net stations (Chakraborty & Kotha 2026; at 0.01 s for PGA) are a line in ln
of the bedrock depth, a Gaussian field with exponential correlation, and an own part of each station. Line, sill, range
and nugget are fitted to the terms; the field is drawn given the terms (conditioning by kriging, Journel & Huijbregts
1978, Mining Geostatistics, ch. VII), so that at those stations field + own term **is** the published term, and between
them the field has the variance that kriging leaves.
**Path**: attenuation per km varies from place to place (exponential correlation, as the cells of
:mod:`gmtools.simulate.fields`) and is averaged over the straight line from epicenter to site.
**Path and record** together have the scatter of the published residuals about each station's mean.

Where it breaks: sources are points; surface sensors only (the deliverable has KiK-net's boreholes too); a record exists
where the *median* exceeds the trigger level, so that selection leaves the random terms unbiased, which no real network
does; PGA and PSA(1 s) have independent site fields and the same path pattern; mb is taken as moment magnitude.
"""

import warnings
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy.interpolate import RegularGridInterpolator

from gmtools import columns
from gmtools.errors import GmtoolsError, OutOfRange
from gmtools.geodesy import hypocentral_distance_km, with_distances
from gmtools.maps import kanto_region, kriging
from gmtools.maps.grids import MapGrid
from gmtools.simulate import kanto_earthquakes, kanto_ground
from gmtools.simulate.fields import Lattice, gaussian_field
from gmtools.simulate.kanto_ground import PERIODS
from gmtools.simulate.records import correlation, true_columns

REFERENCE_VS30 = 450.0
_CRUST_KM, _INTERFACE_KM = kanto_region.KIND_DEPTHS_KM
_KINDS = ("Asc", 0.0, _CRUST_KM), ("SInter", _CRUST_KM, _INTERFACE_KM), ("SSlab", _INTERFACE_KM, np.inf)
_LATTICE = {"spacing": 5.0, "x": (50.0, 800.0), "y": (3600.0, 4380.0)}  # km in UTM zone 54 north
_PATHS = {"x": (220.0, 640.0), "y": (3760.0, 4180.0)}  # km, where epicenters and stations lie
_STEPS = 32


@dataclass(frozen=True)
class Recipe:
    """Sizes of what is drawn; pairs are for PGA and PSA(1 s), natural logarithms.

    ``attenuation_per_km``: sd of the field, with ``attenuation_km`` its correlation length; ``record``: sd of the
    record term, chosen so that path and record together scatter like the published residuals (0.52 and 0.44);
    ``borehole``: what a sensor at 20 m records less. For PGA half a unit of JMA intensity, I = 2 log10(a) + const, that
    is a factor of 10^0.25; for 1 s the standing wave under a free surface, ln cos(2 pi f h / VS) with VS 250 m/s.
    ``borehole_sd``: its scatter from station to station, a choice of this project.
    """

    attenuation_per_km: tuple[float, float] = (0.0035, 0.0025)
    attenuation_km: float = 75.0
    record: tuple[float, float] = (0.47, 0.41)
    borehole: tuple[float, float] = (-0.576, -0.131)
    borehole_sd: tuple[float, float] = (0.2, 0.05)


@dataclass(frozen=True)
class World(Lattice):
    """One draw of "site_pga", "site_1s", "attenuation" (of unit sd) and "ln_bedrock" (m); ``site_models`` by period;
    ``stations`` with the truth of each."""

    recipe: Recipe
    ground: kanto_ground.Ground
    site_models: dict[float, kanto_ground.SiteModel]
    stations: pd.DataFrame
    area, epsg = "Kanto", kanto_region.UTM54

    def truth(self, grid: MapGrid, magnitude: float, longitude: float, latitude: float, depth_km: float, period=0.0):
        """Maps "median", "path", "site" and their sum "total", the expected ln PSA (g), (ny, nx), of one earthquake
        (degrees, km; ``period`` 0 or 1 s) at the surface. Own, event and record terms are not in it; no map can know
        them."""
        where = _index(period)
        site = np.column_stack([values.ravel() for values in grid.lonlat])
        event = np.broadcast_to([longitude, latitude], site.shape)
        distance = hypocentral_distance_km(*site.T, longitude, latitude, depth_km)
        size = np.full(len(site), float(magnitude)), np.full(len(site), float(depth_km))
        terms = {
            "median": medians(*size, distance)[0][:, where],
            "path": _path(self, event, site, distance)[:, where],
            "site": self.at(_SITE[where], *site.T),
        }
        terms = {name: values.reshape(grid.shape) for name, values in terms.items()}
        return terms | {"total": sum(terms.values())}


_SITE = ("site_pga", "site_1s")


@lru_cache(maxsize=4)
def world(seed: int = 0, invented: bool = False) -> World:
    """Draw the fields of a world; ``invented`` takes no real ingredient, and DataNotFound is raised where a real one
    cannot be had."""
    ground = kanto_ground.invented(seed) if invented else kanto_ground.real()
    recipe, random = Recipe(), np.random.default_rng([seed, 5])
    x, y = (np.arange(low, high + 1, _LATTICE["spacing"]) for low, high in (_LATTICE["x"], _LATTICE["y"]))
    shape, nodes = (len(y), len(x)), np.column_stack([values.ravel() for values in np.meshgrid(x, y)])
    models = {period: kanto_ground.site_model(ground, period) for period in PERIODS}
    fields = {"ln_bedrock": kanto_ground.ln_bedrock(ground, nodes).reshape(shape)}
    attenuation = gaussian_field(random, shape, _LATTICE["spacing"], recipe.attenuation_km)
    # The paths' area is only a few correlation lengths wide: a draw's own mean and size there would change the median
    # and the path terms' variance from seed to seed.
    used = attenuation[np.ix_((y > _PATHS["y"][0]) & (y < _PATHS["y"][1]), (x > _PATHS["x"][0]) & (x < _PATHS["x"][1]))]
    fields["attenuation"] = (attenuation - used.mean()) / used.std()
    planted = World(x, y, fields, recipe, ground, models, pd.DataFrame())
    for name, period in zip(_SITE, PERIODS, strict=True):
        fields[name] = _site_field(random, planted, models[period], nodes, shape)
    return replace(planted, stations=_station_truth(random, planted))


def kik_net(seed: int = 0, n_events: int = 2864, n_records: int = 46_191, n_stations: int = 65, invented: bool = False):
    """Surface records of KiK-net, 2001 to 2017, exactly so many: the 60 stations with published site terms come
    first, then other KiK-net and K-NET ones (267 in all). One row a record: event, station, ``sensor_depth_m`` 0,
    J-SHIS depth, ``repi_km``, ``rhyp_km`` (``rrup_km`` is the same), ``pga_g``, ``psa_1s_g`` and
    :func:`truth_columns` of both. GmtoolsError where fewer pairs trigger.

    >>> frame = kik_net(seed=1, n_events=20, n_records=300, invented=True)
    >>> len(frame), frame["event_id"].nunique()
    (300, 20)
    """
    planted, random = world(seed, invented), np.random.default_rng([seed, 6])
    table = _first(planted.ground.surface, n_stations)
    events = kanto_earthquakes.kik_net(random, planted.ground.catalogue, table, n_events, medians)
    return _records(random, planted, events, table, n_records)


def meso_net(seed: int = 0, n_events: int = 19, n_records: int = 1921, n_stations: int = 286, invented: bool = False):
    """MeSO-net records at 20 m depth, 2021 and 2022, as many events and records as in the deliverable; of its about 300
    stations 286 have published coordinates. ``n_stations`` are the first of an order in which each next is the farthest
    from those before. As :func:`kik_net`, with JIVSM's depth, no VS30, and the borehole term in the motions."""
    planted, random = world(seed, invented), np.random.default_rng([seed, 8])
    table = _first(planted.ground.meso, n_stations)
    events = kanto_earthquakes.meso_net(random, planted.ground.catalogue, table, n_events, medians)
    return _records(random, planted, events, table, n_records)


def truth_columns(period: float) -> dict[str, str]:
    """Columns of the truth at a period (s): median, event, path, field, station (field + own term), borehole,
    record; ln of the motion is the sum of all but ``field``.

    >>> truth_columns(0)["path"], truth_columns(1)["field"]
    ('true_path_term', 'true_site_field_1s')
    """
    ending = "" if period == 0 else f"_{period:g}s"
    names = (columns.TRUE_PATH_TERM, columns.TRUE_SITE_FIELD, columns.TRUE_BOREHOLE_TERM)
    more = {key: name + ending for key, name in zip(("path", "field", "borehole"), names, strict=True)}
    return true_columns(period) | more


def medians(magnitude, depth_km, distance_km) -> tuple[np.ndarray, np.ndarray]:
    """Median ln PSA (g) and tau, both (n, 2) at PGA and 1 s, of Zhao et al. (2006); arguments (n,)."""
    from gmtools import gmms

    frame = pd.DataFrame(
        {columns.MAGNITUDE: magnitude, columns.HYPOCENTRAL_DEPTH: depth_km, columns.RRUP: distance_km}
    ).assign(**{columns.VS30: REFERENCE_VS30})
    mean, tau = np.empty((2, len(frame), len(PERIODS)))
    for kind, top, bottom in _KINDS:
        rows = np.flatnonzero((frame[columns.HYPOCENTRAL_DEPTH] >= top) & (frame[columns.HYPOCENTRAL_DEPTH] < bottom))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", OutOfRange)
            answer = gmms.predict(f"ZhaoEtAl2006{kind}", frame.iloc[rows], PERIODS)
        mean[rows], tau[rows] = answer.mean, answer.tau
    return mean, tau


def _first(table: pd.DataFrame, count: int) -> pd.DataFrame:
    if not 1 <= count <= len(table):
        raise GmtoolsError(f"n_stations = {count}, but there are {len(table)} stations. Ask for 1 to {len(table)}.")
    return table.head(count)


def _records(random, planted: World, events, table, n_records: int) -> pd.DataFrame:
    """Who recorded what, with motions and truth."""
    event, station = kanto_earthquakes.recorded(random, events, table, n_records, medians)
    left, right = events.iloc[event].reset_index(drop=True), table.iloc[station].reset_index(drop=True)
    frame = with_distances(pd.concat([left, right], axis=1))
    frame[columns.RRUP] = frame[columns.RHYP]
    median, tau = medians(frame[columns.MAGNITUDE], frame[columns.HYPOCENTRAL_DEPTH], frame[columns.RHYP])
    site = frame[[columns.STATION_LONGITUDE, columns.STATION_LATITUDE]].to_numpy()
    epicenter = frame[[columns.EVENT_LONGITUDE, columns.EVENT_LATITUDE]].to_numpy()
    root = np.linalg.cholesky(correlation(PERIODS))
    terms = {
        "median": median,
        "event": tau * (random.standard_normal((len(events), 2)) @ root.T)[event],
        "path": _path(planted, epicenter, site, frame[columns.RHYP].to_numpy()),
        "record": planted.recipe.record * (random.standard_normal((len(frame), 2)) @ root.T),
    }
    truth = planted.stations.loc[frame[columns.STATION]]
    for where, period in enumerate(PERIODS):
        names = truth_columns(period)
        values = {names[key]: term[:, where] for key, term in terms.items()}
        values |= {names[key]: truth[names[key]].to_numpy() for key in ("field", "station", "borehole")}
        frame = frame.assign(**values)
        frame[columns.psa(period)] = np.exp(sum(frame[name] for key, name in names.items() if key != "field"))
    return frame


def _site_field(random, planted: World, model, nodes, shape) -> np.ndarray:
    """Field (ny, nx) drawn given the site terms: line in ln depth + draw, moved by kriging onto the terms."""
    sd, spacing = np.sqrt(model.variogram.sill), _LATTICE["spacing"]
    draw = sd * gaussian_field(random, shape, spacing, model.variogram.range_km)
    noise = np.sqrt(model.variogram.nugget) * random.standard_normal(len(model.residual))
    there = RegularGridInterpolator((planted.y_km, planted.x_km), draw)(model.xy_km[:, ::-1])
    one, many = np.zeros(len(there)), np.zeros(len(nodes))
    moved, _ = kriging.predict(model.variogram, model.xy_km, model.residual - there - noise, one, nodes, many)
    line = model.intercept + model.slope * planted.fields["ln_bedrock"]
    return line + draw + moved.reshape(shape)


def _station_truth(random, planted: World) -> pd.DataFrame:
    """Field, station and borehole terms of every station at both periods; where a term is published, it is kept."""
    from gmtools.data.readers import kanto_site_terms

    table = pd.concat([planted.ground.surface, planted.ground.meso], ignore_index=True)
    deep = (table[columns.SENSOR_DEPTH] > 0).to_numpy()
    place = table[columns.STATION_LONGITUDE].to_numpy(), table[columns.STATION_LATITUDE].to_numpy()
    truth = {}
    for where, period in enumerate(PERIODS):
        names, model = truth_columns(period), planted.site_models[period]
        field = planted.at(_SITE[where], *place)
        own = np.sqrt(model.variogram.nugget) * random.standard_normal(len(table))
        published = table[kanto_site_terms.column(period)].to_numpy()
        lost = planted.recipe.borehole[where] + planted.recipe.borehole_sd[where] * random.standard_normal(len(table))
        truth[names["field"]] = field
        truth[names["station"]] = np.where(np.isnan(published), field + own, published)
        truth[names["borehole"]] = np.where(deep, lost, 0.0)
    return pd.DataFrame(truth, index=pd.Index(table[columns.STATION]))


def _path(planted: World, event, site, distance) -> np.ndarray:
    """Path term (n, 2) for epicenters and sites (n, 2) in degrees: mean attenuation along the line times R."""
    start, end = kanto_region.project(*np.asarray(event, float).T), kanto_region.project(*np.asarray(site, float).T)
    return (planted.attenuation(start, end, _STEPS) * distance)[:, None] * planted.recipe.attenuation_per_km


def _index(period: float) -> int:
    if period not in PERIODS:
        raise GmtoolsError(f"The simulation has no ordinate at {period:g} s. Choose 0 (PGA) or 1.")
    return PERIODS.index(period)
