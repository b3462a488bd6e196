"""H/V curves as Geopsy writes them (.hv)."""

import re
from pathlib import Path

import numpy as np

from gmtools.data.hv_curve import Curve
from gmtools.data.readers import reject_web_page
from gmtools.errors import FormatError

SOURCE = "the repository jpvantassel/hvsrpy (gallery/data), or Geopsy"


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

    Raises
    ------
    FormatError
        The file is no .hv file of Geopsy, or cut off.
    """
    path = Path(path)
    reject_web_page(path, SOURCE)
    text = path.read_text(encoding="latin-1")
    windows = re.search(r"^# Number of windows\s*=\s*(\d+)", text, re.MULTILINE)
    if not text.startswith("# GEOPSY output") or not windows:
        raise FormatError(f"{path} does not begin as Geopsy's .hv files do. Get it again from {SOURCE}.")
    try:
        frequency_hz, mean, low, high = np.loadtxt(text.splitlines(), ndmin=2).T
    except ValueError as error:
        raise FormatError(
            f"{path}: four columns of numbers are expected ({error}). Get it again from {SOURCE}."
        ) from error
    spread = re.search(r"^# f0 from windows\s+\S+\s+(\S+)\s+(\S+)", text, re.MULTILINE)
    return Curve(
        frequency_hz,
        mean,
        np.log(high / low) / 2,
        int(windows[1]),
        window_length_s,
        f0_sd_hz=(float(spread[2]) - float(spread[1])) / 2 if spread else None,
        name=path.stem,
    )
