"""Classical ground-motion models: OpenQuake's hazard library behind one function and one table of models.

Each model is called directly, ``gsim.compute(context, imts, mean, sig, tau, phi)``: thousands of scenarios in
milliseconds. What a model needs and a scenario does not say is filled in by :func:`context`, with its source.
"""

import warnings
from dataclasses import dataclass
from functools import cache
from importlib import import_module

import numpy as np
import pandas as pd

from gmtools import columns
from gmtools.errors import ColumnMissing, GmtoolsError, OutOfRange, warn_outside

_NGA_WEST2 = "Gregor et al. (2014), table of the limits recommended by the developers"


@dataclass(frozen=True)
class Model:
    """What is known of a ground-motion model before it is called: ``gsim``, OpenQuake's class as "module.Class"; the
    column ``distance`` that ``distance_km`` limits; ``period_s`` of PSA, and whether there is ``pga``; a limit None is
    open; ``source`` says where the limits are written."""

    label: str
    gsim: str
    distance: str
    magnitude: tuple
    distance_km: tuple
    vs30_m_s: tuple
    period_s: tuple
    source: str
    pga: bool = True


# fmt: off
MODELS = {
    "ASK14": Model("Abrahamson et al. (2014)", "abrahamson_2014.AbrahamsonEtAl2014", columns.RRUP,
                   (3, 8.5), (0, 300), (180, 1000), (0.01, 10), _NGA_WEST2),
    "BSSA14": Model("Boore et al. (2014)", "boore_2014.BooreEtAl2014", columns.RJB,
                    (3, 8.5), (0, 400), (150, 1500), (0.01, 10), _NGA_WEST2),
    "CB14": Model("Campbell & Bozorgnia (2014)", "campbell_bozorgnia_2014.CampbellBozorgnia2014", columns.RRUP,
                  (3.3, 8.5), (0, 300), (150, 1500), (0.01, 10), _NGA_WEST2),
    "CY14": Model("Chiou & Youngs (2014)", "chiou_youngs_2014.ChiouYoungs2014", columns.RRUP,
                  (3.5, 8.5), (0, 300), (180, 1500), (0.01, 10), _NGA_WEST2),
    "I14": Model("Idriss (2014)", "idriss_2014.Idriss2014", columns.RRUP,
                 (5, None), (0, 150), (450, None), (0.01, 10), _NGA_WEST2),  # rock only
    "ZafaraniEtAl2018": Model("Zafarani et al. (2018)", "zafarani_2018.ZafaraniEtAl2018", columns.RJB, (4, 7.3),
                              (0, 200), (None, None), (0.04, 4), "range of the data of Zafarani et al. (2018)"),
    "KaleEtAl2015Iran": Model("Kale et al. (2015), Iran", "kale_2015.KaleEtAl2015Iran", columns.RJB,
                              (4, 8), (0, 200), (None, None), (0.01, 4), "limits given by Kale et al. (2015)"),
    "GhasemiEtAl2009": Model("Ghasemi et al. (2009)", "ghasemi_2009.GhasemiEtAl2009", columns.RRUP, (5, 7.4), (0, 100),
                             (None, None), (0.05, 3), "range of the data of Ghasemi et al. (2009)", pga=False),
    "AkkarBommer2010": Model("Akkar & Bommer (2010)", "akkar_bommer_2010.AkkarBommer2010", columns.RJB,
                             (5, 7.6), (0, 100), (None, None), (0.05, 3), "limits given by Akkar & Bommer (2010)"),
    "BindiEtAl2011": Model("Bindi et al. (2011)", "bindi_2011.BindiEtAl2011", columns.RJB,
                           (4, 6.9), (0, 200), (None, None), (0.04, 2), "limits given by Bindi et al. (2011)"),
    "LanzanoEtAl2019": Model("Lanzano et al. (2019)", "lanzano_2019.LanzanoEtAl2019_RJB_OMO", columns.RJB,
                             (4, 8), (0, 200), (None, None), (0.01, 10), "limits given by Lanzano et al. (2019)"),
    "KothaEtAl2020": Model("Kotha et al. (2020)", "kotha_2020.KothaEtAl2020Site", columns.RJB,
                           (3, 7.4), (0, 545), (90, 3000), (0.01, 8), "range of the data of Kotha et al. (2020)"),
    **{
        f"ZhaoEtAl2006{kind}": Model(f"Zhao et al. (2006), {where}", f"zhao_2006.ZhaoEtAl2006{kind}", columns.RRUP,
                                     (5, 8.3), (0, 300), (None, None), (0.05, 5),
                                     "range of the data of Zhao et al. (2006)")
        for kind, where in (("Asc", "shallow crust"), ("SInter", "plate interface"), ("SSlab", "in the slab"))
    },
}
# fmt: on


@dataclass(frozen=True)
class Prediction:
    """Medians and standard deviations, each (n_scenarios, n_periods): mean of ln(PSA in g), total ``sigma``, ``tau``
    (between events) and ``phi`` (within an event), which are NaN where the model gives only the total. Ordinates that
    the model does not have are NaN in all four."""

    model: str
    periods: tuple
    mean: np.ndarray
    sigma: np.ndarray
    tau: np.ndarray
    phi: np.ndarray


def scenarios(magnitude, rjb_km, vs30_m_s):
    """Table of magnitude, ``rjb_km`` and ``vs30_m_s`` from values that broadcast against each other, one row each in C
    order.

    >>> scenarios([5, 6], 30, 400)["magnitude"].tolist()
    [5.0, 6.0]
    """
    arrays = np.broadcast_arrays(*(np.asarray(values, float) for values in (magnitude, rjb_km, vs30_m_s)))
    names = (columns.MAGNITUDE, columns.RJB, columns.VS30)
    return pd.DataFrame({name: values.ravel() for name, values in zip(names, arrays, strict=True)})


def predict(model, frame, periods=columns.PERIODS):
    """Evaluate a ground-motion model, a key of :data:`MODELS`, on a table with the columns that :func:`context` reads.

    Between two periods (s; 0 is PGA) of the model's own table OpenQuake interpolates the coefficients linearly in the
    logarithm of period. A period outside the model's own range, or PGA where the authors give none (Ghasemi et al.
    2009: OpenQuake would answer with its coefficients of 0.05 s), is not extrapolated: NaN, with a warning. A scenario
    without magnitude, VS30 or any distance is NaN too. Warns (OutOfRange) once for each quantity that leaves the
    model's declared range. GmtoolsError for an unknown model, ColumnMissing for a missing column.
    """
    info = _info(model)
    fields = context(frame)
    low, high = info.period_s
    has = np.array([info.pga if period == 0 else low <= period <= high for period in periods], bool)
    _warn(model, info, frame, [period for period, given in zip(periods, has, strict=True) if not given])
    arrays = np.full((4, len(periods), len(fields)), np.nan)
    if has.any() and len(fields):
        arrays[:, has] = _compute(info.gsim, fields, np.asarray(periods, float)[has])
    # Models with site classes would put a missing VS30 into no class and answer all the same.
    arrays[..., np.isnan(fields.mag + fields.vs30 + fields.rjb + fields.rrup)] = np.nan
    return Prediction(model, tuple(periods), *(np.ascontiguousarray(array.T) for array in arrays))


def context(frame):
    """Rupture, distance and site parameters (n,) of each row, as OpenQuake's models want them; km, degrees, m/s.

    Taken from the table where it has them: ``magnitude``, ``vs30_m_s``, ``rjb_km``, ``rrup_km``, ``rake_deg``,
    ``hypocentral_depth_km``; ColumnMissing without the first two or any distance. Filled in where a value is missing:

    ========== ====================================================================================================
    rake, dip  0 and 90 degrees: a vertical strike-slip fault, so that no hanging-wall term acts
    ztor       Chiou & Youngs (2014), eqs. 4 and 5, from magnitude and style of faulting; not below the hypocenter
    width      Wells & Coppersmith (1994), strike-slip: log10 W = -0.76 + 0.27 M
    hypo_depth Campbell & Bozorgnia (2014), eqs. 35 to 37, for that fault
    rrup       sqrt(rjb^2 + ztor^2), exact for a vertical fault
    rjb        sqrt(rrup^2 - ztor^2), 0 where rrup < ztor: the same relation, backwards
    rx, ry0    -rjb and 0: the site is abreast of the fault, on the foot-wall side
    z1pt0,     -999: each model's own relation to VS30 (Abrahamson et al. 2014, eq. 18; Chiou & Youngs 2014, eq. 1;
    z2pt5      Campbell & Bozorgnia 2014, eq. 33); vs30measured is false
    ========== ====================================================================================================
    """
    _require(frame)
    mag, vs30 = _column(frame, columns.MAGNITUDE), _column(frame, columns.VS30)
    rake = _filled(_column(frame, columns.RAKE), 0.0)
    width = 10 ** (-0.76 + 0.27 * mag)
    ztor = _depth_to_top(mag, rake)
    hypo_depth = _filled(_column(frame, columns.HYPOCENTRAL_DEPTH), ztor + _below_top(mag, width))
    ztor = np.minimum(ztor, hypo_depth)
    given_rjb, given_rrup = _column(frame, columns.RJB), _column(frame, columns.RRUP)
    rjb = _filled(given_rjb, np.sqrt(np.maximum(given_rrup**2 - ztor**2, 0)))
    rrup = _filled(given_rrup, np.sqrt(given_rjb**2 + ztor**2))
    values = {
        "mag": mag, "rake": rake, "dip": 90.0, "ztor": ztor, "width": width, "hypo_depth": hypo_depth,
        "rjb": rjb, "rrup": rrup, "rx": -rjb, "ry0": 0.0,
        "vs30": vs30, "vs30measured": False, "z1pt0": -999.0, "z2pt5": -999.0,
    }  # fmt: skip
    dtype = [(name, bool if name == "vs30measured" else float) for name in values]
    fields = np.zeros(len(frame), dtype).view(np.recarray)
    for name, value in values.items():
        fields[name] = value
    return fields


def _depth_to_top(mag, rake):
    """Mean depth to the top of rupture (km), Chiou & Youngs (2014) eqs. 4 (reverse) and 5 (others)."""
    reverse = np.maximum(2.704 - 1.226 * np.maximum(mag - 5.849, 0), 0) ** 2
    other = np.maximum(2.673 - 1.136 * np.maximum(mag - 4.970, 0), 0) ** 2
    return np.where((rake >= 30) & (rake <= 150), reverse, other)


def _below_top(mag, width):
    """Depth of the hypocenter below the top of a vertical rupture (km), Campbell & Bozorgnia (2014) eqs. 35 to 37."""
    return np.exp(np.minimum(np.where(mag < 6.75, -4.317 + 0.984 * mag, 2.325), np.log(0.9 * width)))


def _compute(gsim_name, fields, periods):
    """Array (4, n_periods, n): mean, sigma, tau, phi of an OpenQuake model."""
    from openquake.hazardlib.const import StdDev
    from openquake.hazardlib.imt import PGA, SA

    gsim = _gsim(gsim_name)
    imts = [PGA() if period == 0 else SA(period) for period in periods]
    arrays = np.zeros((4, len(imts), len(fields)))
    gsim.compute(fields, imts, *arrays)
    # OpenQuake leaves zeros where a model has only a total standard deviation.
    for index, kind in ((2, StdDev.INTER_EVENT), (3, StdDev.INTRA_EVENT)):
        if kind not in gsim.DEFINED_FOR_STANDARD_DEVIATION_TYPES:
            arrays[index] = np.nan
    return arrays


@cache
def _gsim(name):
    module, class_name = name.split(".")
    return getattr(import_module(f"openquake.hazardlib.gsim.{module}"), class_name)()


def _info(model):
    if model not in MODELS:
        raise GmtoolsError(f"No ground-motion model is called {model!r}. Use one of {', '.join(MODELS)}.")
    return MODELS[model]


def _warn(model, info, frame, periods_without):
    # A distance that was derived from the other one must not trip a limit that the given one keeps.
    distance = info.distance if info.distance in frame else ({columns.RJB, columns.RRUP} - {info.distance}).pop()
    limits = {columns.MAGNITUDE: info.magnitude, distance: info.distance_km, columns.VS30: info.vs30_m_s}
    for name, (low, high) in limits.items():
        warn_outside(model, name, _column(frame, name), low, high, info.source, stacklevel=4)
    if periods_without:
        ordinates = ", ".join(columns.period_label(period) for period in periods_without)
        given = f"{'PGA and ' if info.pga else ''}PSA from {info.period_s[0]:g} to {info.period_s[1]:g} s"
        message = f"{model}: {ordinates} left as NaN, the model has {given} ({info.label})."
        warnings.warn(message, OutOfRange, stacklevel=3)


def _require(frame):
    missing = [name for name in (columns.MAGNITUDE, columns.VS30) if name not in frame]
    if columns.RJB not in frame and columns.RRUP not in frame:
        missing.append(f"{columns.RJB} or {columns.RRUP}")
    if missing:
        have = ", ".join(map(str, frame.columns))
        raise ColumnMissing(f"A ground-motion model needs {', '.join(missing)}; the table has {have}. Add the column.")


def _column(frame, name):
    return frame[name].to_numpy(float, na_value=np.nan) if name in frame else np.full(len(frame), np.nan)


def _filled(values, default):
    return np.where(np.isnan(values), default, values)
