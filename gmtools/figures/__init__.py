"""One function for each kind of figure: each returns the axes and a sentence of alt text made from the data.

Each takes tables and arrays, draws on given axes or on its own, and writes "reconstructed" or "simulated" on the figure
where `kind` says so. Titles are passed in, because a title is the lesson's claim. `show` displays with the alt text.
"""

from gmtools.figures._data import coverage, truncation
from gmtools.figures._hvsr import hv_curve
from gmtools.figures._maps import Places, map_view
from gmtools.figures._network import learning_curves
from gmtools.figures._scaling import distance_scaling, spectra, vs30_scaling
from gmtools.figures._scores import score_dots
from gmtools.figures._style import COLORS, LABELS, LINESTYLES, MARKERS, panel, show, tag, use_style
from gmtools.figures._unet import unet_diagram

__all__ = [
    "COLORS",
    "LABELS",
    "LINESTYLES",
    "MARKERS",
    "Places",
    "coverage",
    "distance_scaling",
    "hv_curve",
    "learning_curves",
    "map_view",
    "panel",
    "score_dots",
    "show",
    "spectra",
    "tag",
    "truncation",
    "unet_diagram",
    "use_style",
    "vs30_scaling",
]
