"""H/V curves as Geopsy writes them (.hv)."""

import re
from pathlib import Path

import numpy as np

from gmtools.data.hv_curve import Curve
from gmtools.data.readers import header_number, reject_web_page
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
        The file is no .hv file of Geopsy, cut off, or holds what no curve can.
    """
    path = Path(path)
    reject_web_page(path, SOURCE)
    text = path.read_text(encoding="latin-1")
    header = dict(re.findall(r"^#\s*(Number of windows)\s*=[ \t]*([^\n]*)", text, re.MULTILINE))
    if not text.startswith("# GEOPSY output") or not header:
        raise FormatError(f"{path} does not begin as Geopsy's .hv files do. Get it again from {SOURCE}.")
    windows = header_number(path.name, header, "Number of windows", 1, 1e6, int)
    try:
        frequency_hz, mean, low, high = table = np.loadtxt(text.splitlines(), ndmin=2).T
    except ValueError as error:
        raise FormatError(
            f"{path}: four columns of numbers are expected ({error}). Get it again from {SOURCE}."
        ) from error
    wrong = (np.diff(frequency_hz) <= 0).any() or not np.isfinite(table).all() or (table <= 0).any()
    if wrong or (low > mean * 1.001).any() or (mean > high * 1.001).any():
        raise FormatError(
            f"{path}: frequencies must ascend, and min, mean and max be positive and in this order. Get it again from "
            f"{SOURCE}."
        )
    spread = re.search(r"^# f0 from windows[ \t]*([^\n]*)", text, re.MULTILINE)
    edges = dict(zip(("f0", "its lower end", "its upper end"), spread[1].split(), strict=False)) if spread else {}
    sides = [header_number(path.name, edges, end, 0, 1e3) for end in ("its lower end", "its upper end") if spread]
    return Curve(
        frequency_hz,
        mean,
        np.log(high / low) / 2,
        windows,
        window_length_s,
        f0_sd_hz=(sides[1] - sides[0]) / 2 if spread else None,
        name=path.stem,
    )
