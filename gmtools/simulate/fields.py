"""Synthetic Italy: a non-ergodic world whose site, source and path fields are known everywhere.

For a record of magnitude M at hypocentral distance R (km), with r = sqrt(R² + 4²):

    ln Y = c(T) + 1.2 (M - 6) - 0.15 (M - 6)² + c2 ln r + a R + c3 ln(min(VS30, 1000) / 1000)       (median)
         + source(event place) + path + site(station place) + own term of the station
         + event term + record term

The fields follow the recipe with which the NGMM tools test non-ergodic regressions (data set DS3 of the public
repository NHR3-UCLA/ngmm_tools, with short correlation lengths): source and site are Gaussian with exponential
correlation exp(-h / length); the geometrical spreading varies with the place of the source, the VS30 scaling with that
of the site, and the anelastic attenuation from cell to cell of 25 km, so that a path term arises, averaged over the
straight line from epicenter to site. The magnitude term and c(T) are this project's. The known truth is
attached: records carry it in columns, :meth:`World.truth` draws it as maps.

Where it breaks: source and site terms do not depend on period; the ground is a plane for correlation; sources are
points; fields are drawn at 5 km, so detail below that does not exist; an attenuation or spreading that the draw makes
positive is set to zero rather than drawn again; VS30 follows elevation more closely than in nature; with the recipe's
spreading of -2 motions fall off more steeply than Italian ones (ln PSA(1 s) has an sd of 2.7, that of ITA18 is 2.1).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.interpolate import RegularGridInterpolator

from gmtools import columns
from gmtools.errors import GmtoolsError
from gmtools.geodesy import hypocentral_distance_km, project
from gmtools.maps.grids import Layer, MapGrid
from gmtools.simulate import geography
from gmtools.simulate.records import correlated, true_columns

LICENCE = "CC BY 4.0"
# Median of ln(PSA / PSA(1 s)), from PGA to 2 s, of ITA18's records of Italian events north of 42° N.
SPECTRAL_SHAPE = {
    0.0: 0.48, 0.15: 1.40, 0.2: 1.42, 0.25: 1.35, 0.35: 1.19, 0.5: 0.89, 0.6: 0.69,
    0.7: 0.51, 0.8: 0.33, 0.9: 0.16, 1.0: 0.0, 1.2: -0.29, 2.0: -1.17,
}  # fmt: skip
_LATTICE = {"spacing": 5.0, "x": (-600.0, 900.0), "y": (4200.0, 5500.0)}  # km in the projected system
_CELL_KM, _STEPS = 25.0, 48


@dataclass(frozen=True)
class Recipe:
    """Standard deviations (ln units) and correlation lengths (km) of the planted fields.

    ``offset`` shifts all motions; ``source``, ``site``: fields with ``*_km``; ``station``: own term of each station;
    ``spreading``, ``vs30_scaling``: mean, sd of a shift, sd of the field, length; ``attenuation``: mean per km, sd of a
    shift, sd of the field, sd of each cell's own part, length; ``tau``, ``phi``: event and record terms.
    """

    offset: float = 0.1
    source: float = 0.1
    source_km: float = 60.0
    site: float = 0.35
    site_km: float = 30.0
    station: float = 0.25
    spreading: tuple[float, float, float, float] = (-2.0, 0.2, 0.15, 80.0)
    vs30_scaling: tuple[float, float, float, float] = (-0.6, 0.15, 0.15, 130.0)
    attenuation: tuple[float, float, float, float, float] = (-0.011, 0.005, 0.004, 0.002, 75.0)
    tau: float = 0.25
    phi: float = 0.3


@dataclass(frozen=True)
class Lattice:
    """Fields (ny, nx) of an area at eastings and northings of a UTM zone."""

    x_km: np.ndarray
    y_km: np.ndarray
    fields: dict[str, np.ndarray]
    area: ClassVar[str]
    epsg: ClassVar[int]

    def at(self, name: str, longitude, latitude) -> np.ndarray:
        """Value of a field at places (degrees), linear between nodes; GmtoolsError outside the simulated area."""
        return self.at_km(name, project(self.epsg, longitude, latitude))

    def at_km(self, name: str, place: np.ndarray) -> np.ndarray:
        """As :meth:`at`, for eastings and northings (..., 2)."""
        x, y = self.x_km, self.y_km
        inside = (place >= (x[0], y[0])).all(axis=-1) & (place <= (x[-1], y[-1])).all(axis=-1)
        if not inside.all():
            raise GmtoolsError(
                f"{int((~inside).sum())} places lie outside the simulated {self.area}, which spans easting {x[0]:g} to "
                f"{x[-1]:g} km and northing {y[0]:g} to {y[-1]:g} km of UTM {self.epsg % 100}. Choose a grid within it."
            )
        return RegularGridInterpolator((y, x), self.fields[name])(place[..., ::-1])

    def attenuation(self, start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
        """Mean of the field "attenuation" (n,) over straight lines between places (n, 2), km."""
        shares = (np.arange(steps) + 0.5) / steps
        return sum(self.at_km("attenuation", start + share * (end - start)) for share in shares) / steps


@dataclass(frozen=True)
class World(Lattice):
    """One draw of "source", "site", "spreading", "vs30_scaling", "attenuation", "ln_vs30" and "elevation_m"."""

    recipe: Recipe
    area, epsg = "Italy", geography.UTM33

    def layer(self, name: str, grid: MapGrid) -> Layer:
        """Simulated stand-in for a layer of :func:`gmtools.studies.italy.layers`."""
        height, vs30 = self.at("elevation_m", *grid.lonlat), np.exp(self.at("ln_vs30", *grid.lonlat))
        if name == columns.VELOCITY:
            return Layer(np.select([vs30 < 360, vs30 < 800], [300.0, 1600.0], 2400.0), "m/s", LICENCE)
        if name == columns.SLOPE:
            return Layer(np.hypot(*np.gradient(height, grid.pixel_m)), "m/m", LICENCE)
        return {columns.ELEVATION: Layer(height, "m", LICENCE), columns.VS30: Layer(vs30, "m/s", LICENCE)}[name]

    def truth(self, grid: MapGrid, magnitude: float, longitude: float, latitude: float, depth_km: float, period=1.0):
        """Maps "median", "source", "path", "site" and their sum "total", the expected ln PSA (g), (ny, nx), of one
        earthquake (degrees, km) at a period of :data:`SPECTRAL_SHAPE`. Own, event and record terms are not in it; no
        map can know them."""
        site_longitude, site_latitude = (values.ravel() for values in grid.lonlat)
        frame = pd.DataFrame(
            {
                columns.MAGNITUDE: magnitude,
                columns.EVENT_LONGITUDE: longitude,
                columns.EVENT_LATITUDE: latitude,
                columns.HYPOCENTRAL_DEPTH: depth_km,
                columns.STATION_LONGITUDE: site_longitude,
                columns.STATION_LATITUDE: site_latitude,
                columns.VS30: np.exp(self.at("ln_vs30", site_longitude, site_latitude)),
            }
        )
        terms = {name: np.asarray(values).reshape(grid.shape) for name, values in _terms(self, frame).items()}
        terms["median"] = terms["median"] + SPECTRAL_SHAPE[period]
        return terms | {"total": sum(terms.values())}


@lru_cache(maxsize=2)
def world(seed: int = 0) -> World:
    """Draw the fields of a world."""
    plan, random = Recipe(), np.random.default_rng([seed, 3])
    x, y = (np.arange(low, high + 1, _LATTICE["spacing"]) for low, high in (_LATTICE["x"], _LATTICE["y"]))
    shape = len(y), len(x)

    def draw(length, spacing=_LATTICE["spacing"], size=shape):
        return gaussian_field(random, size, spacing, length)

    terrain = 0.8 * geography.hills(x, y) + 0.5 * draw(60.0)
    spreading, scaling, loss = plan.spreading, plan.vs30_scaling, plan.attenuation
    blocks = int(_CELL_KM / _LATTICE["spacing"])
    cells = tuple(-(-count // blocks) for count in shape)
    per_cell = loss[2] * draw(loss[4], _CELL_KM, cells) + loss[3] * random.standard_normal(cells)
    per_cell = np.minimum(loss[0] + loss[1] * random.standard_normal() + per_cell, 0)
    fields = {
        "source": plan.source * draw(plan.source_km),
        "site": plan.site * draw(plan.site_km) + plan.offset * random.standard_normal(),
        "spreading": np.minimum(_varied(random, spreading, draw(spreading[3])), 0),
        "vs30_scaling": _varied(random, scaling, draw(scaling[3])),
        "attenuation": np.kron(per_cell, np.ones((blocks, blocks)))[: shape[0], : shape[1]],
        "elevation_m": 2500 * np.clip(terrain, 0, None) ** 2 / (1 + np.clip(terrain, 0, None)),
        "ln_vs30": np.clip(6.1 + 0.35 * terrain + 0.2 * draw(15.0), np.log(150), np.log(1500)),
    }
    return World(x, y, fields, plan)


def italy(seed: int = 0, n_events: int = 134, n_stations: int = 700, n_records: int = 4600) -> pd.DataFrame:
    """Records that resemble ITA18's Italian ones: few large sequences, stations along the mountains; an event gets
    at most the stations within 200 km. Columns of :func:`gmtools.data.readers.ita18.read`, at 1 s those of
    :func:`gmtools.simulate.records.true_columns`, and ``true_source_term``, ``true_path_term``, ``true_site_field``
    (the part of the station term that neighbors share): ln PSA = median + source + path + station + event + record.

    >>> frame = italy(seed=1, n_events=4, n_stations=50, n_records=40)
    >>> frame["event_id"].nunique(), "psa_1s_g" in frame
    (4, True)
    """
    planted, random = world(seed), np.random.default_rng([seed, 4])
    stations = geography.stations(random, planted.at, n_stations)
    frame = geography.pairs(random, geography.events(random, n_events), stations, n_records)
    own = pd.Series(planted.recipe.station * random.standard_normal(n_stations), index=stations[columns.STATION])
    terms = _terms(planted, frame)
    station = terms["site"] + frame[columns.STATION].map(own).to_numpy()
    event = correlated(random, frame[columns.EVENT], planted.recipe.tau, tuple(SPECTRAL_SHAPE))
    record = correlated(random, pd.Series(frame.index), planted.recipe.phi, tuple(SPECTRAL_SHAPE))
    shape = np.array(list(SPECTRAL_SHAPE.values()))
    predictable = terms["median"] + terms["source"] + terms["path"] + station
    ln_psa = predictable[:, None] + shape + event + record
    table = {columns.psa(period): np.exp(ln_psa[:, place]) for place, period in enumerate(SPECTRAL_SHAPE)}
    place = list(SPECTRAL_SHAPE).index(1.0)
    values = {"median": terms["median"] + shape[place], "station": station}
    values |= {"event": event[:, place], "record": record[:, place]}
    table |= {name: values[key] for key, name in true_columns(1.0).items()}
    names = {"source": columns.TRUE_SOURCE_TERM, "path": columns.TRUE_PATH_TERM, "site": columns.TRUE_SITE_FIELD}
    return frame.assign(**table, **{name: terms[key] for key, name in names.items()})


def _terms(planted: World, frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """Predictable parts of ln PSA(1 s) (n,): median, source, path and site field."""
    event = frame[columns.EVENT_LONGITUDE].to_numpy(), frame[columns.EVENT_LATITUDE].to_numpy()
    station = frame[columns.STATION_LONGITUDE].to_numpy(), frame[columns.STATION_LATITUDE].to_numpy()
    recipe, magnitude = planted.recipe, frame[columns.MAGNITUDE].to_numpy() - 6
    distance = hypocentral_distance_km(*station, *event, frame[columns.HYPOCENTRAL_DEPTH].to_numpy())
    ln_distance = np.log(np.hypot(distance, 4.0))
    ln_vs30 = np.log(np.minimum(frame[columns.VS30].to_numpy(), 1000) / 1000)
    median = 4.3 + 1.2 * magnitude - 0.15 * magnitude**2
    median += recipe.spreading[0] * ln_distance + recipe.attenuation[0] * distance + recipe.vs30_scaling[0] * ln_vs30
    spreading = planted.at("spreading", *event) - recipe.spreading[0]
    ends = (project(geography.UTM33, *place) for place in (event, station))
    attenuation = planted.attenuation(*ends, _STEPS) - recipe.attenuation[0]
    scaling = planted.at("vs30_scaling", *station) - recipe.vs30_scaling[0]
    return {
        "median": median,
        "source": planted.at("source", *event),
        "path": spreading * ln_distance + attenuation * distance,
        "site": planted.at("site", *station) + scaling * ln_vs30,
    }


def gaussian_field(random: np.random.Generator, shape, spacing: float, length: float) -> np.ndarray:
    """Field (ny, nx) of variance 1 and correlation exp(-h / length), drawn on a periodic plane at least twice as wide.

    The Fourier method (circulant embedding; Dietrich & Newsam 1997, SIAM Journal on Scientific Computing 18,
    1088-1107); negative eigenvalues, tiny on a plane this wide, are set to zero.
    """
    ny, nx = (int(2 * count + 4 * length / spacing) for count in shape)
    lag_y, lag_x = (np.minimum(np.arange(count), count - np.arange(count)) * spacing for count in (ny, nx))
    eigenvalues = np.fft.fft2(np.exp(-np.hypot(lag_y[:, None], lag_x[None, :]) / length)).real.clip(0)
    noise = random.standard_normal((ny, nx)) + 1j * random.standard_normal((ny, nx))
    return np.fft.fft2(np.sqrt(eigenvalues / (ny * nx)) * noise).real[: shape[0], : shape[1]]


def _varied(random: np.random.Generator, numbers: tuple[float, ...], field: np.ndarray) -> np.ndarray:
    mean, shift, sd, _ = numbers
    return mean + shift * random.standard_normal() + sd * field
