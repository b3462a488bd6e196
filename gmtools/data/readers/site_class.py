"""H/V curves of strong-motion stations with site classes: pictures (Ji et al. 2023) and curves (Ji et al. 2021).

MATLAB files of plain arrays.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.io import loadmat

from gmtools import columns
from gmtools.data.readers import file_ending

NEHRP = np.array(["E", "D", "C", "A+B"])
"""Classes of the pictures' codes 1 to 4, as the authors' training script lists them."""
SIDE = 64
# fmt: off
PERIODS_S = np.array([
    0.02, 0.022, 0.025, 0.029, 0.03, 0.032, 0.035, 0.036, 0.04, 0.042, 0.044, 0.045, 0.046, 0.048, 0.05, 0.055,
    0.06, 0.065, 0.067, 0.07, 0.075, 0.08, 0.085, 0.09, 0.095, 0.1, 0.11, 0.12, 0.13, 0.133, 0.14, 0.15, 0.16,
    0.17, 0.18, 0.19, 0.2, 0.22, 0.24, 0.25, 0.26, 0.28, 0.29, 0.3, 0.32, 0.34, 0.35, 0.36, 0.38, 0.4, 0.42,
    0.44, 0.45, 0.46, 0.48, 0.5, 0.55, 0.6, 0.65, 0.667, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1, 1.1, 1.2, 1.3, 1.4,
    1.5, 1.6, 1.7, 1.8, 1.9, 2, 2.2, 2.4, 2.5, 2.6, 2.8, 3, 3.2, 3.4, 3.5, 3.6, 3.8, 4, 4.2, 4.4, 4.6, 4.8, 5,
])
# fmt: on
"""Periods of the KiK-net curves, s: the authors' script gives them, the file does not."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures (n, 64, 64) of H/V curves, upright, 0 the black ground and 1 a line, and the sites' NEHRP classes "E",
    "D", "C" or "A+B". The axes are not published. Rows 6 to 8 hold a bar from the left edge: the slope of the ground,
    which the authors draw beside the curve (Ji et al. 2023)."""

    picture: np.ndarray
    site_class: np.ndarray


@dataclass(frozen=True, eq=False)
class SiteClassData:
    """What the manifest ``hvsr_site_class`` holds: pictures of 1,649 Japanese and 217 European sites, and a table of
    539 KiK-net stations, ``site_class`` ("I", "II", "III" of the Chinese code) and H/V at one column a period (s)."""

    japan: Pictures
    europe: Pictures
    kiknet: pd.DataFrame


def read(paths: Mapping[str, Path]) -> SiteClassData:
    """Read the three files."""
    return SiteClassData(
        _pictures(file_ending(paths, "Trainingdata-Japan-1649sites-Zhu2021.mat")),
        _pictures(file_ending(paths, "Testdata-EU-217sites.mat")),
        _curves(file_ending(paths, "HVresult-KiKnet.mat")),
    )


def _pictures(path: Path) -> Pictures:
    content = loadmat(path)
    # MATLAB stores column by column.
    upright = content["HVSR_Curve_images"].reshape(-1, SIDE, SIDE).transpose(0, 2, 1)
    codes = content["NEHRP_site_class"].ravel().astype(int)
    return Pictures(np.ascontiguousarray(upright, dtype="float32"), NEHRP[codes - 1])


def _curves(path: Path) -> pd.DataFrame:
    content, classes = loadmat(path), ("I", "II", "III")
    parts = [content[f"{name}HV_raw"] for name in classes]
    frame = pd.DataFrame(np.concatenate(parts), columns=PERIODS_S)
    frame.insert(0, columns.SITE_CLASS, np.repeat(classes, [len(part) for part in parts]))
    return frame
