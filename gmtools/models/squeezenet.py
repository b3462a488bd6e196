"""SqueezeNet 1.1 (Iandola et al. 2016) and a small network of the same kind, for pictures of spectra and of H/V curves.

Pictures are (n, side, side, 3), red, green, blue, 0 to 255. The networks return one number for each class (logits);
:func:`probabilities` turns them into probabilities.
"""

from dataclasses import dataclass

import keras
import numpy as np
import pandas as pd
from keras import ops
from tqdm.auto import tqdm

from gmtools.errors import FormatError, GmtoolsError, UnsuitableSize

SIDE = 227
FIRE = ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256))
"""Filters of the eight fire modules: 1x1 "squeeze", then 1x1 and 3x3 "expand"."""
_POOL_BEFORE = (0, 2, 4)  # fire modules; version 1.0 pools later and needs 2.4 times the work
# What torchvision, where the weights come from, subtracts from and divides pictures by (red, green, blue).
IMAGENET_MEAN = 255 * np.array([0.485, 0.456, 0.406])
IMAGENET_SD = 255 * np.array([0.229, 0.224, 0.225])


@dataclass(frozen=True)
class Recipe:
    """How a network is trained on the cross-entropy. The defaults are the thesis' and those of MathWorks' example.

    Attributes
    ----------
    epochs, batch : int
        What does not fill a batch is left out, each epoch other pictures: 183 make 16 batches of 11, and 7 wait.
    learning_rate, momentum : float
        Of stochastic gradient descent; Adam has a learning rate only.
    head_factor : float
        How much faster the new last layer learns than the layers that have learned before; not with Adam, whose steps
        do not grow with the gradient.
    optimizer : {"sgd", "adam"}

    Raises
    ------
    GmtoolsError
        Another optimizer.
    """

    epochs: int = 8
    batch: int = 11
    learning_rate: float = 1e-4
    momentum: float = 0.9
    head_factor: float = 10.0
    optimizer: str = "sgd"

    def __post_init__(self):
        if self.optimizer not in ("sgd", "adam"):
            raise GmtoolsError(f"optimizer is {self.optimizer!r}; choose sgd or adam.")


FINE_TUNED = Recipe()
FROZEN = Recipe(epochs=40)
FROM_SCRATCH = Recipe(epochs=16, learning_rate=3e-4, optimizer="adam")
"""With the pictures' background as ``zero``; the thesis' gradient descent leaves random weights at chance."""


@keras.saving.register_keras_serializable("gmtools")
class HeadFasterSGD(keras.optimizers.SGD):
    """Stochastic gradient descent with momentum whose step is ``head_factor`` times larger in the layers of the head.

    Momentum is linear in the gradients, so a gradient times ten is a learning rate times ten.
    """

    def __init__(self, learning_rate=1e-4, momentum=0.9, head_factor=10.0, **kwargs):
        super().__init__(learning_rate, momentum, **kwargs)
        self.head_factor = head_factor

    def apply(self, grads, trainable_variables=None):
        """Update the variables."""
        variables = self._trainable_variables if trainable_variables is None else trainable_variables
        pairs = zip(grads, variables, strict=True)
        grads = [grad * self.head_factor if "last" in variable.path else grad for grad, variable in pairs]
        super().apply(grads, trainable_variables)

    def get_config(self):
        """Arguments that build the optimizer again."""
        return {**super().get_config(), "head_factor": self.head_factor}


def build(classes=1000, side=SIDE, zero=tuple(IMAGENET_MEAN), dropout=0.5, seed=0):
    """SqueezeNet 1.1 with random weights, in two parts: the layers "features" and "head".

    Parameters
    ----------
    classes : int
        Filters of the last convolution. Its ReLU and the mean over all places of the map follow it, as in the origin.
    side : int
        Pixels of a side of the pictures; the smallest is 17.
    zero : (float, float, float)
        Color that becomes zero. Pretrained weights want their own mean. Random weights want the background: a white one
        would otherwise outweigh whatever is drawn on it.
    dropout : float
        Fraction of the features that is switched off at random in training, before the last convolution.
    seed : int
        Of the weights (He-normal; the last layer Glorot-uniform, biases 0) and the dropout.

    Returns
    -------
    keras.Model
        (n, side, side, 3) -> (n, classes). With 1,000 classes it has 1,235,496 weights.

    Raises
    ------
    UnsuitableSize
        The pictures are too small for three poolings.

    Source: Iandola et al. (2016), version 1.1 of the authors' repository. Poolings are 3x3 with stride 2 in ceil mode:
    a last, partial window counts, so that 227 pixels become maps of 14 x 14.
    """
    if side < 17:
        raise UnsuitableSize(
            f"Pictures of {side} pixels are too small for SqueezeNet; take at least 17, better {SIDE}."
        )
    seeds = iter(range(100 * seed, 100 * seed + 27))
    pictures = keras.Input((side, side, 3))
    scaling = keras.layers.Rescaling((1 / IMAGENET_SD).tolist(), (-np.array(zero) / IMAGENET_SD).tolist())
    maps = _convolution(scaling(pictures), 64, 3, seeds, strides=2, padding="valid", name="first")
    for number, (squeeze, expand) in enumerate(FIRE):
        if number in _POOL_BEFORE:
            maps = _ceil_pooling(maps)
        maps = _fire(maps, squeeze, expand, seeds, f"fire{number + 2}")
    body = keras.Model(pictures, maps, name="features")
    inputs = keras.Input(body.output_shape[1:])
    maps = keras.layers.Dropout(dropout, seed=next(seeds))(inputs)
    maps = _convolution(maps, classes, 1, seeds, name="last", initializer=keras.initializers.GlorotUniform)
    head = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(maps), name="head")
    return keras.Model(pictures, head(body(pictures)), name="squeezenet")


def _convolution(maps, filters, side, seeds, padding="same", initializer=keras.initializers.HeNormal, **settings):
    settings |= {"activation": "relu", "padding": padding, "kernel_initializer": initializer(next(seeds))}
    return keras.layers.Conv2D(filters, side, **settings)(maps)


def _ceil_pooling(maps):
    # An even side leaves one pixel over: "same" gives it a window of its own, half beyond the edge, as ceil mode does.
    return keras.layers.MaxPooling2D(3, 2, padding="valid" if maps.shape[1] % 2 else "same")(maps)


def _fire(maps, squeeze, expand, seeds, name):
    maps = _convolution(maps, squeeze, 1, seeds, name=f"{name}_squeeze")
    both = [_convolution(maps, expand, side, seeds, name=f"{name}_expand{side}") for side in (1, 3)]
    return keras.layers.Concatenate()(both)


def load_weights(model, convolutions):
    """Put pretrained weights into a network; a last layer with another number of classes keeps its own.

    Parameters
    ----------
    model : keras.Model
        From :func:`build`.
    convolutions : list of gmtools.data.readers.ncnn_squeezenet.Convolution

    Returns
    -------
    keras.Model
        The same one.

    Raises
    ------
    FormatError
        The weights have other shapes than the network.
    """
    layers = [layer for part in ("features", "head") for layer in model.get_layer(part).layers if layer.weights]
    given = [tuple(convolution.kernel.shape) for convolution in convolutions]
    own = [tuple(layer.kernel.shape) for layer in layers]
    if given[:-1] != own[:-1] or given[-1][:3] != own[-1][:3]:
        raise FormatError(f"The weights are not those of SqueezeNet 1.1: {len(given)} kernels {given}, not {own}.")
    for layer, convolution in zip(layers, convolutions, strict=True):
        if layer.kernel.shape == convolution.kernel.shape:
            layer.set_weights([convolution.kernel, convolution.bias])
    return model


def features(model, pictures, reduce=None, batch=32):
    """Maps that the last layer sees, computed once, so that training this layer alone takes seconds.

    Parameters
    ----------
    model : keras.Model
        From :func:`build`.
    pictures : (n, side, side, 3) array
    reduce : callable, optional
        What is kept of the maps (m, y, x, 512) of each batch, such as ``lambda maps: maps.mean(axis=(1, 2))``.
    batch : int

    Returns
    -------
    ndarray, float16
        (n, 14, 14, 512) for pictures of 227 pixels (0.2 MB each) or what ``reduce`` leaves.
    """
    body = model.get_layer("features")
    kept = []
    for start in tqdm(range(0, len(pictures), batch), desc="features", unit="batch", leave=False):
        maps = body.predict_on_batch(np.asarray(pictures[start : start + batch], "float32"))
        kept.append((maps if reduce is None else reduce(maps)).astype("float16"))
    return np.concatenate(kept)


def train_head(model, maps, labels, recipe=FROZEN, seed=0, validation=None):
    """Train the last layer alone, on features that were computed before; all others stay frozen.

    Parameters
    ----------
    model : keras.Model
        From :func:`build`; its last layer changes.
    maps : (n, y, x, 512) array
        From :func:`features`.
    labels : (n,) array of int
    recipe : Recipe
    seed : int
        Order of the pictures.
    validation : (maps, labels), optional
        Scored after each epoch, never learned from.

    Returns
    -------
    DataFrame
        A row for each epoch: ``epoch``, ``loss``, ``accuracy``, with ``validation`` also ``val_loss``,
        ``val_accuracy``. Loss is the mean cross-entropy (nat), accuracy a fraction; those of training are means over
        the epoch's steps, with dropout.

    Raises
    ------
    GmtoolsError
        Fewer pictures than make one batch.
    """
    return _fit(model.get_layer("head"), maps, labels, recipe, seed, validation, "last layer")


def fine_tune(model, pictures, labels, recipe=FINE_TUNED, seed=0, validation=None):
    """Train all layers; the last one learns ``recipe.head_factor`` times faster.

    Parameters and result as in :func:`train_head`, with pictures (n, side, side, 3) for maps. It works for
    :func:`small_cnn` and for random weights too: see :data:`FROM_SCRATCH`.
    """
    return _fit(model, pictures, labels, recipe, seed, validation, "all layers")


def _fit(model, inputs, labels, recipe, seed, validation, text):
    steps = len(inputs) // recipe.batch
    if not steps:
        raise GmtoolsError(f"{len(inputs)} pictures do not fill a batch of {recipe.batch}. Take a smaller batch.")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(recipe.learning_rate)
    if recipe.optimizer == "sgd":
        optimizer = HeadFasterSGD(recipe.learning_rate, recipe.momentum, recipe.head_factor)
    model.compile(optimizer, loss, metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")])
    random, labels, rows = np.random.default_rng(seed), np.asarray(labels), []
    for epoch in tqdm(range(1, recipe.epochs + 1), desc=text, unit="epoch", leave=False):
        scores = []
        for chosen in np.split(random.permutation(len(inputs))[: steps * recipe.batch], steps):
            model.reset_metrics()  # some versions of Keras do so themselves
            scores.append(model.train_on_batch(inputs[chosen].astype("float32"), labels[chosen], return_dict=True))
        rows.append({"epoch": epoch, **pd.DataFrame(scores).mean()})
        if validation is not None:
            others = model.evaluate(*validation, batch_size=64, verbose=0, return_dict=True)
            rows[-1] |= {f"val_{name}": value for name, value in others.items()}
    return pd.DataFrame(rows)


def probabilities(model, inputs, batch=64):
    """Probability of each class, (n, classes).

    Parameters
    ----------
    model : keras.Model
        A whole network with pictures, or ``model.get_layer("head")`` with :func:`features`.
    inputs : (n, ...) array
    batch : int
    """
    starts = range(0, len(inputs), batch)
    parts = [model.predict_on_batch(np.asarray(inputs[start : start + batch], "float32")) for start in starts]
    logits = np.concatenate(parts).astype(float)
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def resized(pictures, side):
    """Pictures with another number of pixels, bilinear, with averaging where they shrink.

    Parameters
    ----------
    pictures : (n, y, x) or (n, y, x, 3) array
        A single channel, 0 to 1, is repeated three times and brought to 0 ... 255.
    side : int

    Returns
    -------
    ndarray, (n, side, side, 3), uint8
    """
    pictures = np.asarray(pictures)
    gray = pictures.ndim == 3
    blocks = np.array_split(pictures[..., None] * 255.0 if gray else pictures, max(len(pictures) // 256, 1))
    smaller = [ops.image.resize(block.astype("float32"), (side, side), antialias=True) for block in blocks]
    whole = np.concatenate([np.rint(ops.convert_to_numpy(block)).clip(0, 255).astype("uint8") for block in smaller])
    return np.repeat(whole, 3, axis=-1) if gray else whole


def small_cnn(classes, side=64, channels=1, filters=(8, 16, 32), dropout=0.5, seed=0):
    """Small convolutional network with random weights: 3x3 convolutions, 2x2 poolings, one dense layer.

    Unlike SqueezeNet it does not average over all places before it decides, so that it can learn *where* a curve peaks.

    Parameters
    ----------
    classes, side, channels : int
        Pictures are (n, side, side, channels), 0 to 1.
    filters : tuple of int
        Of each convolution; a pooling follows each.
    dropout : float
    seed : int

    Returns
    -------
    keras.Model
        -> (n, classes). With the defaults and 4 classes 14,084 weights.
    """
    seeds = iter(range(100 * seed, 100 * seed + 99))
    maps = pictures = keras.Input((side, side, channels))
    for count in filters:
        maps = keras.layers.MaxPooling2D()(_convolution(maps, count, 3, seeds))
    maps = keras.layers.Dropout(dropout, seed=next(seeds))(keras.layers.Flatten()(maps))
    initializer = keras.initializers.GlorotUniform(next(seeds))
    return keras.Model(pictures, keras.layers.Dense(classes, kernel_initializer=initializer, name="last")(maps))
