"""Whether a network gives the predictions that its card keeps, by Keras and, where it is dense, in NumPy."""

import contextlib

import numpy as np

from gmtools import networks
from gmtools.errors import FormatError
from gmtools.networks import _dense


def apart(name, folder=networks.FOLDER):
    """Largest difference from the predictions of the card."""
    facts = networks.card(name, folder)
    shape, wanted = facts["golden"]["shape"], _flat(facts["golden"]["outputs"])
    found = [networks._golden(networks.load(name, folder), shape[1:])["outputs"]]
    with contextlib.suppress(FormatError):  # not a dense network: Keras alone can say
        layers = _dense.branches_of(facts, networks.weights(name, folder))
        found.append([networks._sampled(_dense.forward(layers, networks._drawn(shape)))])
    return max(np.abs(_flat(parts) - wanted).max() for parts in found)


def _flat(parts):
    return np.concatenate([np.ravel(part) for part in parts])
