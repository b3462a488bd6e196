"""The networks, one file each: Keras 3 with ``keras.ops`` only, so that TensorFlow, JAX and PyTorch all run them."""

from gmtools.layers import keras  # noqa: F401  (imported quietly, for the modules that need it)
