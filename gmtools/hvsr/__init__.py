"""From three-component ambient noise to H/V: windows, spectra, curve, peaks, SESAME's verdict, network inputs."""

from gmtools.hvsr.recording import COMPONENTS, Recording
from gmtools.hvsr.spectra import Settings, Spectra

__all__ = ["COMPONENTS", "Recording", "Settings", "Spectra"]
