"""What the networks see of a peak: 90 numbers, or a picture of three lines."""

import numpy as np

from gmtools.errors import GmtoolsError
from gmtools.hvsr.windows import Spectra

SAMPLES = 30
"""Values for each component (Di Donato & Castellaro 2024: the smallest number without loss)."""
PICTURE_SIZE = 227
AMPLITUDE_RANGE = (0.5, 32.0)
"""Lower and upper edge of a picture: spectral amplitude over the vertical one's minimum, on a logarithmic axis."""
LINE_WIDTH = 3.0
LINE_COLORS = np.array([[0, 114, 178], [213, 94, 0], [0, 158, 115]]) / 255
"""Of ns, ew and vt (Okabe & Ito's blue, vermilion and bluish green)."""


def peak_spectra(spectra: Spectra, f0_hz: float, samples: int = SAMPLES) -> np.ndarray:
    """Mean spectra around a peak, (3, samples): ns, ew, vt at log-spaced frequencies from f0/2 to 2 f0, over the
    vertical one's minimum there. GmtoolsError where that window leaves the spectra."""
    frequency_hz, low, high = spectra.frequency_hz, f0_hz / 2, 2 * f0_hz
    if not frequency_hz[0] * (1 - 1e-9) <= low < high <= frequency_hz[-1] * (1 + 1e-9):
        raise GmtoolsError(
            f"{spectra.name}: the window {low:.3g} to {high:.3g} Hz of a peak at {f0_hz:.3g} Hz leaves the spectra, "
            f"which cover {frequency_hz[0]:.3g} to {frequency_hz[-1]:.3g} Hz. Give wider Settings(frequencies_hz=...)."
        )
    # Linear in ln f and ln amplitude; a fine grid beside the samples finds the minimum between them.
    grid = np.log(np.concatenate([np.geomspace(low, high, samples), np.geomspace(low, high, PICTURE_SIZE)]))
    logarithm = np.array([np.interp(grid, np.log(frequency_hz), row) for row in np.log(spectra.mean())])
    return np.exp(logarithm[:, :samples] - logarithm[2].min())


def features(spectra: Spectra, f0_hz: float) -> np.ndarray:
    """Inputs of the study's perceptron, (90,): 30 values of ns, then of ew, then of vt; see :func:`peak_spectra`."""
    return peak_spectra(spectra, f0_hz).ravel()


def draw(lines: np.ndarray) -> np.ndarray:
    """Input of the convolutional network: three positive lines (3, 227) as a picture (227, 227, 3), uint8, RGB. Both
    axes are logarithmic and fixed, f0/2 to 2 f0 and :data:`AMPLITUDE_RANGE`, beyond which a line runs along the edge.
    Colors multiply where lines cross, so that none hides another."""
    low, high = np.log(AMPLITUDE_RANGE)
    margin = LINE_WIDTH / 2
    height = (np.log(lines) - low) / (high - low)
    center = margin + (1 - np.clip(height, 0, 1)) * (PICTURE_SIZE - 2 * margin)
    # Within a column of pixels a line covers what lies between its neighbors' halfway points.
    halfway = (center[:, 1:] + center[:, :-1]) / 2
    left = np.concatenate([center[:, :1], halfway], axis=1)
    right = np.concatenate([halfway, center[:, -1:]], axis=1)
    top = np.minimum(np.minimum(left, right), center) - margin
    bottom = np.maximum(np.maximum(left, right), center) + margin
    row = np.arange(PICTURE_SIZE)[:, None, None]
    covered = np.clip(np.minimum(bottom.T, row + 1) - np.maximum(top.T, row), 0, 1)
    ink = np.ones((PICTURE_SIZE, PICTURE_SIZE, 3))
    for line, color in enumerate(LINE_COLORS):
        ink *= 1 - covered[..., line, None] * (1 - color)
    return np.round(255 * ink).astype(np.uint8)


def shrunk(pictures: np.ndarray, side: int) -> np.ndarray:
    """Shrink pictures (n, 227, 227, 3) to (n, side, side, 3), uint8: bilinear, averaged where they shrink."""
    if side == pictures.shape[1]:
        return pictures
    from keras import ops  # here, so that the package imports no tensor library

    blocks = np.array_split(pictures, max(len(pictures) // 256, 1))
    smaller = [ops.image.resize(block.astype("float32"), (side, side), antialias=True) for block in blocks]
    return np.concatenate([np.rint(ops.convert_to_numpy(block)).clip(0, 255).astype("uint8") for block in smaller])
