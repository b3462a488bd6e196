"""The networks, one file each: Keras 3 with ``keras.ops`` only, so that TensorFlow, JAX and PyTorch all run them."""

import logging
import os
import sys


def _import_keras_quietly():
    """Import Keras once with file descriptor 2 closed to view.

    TensorFlow's C++ libraries write start-up notes there whatever ``TF_CPP_MIN_LOG_LEVEL`` says.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # By itself TensorFlow uses oneDNN on some CPUs only; where it does not, a U-Net step takes half again as long.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as sink:
            os.dup2(sink.fileno(), 2)
        import keras

        keras.ops.zeros(1)  # the first tensor starts the devices, which is where most notes come from
        # A lesson fits several networks; TensorFlow takes the graph of each new one for a costly retracing and warns.
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
    finally:
        os.dup2(kept, 2)
        os.close(kept)


if "keras" not in sys.modules:
    _import_keras_quietly()

import keras  # noqa: E402, F401  (after the quiet import, for the modules that need it)
