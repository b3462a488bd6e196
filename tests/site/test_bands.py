import numpy as np
import pytest

from gmtools.data.accelerograms import Accelerogram
from gmtools.errors import RecordingUnusable
from gmtools.site import bands


def wave(frequency_hz, rate=50.0, seconds=70.0, **known):
    t = np.arange(round(seconds * rate)) / rate
    motion = np.sin(2 * np.pi * frequency_hz * t)
    return Accelerogram(np.column_stack([motion, 0 * t, 0.1 * motion]), rate, "R", "E", "S", **known)


@pytest.mark.parametrize("frequency_hz", [0.8, 2.0, 9.0])
def test_energy_of_a_sine_lies_in_its_band(frequency_hz):
    frames = bands.frames(wave(frequency_hz))
    nearest = np.abs(np.log(bands.BANDS_HZ / frequency_hz)).argmin()
    assert frames.shape == (23, 49)
    assert (np.abs(frames[2:-2, :24].argmax(1) - nearest) <= 1).all()
    # a tenth of the amplitude is a hundredth of the energy
    assert frames[10, nearest] - frames[10, 24 + nearest] == pytest.approx(np.log(100), abs=0.01)


def test_amplitude_and_sampling_rate_do_not_count():
    one, other = wave(2.0), wave(2.0, rate=100.0)
    louder = Accelerogram(1e3 * one.acceleration, 50.0, "R", "E", "S")
    assert np.allclose(bands.frames(one), bands.frames(louder), atol=1e-4)
    nearest = np.abs(bands.BANDS_HZ - 2.0).argmin()
    assert np.allclose(bands.frames(one)[3:-3, nearest], bands.frames(other)[3:-3, nearest], atol=0.05)


def test_mask_is_the_share_of_a_frame_between_p_and_s():
    frames = bands.frames(wave(2.0, p_time_s=12.0, s_time_s=20.0))  # the window begins at 2 s
    assert frames[:, 48].sum() * bands.FRAME_S == pytest.approx(8.0, abs=1e-4)
    assert frames[4, 48] == pytest.approx(1.0) and frames[8, 48] == 0


def test_window_begins_before_p_or_around_the_peak():
    record = wave(2.0, seconds=100.0, p_time_s=30.0, s_time_s=40.0)
    assert bands.start_of(record) == 1000
    record.acceleration[2600, 1] = 4
    assert bands.start_of(record, anchor="pga") == 2600 - 1500
    record.acceleration[4000, 1] = 5
    assert bands.start_of(record, anchor="pga") == 2000  # 60 s that end with the record


def test_record_shorter_than_the_window_is_refused():
    with pytest.raises(RecordingUnusable, match=r"50 s long, 60 s are needed"):
        bands.frames(wave(2.0, seconds=50.0))
