"""A network of dense layers as a ground-motion model of OpenQuake. Exported as it stands: NumPy and OpenQuake only."""

import warnings

import numpy as np
from openquake.hazardlib import const
from openquake.hazardlib.gsim.base import GMPE
from openquake.hazardlib.imt import PGA, SA

try:
    from gmtools.errors import OutOfRange
except ImportError:  # an exported file, where there is no gmtools
    OutOfRange = UserWarning

PARAMETERS = {"magnitude": "mag", "rake_deg": "rake", "hypocentral_depth_km": "hypo_depth", "vs30_m_s": "vs30",
              "rjb_km": "rjb", "rrup_km": "rrup", "repi_km": "repi", "rhyp_km": "rhypo"}  # fmt: skip
TRANSFORMS = {"": np.asarray, "log1p": np.log1p, "log": np.log}
ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0, out=x),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}
ROWS = 512  # at a time: what the layers hand on stays in the processor's cache


def medians(net, ctx, outputs):
    """ln of the medians (g) of some outputs, numbers in rising order, for each row of a context: (outputs, rows)."""
    turned = [TRANSFORMS[entry["transform"]](ctx[PARAMETERS[entry["name"]]]) for entry in net["inputs"]]
    x = np.stack([(row - entry["mean"]) / entry["sd"] for entry, row in zip(net["inputs"], turned, strict=True)], 1)
    found, first = np.empty((len(outputs), len(x))), 0
    for layers in net["branches"]:  # networks side by side, each with the outputs that follow those of the last one
        width = len(layers[-1][1])
        mine = [(row, output - first) for row, output in enumerate(outputs) if first <= output < first + width]
        for start in range(0, len(x) if mine else 0, ROWS):
            values = x[start : start + ROWS].astype("f4")
            for kernel, bias, activation in layers:
                values = values @ kernel
                values += bias
                values = ACTIVATIONS[activation](values)
            for row, column in mine:
                found[row, start : start + ROWS] = values[:, column]
        first += width
    return found


def mixture(net, imt):
    """Outputs and their weights that make an intensity measure: itself, or two, linear in ln of the period."""
    periods = [entry["period"] for entry in net["outputs"]]
    wanted = imt.period  # 0 for PGA
    if wanted in periods:
        return {periods.index(wanted): 1.0}
    below, above = [p for p in periods if 0 < p < wanted], [p for p in periods if p > wanted > 0]
    if not below or not above:
        have = ", ".join(f"SA({period:g})" if period else "PGA" for period in periods)
        raise KeyError(f"{net['name']} has no {imt.string}. It has {have}: ask for these, or between two SA.")
    share = np.log(wanted / max(below)) / np.log(min(above) / max(below))
    return {periods.index(max(below)): 1 - share, periods.index(min(above)): share}


def warn(net, ctx, output, warned):
    """One warning for each input and range of an output that a context leaves; ``warned`` remembers them."""
    for name, limits in net["ranges"].get(output["name"], {}).items():
        values = ctx[PARAMETERS[name]]
        low, high = (side if limit is None else limit for side, limit in zip((-np.inf, np.inf), limits, strict=True))
        if (name, low, high) not in warned and len(values) and (values.min() < low or values.max() > high):
            warned.add((name, low, high))
            asked = f"{name} {values.min():g} to {values.max():g} leaves {low:g} to {high:g}"
            text = f"{net['name']}: {asked}, the training data of {output['name']}; read this as extrapolation."
            warnings.warn(text, OutOfRange, stacklevel=3)


class NetworkModel(GMPE):
    """Median of a network of dense layers; the scatter of its logarithm is normal and depends on the period alone."""

    DEFINED_FOR_TECTONIC_REGION_TYPE = const.TRT.ACTIVE_SHALLOW_CRUST
    DEFINED_FOR_INTENSITY_MEASURE_TYPES = frozenset({PGA, SA})
    DEFINED_FOR_INTENSITY_MEASURE_COMPONENT = const.IMC.RotD50
    DEFINED_FOR_STANDARD_DEVIATION_TYPES = frozenset({const.StdDev.TOTAL})
    REQUIRES_SITES_PARAMETERS = frozenset()
    REQUIRES_RUPTURE_PARAMETERS = frozenset()
    REQUIRES_DISTANCES = frozenset()

    def __init__(self, net):
        halves = [[(np.array(k, net["dtype"]), np.array(b, net["dtype"]), a) for k, b, a in n] for n in net["branches"]]
        self.net = net | {"branches": [[(k.astype("f4"), b.astype("f4"), a) for k, b, a in n] for n in halves]}
        self.warned = set()
        needed = {PARAMETERS[entry["name"]] for entry in net["inputs"]}
        self.REQUIRES_SITES_PARAMETERS = frozenset(needed & {"vs30"})
        self.REQUIRES_RUPTURE_PARAMETERS = frozenset(needed & {"mag", "rake", "hypo_depth"})
        self.REQUIRES_DISTANCES = frozenset(needed & {"rjb", "rrup", "repi", "rhypo"})
        if all("tau" in entry for entry in net["outputs"]):
            split = {const.StdDev.INTER_EVENT, const.StdDev.INTRA_EVENT}
            self.DEFINED_FOR_STANDARD_DEVIATION_TYPES = frozenset(split | {const.StdDev.TOTAL})

    def compute(self, ctx: np.recarray, imts, mean, sig, tau, phi):
        """Fill mean and standard deviations, each (imts, rows), in units of ln g."""
        mixtures = [mixture(self.net, imt) for imt in imts]
        wanted = sorted(set().union(*mixtures))
        for output in wanted:
            warn(self.net, ctx, self.net["outputs"][output], self.warned)
        found = dict(zip(wanted, medians(self.net, ctx, wanted), strict=True))
        for m, parts in enumerate(mixtures):
            mean[m] = sum(weight * found[output] for output, weight in parts.items())
            for array, key in ((sig, "sigma"), (tau, "tau"), (phi, "phi")):
                array[m] = sum(weight * self.net["outputs"][n].get(key, 0.0) for n, weight in parts.items())
