import json
import pickle
import subprocess
import sys
import tracemalloc
import warnings
from itertools import pairwise

import numpy as np
import pytest

from gmtools.data import portable
from gmtools.errors import FormatError, OutOfRange

PERIODS = (0.0, 0.2, 1.0)
RANGES = {"magnitude": [3, 8], "rjb_km": [0, 300], "vs30_m_s": [150, None]}


def network(nets=3, hidden=(5, 4), outputs=1, seed=0, **changes):
    random = np.random.default_rng(seed)
    sizes = [3, *hidden, outputs]
    weights = tuple(
        (random.normal(size=(nets, rows, units)).astype("float32"), random.normal(size=(nets, units)).astype("float32"))
        for rows, units in pairwise(sizes)
    )
    values = {
        "weights": weights, "input_mean": np.array([5.0, 4.0, 6.0]), "input_sd": np.array([1.0, 0.9, 0.4]),
        "periods": PERIODS, "ranges": RANGES, "provenance": {"name": "toy", "ranges": "the toy data"},
    }  # fmt: skip
    return portable.PortableNetwork(**(values | changes))


def by_loops(net, magnitude, rjb, vs30):
    """One network, one unit, one scenario at a time."""
    outputs = []
    for index in range(len(net.weights[0][0])):
        values = [magnitude, np.log(1 + rjb), np.log(1 + vs30)]
        values = [(v - m) / s for v, m, s in zip(values, net.input_mean, net.input_sd, strict=True)]
        for layer, (kernel, bias) in enumerate(net.weights):
            if layer:
                values = [max(v, 0.0) for v in values]
            units = range(kernel.shape[2])
            values = [
                sum(v * float(k) for v, k in zip(values, kernel[index, :, u], strict=True)) + bias[index, u]
                for u in units
            ]
        outputs += values
    return outputs


@pytest.mark.parametrize(
    "net", [network(), network(hidden=()), network(nets=1, outputs=3), network(hidden=(7,), seed=4)]
)
def test_forward_pass_by_hand(net):
    result = net.predict([5, 6.5], [10, 100], [300, 800])
    assert result.shape == (2, 3) and result.dtype == float
    assert result[0] == pytest.approx(by_loops(net, 5, 10, 300), rel=1e-12)
    assert result[1] == pytest.approx(by_loops(net, 6.5, 100, 800), rel=1e-12)


def test_scenarios_broadcast_and_inputs_stay():
    magnitude, net = np.array([[5.0], [6.0]]), network()
    result = net.predict(magnitude, [10, 30, 50], 400)
    assert result.shape == (6, 3)
    assert result[4] == pytest.approx(net.predict(6, 30, 400)[0])
    assert magnitude.tolist() == [[5.0], [6.0]]
    assert net.predict([], [], []).shape == (0, 3)


def test_an_ensemble_gives_the_mean_of_its_members(tmp_path):
    first, second = network(seed=1), network(seed=2)
    both = tuple(
        tuple(np.concatenate(parts) for parts in zip(one, other, strict=True))
        for one, other in zip(first.weights, second.weights, strict=True)
    )
    portable.save(tmp_path / "ensemble.npz", network(weights=both, members=2))
    ensemble = portable.load(tmp_path / "ensemble.npz")
    expected = (first.predict([5, 6], 30, 400) + second.predict([5, 6], 30, 400)) / 2
    assert ensemble.predict([5, 6], 30, 400) == pytest.approx(expected)
    with pytest.raises(FormatError, match="6 networks with 1 outputs do not make 1 members of 3 periods"):
        network(weights=both)


def test_missing_values_stay_missing():
    result = network().predict([5, np.nan, 5], [10, 10, np.nan], 400)
    assert np.isnan(result).all(axis=1).tolist() == [False, True, True]


def test_blocks_change_nothing_and_bound_the_memory():
    net, random = network(nets=3, hidden=(64, 32)), np.random.default_rng(1)
    magnitude, rjb = random.uniform(3, 8, 40_000), random.uniform(0, 300, 40_000)
    tracemalloc.start()
    result = net.predict(magnitude, rjb, 400)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40e6  # all rows at once would need 3 x 40,000 x 64 x 8 = 61 MB for one layer
    rows = [0, 4095, 4096, 39_999]
    assert result[rows] == pytest.approx(net.predict(magnitude[rows], rjb[rows], 400))


@pytest.mark.parametrize(
    ("scenario", "message"),
    [
        ((8.5, 10, 400), r"toy: magnitude 8.5 \(1 of 1 values\) is outside 3 to 8 \(the toy data\)"),
        (([5, 6], [301, 400], 400), r"toy: rjb_km 301 to 400 \(2 of 2 values\) is outside 0 to 300"),
        ((5, 10, 100), r"toy: vs30_m_s 100 \(1 of 1 values\) is outside 150 and above"),
    ],
)
def test_outside_the_training_range(scenario, message):
    with pytest.warns(OutOfRange, match=message) as caught:
        network().predict(*scenario)
    assert len(caught) == 1 and caught[0].filename == __file__


def test_at_the_edge_of_the_range_nothing_is_said():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network().predict([3, 8], [0, 300], [150, 3000])


def test_round_trip(tmp_path):
    net = network(provenance={"name": "toy", "seed": 3, "records": [1, 2]})
    portable.save(tmp_path / "new" / "net.npz", net)
    again = portable.load(tmp_path / "new" / "net.npz")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["net.json", "net.npz"]
    assert (again.predict(6, [1, 30], 400) == net.predict(6, [1, 30], 400)).all()
    assert again.periods == PERIODS and again.ranges == RANGES and again.provenance == net.provenance
    assert again.weights[0][0].dtype == np.float32
    described = json.loads((tmp_path / "new" / "net.json").read_text())
    assert described["units"]["rjb_km"] == "km" and described["layers"] == [[3, 3, 5], [3, 5, 4], [3, 4, 1]]


@pytest.fixture
def saved(tmp_path):
    portable.save(tmp_path / "net.npz", network())
    return tmp_path / "net.npz"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "other"}, r"breaks the format .* at format: .* was expected"),
        ({"inputs": ["magnitude"]}, "at inputs: "),
        ({"activation": "tanh"}, "at activation: 'relu' was expected"),
        ({"periods": [0.0, -1.0, 1.0]}, "at periods/1: "),
        ({"ranges": {"magnitude": [3]}}, "at ranges/magnitude: "),
        ({"layers": [[3, 3, 5], [3, 5, 9], [3, 9, 1]]}, r"kernels of shape .* sidecar says"),
        ({"layers": [[3, 3, 5]] * 4}, r"lacks the arrays kernel_3, bias_3\. Delete both files"),
        ({"periods": [0.0, 1.0]}, "3 networks with 1 outputs do not make 1 members of 2 periods"),
    ],
)
def test_sidecar_that_does_not_fit(saved, change, message):
    sidecar = saved.with_suffix(".json")
    sidecar.write_text(json.dumps(json.loads(sidecar.read_text()) | change))
    with pytest.raises(FormatError, match=message):
        portable.load(saved)


def test_sidecar_without_a_key_or_not_json_or_missing(saved):
    sidecar = saved.with_suffix(".json")
    described = json.loads(sidecar.read_text())
    del described["ranges"]
    sidecar.write_text(json.dumps(described))
    with pytest.raises(FormatError, match=r"top level: 'ranges' is a required property.*train or read"):
        portable.load(saved)
    sidecar.write_bytes(b"\xff{")
    with pytest.raises(FormatError, match=r"net\.json is not JSON"):
        portable.load(saved)
    sidecar.unlink()
    with pytest.raises(FormatError, match=r"net\.json is missing"):
        portable.load(saved)


def test_missing_truncated_and_flipped_npz(saved):
    good = saved.read_bytes()
    damaged = (good[: len(good) // 2], good[:200] + bytes([good[200] ^ 1]) + good[201:], b"<html>404</html>", b"")
    for content in damaged:
        saved.write_bytes(content)
        with pytest.raises(FormatError, match=r"net\.npz .*Delete both files"):
            portable.load(saved)
    saved.unlink()
    with pytest.raises(FormatError, match=r"net\.npz is missing, its sidecar is there"):
        portable.load(saved)


class Hostile:
    """Unpickling an instance would create a file."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (str(self.marker), "w")


def test_pickles_are_refused_and_not_run(saved, tmp_path):
    marker = tmp_path / "marker"
    arrays = dict(np.load(saved))
    arrays["input_mean"] = np.array([Hostile(marker)] * 3, dtype=object)
    np.savez(saved, **arrays)
    with pytest.raises(FormatError, match="not an npz file of plain arrays"):
        portable.load(saved)
    saved.write_bytes(pickle.dumps(Hostile(marker)))
    with pytest.raises(FormatError, match="not an npz file of plain arrays"):
        portable.load(saved)
    assert not marker.exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"input_mean": np.zeros(4)}, "input_mean is .* not 3 finite numbers"),
        ({"input_sd": np.array([1.0, 0, 1])}, "input_sd is .* above 0"),
        ({"weights": ()}, "None networks with 3 outputs do not make"),
        ({"weights": ((np.zeros((3, 4, 1)), np.zeros((3, 1))),)}, r"Layer 0: kernel \(3, 4, 1\)"),
        ({"weights": ((np.zeros((3, 1)), np.zeros(1)),)}, r"kernels are \(n_nets, in, out\)"),
        ({"weights": ((np.zeros((3, 3, 1)), np.zeros((3, 2))),)}, r"bias \(3, 2\)"),
        ({"activation": "tanh"}, "Only ReLU"),
        ({"periods": (0.0,)}, "do not make 1 members of 1 periods"),
    ],
)
def test_arrays_that_do_not_fit_together(changes, message):
    with pytest.raises(FormatError, match=message):
        network(**changes)


def test_import_is_light():
    heavy = "('keras', 'tensorflow', 'openquake')"
    code = f"import sys, gmtools.data.portable; sys.exit(any(m in sys.modules for m in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
