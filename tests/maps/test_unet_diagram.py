import numpy as np
import pytest

from gmtools import figures
from gmtools.layers import keras


def test_diagram_says_poolings_weights_and_outputs():
    layers = keras.layers
    x = inputs = keras.Input((8, 12, 3))
    x = kept = layers.Conv2D(4, 3, padding="same")(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(8, 3, padding="same")(x)
    x = layers.Conv2DTranspose(4, 2, strides=2)(x)
    x = layers.Conv2D(4, 3, padding="same")(layers.Concatenate()([kept, x]))
    model = keras.Model(inputs, layers.Conv2D(2, 1)(x))
    axes, words = figures.unet_diagram(model, title="a small U")
    assert "1 poolings" in words and f"{model.count_params():,} weights" in words and words.endswith("2 output maps.")
    wide, tall = np.array([(block.get_width(), block.get_height()) for block in axes.patches]).T
    assert np.diff(wide, prepend=wide[0]) == pytest.approx(0.012 * np.diff([3, 3, 4, 4, 8, 4, 4, 2]))  # filters
    assert np.divide(tall, tall[0]) == pytest.approx([1, 1, 0.5, 0.5, 1, 1, 1])  # half as high below a pooling
    assert [text.get_text() for text in axes.texts if text.get_text().isdigit()] == ["3", "4", "4", "8", "4", "4", "2"]
