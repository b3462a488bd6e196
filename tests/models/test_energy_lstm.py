import numpy as np
import pytest

from gmtools.errors import GmtoolsError, GridError
from gmtools.models import cnn_lstm, energy_lstm, keras


def tone(frequency_hz, rate, seconds=30.0):
    """A window (1, n, 4): a tone on the north component, a thousandth of it on the vertical one."""
    values = np.zeros((1, round(seconds * rate), 4), np.float32)
    values[0, :, 0] = np.sin(2 * np.pi * frequency_hz * np.arange(values.shape[1]) / rate)
    values[..., 2] = 1e-3 * values[..., 0]
    return values


@pytest.mark.parametrize("band", [0, 8, 16, 23])
def test_a_tone_is_loudest_in_its_band(band):
    seen = np.asarray(energy_lstm.front(1500, 50.0)(tone(energy_lstm.BANDS_HZ[band], 50.0)))[0]
    bands = len(energy_lstm.BANDS_HZ)
    assert abs(seen[3:-3, :bands].mean(0).argmax() - band) <= 1
    ratio = seen[5, band] - seen[5, bands + band]
    assert ratio == pytest.approx(2 * np.log(1e3), abs=0.1)


def test_where_north_is_does_not_matter_to_the_frames():
    record = np.random.default_rng(0).normal(size=(2, 1500, 4)).astype("float32")
    record[..., 2] *= 4  # holds the largest sample, so that turning does not change the scale
    turned, angle = record.copy(), 0.7
    turned[..., 0] = np.cos(angle) * record[..., 0] - np.sin(angle) * record[..., 1]
    turned[..., 1] = np.sin(angle) * record[..., 0] + np.cos(angle) * record[..., 1]
    front = energy_lstm.front(1500, 50.0)
    np.testing.assert_allclose(front(turned), front(record), atol=2e-3)


def test_size_of_the_record_does_not_matter_to_the_frames():
    record = np.random.default_rng(1).normal(size=(1, 1500, 4)).astype("float32")
    larger = record * np.array([300, 300, 300, 1], "float32")
    front = energy_lstm.front(1500, 50.0)
    np.testing.assert_allclose(front(larger), front(record), atol=1e-3)


def test_sampling_rate_shifts_all_frames_by_one_constant():
    coarse, fine = (
        np.asarray(energy_lstm.front(round(30 * rate), rate)(tone(2.0, rate)))[0, 3:-3, :12] for rate in (50.0, 100.0)
    )
    shift = (fine - coarse)[:, 8:12]
    assert shift.mean() == pytest.approx(np.log(2), abs=0.1) and shift.std() < 0.05


def test_the_last_channel_is_the_share_between_p_and_s():
    record = tone(2.0, 50.0)
    record[0, 128:192, 3] = 1  # the second half of the second frame of 128 samples begins at 192
    seen = np.asarray(energy_lstm.front(1500, 50.0)(record))[0, :, -1]
    np.testing.assert_allclose(seen[:3], [0, 0.5, 0], atol=1e-6)


def test_nothing_of_the_front_is_trained():
    assert energy_lstm.front(1500, 50.0).count_params() == 0


def test_a_window_shorter_than_a_filter():
    with pytest.raises(GridError, match=r"100 samples at 50 Hz are shorter than the filters of 2.56 s"):
        energy_lstm.front(100, 50.0)


@pytest.mark.parametrize(("kind", "convolution", "lstm"), [("cnn_lstm", 1, 1), ("cnn", 1, 0), ("lstm", 0, 1)])
def test_kinds_differ_in_what_they_leave_out(kind, convolution, lstm):
    names = [layer.name for layer in energy_lstm.trunk(5, kind=kind).layers]
    assert (names.count("convolution"), names.count("lstm")) == (convolution, lstm)


def test_unknown_kind():
    with pytest.raises(GmtoolsError, match="Choose among cnn_lstm, cnn, lstm"):
        energy_lstm.trunk(5, kind="gru")


def test_the_trunk_learns_a_ratio_that_the_frames_hold():
    random = np.random.default_rng(2)
    frames = random.normal(size=(256, 6, 2 * len(energy_lstm.BANDS_HZ) + 1)).astype("float32")
    wanted = random.normal(size=(256, 1)).astype("float32")
    frames[:, :, 3] += 2 * wanted
    keras.utils.set_random_seed(0)
    model = energy_lstm.trunk(6)
    model.compile(keras.optimizers.Adam(3e-3), "mse", jit_compile=False)
    loss = model.fit(frames, wanted, batch_size=32, epochs=25, verbose=0).history["loss"]
    assert loss[-1] < 0.1 < loss[0]
    assert cnn_lstm.weights_of(model)["outputs/kernel"].shape == (32, 1)
