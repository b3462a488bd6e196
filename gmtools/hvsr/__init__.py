"""From three-component ambient noise to H/V: windows, spectra, curve, peaks, SESAME's verdict, network inputs."""

from gmtools.data.recording import COMPONENTS, Recording
from gmtools.hvsr.criteria import passes, sesame
from gmtools.hvsr.inputs import PICTURE_SIZE, SAMPLES, draw, features, peak_spectra, shrunk
from gmtools.hvsr.ratio import Curve, curve, peaks
from gmtools.hvsr.windows import Settings, Spectra, default_frequencies, smoothing_matrix, spectra

__all__ = ["COMPONENTS", "PICTURE_SIZE", "SAMPLES", "Curve", "Recording", "Settings", "Spectra", "curve"]
__all__ += ["default_frequencies", "draw", "features", "passes", "peak_spectra", "peaks", "sesame", "shrunk"]
__all__ += ["smoothing_matrix", "spectra"]
