"""The networks that come with the explorers are those whose scores their sidecars tell: weights and predictions."""

import hashlib

import numpy as np
import pytest

from explorers import networks
from gmtools.data import portable

SCENARIOS = ([4.5, 6.5, 7.2], [10.0, 30.0, 100.0], [250.0, 400.0, 760.0])
DIGESTS = {
    "ann_nga_west2": "37d86f7ecca9e38b",
    "ann_transfer_frozen": "df147f29c5c6635e",
    "peak_perceptron": "a2333b9a47a67e1d",
    "peak_squeezenet": "13d1c64463757c58",
    "unet_italy": "8cca6626393f4e00",
    "unet_kanto": "5b292797c4ee7187",
}
GOLDEN_LN_G = {
    "ann_nga_west2": [
        [-2.952679, -2.508491, -6.581202],
        [-2.055644, -1.186571, -3.797164],
        [-3.280378, -2.429271, -4.320703],
    ],
    "ann_transfer_frozen": [
        [-2.736741, -2.807111, -6.161367],
        [-2.414613, -1.628431, -3.878435],
        [-3.142943, -2.74584, -4.063196],
    ],
}


def digest(arrays):
    total = hashlib.sha256()
    for name in sorted(arrays):
        total.update(f"{name}{arrays[name].dtype}{arrays[name].shape}".encode() + arrays[name].tobytes())
    return total.hexdigest()[:16]


def test_each_network_is_listed():
    assert {path.stem for path in networks.FOLDER.glob("*.npz")} == set(DIGESTS)


@pytest.mark.parametrize("name", DIGESTS)
def test_the_weights_are_the_ones_that_were_scored(name):
    arrays, _ = networks.read(name)
    assert digest(arrays) == DIGESTS[name]


@pytest.mark.parametrize("name", GOLDEN_LN_G)
def test_the_predictions_are_the_ones_that_were_scored(name):
    predicted = portable.load(networks.FOLDER / f"{name}.npz").predict(*SCENARIOS)[:, [0, 6, 12]]
    np.testing.assert_allclose(predicted, GOLDEN_LN_G[name], atol=1e-5)
