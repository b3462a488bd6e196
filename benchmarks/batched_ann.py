"""Thirteen networks trained as one batched model against thirteen fits in a row: same data, same updates.

Run ``python benchmarks/batched_ann.py``; it prints seconds and their ratio. The data are random numbers of the study's
size, because the time of a step does not depend on what is learned.
"""

import argparse
import time

import numpy as np

from gmtools.models import ann, keras


def timed_fits(inputs, targets, batch, epochs):
    """Seconds of one batched fit and of one plain Keras fit for each column, compilation included.

    The plain fits are timed twice: as Keras does them by default, and with all steps of an epoch joined in one call, as
    the batched fit has them.
    """
    seconds = {}
    start = time.perf_counter()
    model = ann.build(targets.shape[1])
    model.compile(keras.optimizers.Adam(1e-3), ann.masked_huber, steps_per_execution=-(-len(inputs) // batch))
    model.fit(inputs, targets, batch_size=batch, epochs=epochs, verbose=0)
    seconds["one batched model"] = time.perf_counter() - start
    for name, steps in (("fits in a row", 1), ("fits, steps joined", -(-len(inputs) // batch))):
        start = time.perf_counter()
        for column in targets.T:
            single = plain_network()
            single.compile(keras.optimizers.Adam(1e-3), keras.losses.Huber(), steps_per_execution=steps)
            single.fit(inputs, column[:, None], batch_size=batch, epochs=epochs, verbose=0)
        seconds[f"{targets.shape[1]} {name}"] = time.perf_counter() - start
    return seconds


def plain_network():
    """The study's network in Keras' own layers."""
    network = keras.Sequential([keras.Input((3,))])
    for units in ann.HIDDEN_UNITS:
        penalty = keras.regularizers.L2(ann.L2)
        network.add(keras.layers.Dense(units, "relu", kernel_initializer="he_uniform", kernel_regularizer=penalty))
        network.add(keras.layers.Dropout(ann.DROPOUT))
    network.add(keras.layers.Dense(1, kernel_regularizer=keras.regularizers.L2(ann.L2)))
    return network


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=14_518)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(options.records, 3)).astype("float32")
    targets = rng.normal(size=(options.records, 13)).astype("float32")
    seconds = timed_fits(inputs, targets, options.batch, options.epochs)
    batched = seconds["one batched model"]
    for name, value in seconds.items():
        print(f"{name:>22}: {value:6.1f} s, {value / batched:5.1f} times the batched model")
