"""The CNN-LSTM for VS30 in its second repair: what it reads is the logarithm of the energy in bands of frequency.

Ground acts on a record by a factor at each frequency. In the logarithm of energy a factor is a sum, which convolutions
and recurrent layers take apart easily; in the wave itself it is not, and a few thousand records do not teach it. So the
first convolution has set kernels, a bank of band-pass filters, and its outputs are squared, averaged and logarithmed.
:func:`front` does that once for each record; :func:`trunk` is what is trained.
"""

import keras
import numpy as np
from keras import ops

from gmtools.errors import GmtoolsError, GridError
from gmtools.models.cnn_lstm import CHANNELS, KINDS, MOMENTUM, OwnScale
from gmtools.models.lstm import LSTM

BANDS_HZ = np.geomspace(0.4, 20.0, 24)
KERNEL_S, STEP_S, FRAME_S = 2.56, 0.32, 2.56
"""Length of the filters, step between their outputs, and span over which energy is averaged: one frame."""

_FLOOR = 1e-8  # energy relative to that of the largest acceleration; noise lies above it


def band_pass_kernels(sampling_rate_hz: float, bands_hz=BANDS_HZ) -> np.ndarray:
    """Kernels of a bank of band-pass filters, cosines and sines under a Gaussian (Gabor, 1946).

    The Gaussian has a standard deviation of half a period, at most a fifth of the kernel.

    Parameters
    ----------
    sampling_rate_hz : float
    bands_hz : (n_bands,) array_like
        Center frequencies.

    Returns
    -------
    ndarray of float32, (n_samples, 1, 2 n_bands)
        First all cosines, then all sines, each without mean and with a sum of squares of 1.
    """
    count = round(KERNEL_S * sampling_rate_hz)
    time = ((np.arange(count) - (count - 1) / 2) / sampling_rate_hz)[:, None]
    window = np.exp(-0.5 * (time / np.minimum(0.525 / np.asarray(bands_hz), KERNEL_S / 5)) ** 2)
    phase = 2 * np.pi * np.asarray(bands_hz) * time
    kernels = np.concatenate([window * np.cos(phase), window * np.sin(phase)], axis=1)
    kernels -= kernels.mean(0)
    return (kernels / np.sqrt((kernels**2).sum(0)))[:, None].astype(np.float32)


@keras.saving.register_keras_serializable("gmtools")
class BandEnergies(keras.layers.Layer):
    """Scaled windows (batch, n_samples, channels >= 3) to frames (batch, n_frames, 2 n_bands).

    ln of the energy of the two horizontal components together, which does not depend on where north is, and of the
    vertical one. Nothing here is trained.

    Parameters
    ----------
    sampling_rate_hz : float
    """

    def __init__(self, sampling_rate_hz, **kwargs):
        super().__init__(trainable=False, **kwargs)
        self.sampling_rate_hz = sampling_rate_hz
        self.step = round(STEP_S * sampling_rate_hz)

    def call(self, inputs):
        """Filter, square, average, take the logarithm."""
        n_samples, per_frame = inputs.shape[1], round(FRAME_S / STEP_S)
        waves = ops.reshape(ops.transpose(inputs[..., :3], (0, 2, 1)), (-1, n_samples, 1))
        kernels = ops.convert_to_tensor(band_pass_kernels(self.sampling_rate_hz))
        energy = ops.square(ops.conv(waves, kernels, strides=self.step, padding="same"))
        energy = ops.average_pool(ops.add(*ops.split(energy, 2, axis=-1)), per_frame, per_frame, padding="valid")
        energy = ops.reshape(energy, (-1, 3, *energy.shape[1:]))
        both = ops.concatenate([energy[:, 0] + energy[:, 1], energy[:, 2]], axis=-1)
        return ops.log(both + _FLOOR)

    def compute_output_shape(self, input_shape):
        """(batch, n_frames, 2 n_bands)."""
        return (input_shape[0], frames(input_shape[1], self.sampling_rate_hz), 2 * len(BANDS_HZ))

    def get_config(self):
        """Arguments that build the layer again."""
        return {**super().get_config(), "sampling_rate_hz": self.sampling_rate_hz}


def frames(n_samples: int, sampling_rate_hz: float) -> int:
    """Frames of a window.

    Raises
    ------
    GridError
        It is shorter than a kernel.

    Examples
    --------
    >>> frames(3000, 50), frames(6000, 100), frames(750, 50)
    (23, 23, 5)
    """
    if n_samples < round(KERNEL_S * sampling_rate_hz):
        raise GridError(
            f"{n_samples} samples at {sampling_rate_hz:g} Hz are shorter than the filters of {KERNEL_S:g} s. Take "
            "longer windows."
        )
    return -(-n_samples // round(STEP_S * sampling_rate_hz)) // round(FRAME_S / STEP_S)


def front(n_samples: int, sampling_rate_hz: float):
    """Build the part that is set: windows as of :class:`gmtools.site.record_store.Stream` to frames.

    Parameters
    ----------
    n_samples : int
    sampling_rate_hz : float
        Filters are set in Hz and s, so that frames of one record at 50 and at 100 Hz differ by a constant.

    Returns
    -------
    keras.Model
        (batch, n_samples, 4) -> (batch, n_frames, 2 n_bands + 1); last comes the share of the frame between P and S.

    Raises
    ------
    GridError
        See :func:`frames`.
    """
    inputs = keras.Input((n_samples, CHANNELS))
    count, span = frames(n_samples, sampling_rate_hz), round(FRAME_S / STEP_S) * round(STEP_S * sampling_rate_hz)
    scaled, _ = OwnScale(name="scale")(inputs)
    energies = BandEnergies(sampling_rate_hz, name="band_energies")(scaled)
    mask = keras.layers.AveragePooling1D(span, padding="same", name="mask")(scaled[..., 3:])
    return keras.Model(inputs, keras.layers.Concatenate()([energies, mask[:, :count]]), name="front")


def trunk(n_frames: int, *, kind: str = "cnn_lstm", hidden: int = 32):
    """Build the part that is trained.

    Parameters
    ----------
    n_frames : int
    kind : {"cnn_lstm", "cnn", "lstm"}
        "cnn" averages the convolution over time; "lstm" takes the frames as they are.
    hidden : int
        Filters of the convolution over three frames, units of the LSTM and of the layer before the output.

    Returns
    -------
    keras.Model
        (batch, n_frames, 2 n_bands + 1) -> (batch, 1), standardized. All layers but "outputs" can be carried to
        another task.

    Raises
    ------
    GmtoolsError
        Another kind.

    Source: the order convolution, LSTM, linear output is that of the published network.
    """
    if kind not in KINDS:
        raise GmtoolsError(f"kind = {kind!r} is not a choice. Choose among {', '.join(KINDS)}.")
    inputs = keras.Input((n_frames, 2 * len(BANDS_HZ) + 1))
    energies = keras.layers.BatchNormalization(momentum=MOMENTUM, name="normalization_1")(inputs[..., :-1])
    values = keras.layers.Concatenate(name="with_mask")([energies, inputs[..., -1:]])
    if kind != "lstm":
        values = keras.layers.Conv1D(hidden, 3, padding="same", use_bias=False, name="convolution")(values)
        values = keras.layers.BatchNormalization(momentum=MOMENTUM, name="normalization_2")(values)
        values = keras.layers.ReLU()(values)
    if kind != "cnn":
        values = LSTM(hidden, name="lstm")(values)
    values = keras.layers.GlobalAveragePooling1D()(values)
    values = keras.layers.BatchNormalization(momentum=MOMENTUM, name="normalization_3")(values)
    values = keras.layers.Dense(hidden, "relu", name="hidden")(values)
    return keras.Model(inputs, keras.layers.Dense(1, name="outputs")(values), name=f"trunk_{kind}")
