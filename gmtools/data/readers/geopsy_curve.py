"""H/V curves as Geopsy writes them (.hv)."""

import re
from pathlib import Path

import numpy as np

from gmtools.data.hv_curve import Curve


def read(path: str | Path, window_length_s: float) -> Curve:
    """Read a curve; its columns Min and Max are the mean divided by and times exp(sigma_ln).

    Parameters
    ----------
    path : str or Path
    window_length_s : float
        The file does not say it, and SESAME's criteria need it, s.

    Returns
    -------
    Curve
        Without the single windows; ``f0_sd_hz`` is None where the file gives no "f0 from windows".
    """
    path = Path(path)
    text = path.read_text(encoding="latin-1")
    windows = int(re.search(r"# Number of windows = (\d+)", text)[1])
    frequency_hz, mean, low, high = np.loadtxt(text.splitlines()).T
    spread = re.search(r"# f0 from windows\s+\S+\s+(\S+)\s+(\S+)", text)
    return Curve(
        frequency_hz,
        mean,
        np.log(high / low) / 2,
        windows,
        window_length_s,
        f0_sd_hz=(float(spread[2]) - float(spread[1])) / 2 if spread else None,
        name=path.stem,
    )
