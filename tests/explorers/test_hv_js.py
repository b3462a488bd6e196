"""The JavaScript of the H/V explorer computes what gmtools.hvsr, the networks and the rules compute."""

import json

import numpy as np
import pytest

from explorers import hv_networks, hv_recordings
from explorers.horizontal_to_vertical import FREQUENCIES_HZ, TRANSFORM_LENGTH, HorizontalToVertical, payload
from explorers.payload import pack, unpack
from gmtools import hvsr, networks
from gmtools.errors import DataNotFound, DownloadFailed, SettingRefused
from gmtools.studies import hv_peaks, peak_rules

FFT = """
import { irfft, rfft } from "SOURCE/fft.js";
const { re, im } = rfft(signal, length);
answer({ re, im, back: irfft(re, im) });
"""
CURVE = """
import { unpack } from "SOURCE/core/payload.js";
import { curve, meanSpectra, passes, peaks, sesame, spectra } from "SOURCE/hv_curve.js";
import { PICTURE_SIZE, classify, draw, peakSpectra, quantities, resized } from "SOURCE/hv_peak.js";
const { meta, arrays } = unpack(payload);
const frequencies = arrays.frequencies_hz.data;
const { data, shape } = arrays[`samples_${state.recording}`];
const record = {
  components: [0, 1, 2].map((i) => data.subarray(i * shape[1], (i + 1) * shape[1])),
  scales: meta.recordings[state.recording].scales,
  rate: meta.rate_hz,
};
const rejection = state.reject ? state.rejection : null;
const settings = { windowLength: state.window_length_s, b: state.smoothing_b, rejection };
const windows = spectra(record, settings, { frequencies, transformLength: meta.transform_length });
const hv = curve(windows, frequencies, settings.windowLength);
const logs = meanSpectra(windows, frequencies.length);
const found = { kept: windows.kept, mean: hv.mean, sigma: hv.sigma, logs, peaks: peaks(hv) };
if (found.peaks.length) {
  const { f0, index } = found.peaks[0];
  found.sesame = sesame(hv, index).map((row) => ({ ...row, value: String(row.value) }));
  found.passes = passes(sesame(hv, index));
  const lines = peakSpectra(logs, frequencies, f0);
  found.features = lines.flatMap((line) => Array.from(line));
  found.picture = resized(draw(peakSpectra(logs, frequencies, f0, PICTURE_SIZE)), 113);
  found.quantities = quantities(lines);
  found.verdict = classify(found.quantities, meta.rules).verdict;
}
answer(found);
"""
NETWORKS = """
import { unpack } from "SOURCE/core/payload.js";
import { probabilities } from "SOURCE/perceptron.js";
import { assemble, steps } from "SOURCE/squeezenet.js";
const { meta, arrays } = unpack(payload);
const part = (key) => arrays[key].data;
const layers = Array.from({ length: 8 }, (_, i) => ({ kernel: part(`kernel_${i}`), bias: part(`bias_${i}`) }));
const cnn = assemble(part("kernels"), part("scales"), part("biases"), { side: 113, zero: [255, 255, 255], classes: 3 });
const rows = (name) => Array.from({ length: arrays[name].shape[0] }, (_, i) => {
  const size = part(name).length / arrays[name].shape[0];
  return part(name).subarray(i * size, (i + 1) * size);
});
const see = (picture) => {
  const work = steps(picture, cnn);
  for (let step = work.next(); ; step = work.next()) if (step.done) return step.value;
};
const perceptron = { minimum: part("minimum"), maximum: part("maximum"), layers };
answer({
  perceptron: rows("features").map((row) => Array.from(probabilities(row, perceptron))),
  squeezenet: rows("pictures").map((row) => Array.from(see(row))),
});
"""


@pytest.fixture(scope="module")
def content():
    return payload("simulated")


@pytest.fixture
def explorer(content):
    return lambda **settings: HorizontalToVertical(payload=content, **settings)


@pytest.mark.parametrize("length", [2, 8, 2048])
def test_transform_is_numpys(node, length):
    signal = np.random.default_rng(length).normal(size=length - 1)
    found = node(FFT, signal=signal.tolist(), length=length)
    expected = np.fft.rfft(signal, length)
    assert np.allclose(found["re"], expected.real, atol=1e-11)
    assert np.allclose(found["im"], expected.imag, atol=1e-11)
    assert np.allclose(found["back"], np.append(signal, 0), atol=1e-12)


def test_transform_refuses_other_lengths(node):
    script = 'import { rfft } from "SOURCE/fft.js";\ntry { rfft([1, 2, 3], 6) } catch (error) { answer(error.message) }'
    assert node(script) == "The length of a transform must be a power of two, not 6."


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"recording": "terrace", "smoothing_b": 100, "window_length_s": 10, "rejection": 1.5},
        {"recording": "pump", "smoothing_b": 80, "window_length_s": 60},
        {"recording": "sensor", "smoothing_b": 10, "window_length_s": 80, "reject": False},
        {"recording": "rock"},
    ],
)
def test_curve_sesame_and_inputs_are_pythons(node, content, explorer, state):
    shown = explorer(**state)
    found = node(CURVE, content, state=shown.state())
    spectra = shown.spectra()
    curve = hvsr.curve(spectra)
    assert found["kept"] == spectra.kept.tolist()
    assert np.allclose(found["mean"], curve.mean, rtol=1e-9)
    assert np.allclose(found["sigma"], curve.sigma_ln, rtol=1e-8)
    assert np.allclose(found["logs"], np.log(spectra.mean()), atol=1e-9)
    peak = shown.peak()
    if state.get("recording") == "rock":
        assert peak is None and shown.opinions() is None and found["peaks"] == []
        return
    table, f0_hz = hvsr.sesame(curve, peak["f0_hz"]), peak["f0_hz"]
    assert np.isclose(found["peaks"][0]["prominence"], peak["prominence"])
    assert [row["passed"] for row in found["sesame"]] == table["passed"].tolist()
    assert np.allclose([float(row["value"]) for row in found["sesame"]], table["value"], rtol=1e-8)
    assert [row["criterion"] for row in found["sesame"]] == table["criterion"].tolist()
    assert [row["threshold"] for row in found["sesame"]] == pytest.approx(table["threshold"].tolist(), rel=1e-8)
    assert found["passes"] == hvsr.passes(table)
    features = hvsr.features(spectra, f0_hz)
    assert np.allclose(found["features"], np.log(features), atol=1e-9)
    quantities = peak_rules.quantities(features[None])
    assert np.allclose(list(found["quantities"].values()), quantities.iloc[0], atol=1e-8)
    assert found["verdict"] == peak_rules.classify(quantities)["verdict"][0]
    picture = hvsr.shrunk(hvsr.draw(hvsr.peak_spectra(spectra, f0_hz, hvsr.PICTURE_SIZE))[None], 113)[0].ravel()
    assert np.abs(np.array(found["picture"]) - picture).max() <= 1, "a rounding apart"
    assert (np.array(found["picture"]) != picture).mean() < 1e-3


def test_a_horizontal_that_exceeds_the_other_counts_on_either_side(node):
    script = """
    import { quantities } from "SOURCE/hv_peak.js";
    const line = (ln) => Float64Array.from({ length: 30 }, () => ln);
    answer([[0.3, 0], [0, 0.3]].map(([ns, ew]) => quantities([line(ns), line(ew), line(0)]).horizontal_imbalance_ln));
    """
    assert node(script) == pytest.approx([0.3, 0.3])


def test_a_clear_peak_meets_five_of_six_and_a_reliable_one_all_three(node):
    script = """
    import { passes } from "SOURCE/hv_curve.js";
    answer(failed.map((numbers) => passes(Array.from({ length: 9 }, (_, i) => ({ passed: !numbers.includes(i) })))));
    """
    assert node(script, failed=[[], [4], [4, 7], [2]]) == [True, True, False, False]


def test_networks_are_keras(node):
    """On drawn peaks: the perceptron and the rounded SqueezeNet of the page against NumPy and Keras."""
    rng = np.random.default_rng(1)
    lines = np.exp(np.cumsum(rng.normal(0, 0.05, (4, 3, 227)), axis=2) + rng.uniform(0, 2, (4, 3, 1)))
    pictures = hv_peaks.pictures(lines)
    spectra = lines[:, :, ::7][:, :, :30].reshape(4, 90)
    own, _ = hv_networks.arrays()
    own = {name.split("_", 1)[1]: values for name, values in own.items()}
    found = node(NETWORKS, pack({}, own | {"features": np.log(spectra), "pictures": pictures.reshape(4, -1)}))
    expected = networks.predict(hv_networks.ANN, hv_peaks.as_table(spectra), "ignore")
    assert np.allclose(found["perceptron"], expected, atol=1e-6)
    expected = hv_networks.squeezenet_model().predict(pictures.astype("float32"), verbose=0)
    assert np.allclose(found["squeezenet"], expected, atol=1e-4)


def test_rounding_keeps_the_opinion():
    """Eight bits for each weight change no opinion on nineteen of twenty simulated pictures."""
    rng = np.random.default_rng(2)
    lines = np.exp(np.cumsum(rng.normal(0, 0.05, (40, 3, 227)), axis=2) + rng.uniform(0, 2, (40, 3, 1)))
    pictures = hv_peaks.pictures(lines).astype("float32")
    whole = networks.load(hv_networks.CNN).predict(pictures, verbose=0)
    rounded = hv_networks.squeezenet_model().predict(pictures, verbose=0)
    assert (whole.argmax(1) == rounded.argmax(1)).mean() >= 0.95


def test_rounding_to_eight_bits_keeps_weights_within_half_a_step():
    rng = np.random.default_rng(0)
    kernel, bias = rng.normal(size=(3, 3, 4, 5)).astype("float32"), np.arange(5, dtype="float32")
    kernel[..., 2] = 0
    small = hv_networks.quantized([kernel, bias])
    back = small["kernels"].reshape(kernel.shape) * small["scales"]
    assert (np.abs(back - kernel) <= small["scales"] * 0.5001).all()
    assert np.abs(small["kernels"]).max() == 127 and (back[..., 2] == 0).all()


def test_payload_carries_what_the_page_needs(content):
    meta, arrays = unpack(content)
    assert list(meta["recordings"]) == list(hv_recordings.SITES), "simulated data, no measured recording"
    assert len(content) * 4 / 3 < 1.35e6, "bytes of the payload as base64; scripts take the rest of 1.5 MB"
    assert arrays["samples_valley"].shape == (3, 12000)
    for told in meta["networks"].values():
        assert told["scores"][0]["records"] == 78 and "simulated" in told["faults"][0]
    json.dumps(meta, allow_nan=False)


def test_planted_causes_are_found_again(explorer):
    """Each simulated site shows the peak that it was made with."""
    for name, f0_hz in (("valley", 1.1), ("terrace", 3.2), ("pump", 2.3), ("sensor", 2.5)):
        assert abs(np.log(explorer(recording=name).peak()["f0_hz"] / f0_hz)) < 0.12, name


def test_measured_recording_has_the_peak_that_geopsy_finds(skip_unless_ci):
    """Half an hour of the same station, 0.708 Hz in Geopsy's file; eight minutes of it here."""
    try:
        shown = HorizontalToVertical("real", recording=hv_recordings.REAL, window_length_s=60)
    except (DataNotFound, DownloadFailed) as error:
        skip_unless_ci(str(error))
    assert abs(shown.peak()["f0_hz"] / 0.708 - 1) < 0.1
    about = unpack(bytes(shown.payload))[0]["recordings"][hv_recordings.REAL]
    assert not about["simulated"] and "License: GPL-3" in about["truth"]


def test_settings_are_refused_in_words(explorer):
    with pytest.raises(SettingRefused, match=r"window_length_s cannot be 5; it takes 10 to 80 s"):
        explorer(window_length_s=5)
    with pytest.raises(SettingRefused, match=r"recording cannot be 'mars'; choose among 'valley'"):
        explorer(recording="mars")
    with pytest.raises(DataNotFound, match=r"'texas' is not in this explorer. Run gmtools data fetch hvsr_recordings"):
        explorer(recording="texas").curve()


def test_two_windows_remain_whatever_is_moved(explorer):
    """The longest windows and the strictest rejection leave a curve, on every recording."""
    for name in hv_recordings.SITES:
        for length in (10, 40, 45, 60, 65, 80):
            shown = explorer(recording=name, window_length_s=length, smoothing_b=10, rejection=1.5)
            assert np.isfinite(shown.curve().sigma_ln).all()
    assert FREQUENCIES_HZ[0] > hv_recordings.LOWEST_HZ and TRANSFORM_LENGTH >= 80 * hv_recordings.RATE_HZ
