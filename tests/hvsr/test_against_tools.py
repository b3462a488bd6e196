"""The same curves and verdicts as Geopsy and hvsrpy, on the recordings that hvsrpy publishes."""

import numpy as np
import pytest

from gmtools import hvsr
from gmtools.data import catalog
from gmtools.data.readers import geopsy_curve, microtremor

DATA = "hvsr_recordings"
pytestmark = pytest.mark.skipif(not catalog.available(DATA), reason=f"GMTOOLS_DATA names no folder with {DATA}")
PAIRS = {"C50": "UT_STN11_c050", "C150": "UT_STN11_c150"}
GEOPSY = {
    "window_length_s": 60.0,
    "smoothing": "konno_ohmachi",
    "bandwidth": 40,
    "rejection_sd": None,
    "horizontal": "squared_average",
    "combine_before_smoothing": True,
}


@pytest.fixture(scope="module")
def hvsrpy():
    pytest.importorskip("hvsrpy.sesame", reason="hvsrpy is installed for tests only")
    return pytest.importorskip("hvsrpy")


@pytest.fixture(scope="module")
def files():
    return catalog.find(DATA)


@pytest.fixture(scope="module")
def recordings(files):
    return {name: microtremor.read(files[f"hvsr/recordings/UT.STN11.A2_{name}.miniseed"]) for name in PAIRS}


@pytest.mark.parametrize("name", PAIRS)
def test_curve_of_geopsy(files, recordings, name):
    """f0 within 1 %, the curve within 5 % from 0.3 to 20 Hz; measured: 0.3 %, and 1.8 and 2.2 %."""
    theirs = geopsy_curve.read(files[f"hvsr/geopsy/{PAIRS[name]}.hv"], 60.0)
    ours = hvsr.curve(hvsr.spectra(recordings[name], hvsr.Settings(frequencies_hz=theirs.frequency_hz, **GEOPSY)))
    band = (theirs.frequency_hz >= 0.3) & (theirs.frequency_hz <= 20)
    np.testing.assert_allclose(ours.mean[band], theirs.mean[band], rtol=0.05)
    f0 = theirs.frequency_hz[[ours.mean.argmax(), theirs.mean.argmax()]]
    assert f0[0] == pytest.approx(f0[1], rel=0.01)
    assert ours.n_windows == theirs.n_windows
    np.testing.assert_allclose(ours.sigma_ln[band], theirs.sigma_ln[band], atol=0.05)


def theirs_of(hvsrpy, path, frequencies_hz, horizontal):
    before = hvsrpy.settings.HvsrPreProcessingSettings(window_length_in_seconds=60.0, detrend="linear")
    smoothing = {"operator": "konno_and_ohmachi", "bandwidth": 40, "center_frequencies_in_hz": frequencies_hz}
    process = hvsrpy.settings.HvsrTraditionalProcessingSettings(
        window_type_and_width=["tukey", 0.1], smoothing=smoothing, method_to_combine_horizontals=horizontal
    )
    return hvsrpy.process(hvsrpy.preprocess(hvsrpy.read([[str(path)]]), before), process)


@pytest.mark.parametrize(
    ("horizontal", "padded", "tolerance"),
    [("geometric_mean", 32768, 0.001), ("squared_average", 32768, 0.001), ("geometric_mean", 12000, 0.01)],
)
def test_curve_of_hvsrpy(hvsrpy, files, recordings, horizontal, padded, tolerance):
    """hvsrpy pads its windows with zeros to 32,768 samples; twice their own length is enough for 1 %."""
    frequencies_hz = np.geomspace(0.2, 45, 128)
    theirs = theirs_of(hvsrpy, files["hvsr/recordings/UT.STN11.A2_C150.miniseed"], frequencies_hz, horizontal)
    settings = {**GEOPSY, "horizontal": horizontal, "frequencies_hz": frequencies_hz, "transform_length": padded}
    ours = hvsr.curve(hvsr.spectra(recordings["C150"], hvsr.Settings(**settings)))
    np.testing.assert_allclose(ours.mean, theirs.mean_curve("lognormal"), rtol=tolerance)
    np.testing.assert_allclose(ours.sigma_ln, theirs.std_curve("lognormal"), atol=2 * tolerance)


@pytest.mark.parametrize("f0_sd_hz", [0.02, 0.14])
@pytest.mark.parametrize("name", ["ex4", "UT_STN11_c050", "UT_STN11_c150"])
@pytest.mark.parametrize(("window_length_s", "n_windows"), [(60.0, 60), (12.0, 20)])
def test_verdicts_of_hvsrpy(hvsrpy, files, name, f0_sd_hz, window_length_s, n_windows):
    read = geopsy_curve.read(files[f"hvsr/geopsy/{name}.hv"], window_length_s)
    curve = hvsr.Curve(read.frequency_hz, read.mean, read.sigma_ln, n_windows, window_length_s, f0_sd_hz=f0_sd_hz)
    arrays = (curve.frequency_hz, curve.mean, curve.sigma_ln)
    reliable = hvsrpy.sesame.reliability(window_length_s, n_windows, *arrays, verbose=0)
    clear = hvsrpy.sesame.clarity(*arrays, f0_sd_hz, verbose=0)
    ours = hvsr.sesame(curve, curve.frequency_hz[curve.mean.argmax()])
    assert ours["passed"].astype(int).tolist() == [*reliable.astype(int), *clear.astype(int)]


def test_study_settings_find_the_peak_of_both_recordings(recordings):
    for recording in recordings.values():
        table = hvsr.peaks(hvsr.curve(hvsr.spectra(recording)), require_sesame=False)
        assert table["f0_hz"][0] == pytest.approx(0.70, rel=0.03) and len(table) == 1
