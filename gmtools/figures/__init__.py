"""One function for each kind of figure that several lessons draw: axes, and a sentence of alt text made from the data.

Each writes "reconstructed" or "simulated" on the figure where ``kind`` says so. A title is passed in, because it is the
lesson's claim. ``show`` displays with the alt text.
"""

from gmtools.figures._data import coverage, score_dots
from gmtools.figures._style import COLORS, panel, show, shows, tag, use_style
from gmtools.figures._unet import unet_diagram

__all__ = ["COLORS", "coverage", "panel", "score_dots", "show", "shows", "tag", "unet_diagram", "use_style"]
