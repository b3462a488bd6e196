"""The U-Net of Ronneberger et al. (2015) with two outputs for each pixel: a mean and the logarithm of a variance."""

import keras
import numpy as np
from keras import ops

from gmtools.errors import GmtoolsError, GridError

LN_VARIANCE_RANGE = (-6.0, 3.0)
NEGATIVE_SLOPE = 0.2
PADDINGS = ("valid", "zero", "reflect", "symmetric")
HEADS = ("linear", "sigmoid")


def output_size(size, depth=4, padding="valid"):
    """Side of the output map for a side of the input map.

    Parameters
    ----------
    size : int
        Pixels of one side of the input.
    depth : int
        Number of poolings.
    padding : {"valid", "zero", "reflect", "symmetric"}
        Without padding ("valid") each 3x3 convolution takes one pixel off every edge.

    Returns
    -------
    int

    Raises
    ------
    GridError
        A pooling would meet an odd side, or nothing is left; names the nearest sides that work.

    Source: Ronneberger et al. (2015), figure 1.

    Examples
    --------
    >>> output_size(572), output_size(768, padding="symmetric")
    (388, 768)
    """
    _known("padding", padding, PADDINGS)
    if not _fits(size, depth, padding):
        works = " or ".join(map(str, nearest_sizes(size, depth, padding)))
        raise GridError(
            f"A side of {size} pixels does not fit a U-Net with {depth} poolings and {padding!r} padding; {works} "
            "does. Make the grid that large, or take fewer poolings."
        )
    return size - 2 * border(depth, padding)


def border(depth=4, padding="valid"):
    """Pixels that the output lacks at each edge of the input.

    Examples
    --------
    >>> border(4), border(2), border(4, "reflect")
    (92, 20, 0)
    """
    # Two convolutions take 2 pixels off each edge at every level, down and up, of 2^level pixels of the input each.
    return sum(4 * 2**level for level in range(depth)) + 2 * 2**depth if padding == "valid" else 0


def nearest_sizes(size, depth=4, padding="valid"):
    """Nearest side below ``size``, if there is one, and nearest side not below it that the U-Net takes: tuple of int.

    Examples
    --------
    >>> nearest_sizes(570), nearest_sizes(400, 5, "symmetric")
    ((556, 572), (384, 416))
    """
    below = next((s for s in range(size - 1, 0, -1) if _fits(s, depth, padding)), None)
    above = next(s for s in range(max(size, 1), size + 2 ** (depth + 4) + 2) if _fits(s, depth, padding))
    return (above,) if below is None else (below, above)


def _fits(size, depth, padding):
    left = size - 2 * border(depth, padding)
    for _ in range(depth):
        size -= 4 if padding == "valid" else 0
        if size <= 0 or size % 2:
            return False
        size //= 2
    return left > 0 and size > (1 if padding == "reflect" else 0)  # a single pixel has no neighbor to mirror


def _known(what, value, choices):
    if value not in choices:
        raise GmtoolsError(f"{what} = {value!r} is not a choice. Choose among {', '.join(choices)}.")


# Up to here joining strips is faster than the backends' own mirror padding; on larger maps it takes more memory.
_SMALL_MAP = 64 * 64


@keras.saving.register_keras_serializable("gmtools")
class MirrorPadding(keras.layers.Layer):
    """Continue maps (batch, y, x, channel) by one pixel beyond each edge: by its mirror image.

    ``mode`` "symmetric" mirrors at the edge (1 2 3 -> 1 1 2 3 3), "reflect" at the center of the last pixel
    (1 2 3 -> 2 1 2 3 2).
    """

    def __init__(self, mode, **kwargs):
        super().__init__(**kwargs)
        self.mode = mode

    def call(self, inputs):
        """Maps (batch, y + 2, x + 2, channel)."""
        if inputs.shape[1] * inputs.shape[2] > _SMALL_MAP:
            return ops.pad(inputs, ((0, 0), (1, 1), (1, 1), (0, 0)), mode=self.mode)
        first = 0 if self.mode == "symmetric" else 1
        rows = ops.concatenate([_strip(inputs, 1, first), inputs, _strip(inputs, 1, -1 - first)], axis=1)
        return ops.concatenate([_strip(rows, 2, first), rows, _strip(rows, 2, -1 - first)], axis=2)

    def compute_output_shape(self, input_shape):
        """(batch, y + 2, x + 2, channel)."""
        batch, y, x, channel = input_shape
        return (batch, y + 2, x + 2, channel)

    def get_config(self):
        """Arguments that build the layer again."""
        return {**super().get_config(), "mode": self.mode}


def _strip(maps, axis, at):
    """One row (axis 1) or column (axis 2) of maps, as maps."""
    at %= maps.shape[axis]
    return maps[:, at : at + 1] if axis == 1 else maps[:, :, at : at + 1]


@keras.saving.register_keras_serializable("gmtools")
class LeanLeakyReLU(keras.layers.Layer):
    """LeakyReLU whose gradient is computed from its output, which the next layer keeps anyway.

    Keras' own keeps its input as well; without it a training step needs less memory.
    """

    def call(self, inputs):
        """The input where it is positive, a fifth of it elsewhere."""
        return _leaky_relu(inputs)

    def compute_output_shape(self, input_shape):
        """Shape stays."""
        return input_shape


@ops.custom_gradient
def _leaky_relu(values):
    output = ops.leaky_relu(values, NEGATIVE_SLOPE)

    def gradient(*args, upstream=None):
        above = args[0] if upstream is None else upstream  # PyTorch names it
        return ops.where(output > 0, above, NEGATIVE_SLOPE * above)

    return output, gradient


@keras.saving.register_keras_serializable("gmtools")
class MeanAndLogVariance(keras.layers.Layer):
    """Two channels become a mean and the natural logarithm of a variance, the latter clipped to a stable range.

    ``head`` "sigmoid" keeps the mean between 0 and 1: with a min-max target it can never exceed the training maximum.
    """

    def __init__(self, head="linear", **kwargs):
        super().__init__(**kwargs)
        self.head = head

    def call(self, inputs):
        """Maps (batch, y, x, 2)."""
        mean, ln_variance = inputs[..., :1], inputs[..., 1:]
        mean = ops.sigmoid(mean) if self.head == "sigmoid" else mean
        return ops.concatenate([mean, ops.clip(ln_variance, *LN_VARIANCE_RANGE)], axis=-1)

    def compute_output_shape(self, input_shape):
        """Shape stays."""
        return input_shape

    def get_config(self):
        """Arguments that build the layer again."""
        return {**super().get_config(), "head": self.head}


@keras.saving.register_keras_serializable("gmtools")
class AtPixels(keras.layers.Layer):
    """Values of maps (batch, y, x, channel) at pixels (batch, m): array (batch, m, channel).

    A pixel is its row times the number of columns plus its column.
    """

    def call(self, maps, pixels):
        """Take the values."""
        _, y, x, channel = maps.shape
        first = ops.arange(ops.shape(maps)[0], dtype="int32") * (y * x)
        return ops.take(ops.reshape(maps, (-1, channel)), ops.cast(pixels, "int32") + first[:, None], axis=0)

    def compute_output_shape(self, maps_shape, pixels_shape):
        """(batch, m, channel)."""
        return (*pixels_shape, maps_shape[-1])


def build(height, width, channels=9, *, depth=4, base=16, padding="symmetric", head="linear"):
    """U-Net that turns a stack of input maps into a map of means and one of logarithms of variances.

    Two 3x3 convolutions with LeakyReLU at each level, 2x2 maximum pooling, 2x2 up-convolution, and the maps of the way
    down cropped and stacked onto those of the way up.

    Parameters
    ----------
    height, width : int
        Pixels of the input maps.
    channels : int
        Number of input maps.
    depth : int
        Number of poolings.
    base : int
        Filters of the first level; each pooling doubles them.
    padding : {"valid", "zero", "reflect", "symmetric"}
        What a convolution sees beyond the edge: nothing (its output is smaller), zeros, or a mirror image.
    head : {"linear", "sigmoid"}
        Of the mean.

    Returns
    -------
    keras.Model
        (batch, height, width, channels) -> (batch, height', width', 2). Its weights are Keras' defaults; see
        :func:`draw_weights`.

    Raises
    ------
    GridError
        See :func:`output_size`.
    GmtoolsError
        Another padding or head.

    Source: Ronneberger et al. (2015); two outputs as in Lilienkamp et al. (2022).
    """
    _known("head", head, HEADS)
    for side in (height, width):
        output_size(side, depth, padding)
    inputs = values = keras.Input((height, width, channels))
    skipped = []
    for level in range(depth):
        values = _two_convolutions(values, base * 2**level, padding)
        skipped.append(values)
        values = keras.layers.MaxPooling2D()(values)
    values = _two_convolutions(values, base * 2**depth, padding)
    for level in reversed(range(depth)):
        values = keras.layers.Conv2DTranspose(base * 2**level, 2, strides=2)(values)
        values = keras.layers.Concatenate()([_cropped(skipped[level], values), values])
        values = _two_convolutions(values, base * 2**level, padding)
    values = keras.layers.Conv2D(2, 1, name="outputs")(values)
    return keras.Model(inputs, MeanAndLogVariance(head)(values), name="unet")


def _two_convolutions(values, filters, padding):
    for _ in range(2):
        if padding in ("reflect", "symmetric"):
            values = MirrorPadding(padding)(values)
        values = keras.layers.Conv2D(filters, 3, padding="same" if padding == "zero" else "valid")(values)
        values = LeanLeakyReLU()(values)
    return values


def _cropped(values, like):
    sides = [(have - want) // 2 for have, want in zip(values.shape[1:3], like.shape[1:3], strict=True)]
    return keras.layers.Cropping2D(tuple(sides))(values) if any(sides) else values


def draw_weights(model, seed):
    """Initial weights that depend on the seed alone, not on the Keras backend: list of arrays for ``model``.

    Kernels are normal with variance 2 / fan-in, biases 0; the last layer's kernel has a tenth of that standard
    deviation, so that training starts near mean 0 and variance 1 (0.5 with a sigmoid head).

    Parameters
    ----------
    model : keras.Model
        Whose trainable weights are to be drawn.
    seed : int

    Returns
    -------
    list of ndarray
        In the order of ``model.trainable_variables``.

    Source: He et al. (2015), eq. 12.
    """
    rng = np.random.default_rng(seed)
    drawn = []
    for variable in model.trainable_variables:
        shape = tuple(variable.shape)
        if len(shape) == 1:
            drawn.append(np.zeros(shape, "float32"))
            continue
        # The kernel of an up-convolution is (2, 2, out, in), and one pixel of its output sees one pixel of its input.
        fan_in = shape[3] if "transpose" in variable.path else np.prod(shape[:3])
        scale = np.sqrt(2 / fan_in) * (0.1 if "outputs" in variable.path else 1.0)
        drawn.append(rng.normal(0.0, scale, shape).astype("float32"))
    return drawn


@keras.saving.register_keras_serializable("gmtools")
class GaussianNLL(keras.losses.Loss):
    """Gaussian negative log-likelihood where there are observations: ln(variance) + residual^2 / variance.

    That is twice the negative log-likelihood without its constant.

    Parameters
    ----------
    per : {"record", "event"}
        Divide the sum over all observations by their number, or by the number of events that have any. The papers sum
        over the observations of an event; "record" has the same minimum for a batch of one event and a gradient whose
        size does not depend on how well an event was recorded.

    Source: Lilienkamp et al. (2022), the loss of their U-Nets.
    """

    def __init__(self, per="record", **kwargs):
        super().__init__(**kwargs)
        _known("per", per, ("record", "event"))
        self.per = per

    def call(self, target, prediction):
        """Loss of targets (batch, m), NaN where there is none, for predictions (batch, m, 2): a scalar."""
        observed = ops.logical_not(ops.isnan(target))
        mean, ln_variance = prediction[..., 0], prediction[..., 1]
        # The inner where keeps NaN out of the gradient.
        residual = ops.where(observed, target, mean) - mean
        there = ops.cast(observed, prediction.dtype)
        total = ops.sum(there * (ln_variance + residual**2 * ops.exp(-ln_variance)))
        counted = there if self.per == "record" else ops.max(there, axis=-1)
        return total / ops.maximum(ops.sum(counted), 1)

    def get_config(self):
        """Arguments that build the loss again."""
        return {**super().get_config(), "per": self.per}
