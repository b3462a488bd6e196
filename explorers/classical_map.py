"""A classical ground-motion model as a table over magnitude, depth and distance, for a map beside the network's."""

import warnings

import numpy as np
from scipy.interpolate import RegularGridInterpolator

from gmtools import gmms
from gmtools.errors import GmtoolsError, OutOfRange
from gmtools.studies import kanto

AXES = ("magnitude", "depth_km", "ln_distance")
TOLERANCE_LN = 0.01
_DISTANCE_KM = np.exp(np.linspace(0, np.log(1000), 70))
_JUST_BELOW = 1e-6


def lanzano():
    """Lanzano et al. (2019) for SA(1 s), the distance from the epicenter taken as RJB: see :func:`table`. The map adds,
    for each pixel, its site term, a line in ln VS30 that is constant above 1500 m/s."""

    def predict(magnitude, depth_km, distance_km, vs30_m_s=800.0):
        """Median ln SA(1 s), in g, of Lanzano et al. (2019), which does not ask for the depth."""
        frame = gmms.scenarios(magnitude, distance_km, vs30_m_s)
        return gmms.predict("LanzanoEtAl2019", frame, (1.0,)).mean[:, 0]

    reference, softer, soft = (float(predict(6.0, 10.0, 30.0, vs30)[0]) for vs30 in (800.0, 400.0, 200.0))
    slope = (softer - reference) / np.log(0.5)
    if abs(reference + slope * np.log(0.25) - soft) > 1e-6:
        raise GmtoolsError("The site term of Lanzano et al. (2019) is no line in ln VS30 between 200 and 800 m/s.")
    note = f"distance to the epicenter for RJB; {_made_for('LanzanoEtAl2019')}"
    site = {"vs30_slope": float(slope), "vs30_reference": 800.0, "vs30_largest": 1500.0}
    about = {"label": "Lanzano et al. (2019)", "distance": "epicentral", "note": note, **site}
    return table(predict, np.arange(3.0, 8.01, 0.1), np.array([10.0]), about)


def zhao():
    """Zhao et al. (2006) for PGA at VS30 450 m/s, crustal, interface or slab by depth: see :func:`table`. The
    semi-synthetic motions are drawn around these medians (:func:`gmtools.simulate.kanto.medians`)."""
    from gmtools.simulate.kanto import medians

    def predict(magnitude, depth_km, distance_km):
        """Median ln PGA, in g, of Zhao et al. (2006)."""
        return medians(magnitude, depth_km, distance_km)[0][:, 0]

    first, second = kanto.KIND_DEPTHS_KM
    depth = np.array([0, 15, first - _JUST_BELOW, first, second - _JUST_BELOW, second, 125, 200])
    note = f"VS30 450 m/s everywhere; {_made_for('ZhaoEtAl2006Asc')}"
    site = {"vs30_slope": None}
    about = {"label": "Zhao et al. (2006)", "distance": "hypocentral", "note": note, **site}
    return table(predict, np.arange(3.0, 8.01, 0.25), depth, about)


def _made_for(model):
    (low, high), (_, far) = gmms.MODELS[model].magnitude, gmms.MODELS[model].distance_km
    return f"made for M {low:g} to {high:g} within {far:g} km, and extrapolated beyond"


def table(predict, magnitude, depth_km, about):
    """Table of ``predict(magnitude, depth_km, distance_km)`` -> ln of the target in g, linear between its nodes, as
    arrays and what the page has to know (``about`` with the largest error in ln). GmtoolsError where it is farther
    than 1 % from the model."""
    nodes = (magnitude, depth_km, np.log(_DISTANCE_KM))
    mesh = np.meshgrid(*nodes, indexing="ij")
    random = np.random.default_rng(0)
    places = [random.uniform(axis[0], axis[-1], 4000) for axis in nodes]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OutOfRange)
        values = predict(mesh[0].ravel(), mesh[1].ravel(), np.exp(mesh[2].ravel())).reshape(mesh[0].shape)
        direct = predict(places[0], places[1], np.exp(places[2]))
    worst = float(np.abs(direct - lookup(nodes, values, *places)).max())
    if worst > TOLERANCE_LN:
        raise GmtoolsError(f"The table of {about['label']} errs by {worst:.3f} (ln); it needs more nodes.")
    arrays = {f"classical_{name}": axis.astype("float32") for name, axis in zip(AXES, nodes, strict=True)}
    return arrays | {"classical": values.astype("float32")}, {**about, "largest_error_ln": round(worst, 5)}


def lookup(nodes, values, *places):
    """Value of a table at places, linear between nodes, of an axis with one node whatever it is there; ends go on."""
    keep = [axis for axis in range(len(nodes)) if len(nodes[axis]) > 1]
    clipped = [np.clip(places[axis], nodes[axis][0], nodes[axis][-1]) for axis in keep]
    look = RegularGridInterpolator([nodes[axis] for axis in keep], values.squeeze())
    return look(np.stack(np.broadcast_arrays(*clipped), axis=-1))
