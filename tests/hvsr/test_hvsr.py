"""H/V on made-up noise whose spectra are known: what was planted is found, and what cannot work is refused."""

import numpy as np
import pytest
from scipy.signal import detrend
from scipy.signal.windows import tukey

from gmtools import hvsr
from gmtools.errors import GmtoolsError, NoPeak, RecordingUnusable

FREQUENCIES = np.geomspace(0.2, 24, 300)


def resonant(f0_hz=2.0, gain=8.0, duration_s=1260, rate=50.0, seed=0, width=0.1, ew_gain=None):
    """White noise on three components; the horizontal ones amplified around f0, bell-shaped in ln f."""
    rng = np.random.default_rng(seed)
    count = round(duration_s * rate)
    frequency_hz = np.fft.rfftfreq(count, 1 / rate)
    bell = np.exp(-0.5 * (np.log(np.maximum(frequency_hz, 1e-3) / f0_hz) / width) ** 2)
    gains = (gain, gain if ew_gain is None else ew_gain, 1)
    components = [np.fft.irfft(np.fft.rfft(rng.normal(size=count)) * (1 + (one - 1) * bell), count) for one in gains]
    return hvsr.Recording(*components, rate, "made up")


def settings(**changes):
    return hvsr.Settings(**{"frequencies_hz": FREQUENCIES, **changes})


@pytest.fixture(scope="module")
def recording():
    return resonant()


@pytest.fixture(scope="module")
def spectra(recording):
    return hvsr.spectra(recording, settings())


@pytest.fixture(scope="module")
def curve(spectra):
    return hvsr.curve(spectra)


def test_planted_resonance_is_found(curve):
    table = hvsr.peaks(curve)
    assert len(table) == 1
    assert table["f0_hz"][0] == pytest.approx(2, rel=0.08)
    assert table["amplitude"][0] == pytest.approx(8, rel=0.15)
    far = (curve.frequency_hz < 0.6) | (curve.frequency_hz > 7)
    np.testing.assert_allclose(curve.mean[far], 1, atol=0.25)


def test_windows_and_transform_equal_scipy_step_by_step(recording):
    """One window by hand: detrend, taper, transform, weighted mean."""
    one = settings(rejection_sd=None, frequencies_hz=np.array([3.0]))
    spectra = hvsr.spectra(recording, one)
    assert spectra.amplitude.shape == (3, 18, 1) and spectra.start_s[2] == 140
    window = recording.ew[2 * 3500 : 3 * 3500]
    raw = np.abs(np.fft.rfft(detrend(window) * tukey(3500, 0.1))) / 50
    weight = np.maximum(1 - np.abs(np.fft.rfftfreq(3500, 1 / 50) - 3) / 0.15, 0)
    assert spectra.component("ew")[2, 0] == pytest.approx((raw * weight).sum() / weight.sum(), rel=1e-10)


@pytest.mark.parametrize("smoothing", ["triangular", "konno_ohmachi", "none"])
def test_smoothing_keeps_a_flat_spectrum_and_covers_each_frequency(smoothing):
    weights = hvsr.smoothing_matrix(3500, 50.0, settings(smoothing=smoothing))
    np.testing.assert_allclose(np.asarray(weights.sum(axis=1)).ravel(), 1, rtol=1e-12)
    assert (weights.data >= 0).all()
    bins = np.arange(weights.shape[1]) * 50 / 3500
    center = weights @ bins
    np.testing.assert_allclose(center[FREQUENCIES > 1], FREQUENCIES[FREQUENCIES > 1], rtol=0.02)


def test_konno_ohmachi_is_their_equation_four():
    weights = hvsr.smoothing_matrix(3500, 50.0, settings(smoothing="konno_ohmachi", bandwidth=20)).toarray()[200]
    bins = np.arange(1, weights.size) * 50 / 3500
    x = 20 * np.log10(bins / FREQUENCIES[200])
    expected = np.where(np.abs(x) < np.pi, (np.sin(x) / x) ** 4, 0)
    np.testing.assert_allclose(weights[1:], expected / expected.sum(), atol=1e-12)


def test_without_smoothing_a_frequency_between_bins_is_interpolated():
    weights = hvsr.smoothing_matrix(3500, 50.0, settings(smoothing="none", frequencies_hz=np.array([1.0, 10.005])))
    row = weights.toarray()[1]
    step = 50 / 3500
    assert np.flatnonzero(row).tolist() == [700, 701]
    assert row[701] == pytest.approx(10.005 / step - 700)


def test_loud_windows_are_rejected():
    quiet = resonant()
    loud = quiet.ns.copy()
    loud[5 * 3500 : 6 * 3500] *= 30
    noisy = hvsr.spectra(hvsr.Recording(loud, quiet.ew, quiet.vt, 50.0), settings())
    assert not noisy.kept[5] and noisy.kept.sum() >= 14
    assert hvsr.spectra(quiet, settings(rejection_sd=None)).kept.all()
    cleaned, raw = hvsr.curve(noisy), hvsr.curve(hvsr.spectra(hvsr.Recording(loud, quiet.ew, quiet.vt, 50.0),
                                                              settings(rejection_sd=None)))  # fmt: skip
    assert cleaned.sigma_ln.mean() < 0.7 * raw.sigma_ln.mean()
    assert cleaned.n_windows == noisy.kept.sum()


def test_mean_and_spread_are_lognormal(spectra, curve):
    ratio = np.sqrt(spectra.component("ns") * spectra.component("ew")) / spectra.component("vt")
    kept = np.log(ratio[spectra.kept])
    np.testing.assert_allclose(curve.mean, np.exp(kept.mean(axis=0)))
    np.testing.assert_allclose(curve.sigma_ln, kept.std(axis=0, ddof=1))


def test_combining_raw_horizontals_before_smoothing_moves_white_noise_by_the_rayleigh_factors():
    """For Rayleigh amplitudes a and b with mean 1: E sqrt(ab) = 0.927, E sqrt((a² + b²) / 2) = 1.061."""
    white = resonant(gain=1.0, duration_s=2520)
    high = settings(frequencies_hz=np.geomspace(5, 20, 50))
    after = hvsr.curve(hvsr.spectra(white, high)).mean.mean()
    for horizontal, factor in (("geometric_mean", 0.927), ("squared_average", 1.061)):
        before = settings(horizontal=horizontal, combine_before_smoothing=True, frequencies_hz=high.frequencies_hz)
        assert hvsr.curve(hvsr.spectra(white, before)).mean.mean() / after == pytest.approx(factor, abs=0.012)


def test_prominence_keeps_comparable_peaks_only(curve):
    frequency_hz = curve.frequency_hz

    def bumps(*peaks):
        mean = 1 + sum(a * np.exp(-0.5 * (np.log(frequency_hz / f) / 0.12) ** 2) for f, a in peaks)
        return hvsr.Curve(frequency_hz, mean, np.full_like(mean, 0.1), 30, 70.0, windows=np.tile(mean, (30, 1)))

    table = hvsr.peaks(bumps((0.6, 4), (2, 5), (6, 3)))
    np.testing.assert_allclose(table["f0_hz"], [2, 0.6], rtol=0.02)
    np.testing.assert_allclose(table["prominence"], [5, 4], rtol=0.02)
    assert len(hvsr.peaks(bumps((0.5, 4), (1.2, 5), (3, 4.2), (8, 4.4)))) == 3
    with pytest.raises(NoPeak, match=r"no peak between 0.4 and 12 Hz is more prominent than 0.5; H/V is 1.00 to 1.30"):
        hvsr.peaks(bumps((2, 0.3)))
    with pytest.raises(NoPeak, match=r"none of 1 peaks passes .* at 2.01 Hz fails clarity 1, clarity 2, clarity 3"):
        hvsr.peaks(bumps((2, 0.7)))
    assert not hvsr.peaks(bumps((2, 0.7)), require_sesame=False)["sesame"].any()


def test_white_noise_has_no_peak():
    with pytest.raises(NoPeak, match="flat curve"):
        hvsr.peaks(hvsr.curve(hvsr.spectra(resonant(gain=1.0), settings(frequencies_hz=np.geomspace(1, 20, 200)))))


@pytest.mark.parametrize(("f0_hz", "judged"), [(0.35, False), (0.45, True), (9.0, True), (12.0, False)])
def test_a_peak_whose_neighborhood_leaves_the_curve_is_not_judged(f0_hz, judged):
    frequency_hz = np.geomspace(0.2, 20, 800)
    mean = 1 + 4 * np.exp(-0.5 * (np.log(frequency_hz / f0_hz) / 0.1) ** 2)
    curve = hvsr.Curve(frequency_hz, mean, np.full_like(mean, 0.1), 60, 70.0)
    if judged:
        assert hvsr.peaks(curve, require_sesame=False)["f0_hz"][0] == pytest.approx(f0_hz, rel=0.01)
    else:
        with pytest.raises(NoPeak, match=r"no peak between 0\.4 and 10 Hz"):
            hvsr.peaks(curve, require_sesame=False)


def test_the_spread_of_the_windows_peaks_is_that_of_a_sample():
    frequency_hz = np.array([0.4, 1.0, 2.0, 3.0, 4.0, 9.0])
    windows = np.array([[9, 1, 2, 1, 1, 9], [9, 1, 1, 2, 1, 9.0]])  # tops at 2 and 3 Hz; those outside are others'
    curve = hvsr.Curve(frequency_hz, windows.mean(axis=0), np.ones(6), 2, 70.0, windows)
    assert curve.peak_sd_hz(2.0) == pytest.approx(np.sqrt(0.5))


def test_sesame_table_says_value_threshold_and_verdict(curve):
    table = hvsr.sesame(curve, 2.0)
    assert list(table.index) == [*(f"reliability {i}" for i in (1, 2, 3)), *(f"clarity {i}" for i in range(1, 7))]
    assert table.loc["reliability 1", "threshold"] == pytest.approx(10 / 70)
    assert table.loc["reliability 2", "value"] == pytest.approx(
        70 * curve.n_windows * table.loc["reliability 1", "value"]
    )
    assert hvsr.passes(table)
    few = hvsr.Curve(curve.frequency_hz, curve.mean, curve.sigma_ln, 1, 70.0, curve.windows)
    table = hvsr.sesame(few, 2.0)
    assert not table.loc["reliability 2", "passed"] and not hvsr.passes(table)


@pytest.mark.parametrize(
    ("f0", "epsilon", "theta"), [(0.15, 0.25, 3), (0.4, 0.2, 2.5), (0.9, 0.15, 2), (1.5, 0.1, 1.78), (8, 0.05, 1.58)]
)
def test_sesame_limits_depend_on_frequency(f0, epsilon, theta):
    frequency_hz = np.geomspace(0.01, 50, 4000)
    mean = 1 + 4 * np.exp(-0.5 * (np.log(frequency_hz / f0) / 0.2) ** 2)
    table = hvsr.sesame(hvsr.Curve(frequency_hz, mean, np.full_like(mean, 0.3), 60, 70.0), f0)
    assert table.loc["clarity 5", "threshold"] == pytest.approx(epsilon * f0, rel=2e-3)
    assert table.loc["clarity 6", "threshold"] == theta
    assert table.loc["reliability 3", "threshold"] == (2 if f0 > 0.5 else 3)
    assert np.isnan(table.loc["clarity 5", "value"]) and not table.loc["clarity 5", "passed"]


def test_the_curves_of_both_signs_must_peak_at_f0():
    frequency_hz = np.geomspace(0.5, 8, 400)
    x = np.log(frequency_hz / 2)
    mean, bump = 1 + 4 * np.exp(-0.5 * (x / 0.15) ** 2), 0.9 * np.exp(-0.5 * (x / 0.1) ** 2)
    for sigma_ln, passed in (
        (0.1 + 0 * x, True),
        (0.1 + bump, False),
        (1 - bump, False),
    ):  # scatter on the peak, beside
        table = hvsr.sesame(hvsr.Curve(frequency_hz, mean, sigma_ln, 60, 70.0), 2.0)
        assert table.loc["clarity 4", "passed"] == passed


def test_a_clear_peak_meets_five_of_six_and_a_reliable_one_all_three(curve):
    table = hvsr.sesame(curve, 2.0).assign(passed=True)
    for failed, passes in ((["clarity 2"], True), (["clarity 2", "clarity 5"], False), (["reliability 3"], False)):
        assert hvsr.passes(table.assign(passed=~table.index.isin(failed))) is passes


def test_features_are_scaled_and_ordered(spectra):
    values = hvsr.features(spectra, 2.0).reshape(3, 30)
    assert values[2].min() == pytest.approx(1, abs=0.05) and values[2].min() >= 1
    grid = np.geomspace(1, 4, 30)
    direct = [np.exp(np.interp(np.log(grid), np.log(FREQUENCIES), np.log(row))) for row in spectra.mean()]
    np.testing.assert_allclose(values / values[0, 0], np.array(direct) / direct[0][0])
    assert values[:2, 14:16].mean() > 3 * values[:2, [0, -1]].mean()
    louder = hvsr.Spectra(FREQUENCIES, spectra.amplitude * 1e6, spectra.horizontal, spectra.start_s, spectra.kept,
                          spectra.settings)  # fmt: skip
    np.testing.assert_allclose(hvsr.features(louder, 2.0).reshape(3, 30), values)
    with pytest.raises(
        GmtoolsError, match=r"window 10 to 40 Hz of a peak at 20 Hz leaves the spectra, which cover 0.2"
    ):
        hvsr.features(spectra, 20.0)


def test_picture_shows_the_lines_where_they_belong(spectra):
    picture = hvsr.draw(hvsr.peak_spectra(spectra, 2.0, 227))
    assert picture.shape == (227, 227, 3) and picture.dtype == np.uint8
    lines = np.array([np.full(227, 16.0), np.geomspace(1, 100, 227), np.full(227, 1.0)])
    drawn = hvsr.draw(lines)
    blue, green = drawn[:, 20] == [0, 114, 178], drawn[:, 20] == [0, 158, 115]
    # 16 is five sixths of the way from 0.5 to 32, 1 is one sixth.
    assert np.flatnonzero(blue.all(axis=1)).mean() == pytest.approx(227 / 6, abs=1.5)
    assert np.flatnonzero(green.all(axis=1)).mean() == pytest.approx(227 * 5 / 6, abs=2)
    assert (drawn[100, 20] == 255).all()
    assert (drawn[0:3, -1].sum(axis=1) < 500).any(), "beyond the range the line runs along the edge"
    assert ((drawn < 250).any(axis=2).sum(axis=0) >= 5).all(), "no line has a hole"


def test_short_recordings_are_refused_or_taken_knowingly():
    short = resonant(duration_s=600)
    with pytest.raises(RecordingUnusable, match=r"made up lasts 600 s, 1200 s are needed.*minimum_duration_s"):
        hvsr.spectra(short, settings())
    assert hvsr.spectra(short, settings(minimum_duration_s=600)).kept.size == 8
    with pytest.raises(RecordingUnusable, match="140 s are needed"):
        hvsr.spectra(resonant(duration_s=100), settings(minimum_duration_s=0))


def test_frequencies_above_half_the_sampling_rate_are_refused(recording):
    with pytest.raises(
        RecordingUnusable, match=r"sampled at 50 Hz and knows nothing above 25 Hz; the settings ask for 50 Hz"
    ):
        hvsr.spectra(recording)


def test_dead_channels(recording):
    with pytest.raises(RecordingUnusable, match=r"plain: vt is 7 throughout"):
        hvsr.Recording(recording.ns, recording.ew, np.full(recording.ns.size, 7), 50.0, "plain")
    dying = recording.ew.copy()
    dying[8 * 3500 :] = -2
    with pytest.raises(RecordingUnusable, match=r"ew does not move between 560 and 630 s"):
        hvsr.spectra(hvsr.Recording(recording.ns, dying, recording.vt, 50.0), settings())


def test_recordings_that_are_none(recording):
    with pytest.raises(RecordingUnusable, match=r"'ns': 63000, 'ew': 63000, 'vt': 62999"):
        hvsr.Recording(recording.ns, recording.ew, recording.vt[1:], 50.0)
    holed = recording.ns.copy()
    holed[100:150] = np.nan
    with pytest.raises(RecordingUnusable, match=r"50 samples of ns are no numbers, the first at 2.00 s"):
        hvsr.Recording(holed, recording.ew, recording.vt, 50.0)
    with pytest.raises(RecordingUnusable, match="rate of 0 Hz"):
        hvsr.Recording(recording.ns, recording.ew, recording.vt, 0)


def test_settings_that_are_none():
    with pytest.raises(GmtoolsError, match="smoothing is 'parzen'; choose among triangular, konno_ohmachi, none"):
        hvsr.Settings(smoothing="parzen")
    with pytest.raises(GmtoolsError, match="horizontal is 'north'"):
        hvsr.Settings(horizontal="north")
    with pytest.raises(GmtoolsError, match="positive and ascending"):
        hvsr.Settings(frequencies_hz=[0, 1, 2])
    with pytest.raises(GmtoolsError, match=r"No frequency lies in \(0.2, 20.0\) Hz"):
        hvsr.Settings(frequencies_hz=[21, 22])


def test_frequencies_that_windows_do_not_know(recording):
    with pytest.raises(GmtoolsError, match=r"Windows of 4 s know nothing below 0.25 Hz; the settings ask for 0.2 Hz"):
        hvsr.spectra(recording, settings(window_length_s=4))
    short = settings(window_length_s=5, smoothing="konno_ohmachi")
    with pytest.raises(GmtoolsError, match=r"No frequency of the transform, 0.2 Hz apart, lies .* at 0.24\d* Hz"):
        hvsr.spectra(recording, short)
    with pytest.raises(GmtoolsError, match=r"transform_length 100 is less than the 3500 samples of a window at 50 Hz"):
        hvsr.spectra(recording, settings(transform_length=100))
    longer = settings(window_length_s=5, smoothing="konno_ohmachi", transform_length=2000)
    assert np.isfinite(hvsr.curve(hvsr.spectra(recording, longer)).mean).all()


def test_too_strict_a_rejection_is_refused(recording):
    with pytest.raises(RecordingUnusable, match=r"0 of 18 windows are within 0.01 standard deviations"):
        hvsr.spectra(recording, settings(rejection_sd=0.01))
