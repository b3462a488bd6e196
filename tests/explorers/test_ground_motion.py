"""The ground-motion explorer without a browser: networks, tables, records, traits, the JavaScript's numbers."""

import dataclasses
import warnings

import numpy as np
import pytest

from explorers import GroundMotion, classical_tables, ground_motion, ground_motion_records
from explorers.payload import unpack
from gmtools import columns, gmms, networks
from gmtools.errors import OutOfRange, SettingRefused

MODELS_JS = """
import { unpack } from "SOURCE/core/payload.js";
import { Model } from "SOURCE/ground_motion_models.js";
const { meta, arrays } = unpack(payload);
const models = meta.models.map((facts) => new Model(facts, arrays, meta.periods.length, meta.reach, meta.grid));
"""


@pytest.fixture(scope="module", autouse=True)
def without_published_networks_and_records(javascript_packages):
    """What every machine has."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GMTOOLS_OFFLINE", "1")
        patch.delenv("GMTOOLS_DATA", raising=False)
        patch.setenv("GMTOOLS_CACHE", "/nonexistent")
        yield


@pytest.fixture(scope="module")
def content():
    return ground_motion.payload()


@pytest.fixture(scope="module")
def scenarios():
    random = np.random.default_rng(3)
    count = 400
    vs30 = np.exp(random.uniform(*np.log(classical_tables.VS30_M_S), count))
    return random.uniform(3, 8, count), 300 * random.uniform(0, 1, count) ** 2, vs30


def quiet(function, *arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OutOfRange)
        return function(*arguments)


@pytest.fixture(scope="module")
def scenarios_inside():
    """Within the range of every ordinate of both networks."""
    random = np.random.default_rng(4)
    return random.uniform(4.5, 7, 200), random.uniform(3, 75, 200), random.uniform(250, 700, 200)


@pytest.mark.parametrize("key", ground_motion.SHIPPED)
def test_javascript_numpy_and_keras_agree(key, content, scenarios_inside, node):
    name = ground_motion.SHIPPED[key]
    table = gmms.scenarios(*scenarios_inside)
    ours = networks.predict(name, table, "ignore").to_numpy()
    theirs = networks.load(name).predict(networks.scaled(name, table), verbose=0)
    script = (
        MODELS_JS
        + """
    const model = models.find((one) => one.key === key);
    answer(scenarios.map(([m, r, v]) => Array.from(model.spectrum(m, r, v).median)));
    """
    )
    page = np.array(node(script, content, key=key, scenarios=np.transpose(scenarios_inside).tolist()), float)
    drawn = np.isfinite(page)
    assert drawn.mean() > 0.9
    assert np.log(page[drawn]) == pytest.approx(ours[drawn], abs=1e-9)
    assert np.exp(theirs)[drawn] == pytest.approx(page[drawn], rel=1e-4)


def test_one_network_for_all_periods_is_drawn_at_every_period(node):
    """As a reader's own network is, with thirteen outputs."""
    random = np.random.default_rng(6)
    kernels = [random.normal(size=(1, 3, 4)), random.normal(size=(1, 4, 13))]
    script = """
    import { Ann } from "SOURCE/ann.js";
    const layer = (kernel) => ({
      kernel: { data: kernel.flat(2), shape: [1, kernel[0].length, kernel[0][0].length] },
      bias: { data: new Array(kernel[0][0].length).fill(0.1) },
    });
    const ann = new Ann(kernels.map(layer), [0, 0, 0], [1, 1, 1]);
    answer([ann.evaluate(6, 20, 400, new Float64Array(13)), ann.evaluate(6, 20, 400, new Float64Array(13), 7)[7]]);
    """
    every, one = node(script, kernels=[kernel.tolist() for kernel in kernels])
    hidden = np.maximum(np.array([6, np.log1p(20), np.log1p(400)]) @ kernels[0][0] + 0.1, 0)
    assert every == pytest.approx(hidden @ kernels[1][0] + 0.1) and one == every[7]


@pytest.fixture(scope="module")
def random_scenarios():
    """2,000, uniform along the ways of the sliders."""
    random = np.random.default_rng(5)
    vs30 = np.exp(random.uniform(*np.log([150, 1500]), 2000))
    return random.uniform(3, 8, 2000), np.exp(random.uniform(*np.log([2, 302]), 2000)) - 2, vs30


@pytest.mark.parametrize("key", ground_motion.SHIPPED)
def test_page_and_python_agree_on_what_a_network_knows_and_where_its_lines_end(key, content, random_scenarios, node):
    script = (
        MODELS_JS
        + """
    const model = models.find((one) => one.key === key);
    answer(scenarios.map(([magnitude, rjb_km, vs30_m_s]) => {
      const state = { magnitude, rjb_km, vs30_m_s };
      const curve = model.spectrum(magnitude, rjb_km, vs30_m_s).median;
      return [0, 3, 12].map((i) => [model.known(state, i), Number.isFinite(curve[i])]);
    }));
    """
    )
    found = np.array(node(script, content, key=key, scenarios=np.transpose(random_scenarios).tolist()))
    inside = networks.read(ground_motion.SHIPPED[key]).inside(gmms.scenarios(*random_scenarios)).to_numpy()
    mean, _ = quiet(GroundMotion().predict, key, *random_scenarios)
    columns_ = [0, 3, 12]
    assert (found[..., 0] == inside[:, columns_]).all()
    assert (found[..., 1] == np.isfinite(mean[:, columns_])).all()
    assert 0.02 < found[..., 0].mean() < 0.9 and found[..., 1].mean() > found[..., 0].mean()


def test_where_nothing_warns_a_network_lies_within_a_factor_of_two_of_the_classical_models(random_scenarios):
    explorer = GroundMotion()
    classical = np.stack([quiet(explorer.predict, key, *random_scenarios)[0] for key in ("BSSA14", "ASK14", "CB14")])
    low, high = classical.min(axis=0) - np.log(2), classical.max(axis=0) + np.log(2)
    for key, name in ground_motion.SHIPPED.items():
        mean, _ = quiet(explorer.predict, key, *random_scenarios)
        known = networks.read(name).inside(gmms.scenarios(*random_scenarios)).to_numpy()
        near = (mean >= low) & (mean <= high)
        for ordinate in range(13):
            assert near[known[:, ordinate], ordinate].mean() > 0.95, (key, ordinate)
        assert np.isfinite(mean[known]).all()


def test_too_few_records_near_are_warned_of_in_python():
    with pytest.warns(OutOfRange, match="1 of 1 rows have fewer than 5 training records near them"):
        GroundMotion().predict("nga_only", 7.5, 1.0, 180.0)


@pytest.mark.parametrize("model", ground_motion.CLASSICAL)
def test_a_classical_model_is_read_from_its_table_within_one_percent(model, scenarios):
    mean, sigma = classical_tables.evaluate(classical_tables.tables([model])[model], *scenarios)
    truth = quiet(gmms.predict, model, gmms.scenarios(*scenarios))
    assert np.isnan(mean).all(axis=0).tolist() == np.isnan(truth.mean).all(axis=0).tolist()
    assert np.nanmax(np.abs(mean - truth.mean)) < 0.01
    assert np.nanmax(np.abs(sigma / truth.sigma - 1)) < 0.01


def test_javascript_reads_the_tables_as_python_does(content, scenarios, node):
    script = (
        MODELS_JS
        + """
    const tables = models.filter((one) => one.table);
    const all = (curve) => [Array.from(curve.median), Array.from(curve.sigma)];
    answer(tables.map((model) => scenarios.map(([m, r, v]) => all(model.spectrum(m, r, v)))));
    """
    )
    found = np.array(node(script, content, scenarios=np.transpose(scenarios)[:50].tolist()), float)
    _, arrays = unpack(content)
    for model, values in zip(ground_motion.CLASSICAL, found, strict=True):
        table = {part: arrays[f"{model}.{part}"] for part in classical_tables.PARTS}
        mean, sigma = classical_tables.evaluate(table, *(values[:50] for values in scenarios))
        assert np.log(values[:, 0]) == pytest.approx(mean, abs=1e-9, nan_ok=True)
        assert values[:, 1] == pytest.approx(sigma, abs=1e-9, nan_ok=True)


def test_a_decay_is_the_spectrum_at_each_distance(content, node):
    script = (
        MODELS_JS
        + """
    const distances = [1, 10, 50, 75];
    answer(models.map((model) => ({
      decay: Array.from(model.decay(6.3, distances, 350, 5).median),
      spectra: distances.map((distance) => model.spectrum(6.3, distance, 350).median[5]),
    })));
    """
    )
    for model in node(script, content):
        assert model["decay"] == pytest.approx(model["spectra"], rel=1e-12)


def test_the_band_is_one_standard_deviation_to_each_side_in_the_figure_and_in_the_file(content, node):
    script = (
        MODELS_JS
        + """
    import { csvTable } from "SOURCE/ground_motion_words.js";
    const state = { magnitude: 6, rjb_km: 20, vs30_m_s: 400 };
    const distances = [1, 10];
    const curves = models.map((model) => ({
      model, outside: [], spectrum: model.spectrum(6, 20, 400), decay: model.decay(6, distances, 400, 0),
    }));
    const [header, rows, comments] = csvTable({ meta }, { state, curves, period: 0 }, distances);
    answer({ curves: curves.flatMap(({ spectrum, decay }) => [spectrum, decay]), header, rows, comments });
    """
    )
    found = node(script, content)
    for curve in found["curves"]:
        median, sigma, low, high = (np.array(curve[name], float) for name in ("median", "sigma", "low", "high"))
        assert np.log(high / median) == pytest.approx(sigma, nan_ok=True)
        assert np.log(median / low) == pytest.approx(sigma, nan_ok=True)
    assert found["comments"] == ["M 6, RJB 20 km, VS30 400 m/s; period 0 is PGA; low and high: one standard deviation"]
    assert found["header"][-3:] == ["median_g", "low_g", "high_g"]
    table = np.array([row[-3:] for row in found["rows"] if None not in row], float)
    assert (table[:, 0] > table[:, 1]).all() and table[:, 2] / table[:, 0] == pytest.approx(table[:, 0] / table[:, 1])


def test_words_table_and_file_say_what_the_curves_are(node):
    script = """
    import { altDecay, altSpectrum, csvTable, fillTable, ordinate } from "SOURCE/ground_motion_words.js";
    const times = (median, factor) => median.map((g) => factor * g);
    const around = (median) => ({ median, low: times(median, 0.5), high: times(median, 2), sigma: [1, 1, 0.69] });
    const model = { key: "one", facts: { label: "One" } };
    const curves = [{ model, outside: [], spectrum: around([0.1, 0.3, 0.05]), decay: around([0.5, 0.2, 0.1, NaN]) }];
    const state = { magnitude: 6, rjb_km: 20, vs30_m_s: 400 };
    const shown = { state, curves, near: [], along: [], period: 2, ordinate: ordinate(1) };
    const scene = { meta: { periods: [0, 0.2, 1] } };
    const filled = [];
    fillTable({ fill: (rows, words, header) => filled.push(header, rows[0].cells) }, shown);
    const [, rows] = csvTable(scene, shown, [1, 300 ** (1 / 3), 300 ** (2 / 3), 300]);
    answer([altSpectrum(scene, shown), altDecay(scene, shown), filled, rows]);
    """
    spectrum, decay, (header, cells), rows = node(script)
    assert "M 6, RJB 20 km, VS30 400 m/s" in spectrum and "One: largest at PSA(0.2 s), 0.300 g." in spectrum
    assert "Decay of PSA(1 s) with distance for M 6, VS30 400 m/s. One: 0.500 g at 1 km, 0.100 g at 44.8 km." in decay
    assert header == ["model", "PGA (g)", "PSA(1 s) (g)", "16 % to 84 % (g)", "σ (ln)"]
    assert cells == ["One", "0.10000", "0.050000", "0.0250 to 0.100", "0.69"]
    assert [row[:4] for row in rows[:3]] == [["spectrum", "one", period, 20] for period in (0, 0.2, 1)]
    assert [row[2:4] for row in rows[3:]] == [
        [1, 1],
        [1, pytest.approx(6.69, abs=0.01)],
        [1, pytest.approx(44.8, abs=0.1)],
    ]
    assert [row[4:] for row in rows] == [[g, g / 2, 2 * g] for g in (0.1, 0.3, 0.05, 0.5, 0.2, 0.1)]


def test_measured_ordinates_are_filled_dots_and_others_rings(node):
    script = """
    import { dotsOf } from "SOURCE/ground_motion.js";
    const meta = { records: [{ pga: "measured", psa: "reconstructed" }, { pga: "simulated", psa: "simulated" }] };
    const records = { table: [0, 1] };
    const of = (columns, period) => dotsOf(records, meta, [0, 1], columns, (record, i) => [record, i], period);
    answer([of([0, 1]), of([1], 1)].map((dots) => dots.map(({ shape, x, y }) => [shape, x, y])));
    """
    spectrum, decay = node(script)
    assert spectrum == [["ring", [0, 1, 1], [1, 0, 1]], ["disk", [0], [0]]]
    assert decay == [["ring", [0, 1], [0, 0]], ["disk", [], []]]  # of PSA


def test_bends_finds_the_corners():
    x = np.linspace(0, 10, 101)
    values = np.stack([np.abs(x - 3), np.minimum(x, 7.5)], axis=1)
    assert classical_tables.bends(x, values, 1e-6) == [0, 30, 75, 100]


def test_half_precision_in_javascript_is_numpys(node):
    bits = np.array([0, 1, 0x3FF, 0x400, 0x3C00, 0xC248, 0x7BFF, 0x8001, 0x7C00, 0xFC00], "uint16")
    script = 'import { half } from "SOURCE/ann.js";\nanswer(bits.map((b) => String(half(b))));'
    assert [float(value) for value in node(script, bits=bits.tolist())] == bits.view("float16").tolist()


def test_without_data_there_are_no_dots_and_no_published_networks(content):
    meta, arrays = unpack(content)
    assert meta["records"] == [] and arrays["records"].shape == (0, 16)
    assert "published" not in [model["key"] for model in meta["models"]]


def test_simulated_records_are_rounded_to_what_a_dot_shows_and_say_what_they_are():
    facts, codes, table = ground_motion_records.thinned("simulated")
    assert {fact["pga"] for fact in facts} == {"simulated"} and len(codes) == len(table)
    low, step = ground_motion_records.CODES[columns.MAGNITUDE]
    magnitude = low + step * codes[:, 0].astype(float)
    assert magnitude.min() >= 3 and magnitude.max() < 8.5
    low, step = ground_motion_records.CODES["ln(psa_g)"]
    pga = low + step * codes[:, 3].astype(float)
    strong = magnitude > 6.5
    assert pga[strong].mean() > pga[~strong].mean()


def test_records_near_a_scenario_are_found_in_javascript(node):
    first = [[140, 131, 120], [140, 200, 120], [100, 131, 120], [140, 131, 95], [140, 131, 145]]  # two on other ground
    codes = np.array([[*code, *[255 if code[1] == 200 else 100] * 13] for code in first], "uint8")
    script = """
    import { Records } from "SOURCE/ground_motion_models.js";
    const records = new Records({ data: Uint8Array.from(codes.flat()), shape: [5, 16] }, { data: [] }, ways);
    const state = { magnitude: 6, rjb_km: 20.2, vs30_m_s: 395 };
    answer([
      records.near(state, { magnitude: 0.25, distance: 1.3, site: 1.4 }),
      records.near(state, { magnitude: 0.25, site: 1.4 }),
      records.distance(0), records.ordinate(0, 0), String(records.ordinate(1, 0)),
    ]);
    """
    near, along, distance, pga, missing = node(
        script, codes=codes.tolist(), ways=list(ground_motion_records.CODES.values())
    )
    assert (near, along, missing) == ([0], [0, 1], "NaN")
    assert distance == pytest.approx(np.expm1(131 * 0.0233)) and pga == pytest.approx(np.exp(-14 + 6.6))


@pytest.fixture(scope="module")
def explorer():
    return GroundMotion(magnitude=6.5)


def test_settings_are_traits_that_can_be_observed(explorer):
    seen = []
    explorer.observe(lambda change: seen.append(change.new), "magnitude")
    explorer.magnitude = 7
    assert seen == [7.0] and explorer.state()["magnitude"] == 7.0
    explorer.unobserve_all()
    explorer.magnitude = 6.5


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("magnitude", 12, "GroundMotion.magnitude cannot be 12; it takes 3 to 8"),
        ("rjb_km", float("nan"), "rjb_km cannot be nan; it takes 0 to 300 km"),
        ("vs30_m_s", "soft", "vs30_m_s cannot be 'soft'"),
        ("period_s", 0.4, "period_s cannot be 0.4 s; choose among 0, 0.05"),
        ("models", ["BSSA15"], "models cannot name BSSA15; this machine has nga_only"),
    ],
)
def test_impossible_settings_are_refused_and_leave_the_old_ones(explorer, setting, value, told):
    before = explorer.state()
    with pytest.raises(SettingRefused, match=told):
        setattr(explorer, setting, value)
    assert explorer.state() == before


def test_values_are_those_of_the_network_and_its_sigma(explorer):
    network = networks.read("ann_nga_west2")
    table = explorer.values()
    ours = table[table["model"] == "nga_only"]
    scenario = gmms.scenarios(explorer.magnitude, explorer.rjb_km, explorer.vs30_m_s)
    expected = network.predict(scenario, "ignore").to_numpy()[0]
    assert np.log(ours["median_g"]).to_numpy() == pytest.approx(expected)
    sigma = [output["sigma_ln"] for output in network.outputs]
    assert np.log(ours["high_g"] / ours["median_g"]).to_numpy() == pytest.approx(sigma)
    assert np.log(ours["median_g"] / ours["low_g"]).to_numpy() == pytest.approx(sigma)


def test_a_setting_outside_of_a_models_range_warns_with_the_range(explorer):
    with pytest.warns(OutOfRange, match=r"Kale et al. \(2015\), Iran: rjb_km 250 .* is outside 0 to 200"):
        explorer.predict("KaleEtAl2015Iran", 6.0, 250.0, 400.0)


def test_an_unknown_model_is_refused_with_those_there_are(explorer):
    with pytest.raises(SettingRefused, match="No model 'mine' here; there are nga_only"):
        explorer.predict("mine", 6.0, 250.0, 400.0)


def test_a_network_of_ones_own_is_shown_and_travels_with_the_twin():
    network = networks.read("ann_nga_west2")
    branches = [
        [*layers[:-1], (layers[-1][0], np.asarray(layers[-1][1], float) + np.log(2), layers[-1][2])]
        for layers in network.branches
    ]
    double = dataclasses.replace(network, branches=branches)
    explorer = GroundMotion(networks={"twice": double})
    medians = explorer.values().set_index(["model", "period_s"])["median_g"]
    assert (medians["twice"] / medians["nga_only"]).to_numpy() == pytest.approx(2.0, rel=1e-6)
    assert 'data-payload="' in explorer.twin() and 'data-payload="' not in GroundMotion().twin()


@pytest.mark.parametrize("name", ground_motion.SHIPPED.values())
def test_our_networks_beat_their_baselines_on_unseen_earthquakes(name):
    score = networks.card(name)["scores"][0]
    sign = -1 if "likelihood" in score["score"] else 1
    trivial = next(iter(score["baselines"].values()))
    assert sign * score["value"] < sign * trivial and score["events"] > 300


def test_a_network_of_another_form_is_refused():
    network = networks.read("ann_nga_west2")
    other = dataclasses.replace(network, outputs=network.outputs[:12], branches=network.branches[:12])
    with pytest.raises(SettingRefused, match="answers pga_g"):
        GroundMotion(networks={"short": other})
