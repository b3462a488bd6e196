"""The two networks of the H/V explorer: named networks of lessons 43 and 44, SqueezeNet's weights in eight bits.

Eight bits keep the page small. What the rounding does to answers is measured by the tests and told in the page.
"""

import numpy as np

from gmtools import networks
from gmtools.simulate.microtremor import LABELS
from gmtools.studies import hv_peaks

ANN, CNN = "peak_perceptron_more", "peak_squeezenet_more"
SIDE = hv_peaks.SIDE
WHITE = (255, 255, 255)
LARGEST = 127
"""A weight of eight bits; -128 stays unused, so that both signs are alike."""


def arrays() -> tuple[dict[str, np.ndarray], dict[str, dict]]:
    """Arrays of both networks as the page wants them, ``perceptron_minimum``, ``squeezenet_kernels`` ..., and what it
    tells of "perceptron" and "squeezenet": sizes, and from the card scores, faults and name."""
    found = {f"perceptron_{name}": values for name, values in perceptron().items()}
    found |= {f"squeezenet_{name}": values for name, values in quantized(networks.weights(CNN)).items()}
    told = {"perceptron": _told(ANN) | {"layers": sum("kernel" in name for name in perceptron())}}
    told["squeezenet"] = _told(CNN) | {"side": SIDE, "zero": list(WHITE), "classes": len(LABELS)}
    return found, told


def _told(name: str) -> dict:
    """What the page tells of a network: its card without layers and ranges."""
    card = networks.card(name)
    return {key: card[key] for key in ("name", "lesson", "scores", "faults", "made")}


def perceptron() -> dict[str, np.ndarray]:
    """Range of the inputs (natural logarithms), kernels and biases of the perceptron."""
    network = networks.read(ANN)
    mean, sd = (np.array([entry[key] for entry in network.inputs]) for key in ("mean", "sd"))
    found = {"minimum": mean - sd, "maximum": mean + sd}
    for i, (kernel, bias, _) in enumerate(network.branches[0]):
        found |= {f"kernel_{i}": np.asarray(kernel, float), f"bias_{i}": np.asarray(bias, float)}
    return found


def quantized(weights: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Weights of SqueezeNet, kernel (y, x, in, out) and bias in turn as Keras has them, all layers one after the other:
    ``kernels`` int8 times ``scales`` of each output channel, ``biases`` as they are."""
    kernels, scales = [], []
    for kernel in weights[::2]:
        scale = np.abs(kernel).max(axis=(0, 1, 2)).astype("float32") / np.float32(LARGEST)
        scale[scale == 0] = 1
        kernels.append(np.rint(kernel / scale).astype("int8").ravel())
        scales.append(scale)
    biases = np.concatenate(weights[1::2]).astype("float32")
    return {"kernels": np.concatenate(kernels), "scales": np.concatenate(scales), "biases": biases}


def squeezenet_model():
    """The very network that the page evaluates, rounded weights and all: keras.Model, pictures to probabilities."""
    model = networks.load(CNN)
    small, weights, at, channel = quantized(networks.weights(CNN)), [], 0, 0
    for kernel in model.get_weights()[::2]:
        end, out = at + kernel.size, kernel.shape[-1]
        scale = small["scales"][channel : channel + out]
        weights += [small["kernels"][at:end].reshape(kernel.shape) * scale, small["biases"][channel : channel + out]]
        at, channel = end, channel + out
    model.set_weights(weights)
    return model
