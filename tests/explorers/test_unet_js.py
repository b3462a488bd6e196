"""The U-Net, the map projection and the iso-lines in JavaScript against Keras, pyproj and arithmetic."""

import numpy as np
import pandas as pd
import pytest

from explorers import map_layers
from gmtools import networks
from gmtools.errors import FormatError
from gmtools.geodesy import ecef_km, projection
from gmtools.layers import keras
from gmtools.maps import inputs
from gmtools.maps.grids import Layer, MapGrid

GRID = MapGrid(32633, 200_000, 4_600_000, 10_000, nx=16, ny=24)
INPUTS = {
    "magnitude": (3.0, 7.0), "ln_rhyp": (1.0, 7.0), "rhyp_km": (2.0, 900.0), "event_longitude": (6.0, 19.0),
    "event_latitude": (40.0, 48.0), "hypocentral_depth_km": (0.0, 40.0), "vs30_m_s": (150.0, 1000.0),
}  # fmt: skip
EVENTS = pd.DataFrame(
    [[6.1, 12.3, 42.4, 8.6], [4.0, 9.0, 45.0, 0.0], [7.5, 13.0, 43.0, 29.0]],
    columns=["magnitude", "event_longitude", "event_latitude", "hypocentral_depth_km"],
)
FORWARD = """
import { eventMaps, forward } from "SOURCE/unet.js";
network.pixels = new Float32Array(network.pixels);
for (const name in network.statics) network.statics[name] = new Float32Array(network.statics[name]);
const weights = network.weights.map((values) => new Float32Array(values));
const maps = (event) => eventMaps(network, event);
answer(events.map((event) => forward(network.steps, weights, maps(event)).values));
"""


def u_net(depth, extras):
    """A network as the lessons build them, with random weights in every layer."""
    layers = keras.layers

    def block(x, filters):
        for _ in range(2):
            x = layers.Conv2D(filters, 3, padding="same")(x)
            x = layers.LeakyReLU(0.2)(x)
        return layers.SpatialDropout2D(0.1)(x) if extras else x

    inputs = x = keras.Input((*GRID.shape, len(INPUTS)))
    skips = []
    for level in range(depth):
        x = block(x, 2 * 2**level)
        skips.append(x)
        x = layers.MaxPooling2D()(x)
    x = block(x, 2 * 2**depth)
    for level in reversed(range(depth)):
        x = layers.Conv2DTranspose(2 * 2**level, 2, strides=2)(x)
        x = block(layers.Concatenate()([skips[level], x]), 2 * 2**level)
    x = layers.Conv2D(2, 1)(x)
    if extras:
        line = layers.Conv2D(2, 1, trainable=False, name="regression")(inputs)
        x = layers.Add()([x, line])
    return keras.Model(inputs, x)


def given(model, statics):
    """What JavaScript gets of a network."""
    east_north_up = ecef_km(*GRID.lonlat)
    return {
        "inputs": [{"name": n, "mean": low, "sd": high - low} for n, (low, high) in INPUTS.items()],
        "steps": map_layers.steps(networks._card.layers_of(model)),
        "height": GRID.ny, "width": GRID.nx, "weights": [w.ravel().tolist() for w in model.get_weights()],
        "pixels": east_north_up.ravel().tolist(), "statics": {k: v.ravel().tolist() for k, v in statics.items()},
    }  # fmt: skip


def shaken(model, random):
    """The model with random numbers added to all its weights, also those that start as zero."""
    model.set_weights([w + random.normal(0, 0.1, w.shape).astype("float32") for w in model.get_weights()])
    return model


@pytest.mark.parametrize(("depth", "extras", "inner"), [(2, True, False), (1, False, False), (3, True, True)])
def test_forward_pass_is_keras(node, depth, extras, inner):
    random = np.random.default_rng(7)
    vs30 = random.uniform(150, 1000, GRID.shape)
    maps = inputs.input_maps(GRID, {"vs30_m_s": Layer(vs30, "m/s", "")}, EVENTS, list(INPUTS))
    maps = inputs.scale(maps, INPUTS)
    model = shaken(u_net(depth, extras), random)
    expected = model.predict(maps, verbose=0)
    if inner:
        x = keras.Input(maps.shape[1:])
        model = keras.Model(x, [model(x)])
    found = node(FORWARD, network=given(model, {"vs30_m_s": vs30}), events=EVENTS.to_dict("records"))
    for event in range(len(EVENTS)):
        wanted = np.moveaxis(expected[event], -1, 0).ravel()
        assert np.abs(np.array(found[event]) - wanted).max() < 1e-4 * max(1.0, np.abs(wanted).max())


def test_a_layer_that_the_page_does_not_know_is_named():
    inputs = keras.Input((8, 8, 2))
    model = keras.Model(inputs, keras.layers.BatchNormalization(name="normal")(inputs))
    with pytest.raises(FormatError, match=r"cannot evaluate the layer normal \(BatchNormalization\)"):
        map_layers.steps(networks._card.layers_of(model))


def test_padding_is_zero(node):
    script = """
    import { pad } from "SOURCE/unet.js";
    answer(pad({ channels: 2, height: 2, width: 2, values: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8) }).values);
    """
    maps = np.arange(1, 9).reshape(2, 2, 2)
    assert np.array_equal(np.reshape(node(script), (2, 4, 4)), np.pad(maps, ((0, 0), (1, 1), (1, 1))))


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


def test_sigma_is_that_of_the_variance_within_its_limits(node):
    script = """
    import { predict } from "SOURCE/unet.js";
    const network = { inputs: [{ name: "magnitude", mean: 1, sd: 2 }], height: 2, width: 2,
      pixels: new Float32Array(12), statics: {}, weights: [[5, 0], [1, variance]],
      steps: [{ kind: "input", from: [] }, { kind: "convolution", size: 1, filters: 2, from: [0], weights: 0 }] };
    const event = { magnitude: 2, event_longitude: 0, event_latitude: 0, hypocentral_depth_km: 0 };
    const { mean, sigma } = predict(network, event);
    answer([mean[3], sigma[3]]);
    """
    for variance, sigma in ((np.log(4), 2.0), (9, np.exp(1.5)), (-9, np.exp(-3))):
        assert node(script, variance=variance) == pytest.approx([5 * (2 - 1) / 2 + 1, sigma])


def test_two_of_three_records_lie_within_one_sigma_of_the_median(node):
    script = """
      import { reading } from "SOURCE/map_words.js";
      const region = { far: [3], places: [[140, 36]], records: [0], classical: { label: "the formula" } };
      const maps = { mean: [Math.log(0.1)], sigma: [Math.LN2], distance: [20.4], support: [[1, 1]], classical: [0] };
      answer(reading(region, maps, 0));
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


def test_titles_summary_and_table_of_a_map_have_units_and_places(node):
    script = """
      import { look, summary, table } from "SOURCE/map_words.js";
      const region = { period: 1, kind: "simulated", classical: { label: "the formula" }, shown_g: [0.001, 1],
        land: [0, 1], places: [[13, 42], [14, 43]], far: [0, 9], layers: [] };
      const [mean, classical] = [[0.1, 0.2], [0.3, 0.4]].map((grams) => grams.map(Math.log));
      const maps = { mean, classical, sigma: [0.7, 0.5], support: [[1, 1], [0, 1]] };
      const event = { magnitude: 6, latitude: 42.5, longitude: 13.5, depth_km: 8 };
      const looks = ["mean", "sigma", "classical", "difference"].map((quantity) => look(region, quantity));
      answer([looks, summary(region, maps, event), table(region, maps)]);
    """
    looks, summary, (header, rows, _) = node(script)
    assert [one["title"] for one in looks] == [
        "Median SA(1 s) by the U-Net (g)",
        "Sigma of ln SA(1 s) by the U-Net",
        "Median SA(1 s) after the formula (g)",
        "Median by the U-Net divided by that after the formula",
    ]
    assert [text for _, text, *_ in looks[0]["ticks"]] == ["0.001", "0.01", "0.1", "1"]
    assert looks[3]["ticks"][0] == [pytest.approx(np.log(1 / 3)), "1/3", True, False]  # dashed: the U-Net is lower
    assert [tick[2:] for tick in looks[3]["ticks"][2:4]] == [[False, True], [False, False]]  # none where both are equal
    assert "largest median SA(1 s) on land 0.2 g at 43.00° N, 14.00° E, sigma there 0.50." in summary
    assert summary.startswith("Magnitude 6 at 42.50° N, 13.50° E, depth 8 km")
    assert header[2:5] == ["median_unet_g", "sigma_ln_unet", "median_classical_g"]
    assert rows == [pytest.approx([13, 42, 0.1, 0.7, 0.3, 0, 1]), pytest.approx([14, 43, 0.2, 0.5, 0.4, 9, 0])]


DRAWN = """
import { drawMap } from "SOURCE/map_canvas.js";
const [calls, pixels] = [[], []];
const draws = (said, name) => (...given) => {
  said.push([name, ...given]);
  if (name === "createImageData") return { data: new Uint8ClampedArray(4 * given[0] * given[1]) };
  if (name === "putImageData") pixels.push(...given[0].data);
  return { width: 40, addColorStop() {} };
};
const context = (said) => new Proxy({}, { get: (kept, name) => kept[name] ?? draws(said, name) });
const canvas = (said) => ({ style: {}, getContext: () => context(said) });
globalThis.window = { devicePixelRatio: 1 };
globalThis.document = { createElement: () => canvas([]) };
globalThis.Path2D = class { moveTo() {} lineTo() {} closePath() {} };
const grid = { nx: 2, ny: 2, pixel_m: 100000 };
const look = { palette: "viridis", low: 0, high: 3, ticks: [], title: "Median" };
const where = { support: [[1, 1], [0, 1], [0, 0], [1, 1]], far: [0, 0, 49, 51], records: [0, 4, 0, 0], outline: [] };
const theme = { dark: false, ink: "#000000" };
drawMap(canvas(calls), { width: 400, grid, look, values: [0, 1, 2, 3], ...where, epicenter: [0.5, 0.25], cursor: null,
  tag: "simulated", theme });
answer({ calls, pixels });
"""


def test_a_map_has_north_on_top_faint_and_hatched_pixels_and_a_true_scale_bar(node):
    """Two by two pixels of 100 km and 200 CSS pixels: what is painted, in rows from the north."""
    found = node(DRAWN)
    pixels = np.reshape(found["pixels"], (2, 2, 4))
    assert pixels[0, 1].tolist() == [253, 231, 37, 255] and pixels[1, 0].tolist() == [68, 1, 84, 255]  # ends of viridis
    assert pixels[..., 3].tolist() == [[0, 255], [255, 110]]  # blank without records, faint with few
    of = {
        name: [given for one, *given in found["calls"] if one == name]
        for name in ("moveTo", "fillRect", "fillText", "lineTo")
    }
    assert of["moveTo"] == [[200, 200]]  # one pixel is hatched, that in the northeast, over 50 km from a record
    assert [300 - 1.5, 300 - 1.5, 3, 3] in of["fillRect"]  # the square of the training records, in the southeast
    assert of["lineTo"][1] == [100, 350 - 10]  # tip of the star
    (bar,) = [given for given in of["fillRect"] if given[1:] == [388, given[2], 3] and given[0] == 10]
    km = next(text for text, *_ in of["fillText"] if text.endswith(" km"))
    assert bar[2] == 2 * float(km.split()[0]) and {"Median", "simulated"} <= {text for text, *_ in of["fillText"]}
