"""The U-Net, the map projection and the iso-lines in JavaScript against Keras, pyproj and arithmetic."""

import numpy as np
import pytest

from gmtools import columns
from gmtools.geodesy import projection
from gmtools.maps.grids import Layer, MapGrid, static_maps

GRID = MapGrid(32633, 200_000, 4_600_000, 10_000, nx=16, ny=24)
MAPS = (
    "magnitude",
    "ln_rhyp",
    "rhyp_km",
    "event_longitude",
    "event_latitude",
    "hypocentral_depth_km",
    "northing_km",
    "vs30_m_s",
)
RANGES = {
    columns.MAGNITUDE: (3.5, 6.6), columns.EVENT_LONGITUDE: (7.0, 14.0), columns.EVENT_LATITUDE: (42.0, 46.5),
    columns.HYPOCENTRAL_DEPTH: (0.0, 29.0), columns.RHYP: (2.0, 900.0), "ln_rhyp": (0.7, 6.8),
}  # fmt: skip
EVENTS = [[6.1, 12.3, 42.4, 8.6], [4.0, 9.0, 45.0, 0.0], [7.5, 13.0, 43.0, 29.0]]
FORWARD = """
import { eventMaps, forward } from "SOURCE/unet.js";
network.pixels = new Float32Array(network.pixels);
for (const name in network.statics) network.statics[name] = new Float32Array(network.statics[name]);
const weights = network.weights.map((values) => new Float32Array(values));
const names = ["magnitude", "event_longitude", "event_latitude", "hypocentral_depth_km"];
answer(events.map((numbers) => {
  const event = Object.fromEntries(names.map((name, i) => [name, numbers[i]]));
  return forward(network, weights, eventMaps(network, event));
}));
"""


def keras_network(depth, base, padding, head):
    """Random U-Net on :data:`GRID`: its maps for :data:`EVENTS`, and what JavaScript is given of it."""
    from gmtools.models import members, unet

    random = np.random.default_rng(7)
    static = static_maps(GRID, {"vs30_m_s": Layer(random.uniform(150, 1000, GRID.shape), "m/s", "none needed")})
    about = {"maps": MAPS, "ranges": RANGES, "depth": depth, "base": base, "padding": padding, "head": head}
    architecture = members.Architecture(**about, offset=0.0, factor=1.0)
    model = members.networks(architecture, static)[1]
    weights = [w + random.normal(0, 0.1, w.shape).astype("float32") for w in unet.draw_weights(model, 3)]
    for variable, values in zip(model.trainable_variables, weights, strict=True):
        variable.assign(values)
    expected = np.asarray(model.predict_on_batch(np.array(EVENTS, "float32")))
    given = about | {
        "height": GRID.ny, "width": GRID.nx, "weights": [w.ravel().tolist() for w in weights],
        "pixels": static.pixel_xyz_km.ravel().tolist(),
        "statics": {name: static.values[..., i].ravel().tolist() for i, name in enumerate(static.names)},
    }  # fmt: skip
    return expected, given


@pytest.mark.parametrize(
    ("depth", "base", "padding", "head"),
    [(2, 4, "symmetric", "linear"), (3, 2, "reflect", "sigmoid"), (1, 3, "zero", "linear")],
)
def test_forward_pass_is_keras(node, depth, base, padding, head):
    expected, network = keras_network(depth, base, padding, head)
    found = node(FORWARD, network=network, events=EVENTS)
    for one, wanted in zip(found, expected.reshape(3, -1, 2), strict=True):
        for name, channel in (("mean", 0), ("lnVariance", 1)):
            scale = max(1.0, np.abs(wanted[:, channel]).max())
            assert np.abs(np.array(one[name]) - wanted[:, channel]).max() < 1e-4 * scale


def test_padding_that_is_not_known(node):
    script = """
    import { pad } from "SOURCE/unet.js";
    const maps = { channels: 1, height: 2, width: 2, values: [1, 2, 3, 4] };
    try { pad(maps, "valid"); } catch (error) { answer(error.message); }
    """
    assert "choose symmetric, reflect or zero" in node(script)


def test_symmetric_padding_repeats_the_edge(node):
    script = """
    import { pad } from "SOURCE/unet.js";
    answer(pad({ channels: 1, height: 2, width: 2, values: Float64Array.of(1, 2, 3, 4) }, "symmetric").values);
    """
    wanted = np.pad([[1, 2], [3, 4]], 1, mode="symmetric")
    assert np.array_equal(np.reshape(node(script), (4, 4)), wanted)


@pytest.mark.parametrize(("zone", "place"), [(33, (6.9, 46.8)), (33, (15.0, 36.0)), (54, (139.7, 35.6))])
def test_utm_is_pyproj(node, zone, place):
    script = """
    import { fromUtm, toUtm } from "SOURCE/utm.js";
    const there = toUtm(...place, zone);
    answer([...there, ...fromUtm(...there, zone)]);
    """
    found = node(script, zone=zone, place=place)
    assert found[:2] == pytest.approx(projection(32600 + zone).transform(*place), abs=1e-4)
    assert found[2:] == pytest.approx(place, abs=1e-10)


def test_iso_line_of_a_slope(node):
    script = """
    import { isoLine } from "SOURCE/map_canvas.js";
    const values = Float64Array.from({ length: 20 }, (_, p) => (p % 5) + 0.5);
    answer(isoLine(values, 5, 4, 2.25));
    """
    pieces = np.array(node(script))
    assert len(pieces) == 3
    assert pieces[:, [0, 2]] == pytest.approx(2.25)  # the value of a pixel is the column of its center


def test_law_of_total_variance(node):
    script = """
    import { predict } from "SOURCE/unet.js";
    const network = { maps: ["magnitude"], ranges: { magnitude: [0, 1] }, height: 4, width: 4, depth: 1, base: 1,
      padding: "symmetric", head: "linear", pixels: new Float32Array(48), statics: {}, sigma_factor: 2,
      start: { intercept: 10, coefficients: [5], scale: 3 } };
    const up = (bias) => {
      const sizes = [[9, 1], [9, 1], [18, 2], [36, 2], [8, 1], [18, 1], [9, 1], [2, 2]];
      const zeros = sizes.map(([kernel, out]) => [new Float32Array(kernel), new Float32Array(out)]);
      zeros[7][1] = Float32Array.from(bias); // only the last bias: the same output in every pixel
      return zeros.flat();
    };
    network.members = [up([1, 0]), up([3, Math.log(2)])];
    const event = { magnitude: 2, event_longitude: 0, event_latitude: 0, hypocentral_depth_km: 0 };
    const { mean, sigma } = predict(network, event);
    answer([mean[5], sigma[5]]);
    """
    mean, sigma = node(script)
    assert mean == pytest.approx(10 + 3 * 2 + 5 * 2)
    assert sigma == pytest.approx(2 * 3 * np.sqrt(1.5 + 1.0))


def test_two_of_three_records_lie_within_one_sigma_of_the_median(node):
    script = """
      import { reading } from "SOURCE/map_words.js";
      const region = { far: [3], places: [[140, 36]], records: [0], classical: { label: "the formula" } };
      answer(reading(region, { mean: [Math.log(0.1)], sigma: [Math.LN2], distance: [20.4], classical: [0] }, 0));
    """
    said = node(script)
    assert "20 km from the epicenter: median 0.1 g, sigma 0.69 (two of three records between 0.05 g and 0.2 g)" in said
    assert "the formula: 1 g. Nearest training record: 3 km away." in said


def test_the_map_says_where_network_and_classical_model_part_near_the_epicenter(node):
    script = """
      import { disagreement } from "SOURCE/map_words.js";
      const region = { land: [0, 1, 2, 3], classical: { label: "the formula" } };
      const distance = [10, 30, 49, 51];
      const said = (shift) => disagreement(region, { distance, mean: shift, classical: [0, 0, 0, 0] });
      answer([said([-0.6, 0.6, 0, 9]), said([-1.2, -1.2, -1.2, 0]), said([2, 2, 0, 0]), said([0, 0, 0, -9])]);
    """
    agree, lower, higher, far = node(script)
    assert agree == far == ""
    assert "3.3 times lower than that of the formula" in lower
    assert "7.4 times higher" in higher
