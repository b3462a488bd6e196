from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gmtools import hvsr
from gmtools.errors import GmtoolsError
from gmtools.simulate import microtremor, microtremor_noise
from gmtools.simulate.microtremor import CALIFORNIA, CALM, ITALY, Fault, Machine, Site, Structure, layer

FREQUENCY_HZ = np.geomspace(0.1, 40, 1200)
QUIET = replace(CALM, self_noise_m_s=0.0)
GROUND = (layer(2.0, 5.0),)
FLAT = (layer(2.0, 1.0),)
LINE = Machine(3.3, strength=(150.0, 90.0, 20.0), drift=2e-4)
DISTURBED = Site(
    (layer(2.0, 3.0), layer(2.3, 4.0)),
    azimuth_deg=30,
    body_share=0.4,
    machines=(replace(LINE, frequency_hz=5.0, harmonics=(1.0, 0.3)),),
    structures=(Structure(8.0, 0.03, 60.0, 6.0),),
    faults=(Fault("amplified_component", 14.0, (6.0, 1.0, 1.0), 0.3), Fault("tilt", 0.6, (4.0, 1.0, 0.1))),
    transient_rate=0.05,
)


@pytest.fixture(scope="module")
def few():
    return microtremor.labelled_peaks(ITALY, dict.fromkeys(microtremor.LABELS, 5), seed=4)


def top(frequency_hz, values, low, high):
    inside = (frequency_hz > low) & (frequency_hz < high)
    return frequency_hz[inside][values[inside].argmax()]


def half_power_width(frequency_hz, values, center):
    """Width (Hz) around the maximum nearest to ``center`` where the power has halved."""
    near = np.flatnonzero(np.abs(frequency_hz / center - 1) < 0.3)
    peak = near[values[near].argmax()]
    low = values < values[peak] / np.sqrt(2)
    left, right = np.flatnonzero(low[:peak])[-1], peak + np.flatnonzero(low[peak:])[0]
    return frequency_hz[right] - frequency_hz[left]


@pytest.mark.parametrize("poisson_ratio", [0.33, 0.4, 0.45])
def test_one_dimensional_ground_has_a_vertical_trough_at_f0_and_a_maximum_near_its_double(poisson_ratio):
    site = Site((layer(2.0, 5.0, poisson_ratio),), body_share=0.0)
    first, second, vertical = microtremor.ground_amplitude(site, FREQUENCY_HZ)
    np.testing.assert_array_equal(first, second)
    assert top(FREQUENCY_HZ, -vertical, 1, 3) == pytest.approx(2.0, rel=0.05)
    assert 1.6 < top(FREQUENCY_HZ, vertical, 2, 6) / 2.0 < 2.3
    assert vertical.min() < 0.5 and 0.9 < first[np.abs(FREQUENCY_HZ / 2 - 1) < 0.1].min() < 1.3


def test_body_waves_make_a_horizontal_maximum():
    first, _, vertical = microtremor.ground_amplitude(Site(GROUND, body_share=1.0), FREQUENCY_HZ)
    assert top(FREQUENCY_HZ, first, 1, 3) == pytest.approx(2.0, rel=0.02)
    assert first.max() > 3 and vertical[FREQUENCY_HZ < 3].min() > 0.9


@pytest.mark.parametrize("f0_hz", [0.6, 2.0, 7.0])
def test_planted_f0_is_found(f0_hz):
    site = Site((layer(f0_hz, 5.0),), body_share=0.3)
    recording, why = microtremor.recording(site, QUIET, seed=2, duration_s=3600)
    peaks = hvsr.peaks(hvsr.curve(hvsr.spectra(recording)), require_sesame=False)
    assert why[0].label == "stratigraphic" and why[0].frequency_hz == pytest.approx(f0_hz, rel=0.04)
    assert peaks["f0_hz"][0] == pytest.approx(f0_hz, rel=0.03)
    assert peaks["amplitude"][0] == pytest.approx(why[0].ratio, rel=0.25)


def along(recording, azimuth_deg):
    """H/V of one horizontal direction, degrees clockwise from north."""
    azimuth = np.radians(azimuth_deg)
    one = recording.ns * np.cos(azimuth) + recording.ew * np.sin(azimuth)
    return hvsr.curve(hvsr.spectra(hvsr.Recording(one, one, recording.vt, recording.sampling_rate_hz)))


def test_two_dimensional_ground_peaks_at_different_frequencies_in_its_two_directions():
    site = Site((layer(2.0, 5.0), layer(2.8, 5.0)), body_share=0.5, azimuth_deg=40)
    recording, _ = microtremor.recording(site, QUIET, seed=1)
    tops = [top(curve.frequency_hz, curve.mean, 1, 5) for curve in (along(recording, 40.0), along(recording, 130.0))]
    np.testing.assert_allclose(tops, [2.0, 2.8], rtol=0.06)


def test_line_is_as_narrow_as_the_window_allows_and_ground_is_broad():
    raw = hvsr.Settings(smoothing="none", frequencies_hz=np.arange(35, 1400) / 70)
    recording, _ = microtremor.recording(Site(GROUND, body_share=1.0, machines=(LINE,)), QUIET, seed=3)
    spectra = hvsr.spectra(recording, raw)
    east_west = spectra.mean()[1]
    assert top(spectra.frequency_hz, east_west, 3, 3.6) == pytest.approx(3.3, abs=1 / 70)
    assert half_power_width(spectra.frequency_hz, east_west, 3.3) < 4 / 70
    ground = microtremor.ground_amplitude(Site(GROUND, body_share=1.0), FREQUENCY_HZ)[0]
    assert half_power_width(FREQUENCY_HZ, ground, 2.0) > 0.15 * 2.0


def test_line_has_its_strength():
    recording, (line, *_) = microtremor.recording(Site(FLAT, body_share=0, machines=(LINE,)), QUIET, seed=3)
    ratio = hvsr.curve(hvsr.spectra(recording))
    assert line.source == "machine" and np.interp(3.3, ratio.frequency_hz, ratio.mean) == pytest.approx(
        line.ratio, rel=0.2
    )


def test_structure_moves_in_its_direction():
    site = Site(FLAT, structures=(Structure(4.0, 0.02, 60.0, 10.0),))
    recording, _ = microtremor.recording(site, QUIET, seed=5)
    curves = along(recording, 60.0), along(recording, 150.0)
    in_it, across = (np.interp(4.0, c.frequency_hz, c.mean) for c in curves)
    assert in_it > 3 and across < 1.5


@pytest.mark.parametrize(
    ("fault", "at_hz", "raised"),
    [
        (Fault("amplified_component", 3.0, (8.0, 1.5, 1.0), 0.3), 3.0, [8, 1.5, 1]),
        (Fault("coupling", 6.0, (5.0, 3.0, 1.0)), 6.0, [5.1, 3.16, 1]),
        (Fault("tilt", 0.8, (8.0, 3.0, 0.0)), 0.4, [6.5, 2.6, 1]),
    ],
)
def test_faults_raise_their_components(fault, at_hz, raised):
    sound, _ = microtremor.spectra(Site(FLAT), QUIET, seed=1, duration_s=7000)
    faulty, _ = microtremor.spectra(Site(FLAT, faults=(fault,)), QUIET, seed=1, duration_s=7000)
    near = np.abs(sound.frequency_hz / at_hz - 1) < 0.05
    gain = np.exp(np.log(faulty.amplitude / sound.amplitude)[..., near].mean(axis=(1, 2)))
    np.testing.assert_allclose(gain, raised, rtol=0.12)


def test_bursts_widen_the_spread_and_are_rejected():
    site = Site(GROUND, transient_rate=0.1)
    every = hvsr.Settings(rejection_sd=None)
    clean, _ = microtremor.spectra(replace(site, transient_rate=0.0), CALM, seed=8, settings=every)
    dirty, _ = microtremor.spectra(site, CALM, seed=8, settings=every)
    level = np.log(dirty.amplitude / clean.amplitude).mean(axis=(0, 2))
    assert 1 <= (level > 0.2).sum() <= 5 and np.median(level) == 0
    assert not microtremor.spectra(site, CALM, seed=8)[0].kept[level.argmax()]
    assert (hvsr.curve(dirty).sigma_ln / hvsr.curve(clean).sigma_ln).max() > 1.3


@pytest.mark.parametrize("country", [QUIET, CALIFORNIA], ids=lambda country: country.name)
def test_window_spectra_agree_with_those_of_the_recording(country):
    """Random noise differs between the routes, levels do not: 30 windows, each with 4 bins or more in a triangle."""
    recording, why = microtremor.recording(DISTURBED, country, seed=6, duration_s=2100)
    slow = hvsr.spectra(recording)
    fast, same = microtremor.spectra(DISTURBED, country, seed=6, duration_s=2100)
    assert why == same and slow.amplitude.shape == fast.amplitude.shape == (3, 30, 1024)
    band = (slow.frequency_hz > 1) & (slow.frequency_hz < 30)
    difference = np.log(slow.mean() / fast.mean())[:, band]
    assert np.abs(difference.mean(axis=1)).max() < 0.025 and difference.std(axis=1).max() < 0.05
    a, b = hvsr.curve(slow), hvsr.curve(fast)
    assert np.median(a.sigma_ln[band]) == pytest.approx(np.median(b.sigma_ln[band]), rel=0.05)
    assert np.log(a.mean / b.mean)[band].std() < 0.06


def test_same_seed_same_noise():
    one, two, other = (microtremor.recording(DISTURBED, ITALY, seed, 1200)[0].components() for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert one.shape == (3, 1200 * 128) and not np.array_equal(one, other)


def test_background_is_petersons():
    from obspy.signal.spectral_estimation import get_nhnm, get_nlnm

    for model, nodes in ((get_nlnm, microtremor_noise.LOW_NOISE_DB), (get_nhnm, microtremor_noise.HIGH_NOISE_DB)):
        period_s, decibel = model()
        np.testing.assert_allclose(
            np.interp(np.log(1 / microtremor_noise.PETERSON_HZ), np.log(period_s[::-1]), decibel[::-1]), nodes, atol=0.1
        )


def test_counts_are_exact_and_truth_is_attached(few):
    table, features, lines = few
    assert table["label"].value_counts().to_dict() == dict.fromkeys(microtremor.LABELS, 5)
    assert features.shape == (15, 90) and lines.shape == (15, 3, 227)
    assert table["sesame"].all() and (features[:, 60:] >= 1).all()
    assert (table["f0_hz"] / table["true_f0_hz"]).between(0.35, 2.8).all()
    ground = table[table["cause"] == "ground"]
    assert (ground["label"] == "stratigraphic").all()
    assert np.abs(np.log(ground["f0_hz"] / ground["true_f0_hz"])).max() <= 0.2


def test_countries_have_the_mixtures_of_the_study():
    assert list(ITALY.counts.values()) == [87, 87, 87] and sum(ITALY.counts.values()) == 261
    assert list(CALIFORNIA.counts.values()) == [196, 12, 12]


def test_seeds_reproduce_and_recordings_do_not_depend_on_how_many_are_drawn(few):
    table, features, _ = few
    again, same, _ = microtremor.labelled_peaks(ITALY, dict.fromkeys(microtremor.LABELS, 5), seed=4)
    pd.testing.assert_frame_equal(table, again)
    np.testing.assert_array_equal(features, same)
    fewer, _, _ = microtremor.labelled_peaks(ITALY, dict.fromkeys(microtremor.LABELS, 2), seed=4)
    merged = fewer.merge(table, how="left", indicator=True)
    assert len(merged) == 6 and (merged["_merge"] == "both").all()
    site, sequence = microtremor.numbered_site(ITALY, int(table["recording"][0]), seed=4)
    windows, _ = microtremor.spectra(site, ITALY, sequence)
    np.testing.assert_array_equal(features[0], hvsr.features(windows, table["f0_hz"][0]))


def test_the_strongest_cause_within_tolerance_names_a_peak():
    why = microtremor.causes(Site(GROUND, body_share=0.3, machines=(replace(LINE, frequency_hz=2.2),)))
    assert microtremor.cause_of(2.2, why).source == "machine"
    assert microtremor.cause_of(1.9, why).source == "ground"
    weak = microtremor.causes(Site(GROUND, body_share=0.3, machines=(Machine(2.2, (3.0, 3.0, 1.0)),)))
    assert microtremor.cause_of(2.2, weak).source == "ground"
    assert microtremor.cause_of(4.0, why) is None


@pytest.mark.parametrize("country", (microtremor.ITALY, microtremor.CALIFORNIA), ids=lambda country: country.name)
def test_every_kind_can_be_drawn_and_can_cause_its_label(country):
    for number, (kind, label) in enumerate(microtremor.KINDS.items()):
        site = microtremor.draw_site(country, np.random.default_rng(number), kind)
        assert site.kind == kind and label in {cause.label for cause in microtremor.causes(site)}


def test_double_peaks_come_from_two_layers():
    profile = microtremor.two_layers(1.0, 1.8, (3.0, 3.0))
    lower, upper, *_ = microtremor.causes(Site((profile,), body_share=0.2))
    assert lower.frequency_hz == pytest.approx(0.87, rel=0.05) and upper.frequency_hz == pytest.approx(1.86, rel=0.05)
    assert lower.ratio > 2 and upper.ratio > 2


def test_wrong_requests_are_refused():
    with pytest.raises(GmtoolsError, match="'karst' is no kind of site; choose among one_dimensional"):
        microtremor.draw_site(ITALY, np.random.default_rng(0), "karst")
    with pytest.raises(GmtoolsError, match="'odd' is no label; choose among stratigraphic"):
        microtremor.labelled_peaks(ITALY, {"odd": 1})
    with pytest.raises(GmtoolsError, match=r"window_length_s=30, .* Give a recording\(\)"):
        microtremor.spectra(Site(GROUND), ITALY, settings=hvsr.Settings(window_length_s=30))
    with pytest.raises(GmtoolsError, match=r"Poisson's ratio 0\.5: .* in \[0, 0\.5\)"):
        layer(1.0, 3.0, 0.5)
    barren = replace(ITALY, shares={"one_dimensional": 1.0})
    with pytest.raises(GmtoolsError, match=r"Italy: still missing \{'other': 1\}"):
        microtremor.labelled_peaks(barren, {"other": 1})
