"""The two networks of the H/V explorer: lesson 42's perceptron, and a SqueezeNet with weights of eight bits.

SqueezeNet begins with random weights, as one variant of lesson 43 does: those from ImageNet come without a stated
license, so that nothing made from them is passed on here. It is trained as long as in the lesson's profile "full",
on the pictures of the profile "fast".
"""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from explorers import networks
from gmtools import cache, hvsr
from gmtools.studies import peak_rules, peak_study

ANN, CNN = "peak_perceptron", "peak_squeezenet"
VARIANT, PROFILE, SEED = "from_scratch", "fast", 0
SIDE = peak_study.SETTINGS[PROFILE]["picture_side"]
EPOCHS = peak_study.SETTINGS["full"]["epochs"][VARIANT]
LARGEST = 127
"""A weight of eight bits; -128 stays unused, so that both signs are alike."""


def make(name, folder):
    """Train one network, or take it from an earlier run, score it and write it.

    Parameters
    ----------
    name : {"peak_perceptron", "peak_squeezenet"}
    folder : Path
    """
    italian, californian = (drawn(PROFILE, SEED) for drawn in (peak_study.italy, peak_study.california))
    arrays, facts, predict = {ANN: _perceptron, CNN: _squeezenet}[name](italian)
    facts["classes"] = list(peak_rules.CLASSES)
    facts["provenance"] |= {
        "data": ["simulated peaks: gmtools.simulate.microtremor, Italy"],
        "scores": [
            _score(predict, italian, ~italian.training, "validation peaks, simulated Italy"),
            _score(predict, californian, np.ones(len(californian.table), bool), "peaks of simulated California"),
        ],
    }
    networks.write(name, folder, arrays, facts)


def _perceptron(italian):
    network, _ = peak_study.ann(italian, PROFILE)
    arrays = {"minimum": network.minimum, "maximum": network.maximum}
    for layer, (kernel, bias) in enumerate(network.layers):
        arrays |= {f"kernel_{layer}": kernel, f"bias_{layer}": bias}
    told = {"settings": {"profile": PROFILE, "seed": SEED, "training": "Levenberg-Marquardt, lesson 42"}}
    return arrays, {"layers": len(network.layers), "provenance": told}, lambda peaks: network.predict(peaks.features)


def _squeezenet(italian):
    from gmtools.models import squeezenet

    model = squeezenet.build(len(peak_rules.CLASSES), SIDE, peak_study.WHITE, seed=SEED)
    model.set_weights(_trained(squeezenet, model, italian))
    arrays = quantized(model.get_weights())
    small = squeezenet_model(arrays)

    def predict(peaks, which=small):
        """Probabilities of the classes, by the network as it ships unless another is given."""
        return squeezenet.probabilities(which, peak_study.pictures(peaks, SIDE))

    held = replace_rows(italian, ~italian.training)
    before, after = predict(held, model), predict(held)
    told = {
        "settings": {"profile": PROFILE, "seed": SEED, "variant": VARIANT, "epochs": EPOCHS, "side": SIDE},
        "note": "It began with random weights: the license of ImageNet's, which lesson 43 takes, is not stated.",
        "rounding": {
            "how": "eight bits for each weight, one scale for each output channel",
            "peaks": len(before),  # of the validation part
            "same_opinion": int((before.argmax(axis=1) == after.argmax(axis=1)).sum()),
            "largest_change": round(float(np.abs(before - after).max()), 4),
        },
    }
    return arrays, {"side": SIDE, "zero": list(peak_study.WHITE), "provenance": told}, predict


def _trained(squeezenet, model, italian):
    """Weights after training on pictures of the training part, or those that an earlier run kept."""
    how = replace(peak_study.recipe(VARIANT, PROFILE), epochs=EPOCHS)
    training = replace_rows(italian, italian.training)

    def train():
        """Fine-tune on the training peaks: list of weights."""
        squeezenet.fine_tune(model, peak_study.pictures(training, SIDE), training.label, how, SEED)
        return model.get_weights()

    inputs = [training.lines, training.label, *model.get_weights(), asdict(how), SIDE, SEED]
    return cache.once("peak_cnn_explorer", [*inputs, Path(squeezenet.__file__), Path(hvsr.inputs.__file__)], train)


def replace_rows(peaks, chosen):
    """The chosen peaks alone."""
    rows = {name: getattr(peaks, name)[chosen] for name in ("table", "spectra", "lines", "training")}
    return replace(peaks, **rows)


def _score(predict, peaks, chosen, where):
    """Entry of the sidecar: balanced accuracy beside that of the rules on the same peaks."""
    from sklearn.metrics import balanced_accuracy_score

    peaks = replace_rows(peaks, chosen)
    rules = peak_rules.classify(peak_rules.quantities(peaks.spectra))["label"]
    value, baseline = (
        round(float(balanced_accuracy_score(peaks.label, said)), 4) for said in (predict(peaks).argmax(axis=1), rules)
    )
    return {
        "score": "balanced accuracy, simulated peaks", "value": value, "unit": "",
        "baseline": "rules without learning, from the same spectra", "baseline_value": baseline,
        "on": where, "records": len(peaks.table), "events": int(peaks.table["recording"].nunique()),
    }  # fmt: skip


def quantized(weights):
    """Kernels of SqueezeNet as whole numbers times a scale for each output channel; biases stay as they are.

    Parameters
    ----------
    weights : list of ndarray
        Kernel (y, x, in, out) and bias (out,) in turn, as ``model.get_weights()`` has them.

    Returns
    -------
    dict of str to ndarray
        ``kernels`` int8, ``scales`` and ``biases`` float32: all layers one after the other.
    """
    kernels, scales = [], []
    for kernel in weights[::2]:
        scale = np.abs(kernel).max(axis=(0, 1, 2)).astype("float32") / np.float32(LARGEST)
        scale[scale == 0] = 1
        kernels.append(np.rint(kernel / scale).astype("int8").ravel())
        scales.append(scale)
    biases = np.concatenate(weights[1::2]).astype("float32")
    return {"kernels": np.concatenate(kernels), "scales": np.concatenate(scales), "biases": biases}


def squeezenet_model(arrays):
    """The very network that the page evaluates, as a Keras model.

    Parameters
    ----------
    arrays : dict of str to ndarray
        From :func:`quantized`.

    Returns
    -------
    keras.Model
        (n, 113, 113, 3) -> logits (n, 3).
    """
    from gmtools.models import squeezenet

    model = squeezenet.build(len(peak_rules.CLASSES), SIDE, peak_study.WHITE)
    weights, at, channel = [], 0, 0
    for kernel in model.get_weights()[::2]:
        end, out = at + kernel.size, kernel.shape[-1]
        scale = arrays["scales"][channel : channel + out]
        weights += [arrays["kernels"][at:end].reshape(kernel.shape) * scale, arrays["biases"][channel : channel + out]]
        at, channel = end, channel + out
    model.set_weights(weights)
    return model


def perceptron(arrays):
    """The perceptron that ships, as :class:`gmtools.models.peak_mlp.PeakNetwork`."""
    from gmtools.models.peak_mlp import PeakNetwork

    count = sum(name.startswith("kernel_") for name in arrays)
    layers = tuple((arrays[f"kernel_{layer}"], arrays[f"bias_{layer}"]) for layer in range(count))
    return PeakNetwork(arrays["minimum"], arrays["maximum"], layers)
