import numpy as np
import pytest

from gmtools import columns
from gmtools.models import cnn_lstm, keras
from gmtools.models.record_batches import Batches, Target, raw_vs30
from gmtools.simulate.accelerograms import SimulatedRecords
from gmtools.site.record_store import Stream


@pytest.fixture(scope="module")
def records():
    return SimulatedRecords(seed=1, n_records=10, n_stations=12, n_events=12, sampling_rate_hz=50.0)


def stream(records, **settings):
    return Stream(records, range(10), batch_size=4, length_s=10.0, anchor="start", **settings)


def test_batches_hold_windows_and_targets_of_the_same_records(records):
    batches = Batches(stream(records), raw_vs30)
    inputs, targets = batches[2]
    assert len(batches) == 3 and inputs.shape == (2, 500, 4)
    np.testing.assert_allclose(targets[:, 0], records.frame[columns.VS30].iloc[8:10], rtol=1e-6)
    np.testing.assert_array_equal(inputs[1, :, :3], records.waveforms([9])[0, :500])


def test_three_channels_leave_out_the_mask(records):
    with_mask, without = (Batches(stream(records), raw_vs30, channels=channels)[0][0] for channels in (4, 3))
    assert without.shape == (4, 500, 3)
    np.testing.assert_array_equal(with_mask[..., :3], without)


def test_target_is_standardized_and_comes_back(records):
    for column in (columns.VS30, columns.REPI):
        target = Target.of(records.frame, column)
        values = target(records.frame)
        assert values.mean() == pytest.approx(0, abs=1e-6) and values.std() == pytest.approx(1, abs=1e-6)
        np.testing.assert_allclose(target.back(values), records.frame[column], rtol=1e-5)


def test_every_epoch_has_another_order_unless_there_is_no_seed(records):
    def order(batches):
        return np.concatenate([batches[k][1][:, 0] for k in range(len(batches))]).tolist()

    shuffled, kept = Batches(stream(records, seed=3), raw_vs30), Batches(stream(records), raw_vs30)
    first, as_listed = order(shuffled), order(kept)
    for batches in (shuffled, kept):
        batches.on_epoch_end()
    assert order(shuffled) != first and sorted(order(shuffled)) == sorted(first)
    assert order(kept) == as_listed


def test_a_network_fits_on_them(records):
    model = cnn_lstm.repaired(500, filters=(4,), hidden=4)
    model.compile("adam", "huber")
    assert isinstance(Batches(stream(records), raw_vs30), keras.utils.PyDataset)
    history = model.fit(Batches(stream(records, seed=0), Target.of(records.frame)), epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all() and len(history["loss"]) == 2
