"""One function for each kind of figure: each returns the axes and a sentence of alt text made from the data.

Each takes tables and arrays, draws on given axes or on its own, and writes "reconstructed" or "simulated" on the figure
where `kind` says so. Titles are passed in, because a title is the lesson's claim. `show` displays with the alt text.
"""

from gmtools.figures._data import coverage, input_distributions, truncation
from gmtools.figures._hvsr import azimuths, component_spectra, hv_curve, windows_in_time
from gmtools.figures._maps import Places, map_view
from gmtools.figures._network import learning_curves, network_diagram, published_match
from gmtools.figures._residuals import residuals_against
from gmtools.figures._scaling import distance_scaling, magnitude_scaling, spectra, vs30_scaling
from gmtools.figures._scores import bias_table_bars, score_dots, variance_components
from gmtools.figures._style import COLORS, LABELS, LINESTYLES, MARKERS, panel, show, tag, use_style
from gmtools.figures._unet import unet_diagram

__all__ = [
    "COLORS",
    "LABELS",
    "LINESTYLES",
    "MARKERS",
    "Places",
    "azimuths",
    "bias_table_bars",
    "component_spectra",
    "coverage",
    "distance_scaling",
    "hv_curve",
    "input_distributions",
    "learning_curves",
    "magnitude_scaling",
    "map_view",
    "network_diagram",
    "panel",
    "published_match",
    "residuals_against",
    "score_dots",
    "show",
    "spectra",
    "tag",
    "truncation",
    "unet_diagram",
    "use_style",
    "variance_components",
    "vs30_scaling",
    "windows_in_time",
]
