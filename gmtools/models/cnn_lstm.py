"""The CNN-LSTM of Yilmaz, Akagunduz and Tileylioglu (2026) for VS30: as its two released state dicts have it, repaired.

Both networks take windows as :class:`gmtools.site.record_store.Stream` makes them, (batch, n_samples, 4): three
components
of acceleration in cm/s² and the mask between P and S. The published one gives VS30 in m/s, the repaired one ln VS30 as
:class:`gmtools.models.record_batches.Target` standardizes it.
"""

from collections.abc import Mapping

import keras
import numpy as np
from keras import ops

from gmtools.errors import FormatError, GmtoolsError, GridError
from gmtools.models.lstm import LSTM

N_SAMPLES, WINDOW, CHANNELS = 6000, 500, 4
CONVOLUTIONS = ((16, 2), (32, 2), (16, 4), (4, 3))
"""Filters and stride of the published convolutions; a pooling follows each but the last."""

KINDS = ("cnn_lstm", "cnn", "lstm")
FRAME = 50
"""Samples that the LSTM without convolutions takes in one step."""

MOMENTUM = 0.9
"""Of batch normalization's running mean and variance: Keras' 0.99 lags behind in trainings of a few hundred steps."""

_RELEASED = {
    "cnn.conv.weight": "convolution_1/kernel",
    "cnn.conv.bias": "convolution_1/bias",
    "cnn.conv2.weight": "convolution_2/kernel",
    "cnn.conv2.bias": "convolution_2/bias",
    "cnn.conv3.weight": "convolution_3/kernel",
    "cnn.conv3.bias": "convolution_3/bias",
    "cnn.conv4.weight": "convolution_4/kernel",
    "cnn.conv4.bias": "convolution_4/bias",
    "lstm.lstm.weight_ih_l0": "lstm_1/input_kernel",
    "lstm.lstm.weight_hh_l0": "lstm_1/recurrent_kernel",
    "lstm.lstm.bias_ih_l0": "lstm_1/input_bias",
    "lstm.lstm.bias_hh_l0": "lstm_1/recurrent_bias",
    "lstm.lstm.weight_ih_l1": "lstm_2/input_kernel",
    "lstm.lstm.weight_hh_l1": "lstm_2/recurrent_kernel",
    "lstm.lstm.bias_ih_l1": "lstm_2/input_bias",
    "lstm.lstm.bias_hh_l1": "lstm_2/recurrent_bias",
    "lstm.fc.weight": "outputs/kernel",
    "lstm.fc.bias": "outputs/bias",
}


def steps_per_window(window=WINDOW):
    """Steps that the published convolutions make of a window of samples.

    Raises
    ------
    GridError
        Nothing is left of the window.

    Examples
    --------
    >>> steps_per_window(500), steps_per_window(1000), steps_per_window(2000)
    (10, 20, 41)
    """
    steps = window
    for number, (_, stride) in enumerate(CONVOLUTIONS, 1):
        steps = (steps - 1) // stride + 1  # 3 samples, 1 of padding at each end
        steps -= 2 if number < len(CONVOLUTIONS) else 0
        if steps < 1:
            raise GridError(
                f"A window of {window} samples is too short for the network. Take one of 500, 1000 or 2000."
            )
    return steps


@keras.saving.register_keras_serializable("gmtools")
class ColumnConvolution(keras.layers.Layer):
    """A 3x3 convolution with one pixel of padding on a picture of width 1, (batch, n, channels), as in PyTorch.

    The side columns of the kernel (3, 3, channels, filters) only ever meet the padding. They are kept, because the
    released files have them, and left out of the computation, which they cannot change.

    Parameters
    ----------
    filters, stride : int
    """

    def __init__(self, filters, stride, **kwargs):
        super().__init__(**kwargs)
        self.filters, self.stride = filters, stride

    def build(self, input_shape):
        """Create kernel (Glorot-uniform) and bias (zero)."""
        self.kernel = self.add_weight(
            shape=(3, 3, input_shape[-1], self.filters), initializer="glorot_uniform", name="kernel"
        )
        self.bias = self.add_weight(shape=(self.filters,), initializer="zeros", name="bias")

    def call(self, inputs):
        """Convolve with the middle column."""
        padded = ops.pad(inputs, ((0, 0), (1, 1), (0, 0)))
        return ops.conv(padded, self.kernel[:, 1], strides=self.stride, padding="valid") + self.bias

    def compute_output_shape(self, input_shape):
        """(batch, ceil(n / stride), filters)."""
        return (input_shape[0], (input_shape[1] - 1) // self.stride + 1, self.filters)

    def get_config(self):
        """Arguments that build the layer again."""
        return {**super().get_config(), "filters": self.filters, "stride": self.stride}


@keras.saving.register_keras_serializable("gmtools")
class Regroup(keras.layers.Layer):
    """Cut sequences (batch, n, channels) into parts, or join parts: (batch n / length, length, channels).

    Parameters
    ----------
    length : int
    """

    def __init__(self, length, **kwargs):
        super().__init__(**kwargs)
        self.length = length

    def call(self, inputs):
        """Reshape; the order stays."""
        return ops.reshape(inputs, (-1, self.length, inputs.shape[-1]))

    def compute_output_shape(self, input_shape):
        """(None, length, channels)."""
        return (None, self.length, input_shape[-1])

    def get_config(self):
        """Arguments that build the layer again."""
        return {**super().get_config(), "length": self.length}


def published(n_samples=N_SAMPLES, window=WINDOW, hidden=256, channels=CHANNELS):
    """Build the network of the released state dicts.

    Each window passes the convolutions alone; the LSTM's state is carried from window to window and the output is that
    after the last one. Carrying the state through windows is running once through all their steps, so that is done
    here. The convolutions then see all windows in one batch.

    Parameters
    ----------
    n_samples, window : int
        Of a record, and of each of its parts.
    hidden : int
        Units of both LSTM layers; the study tried 256 and 512.
    channels : int

    Returns
    -------
    keras.Model
        (batch, n_samples, channels) -> (batch, 1), m/s. With the defaults it has 805,317 weights, of which 6,912 are
        the side columns of the convolutions.

    Raises
    ------
    GridError
        The record is no whole number of windows, or the window too short.

    Source: CNNLSTM.py of the repository brsylmz23/CNNLSTM_DeepEQ, with the four channels of its released weights.
    """
    if n_samples % window:
        raise GridError(f"{n_samples} samples are no whole number of windows of {window}. Choose a divisor.")
    n_steps = n_samples // window * steps_per_window(window)
    inputs = keras.Input((n_samples, channels))
    values = Regroup(window, name="windows")(inputs)
    for number, (filters, stride) in enumerate(CONVOLUTIONS, 1):
        values = ColumnConvolution(filters, stride, name=f"convolution_{number}")(values)
        if number < len(CONVOLUTIONS):
            values = keras.layers.MaxPooling1D(3, 1)(keras.layers.ReLU()(values))
    values = Regroup(n_steps, name="sequence")(values)
    for number in (1, 2):
        values = LSTM(hidden, name=f"lstm_{number}")(values)
    limit = keras.initializers.RandomUniform(-(hidden**-0.5), hidden**-0.5)
    outputs = keras.layers.Dense(1, kernel_initializer=limit, bias_initializer=limit, name="outputs")(values[:, -1])
    return keras.Model(inputs, keras.layers.LeakyReLU(0.01)(outputs), name="published_cnn_lstm")


def from_state_dict(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Weights of :func:`published` out of a released state dict.

    PyTorch's convolution kernels are (out, in, height, width), its matrices (out, in); the gates of its LSTM have the
    same order as ours.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        As :func:`gmtools.data.readers.torch_state_dict.read` returns it.

    Returns
    -------
    dict of str to ndarray
        "layer/weight" -> array; ``numpy.savez`` takes it as it is, and :func:`assign` too.

    Raises
    ------
    FormatError
        Names are missing or foreign.
    """
    if set(arrays) != set(_RELEASED):
        different = ", ".join(sorted(set(arrays) ^ set(_RELEASED)))
        raise FormatError(f"This is no state dict of the published CNN-LSTM; missing or foreign: {different}.")
    orders = {1: (0,), 2: (1, 0), 4: (2, 3, 1, 0)}
    return {
        _RELEASED[name]: np.ascontiguousarray(array.transpose(orders[array.ndim])) for name, array in arrays.items()
    }


def assign(model, weights: Mapping[str, np.ndarray]) -> None:
    """Give a network its weights by name.

    Parameters
    ----------
    model : keras.Model
        Changed in place.
    weights : mapping of str to ndarray
        From :func:`from_state_dict`, from an npz of it, or from :func:`weights_of`.

    Raises
    ------
    FormatError
        Names or shapes are not those of the network; it is left as it was.
    """
    there = {_name(variable): variable for variable in model.variables}
    wrong = set(there) ^ set(weights)
    wrong |= {name for name in there.keys() & set(weights) if tuple(there[name].shape) != np.shape(weights[name])}
    if wrong:
        raise FormatError(
            f"The weights do not fit {model.name}: {', '.join(sorted(wrong))}. Build it with the "
            "sizes that it was saved with."
        )
    for name, variable in there.items():
        variable.assign(weights[name])


def weights_of(model) -> dict[str, np.ndarray]:
    """Weights of a network by name: "layer/weight" -> array."""
    return {_name(variable): keras.ops.convert_to_numpy(variable) for variable in model.variables}


def _name(variable):
    return "/".join(variable.path.split("/")[-2:])


@keras.saving.register_keras_serializable("gmtools")
class OwnScale(keras.layers.Layer):
    """Divide a record by its own largest acceleration: two outputs, the windows scaled and ln of that maximum.

    Windows (batch, n_samples, channels) with the mask, if there is one, in the fourth channel; the mask stays as it is.
    The maximum, (batch, 1), is in ln(cm/s²); a record of zeros stays one.
    """

    def call(self, inputs):
        """Scale."""
        largest = ops.max(ops.abs(inputs[..., :3]), axis=(1, 2), keepdims=True)
        largest = ops.maximum(largest, 1e-6)
        scaled = ops.concatenate([inputs[..., :3] / largest, inputs[..., 3:]], axis=-1)
        return scaled, ops.log(largest[:, :, 0])

    def compute_output_shape(self, input_shape):
        """(batch, n_samples, channels) and (batch, 1)."""
        return input_shape, (input_shape[0], 1)


def repaired(
    n_samples=N_SAMPLES,
    channels=CHANNELS,
    *,
    kind="cnn_lstm",
    filters=(16, 32, 32),
    kernel_size=9,
    stride=4,
    hidden=32,
    amplitude=True,
):
    """Build the repaired network: 1-D convolutions, records scaled by their own maximum, a standardized target.

    Each convolution is followed by batch normalization and ReLU; the LSTM's output is averaged over time, because the
    end of a record need not be the part that tells about the ground.

    Parameters
    ----------
    n_samples, channels : int
        Three channels leave out the P-S mask.
    kind : {"cnn_lstm", "cnn", "lstm"}
        "cnn" averages the convolutions over time; "lstm" takes the record in frames of 0.5 s (at 100 Hz).
    filters : sequence of int
        Of the convolutions.
    kernel_size, stride : int
        Of each of them, samples.
    hidden : int
        Units of the LSTM, and of the layer before the output.
    amplitude : bool
        Whether ln of the record's maximum goes into that layer.

    Returns
    -------
    keras.Model
        (batch, n_samples, channels) -> (batch, 1), standardized ln VS30. All layers but "outputs" can be carried to
        another task.

    Raises
    ------
    GmtoolsError
        Another kind.
    GridError
        "lstm" and a record that is no whole number of frames.
    """
    if kind not in KINDS:
        raise GmtoolsError(f"kind = {kind!r} is not a choice. Choose among {', '.join(KINDS)}.")
    inputs = keras.Input((n_samples, channels))
    values, ln_largest = OwnScale(name="scale")(inputs)
    if kind == "lstm":
        values = keras.layers.Reshape((_frames(n_samples), FRAME * channels), name="frames")(values)
    else:
        for number, count in enumerate(filters, 1):
            values = keras.layers.Conv1D(
                count, kernel_size, stride, padding="same", use_bias=False, name=f"convolution_{number}"
            )(values)
            values = keras.layers.BatchNormalization(momentum=MOMENTUM, name=f"normalization_{number}")(values)
            values = keras.layers.ReLU()(values)
    if kind != "cnn":
        values = LSTM(hidden, name="lstm_1")(values)
    values = keras.layers.GlobalAveragePooling1D()(values)
    if amplitude:
        values = keras.layers.Concatenate()([values, ln_largest])
    values = keras.layers.BatchNormalization(momentum=MOMENTUM, name="normalization")(values)
    values = keras.layers.Dense(hidden, "relu", name="hidden")(values)
    return keras.Model(inputs, keras.layers.Dense(1, name="outputs")(values), name=f"repaired_{kind}")


def _frames(n_samples):
    if n_samples % FRAME:
        raise GridError(f"{n_samples} samples are no whole number of frames of {FRAME}. Cut the record.")
    return n_samples // FRAME
