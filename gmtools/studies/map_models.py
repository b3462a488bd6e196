"""Ensembles of U-Nets that start from something simpler than a network, and learn what it misses."""

from dataclasses import dataclass, replace

import numpy as np

from gmtools import columns, residuals
from gmtools.errors import GmtoolsError
from gmtools.maps import event_maps
from gmtools.maps.event_records import EventRecords
from gmtools.models import chunks, ensembles, unet
from gmtools.models.ensembles import Architecture, Ensemble, Member
from gmtools.studies import kanto
from gmtools.studies.map_studies import KANTO_MAPS, MapSettings, Study


@dataclass(frozen=True)
class FormulaTerms:
    """Input maps and what a ground-motion model for Japan has beside them.

    Added are M^2 and M ln R; for plate interface and slab an offset, a growth with M and a decay with ln R of their
    own, as in Kanno et al. (2006) and Zhao et al. (2006), both BSSA 96(3), here with the kind following from the depth;
    and, where the maps tell both ends of the path, attenuation that varies from place to place. Per km it is a
    quadratic function of the place, and the term is the distance times its mean along the straight line from epicenter
    to site: after Dawood & Rodriguez-Marek (2013), https://doi.org/10.1785/0120120125, who take cells instead.

    Attributes
    ----------
    maps : tuple of str
        The input maps, in order.
    scale : dict of str to (float, float)
        What 0 and 1 of each map stand for.
    """

    maps: tuple[str, ...]
    scale: dict[str, tuple[float, float]]

    @classmethod
    def of(cls, architecture, static):
        """For the input maps of a network.

        Parameters
        ----------
        architecture : gmtools.models.ensembles.Architecture
        static : gmtools.maps.grids.StaticMaps

        Raises
        ------
        GmtoolsError
            Magnitude, ln distance or depth is not among them.
        """
        if missing := set(_EVENT) - set(architecture.maps):
            raise GmtoolsError(f'start = "formula" needs the input maps {", ".join(sorted(missing))}. Add them.')
        return cls(architecture.maps, {**static.scale, **architecture.ranges})

    def __call__(self, inputs):
        """Scaled input maps (..., n_maps) -> (..., n_terms)."""
        magnitude, ln_distance, depth = (self._unscaled(inputs, name) for name in _EVENT)
        added = [magnitude**2, magnitude * ln_distance]
        limits = kanto.KIND_DEPTHS_KM
        depth = np.round(depth, 3)  # scaled to single precision and back, 25 km may come as 24.999999
        for limit, below in zip(limits, (*limits[1:], np.inf), strict=True):
            kind = ((depth >= limit) & (depth < below)).astype(float)
            added += [kind, kind * magnitude, kind * ln_distance]
        if set(_PATH) <= set(self.maps):
            added += self._attenuation(inputs)
        return np.concatenate([inputs, np.stack(added, axis=-1)], axis=-1)

    def _attenuation(self, inputs):
        """Distance times the means along the path of x, y, x^2, y^2 and xy, these in 100 km from the maps' middle."""
        distance, longitude, latitude, *site = (self._unscaled(inputs, name) for name in _PATH)
        epicenter = kanto.project(longitude.ravel(), latitude.ravel()).T.reshape(2, *longitude.shape)
        middle = np.reshape([np.mean(self.scale[name]) for name in _PATH[-2:]], (2,) + (1,) * longitude.ndim)
        (x, y), (u, v) = (epicenter - middle) / 100, (np.stack(site) - middle) / 100
        means = ((x + u) / 2, (y + v) / 2, (x * x + x * u + u * u) / 3, (y * y + y * v + v * v) / 3,
                 (2 * x * y + x * v + u * y + 2 * u * v) / 6)  # fmt: skip
        return [distance * mean for mean in means]

    def _unscaled(self, inputs, name):
        low, high = self.scale[name]
        return low + (high - low) * inputs[..., self.maps.index(name)]


_EVENT = (columns.MAGNITUDE, event_maps.LN_RHYP, columns.HYPOCENTRAL_DEPTH)
_PATH = (columns.RHYP, columns.EVENT_LONGITUDE, columns.EVENT_LATITUDE, "easting_km", "northing_km")


@dataclass(frozen=True)
class Start:
    """Target = intercept + coefficients . input maps + scale * output of the network.

    A network that has little more than a hundred steps to learn spends them on the growth with magnitude and the decay
    with distance. With kind "line" the linear regression on its own input maps gives it those, with "formula" a
    regression on them and on the further terms of :class:`FormulaTerms`; it learns the rest. With "mean" it starts from
    the mean of the training records. With "range" its output 0 ... 1 spans the range of the training records, for the
    sigmoid head.

    Attributes
    ----------
    intercept : float
    coefficients : ndarray, (n_maps,)
        For the scaled maps, in order, or for their terms.
    scale : float
    terms : FormulaTerms, optional
    """

    intercept: float
    coefficients: np.ndarray
    scale: float
    terms: FormulaTerms | None = None

    @classmethod
    def fit(cls, kind, inputs, target):
        """Take it from training records.

        Parameters
        ----------
        kind : {"line", "mean", "range"}
        inputs : (n, n_maps) array
            Scaled input maps at the records.
        target : (n,) array

        Raises
        ------
        GmtoolsError
            Another kind.
        """
        none = np.zeros(inputs.shape[1])
        if kind == "range":
            return cls(float(target.min()), none, float(np.ptp(target)) or 1.0)
        if kind == "mean":
            return cls(float(target.mean()), none, float(target.std()) or 1.0)
        if kind != "line":
            raise GmtoolsError(f"start = {kind!r} is not a choice. Choose among line, formula, mean, range.")
        design = np.column_stack([np.ones(len(target)), inputs])
        solution = np.linalg.lstsq(design, target, rcond=None)[0]
        scale = float((target - design @ solution).std()) or 1.0
        return cls(float(solution[0]), solution[1:], scale)

    @classmethod
    def fit_formula(cls, terms, inputs, target, event_id, station_id):
        """Take the coefficients of a formula from training records: :func:`gmtools.residuals.mixed_regression`.

        Parameters
        ----------
        terms : FormulaTerms
        inputs, target
            See :meth:`fit`.
        event_id, station_id : (n,) array_like
        """
        values = terms(inputs)
        intercept, coefficients = residuals.mixed_regression(values, target, event_id, station_id)
        scale = float((target - values @ coefficients).std()) or 1.0
        return cls(intercept, coefficients, scale, terms)

    def __call__(self, inputs):
        """Value without the network, for maps (..., n_maps)."""
        return self.intercept + (self.terms(inputs) if self.terms else inputs) @ self.coefficients


@dataclass(frozen=True)
class MapModel:
    """An ensemble and what it starts from.

    Attributes
    ----------
    ensemble : gmtools.models.ensembles.Ensemble
        Its output is (target - start) / scale.
    start : Start
    study : gmtools.studies.map_studies.Study
    """

    ensemble: Ensemble
    start: Start
    study: Study

    def __len__(self):
        return len(self.ensemble)

    def at_records(self, records, n_records):
        """Predict at records, each member for itself.

        Parameters
        ----------
        records : gmtools.maps.event_records.EventRecords
        n_records : int
            Rows of the table that they come from.

        Returns
        -------
        mean, variance : ndarray, (members, n_records)
            In the table's order, in the target's unit; NaN at records that are not among ``records``. See
            :func:`gmtools.models.ensembles.total_variance`.
        """
        mean, variance = self.ensemble.at_records(records)
        line = self.start(input_values(self.study, self.ensemble.architecture, records))
        mean, variance = line + self.start.scale * mean, self.start.scale**2 * variance
        return tuple(np.stack([records.to_table(one, n_records) for one in kind]) for kind in (mean, variance))

    def maps(self, events):
        """Predict maps of events (n, 4), joined over the members: mean and variance (n, height', width')."""
        mean, variance = self.ensemble.maps(events)
        inputs = _input_maps(self.study, self.ensemble.architecture, events)
        line = np.concatenate([self.start(np.asarray(maps, float)) for maps, _ in inputs])
        return line + self.start.scale * mean, self.start.scale**2 * variance


def train(study: Study, name: str, records: EventRecords, use, maps, seeds, settings: MapSettings | None = None):
    """Train a network for each seed, or load it; each sets aside other events to choose its best epoch.

    Parameters
    ----------
    study : Study
    name : str
        Beginning of the files' names in ``_build/models``, and text of the progress bar.
    records : gmtools.maps.event_records.EventRecords
        From ``study.records``: the whole table.
    use : (n_records,) bool array
        Records that may be learned from.
    maps : sequence of str
        Input maps, such as one of :data:`gmtools.maps.event_maps.CONFIGURATIONS`.
    seeds : sequence of int
    settings : MapSettings, optional
        Instead of the study's; pixels and grid stay.

    Returns
    -------
    MapModel

    Raises
    ------
    GmtoolsError
        There are fewer than two events to learn from.
    """
    settings = settings or study.settings
    options = {option: getattr(settings, option) for option in ("depth", "base", "padding", "head")}
    architecture = Architecture(tuple(maps), study.ranges, 0.0, 1.0, **options)
    known = records.hide(~np.asarray(use, bool))
    known = known.select(np.isfinite(known.target).any(axis=1))
    if len(known) < 2:
        raise GmtoolsError(f"{name}: {len(known)} events to learn from; one must be left for validation. Use more.")
    inputs = input_values(study, architecture, known)
    start = _fitted_start(study, settings, architecture, inputs, known)
    scaled = replace(known, target=((known.target - start(inputs)) / start.scale).astype("float32"))
    members = [member(scaled, settings.validation_share, seed) for seed in seeds]
    return MapModel(ensembles.train(name, architecture, study.static, members, settings.fit), start, study)


@dataclass(frozen=True)
class ChunkModel:
    """An ensemble of partial ensembles, of which each never saw the stations of one chunk.

    Attributes
    ----------
    partials : tuple of MapModel
        In the order of the chunks, each with its own start and equally many members.
    """

    partials: tuple[MapModel, ...]

    @property
    def held_out_chunks(self):
        """Chunk that each member did not see."""
        return [chunk for chunk, model in enumerate(self.partials) for _ in range(len(model))]

    def at_records(self, records, n_records):
        """Mean and variance (members, n_records) of all members, chunk by chunk: see :meth:`MapModel.at_records`."""
        parts = [model.at_records(records, n_records) for model in self.partials]
        return tuple(np.concatenate(kind) for kind in zip(*parts, strict=True))

    def residuals(self, records, mean, variance, chunk, new_event):
        """Residuals of every partial ensemble at known and unseen stations:
        :func:`gmtools.models.chunks.chunk_residuals`.

        Parameters
        ----------
        records : gmtools.maps.event_records.EventRecords
        mean, variance : (members, n_records) array
            From :meth:`at_records`.
        chunk, new_event : (n_records,) array_like
        """
        padded = (kind[:, records.row] for kind in (mean, variance))
        return chunks.chunk_residuals(records, *padded, self.held_out_chunks, chunk, new_event)

    def maps(self, events):
        """Predict maps of events (n, 4), joined over all members: mean and variance (n, height', width')."""
        return ensembles.total_variance(*zip(*(model.maps(events) for model in self.partials), strict=True))


def chunk_recipe(study, name, records, maps=KANTO_MAPS, seed=0, settings=None):
    """Members of study 2, chunk by chunk, on targets from which each chunk's own start is taken off.

    The start is fitted without the records of the chunk, so that a partial ensemble has nothing from its stations.

    Parameters
    ----------
    study : Study
        From :func:`gmtools.studies.map_studies.kanto_study`: its frame has ``split`` and ``chunk``.
    name, records, maps
        See :func:`train`; records of other events than the training and stopping ones are not used.
    seed : int
    settings : MapSettings, optional
        Instead of the study's; pixels and grid stay.

    Returns
    -------
    recipe : tuple
        What :func:`gmtools.models.ensembles.train` takes.
    starts : list of Start
        One for each chunk.
    """
    settings = settings or study.settings
    options = {option: getattr(settings, option) for option in ("depth", "base", "padding", "head")}
    architecture = Architecture(tuple(maps), study.ranges, 0.0, 1.0, **options)
    split = study.frame["split"].to_numpy()[records.row[:, 0]]
    parts = [records.select(split == wanted) for wanted in ("training", "stopping")]
    inputs = [input_values(study, architecture, part) for part in parts]
    members, starts = [], []
    for one in chunks.chunk_members(*parts, study.frame["chunk"], settings.members, seed):
        if one.held_out_chunk == len(starts):
            starts.append(_fitted_start(study, settings, architecture, inputs[0], one.train))
        start = starts[-1]
        scaled = (
            replace(part, target=((part.target - start(values)) / start.scale).astype("float32"))
            for part, values in zip((one.train, one.validation), inputs, strict=True)
        )
        members.append(Member(*scaled, one.seed, one.held_out_chunk))
    return (name, architecture, study.static, members, settings.fit), starts


def train_chunks(study, name, records, maps=KANTO_MAPS, seed=0, settings=None, workers=1):
    """Train the ensemble of study 2, or load those of its members that are there.

    Parameters
    ----------
    study, name, records, maps, seed, settings
        See :func:`chunk_recipe`. With the names and defaults of :data:`gmtools.studies.map_studies.ENSEMBLES` the
        members are those that ``gmtools ensemble`` trains.
    workers : int
        See :func:`gmtools.models.ensembles.train`.

    Returns
    -------
    ChunkModel
    """
    recipe, starts = chunk_recipe(study, name, records, maps, seed, settings)
    ensemble = ensembles.train(*recipe, workers=workers)
    return ChunkModel(tuple(MapModel(ensemble.partial(i), start, study) for i, start in enumerate(starts)))


def _fitted_start(study, settings, architecture, inputs, records):
    """Start from the records that have a target; ``inputs`` are the scaled maps at all of them."""
    there = np.isfinite(records.target)
    inputs, target = inputs[there], records.target[there].astype(float)
    if settings.start != "formula":
        return Start.fit(settings.start, inputs, target)
    if study.grid.epsg != kanto.UTM54:
        raise GmtoolsError(
            f'start = "formula" is for grids of EPSG:{kanto.UTM54}; this one is of EPSG:{study.grid.epsg}.'
        )
    groups = study.frame[[columns.EVENT, columns.STATION]].to_numpy()[records.row[there]]
    return Start.fit_formula(FormulaTerms.of(architecture, study.static), inputs, target, *groups.T)


def member(records, validation_share, seed):
    """Training and validation events of one network.

    Parameters
    ----------
    records : gmtools.maps.event_records.EventRecords
    validation_share : float
        Of the events, at least one.
    seed : int

    Returns
    -------
    gmtools.models.ensembles.Member
    """
    order = np.random.default_rng([seed, len(records)]).permutation(len(records))
    aside = order[: max(1, round(validation_share * len(records)))]
    validation = np.isin(np.arange(len(records)), aside)
    return Member(records.select(~validation), records.select(validation), seed)


def input_values(study, architecture, records):
    """Scaled input maps at the pixels of records: (n, m, n_maps), meaningless where there is no record."""
    at_pixels = unet.AtPixels()
    parts = [np.empty((0, records.pixel.shape[1], len(architecture.maps)))]
    for maps, first in _input_maps(study, architecture, records.events):
        parts.append(np.asarray(at_pixels(maps, records.pixel[first : first + len(maps)]), float))
    return np.concatenate(parts)


def _input_maps(study, architecture, events):
    """Scaled input maps (some events, height', width', n_maps), a few events at a time, and the number of the first."""
    stack = event_maps.EventMaps(architecture.maps, architecture.ranges, study.static, architecture.numbers)
    events, edge, some = np.asarray(events, "float32"), architecture.border, study.settings.batch
    for first in range(0, len(events), some):
        maps = stack(events[first : first + some])
        yield maps[:, edge : maps.shape[1] - edge, edge : maps.shape[2] - edge], first
