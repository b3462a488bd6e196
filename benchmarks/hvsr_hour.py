"""H/V of an hour at 200 Hz with three components in gmtools against hvsrpy: same windows, same smoothing.

Run ``python benchmarks/hvsr_hour.py`` in an environment with hvsrpy (it comes with ``pip install "gmtools[test]"``).
Windows of 60 s, 5 % cosine taper at each end, Konno and Ohmachi's smoothing with b = 40, geometric mean of the raw
horizontal spectra, no rejection. hvsrpy pads its windows with zeros to 32,768 samples whatever their length; gmtools is
timed with the windows' own 12,000 samples, with twice as many, which is enough for the curves to agree within 1 %, and
with 32,768. The recording is random noise, because the time does not depend on what was recorded; H/V of white noise
differs most where few bins are averaged. Printed are CPU seconds, the smallest of several runs by turns, which other
processes on the machine disturb least; the first run of each, with compilation, is left out. gmtools keeps the
smoothing matrix for the next recording, so its timed runs find it made; the time with making it is printed too.
"""

import argparse
import os
import time

import hvsrpy
import numpy as np

from gmtools import hvsr

RATE = 200.0
WINDOW_S = 60.0


def gmtools_curve(recording, frequencies_hz, padded):
    """Mean H/V and its standard deviation in ln, (n_frequencies,) each."""
    settings = hvsr.Settings(
        window_length_s=WINDOW_S,
        smoothing="konno_ohmachi",
        frequencies_hz=frequencies_hz,
        rejection_sd=None,
        combine_before_smoothing=True,
        transform_length=padded,
    )
    curve = hvsr.curve(hvsr.spectra(recording, settings))
    return curve.mean, curve.sigma_ln


def hvsrpy_curve(recording, frequencies_hz):
    """The same with hvsrpy."""
    before = hvsrpy.settings.HvsrPreProcessingSettings(window_length_in_seconds=WINDOW_S, detrend="linear")
    smoothing = {"operator": "konno_and_ohmachi", "bandwidth": 40, "center_frequencies_in_hz": frequencies_hz}
    process = hvsrpy.settings.HvsrTraditionalProcessingSettings(
        window_type_and_width=["tukey", 0.1], smoothing=smoothing
    )
    series = (hvsrpy.TimeSeries(part, 1 / RATE) for part in recording.components())
    result = hvsrpy.process(hvsrpy.preprocess([hvsrpy.SeismicRecording3C(*series)], before), process)
    return result.mean_curve("lognormal"), result.std_curve("lognormal")


def cpu_seconds(functions, repeats):
    """Smallest CPU time of each function, run by turns."""
    best = [np.inf] * len(functions)
    for turn in range(repeats + 1):
        for place, function in enumerate(functions):
            start = time.process_time()
            function()
            if turn:
                best[place] = min(best[place], time.process_time() - start)
    return best


def compare(recording, count, repeats):
    """Print one line for each length of the transform."""
    frequencies_hz = np.geomspace(0.2, 50, count)
    expected = hvsrpy_curve(recording, frequencies_hz)[0]
    for padded in (12_000, 24_000, 32_768):
        start = time.process_time()
        mean = gmtools_curve(recording, frequencies_hz, padded)[0]
        first = time.process_time() - start
        theirs, ours = cpu_seconds(
            [
                lambda: hvsrpy_curve(recording, frequencies_hz),
                lambda padded=padded: gmtools_curve(recording, frequencies_hz, padded),
            ],
            repeats,
        )
        print(
            f"{count:5} frequencies, {padded:6} samples: hvsrpy {theirs:.3f} s, gmtools {ours:.3f} s (with the matrix "
            f"{first:.3f}): {theirs / ours:4.1f} times faster, "
            f"curves within {100 * np.abs(mean / expected - 1).max():.3f} %"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frequencies", type=int, nargs="+", default=[256, 1024])
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    samples = np.random.default_rng(0).normal(size=(3, int(3600 * RATE)))
    noise = hvsr.Recording(*samples, RATE)
    for count in options.frequencies:
        compare(noise, count, options.repeats)
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")
