"""The networks that come with the explorers are those whose scores their sidecars tell: weights and predictions."""

import hashlib

import pytest

from explorers import networks

DIGESTS = {}


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
